package simulator

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A Call is an entry of the log. It holds no token, secret, body, header or
// value of a query.
type Call struct {
	Number  int // from 1
	At      time.Time
	Service string // login, graph, powerbi, fabric, files or portal
	Method  string
	Path    string   // with what carries a secret written as ***
	Route   string   // the pattern that the path fits; empty where none does
	Query   []string // names of the query's parameters, sorted
	App     string   // client id of the app whose token was sent, if any
	Status  int      // as answered, or as it would have been without the fault
	Fault   string   // the kind of the fault that struck
	// Unexpected says why no client should have asked this, whatever the state.
	Unexpected     string
	Received, Sent int // bytes of the bodies
	RequestID      string
}

// String is one line for people.
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

// logCall appends to the log; s.mu is held.
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

// LoggedCalls returns all calls so far, at most the first 100,000.
func (s *Simulator) LoggedCalls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.loggedCalls)
}

// ClearCalls forgets the calls so far. Numbers go on.
func (s *Simulator) ClearCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loggedCalls = nil
}

// UnexpectedCalls returns the calls that no client should make.
func (s *Simulator) UnexpectedCalls() []Call {
	return slices.DeleteFunc(s.LoggedCalls(), func(c Call) bool { return c.Unexpected == "" })
}

// queryNames names a query's parameters and tells no value.
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

// redactedPath is the path without what its last segment gives away.
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

// newRequestID makes the id of a request; s.mu is held. Ids of requests have a
// sequence of their own, so that asking does not move the ids of items.
func (s *Simulator) newRequestID() string {
	n := s.nextNumber("request")
	return fmt.Sprintf("%08x-5e55-4000-8000-%012x", n, n)
}
