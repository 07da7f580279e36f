package journal

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/approval"
)

// Pinned: a person wanted a visual as a pin says. It is recorded before the
// settings are written, and counts while they say the same.
type Pinned struct {
	Visual visual.GUID `json:"visual"`
	Pin    string      `json:"pin,omitempty"` // empty: nothing is wanted any more
}

// Requested: a person asked for a step beyond the pins that others must approve.
// It says all that the step is planned from again.
type Requested struct {
	Step store.StepID `json:"step"`
	Key  store.Key    `json:"key"`
	// Version, Content and Not are those of plan.Ask.
	Version visual.Version `json:"version,omitzero"`
	Content pbiviz.Content `json:"content,omitempty"`
	Not     visual.Digest  `json:"not,omitzero"`
	Reason  string         `json:"reason"`
}

// Approved: a person said yes to a step, until it is done or withdrawn.
type Approved struct {
	Step   store.StepID `json:"step"`
	Key    store.Key    `json:"key"`
	About  string       `json:"about"` // the change, as the person read it
	Reason string       `json:"reason"`
}

// Rejected: a person said no to a step, until the same person approves it.
type Rejected struct {
	Step   store.StepID `json:"step"`
	Key    store.Key    `json:"key"`
	About  string       `json:"about"`
	Reason string       `json:"reason"`
}

func (f Pinned) applyTo(w *writer, e Entry) error {
	if f.Visual.IsZero() {
		return errors.New("it names no visual")
	}
	w.pinned.set(f.Visual, Pinning{Pinned: f, By: e.By})
	return nil
}

func (f Requested) applyTo(w *writer, e Entry) error {
	if err := checkKey(f.Key); err != nil {
		return err
	}
	if f.Step == "" || f.Reason == "" {
		return errors.New("it names no step or no reason")
	}
	w.requests.set(f.Step, Request{Requested: f, By: e.By, At: e.At})
	return nil
}

func (f Approved) applyTo(w *writer, e Entry) error {
	return w.recordWord(f.Step, f.Key, f.Reason, true, e)
}

func (f Rejected) applyTo(w *writer, e Entry) error {
	return w.recordWord(f.Step, f.Key, f.Reason, false, e)
}

// recordWord keeps the last word of each person about a step.
func (w *writer) recordWord(step store.StepID, k store.Key, reason string, yes bool, e Entry) error {
	if err := checkKey(k); err != nil {
		return err
	}
	if step == "" || reason == "" {
		return errors.New("it names no step or no reason")
	}
	w.keyOf.set(step, k)
	by := approval.Person(e.By)
	known, _ := w.said.get(step)
	rest := slices.DeleteFunc(slices.Clone(known), func(o approval.Word) bool { return o.By == by })
	w.said.set(step, append(rest, approval.Word{By: by, Yes: yes, Reason: reason, At: e.At}))
	return nil
}

// forgetWords drops what was said of a step that came to its end: the same change,
// made again, is decided anew. What else was asked for began where it began.
func (w *writer) forgetWords(step store.StepID, k store.Key) {
	w.overrides.drop(step)
	w.said.drop(step)
	w.keyOf.drop(step)
	var past []store.StepID
	for id, r := range w.requests.all() {
		if r.Key == k {
			past = append(past, id)
		}
	}
	for _, id := range past {
		w.requests.drop(id)
	}
}

// endPermissions ends what let a step pass: it was for one attempt, and that one is
// over. A rejection counts on.
func (w *writer) endPermissions(step store.StepID) {
	w.overrides.drop(step)
	words, _ := w.said.get(step)
	rejections := slices.DeleteFunc(slices.Clone(words), func(o approval.Word) bool { return o.Yes })
	if len(rejections) == 0 {
		w.said.drop(step)
		return
	}
	w.said.set(step, rejections)
}

// endPermissionsOf ends what let any step of a visual pass: after a rollback, each
// change of it is decided anew.
func (w *writer) endPermissionsOf(k store.Key) {
	var steps []store.StepID
	for step, of := range w.keyOf.all() {
		if of == k {
			steps = append(steps, step)
		}
	}
	for _, step := range steps {
		w.endPermissions(step)
		w.keyOf.drop(step)
	}
}

// approvalsOf lists who said yes to a step.
func (w *writer) approvalsOf(step store.StepID) []approval.Word {
	words, _ := w.said.get(step)
	return slices.DeleteFunc(slices.Clone(words), func(o approval.Word) bool { return !o.Yes })
}

// A Pinning is a pin and who wanted it.
type Pinning struct {
	Pinned
	By Actor
}

// A Request is what somebody asked for beyond the pins.
type Request struct {
	Requested
	By Actor
	At time.Time
}

// Pinning returns who wanted what of a visual, the last time a command was asked
// to; false where none ever was.
func (b Book) Pinning(g visual.GUID) (Pinning, bool) { return b.currentTotals().pinned.get(g) }

// Request returns what a person asked for as a step.
func (b Book) Request(step store.StepID) (Request, bool) { return b.currentTotals().requests.get(step) }

// Requests lists what people asked for and was not made yet, by time.
func (b Book) Requests() []Request {
	return slices.SortedFunc(b.currentTotals().requests.values(), func(x, y Request) int {
		return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Step, y.Step))
	})
}

// Said lists what people said of a step, in the order they said it.
func (b Book) Said(step store.StepID) []approval.Word {
	words, _ := b.currentTotals().said.get(step)
	return slices.Clone(words)
}
