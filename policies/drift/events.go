package drift

import (
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

// sightings says of each event what it is about, by time.
func (c *comparison) sightings() []Sighting {
	var all []Sighting
	for _, e := range c.in.Events {
		s := Sighting{Event: e, GUID: c.about(e)}
		s.Name = c.nameOf(s.GUID)
		c.explain(&s)
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b Sighting) int {
		if d := a.At.Compare(b.At); d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	})
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

// explain finds the change of orgstore's own in whose time an event falls. One
// that names a visual speaks for that visual's changes alone.
func (c *comparison) explain(s *Sighting) {
	s.Over = s.Failed || !s.Settled.IsZero()
	asked, known := 0, 0
	for _, k := range c.ofTenant() {
		if !s.GUID.IsZero() && k.GUID != s.GUID {
			continue
		}
		c.within(s, k)
		if s.GUID.IsZero() && !c.wanted(k) {
			continue
		}
		asked++
		if c.knownSince(k, s.At) || !s.GUID.IsZero() && c.in.Settled[k].After(s.At) {
			known++
		}
	}
	if asked > 0 && known == asked && !s.At.IsZero() {
		s.Over = true
	}
}

// within says which change of one visual an event falls into; one that was made
// or is open goes before one that was taken back.
func (c *comparison) within(s *Sighting, k store.Key) {
	if s.Operation == tenant.Deleted || s.At.IsZero() {
		return // nothing here ever deletes
	}
	for _, o := range c.in.Own[k] {
		if o.Step == "" || o.Fate == Unmade || s.Operation == tenant.Inserted && !o.Adds || s.At.Before(o.Begun.Add(-skew)) || !o.Closed.IsZero() && s.At.After(o.Closed.Add(skew)) {
			continue
		}
		doubt := o.Fate == Withdrawn || o.Fate == Uncertain
		if s.Step == "" || s.Doubt && !doubt {
			s.Step, s.What, s.Doubt = o.Step, o.What, doubt
		}
	}
}

// knownSince says whether what is there was made, or told by a person, after a
// time.
func (c *comparison) knownSince(k store.Key, at time.Time) bool {
	return slices.ContainsFunc(c.in.Own[k], func(o Own) bool { return o.Fate == Made && o.Closed.After(at) })
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
