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

// The names of the services in faults and in the log.
const (
	serviceLogin   = "login"
	serviceGraph   = "graph"
	servicePowerBI = "powerbi"
	serviceFabric  = "fabric"
	serviceFiles   = "files"
	servicePortal  = "portal"
)

// A service is one of Microsoft's hosts.
type service struct {
	name     string
	endpoint func(*Endpoints) *string
	routes   []*route
	// errorBody returns the body of an error in the service's format.
	errorBody func(c *call, p *problem) any
	// checkToken checks the token of a call; nil means that the service needs
	// none.
	checkToken func(c *call) *problem
	// catchAll, if not nil, handles every request instead of routes.
	catchAll *route
}

// allServices lists the hosts of the tenant.
func (s *Simulator) allServices() []*service {
	return []*service{
		{name: serviceLogin, endpoint: func(e *Endpoints) *string { return &e.Login }, routes: s.loginRoutes(), errorBody: loginError},
		{name: serviceGraph, endpoint: func(e *Endpoints) *string { return &e.Graph }, routes: s.graphRoutes(), errorBody: graphError, checkToken: s.checkGraphToken},
		{name: servicePowerBI, endpoint: func(e *Endpoints) *string { return &e.PowerBI }, routes: s.powerBIRoutes(), errorBody: powerBIError, checkToken: s.checkPowerBIToken},
		{name: serviceFabric, endpoint: func(e *Endpoints) *string { return &e.Fabric }, routes: s.fabricRoutes(), errorBody: fabricError, checkToken: s.checkFabricToken},
		{name: serviceFiles, endpoint: func(e *Endpoints) *string { return &e.Files }, routes: s.filesRoutes(), errorBody: graphError},
		{name: servicePortal, endpoint: func(e *Endpoints) *string { return &e.Portal }, errorBody: graphError, catchAll: &route{maxBody: gallery.MaxBody, handle: s.servePortal}},
	}
}

// A route is one operation of a service.
type route struct {
	method, pattern string
	query           []string // the query parameters it accepts
	maxBody         int64    // bytes; zero means the default maxBody, a negative number no body
	cost            cost
	// hidesPath keeps the path out of the log if it contains a secret.
	hidesPath bool
	handle    func(*call) (*answer, *problem)

	match *regexp.Regexp
}

// A call is one request in progress.
type call struct {
	*http.Request
	simulator    *Simulator
	service      *service
	route        *route
	vars         map[string]string
	query        url.Values
	body         []byte
	token        *token
	now          time.Time
	requestID    string // of the request
	limitHeaders http.Header
	answerFault  *Fault // the fault that changes this call's answer, if any
}

// An answer is the answer of a service.
type answer struct {
	status    int
	header    http.Header
	value     any    // sent as JSON
	body      []byte // sent as it is, if value is nil
	mediaType string // of the body
}

// A problem is an answer with an error status.
type problem struct {
	status        int
	code, message string
	header        http.Header
	// unexpectedReason says why no client of ours should send this.
	unexpectedReason string
	extra            map[string]any // members of this error only
}

func (p *problem) withHeader(key, value string) *problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(key, value)
	return p
}

func newProblem(status int, code, message string) *problem {
	return &problem{status: status, code: code, message: message}
}

// unexpectedProblem is for a request that is wrong whatever the tenant's state.
func unexpectedProblem(status int, code, message string) *problem {
	return &problem{status: status, code: code, message: message, unexpectedReason: message}
}

func okAnswer(value any) (*answer, *problem) {
	return &answer{status: http.StatusOK, value: value}, nil
}

var variablePattern = regexp.MustCompile(`\{([a-z]+)(\.\.\.)?\}`)

// compilePattern turns a pattern such as /drives/{drive}/root:/{path...}: into
// a regular expression. A variable matches one segment without a colon; with
// dots it matches several segments.
func compilePattern(pattern string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("^")
	last := 0
	for _, m := range variablePattern.FindAllStringSubmatchIndex(pattern, -1) {
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

// findRoute finds the route of a request. The result others says that the path
// exists with another method.
func (v *service) findRoute(method, path string) (r *route, vars map[string]string, others bool) {
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

func (s *Simulator) newHandler(v *service) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{Request: r, simulator: s, service: v, now: s.currentTime(), vars: map[string]string{}, limitHeaders: http.Header{}}
		s.serveCall(w, c)
	})
}

// serveCall answers one request: it reads the whole request, applies the
// faults, carries the request out, logs it, and sends the answer.
func (s *Simulator) serveCall(w http.ResponseWriter, c *call) {
	entry := Call{At: c.now, Service: c.service.name, Method: c.Method, Query: queryNames(c.URL)}
	var p *problem
	c.route, c.vars, p = c.service.resolveRoute(c)
	if p == nil {
		p = c.readRequestBody()
	}
	entry.Path = c.redactedPath()
	a, fault := s.answerCall(c, p, entry)
	s.sendAnswer(w, c, a, fault)
}

// answerCall carries out a request that was read, and logs it.
func (s *Simulator) answerCall(c *call, p *problem, entry Call) (*answer, *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.requestID = s.newRequestID()
	fault := s.nextFault(c)
	var a *answer
	if fault == nil || !fault.preventsCall() {
		a, p = s.carryOut(c, fault, p)
	}
	if fault != nil {
		a, p = fault.replaceAnswer(c, a, p)
		entry.Fault = string(fault.Kind)
	}
	if a == nil {
		a = c.failureAnswer(p)
		entry.Unexpected = p.unexpectedReason
	}
	a.encodeValue(c)
	entry.setOutcome(c, a)
	s.logCall(entry)
	return a, fault
}

