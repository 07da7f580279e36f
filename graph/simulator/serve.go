package simulator

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/graph/simulator/gallery"
)

// The services by the names that faults and the log use.
const (
	serviceLogin   = "login"
	serviceGraph   = "graph"
	servicePowerBI = "powerbi"
	serviceFabric  = "fabric"
	serviceFiles   = "files"
	servicePortal  = "portal"
)

// A service is one host of Microsoft's.
type service struct {
	name     string
	endpoint func(*Endpoints) *string
	routes   []*route
	// shape writes an error as the service does.
	shape func(c *call, p *problem) any
	// signedIn finds the token's owner, or says why there is none; nil asks for
	// no token.
	signedIn func(c *call) *problem
	// whole, if not nil, takes every request instead of routes.
	whole *route
}

// allServices is the tenant as a list of hosts.
func (s *Simulator) allServices() []*service {
	return []*service{
		{name: serviceLogin, endpoint: func(e *Endpoints) *string { return &e.Login }, routes: s.loginRoutes(), shape: loginShape},
		{name: serviceGraph, endpoint: func(e *Endpoints) *string { return &e.Graph }, routes: s.graphRoutes(), shape: graphShape, signedIn: s.graphToken},
		{name: servicePowerBI, endpoint: func(e *Endpoints) *string { return &e.PowerBI }, routes: s.powerBIRoutes(), shape: powerBIShape, signedIn: s.powerBIToken},
		{name: serviceFabric, endpoint: func(e *Endpoints) *string { return &e.Fabric }, routes: s.fabricRoutes(), shape: fabricShape, signedIn: s.fabricToken},
		{name: serviceFiles, endpoint: func(e *Endpoints) *string { return &e.Files }, routes: s.filesRoutes(), shape: graphShape},
		{name: servicePortal, endpoint: func(e *Endpoints) *string { return &e.Portal }, shape: graphShape, whole: &route{max: gallery.MaxBody, do: s.portal}},
	}
}

// A route is one operation of a service.
type route struct {
	method, pattern string
	query           []string // the query parameters it knows
	max             int64    // bytes of a body; zero is maxBody, below zero none at all
	cost            cost
	// hide keeps the path out of the log, where it carries a secret.
	hide bool
	do   func(*call) (*answer, *problem)

	match *regexp.Regexp
}

// A call is one request on its way.
type call struct {
	*http.Request
	s       *Simulator
	service *service
	route   *route
	vars    map[string]string
	query   url.Values
	body    []byte
	token   *token
	now     time.Time
	id      string // of the request
	limited http.Header
	fault   *Fault // what strikes this call, if it is a lie about the state
}

// An answer is what a service says.
type answer struct {
	status int
	header http.Header
	value  any    // written as JSON
	raw    []byte // written as it is, where value is nil
	kind   string // the raw bytes' media type
}

// A problem is an answer that says no.
type problem struct {
	status        int
	code, message string
	header        http.Header
	// unexpected says why no client of ours should have asked this.
	unexpected string
	extra      map[string]any // members that only this error has
}

func (p *problem) with(key, value string) *problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(key, value)
	return p
}

func say(status int, code, message string) *problem {
	return &problem{status: status, code: code, message: message}
}

// unexpected is a request that is wrong in itself, whatever the tenant's state.
func unexpected(status int, code, message string) *problem {
	return &problem{status: status, code: code, message: message, unexpected: message}
}

func ok(value any) (*answer, *problem) { return &answer{status: http.StatusOK, value: value}, nil }

var variable = regexp.MustCompile(`\{([a-z]+)(\.\.\.)?\}`)

