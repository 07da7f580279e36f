package engine

import (
	"cmp"
	"slices"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/plan"
)

// worstResult turns results into an error: the first that is not well and that no
// later one of the same visual puts right. A hold is somebody's wish, a window
// opens by itself; neither is an error unless the step was asked for by name.
func worstResult(results []apply.Result, isByName bool) error {
	if i := slices.IndexFunc(results, haltsRun); i >= 0 { // the reason why nothing else was begun
		results = results[i:]
	}
	for i, r := range results {
		if isByName && r.Code == "" && r.Outcome == apply.Waiting {
			return fault.New(string(plan.CodeWaiting), cmp.Or(r.Hint, "do what the task says, then: orgstore store confirm "+r.Step.Key.GUID.String()),
				"%s of %s waits for a person: %s", r.Step.Kind, Title(r.Step.Name, r.Step.Key), r.Message)
		}
		isRight := slices.ContainsFunc(results[i+1:], func(later apply.Result) bool { return later.Step.Key == r.Step.Key })
		if r.Code == "" || OpensByItself(r.Code) && !isByName || isRight {
			continue
		}
		return fault.New(string(r.Code), r.Hint, "cannot %s %s: %s", r.Step.Kind, Title(r.Step.Name, r.Step.Key), r.Message)
	}
	return nil
}

// worstUnmet turns what cannot be had as pinned into an error. What a rollback left
// is somebody's wish, as a hold is.
func worstUnmet(unmet []plan.Idle, isByName bool) error {
	for _, i := range unmet {
		if i.Reason.Code == plan.CodeRolledBack && !isByName {
			continue
		}
		return fault.New(string(i.Reason.Code), i.Reason.Hint, "%s is not as it is pinned: %s", Title(i.Name, i.Key), i.Reason.Message)
	}
	return nil
}

// worstHeld turns the steps that gates keep back into an error: those for which a
// person must decide.
func (e *Engine) worstHeld(steps []plan.Step) error {
	var held []apply.Result
	for _, step := range steps {
		if r, isHeld := e.heldResult(step); isHeld {
			held = append(held, r)
		}
	}
	return worstResult(held, false)
}

// worstTrust is the error of a vendor who is not trusted any more, though the
// settings name it.
func (e *Engine) worstTrust() error {
	for _, v := range e.Trust.UnavailableVendors() {
		return fault.New(string(v.Unavailable.Code), v.Unavailable.Hint, "%s is not trusted now: %s", v.Name, v.Unavailable.Message)
	}
	return nil
}

// isNotAsPinned reports whether something is wanted of a visual and cannot be had.
// What a rollback left is not wanted.
func isNotAsPinned(i plan.Idle) bool { return i.Blocked && i.Reason.Code != plan.CodeRolledBack }

// OpensByItself reports whether a gate is one of time, or of somebody who said
// until when: a change behind it is made later, and that is no error.
func OpensByItself(code verdict.Code) bool {
	k, isGate := plan.GateKindOf(code)
	return isGate && (k.OpensByItself || k.Name == plan.GateHold)
}
