package journal

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
)

// Observed: a person said what they saw of a change that waits for them. What was
// not taken stays, too: it may speak against what is said later.
type Observed struct {
	Step    store.StepID `json:"step"`
	Key     store.Key    `json:"key"`
	Version string       `json:"version,omitempty"` // in the About box
	Access  string       `json:"access,omitempty"`  // on or off, in the list
	SHA256  string       `json:"sha256,omitempty"`  // the beginning, of the file that was uploaded
	// Evidence is how the person knows, Reason why it counts although something
	// speaks against it.
	Evidence string `json:"evidence,omitempty"`
	Reason   string `json:"reason,omitempty"`
	// Refused is the code of why it was not taken; empty where it was.
	Refused verdict.Code `json:"refused,omitempty"`
}

// An Observation is what somebody saw, and when they said so.
type Observation struct {
	Observed
	At time.Time
	By Actor
}

func (f Observed) applyTo(w *writer, e Entry) error {
	if f.Version == "" && f.Access == "" {
		return errors.New("nothing was seen")
	}
	if err := checkKey(f.Key); err != nil {
		return err
	}
	if s, err := w.openState(f.Step); err != nil {
		return err
	} else if s.open.Step.Key != f.Key {
		return fmt.Errorf("step %s is about another visual", f.Step)
	}
	before, _ := w.observed.get(f.Step)
	w.observed.set(f.Step, append(slices.Clip(before), Observation{f, e.At, e.By}))
	return nil
}

// Observations lists what people saw of a change, also what was refused, in order.
func (b Book) Observations(id store.StepID) []Observation {
	all, _ := b.currentTotals().observed.get(id)
	return slices.Clone(all)
}

// String says what was seen, for people.
func (o Observation) String() string {
	switch {
	case o.Version != "" && o.SHA256 != "":
		return fmt.Sprintf("version %s, and the uploaded file's SHA-256 %s…", o.Version, o.SHA256)
	case o.Version != "":
		return "version " + o.Version
	}
	return "access " + o.Access
}
