package observe_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/agent/observe"
	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

const tiles = "auroraTiles3F9A1C7E5B2D4860A1B2C3D4E5F60718"

// A shelf is a store that only tells.
type shelf struct {
	store.Store
	traits store.Traits
	holds  map[visual.GUID]store.Listing
	err    error
}

func (s shelf) Installed(context.Context) (map[visual.GUID]store.Listing, error) {
	return s.holds, s.err
}
func (s shelf) Traits() store.Traits { return s.traits }

// taken returns the book of files that were taken in; the archive is gone by then.
func taken(t testing.TB, files ...[]byte) journal.Book {
	t.Helper()
	d := disktest.NewLossy()
	kept, err := archive.Open(d, "archive")
	if err != nil {
		t.Fatal(err)
	}
	importer := intake.Importer{
		Archive: kept, Journal: journaltest.Open(t, new(journaltest.Log)), Trust: trust(), Limits: pbiviz.DefaultLimits(),
		Now: func() time.Time { return licensetest.Time("2026-11-23") },
	}
	for _, file := range files {
		name := "x.pbiviz"
		if _, err := license.Peek(file); err == nil {
			name += license.StatementSuffix
		}
		if got, err := importer.Take(context.Background(), "tx-1", name, file); err != nil || got.Refused != nil {
			t.Fatal(got.Refused, err)
		}
	}
	return importer.Journal.Book()
}

func trust() license.Trust { return licensetest.Aurora().Trust(pbiviztest.GUID, tiles) }

func observer() observe.Observer {
	return observe.Observer{Trust: trust(), Least: license.Attested, Tenant: licensetest.Tenant, Stores: map[string]store.Store{}}
}

func gauge(version string) *pbiviz.Package {
	return licensetest.Package(pbiviztest.Package{Version: version, Script: "var v = '" + version + "';\n"})
}

func codes(c plan.Candidate) string {
	all := []string{c.Release.Version.String(), string(c.Judgment.Verdict)}
	for _, f := range c.Judgment.Findings {
		if f.Code != tenant.Unchecked { // TestWhatIsUsed asks about that
			all = append(all, string(f.Code))
		}
	}
	return strings.Join(all, " ")
}

// What a license counts is held against what is known of the tenant; what is
// not known is said.
func TestWhatIsUsed(t *testing.T) {
	p := gauge("1.0.0.0")
	book := taken(t, p.File(), licensetest.Aurora().Statement(p))
	people := func(n int64) tenant.People { return tenant.People{Count: tenant.Is(n)} }
	for name, c := range map[string]struct {
		usage tenant.Facts
		code  verdict.Code
	}{
		"nobody told":            {tenant.Facts{}, tenant.Unchecked},
		"more users than seats":  {tenant.Facts{ID: licensetest.Tenant, Uses: []tenant.Use{{GUID: p.Manifest().GUID, Designers: people(9), Viewers: people(1 << 40)}}}, "ent.over_quantity"},
		"told, but not of users": {tenant.Facts{ID: licensetest.Tenant, Uses: []tenant.Use{{GUID: p.Manifest().GUID}}}, "ent.unknown_usage"},
	} {
		o := observer()
		o.Usage = c.usage
		if got := o.Candidates(book, false, licensetest.At("2026-11-23"))[0].Judgment; !got.Has(c.code) {
			t.Errorf("%s: got %v, want %s", name, got.Findings, c.code)
		}
	}
}

