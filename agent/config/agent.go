package config

import (
	"net"
	"strconv"
	"time"
)

// The forms of the agent's log.
const (
	LogText = "text"
	LogJSON = "json"
)

// defaultEvery is how long the agent sleeps where the file says nothing: a
// package is taken in within minutes, and what is asked of Microsoft stays far
// below its quotas.
const defaultEvery = 5 * time.Minute

// An Agent says how the program works by itself.
type Agent struct {
	Every  time.Duration // between two looks
	Listen string        // address of metrics and health checks; empty: none
	Log    string        // LogText or LogJSON
	// Heartbeat is where it tells that it is alive; zero: nowhere.
	Heartbeat Secret
	// Socket is where people are served, each under an account of their own; empty:
	// nowhere.
	Socket string
}

// A Secret says where a secret is, and never what it is. The zero Secret is none.
type Secret struct {
	File string // at most one of the two
	Env  string
}

// Named says whether it says where.
func (s Secret) Named() bool { return s != Secret{} }

// String says where it is.
func (s Secret) String() string {
	if s.File != "" {
		return s.File
	}
	return "$" + s.Env
}

func (r *reader) agent(f agentSection) Agent {
	a := Agent{
		Every:     r.period(text(f.Every), defaultEvery),
		Listen:    r.listen(text(f.Listen)),
		Log:       r.oneOf(text(f.Log), LogText, LogJSON),
		Heartbeat: r.secretAt(text(f.Heartbeat.URLFile), text(f.Heartbeat.URLEnv), "the heartbeat's address"),
		Socket:    r.path(text(f.Socket)),
	}
	if a.Log == "" {
		a.Log = LogText
	}
	if t := text(f.Every); t.given() && a.Every > 24*time.Hour {
		r.addAt(t.node, "the agent must look at least once a day", "licenses end, and windows open: 5m is usual")
	}
	return a
}

// listen reads the address that metrics are served at: a host and a port.
func (r *reader) listen(t text) string {
	if !t.given() {
		return ""
	}
	_, port, err := net.SplitHostPort(t.value)
	n, bad := strconv.Atoi(port)
	if err != nil || bad != nil || n < 0 || n > 65535 {
		r.addAt(t.node, quote(t.value)+" is not an address to listen at", "write a host and a port: 127.0.0.1:9464; :9464 lets other machines in")
	}
	return t.value
}
