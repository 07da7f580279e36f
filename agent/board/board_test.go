package board

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/library"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// A wall records what was posted, and fails for some items.
type wall struct {
	fails map[string]bool
	asked []string
}

func (w *wall) Post(_ context.Context, item string, _ library.Note) error {
	w.asked = append(w.asked, item)
	if w.fails[item] {
		return errors.New("closed")
	}
	return nil
}

func refused(id string) intake.Result {
	return intake.Result{Item: id, Source: id + ".pbiviz", Refused: verdict.Refuse("pkg.zip", "it is no ZIP", "")}
}

func again(t *testing.T, b *Board) *Board {
	t.Helper()
	text, err := b.Text()
	if err != nil {
		t.Fatal(err)
	}
	out, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var nothing = Look(journal.Book{}, plan.Input{})

func TestWhatWasToldIsNotToldAgain(t *testing.T) {
	b := New("Visuals")
	b.Take([]intake.Result{refused("b"), refused("a"), {Source: "by hand"}, {Item: "gone", Gone: true}})
	w := &wall{}
	if n, err := b.Post(t.Context(), w, nothing); n != 2 || err != nil || !cmp.Equal(w.asked, []string{"a", "b"}) {
		t.Errorf("posted %d (%v): %v", n, w.asked, err)
	}
	b = again(t, b)
	b.Take([]intake.Result{refused("a")})
	if b.HasChanges() {
		t.Error("the same bytes under the same name change the board")
	}
	if n, err := b.Post(t.Context(), w, nothing); n != 0 || err != nil {
		t.Errorf("posted %d again: %v", n, err)
	}
	other := refused("a")
	other.Refused = verdict.Refuse("pkg.zip", "it is cut", "")
	b.Take([]intake.Result{other})
	if n, _ := b.Post(t.Context(), w, nothing); n != 1 || !b.HasChanges() {
		t.Errorf("what became of other bytes was posted %d times", n)
	}
}

func TestOneItemThatCannotBeToldKeepsNoOtherOut(t *testing.T) {
	b := New("Visuals")
	for i := range 8 {
		b.Take([]intake.Result{refused(fmt.Sprint(i))})
	}
	w := &wall{fails: map[string]bool{"0": true, "2": true}}
	if n, err := b.Post(t.Context(), w, nothing); n != 6 || err == nil {
		t.Errorf("posted %d: %v", n, err)
	}
	w.fails = nil
	if n, err := b.Post(t.Context(), w, nothing); n != 2 || err != nil {
		t.Errorf("the next run posted %d: %v", n, err)
	}
}

func TestALibraryThatIsClosedIsNotAskedForEachItem(t *testing.T) {
	b := New("Visuals")
	w := &wall{fails: map[string]bool{}}
	for i := range 9 {
		b.Take([]intake.Result{refused(fmt.Sprint(i))})
		w.fails[fmt.Sprint(i)] = true
	}
	if n, err := b.Post(t.Context(), w, nothing); n != 0 || err == nil || len(w.asked) != mostMisses {
		t.Errorf("posted %d and asked %d times: %v", n, len(w.asked), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Post(ctx, w, nothing); !errors.Is(err, context.Canceled) || len(w.asked) != mostMisses {
		t.Errorf("canceled: %v", err)
	}
}

func TestTwoProcesses(t *testing.T) {
	b, other := New("Visuals"), New("Visuals")
	b.Take([]intake.Result{refused("mine")})
	other.Take([]intake.Result{refused("theirs")})
	b.Join(other)
	b.Join(nil)
	b.Join(New("Others"))
	if len(b.items) != 2 || !b.BelongsTo("Visuals") || b.BelongsTo("Others") {
		t.Errorf("the board holds %v", b.items)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "no board": "{}", "a later format": `{"orgstore_board":2,"library":"x","items":{}}`,
		"a member it does not know": `{"orgstore_board":1,"library":"x","items":{},"more":1}`,
		"a digest that is none":     `{"orgstore_board":1,"library":"x","items":{"a":{"name":"a","digest":"x"}}}`,
	} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

func TestWords(t *testing.T) {
	found := func(code verdict.Code, v verdict.Verdict) verdict.Judgment {
		return verdict.Judge(verdict.Finding{Code: code, Verdict: v, Message: "m", Hint: "h"})
	}
	for _, c := range []struct {
		name         string
		judged       verdict.Judgment
		word, reason string
	}{
		{"nothing found", verdict.Judge(), Accepted, ""},
		{"unchecked", found("ent.unchecked", verdict.Accept), Accepted, ""},
		{"a warning", found("lic.ending", verdict.Warn), Accepted, "m: h"},
		{"a review", found("ent.user", verdict.Review), Review, "m: h"},
		{"no license", found(plan.CodeUnlicensed, verdict.Reject), Waits, "m: h"},
		{"an ended license", found("lic.expired", verdict.Reject), Refused, "m: h"},
	} {
		if word, reason := verdictWord(plan.Candidate{Judgment: c.judged}); word != c.word || reason != c.reason {
			t.Errorf("%s: %s, %s", c.name, word, reason)
		}
	}
	soon, late := plan.Candidate{Judgment: verdict.Judge()}, plan.Candidate{Judgment: verdict.Judge()}
	soon.Terms.Ends, late.Terms.Ends = time.Unix(1, 0), time.Unix(2, 0)
	bad := plan.Candidate{Judgment: found("lic.revoked", verdict.Reject)}
	bad.Terms.Ends = time.Unix(3, 0)
	if c, _ := bestCandidate([]plan.Candidate{soon, bad, late}); !c.Terms.Ends.Equal(late.Terms.Ends) {
		t.Errorf("of three licenses that until %s counts", c.Terms.Ends)
	}
}

func TestAnItemThatTheJournalDoesNotKnow(t *testing.T) {
	n := nothing.note(item{Name: "x.pbiviz", Digest: visual.DigestOf([]byte("x"))})
	if n.Verdict != Waits || n.Reason == "" {
		t.Errorf("got %+v", n)
	}
}

func TestWhereAPackageIsInstalled(t *testing.T) {
	guid, err := visual.ParseGUID("auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E")
	if err != nil {
		t.Fatal(err)
	}
	d := visual.DigestOf([]byte("gauge"))
	p := journal.Package{Received: journal.Received{Package: d}}
	p.Manifest.GUID = guid
	off := false
	at := func(name string, of visual.Digest, enabled *bool) plan.Present {
		return plan.Present{Key: store.Key{Store: name, GUID: guid}, Belief: store.State{
			Presence: store.Present, Release: &visual.Release{Digest: of}, Enabled: enabled,
		}}
	}
	other := visual.DigestOf([]byte("other"))
	for want, present := range map[string][]plan.Present{
		"no":                   {at("store", other, nil)},
		"yes":                  {at("store", d, nil)},
		"yes, with access off": {at("store", d, &off)},
		"yes in pilot":         {at("pilot", d, nil), at("store", other, nil)},
		"yes in pilot; yes in store, with access off": {at("pilot", d, nil), at("store", d, &off)},
	} {
		if got := Look(journal.Book{}, plan.Input{Present: present}).installed(p); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
