package journal

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// Exported: a person gave the list of what a store holds, taken from the store
// itself. It proves what is listed, from where, and whether access is on; never
// a version.
type Exported struct {
	Store string        `json:"store"`
	File  string        `json:"file"` // its name
	List  visual.Digest `json:"list"`
	// Taken is when the file was made, by its own time: no later than it came.
	Taken   time.Time       `json:"taken"`
	Entries []ExportedEntry `json:"entries,omitempty"`
}

// An ExportedEntry is one entry of a store's list.
type ExportedEntry struct {
	GUID    visual.GUID  `json:"guid"`
	Name    string       `json:"name,omitempty"`
	Source  store.Source `json:"source"`
	Enabled *bool        `json:"enabled,omitempty"` // nil where the list does not tell
	Pane    *bool        `json:"pane,omitempty"`    // likewise
	Changed string       `json:"changed,omitempty"` // as the list writes it
}

// maxEntries bounds a list: see packages/store/galleryexport.
const maxEntries = 5000

func (f Exported) applyTo(w *writer, e Entry) error {
	switch {
	case f.Store == "" || f.List.IsZero():
		return errors.New("it names no store or no list")
	case f.Taken.IsZero() || f.Taken.After(e.At):
		return errors.New("it was taken at no time, or later than it came")
	case len(f.Entries) > maxEntries:
		return fmt.Errorf("it has %d entries; at most %d are kept", len(f.Entries), maxEntries)
	}
	for _, x := range f.Entries {
		if x.GUID.IsZero() || x.Source != store.FromFile && x.Source != store.FromAppSource {
			return fmt.Errorf("an entry names no visual or has the source %q", x.Source)
		}
	}
	if before, ok := w.exports.get(f.Store); !ok || !f.Taken.Before(before.Taken) {
		w.recordShifts(before, f)
		w.exports.set(f.Store, f)
	}
	return nil
}

// Export returns the newest list of what a store holds, by when it was taken, and
// the visuals that were changed since; nil where there is none.
func (b Book) Export(name string) *store.Export {
	f, ok := b.currentTotals().exports.get(name)
	if !ok {
		return nil
	}
	e := &store.Export{Taken: f.Taken, Listed: map[visual.GUID]store.Listing{}, Outdated: map[visual.GUID]bool{}}
	for _, x := range f.Entries {
		if had, ok := e.Listed[x.GUID]; ok && had.Source == store.FromFile {
			continue // one from AppSource beside it is another entry, which nothing here touches
		}
		e.Listed[x.GUID] = store.Listing{GUID: x.GUID, Name: x.Name, Source: x.Source, Enabled: x.Enabled}
	}
	for k, s := range b.currentTotals().states.all() {
		if k.Store == name && s.changedAfter(f.Taken) {
			e.Outdated[k.GUID] = true
		}
	}
	return e
}

// Listed returns the newest list as it was given; false where there is none.
func (b Book) Listed(name string) (Exported, bool) { return b.currentTotals().exports.get(name) }

// changedAfter says whether what is believed of a visual changed after a time.
func (s *visualState) changedAfter(t time.Time) bool {
	return slices.ContainsFunc(s.revisions, func(r Revision) bool {
		unchanged := r.Status == StatusWithdrawn || r.Status == StatusFailed && r.Left != Uncertain
		return r.Closed.After(t) && !unchanged
	})
}

// An Event names what happened to a task, as error codes are named. The words
// are stored and read by other programs.
type Event string

// The events.
const (
	TaskReminded  Event = "task.reminded"
	TaskEscalated Event = "task.escalated"
)

// Reminded: a task waited so long that somebody was reminded of it. Nothing is
// ever taken for done because of that.
type Reminded struct {
	Step    store.StepID `json:"step"`
	Event   Event        `json:"event"`
	Message string       `json:"message"`
}

func (f Reminded) applyTo(w *writer, _ Entry) error {
	s, err := w.openState(f.Step)
	switch {
	case err != nil:
		return err
	case !s.open.Waiting:
		return fmt.Errorf("step %s does not wait for a person", f.Step)
	case f.Event != TaskReminded && f.Event != TaskEscalated:
		return fmt.Errorf("%q is no event of a task", f.Event)
	case slices.Contains(s.reminded, f.Event):
		return fmt.Errorf("%s was said of step %s before", f.Event, f.Step)
	}
	s.reminded = append(slices.Clip(s.reminded), f.Event)
	return nil
}

// Reminded lists what was said of the task of a visual's open step, in order.
func (b Book) Reminded(k store.Key) []Event {
	s, ok := b.currentTotals().states.get(k)
	if !ok || s.open == nil {
		return nil
	}
	return slices.Clone(s.reminded)
}