func TestCandidates(t *testing.T) {
	vendor, p, q := licensetest.Aurora(), gauge("1.0.0.0"), gauge("1.1.0.0")
	tolerant := pbiviztest.Archive{Files: pbiviztest.Package{}.Files()}
	tolerant.Files[2].Descriptor = true
	odd, err := pbiviz.Read(tolerant.Bytes(), pbiviz.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		files  [][]byte
		change func(*observe.Observer)
		asked  bool
		at     string
		want   []string
	}{
		{"a license that is good", [][]byte{p.File(), vendor.Statement(p)}, nil, false, "2026-11-23", []string{"1.0.0.0 accept"}},
		{"one that ended", [][]byte{p.File(), vendor.Statement(p)}, nil, false, licensetest.Ends, []string{"1.0.0.0 reject time.expired"}},
		{"one that has not begun", [][]byte{p.File(), vendor.Statement(p)}, nil, false, "2026-10-31T23:57:00Z", []string{"1.0.0.0 review time.not_yet"}},
		{"no statement", [][]byte{p.File()}, nil, false, "2026-11-23", []string{"1.0.0.0 reject lic.none"}},
		{"no statement, and none is needed", [][]byte{p.File()}, func(o *observe.Observer) { o.Least = license.Opaque }, false, "2026-11-23", []string{"1.0.0.0 warn lic.none"}},
		{"a statement that is not believed", [][]byte{p.File(), licensetest.Borealis().Statement(p)}, nil, false, "2026-11-23", []string{"1.0.0.0 reject lic.kid lic.grade"}},
		{"a statement that is not believed, and none is needed", [][]byte{p.File(), licensetest.Borealis().Statement(p)}, func(o *observe.Observer) { o.Least = license.Opaque }, false, "2026-11-23", []string{"1.0.0.0 reject lic.kid"}},
		{"one that is believed and one that is not", [][]byte{p.File(), licensetest.Borealis().Statement(p), vendor.Statement(p)}, nil, false, "2026-11-23", []string{"1.0.0.0 accept"}},
		{"a vendor that is trusted no more", [][]byte{p.File(), vendor.Statement(p)}, func(o *observe.Observer) { o.Trust = licensetest.Borealis().Trust() }, false, "2026-11-23", []string{"1.0.0.0 reject lic.kid"}},
		{"another tenant", [][]byte{p.File(), vendor.Statement(p)}, func(o *observe.Observer) { o.Tenant = licensetest.OtherTenant }, false, "2026-11-23", []string{"1.0.0.0 reject ent.tenant ent.tenant"}},
		{"a grade that is not enough", [][]byte{p.File(), vendor.Statement(p)}, func(o *observe.Observer) { o.Least = "gold" }, false, "2026-11-23", []string{"1.0.0.0 reject lic.grade"}},
		{"two statements about one package", [][]byte{p.File(), vendor.Statement(p), vendor.Statement(p, func(r *issuer.Request) { r.Sequence, r.Ends = 8, licensetest.Time("2027-11-30") })}, nil, false, "2026-11-23", []string{"1.0.0.0 accept", "1.0.0.0 review lic.same_bytes_extended"}},
		{"several packages, as they came", [][]byte{q.File(), p.File(), vendor.Statement(p)}, nil, false, "2026-11-23", []string{"1.1.0.0 reject lic.none", "1.0.0.0 accept"}},
		{"a ZIP of the tolerant tier", [][]byte{odd.File(), vendor.Statement(odd)}, nil, false, "2026-11-23", []string{"1.0.0.0 review zip.tolerant"}},
		{"a ZIP of the tolerant tier, admitted", [][]byte{odd.File(), vendor.Statement(odd)}, func(o *observe.Observer) { o.Tolerant = true }, false, "2026-11-23", []string{"1.0.0.0 warn zip.tolerant"}},
		{"a ZIP of the tolerant tier without a statement", [][]byte{odd.File()}, func(o *observe.Observer) { o.Tolerant = true }, false, "2026-11-23", []string{"1.0.0.0 reject lic.none zip.tolerant"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := observer()
			if c.change != nil {
				c.change(&o)
			}
			var got []string
			for _, found := range o.Candidates(taken(t, c.files...), c.asked, licensetest.At(c.at)) {
				got = append(got, codes(found))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// What is superseded is a candidate only of what a person asks for.
func TestSupersededUnlessAsked(t *testing.T) {
	vendor, p := licensetest.Aurora(), gauge("1.0.0.0")
	newer := vendor.Statement(p, func(r *issuer.Request) { r.Sequence, r.Ends = 8, licensetest.Time("2027-11-01") })
	book := taken(t, p.File(), newer, vendor.Statement(p))
	for _, bound := range book.Bounds() {
		if bound.Terms.Sequence == 8 {
			book = done(t, book, bound)
		}
	}
	o := observer()
	for asked, want := range map[bool]bool{false: true, true: false} {
		for _, c := range o.Candidates(book, asked, licensetest.At("2026-11-23")) {
			if c.Terms.Sequence == 7 && c.Judgment.Has("life.superseded") != want {
				t.Errorf("asked %v: %+v", asked, c.Judgment)
			}
		}
	}
}

// done returns the book after a release was put under a license.
func done(t *testing.T, book journal.Book, b license.Bound) journal.Book {
	t.Helper()
	r := visual.Release{Version: b.Version, Digest: b.Package}
	to := store.State{Presence: store.Present, Release: &r, License: b.Terms, Claim: store.Verified}
	s := plan.Step{Key: store.Key{Store: "tenant", GUID: b.GUID}, Kind: change.Install, From: store.State{Presence: store.Absent}, To: to}.Identified()
	facts := []journal.Fact{journal.Begun{Step: s, Attempt: 1}, journal.Done{Step: s.ID, State: to}}
	for _, f := range facts {
		var err error
		if book, err = book.With(journal.Entry{Seq: book.Seq() + 1, Prev: book.Head(), At: journaltest.Start(), Tx: "tx-2", Fact: f}); err != nil {
			t.Fatal(err)
		}
	}
	return book
}

func TestInput(t *testing.T) {
	p := gauge("1.0.0.0")
	g, other := p.Manifest().GUID, licensetest.Package(pbiviztest.Package{GUID: tiles}).Manifest().GUID
	release := p.Release()
	yes := true
	telling := store.Traits{TellsPresence: true, TellsAccess: true, TellsVersion: true, TellsDigest: true, Unattended: true}
	o := observer()
	o.Stores = map[string]store.Store{
		"tenant": shelf{traits: telling, holds: map[visual.GUID]store.Listing{g: {GUID: g, Release: &release, Enabled: &yes}}},
		"pilot":  shelf{holds: map[visual.GUID]store.Listing{other: {GUID: other}}},
		"empty":  shelf{},
	}
	o.Wanted = []plan.Wanted{
		{Key: store.Key{Store: "tenant", GUID: other}}, {Key: store.Key{Store: "pilot", GUID: g}},
		{Key: store.Key{Store: "gone", GUID: g}},
	}
	book := taken(t, p.File(), licensetest.Aurora().Statement(p))
	book = done(t, book, book.Bounds()[0])
	in, err := o.Input(context.Background(), book, nil, licensetest.At("2026-11-23"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range in.Present {
		got = append(got, fmt.Sprint(x.Key, " ", x.Belief.Presence, " ", x.Observed != nil))
	}
	want := []string{
		fmt.Sprint(store.Key{Store: "pilot", GUID: g}, " unknown false"),
		fmt.Sprint(store.Key{Store: "pilot", GUID: other}, " unknown true"),
		fmt.Sprint(store.Key{Store: "tenant", GUID: g}, " present true"),
		fmt.Sprint(store.Key{Store: "tenant", GUID: other}, " unknown false"),
	}
	if !slices.Equal(got, want) {
		t.Errorf("present is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(in.Candidates) != 1 || in.Traits["tenant"] != telling || len(in.Traits) != 3 {
		t.Errorf("%d candidates, traits %v", len(in.Candidates), in.Traits)
	}
	for range 20 {
		again, err := o.Input(context.Background(), book, nil, licensetest.At("2026-11-23"))
		if err != nil || !reflect.DeepEqual(in, again) {
			t.Fatalf("looked again: %v\n%+v\n%+v", err, in, again)
		}
	}
}

// A store that cannot be looked into says so, since when, and stops no other.
func TestAStoreThatCannotBeSeen(t *testing.T) {
	o := observer()
	o.Stores["tenant"], o.Stores["pilot"] = shelf{err: errors.New("no network")}, shelf{err: &store.StrangeError{Reason: "op.strange", Message: "the list looks different", Advice: "record again"}}
	since := licensetest.At("2026-11-20").Time()
	o.UnreadSince = map[string]time.Time{"pilot": since}
	at := licensetest.At("2026-11-23")
	in, err := o.Input(context.Background(), journal.Book{}, nil, at)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]plan.Unread{
		"tenant": {Since: at.Time(), Message: "no network", Hint: "see to it that the store can be reached; until then nothing is changed there"},
		"pilot":  {Since: since, Message: "the list looks different", Hint: "record again", Cause: "op.strange"},
	}
	if !maps.Equal(in.Unread, want) {
		t.Errorf("unread are %+v, want %+v", in.Unread, want)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := o.Input(ctx, journal.Book{}, nil, at); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that ended, the error is %v", err)
	}
}

// What a plan is asked for evaluates every candidate as asked for; the asks and
// the open steps are in the input.
func TestAsksAndOpenSteps(t *testing.T) {
	p := gauge("1.0.0.0")
	book := taken(t, p.File(), licensetest.Aurora().Statement(p))
	r := p.Release()
	key := store.Key{Store: "tenant", GUID: p.Manifest().GUID}
	s := plan.Step{Key: key, Kind: change.Install, From: store.State{Presence: store.Absent}, To: store.State{Presence: store.Present, Release: &r}}.Identified()
	book, err := book.With(journal.Entry{Seq: book.Seq() + 1, Prev: book.Head(), At: journaltest.Start(), Fact: journal.Begun{Step: s, Attempt: 1}})
	if err != nil {
		t.Fatal(err)
	}
	o := observer()
	o.Stores["tenant"] = shelf{}
	asks := []plan.Ask{{Key: key, Version: r.Version}}
	in, err := o.Input(context.Background(), book, asks, licensetest.At("2026-11-23"))
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Present) != 1 || in.Present[0].Open == nil || in.Present[0].Open.Step.ID != s.ID || !slices.Equal(in.Asks, asks) {
		t.Errorf("the input is %+v", in)
	}
}
