package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A FaultKind is a kind of fault.
type FaultKind string

// The kinds of faults.
const (
	Throttle    FaultKind = "throttle"  // 429 with Retry-After; the call does nothing
	ServerError FaultKind = "error"     // a status of 500 or above; the call does nothing
	LostAnswer  FaultKind = "lost"      // a status of 500 or above, although the call was carried out
	Drop        FaultKind = "drop"      // the connection ends before the answer; the call does nothing
	Reset       FaultKind = "reset"     // the connection ends during the answer; the call was carried out
	Truncate    FaultKind = "truncate"  // half an answer that looks complete
	Slow        FaultKind = "slow"      // the answer comes late
	Duplicate   FaultKind = "duplicate" // a delta lists each item twice, first as it was
	Stale       FaultKind = "stale"     // a read shows nothing new
	WrongHash   FaultKind = "wronghash" // a file has another file's hash
	NoHash      FaultKind = "nohash"    // a file has no hash
	// WrongBytes changes a byte of a file that is downloaded.
	WrongBytes FaultKind = "wrongbytes"
	// Garbage answers 200 with a page for people, as a proxy would.
	Garbage FaultKind = "garbage"
)

// AllFaultKinds returns all kinds.
func AllFaultKinds() []FaultKind {
	return []FaultKind{Throttle, ServerError, LostAnswer, Drop, Reset, Truncate, Slow, Duplicate, Stale, WrongHash, NoHash, WrongBytes, Garbage}
}

// maxDelay bounds the delay of a slow answer.
const maxDelay = time.Minute

// A Fault is a rule: which calls fail, and how. An empty member matches every
// call.
type Fault struct {
	Kind    FaultKind
	Service string // login, graph, powerbi, fabric, files, or portal
	Method  string
	// Path is a pattern for the whole path, as in path.Match. A trailing /**
	// matches whatever follows.
	Path string
	// Nth is the first matching call that fails, from 1; zero means the first.
	Nth int
	// Count is how many calls fail; zero means one, a negative number means
	// all.
	Count int
	// Status is the status of ServerError and LostAnswer; zero means 503.
	Status int
	// RetryAfter is the Retry-After of Throttle, ServerError, and LostAnswer,
	// in whole seconds. Zero means one second for Throttle and no header for
	// the others.
	RetryAfter time.Duration
	// AsDate sends Retry-After as a date.
	AsDate bool
	// Delay is the delay of Slow; zero means one second.
	Delay time.Duration
}

type faultRule struct {
	Fault
	matched, applied int
}

// Check reports what is wrong with a rule.
func (f Fault) Check() error {
	switch {
	case !slices.Contains(AllFaultKinds(), f.Kind):
		return fmt.Errorf("%q is not a kind of fault", f.Kind)
	case f.Service != "" && !slices.Contains([]string{serviceLogin, serviceGraph, servicePowerBI, serviceFabric, serviceFiles, servicePortal}, f.Service):
		return fmt.Errorf("%q is not a service", f.Service)
	case f.Status != 0 && (f.Status < 500 || f.Status > 599):
		return fmt.Errorf("the status of a fault is from 500 to 599, not %d", f.Status)
	case f.Delay < 0 || f.Delay > maxDelay:
		return fmt.Errorf("the delay of a fault is at most %v, not %v", maxDelay, f.Delay)
	case f.RetryAfter < 0 || f.RetryAfter > 24*time.Hour:
		return fmt.Errorf("the retry_after of a fault is at most 24h, not %v", f.RetryAfter)
	case f.Nth < 0:
		return errors.New("calls are counted from 1")
	}
	if _, err := path.Match(strings.TrimSuffix(f.Path, "/**"), ""); err != nil {
		return fmt.Errorf("the path %q is not a pattern", f.Path)
	}
	return nil
}

