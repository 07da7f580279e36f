package drift

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/visual"
)

// skew is how far the clocks of this machine and of Microsoft's may differ: as
// much as the clock of licenses may.
const skew = 5 * time.Minute

// sightings says of each event what it is about, by time. An event that names its
// visual is explained before those that name none.
func (c *comparison) sightings() []Sighting {
	var all []Sighting
	for _, e := range c.in.Events {
		s := Sighting{Event: e, GUID: c.about(e)}
		s.Name = c.nameOf(s.GUID)
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b Sighting) int {
		if d := a.At.Compare(b.At); d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	})
	inTime := map[store.StepID]int{}
	for _, isNamed := range []bool{true, false} {
		for i := range all {
			if all[i].GUID.IsZero() != isNamed {
				c.explainSighting(&all[i], inTime)
			}
		}
	}
	for i := range all {
		all[i].InTime = inTime[all[i].Beyond]
	}
	return all
}

// about finds the visual that an event names: by its id, else by its name where
// only one is called so.
func (c *comparison) about(e Event) visual.GUID {
	var named []visual.GUID
	for _, k := range c.keys {
		g := k.GUID
		if names(e, g.String()) || names(e, g.OrgStore()) {
			return g
		}
		if e.Item != "" && slices.ContainsFunc(c.in.Names[k], func(n string) bool { return strings.EqualFold(n, e.Item) }) {
			named = append(named, g)
		}
	}
	named = slices.Compact(named)
	if len(named) != 1 {
		return visual.GUID{}
	}
	return named[0]
}

func names(e Event, id string) bool { return e.Item == id || e.Object == id }

// explainSighting finds the change of orgstore's own in whose time an event falls. One
// that names a visual speaks for that visual's changes alone. InTime counts the
// events in the time of each change.
func (c *comparison) explainSighting(s *Sighting, inTime map[store.StepID]int) {
	s.Over = s.Failed || !s.Settled.IsZero()
	for _, k := range c.ofTenant() {
		if s.GUID.IsZero() || k.GUID == s.GUID {
			c.explainWithinTask(s, k, inTime)
		}
	}
	if !s.Failed && cmp.Or(s.Step, s.Beyond) != "" {
		inTime[cmp.Or(s.Step, s.Beyond)]++
	}
	asked, known := 0, 0
	for _, k := range c.ofTenant() {
		if !s.GUID.IsZero() && k.GUID != s.GUID || s.GUID.IsZero() && !c.wanted(k) {
			continue
		}
		asked++
		if c.knownSince(k, s.At, s.Beyond) || !s.GUID.IsZero() && c.in.Settled[k].After(s.At) {
			known++
		}
	}
	if asked > 0 && known == asked && !s.At.IsZero() {
		s.Over = true
	}
}

// explainWithinTask says which change of one visual an event falls into; one that was made
// or is open goes before one that was taken back. A change explains as many
// events as it takes changes, the first ones.
func (c *comparison) explainWithinTask(s *Sighting, k store.Key, inTime map[store.StepID]int) {
	if s.Operation == tenant.Deleted || s.At.IsZero() || c.isForeign(s, k) {
		return // nothing here ever deletes
	}
	for _, o := range c.in.Own[k] {
		if o.Step == "" || o.Fate == Unmade || s.Operation == tenant.Inserted && !o.Adds || s.At.Before(o.Begun.Add(-skew)) || !o.Closed.IsZero() && s.At.After(o.Closed.Add(skew)) {
			continue
		}
		doubt := o.Fate == Withdrawn || o.Fate == Uncertain
		switch {
		case !doubt && inTime[o.Step] >= max(o.Changes, 1):
			if s.Step == "" {
				s.Beyond, s.What = o.Step, o.What
			}
		case s.Step == "" || s.Doubt && !doubt:
			s.Step, s.What, s.Doubt, s.Beyond = o.Step, o.What, doubt, ""
		}
	}
}

// isForeign says whether an event cannot be of orgstore's own making: it names a
// person, and the store is changed by an application.
func (c *comparison) isForeign(s *Sighting, k store.Key) bool {
	return c.in.App != "" && c.in.Traits[k.Store].Unattended && strings.Contains(s.User, "@")
}

// knownSince says whether what is there was made, or told by a person, after a
// time. What closed a change itself, but, says nothing of a further one in its time.
func (c *comparison) knownSince(k store.Key, at time.Time, but store.StepID) bool {
	return slices.ContainsFunc(c.in.Own[k], func(o Own) bool {
		return o.Fate == Made && o.Closed.After(at) && (but == "" || o.Step != but)
	})
}

// stray says whether an event tells of a change that nobody here asked for, or
// that nobody can tell of whether it was made.
func (s Sighting) stray() bool { return !s.Over && (s.Step == "" || s.Doubt) }

// ofTenant lists the visuals of the stores that events are about.
func (c *comparison) ofTenant() []store.Key {
	return slices.DeleteFunc(slices.Clone(c.keys), func(k store.Key) bool { return !slices.Contains(c.in.Tenant, k.Store) })
}

func (c *comparison) nameOf(g visual.GUID) string {
	for _, k := range c.keys {
		if k.GUID == g && len(c.in.Names[k]) > 0 {
			return c.in.Names[k][0]
		}
	}
	return ""
}
