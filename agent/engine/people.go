package engine

import (
	"slices"
	"strconv"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/localapi"
	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/plan"
)

// PeopleBehind says who is behind a step: who asked for it, who attested the license it
// leads to, and what was said of it.
func (s *Engine) PeopleBehind(book journal.Book, step plan.Step) approval.Record {
	r := approval.Record{Attesters: s.attesterAccounts(step), Words: book.Said(step.ID), Shared: s.sharedAccounts()}
	request, requested := book.Request(step.ID)
	switch {
	case step.Reason.Code == plan.CodeAdopt: // somebody made it by hand, and may have any name
	case requested:
		r.Asking, r.Asker = approval.AskedBy, approval.Person(request.By)
	case step.Asked: // it is being asked for right now
		if actor, err := s.Actor(); err == nil {
			r.Asking, r.Asker = approval.AskedBy, approval.Person(actor)
		}
	default:
		pinning, _ := book.Pinning(step.Key.GUID)
		if pin := s.pinOf(step.Key); pin != "" && pinning.Pin == pin {
			r.Asking, r.Asker = approval.AskedBy, approval.Person(pinning.By)
		}
	}
	if r.Asking == approval.AskedBy && s.IsSharedAccount(journal.Actor(r.Asker)) {
		r.Asking, r.Asker = approval.AskedUnknown, approval.Person{}
	}
	return r
}

// sharedAccounts lists the accounts under which several people come where others come under
// their own, through the agent's socket: root, to which sudo leads, and the one that
// the data belong to.
func (s *Engine) sharedAccounts() []string {
	if s.Settings.Agent.Socket == "" || s.accountsShared != nil {
		return s.accountsShared
	}
	uids := []uint32{0}
	if owner, err := localapi.Owner(s.Settings.Data); err == nil && owner != 0 {
		uids = append(uids, owner)
	}
	for _, uid := range uids {
		s.accountsShared = append(s.accountsShared, strconv.FormatUint(uint64(uid), 10))
		if a, err := s.ActorOf(uid); err == nil && a.Name != "" {
			s.accountsShared = append(s.accountsShared, a.Name)
		}
	}
	return s.accountsShared
}

// IsSharedAccount says whether an actor is nobody in particular.
func (s *Engine) IsSharedAccount(by journal.Actor) bool {
	return slices.ContainsFunc(s.sharedAccounts(), approval.Person(by).Is)
}

// RequestFacts puts on record what a person asks for beyond the pins where others must
// approve it first.
func (s *Engine) RequestFacts(step plan.Step, ask plan.Ask) []journal.Fact {
	if _, known := s.Journal.Book().Request(step.ID); known || !IsClosed(s.Gates(step), plan.GateApproval) {
		return nil
	}
	return []journal.Fact{journal.Requested{Step: step.ID, Key: step.Key, Version: ask.Version, Content: ask.Content, Not: ask.Not, Reason: ask.Reason}}
}

// IsClosed says whether a gate of a kind is closed.
func IsClosed(gates []plan.Gate, kind string) bool {
	for _, g := range gates {
		if g.Kind == kind && g.State == plan.GateClosed {
			return true
		}
	}
	return false
}

// OpenRequests says that something was asked for beyond the pins and waits for others;
// empty where nothing does, or all that was is rejected.
func (s *Engine) OpenRequests() string {
	n, book := 0, s.Journal.Book()
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
