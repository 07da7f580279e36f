package journal

import (
	"errors"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

func (f Held) applyTo(w *writer, e Entry) error {
	if f.Key.GUID.IsZero() {
		return errors.New("it names no visual")
	}
	if i := slices.IndexFunc(f.Except, func(k change.Kind) bool { return !k.Valid() }); i >= 0 {
		return fmt.Errorf("%q is no kind of change", f.Except[i])
	}
	w.holds.set(f.Key, plan.Hold{Key: f.Key, Until: f.Until, Except: f.Except, Failed: f.Failed, Reason: f.Reason, By: e.By.String(), At: e.At})
	return nil
}

func (f Unheld) applyTo(w *writer, _ Entry) error {
	var lifted []store.Key
	for k := range w.holds.keys() {
		if isLifted(f.Key, k) {
			lifted = append(lifted, k)
		}
	}
	if len(lifted) == 0 {
		return fmt.Errorf("%s is not held", describeKey(f.Key))
	}
	for _, k := range lifted {
		w.holds.drop(k)
	}
	return nil
}

func (f Blocked) applyTo(w *writer, _ Entry) error {
	if err := checkKey(f.Block.Key); err != nil {
		return err
	}
	if f.Block.Version.IsZero() && f.Block.Content == "" && f.Block.Digest.IsZero() {
		return errors.New("it blocks nothing")
	}
	s := w.stateOf(f.Block.Key)
	if !slices.Contains(s.blocks, f.Block) {
		s.blocks = append(s.blocks, f.Block)
	}
	return nil
}

func (f Unblocked) applyTo(w *writer, _ Entry) error {
	var lifted []store.Key
	for k, s := range w.states.all() {
		if len(s.blocks) > 0 && isLifted(f.Key, k) {
			lifted = append(lifted, k)
		}
	}
	if len(lifted) == 0 {
		return fmt.Errorf("nothing of %s is blocked", describeKey(f.Key))
	}
	for _, k := range lifted {
		w.stateOf(k).blocks = nil
	}
	return nil
}

func (f Overridden) applyTo(w *writer, e Entry) error {
	switch {
	case f.Step == "" || f.Gate == "":
		return errors.New("it names no step or no gate")
	case f.Reason == "":
		return errors.New("a gate is overridden only with a reason")
	}
	if f.Gate == plan.GateTries {
		w.tries.drop(f.Step)
	}
	if !f.Key.GUID.IsZero() {
		w.keyOf.set(f.Step, f.Key)
	}
	w.overriders.set(passing{f.Step, f.Gate}, e.By)
	known, _ := w.overrides.get(f.Step)
	rest := slices.DeleteFunc(slices.Clone(known), func(o plan.Override) bool { return o.Gate == f.Gate })
	w.overrides.set(f.Step, append(rest, plan.Override{Step: f.Step, Gate: f.Gate, Key: f.GateKey, About: f.About, Reason: f.Reason, By: e.By.String()}))
	return nil
}

// isLifted says whether lifting what was said of key lifts what was said of k:
// a key without a store covers all stores.
func isLifted(key, k store.Key) bool {
	return key.GUID == k.GUID && (key.Store == "" || key.Store == k.Store)
}

func describeKey(k store.Key) string {
	if k.Store == "" {
		return k.GUID.String()
	}
	return k.String()
}
