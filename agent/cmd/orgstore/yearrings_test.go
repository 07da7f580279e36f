package main

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

// ringedStores are two stores in rings, and a check after each change.
const ringedStores = `stores:
  pilot: { driver: folder, path: pilot }
  store: { driver: folder, path: store }
rings: [pilot, store]
check: { webhook: { url_env: CHECK_URL, secret_env: CHECK_SECRET } }`

// promoted is how long what goes on must have run in the pilot.
const promoted = 5 * 24 * time.Hour

// ringed is what is known of a year with a pilot by other means than the history:
// what the check answered, and what lay in the pilot at each look.
type ringed struct {
	answers map[store.Key]map[visual.Digest]answered
	bad     map[string]map[int]bool // majors that the pilot's check finds bad, by visual
	now     map[string]stay         // what lies in the pilot
	longest map[visual.Digest]time.Duration
	failed  int
	went    int
}

// An answered question is the first answer of a check about a package in a store:
// asked again, it answers the same.
type answered struct {
	good bool
	at   time.Time
}

type stay struct {
	digest visual.Digest
	since  time.Time
}

func newRinged() *ringed {
	return &ringed{answers: map[store.Key]map[visual.Digest]answered{}, bad: map[string]map[int]bool{}, now: map[string]stay{}, longest: map[visual.Digest]time.Duration{}}
}

// post is the check: some versions are bad, which the pilot shows, and now and then
// what is good fails for reasons of its own, also in the store. A license that was
// renewed does nobody harm.
func (y *year) post(_ context.Context, _ config.Settings, p engine.Post) error {
	var told struct {
		Data struct{ Change, GUID, Store, Digest string }
	}
	if err := json.Unmarshal(p.Body, &told); err != nil {
		return err
	}
	guid, err := visual.ParseGUID(told.Data.GUID)
	if err != nil {
		return err
	}
	digest, err := visual.ParseDigest(told.Data.Digest)
	if err != nil {
		return err
	}
	k := store.Key{Store: told.Data.Store, GUID: guid}
	if y.ringed.answers[k] == nil {
		y.ringed.answers[k] = map[visual.Digest]answered{}
	}
	a, before := y.ringed.answers[k][digest]
	if !before {
		a = answered{y.judges(k, y.sent[digest], change.Kind(told.Data.Change)), y.now}
		y.ringed.answers[k][digest] = a
	}
	if !a.good {
		y.ringed.failed++
		return errors.New("the gauge is empty")
	}
	return nil
}

// judges decides what a check says.
func (y *year) judges(k store.Key, s sending, by change.Kind) bool {
	if by == change.Renew || by == change.Install {
		return true
	}
	majors := y.ringed.bad[s.guid]
	if majors == nil {
		majors = map[int]bool{}
		y.ringed.bad[s.guid] = majors
	}
	if _, decided := majors[s.major]; !decided && k.Store == pilot {
		majors[s.major] = y.dice.IntN(3) == 0
	}
	return !majors[s.major] && y.dice.IntN(12) != 0
}

// stores lists where visuals are.
func (y *year) stores() []string {
	if y.ringed == nil {
		return []string{theStore}
	}
	return []string{pilot, theStore}
}

// somewhere is what says in which store a person goes back.
func (y *year) somewhere() []string {
	if y.ringed == nil {
		return nil
	}
	return []string{"--store", y.stores()[y.dice.IntN(2)]}
}

// onward checks a change that put other code into the store: the very bytes had
// stayed in the pilot for long enough, and the check there had found them good.
func (y *year) onward(r journal.Revision) {
	codes := []change.Kind{change.Install, change.Upgrade, change.Replace}
	if y.ringed == nil || r.Key.Store != theStore || !slices.Contains(codes, r.Kind) {
		return
	}
	y.ringed.went++
	digest := r.After.Release.Digest
	// The pilot is looked at twice a day, so that up to a day is not seen.
	if stayed := y.ringed.longest[digest]; stayed < promoted-24*time.Hour {
		y.fail("%s went on to the store and had been in the pilot for %s", r.After.Release, stayed)
	}
	if a, asked := y.ringed.answers[store.Key{Store: pilot, GUID: r.Key.GUID}][digest]; asked && !a.good {
		y.fail("%s went on to the store, and its check had failed in the pilot", r.After.Release)
	} else if !asked {
		y.fail("%s went on to the store, and nobody had asked its check in the pilot", r.After.Release)
	}
}

// ringsHeld looks at both stores: what is bad is never in the store, and goes back
// in the pilot.
func (y *year) ringsHeld(book journal.Book) {
	if y.ringed == nil {
		return
	}
	for _, v := range y.visuals {
		if d, there := y.stored(theStore, v.guid); there && y.ringed.bad[v.guid][y.sent[d].major] {
			y.fail("%s of %s is in the store, and it is bad", d, v.guid)
		}
		d, there := y.stored(pilot, v.guid)
		if was := y.ringed.now[v.guid]; !there || was.digest != d {
			y.ringed.now[v.guid] = stay{d, y.now}
		} else if there {
			y.ringed.longest[d] = max(y.ringed.longest[d], y.now.Sub(was.since))
		}
		if there && y.calm > 2 && !y.wrong() {
			y.wentBack(book, v.guid, d)
		}
	}
}

// wentBack checks that what the check found bad is not in the pilot any more, unless
// there was no way back, which everybody was told.
func (y *year) wentBack(book journal.Book, guid string, d visual.Digest) {
	for k, answers := range maps.All(y.ringed.answers) {
		a, asked := answers[d]
		if k.GUID.String() != guid || k.Store != pilot || !asked || a.good {
			continue
		}
		revisions := book.Revisions(k)
		if last := revisions[len(revisions)-1]; last.Status != journal.StatusFailed || len(last.Checks) == 0 {
			y.fail("%s of %s is in the pilot, and its check failed: %+v", d, guid, last)
		}
	}
}
