package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/change"
)

// The kinds of gates. They are stored in journals and never renamed.
const (
	GateHold   = "hold"   // a person said: stay put
	GateReview = "review" // a person must decide about the step
	GateTries  = "tries"  // it failed too often to be tried again by itself

	GateWindow   = "window"   // its window is not open
	GateFreeze   = "freeze"   // nothing may be changed now
	GateSoak     = "soak"     // the release is too new here
	GateApproval = "approval" // somebody must say yes
	GateRule     = "rule"     // a rule of the tenant's is against it
	GateRing     = "ring"     // it did not run in the store before, or not for long enough
	GateCheck    = "check"    // its check did not pass in the store before, or comes after the change
)

// The states of a gate.
const (
	GateOpen       = "open"
	GateClosed     = "closed"
	GateOverridden = "overridden" // closed, and a person said: go through
	GateAfter      = "after"      // it comes after the change, and keeps nothing back
)

// GateKinds lists the kinds of gates, in the order of the constants.
func GateKinds() []string {
	return []string{GateHold, GateReview, GateTries, GateWindow, GateFreeze, GateSoak, GateApproval, GateRule, GateRing, GateCheck}
}

// MaxTries bounds how often a step is tried without a person, so that what
// crashes does not do so for ever.
const MaxTries = 3

// A Gate is one thing that keeps a step back, or would.
type Gate struct {
	Kind    string    `json:"kind"`
	State   string    `json:"state"`
	Until   time.Time `json:"until,omitzero"` // when it opens by itself; zero if it does not
	Message string    `json:"message"`
	Hint    string    `json:"hint,omitempty"`
	// Decides says of a closed gate of GateCheck that nothing but a person's word
	// opens it.
	Decides bool `json:"-"`
}

// Code names a gate that keeps a step back for other programs.
func (g Gate) Code() Code {
	if g.Decides {
		return Code("gate." + g.Kind + "_missing")
	}
	return Code("gate." + g.Kind)
}

// ByItself says whether time opens a gate, or what goes on elsewhere: nobody need
// decide.
func (g Gate) ByItself() bool {
	return !g.Decides && slices.Contains([]string{GateWindow, GateFreeze, GateSoak, GateRing, GateCheck}, g.Kind)
}

// Conditions is what gates are computed from, at one moment.
type Conditions struct {
	At        moment.Moment
	Holds     []Hold
	Overrides []Override
	// Tries counts the failed tries of a step since its last override of
	// GateTries: an override starts the count anew.
	Tries map[store.StepID]int
	// Policies say when each visual may be changed.
	Policies map[store.Key]Policy
	// Seen is when each package was first here.
	Seen map[visual.Digest]time.Time
	// People says who is behind a step and what was said of it.
	People map[store.StepID]approval.Record
	// Rulings are what the tenant's rules have against a step.
	Rulings map[store.StepID][]Ruling
	// Usual is how long a change of a store usually takes; a change that would
	// not fit into what is left of its window does not begin.
	Usual map[string]time.Duration
	// Rings say, of what goes through another store first, what ran there.
	Rings map[store.Key]Ring
	// Checks say what is looked at after a step.
	Checks map[store.StepID]Check
	// Unclear lists the steps of which nobody can tell what their stores made of
	// them: until a person has looked, nothing else is begun there.
	Unclear []Open
}

// A Hold keeps a visual as it is until a day.
type Hold struct {
	Key   store.Key `json:"key"`            // an empty store means all stores
	Until time.Time `json:"until,omitzero"` // no longer in force from here on; zero: until lifted
	// Except lists the kinds of change that are made all the same.
	Except []change.Kind `json:"except,omitempty"`
	// Failed is what a check found bad, where that is why: a newer version may come.
	Failed *visual.Release `json:"failed,omitempty"`
	Reason string          `json:"reason"`
	By     string          `json:"by"`
	At     time.Time       `json:"at"`
}

// An Override lets one step through one kind of gate. It names the step and
// never a plan, so it survives planning again and helps no other change.
type Override struct {
	Step store.StepID `json:"step"`
	Gate string       `json:"gate"`
	// About is the gate's message of then: an override covers what its person
	// read, and nothing that came up since.
	About  string `json:"about"`
	Reason string `json:"reason"`
	By     string `json:"by"`
}

