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

// MaxTries bounds how often a step is tried without a person, so that what
// crashes does not do so for ever.
const MaxTries = 3

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
	// Violations are what the tenant's rules have against a step.
	Violations map[store.StepID][]Violation
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
	// Key is the gate's key of then: an override covers what its person decided
	// about, and nothing that came up since. It is empty in overrides of before.
	Key string `json:"key,omitempty"`
	// About is the gate's message of then, which people read. It is compared where
	// there is no key.
	About  string `json:"about"`
	Reason string `json:"reason"`
	By     string `json:"by"`
}

// Gates returns what keeps a step back at one moment, and what is checked after
// it; of open gates only what people approved and a check found good. In a plan it
// is a forecast; it is asked again just before acting. No gate stands for the
// verification of licenses, and none can be overridden to skip it.
func Gates(s Step, c Conditions) []Gate {
	var gates []Gate
	for _, k := range gateKinds() {
		gates = append(gates, c.gatesOf(k, s)...)
	}
	return gates
}

// gatesOf returns the gates of one kind.
func (c Conditions) gatesOf(k GateKind, s Step) []Gate {
	if s.Asked && !k.HoldsRollbacks {
		return nil
	}
	gates := k.gates(s, c)
	for i, g := range gates {
		if g.State == "" {
			gates[i].State = c.gateState(s, g)
		}
	}
	return gates
}

// reviewGates are what a person must decide about a step: what it says itself, and
// what happens in its store that nobody can tell.
func reviewGates(s Step, c Conditions) []Gate {
	var gates []Gate
	if g, is := s.ReviewGate(); is {
		gates = append(gates, g)
	}
	return append(gates, unclearGates(s, c)...)
}

// triesGates keep back what failed too often.
func triesGates(s Step, c Conditions) []Gate {
	n := c.Tries[s.ID]
	if n < MaxTries {
		return nil
	}
	return []Gate{{Kind: GateTries, State: GateClosed, // an override starts the count anew
		Message: fmt.Sprintf("it failed %d times and is not tried again by itself", n),
		Hint:    fmt.Sprintf("see why: orgstore history %s; then let it through with a reason", s.Key.GUID)}}
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
		gates = append(gates, Gate{Kind: GateReview, Key: gateKey(GateReview, "unclear", string(o.Step.ID), timeText(o.Since)), Message: message, Hint: o.Look()})
	}
	return gates
}

// holdGates returns one gate for each hold in force.
func holdGates(s Step, c Conditions) []Gate {
	if s.Kind == change.Restore {
		return nil
	}
	var gates []Gate
	for _, h := range c.Holds {
		if !h.covers(s.Key) || h.excepts(s) || !h.Until.IsZero() && !c.At.Before(h.Until) {
			continue
		}
		gates = append(gates, Gate{Kind: GateHold, Key: gateKey(GateHold, h.Key.Store, timeText(h.At), timeText(h.Until)), Until: h.Until.UTC(),
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
func (c Conditions) gateState(s Step, g Gate) string {
	k, _ := GateKindNamed(g.Kind)
	for _, o := range c.Overrides {
		if k.CanOverride && o.Step == s.ID && o.Covers(g) {
			return GateOverridden
		}
	}
	return GateClosed
}

// Covers says whether an override was given for a gate: for one of the same key, or
// of the same message where one of the two has no key.
func (o Override) Covers(g Gate) bool {
	switch {
	case o.Gate != g.Kind:
		return false
	case o.Key == "" || g.Key == "":
		return o.About == g.Message
	}
	return o.Key == g.Key
}

// gateKey writes the key of a gate: its kind, then what it is about.
func gateKey(kind string, about ...string) string {
	o := form(gateForm).str("kind", kind)
	var parts [][]byte
	for _, p := range about {
		parts = append(parts, quote(nil, p))
	}
	return string(o.raw("about", list(parts)).end())
}

// ReviewGate is the gate of what a step itself asks a person to decide; false where
// it asks nothing.
func (s Step) ReviewGate() (Gate, bool) {
	g := Gate{Kind: GateReview, Message: s.Review, Hint: "a person decides, with a reason"}
	if len(s.Findings) > 0 { // a step of before has none
		about := []string{"step"}
		for _, c := range slices.Sorted(slices.Values(s.Findings)) {
			about = append(about, string(c))
		}
		g.Key = gateKey(GateReview, about...)
	}
	return g, s.Review != ""
}
