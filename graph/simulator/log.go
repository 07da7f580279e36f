package simulator

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A Call is an entry of the log. It holds no token, secret, body, header, or
// query value.
type Call struct {
	Number  int // from 1
	At      time.Time
	Service string // login, graph, powerbi, fabric, files, or portal
	Method  string
	Path    string   // with secret parts replaced by ***
	Route   string   // the pattern that matches the path; empty if none does
	Query   []string // the names of the query parameters, sorted
	App     string   // client id of the app whose token was sent, if any
	Status  int      // as answered, or as it would have been without the fault
	Fault   string   // the kind of the fault that applied
	// Unexpected says why no client should send this, whatever the state. It is
	// empty for a valid call.
	Unexpected     string
	Received, Sent int // bytes of the bodies
	RequestID      string
}

// String returns one line for people.
func (c Call) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s %d", c.Service, c.Method, c.Path, c.Status)
	if len(c.Query) > 0 {
		fmt.Fprintf(&b, " ?%s", strings.Join(c.Query, "&"))
	}
	if c.Fault != "" {
		fmt.Fprintf(&b, " fault=%s", c.Fault)
	}
	if c.Unexpected != "" {
		fmt.Fprintf(&b, " unexpected: %s", c.Unexpected)
	}
	return b.String()
}

func (e *Call) setOutcome(c *call, a *answer) {
	e.Status, e.Received, e.Sent, e.RequestID = a.status, len(c.body), len(a.body), c.requestID
	if c.route != nil {
		e.Route = c.route.pattern
	}
	if c.token != nil {
		e.App = c.token.app
	}
}

// logCall appends to the log. The caller holds s.mu.
func (s *Simulator) logCall(e Call) {
	s.callCount++
	e.Number = s.callCount
	if len(s.loggedCalls) < maxCalls {
		s.loggedCalls = append(s.loggedCalls, e)
	}
	if s.options.OnCall != nil {
		s.options.OnCall(e)
	}
}

// LoggedCalls returns all calls so far, but only the first 100,000.
func (s *Simulator) LoggedCalls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.loggedCalls)
}

// ClearCalls clears the log. The numbering continues.
func (s *Simulator) ClearCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loggedCalls = nil
}

// UnexpectedCalls returns the calls that no client should send.
func (s *Simulator) UnexpectedCalls() []Call {
	return slices.DeleteFunc(s.LoggedCalls(), func(c Call) bool { return c.Unexpected == "" })
}

// queryNames returns the names of a query's parameters, without values.
func queryNames(u *url.URL) []string {
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return []string{"?"}
	}
	keys := slices.Sorted(maps.Keys(q))
	for i, k := range keys {
		if len(k) > 80 {
			keys[i] = k[:80]
		}
	}
	return keys
}

// redactedPath returns the path without a secret in its last segment.
func (c *call) redactedPath() string {
	path := c.URL.Path
	if c.route != nil && c.route.hidesPath || c.route == nil && c.service.name == serviceFiles {
		path = path[:strings.LastIndexByte(path, '/')+1] + "***"
	}
	if len(path) > 1000 {
		path = path[:1000]
	}
	return path
}

// newRequestID returns the id of a request. Request ids have their own
// sequence, so that more requests do not change the ids of items. The caller
// holds s.mu.
func (s *Simulator) newRequestID() string {
	n := s.nextNumber("request")
	return fmt.Sprintf("%08x-5e55-4000-8000-%012x", n, n)
}
