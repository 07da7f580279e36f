package journal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/visual"
)

// StoreChanged: the tenant's activity log told that the Organizational Store was
// changed. It proves that, by whom and when; not what was changed, and never a
// version. An event that was recorded before changes nothing.
type StoreChanged struct {
	Event     string           `json:"event"` // its key: see tenant.Event
	Time      time.Time        `json:"time,omitzero"`
	Operation tenant.Operation `json:"operation"`
	User      string           `json:"user,omitempty"`
	Item      string           `json:"item,omitempty"`
	Object    string           `json:"object,omitempty"`
	Failed    bool             `json:"failed,omitempty"`
}

// A StoreEvent is an event that was recorded, and when that was.
type StoreEvent struct {
	StoreChanged
	Recorded time.Time
}

// DriftSettled: a person looked at what somebody else had changed, and says that
// it is as it should be: one event, or all that was known of a visual by then.
type DriftSettled struct {
	Event  string    `json:"event,omitempty"`
	Key    store.Key `json:"key,omitzero"`
	Reason string    `json:"reason"`
}

// A Shift says that what a store's list writes about when an entry was changed
// was another text in one list than in the next.
type Shift struct {
	Key        store.Key
	Was, Is    string
	From, Till time.Time // when the two lists were taken
}

func (f StoreChanged) applyTo(w *writer, e Entry) error {
	switch {
	case f.Event == "":
		return errors.New("the event has no key")
	case !slices.Contains(tenant.Operations(), f.Operation):
		return fmt.Errorf("%q is no operation on the store", f.Operation)
	}
	if _, known := w.events.get(f.Event); !known {
		w.events.set(f.Event, StoreEvent{f, e.At})
	}
	return nil
}

func (f DriftSettled) applyTo(w *writer, e Entry) error {
	if f.Reason == "" {
		return errors.New("drift is settled only with a reason")
	}
	if f.Event != "" {
		if _, known := w.events.get(f.Event); !known {
			return fmt.Errorf("the event %s was never recorded", f.Event)
		}
		w.settledEvents.set(f.Event, e.At)
		return nil
	}
	if err := checkKey(f.Key); err != nil {
		return err
	}
	w.settledKeys.set(f.Key, e.At)
	return nil
}

// StoreEvents lists what the activity log told of the store, by time; those
// without a time by when they were recorded.
func (b Book) StoreEvents() []StoreEvent {
	all := slices.Collect(b.currentTotals().events.values())
	when := func(e StoreEvent) time.Time {
		if e.Time.IsZero() {
			return e.Recorded
		}
		return e.Time
	}
	slices.SortFunc(all, func(x, y StoreEvent) int {
		return cmp.Or(when(x).Compare(when(y)), cmp.Compare(x.Event, y.Event))
	})
	return all
}

// HasEvent says whether an event was recorded, by its key.
func (b Book) HasEvent(key string) bool {
	_, ok := b.currentTotals().events.get(key)
	return ok
}

// EventSettled returns when a person settled an event; zero where nobody did.
func (b Book) EventSettled(key string) time.Time {
	at, _ := b.currentTotals().settledEvents.get(key)
	return at
}

// VisualSettled returns when a person last settled all that was known of a
// visual; zero where nobody did.
func (b Book) VisualSettled(k store.Key) time.Time {
	at, _ := b.currentTotals().settledKeys.get(k)
	return at
}

// Shifts lists the last shift of each visual between two lists of a store, by key.
func (b Book) Shifts() []Shift {
	return slices.SortedFunc(b.currentTotals().shifts.values(), func(x, y Shift) int { return x.Key.Compare(y.Key) })
}

// recordShifts notes where a newer list writes another time of change than the one
// before. What it writes is nobody's promise, so texts are compared, not times.
func (w *writer) recordShifts(before, now Exported) {
	was := map[visual.GUID]string{}
	for _, x := range before.Entries {
		if x.Source == store.FromFile {
			was[x.GUID] = x.Changed
		}
	}
	for _, x := range now.Entries {
		old := was[x.GUID]
		if x.Source != store.FromFile || old == "" || x.Changed == "" || old == x.Changed {
			continue
		}
		k := store.Key{Store: now.Store, GUID: x.GUID}
		w.shifts.set(k, Shift{Key: k, Was: old, Is: x.Changed, From: before.Taken, Till: now.Taken})
	}
}
