package engine

import (
	"slices"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/plan"
)

// attesterAccounts lists the accounts of whoever attested the license to which a step
// leads: as the settings say now, and as they said when it was bound.
func (s *Engine) attesterAccounts(step plan.Step) []string {
	terms := step.To.License
	if terms.Grade != license.Attested || step.To.Release == nil {
		return nil
	}
	var accounts []string
	for _, a := range s.Settings.Trust.Attesters {
		if (a.Name == terms.Attester || a.Key.ID == terms.KeyID) && a.Account != "" {
			accounts = append(accounts, a.Account)
		}
	}
	for _, f := range s.Journal.Book().AttestedBy(step.To.Release.Digest) {
		if f.Attester == terms.Attester {
			accounts = append(accounts, f.Accounts...)
		}
	}
	return accounts
}

// refuseAttester refuses that whoever attested a license lets the step to it pass.
func (s *Engine) refuseAttester(step plan.Step, gate string) error {
	actor, err := s.Actor()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(s.attesterAccounts(step), approval.Person(actor).Is) {
		return nil
	}
	return fault.New(string(approval.CodeFourEyes), "somebody else must look at it and say so; with --visual the others can be let through",
		"%s attested the license of %s %s, and cannot let it pass %s as well", actor, Title(step.Name, step.Key), VersionText(step.To), gate)
}

// countingOverrides lists what let a step pass, without the word of whoever attested its
// license: it may have been given before the settings said whose account is whose.
func (s *Engine) countingOverrides(book journal.Book, step plan.Step) []plan.Override {
	accounts := s.attesterAccounts(step)
	return slices.DeleteFunc(book.Overrides(), func(o plan.Override) bool {
		by, _ := book.OverriddenBy(o.Step, o.Gate)
		return o.Step == step.ID && slices.ContainsFunc(accounts, approval.Person(by).Is)
	})
}
