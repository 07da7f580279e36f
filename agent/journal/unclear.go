package journal

import (
	"errors"
	"slices"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/plan"
)

// Unclear: the store answered to the open step as it never did before, so nobody
// can tell what it made of it. No later look settles that, nor is the step made
// again: it stays open until a person says what is there.
type Unclear struct {
	Step    store.StepID `json:"step"`
	Code    verdict.Code `json:"code"`
	Message string       `json:"message"`
	Hint    string       `json:"hint,omitempty"`
}

func (f Unclear) applyTo(w *writer, _ Entry) error {
	s, err := w.openState(f.Step)
	switch {
	case err != nil:
		return err
	case f.Message == "":
		return errors.New("it does not say what the store answered")
	}
	s.open.Unclear = f.Message
	r := s.openRevision()
	r.Status, r.Message = StatusWaiting, f.Message
	return nil
}

// Unclear lists the open steps of which nobody can tell what their stores made of
// them, by their names.
func (b Book) Unclear() []plan.Open {
	var all []plan.Open
	for _, id := range slices.Sorted(b.currentTotals().open.keys()) {
		if o, _ := b.Opened(id); o.Unclear != "" {
			all = append(all, o)
		}
	}
	return all
}
