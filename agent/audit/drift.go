// Package audit gathers what can be said of the past, for people who have to
// answer for it: who changed what, and where a store is not as it was left. It
// changes nothing and decides nothing.
package audit

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/store/galleryexport"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/drift"
	"github.com/orgstore/orgstore/policies/plan"
)

// A Scene is what drift is looked for in: one look at everything, and what the
// settings say beside.
type Scene struct {
	Book  journal.Book
	Input plan.Input
	Plan  plan.Plan // computed from Input
	// Tenant lists the stores that are the tenant's Organizational Store.
	Tenant []string
	// Called is what the settings call a visual.
	Called map[store.Key]string
	Log    drift.Log
	// App is the application that orgstore signs in as, if it does.
	App string
}

// Drift compares what is wanted, believed and told with what was recorded.
func (s Scene) Drift() drift.Report {
	in := drift.Input{
		Wanted: s.Input.Wanted, Present: s.Input.Present, Drifts: s.Plan.Drifts,
		Candidates: s.Input.Candidates, Traits: s.Input.Traits, Tenant: s.Tenant, Log: s.Log, App: s.App, Hybrid: s.Input.Hybrid,
		Events: Events(s.Book), Names: map[store.Key][]string{}, Own: map[store.Key][]drift.Own{},
		Shifts: map[store.Key]drift.Shift{}, Notes: map[store.Key]drift.Note{},
		Lists: map[string]time.Time{}, Settled: map[store.Key]time.Time{}, Unread: s.Input.Unread,
	}
	for _, p := range s.Input.Present {
		k := p.Key
		in.Names[k] = s.names(p)
		in.Own[k] = Own(s.Book.Revisions(k))
		in.Settled[k] = s.Book.VisualSettled(k)
	}
	for _, x := range s.Book.Shifts() {
		in.Shifts[x.Key] = drift.Shift{Was: x.Was, Is: x.Is, From: x.From, Till: x.Till}
	}
	for name := range s.Input.Traits {
		list, ok := s.Book.Listed(name)
		if !ok {
			continue
		}
		in.Lists[name] = list.Taken
		for _, e := range list.Entries {
			if e.Source == store.FromFile && e.Changed != "" {
				in.Notes[store.Key{Store: name, GUID: e.GUID}] = drift.Note{Text: e.Changed, Times: galleryexport.Times(e.Changed)}
			}
		}
	}
	return drift.Compare(in)
}

// names are what a visual may be called: the portal's name is anybody's choice.
func (s Scene) names(p plan.Present) []string {
	names := []string{s.Called[p.Key]}
	if p.Observed != nil {
		names = append(names, p.Observed.Name)
	}
	for _, r := range slices.Backward(s.Book.Revisions(p.Key)) {
		names = append(names, r.Name)
	}
	for _, c := range s.Input.Candidates {
		if c.GUID == p.Key.GUID {
			names = append(names, c.Name)
		}
	}
	var all []string
	for _, n := range names {
		if n != "" && !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return all
}

// Events lists what the activity log told of the store, by time.
func Events(b journal.Book) []drift.Event {
	var all []drift.Event
	for _, e := range b.StoreEvents() {
		all = append(all, drift.Event{
			Event:   tenant.Event{ID: e.Event, At: e.Time, Operation: e.Operation, User: e.User, Item: e.Item, Object: e.Object, Failed: e.Failed},
			Settled: b.EventSettled(e.Event),
		})
	}
	return all
}

// Own lists orgstore's own changes of one visual, and what people said was
// there, the oldest first.
func Own(revisions []journal.Revision) []drift.Own {
	var all []drift.Own
	for _, r := range revisions {
		o := drift.Own{Step: r.Step, What: what(r), Begun: r.Time, Closed: r.Closed, Fate: fate(r), Adds: adds(r), Changes: changesOf(r)}
		all = append(all, o)
	}
	return all
}

func fate(r journal.Revision) drift.Fate {
	switch r.Status {
	case journal.StatusDone, journal.StatusUndone, journal.StatusBaseline:
		return drift.Made
	case journal.StatusWithdrawn:
		return drift.Withdrawn
	case journal.StatusFailed:
		switch r.Left {
		case journal.Uncertain:
			return drift.Uncertain
		case journal.Changed:
			return drift.Made
		}
		return drift.Unmade
	}
	return drift.Open
}

func adds(r journal.Revision) bool {
	return r.Kind == change.Install || r.Kind.Puts() && r.Before.Presence != store.Present
}

// changesOf is how many changes of the store a change takes: access is turned by one
// of its own.
func changesOf(r journal.Revision) int {
	from, to := r.Before.Enabled, r.After.Enabled
	if r.Kind.Puts() && to != nil && (from != nil && *from != *to || from == nil && !*to) {
		return 2
	}
	return 1
}

// what names a change in few words.
func what(r journal.Revision) string {
	kind := cmp.Or(string(r.Kind), "baseline")
	if !r.Kind.Puts() || r.After.Release == nil {
		return kind
	}
	return fmt.Sprintf("%s to %s", kind, r.After.Release.Version)
}