// carryOut carries out a request that was read. The caller holds s.mu.
func (s *Simulator) carryOut(c *call, fault *Fault, p *problem) (*answer, *problem) {
	if p != nil {
		return nil, p
	}
	if fault != nil && fault.changesAnswer() {
		c.answerFault = fault
	}
	if c.service.checkToken != nil {
		if p := c.service.checkToken(c); p != nil {
			return nil, p
		}
	}
	if p := s.spendQuota(c); p != nil {
		return nil, p
	}
	return c.route.handle(c)
}

func (v *service) resolveRoute(c *call) (*route, map[string]string, *problem) {
	if v.catchAll != nil {
		return v.catchAll, nil, nil
	}
	r, vars, others := v.findRoute(c.Method, c.URL.Path)
	switch {
	case r == nil && others:
		return nil, vars, unexpectedProblem(http.StatusMethodNotAllowed, "BadRequest", "The HTTP method "+c.Method+" is not supported for this path.")
	case r == nil:
		return nil, vars, unexpectedProblem(http.StatusNotFound, "BadRequest", "Resource not found for the path "+quoteShort(c.URL.Path)+".")
	}
	query, err := url.ParseQuery(c.URL.RawQuery)
	if err != nil {
		return r, vars, unexpectedProblem(http.StatusBadRequest, "BadRequest", "The query cannot be read.")
	}
	for k, v := range query {
		if !slices.Contains(r.query, k) {
			return r, vars, unexpectedProblem(http.StatusBadRequest, "BadRequest", "The query parameter "+quoteShort(k)+" is not known here.")
		}
		if len(v) != 1 {
			return r, vars, unexpectedProblem(http.StatusBadRequest, "BadRequest", "The query parameter "+quoteShort(k)+" is there twice.")
		}
	}
	c.query = query
	return r, vars, nil
}

// readRequestBody reads the whole body. A body that was cut off did not arrive.
func (c *call) readRequestBody() *problem {
	limit := c.route.maxBody
	switch {
	case limit == 0:
		limit = maxBody
	case limit < 0:
		limit = 0
	}
	b, err := io.ReadAll(io.LimitReader(c.Body, limit+1))
	switch {
	case err != nil:
		return newProblem(http.StatusBadRequest, "invalidRequest", "The request's body did not arrive whole.")
	case int64(len(b)) > limit && limit == 0:
		return unexpectedProblem(http.StatusBadRequest, "invalidRequest", "This request has no body.")
	case int64(len(b)) > limit:
		return newProblem(http.StatusRequestEntityTooLarge, "requestEntityTooLarge", "The request's body is larger than "+strconv.FormatInt(limit, 10)+" bytes.")
	}
	c.body = b
	return nil
}

// decodeBody decodes a JSON body strictly: exact names, each once, and only
// members of the target.
func (c *call) decodeBody(into any) *problem {
	kind, _, _ := strings.Cut(c.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		return unexpectedProblem(http.StatusUnsupportedMediaType, "BadRequest", "The body's Content-Type must be application/json.")
	}
	if err := json.Unmarshal(c.body, into, json.RejectUnknownMembers(true), jsontext.AllowDuplicateNames(false)); err != nil {
		reason := "The body cannot be read."
		if e := (*json.SemanticError)(nil); errors.As(err, &e) {
			reason = "The body cannot be read at " + quoteShort(string(e.JSONPointer)) + "."
		}
		return unexpectedProblem(http.StatusBadRequest, "invalidRequest", reason)
	}
	return nil
}

// failureAnswer formats a problem as the call's service does.
func (c *call) failureAnswer(p *problem) *answer {
	return &answer{status: p.status, header: p.header, value: c.service.errorBody(c, p)}
}

// encodeValue encodes the answer's value.
func (a *answer) encodeValue(c *call) {
	if a.value == nil {
		return
	}
	b, err := json.Marshal(a.value, json.Deterministic(true))
	if err != nil {
		panic("the simulator cannot write its own answer: " + err.Error())
	}
	a.body, a.mediaType = b, "application/json; charset=utf-8"
	if c.service.name == serviceGraph {
		a.mediaType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
	}
}

// sendAnswer sends an answer, changed by the fault.
func (s *Simulator) sendAnswer(w http.ResponseWriter, c *call, a *answer, fault *Fault) {
	body, kind := a.body, a.mediaType
	h := w.Header()
	c.setHeaders(h)
	maps.Copy(h, c.limitHeaders)
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

// setHeaders sets the headers that every answer has.
func (c *call) setHeaders(h http.Header) {
	h.Set("Date", c.now.Format(http.TimeFormat))
	h.Set("Cache-Control", "no-store")
	switch c.service.name {
	case serviceGraph:
		h.Set("request-id", c.requestID)
		h.Set("client-request-id", c.requestID)
		if id := c.Header.Get("client-request-id"); id != "" && len(id) <= 100 {
			h.Set("client-request-id", id)
		}
	case serviceFabric, servicePowerBI:
		h.Set("RequestId", c.requestID)
	case serviceLogin:
		h.Set("x-ms-request-id", c.requestID)
		if id := c.Header.Get("client-request-id"); id != "" && len(id) <= 100 && c.Header.Get("return-client-request-id") != "" {
			h.Set("client-request-id", id)
		}
	case serviceFiles:
		h.Set("SPRequestGuid", c.requestID)
	}
}

// quoteShort shortens foreign text for a message.
func quoteShort(s string) string {
	const most = 80
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strconv.Quote(s)
}
