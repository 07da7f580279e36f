package plan

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/change"
)

// A Violation is what a rule has against a step.
type Violation struct {
	Rule    string
	Message string
	// Asks says that an approval settles it; otherwise the step is not made.
	Asks bool
}

// Consent returns the gates of rules and of people alone: all that is asked about
// what is there already.
func Consent(s Step, c Conditions) []Gate {
	var gates []Gate
	for _, name := range []string{GateApproval, GateRule} {
		k, _ := GateKindNamed(name)
		gates = append(gates, c.gatesOf(k, s)...)
	}
	return gates
}

// ruleGates are what the tenant's rules have against a step. What a rule asks an
// approval for waits for that approval.
func ruleGates(s Step, c Conditions) []Gate {
	if s.Kind == change.Restore {
		return nil
	}
	var gates []Gate
	for _, r := range c.Violations[s.ID] {
		g := Gate{Kind: GateRule, Key: gateKey(GateRule, r.Rule, r.Message), Message: fmt.Sprintf("the rule %s: %s", r.Rule, r.Message), Hint: "what cannot wait: --override rule --reason \"...\""}
		if approvals := approvalGates(s, c); r.Asks && len(approvals) > 0 {
			g.State, g.Hint = approvals[0].State, "it asks for an approval: orgstore approve "+string(s.ID)
		}
		gates = append(gates, g)
	}
	return gates
}

// approvalGates say how a step stands with those who must say yes to it. It is
// shown if they said yes, too. What a person asked for beyond the pins needs what
// the policy says of rollbacks; the way back from a failed step needs none.
func approvalGates(s Step, c Conditions) []Gate {
	if s.Kind == change.Restore {
		return nil
	}
	a := approval.Tally(c.need(s), c.record(s))
	if a.Message == "" {
		return nil
	}
	g := Gate{Kind: GateApproval, Key: gateKey(GateApproval, approvalAbout(c.need(s), a)...), State: GateOpen, Message: a.Message, Hint: "it is bound to these bytes: other ones need approvals of their own"}
	if !a.Passes() {
		g.State = c.gateState(s, g)
		g.Hint = fmt.Sprintf("orgstore approve %s --reason \"...\"", s.ID)
		if a.Hint != "" {
			g.Hint += "; " + a.Hint
		}
	}
	return []Gate{g}
}

// need is how many approvals a step needs, and whose: one at least for renewals made
// by hand, and where a rule asks for it.
func (c Conditions) need(s Step) approval.Need {
	p := c.Policies[s.Key]
	n := p.Approvals.Need(s.Kind, s.Asked)
	asks := func(r Violation) bool { return r.Asks }
	if !s.Asked && (s.Kind == change.Renew && p.Renew == RenewByHand || slices.ContainsFunc(c.Violations[s.ID], asks)) {
		n.Count = max(1, n.Count)
	}
	return n
}

// record is who is behind a step. Nobody asks for a renewal: the license floats
// whatever the pin.
func (c Conditions) record(s Step) approval.Record {
	r := c.People[s.ID]
	if s.Kind == change.Renew && !s.Asked {
		r.Asking = approval.AskedNobody
	}
	return r
}

// May says whether somebody's word about a step counts; an error is a
// *verdict.Refusal.
func (c Conditions) May(s Step, p approval.Person, yes bool) error {
	return approval.May(c.need(s), c.record(s), p, yes)
}

// approvalAbout is what letting a step pass without its approvals is about: how many
// are needed, whose, and who rejected it; not who approved meanwhile.
func approvalAbout(n approval.Need, a approval.Answer) []string {
	about := []string{strconv.Itoa(a.Needed)}
	if w := a.Rejected; w != nil {
		about = append(about, "rejected", w.By.Source, w.By.ID, w.By.Name, w.By.Host, timeText(w.At))
	}
	return append(about, slices.Sorted(slices.Values(n.From))...)
}
