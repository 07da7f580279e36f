package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// A pretender is a store with traits and nothing behind them.
type pretender struct {
	store.Store
	traits store.Traits
}

func (p pretender) Traits() store.Traits { return p.traits }

// A wrapped store has another one's abilities, and none itself.
type wrapped struct{ store.Store }

func (w wrapped) Unwrap() store.Store { return w.Store }

type taskKeeper struct{ pretender }

func (taskKeeper) FindTask(context.Context, store.StepID) (store.Receipt, bool, error) {
	return store.Receipt{}, false, nil
}
func (taskKeeper) FinishTask(context.Context, store.StepID) error { return nil }
func (taskKeeper) Instructions(store.StepID) (string, error)      { return "", nil }
func (taskKeeper) AbsentSince(visual.GUID) (time.Time, bool)      { return time.Time{}, false }
func (packageReader) Package(context.Context, visual.GUID) ([]byte, bool, error) {
	return nil, false, nil
}

type packageReader struct{ pretender }

func TestAbilitiesThatContradictTheTraits(t *testing.T) {
	for _, c := range []struct {
		name  string
		store store.Store
		want  string // empty: nothing
	}{
		{"unattended without abilities", pretender{traits: store.Traits{Unattended: true}}, ""},
		{"tasks where persons are needed", taskKeeper{}, ""},
		{"packages where digests are told", packageReader{pretender{traits: store.Traits{TellsPresence: true, TellsDigest: true, Unattended: true}}}, ""},
		{"no tasks where persons are needed", pretender{}, "keeps no tasks"},
		{"tasks where nobody is needed", taskKeeper{pretender{traits: store.Traits{Unattended: true}}}, "keeps tasks for one"},
		{"the same in a wrapper", wrapped{taskKeeper{pretender{traits: store.Traits{Unattended: true}}}}, "keeps tasks for one"},
		{"packages without digests", packageReader{pretender{traits: store.Traits{Unattended: true}}}, "tells no digest"},
		{"a person's list beside one of now", taskKeeper{pretender{traits: store.Traits{TellsPresence: true}}}, "needs a person's list"},
		{"presence alone", pretender{traits: store.Traits{TellsPresence: true, Unattended: true}}, ""},
		{"access without presence", pretender{traits: store.Traits{TellsAccess: true, Unattended: true}}, "not whether it is there"},
		{"versions without presence", pretender{traits: store.Traits{TellsVersion: true, Unattended: true}}, "not whether it is there"},
		{"digests without presence", pretender{traits: store.Traits{TellsDigest: true, Unattended: true}}, "not whether it is there"},
		{"times of change without presence", pretender{traits: store.Traits{TellsChanged: true, Unattended: true}}, "not whether it is there"},
		{"authors without presence", pretender{traits: store.Traits{TellsAuthor: true, Unattended: true}}, "not whether it is there"},
	} {
		got := strings.Join(Contradictions(c.store), "; ")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
