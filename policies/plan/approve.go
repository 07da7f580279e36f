package plan

import (
	"fmt"

	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/change"
)

// approvalGates says how a step stands with those who must say yes to it. It is
// shown where they said yes, too. What a person asked for beyond the pins needs
// what the policy says of rollbacks; the way back from a failed step needs none.
func approvalGates(s Step, c Conditions) []Gate {
	if s.Kind == change.Restore {
		return nil
	}
	a := approval.Weigh(c.need(s), c.record(s))
	if a.Message == "" {
		return nil
	}
	g := Gate{Kind: GateApproval, State: GateOpen, Message: a.Message, Hint: "it is bound to these bytes: other ones need approvals of their own"}
	if !a.Passes() {
		g.State = c.state(s, GateApproval, a.Message)
		g.Hint = fmt.Sprintf("orgstore approve %s --reason \"...\"", s.ID)
		if a.Hint != "" {
			g.Hint += "; " + a.Hint
		}
	}
	return []Gate{g}
}

// need is how many approvals a step needs, and whose. Renewals made by hand need
// one at least.
func (c Conditions) need(s Step) approval.Need {
	p := c.Policies[s.Key]
	n := p.Approvals.Need(s.Kind, s.Asked)
	if s.Kind == change.Renew && p.Renew == RenewByHand && !s.Asked {
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
