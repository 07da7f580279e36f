package engine

import (
	"slices"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/policies/plan"
)

// Applied is what became of the steps of a run, and which visuals were left alone
// though their pins want something else.
type Applied struct {
	Tx      string          `json:"tx"`
	Steps   []AppliedStep   `json:"steps"`
	Blocked []BlockedVisual `json:"blocked"` // pinned, and cannot be had
	Adopted []AdoptedVisual `json:"adopted"` // somebody else installed it, and the settings accept that
	Message string          `json:"message"` // one sentence for people
}

// An AppliedStep is one step and what became of it. From and To are versions, as
// people read them.
type AppliedStep struct {
	ID      string `json:"id"`
	Visual  Visual `json:"visual"`
	Kind    string `json:"kind"`
	From    string `json:"from"`
	To      string `json:"to"`
	Outcome string `json:"outcome"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// A BlockedVisual is one that is left alone, and why.
type BlockedVisual struct {
	Visual    Visual `json:"visual"`
	Installed string `json:"installed"` // a version, as people read it
	Reason
}

// An AdoptedVisual is one whose installed package somebody else brought.
type AdoptedVisual struct {
	Visual  Visual `json:"visual"`
	State   *State `json:"state"`
	Version string `json:"version"` // as people read it
	Reason  string `json:"reason"`
}

func (e *Engine) applied(results []apply.Result, unmet []plan.Idle) Applied {
	a := Applied{Tx: string(e.Tx), Steps: []AppliedStep{}, Blocked: []BlockedVisual{}, Adopted: []AdoptedVisual{}}
	for _, x := range e.Adopted {
		a.Adopted = append(a.Adopted, AdoptedVisual{visualOf(x.Key, x.Name), stateOf(x.State), VersionText(x.State), x.Reason})
	}
	for _, r := range results {
		a.Steps = append(a.Steps, AppliedStep{
			ID: string(r.Step.ID), Visual: visualOf(r.Step.Key, r.Step.Name), Kind: string(r.Step.Kind),
			From: VersionText(r.Step.From), To: VersionText(r.Step.To),
			Outcome: string(r.Outcome), Code: string(r.Code), Message: r.Message, Hint: r.Hint,
		})
	}
	for _, i := range unmet {
		a.Blocked = append(a.Blocked, BlockedVisual{visualOf(i.Key, i.Name), VersionText(i.State), reasonOf(i.Reason)})
	}
	switch {
	case len(results) == 0 && len(e.Adopted) == 0:
		a.Message = "nothing to do"
	case len(results) == 0:
	case !slices.ContainsFunc(results, func(r apply.Result) bool { return r.Outcome != apply.Waiting || r.Code != "" }):
		a.Message = Count(len(results), "change") + " for a person to make; confirm with `orgstore store confirm`"
	}
	return a
}