// compile turns /drives/{drive}/root:/{path...}: into an expression. A variable
// takes one segment without a colon; one with dots takes several segments.
func compile(pattern string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("^")
	last := 0
	for _, m := range variable.FindAllStringSubmatchIndex(pattern, -1) {
		b.WriteString(regexp.QuoteMeta(pattern[last:m[0]]))
		kind := `[^/:]+`
		if m[4] >= 0 {
			kind = `[^:]+`
		}
		b.WriteString("(?P<" + pattern[m[2]:m[3]] + ">" + kind + ")")
		last = m[1]
	}
	b.WriteString(regexp.QuoteMeta(pattern[last:]) + "$")
	return regexp.MustCompile(b.String())
}

// find looks for the route of a request; others says that the path exists with
// another method.
func (v *service) find(method, path string) (r *route, vars map[string]string, others bool) {
	for _, r := range v.routes {
		m := r.match.FindStringSubmatch(path)
		if m == nil {
			continue
		}
		if r.method != method {
			others = true
			continue
		}
		vars := map[string]string{}
		for i, n := range r.match.SubexpNames() {
			if n != "" {
				vars[n] = m[i]
			}
		}
		return r, vars, false
	}
	return nil, nil, others
}

func (s *Simulator) handler(v *service) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{Request: r, s: s, service: v, now: s.now(), vars: map[string]string{}, limited: http.Header{}}
		s.serve(w, c)
	})
}

// serve answers one request: it reads it whole, asks the faults, does it,
// writes it to the log, and sends it as the fault has it.
func (s *Simulator) serve(w http.ResponseWriter, c *call) {
	entry := Call{At: c.now, Service: c.service.name, Method: c.Method, Query: keysOf(c.URL)}
	var p *problem
	c.route, c.vars, p = c.service.resolve(c)
	if p == nil {
		p = c.read()
	}
	entry.Path = c.shownPath()
	a, fault := s.decide(c, p, entry)
	s.send(w, c, a, fault)
}

// decide does a request that was read, and logs it.
func (s *Simulator) decide(c *call, p *problem, entry Call) (*answer, *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.id = s.requestID()
	fault := s.strike(c)
	var a *answer
	if fault == nil || !fault.before() {
		a, p = s.do(c, fault, p)
	}
	if fault != nil {
		a, p = fault.replace(c, a, p)
		entry.Fault = string(fault.Kind)
	}
	if a == nil {
		a = c.failure(p)
		entry.Unexpected = p.unexpected
	}
	a.encode(c)
	entry.fill(c, a)
	s.record(entry)
	return a, fault
}

// do carries out a request that was read; s.mu is held.
func (s *Simulator) do(c *call, fault *Fault, p *problem) (*answer, *problem) {
	if p != nil {
		return nil, p
	}
	if fault != nil && fault.lies() {
		c.fault = fault
	}
	if c.service.signedIn != nil {
		if p := c.service.signedIn(c); p != nil {
			return nil, p
		}
	}
	if p := s.spend(c); p != nil {
		return nil, p
	}
	return c.route.do(c)
}

func (v *service) resolve(c *call) (*route, map[string]string, *problem) {
	if v.whole != nil {
		return v.whole, nil, nil
	}
	r, vars, others := v.find(c.Method, c.URL.Path)
	switch {
	case r == nil && others:
		return nil, vars, unexpected(http.StatusMethodNotAllowed, "BadRequest", "The HTTP method "+c.Method+" is not supported for this path.")
	case r == nil:
		return nil, vars, unexpected(http.StatusNotFound, "BadRequest", "Resource not found for the path "+short(c.URL.Path)+".")
	}
	query, err := url.ParseQuery(c.URL.RawQuery)
	if err != nil {
		return r, vars, unexpected(http.StatusBadRequest, "BadRequest", "The query cannot be read.")
	}
	for k, v := range query {
		if !slices.Contains(r.query, k) {
			return r, vars, unexpected(http.StatusBadRequest, "BadRequest", "The query parameter "+short(k)+" is not known here.")
		}
		if len(v) != 1 {
			return r, vars, unexpected(http.StatusBadRequest, "BadRequest", "The query parameter "+short(k)+" is there twice.")
		}
	}
	c.query = query
	return r, vars, nil
}

