package journal_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func sealed(t testing.TB, f journal.Fact) journal.Record {
	t.Helper()
	r, err := journal.Seal(journal.Entry{
		Seq: 1, At: journaltest.Start(), By: journaltest.Stamp().Actor, Tx: "tx_1", Policy: "sha256:policy", Fact: f,
	}, journal.Hash{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The stored form of every fact, for good: a difference here means that
// journals written before can no longer be read, or mean something else.
func TestStoredFormIsForGood(t *testing.T) {
	var got bytes.Buffer
	for _, f := range samples(t) {
		r := sealed(t, f)
		got.WriteString(r.Hash.String() + " " + string(r.Body) + "\n")
	}
	golden := filepath.Join("testdata", "facts.golden")
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	wants, gots := strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")
	for i, line := range gots {
		if i >= len(wants) || line != wants[i] {
			t.Errorf("line %d:\n got %s\nwant %s", i+1, line, at(wants, i))
		}
	}
	if len(wants) != len(gots) {
		t.Errorf("%d lines, want %d", len(gots), len(wants))
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}

func TestEveryFactComesBack(t *testing.T) {
	var kinds []journal.Kind
	for _, f := range samples(t) {
		kinds = append(kinds, journal.KindOf(f))
		e, err := journal.Unseal(sealed(t, f), 0, journal.Hash{})
		if err != nil {
			t.Errorf("%s: %v", journal.KindOf(f), err)
			continue
		}
		if !reflect.DeepEqual(e.Fact, f) {
			t.Errorf("%s came back as\n%+v, was\n%+v", journal.KindOf(f), e.Fact, f)
		}
		for v, i := reflect.ValueOf(f), 0; i < v.NumField(); i++ {
			if v.Field(i).IsZero() {
				t.Errorf("the sample of %s does not set %s", journal.KindOf(f), v.Type().Field(i).Name)
			}
		}
	}
	if !slices.Equal(kinds, journal.Kinds()) {
		t.Errorf("samples of %v, kinds are %v", kinds, journal.Kinds())
	}
}

func TestNamesOfFilesNeedNotBeUTF8(t *testing.T) {
	r := sealed(t, journal.ItemRefused{Source: "inbox/caf\xe9.txt", Digest: digest("x")})
	e, err := journal.Unseal(r, 0, journal.Hash{})
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Fact.(journal.ItemRefused).Source; got != "inbox/caf\ufffd.txt" {
		t.Errorf("the name came back as %q", got)
	}
}

func TestTooLargeAnEntryIsRefused(t *testing.T) {
	_, err := journal.Seal(journal.Entry{Fact: journal.Held{Reason: strings.Repeat("x", journal.MaxBody)}}, journal.Hash{})
	if err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("sealing it: %v", err)
	}
}

// What only a newer program can have written is refused, and says so.
func TestNewerEntriesAreRefused(t *testing.T) {
	body := string(sealed(t, journal.SettingsSeen{Policy: "p"}).Body)
	for name, change := range map[string][2]string{
		"an unknown kind":                  {`"settings-seen"`, `"foreseen"`},
		"a higher number":                  {`"v":1`, `"v":2`},
		"number zero":                      {`"v":1`, `"v":0`},
		"another format":                   {`"format":1`, `"format":2`},
		"another format with more members": {`"format":1`, `"format":2,"witness":"w"`},
		"an unknown member of the fact":    {`"data":{`, `"data":{"forbids":true,`},
		"an unknown member of the entry":   {`"tx":`, `"approved":false,"tx":`},
		"a member in another case":         {`"policy":"p"`, `"Policy":"p"`},
		"an unknown member of the actor":   {`"id":`, `"group":"g","id":`},
	} {
		t.Run(name, func(t *testing.T) {
			newer := strings.Replace(body, change[0], change[1], 1)
			_, err := journal.Replay(t.Context(), journaltest.Of(journal.Forge(1, journal.Hash{}, []byte(newer))))
			if e := (*journal.NewerError)(nil); !errors.As(err, &e) || e.Seq != 1 || !strings.Contains(err.Error(), "update orgstore") {
				t.Errorf("reading %s: %v", newer, err)
			}
		})
	}
}

// Bodies that no orgstore wrote, with hashes that fit.
func TestForgedBodiesAreBroken(t *testing.T) {
	body := string(sealed(t, journal.SettingsSeen{Policy: "p"}).Body)
	for name, change := range map[string][2]string{
		"no JSON":                  {`{"format"`, `format`},
		"a member twice":           {`"tx":`, `"tx":"tx_0","tx":`},
		"a member of a fact twice": {`"policy":"p"`, `"policy":"p","policy":"q"`},
		"another entry's number":   {`"seq":1`, `"seq":2`},
		"a time that is none":      {`2026-03-02`, `2026-13-02`},
		"more after the end":       {`"p"}}}`, `"p"}}}{}`},
		"a digest that is none":    {`"policy":"p"`, `"policy":7`},
	} {
		t.Run(name, func(t *testing.T) {
			forged := strings.Replace(body, change[0], change[1], 1)
			if forged == body {
				t.Fatalf("nothing was changed in %s", body)
			}
			_, err := journal.Replay(t.Context(), journaltest.Of(journal.Forge(1, journal.Hash{}, []byte(forged))))
			if e := (*journal.BrokenError)(nil); !errors.As(err, &e) || e.Seq != 1 {
				t.Errorf("reading %s: %v", forged, err)
			}
		})
	}
}

func TestTamperedChains(t *testing.T) {
	log := new(journaltest.Log)
	j := journaltest.Open(t, log)
	for _, p := range []string{"1", "2", "3", "4", "5"} {
		if err := j.Append(t.Context(), "tx_1", journal.SettingsSeen{Policy: p}); err != nil {
			t.Fatal(err)
		}
	}
	edited := func(r journal.Record) []byte { return bytes.Replace(r.Body, []byte("agent01"), []byte("agent02"), 1) }
	cases := []struct {
		name   string
		tamper func([]journal.Record) []journal.Record
		seq    uint64 // the first entry that is wrong
	}{
		{"an entry's body is edited", func(r []journal.Record) []journal.Record {
			r[2].Body = edited(r[2])
			return r
		}, 3},
		{"a body is edited and its hash made anew", func(r []journal.Record) []journal.Record {
			r[2] = journal.Forge(3, r[2].Prev, edited(r[2]))
			return r
		}, 4},
		{"a hash is edited", func(r []journal.Record) []journal.Record {
			r[2].Hash[0] ^= 1
			return r
		}, 3},
		{"a link is edited", func(r []journal.Record) []journal.Record {
			r[2].Prev[0] ^= 1
			return r
		}, 3},
		{"the first entry starts elsewhere", func(r []journal.Record) []journal.Record {
			r[0] = journal.Forge(1, journal.Hash{1}, r[0].Body)
			return r
		}, 1},
		{"an entry is taken out", func(r []journal.Record) []journal.Record { return slices.Delete(r, 2, 3) }, 3},
		{"an entry is taken out and the rest renumbered", func(r []journal.Record) []journal.Record {
			r = slices.Delete(r, 2, 3)
			r[2].Seq, r[3].Seq = 3, 4
			return r
		}, 3},
		{"an entry's number is edited beside its body", func(r []journal.Record) []journal.Record {
			r[2].Seq = 9
			return r
		}, 3},
		{"the beginning is taken out", func(r []journal.Record) []journal.Record { return r[2:] }, 1},
		{"two entries change places", func(r []journal.Record) []journal.Record {
			r[1], r[2] = r[2], r[1]
			return r
		}, 2},
		{"two entries change places and numbers", func(r []journal.Record) []journal.Record {
			r[1], r[2] = r[2], r[1]
			r[1].Seq, r[2].Seq = 2, 3
			return r
		}, 2},
		{"two entries change places and the chain is made anew", func(r []journal.Record) []journal.Record {
			b, c := journal.Forge(2, r[0].Hash, r[2].Body), r[1].Body
			return []journal.Record{r[0], b, journal.Forge(3, b.Hash, c)}
		}, 2},
		{"an entry comes twice", func(r []journal.Record) []journal.Record { return slices.Insert(r, 2, r[1]) }, 3},
		{"a forged entry is put at the end with a wrong link", func(r []journal.Record) []journal.Record {
			return append(r, journal.Forge(6, journal.Hash{}, r[4].Body))
		}, 6},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := journal.Replay(t.Context(), journaltest.Of(c.tamper(log.Records())...))
			e := (*journal.BrokenError)(nil)
			if !errors.As(err, &e) || e.Seq != c.seq {
				t.Errorf("replay says %v, want it broken at %d", err, c.seq)
			}
		})
	}
}

// What a chain cannot show: without a hash kept elsewhere, a log whose newest
// entries are gone looks like one to which they were never appended. A journal
// that had read them does see it: see the suite.
func TestACutTailIsNotSeenWithoutAHeadKeptElsewhere(t *testing.T) {
	log := new(journaltest.Log)
	j := journaltest.Open(t, log)
	for _, p := range []string{"1", "2", "3"} {
		if err := j.Append(t.Context(), "tx_1", journal.SettingsSeen{Policy: p}); err != nil {
			t.Fatal(err)
		}
	}
	cut, err := journal.Replay(t.Context(), journaltest.Of(log.Records()[:2]...))
	if err != nil {
		t.Fatal(err)
	}
	if cut.Head() == j.Book().Head() {
		t.Error("a head kept elsewhere would not show it either")
	}
}

// A chain that fits, telling a story that cannot be.
func TestImpossibleHistoryIsBroken(t *testing.T) {
	first := sealed(t, journal.SettingsSeen{Policy: "p"})
	second, err := journal.Seal(journal.Entry{Seq: 2, At: journaltest.Start(), Fact: journal.Done{Step: "s", State: seen(state(t, "1.0"))}}, first.Hash)
	if err != nil {
		t.Fatal(err)
	}
	_, err = journal.Replay(t.Context(), journaltest.Of(first, second))
	if e := (*journal.BrokenError)(nil); !errors.As(err, &e) || e.Seq != 2 || !strings.Contains(err.Error(), "no step") {
		t.Errorf("replay says %v", err)
	}
}

func TestTxIDs(t *testing.T) {
	form := regexp.MustCompile(`^tx_[0-9a-hjkmnp-tv-z]{26}$`)
	var ids []string
	for i := range 50 {
		id, err := journal.NewTxID(day.Add(time.Duration(i)*time.Millisecond), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if !form.MatchString(string(id)) {
			t.Errorf("%q has another form", id)
		}
		ids = append(ids, string(id))
	}
	if !slices.IsSorted(ids) {
		t.Error("they do not order by time")
	}
	a, _ := journal.NewTxID(day, rand.Reader)
	b, _ := journal.NewTxID(day, rand.Reader)
	if a == b {
		t.Error("two of one moment are equal")
	}
	if _, err := journal.NewTxID(day, strings.NewReader("short")); err == nil {
		t.Error("made without enough randomness")
	}
}

// An override of before, which names its step and what the person read, still opens.
func TestOverridesOfBeforeOpen(t *testing.T) {
	body := `{"format":1,"seq":1,"at":"2026-03-02T09:00:00Z","by":{"source":"os","id":"1000","name":"ada","host":"agent01"},"tx":"tx_1","policy":"sha256:policy",` +
		`"fact":{"kind":"overridden","v":1,"data":{"step":"step-2","gate":"tries","about":"it failed 3 times","reason":"the share is back"}}}`
	b, err := journal.Replay(t.Context(), journaltest.Of(journal.Forge(1, journal.Hash{}, []byte(body))))
	if err != nil {
		t.Fatal(err)
	}
	if o := b.Overrides(); len(o) != 1 || o[0].About != "it failed 3 times" {
		t.Errorf("it opens as %+v", o)
	}
}
