package operation

import (
	"context"
	"log/slog"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/localapi"
)

// A Server carries out operations for callers of the agent's socket, each in an
// engine of its own, while the agent works.
type Server struct {
	engine.Ports
	// ReadSettings reads the settings by which the agent works.
	ReadSettings func() (config.Settings, error)
	Log          *slog.Logger
}

// Answer carries out what a caller asks for, as that caller.
func (s Server) Answer(ctx context.Context, by localapi.Caller, q localapi.Request) localapi.Reply {
	op, known := find(q.Operation)
	if !known || op.describe().Audience != Members {
		return localapi.Reply{Refused: localapi.Refuse("not_served", "let both be of one version of orgstore, or run it as the account that the data belong to",
			"the agent does not do this for callers: %q", q.Operation)}
	}
	actor, err := s.ActorOf(by.UID)
	if err != nil {
		return localapi.Reply{Refused: localapi.Refuse("who", "see what is amiss with the accounts of this machine", "%v", err)}
	}
	a := s.carryOut(ctx, op, actor, q)
	s.Log.Info("served", "operation", q.Operation, "by", actor.String(), "uid", actor.ID, "process", by.PID, "outcome", a.word())
	text, err := json.Marshal(a, jsontext.AllowInvalidUTF8(true))
	if err != nil { // the result was marshaled before
		return localapi.Reply{Refused: localapi.Refuse("answer", "see the agent's log", "the answer cannot be sent")}
	}
	return localapi.Reply{Answer: text}
}

// carryOut carries out an operation for an actor who goes by the agent's settings.
func (s Server) carryOut(ctx context.Context, op entry, actor journal.Actor, q localapi.Request) Answer {
	settings, err := s.ReadSettings()
	if err != nil {
		return failed(err)
	}
	if q.Settings != settings.Digest() {
		return failed(fault.New("socket.settings", "name that file with --config; if it was changed a moment ago, try again",
			"these are not the settings by which the agent works, %s", settings.File))
	}
	i := Installation{Ports: s.Ports, Settings: settings, Reread: s.ReadSettings}
	i.Actor = func() (journal.Actor, error) { return actor, nil }
	i.Progress, i.Announce = nil, nil // the caller hears of it when it has the answer
	return op.carryOut(ctx, i, q.Request)
}

// word is how the log names what came of an operation: the code of its fault, asked if
// it asks the caller something first and has changed nothing, else done.
func (a Answer) word() string {
	switch {
	case a.Fault != nil:
		return a.Fault.Code
	case a.asks():
		return "asked"
	}
	return "done"
}

// asks says whether the result has a question that a person must answer first.
func (a Answer) asks() bool {
	var r struct {
		Question jsontext.Value `json:"question"`
	}
	err := json.Unmarshal(a.Result, &r) // of what is no object nothing is asked
	return err == nil && len(r.Question) > 0 && r.Question.Kind() != 'n'
}