// SetFaults replaces the rules. If several rules match a call, the first
// applies.
func (s *Simulator) SetFaults(rules ...Fault) error {
	var set []*faultRule
	for i, f := range rules {
		if err := f.Check(); err != nil {
			return fmt.Errorf("rule %d: %w", i+1, err)
		}
		set = append(set, &faultRule{Fault: f})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = set
	return nil
}

func (f *Fault) appliesTo(c *call) bool {
	if f.Service != "" && f.Service != c.service.name || f.Method != "" && !strings.EqualFold(f.Method, c.Method) {
		return false
	}
	if f.Path == "" {
		return true
	}
	if base, deep := strings.CutSuffix(f.Path, "/**"); deep {
		n := strings.Count(base, "/")
		segments := strings.Split(c.URL.Path, "/")
		if len(segments) < n+2 {
			return false
		}
		hit, err := path.Match(base, strings.Join(segments[:n+1], "/"))
		return err == nil && hit
	}
	hit, err := path.Match(f.Path, c.URL.Path)
	return err == nil && hit
}

// nextFault returns the rule that applies to a call, or nil. Every rule counts
// the calls that it matches, including those to which another rule applies. The
// caller holds s.mu.
func (s *Simulator) nextFault(c *call) *Fault {
	var hit *Fault
	for _, a := range s.faults {
		if !a.appliesTo(c) {
			continue
		}
		a.matched++
		most := a.Count
		if most == 0 {
			most = 1
		}
		if hit == nil && a.matched >= max(a.Nth, 1) && (most < 0 || a.applied < most) {
			a.applied++
			hit = &a.Fault
		}
	}
	return hit
}

// preventsCall reports whether the call does nothing.
func (f *Fault) preventsCall() bool {
	return slices.Contains([]FaultKind{Throttle, ServerError, Drop, Garbage}, f.Kind)
}

// changesAnswer reports whether the fault changes the content of the answer.
func (f *Fault) changesAnswer() bool {
	return slices.Contains([]FaultKind{Duplicate, Stale, WrongHash, NoHash, WrongBytes}, f.Kind)
}

// replaceAnswer returns the answer that the fault sends instead.
func (f *Fault) replaceAnswer(c *call, a *answer, p *problem) (*answer, *problem) {
	switch f.Kind {
	case Throttle:
		return nil, f.withRetryAfter(c, throttledProblem(c.service.name), max(f.RetryAfter, time.Second))
	case ServerError, LostAnswer:
		status := f.Status
		if status == 0 {
			status = http.StatusServiceUnavailable
		}
		p := newProblem(status, "serviceNotAvailable", "The service is not available. Try the request again after a delay.")
		if f.RetryAfter > 0 {
			p = f.withRetryAfter(c, p, f.RetryAfter)
		}
		return nil, p
	case Drop:
		return &answer{status: http.StatusBadGateway}, nil
	case Garbage:
		return &answer{status: http.StatusOK, mediaType: "text/html; charset=utf-8", body: []byte("<!doctype html><title>Sign in to the network</title>")}, nil
	}
	return a, p
}

func (f *Fault) withRetryAfter(c *call, p *problem, d time.Duration) *problem {
	seconds := int((d + time.Second - 1) / time.Second)
	if f.AsDate {
		return p.withHeader("Retry-After", c.now.Add(time.Duration(seconds)*time.Second).Format(http.TimeFormat))
	}
	return p.withHeader("Retry-After", strconv.Itoa(seconds))
}

// throttledProblem returns the service's way to say 429.
func throttledProblem(service string) *problem {
	code := map[string]string{serviceGraph: "TooManyRequests", serviceFiles: "activityLimitReached", serviceFabric: "RequestBlocked"}[service]
	if code == "" {
		code = "TooManyRequests"
	}
	return newProblem(http.StatusTooManyRequests, code, "Please retry again later.")
}

// sendFaulty sends an answer that breaks off, is cut, or comes late.
func (s *Simulator) sendFaulty(w http.ResponseWriter, c *call, status int, body []byte, f *Fault) {
	half := body[:len(body)/2]
	h := w.Header()
	switch f.Kind {
	case Drop:
		panic(http.ErrAbortHandler) // net/http ends the connection and logs nothing
	case Reset:
		if len(body) == 0 {
			panic(http.ErrAbortHandler) // a header without a body would be a complete answer
		}
		h.Set("Content-Length", strconv.Itoa(len(body)+1))
		w.WriteHeader(status)
		w.Write(half)                         //nolint:errcheck // the connection ends anyway
		http.NewResponseController(w).Flush() //nolint:errcheck // likewise
		panic(http.ErrAbortHandler)
	case Truncate:
		body = half
	case Slow:
		d := f.Delay
		if d == 0 {
			d = time.Second
		}
		if s.options.Sleep(c.Context(), d) != nil {
			panic(http.ErrAbortHandler)
		}
	}
	if status != http.StatusNoContent && status != http.StatusNotModified {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	if c.Method != http.MethodHead {
		w.Write(body) //nolint:errcheck // a client may go away
	}
}