// Gates returns what keeps a step back at one moment, and what is checked after
// it; of open gates only what people approved and a check found good. In a plan it is a forecast; it is asked again just before acting. No gate stands
// for the verification of licenses, and none can be overridden to skip it.
func Gates(s Step, c Conditions) []Gate {
	gates := append(holdGates(s, c), scheduleGates(s, c)...)
	gates = append(gates, consentGates(s, c)...)
	if s.Review != "" {
		gates = append(gates, Gate{Kind: GateReview, State: c.gateState(s, GateReview, s.Review), Message: s.Review,
			Hint: "a person decides, with a reason"})
	}
	gates = append(gates, unclearGates(s, c)...)
	if n := c.Tries[s.ID]; n >= MaxTries {
		gates = append(gates, Gate{Kind: GateTries, State: GateClosed,
			Message: fmt.Sprintf("it failed %d times and is not tried again by itself", n),
			Hint:    fmt.Sprintf("see why: orgstore history %s; then let it through with a reason", s.Key.GUID)})
	}
	return append(gates, checkGates(s, c)...)
}

// Ready says whether no gate keeps a step back.
func Ready(gates []Gate) bool {
	known := []string{GateOpen, GateOverridden, GateAfter}
	return !slices.ContainsFunc(gates, func(g Gate) bool { return !slices.Contains(known, g.State) })
}

// unclearGates returns one gate for each step of the same store that left nobody
// knowing what it led to: a store that answers as it never did may have changed
// what it makes of any request.
func unclearGates(s Step, c Conditions) []Gate {
	var gates []Gate
	for _, o := range c.Unclear {
		if o.Step.Key.Store != s.Key.Store {
			continue
		}
		about := cmp.Or(o.Step.Name, o.Step.Key.GUID.String())
		message := fmt.Sprintf("nobody can tell what came of %s of %s on %s, since the store answered as it never did before", o.Step.description(), about, day(o.Since))
		gates = append(gates, Gate{Kind: GateReview, State: c.gateState(s, GateReview, message), Message: message, Hint: o.Look()})
	}
	return gates
}

// holdGates returns one gate for each hold in force. What a person asked for
// and the way back from a failed step pass holds: a regression is not left
// standing because somebody wanted calm.
func holdGates(s Step, c Conditions) []Gate {
	if s.Asked || s.Kind == change.Restore {
		return nil
	}
	var gates []Gate
	for _, h := range c.Holds {
		if !h.covers(s.Key) || h.excepts(s) || !h.Until.IsZero() && !c.At.Before(h.Until) {
			continue
		}
		gates = append(gates, Gate{Kind: GateHold, State: c.gateState(s, GateHold, h.message()), Until: h.Until.UTC(),
			Message: h.message(), Hint: h.liftHint()})
	}
	slices.SortFunc(gates, func(a, b Gate) int {
		if a.Until.IsZero() != b.Until.IsZero() {
			return -a.Until.Compare(b.Until) // without an end comes last
		}
		return cmp.Or(a.Until.Compare(b.Until), cmp.Compare(a.Message, b.Message))
	})
	return gates
}

func (h Hold) covers(k store.Key) bool {
	return h.Key.GUID == k.GUID && (h.Key.Store == "" || h.Key.Store == k.Store)
}

// excepts says whether a hold does not count for a step.
func (h Hold) excepts(s Step) bool {
	return slices.Contains(h.Except, s.Kind) || h.Passed(s.To.Release)
}

// Passed says whether a release is newer than what failed, where that is why it is
// held: nobody knows of anything against it.
func (h Hold) Passed(r *visual.Release) bool {
	return h.Failed != nil && r != nil && r.Version.Compare(h.Failed.Version) > 0
}

func (h Hold) message() string {
	if h.Failed != nil {
		return fmt.Sprintf("held %s: %s", h.While(), h.Reason)
	}
	until := "until it is lifted"
	if !h.Until.IsZero() {
		until = "until " + minute(h.Until)
	}
	return fmt.Sprintf("%s holds it %s%s: %s", h.By, until, h.But(), h.Reason)
}

// While says how long a hold counts that a check left.
func (h Hold) While() string {
	but := h.But()
	if but != "" {
		but = "," + but
	}
	return fmt.Sprintf("until a version newer than %s is here or somebody lifts it%s", h.Failed.Version, but)
}

func (h Hold) liftHint() string {
	hint := fmt.Sprintf("to lift it: orgstore unhold %s", h.Key.GUID)
	if h.Failed != nil {
		hint += fmt.Sprintf("; to try %s again: orgstore unblock %s", h.Failed.Version, h.Key.GUID)
	}
	return hint
}

// But says for which changes a hold does not count; empty where it does for all.
func (h Hold) But() string {
	var words []string
	for _, k := range h.Except {
		words = append(words, string(k))
	}
	if len(words) == 0 {
		return ""
	}
	return " but for " + strings.Join(words, ", ")
}

// gateState says whether a gate that is closed was overridden for a step.
func (c Conditions) gateState(s Step, gate, message string) string {
	for _, o := range c.Overrides {
		if o.Step == s.ID && o.Gate == gate && o.About == message {
			return GateOverridden
		}
	}
	return GateClosed
}