// read takes the body in, all or nothing: what was cut off did not arrive.
func (c *call) read() *problem {
	limit := c.route.max
	switch {
	case limit == 0:
		limit = maxBody
	case limit < 0:
		limit = 0
	}
	b, err := io.ReadAll(io.LimitReader(c.Body, limit+1))
	switch {
	case err != nil:
		return say(http.StatusBadRequest, "invalidRequest", "The request's body did not arrive whole.")
	case int64(len(b)) > limit && limit == 0:
		return unexpected(http.StatusBadRequest, "invalidRequest", "This request has no body.")
	case int64(len(b)) > limit:
		return say(http.StatusRequestEntityTooLarge, "requestEntityTooLarge", "The request's body is larger than "+strconv.FormatInt(limit, 10)+" bytes.")
	}
	c.body = b
	return nil
}

// decode reads a JSON body strictly: members in their own spelling, once, and
// none that the target does not name.
func (c *call) decode(into any) *problem {
	kind, _, _ := strings.Cut(c.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		return unexpected(http.StatusUnsupportedMediaType, "BadRequest", "The body's Content-Type must be application/json.")
	}
	if err := json.Unmarshal(c.body, into, json.RejectUnknownMembers(true), jsontext.AllowDuplicateNames(false)); err != nil {
		reason := "The body cannot be read."
		if e := (*json.SemanticError)(nil); errors.As(err, &e) {
			reason = "The body cannot be read at " + short(string(e.JSONPointer)) + "."
		}
		return unexpected(http.StatusBadRequest, "invalidRequest", reason)
	}
	return nil
}

// failure shapes a problem as the call's service does.
func (c *call) failure(p *problem) *answer {
	return &answer{status: p.status, header: p.header, value: c.service.shape(c, p)}
}

// encode writes the answer's value.
func (a *answer) encode(c *call) {
	if a.value == nil {
		return
	}
	b, err := json.Marshal(a.value, json.Deterministic(true))
	if err != nil {
		panic("the simulator cannot write its own answer: " + err.Error())
	}
	a.raw, a.kind = b, "application/json; charset=utf-8"
	if c.service.name == serviceGraph {
		a.kind = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
	}
}

// send writes an answer as the fault has it.
func (s *Simulator) send(w http.ResponseWriter, c *call, a *answer, fault *Fault) {
	body, kind := a.raw, a.kind
	h := w.Header()
	c.headers(h)
	maps.Copy(h, c.limited)
	maps.Copy(h, a.header)
	if kind != "" {
		h.Set("Content-Type", kind)
	}
	if fault != nil {
		s.sendFaulty(w, c, a.status, body, fault)
		return
	}
	if len(body) > 0 || a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(a.status)
	if c.Method != http.MethodHead {
		io.Copy(w, bytes.NewReader(body)) //nolint:errcheck // a client may go away
	}
}

// headers are on every answer.
func (c *call) headers(h http.Header) {
	h.Set("Date", c.now.Format(http.TimeFormat))
	h.Set("Cache-Control", "no-store")
	switch c.service.name {
	case serviceGraph:
		h.Set("request-id", c.id)
		h.Set("client-request-id", c.id)
		if id := c.Header.Get("client-request-id"); id != "" && len(id) <= 100 {
			h.Set("client-request-id", id)
		}
	case serviceFabric, servicePowerBI:
		h.Set("RequestId", c.id)
	case serviceLogin:
		h.Set("x-ms-request-id", c.id)
		if id := c.Header.Get("client-request-id"); id != "" && len(id) <= 100 && c.Header.Get("return-client-request-id") != "" {
			h.Set("client-request-id", id)
		}
	case serviceFiles:
		h.Set("SPRequestGuid", c.id)
	}
}

// short keeps what a stranger sent from filling a message.
func short(s string) string {
	const most = 80
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strconv.Quote(s)
}
