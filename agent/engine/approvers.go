package engine

import (
	"slices"
	"strconv"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/localapi"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/plan"
)

// peopleBehind says who is behind a step: who asked for it, who attested the license it
// leads to, and what was said of it.
func (e *Engine) peopleBehind(book journal.Book, step plan.Step) approval.Record {
	r := approval.Record{Attesters: e.attesterAccounts(step), Words: book.Said(step.ID), Shared: e.sharedAccounts()}
	request, requested := book.Request(step.ID)
	switch {
	case step.Reason.Code == plan.CodeAdopt: // somebody made it by hand, and may have any name
	case requested:
		r.Asking, r.Asker = approval.AskedBy, approval.Person(request.By)
	case step.Asked && isOpenStep(book, step):
		r.Asking, r.Asker = approval.AskedBy, approval.Person(whoBegan(book, step.Key))
	case step.Asked: // it is being asked for right now
		if actor, err := e.Actor(); err == nil {
			r.Asking, r.Asker = approval.AskedBy, approval.Person(actor)
		}
	default:
		pinning, _ := book.Pinning(step.Key.GUID)
		if pin := e.pinOf(step.Key); pin != "" && pinning.Pin == pin {
			r.Asking, r.Asker = approval.AskedBy, approval.Person(pinning.By)
		}
	}
	if r.Asking == approval.AskedBy && e.isSharedAccount(journal.Actor(r.Asker)) {
		r.Asking, r.Asker = approval.AskedUnknown, approval.Person{}
	}
	return r
}

func isOpenStep(book journal.Book, step plan.Step) bool {
	open := book.Open(step.Key)
	return open != nil && open.Step.ID == step.ID
}

// whoBegan is who began the open step of a visual. Who takes it up after an
// interruption did not ask for it.
func whoBegan(book journal.Book, k store.Key) journal.Actor {
	revisions := book.Revisions(k)
	i := len(revisions) - 1
	for i > 0 && revisions[i-1].Step == revisions[i].Step && revisions[i-1].WasTriedAgain() {
		i--
	}
	return revisions[i].Actor
}

// sharedAccounts lists the accounts under which several people come where others come under
// their own, through the agent's socket: root, to which sudo leads, and the one that
// the data belong to.
func (e *Engine) sharedAccounts() []string {
	if e.Settings.Agent.Socket == "" || e.accountsShared != nil {
		return e.accountsShared
	}
	uids := []uint32{0}
	if owner, err := localapi.Owner(e.Settings.Data); err == nil && owner != 0 {
		uids = append(uids, owner)
	}
	for _, uid := range uids {
		e.accountsShared = append(e.accountsShared, strconv.FormatUint(uint64(uid), 10))
		if a, err := e.ActorOf(uid); err == nil && a.Name != "" {
			e.accountsShared = append(e.accountsShared, a.Name)
		}
	}
	return e.accountsShared
}

// isSharedAccount says whether an actor is nobody in particular: several people use the
// account, or nobody can tell whose it is.
func (e *Engine) isSharedAccount(by journal.Actor) bool {
	return approval.Person(by).IsUnknown() || slices.ContainsFunc(e.sharedAccounts(), approval.Person(by).Is)
}

// requestFacts puts on record what a person asks for beyond the pins where others must
// approve it first.
func (e *Engine) requestFacts(step plan.Step, ask plan.Ask) []journal.Fact {
	if _, known := e.Journal.Book().Request(step.ID); known || !isClosed(e.Gates(step), plan.GateApproval) {
		return nil
	}
	return []journal.Fact{journal.Requested{Step: step.ID, Key: step.Key, Version: ask.Version, Content: ask.Content, Not: ask.Not, Reason: ask.Reason}}
}

// isClosed says whether a gate of a kind is closed.
func isClosed(gates []plan.Gate, kind string) bool {
	for _, g := range gates {
		if g.Kind == kind && g.State == plan.GateClosed {
			return true
		}
	}
	return false
}

// openRequests says that something was asked for beyond the pins and waits for others;
// empty where nothing does, or all that was is rejected.
func (e *Engine) openRequests() string {
	n, book := 0, e.Journal.Book()
	for _, r := range book.Requests() {
		if !slices.ContainsFunc(book.Said(r.Step), func(w approval.Word) bool { return !w.Yes }) {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return Count(n, "change") + " asked for beyond the pins: see `orgstore approve`"
}

// attesterAccounts lists the accounts of whoever attested the license to which a step
// leads: as the settings say now, and as they said when it was bound.
func (e *Engine) attesterAccounts(step plan.Step) []string {
	terms := step.To.License
	if terms.Grade != license.Attested || step.To.Release == nil {
		return nil
	}
	var accounts []string
	for _, a := range e.Settings.Trust.Attesters {
		if (a.Name == terms.Attester || a.Key.ID == terms.KeyID) && a.Account != "" {
			accounts = append(accounts, a.Account)
		}
	}
	for _, f := range e.Journal.Book().AttestedBy(step.To.Release.Digest) {
		if f.Attester == terms.Attester {
			accounts = append(accounts, f.Accounts...)
		}
	}
	return accounts
}

// requireKnownActor refuses what a person says if nobody can tell who it is, where the
// settings tell people apart. Nothing else can be known of an agent in a container without
// root, so its rounds, and what only undoes or waits, go on.
func (e *Engine) requireKnownActor(what string) error {
	actor, err := e.Actor()
	if err != nil {
		return err
	}
	if !approval.Person(actor).IsUnknown() || !tellsPeopleApart(e.Settings) {
		return nil
	}
	return fault.New(string(approval.CodeUnknown), approval.HintUnknown, "cannot %s: nobody can tell who this is: %s", what, actor)
}

// tellsPeopleApart says whether settings make a difference between people.
func tellsPeopleApart(s config.Settings) bool {
	return s.Agent.Socket != "" || asksForApprovals(s) ||
		slices.ContainsFunc(s.Trust.Attesters, func(a config.Attester) bool { return a.Account != "" })
}

// asksForApprovals says whether any change of any visual needs an approval.
func asksForApprovals(s config.Settings) bool {
	return slices.ContainsFunc(s.Visuals, func(v config.Visual) bool {
		p := v.Approvals
		return p.Install+p.Upgrade+p.Renewal+p.Rollback > 0
	})
}

// refuseAttester refuses that whoever attested a license lets the step to it pass.
func (e *Engine) refuseAttester(step plan.Step, gate string) error {
	actor, err := e.Actor()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(e.attesterAccounts(step), approval.Person(actor).Is) {
		return nil
	}
	return fault.New(string(approval.CodeFourEyes), "somebody else must look at it and say so; with --visual the others can be let through",
		"%s attested the license of %s %s, and cannot let it pass %s as well", actor, Title(step.Name, step.Key), VersionText(step.To), gate)
}

// countingOverrides lists what let a step pass, without the word of whoever attested its
// license: it may have been given before the settings said whose account is whose. Nor
// does the word of somebody unknown count where the settings tell people apart.
func (e *Engine) countingOverrides(book journal.Book, step plan.Step) []plan.Override {
	accounts, apart := e.attesterAccounts(step), tellsPeopleApart(e.Settings)
	return slices.DeleteFunc(book.Overrides(), func(o plan.Override) bool {
		actor, _ := book.OverriddenBy(o.Step, o.Gate)
		by := approval.Person(actor)
		return o.Step == step.ID && (apart && by.IsUnknown() || slices.ContainsFunc(accounts, by.Is))
	})
}
