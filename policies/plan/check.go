package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

// A check comes after a change, so it keeps nothing back that is the first of its
// kind: it is shown as what comes afterwards. What goes on from store to store
// waits for the check of the same bytes in the store before, as it waits for
// their soak. What a check found bad is blocked, which is shown as a closed gate.

// CodeCheckFailed is the cause of what a failed check leaves behind.
const CodeCheckFailed verdict.Code = "check.failed"

// A Check is what is looked at after a step.
type Check struct {
	// Asks says in words what the tenant asks; empty where it asks nothing.
	Asks string
	// Blind says that the store does not tell its bytes: a person is to look.
	Blind bool
}

// An Answer is what is known of a check of one package in one store.
type Answer string

// The answers.
const (
	Passed   Answer = "passed"
	Failed   Answer = "failed"
	Asking   Answer = "asking"   // it has not answered yet
	Unasked  Answer = "unasked"  // the package is there, and nobody asked
	Needless Answer = "needless" // by the way it came, none is asked
)

// A Trial is what is known of the check of a package in a store.
type Trial struct {
	Release visual.Digest
	Answer  Answer
	At      time.Time // of the answer, or since when the package is there
	Message string    // what the check said
}

// Checkable says whether a check may be asked after a step. What goes back to
// what stood, what a person asked for beyond the pins, and what puts no other
// bytes is not checked.
func (s Step) Checkable() bool {
	return !s.Asked && s.Kind.Puts() && s.Kind != change.Restore && !s.SameBytes()
}

// SameBytes says that only the statement differs: nothing goes into the store.
func (s Step) SameBytes() bool {
	return s.From.Release != nil && s.To.Release != nil && s.From.Release.Digest == s.To.Release.Digest
}

// checkGates say what the store before found of the same bytes, and what comes
// after the change.
func checkGates(s Step, c Conditions) []Gate {
	if !s.Checkable() {
		return nil
	}
	var gates []Gate
	if g, is := c.Rings[s.Key].checkGate(s); is {
		gates = append(gates, g)
	}
	check := c.Checks[s.ID]
	if check.Asks != "" {
		gates = append(gates, Gate{Kind: GateCheck, State: GateAfter, Message: "afterwards " + check.Asks + ", or it goes back",
			Hint: "what it finds bad goes back by itself and is not put again"})
	}
	if check.Blind {
		gates = append(gates, Gate{Kind: GateCheck, State: GateAfter, Message: "afterwards a person looks at a report: the store does not tell its bytes",
			Hint: "the About box of the visual shows its version"})
	}
	return gates
}

// checkGate is the gate of what the check said in the store before; false where
// nothing is to be said.
func (r Ring) checkGate(s Step) (Gate, bool) {
	if len(r.CheckedAfter) == 0 || s.To.Release == nil || s.Kind != change.Install && !changesCode(s.Kind) {
		return Gate{}, false
	}
	before, t := r.Before.Store, r.trial(s.To.Release.Digest)
	g := Gate{Kind: GateCheck, Key: gateKey(GateCheck, before, s.To.Release.Digest.String(), string(t.Answer), timeText(t.At)), Hint: "it opens when the check passes there; what cannot wait: --override check --reason \"...\""}
	switch t.Answer {
	case Needless:
		return Gate{}, false
	case Passed:
		g.State, g.Message, g.Hint = GateOpen, fmt.Sprintf("its check passed in %s on %s", before, minute(t.At)), ""
	case Failed:
		g.Message = fmt.Sprintf("its check failed in %s on %s: %s", before, minute(t.At), t.Message)
	case Asking:
		g.Message = fmt.Sprintf("its check in %s has not answered yet; it is asked since %s", before, minute(t.At))
	case Unasked:
		g.Message = fmt.Sprintf("it is in %s since %s, and its check was not asked there", before, minute(t.At))
		g.Hint, g.Decides = "a check is asked after a change alone: look yourself, then --override check --reason \"...\"", true
	default:
		if !slices.Contains(r.CheckedAfter, s.Kind) {
			return Gate{}, false
		}
		g.Message = fmt.Sprintf("its check must pass in %s first", before)
	}
	return g, true
}

// trial is what is known of a package in the store before; zero where it was
// never there.
func (r Ring) trial(d visual.Digest) Trial {
	if i := slices.IndexFunc(r.Trials, func(t Trial) bool { return t.Release == d }); i >= 0 {
		return r.Trials[i]
	}
	return Trial{}
}

// checkPassed says whether the check in the store before lets a package go on that ran
// there.
func (r Ring) checkPassed(d visual.Digest) bool {
	a := r.trial(d).Answer
	return len(r.CheckedAfter) == 0 || a == Passed || a == Needless
}

// failedChecks are the gates of what the pin would have and a check found bad.
func (v *visualPlan) failedChecks() []Gate {
	var gates []Gate
	if len(v.blocks) == 0 && len(v.blocksBefore) == 0 {
		return nil
	}
	for i := range v.candidates {
		c := &v.candidates[i]
		if !c.deployable || !v.allows(c) {
			continue
		}
		b := v.blockOf(c)
		if b == nil || b.Cause != CodeCheckFailed {
			continue
		}
		g := Gate{Kind: GateCheck, State: GateClosed, Message: v.checkFailed(c, b), Hint: v.unblockHint(), Decides: true}
		if !slices.ContainsFunc(gates, func(h Gate) bool { return h.Message == g.Message }) {
			gates = append(gates, g)
		}
	}
	return gates
}

// checkFailed says what a check found bad, where and when.
func (v *visualPlan) checkFailed(c *ranked, b *Block) string {
	return fmt.Sprintf("%s%s: %s", c.Release.Version, v.inOtherStore(b.Key), b.Reason)
}

// inOtherStore names a store where it is not that of the visual.
func (v *visualPlan) inOtherStore(k store.Key) string {
	if k == v.key {
		return ""
	}
	return " in " + k.Store
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
