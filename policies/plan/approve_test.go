package plan

import (
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/change"
)

func TestApprovalGates(t *testing.T) {
	bob := approval.Person{ID: "1001", Name: "bob"}
	ada := approval.Person{ID: "1000", Name: "ada"}
	pinned := approval.Record{Asking: approval.AskedBy, Asker: ada}
	said := func(yes bool, by ...approval.Person) approval.Record {
		r := pinned
		for _, p := range by {
			r.Words = append(r.Words, approval.Word{By: p, Yes: yes, Reason: "seen"})
		}
		return r
	}
	policy := Policy{Approvals: approval.Policy{Upgrade: 1, Rollback: 1}}
	byHand := Policy{Renew: RenewByHand}
	step := func(k change.Kind) Step { return Step{ID: "st_1", Key: gauge("main"), Kind: k} }
	back := step(change.Downgrade)
	back.Asked = true
	overridden := []Override{{Step: "st_1", Gate: GateApproval, About: "needs an approval, not of ada, who asked for it", Reason: "agreed", By: "ada"}}
	for _, c := range []struct {
		name      string
		step      Step
		policy    Policy
		people    approval.Record
		overrides []Override
		want      string
	}{
		{"no policy", step(change.Upgrade), Policy{}, pinned, nil, ""},
		{"an upgrade", step(change.Upgrade), policy, pinned, nil, "approval closed"},
		{"other code of the same version", step(change.Replace), policy, pinned, nil, "approval closed"},
		{"a lower pin", step(change.Downgrade), policy, pinned, nil, "approval closed"},
		{"approved", step(change.Upgrade), policy, said(true, bob), nil, "approval open"},
		{"approved by who asked", step(change.Upgrade), policy, said(true, ada), nil, "approval closed"},
		{"rejected", step(change.Upgrade), policy, said(false, bob), nil, "approval closed"},
		{"overridden", step(change.Upgrade), policy, pinned, overridden, "approval overridden"},
		{"overridden, then rejected", step(change.Upgrade), policy, said(false, bob), overridden, "approval closed"},
		{"a renewal needs none", step(change.Renew), policy, pinned, nil, ""},
		{"a renewal by hand needs one", step(change.Renew), byHand, pinned, nil, "approval closed"},
		{"a renewal by hand, by who set the pin", step(change.Renew), byHand, said(true, ada), nil, "approval open"},
		{"a first install needs none", step(change.Install), policy, pinned, nil, ""},
		{"a rollback", back, policy, pinned, nil, "approval closed"},
		{"a rollback where only upgrades need one", back, Policy{Approvals: approval.Policy{Upgrade: 3}}, pinned, nil, ""},
		{"the way back needs none", step(change.Restore), Policy{Approvals: approval.Policy{Upgrade: 3, Rollback: 3}}, pinned, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			gates := Gates(c.step, Conditions{
				At: steady("2026-11-23T12:00:00Z"), Overrides: c.overrides, Policies: map[store.Key]Policy{gauge("main"): c.policy},
				People: map[store.StepID]approval.Record{"st_1": c.people},
			})
			if got := gateText(gates); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			for _, g := range gates {
				if g.Message == "" || g.Hint == "" || g.State == GateClosed && !strings.Contains(g.Hint, "orgstore approve st_1 ") {
					t.Errorf("says nothing: %+v", g)
				}
			}
		})
	}
}

// What was said of one step says nothing of another: other bytes are another step.
func TestApprovalsAreOfOneStep(t *testing.T) {
	yes := approval.Record{Asking: approval.AskedNobody, Words: []approval.Word{{By: approval.Person{ID: "1"}, Yes: true, Reason: "seen"}}}
	c := Conditions{At: steady("2026-11-23T12:00:00Z"), Policies: map[store.Key]Policy{gauge("main"): {Approvals: approval.Policy{Upgrade: 1}}},
		People: map[store.StepID]approval.Record{"st_1": yes}}
	if Ready(Gates(Step{ID: "st_2", Key: gauge("main"), Kind: change.Upgrade}, c)) {
		t.Error("an approval of one step lets another through")
	}
}

func TestRuleGates(t *testing.T) {
	asks := Violation{Rule: "a look", Message: "its code changed", Asks: true}
	denies := Violation{Rule: "never", Message: "nothing new"}
	bob := approval.Record{Asking: approval.AskedNobody, Words: []approval.Word{{By: approval.Person{ID: "1"}, Yes: true, Reason: "seen"}}}
	nobody := approval.Record{Asking: approval.AskedNobody}
	let := func(gate, about string) []Override {
		return []Override{{Step: "st_1", Gate: gate, About: about, Reason: "agreed", By: "ada"}}
	}
	back := Step{ID: "st_1", Key: gauge("main"), Kind: change.Downgrade, Asked: true}
	for _, c := range []struct {
		name      string
		step      Step
		rulings   []Violation
		people    approval.Record
		overrides []Override
		want      string
	}{
		{"denied", Step{Kind: change.Upgrade}, []Violation{denies}, nobody, nil, "rule closed"},
		{"denied, approved all the same", Step{Kind: change.Upgrade}, []Violation{denies}, bob, nil, "rule closed"},
		{"denied, overridden", Step{Kind: change.Upgrade}, []Violation{denies}, nobody, let(GateRule, "the rule never: nothing new"), "rule overridden"},
		{"denied, another message overridden", Step{Kind: change.Upgrade}, []Violation{denies}, nobody, let(GateRule, "the rule never: something"), "rule closed"},
		{"asked for", Step{Kind: change.Upgrade}, []Violation{asks}, nobody, nil, "approval closed; rule closed"},
		{"asked for, approved", Step{Kind: change.Upgrade}, []Violation{asks}, bob, nil, "approval open; rule open"},
		{"asked for, overridden", Step{Kind: change.Upgrade}, []Violation{asks}, nobody, let(GateApproval, "needs an approval"), "approval overridden; rule overridden"},
		{"both, approved", Step{Kind: change.Upgrade}, []Violation{asks, denies}, bob, nil, "approval open; rule open; rule closed"},
		{"a renewal", Step{Kind: change.Renew}, []Violation{asks}, nobody, nil, "approval closed; rule closed"},
		{"a rollback", back, []Violation{asks, denies}, nobody, nil, ""},
		{"the way back", Step{Kind: change.Restore}, []Violation{asks, denies}, nobody, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.step.ID, c.step.Key = "st_1", gauge("main")
			gates := Gates(c.step, Conditions{
				At: steady("2026-11-23T12:00:00Z"), Overrides: c.overrides,
				Violations: map[store.StepID][]Violation{"st_1": c.rulings}, People: map[store.StepID]approval.Record{"st_1": c.people},
			})
			if got := gateText(gates); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			for _, g := range gates {
				if g.Message == "" || g.Hint == "" {
					t.Errorf("says nothing: %+v", g)
				}
			}
		})
	}
}
