package intake_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/library"
	"github.com/orgstore/orgstore/packages/library/folder"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

const tx = journal.TxID("tx-1")

// A bench is a importer with an archive in memory.
type bench struct {
	intake.Importer
	t    failer
	disk disk.Disk
	now  time.Time
}

type failer interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
	Errorf(string, ...any)
}

func newBench(t failer) *bench {
	t.Helper()
	b := &bench{t: t, disk: disktest.NewLossy(), now: licensetest.Time("2026-11-23")}
	kept, err := archive.Open(b.disk, "archive")
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(context.Background(), new(journaltest.Log), journaltest.Stamp())
	if err != nil {
		t.Fatal(err)
	}
	b.Importer = intake.Importer{
		Archive: kept, Journal: j, Trust: licensetest.Aurora().Trust(),
		Limits: pbiviz.DefaultLimits(), Now: func() time.Time { return b.now },
	}
	return b
}

func (b *bench) take(name string, file []byte) intake.Result {
	b.t.Helper()
	taken, err := b.Take(context.Background(), tx, name, file)
	if err != nil {
		b.t.Fatalf("taking %s in: %v", name, err)
	}
	return taken
}

func (b *bench) rebind() []license.Bound {
	b.t.Helper()
	bound, err := b.Rebind(context.Background(), tx)
	if err != nil {
		b.t.Fatalf("binding again: %v", err)
	}
	return bound
}

// kinds lists the kinds of facts recorded after an entry.
func (b *bench) kinds(after uint64) []journal.Kind {
	b.t.Helper()
	var all []journal.Kind
	err := b.Journal.Entries(context.Background(), func(e journal.Entry) error {
		if e.Seq > after {
			all = append(all, journal.KindOf(e.Fact))
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

func (b *bench) seq() uint64 { return b.Journal.Book().Seq() }

// recorded fails unless these were recorded after an entry.
func (b *bench) recorded(after uint64, want ...journal.Kind) {
	b.t.Helper()
	if got := b.kinds(after); !slices.Equal(got, want) {
		b.t.Errorf("recorded %v, want %v", got, want)
	}
}

// bounds says what is bound to what, in an order of its own.
func (b *bench) bounds() []string {
	var all []string
	for _, bound := range b.Journal.Book().Bounds() {
		all = append(all, fmt.Sprintf("%s %s %s %v", bound.Package.Short(), bound.Statement.Short(), bound.Terms.ID, bound.Embedded))
	}
	slices.Sort(all)
	return all
}

func gauge(version string) *pbiviz.Package {
	return licensetest.Package(pbiviztest.Package{Version: version, Script: "var v = '" + version + "';\n"})
}

func several(p ...*pbiviz.Package) []byte {
	vendor := licensetest.Aurora()
	made, err := issuer.Issue(vendor.Request(p...), vendor.Key)
	if err != nil || len(made) != 1 {
		panic(fmt.Sprint("one statement about several packages: ", len(made), err))
	}
	return made[0].Token
}

// TestOrderDoesNotMatter takes packages, statements and trust in in any order,
// with repetitions: in the end the same is bound.
func TestOrderDoesNotMatter(t *testing.T) {
	vendor, other := licensetest.Aurora(), licensetest.Borealis()
	a, c, d := gauge("1.0.0.0"), gauge("1.1.0.0"), gauge("1.2.0.0")
	renewed := vendor.Embedded(a, func(r *issuer.Request) { r.Sequence = 8 })
	line := append(slices.Clone(vendor.Statement(c)), '\n')
	files := map[string][]byte{
		"a.pbiviz": a.File(), "a again.pbiviz": a.File(), "renewed.pbiviz": renewed.File(), "c.pbiviz": c.File(), "d.pbiviz": d.File(),
		"a.pbiviz.license": vendor.Statement(a), "c.pbiviz.license": line, "c2.license": bytes.TrimSpace(line),
		"a and c.license": several(a, c),
		"foreign.license": other.Statement(d), "d.license": several(d, gauge("9.9.9.9")),
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	trusts := map[string]license.Trust{"trust none": {}, "trust aurora": vendor.Trust(), "trust borealis": other.Trust()}
	var first []string
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.Permutation(append(slices.Clone(names), names[rapid.IntRange(0, len(names)-1).Draw(t, "twice")],
			"trust none", "trust aurora", "trust borealis", "rebind")).Draw(t, "events")
		b := newBench(t)
		b.Trust = license.Trust{}
		for _, e := range append(events, "trust aurora") {
			if trust, ok := trusts[e]; ok {
				b.Trust = trust
				b.rebind()
			} else if e == "rebind" {
				b.rebind()
			} else {
				b.take(e, files[e])
			}
		}
		got := b.bounds()
		if first == nil {
			first = got
		}
		if !slices.Equal(got, first) {
			t.Fatalf("bound is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(first, "\n"))
		}
		before := b.seq()
		b.rebind()
		for name, file := range files {
			b.take(name, file)
		}
		b.recorded(before)
	})
	// Two about a, one inside its renewal, two about c, one about d.
	if len(first) != 6 {
		t.Errorf("bound is\n%s", strings.Join(first, "\n"))
	}
}

func TestTakingIn(t *testing.T) {
	vendor := licensetest.Aurora()
	p, q := gauge("1.0.0.0"), gauge("1.1.0.0")
	type file struct {
		name  string
		bytes []byte
	}
	var (
		received, stated, bound, marked = journal.KindOf(journal.Received{}), journal.KindOf(journal.StatementReceived{}), journal.KindOf(journal.Bound{}), journal.KindOf(journal.TimeMarked{})
		refused, noItem                 = journal.KindOf(journal.StatementRefused{}), journal.KindOf(journal.ItemRefused{})
	)
	for _, c := range []struct {
		name  string
		files []file
		want  []journal.Kind
	}{
		{"a package without a statement", []file{{"p.pbiviz", p.File()}}, []journal.Kind{received}},
		{"a package before its statement", []file{{"p.pbiviz", p.File()}, {"p.pbiviz.license", vendor.Statement(p)}}, []journal.Kind{received, stated, bound, marked}},
		{"a package after its statement", []file{{"p.pbiviz.license", vendor.Statement(p)}, {"p.pbiviz", p.File()}}, []journal.Kind{stated, received, bound, marked}},
		{"a package with its statement inside", []file{{"p.pbiviz", vendor.Embedded(p).File()}}, []journal.Kind{received, bound, marked}},
		{"inside and beside, the same", []file{{"p.pbiviz", vendor.Embedded(p).File()}, {"p.license", vendor.Statement(p)}}, []journal.Kind{received, bound, marked, stated}},
		{"inside and beside, the same but for a line feed", []file{{"p.pbiviz", vendor.Embedded(p).File()}, {"p.license", append(vendor.Statement(p), '\n')}}, []journal.Kind{received, bound, marked, stated}},
		{"beside and inside, the same", []file{{"p.license", vendor.Statement(p)}, {"p.pbiviz", vendor.Embedded(p).File()}}, []journal.Kind{stated, received, bound, marked}},
		{"inside with a line feed, and beside without", []file{
			{"p.pbiviz", pbiviztest.Package{Version: "1.0.0.0", Script: "var v = '1.0.0.0';\n", Statement: append(vendor.Statement(p), '\n')}.Bytes()},
			{"p.license", vendor.Statement(p)},
		}, []journal.Kind{received, bound, marked, stated, bound}},
		{"inside and beside, different", []file{
			{"p.pbiviz", vendor.Embedded(p).File()}, {"p.license", vendor.Statement(p, func(r *issuer.Request) { r.Sequence = 9 })},
		}, []journal.Kind{received, bound, marked, stated, refused}},
		{"one package under two names", []file{{"p.pbiviz", p.File()}, {"q.pbiviz", p.File()}}, []journal.Kind{received}},
		{"one statement under two names", []file{{"p.license", vendor.Statement(p)}, {"q.license", vendor.Statement(p)}}, []journal.Kind{stated}},
		{"one statement about several packages", []file{{"p.pbiviz", p.File()}, {"all.license", several(p, q)}, {"q.pbiviz", q.File()}}, []journal.Kind{received, stated, bound, marked, received, bound}},
		{"a statement about a package never seen", []file{{"p.license", vendor.Statement(p)}, {"q.pbiviz", q.File()}}, []journal.Kind{stated, received}},
		{"a statement of a vendor not trusted", []file{{"p.pbiviz", p.File()}, {"p.license", licensetest.Borealis().Statement(p)}}, []journal.Kind{received, stated, refused}},
		{"no package at all", []file{{"p.pbiviz", []byte("MZ")}, {"q.pbiviz", []byte("MZ")}}, []journal.Kind{noItem}},
		{"no statement at all", []file{{"p.license", []byte("hello")}, {"p.license", []byte("hello")}}, []journal.Kind{noItem}},
		{"a statement called a package", []file{{"p.pbiviz", vendor.Statement(p)}}, []journal.Kind{noItem}},
		{"a package called a statement", []file{{"p.license", p.File()}}, []journal.Kind{noItem}},
		{"a package called a statement, then by its name", []file{{"p.license", p.File()}, {"p.pbiviz", p.File()}}, []journal.Kind{noItem, received, noItem}},
		{"an empty file", []file{{"p.pbiviz", nil}}, []journal.Kind{noItem}},
		{"names in capital letters", []file{{"P.PBIVIZ", p.File()}, {"P.PBIVIZ.LICENSE", vendor.Statement(p)}}, []journal.Kind{received, stated, bound, marked}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			for range 2 { // what comes again is recorded no more
				for _, f := range c.files {
					b.take(f.name, f.bytes)
				}
			}
			b.rebind()
			b.recorded(0, c.want...)
		})
	}
}

func TestWhatIsTakenSaysWhatBecameOfIt(t *testing.T) {
	b, vendor, p := newBench(t), licensetest.Aurora(), gauge("1.0.0.0")
	taken := b.take("inbox/p.pbiviz", p.File())
	if taken.Package != p.Digest() || !taken.New || taken.Refused != nil || len(taken.Bound) != 0 {
		t.Errorf("a package: %+v", taken)
	}
	taken = b.take("p.license", vendor.Statement(p))
	if taken.Statement != visual.DigestOf(vendor.Statement(p)) || !taken.New || len(taken.Bound) != 1 || taken.Bound[0].Package != p.Digest() {
		t.Errorf("a statement: %+v", taken)
	}
	if taken = b.take("p.license", vendor.Statement(p)); taken.New {
		t.Errorf("a statement again: %+v", taken)
	}
	if taken = b.take("x.pbiviz", []byte("MZ")); taken.Refused == nil || !taken.Package.IsZero() {
		t.Errorf("no package: %+v", taken)
	}
	if known, _ := b.Journal.Book().Package(p.Digest()); known.Source != "p.pbiviz" {
		t.Errorf("the source is %q", known.Source)
	}
}

// What is taken in again mends the archive, as the hint of a damaged one says.
func TestTakingInAgainMendsTheArchive(t *testing.T) {
	b, vendor, p := newBench(t), licensetest.Aurora(), gauge("1.0.0.0")
	b.take("p.pbiviz", p.File())
	b.take("p.license", vendor.Statement(p))
	before := b.seq()
	for _, name := range []string{"packages/" + p.Digest().Hex() + ".pbiviz", "statements/" + visual.DigestOf(vendor.Statement(p)).Hex() + ".license"} {
		if err := b.disk.Remove(filepath.Join("archive", name)); err != nil {
			t.Fatal(err)
		}
	}
	b.take("p.pbiviz", p.File())
	b.take("p.license", vendor.Statement(p))
	b.recorded(before)
	if _, err := b.Archive.Package(p.Digest()); err != nil {
		t.Error(err)
	}
	if _, err := b.Archive.Statement(visual.DigestOf(vendor.Statement(p))); err != nil {
		t.Error(err)
	}
}

// Trust that changes is asked once about what was refused under the old one.
func TestTrustThatChanges(t *testing.T) {
	vendor, p := licensetest.Aurora(), gauge("1.0.0.0")
	q := vendor.Embedded(gauge("1.1.0.0"))
	renamed := vendor.Settings()
	renamed.Name = "Aurora Visuals GmbH"
	named, err := license.NewTrust(licensetest.Tenant, []license.Vendor{renamed})
	if err != nil {
		t.Fatal(err)
	}
	bound, refused, marked := journal.KindOf(journal.Bound{}), journal.KindOf(journal.StatementRefused{}), journal.KindOf(journal.TimeMarked{})
	for _, c := range []struct {
		name     string
		from, to license.Trust
		want     []journal.Kind
		bounds   int
	}{
		{"not at all", vendor.Trust(), vendor.Trust(), nil, 2},
		{"the vendor is added", license.Trust{}, vendor.Trust(), []journal.Kind{bound, marked, bound}, 2},
		{"the vendor is removed", vendor.Trust(), license.Trust{}, []journal.Kind{refused, refused}, 0},
		{"another vendor is added that changes nothing", license.Trust{}, licensetest.Borealis().Trust(), []journal.Kind{refused, refused}, 0},
		{"the vendor has another name", vendor.Trust(), named, []journal.Kind{bound, bound}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.Trust = c.from
			b.take("p.pbiviz", p.File())
			b.take("p.license", vendor.Statement(p))
			b.take("q.pbiviz", q.File())
			before := b.seq()
			b.Trust = c.to
			for range 3 {
				b.rebind()
			}
			b.recorded(before, c.want...)
			bounds := b.Journal.Book().Bounds()
			if len(bounds) != c.bounds {
				t.Errorf("%d are bound, want %d", len(bounds), c.bounds)
			}
			for _, bound := range bounds {
				j := b.Trust.Evaluate(bound, licensetest.Need(), licensetest.Facts(), licensetest.At("2026-11-23"))
				if !j.Verdict.Passes() {
					t.Errorf("after binding again: %+v", j.Findings)
				}
			}
		})
	}
}

// What is bound under a trust that is gone is worth nothing, even before it is
// bound again.
func TestWhatIsBoundIsEvaluatedByTheTrustOfToday(t *testing.T) {
	b, vendor, p := newBench(t), licensetest.Aurora(), gauge("1.0.0.0")
	b.take("p.pbiviz", p.File())
	b.take("p.license", vendor.Statement(p))
	bound := b.Journal.Book().Bounds()[0]
	j := licensetest.Borealis().Trust().Evaluate(bound, licensetest.Need(), licensetest.Facts(), licensetest.At("2026-11-23"))
	if j.Verdict != verdict.Reject || !j.Has("lic.kid") {
		t.Errorf("evaluated by another trust: %+v", j)
	}
}

// One package that cannot be read keeps no other from being bound.
func TestADamagedPackageKeepsNoOtherFromBeingBound(t *testing.T) {
	b, vendor, p, q := newBench(t), licensetest.Aurora(), gauge("1.0.0.0"), gauge("1.1.0.0")
	b.Trust = license.Trust{}
	for _, x := range []*pbiviz.Package{p, q} {
		b.take("x.pbiviz", x.File())
		b.take("x.license", vendor.Statement(x))
	}
	if err := b.disk.Remove(filepath.Join("archive", "packages", p.Digest().Hex()+".pbiviz")); err != nil {
		t.Fatal(err)
	}
	b.Trust = vendor.Trust()
	bound, err := b.Rebind(context.Background(), tx)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the package that is gone: %v", err)
	}
	if len(bound) != 1 || bound[0].Package != q.Digest() {
		t.Errorf("bound is %+v", bound)
	}
	b.take("p.pbiviz", p.File()) // which mends it
	if got := b.bounds(); len(got) != 2 {
		t.Errorf("bound is %v", got)
	}
}

func TestTimeMarks(t *testing.T) {
	vendor, p := licensetest.Aurora(), gauge("1.0.0.0")
	issued := func(at string) []byte {
		return vendor.Statement(p, func(r *issuer.Request) { r.Issued = licensetest.Time(at); r.Ends = licensetest.Time("2027-06-01") })
	}
	for _, c := range []struct {
		name  string
		dates []string
		want  string
	}{
		{"a signed time is trusted", []string{"2026-11-01"}, "2026-11-01"},
		{"the newest counts", []string{"2026-11-01", "2026-11-20", "2026-11-10"}, "2026-11-20"},
		{"one of this very moment is trusted", []string{"2026-11-23"}, "2026-11-23"},
		{"one ahead of the clock is not", []string{"2026-11-01", "2026-11-24"}, "2026-11-01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.take("p.pbiviz", p.File())
			for _, d := range c.dates {
				b.take("p.license", issued(d))
			}
			if got := b.Journal.Book().TimeMark().Trusted; !got.Equal(licensetest.Time(c.want)) {
				t.Errorf("the mark is %s, want %s", got, c.want)
			}
		})
	}
	t.Run("what is not believed marks nothing", func(t *testing.T) {
		b := newBench(t)
		b.take("p.pbiviz", p.File())
		b.take("p.license", licensetest.Borealis().Statement(p))
		if got := b.Journal.Book().TimeMark().Trusted; !got.IsZero() {
			t.Errorf("the mark is %s", got)
		}
	})
}

// A shelf is a library in memory that misbehaves as asked.
type shelf struct {
	items  []library.Item
	files  map[string][]byte
	fail   map[string]error
	broken map[string]error // fails while being read
	list   error
	before func(name string)
}

func (s *shelf) put(name string, file []byte) {
	s.items = append(s.items, library.Item{ID: name, Name: name, Size: int64(len(file))})
	if s.files == nil {
		s.files, s.fail, s.broken = map[string][]byte{}, map[string]error{}, map[string]error{}
	}
	s.files[name] = file
}

func (s *shelf) Changes(ctx context.Context, from library.Cursor) ([]library.Item, library.Cursor, error) {
	if err := cmp.Or(s.list, ctx.Err()); err != nil {
		return nil, "nonsense", err
	}
	if from == "all" {
		return nil, from, nil
	}
	return s.items, "all", nil
}

func (s *shelf) Fetch(_ context.Context, item library.Item, max int64) (io.ReadCloser, error) {
	if s.before != nil {
		s.before(item.Name)
	}
	if err := s.fail[item.Name]; err != nil {
		return nil, err
	}
	var r io.Reader = bytes.NewReader(s.files[item.Name])
	if err := s.broken[item.Name]; err != nil {
		r = io.MultiReader(io.LimitReader(r, 3), failing{err})
	}
	return io.NopCloser(r), nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Without says which items were gone.
func (s *shelf) Without(c library.Cursor, items ...library.Item) library.Cursor {
	for _, i := range items {
		c += library.Cursor(" but " + i.Name)
	}
	return c
}

// names lists what was taken in, with a ! before what was refused and a ?
// before what was gone.
func names(taken []intake.Result) string {
	var all []string
	for _, t := range taken {
		name := t.Source
		if t.Refused != nil {
			name = "!" + name
		}
		if t.Gone {
			name = "?" + name
		}
		all = append(all, name)
	}
	return strings.Join(all, " ")
}

func TestPolling(t *testing.T) {
	vendor, p, q := licensetest.Aurora(), gauge("1.0.0.0"), gauge("1.1.0.0")
	gone := fmt.Errorf("q.pbiviz is not there any more: %w", fs.ErrNotExist)
	huge := bytes.Repeat([]byte("x"), license.MaxStatement+1)
	for _, c := range []struct {
		name   string
		shelf  func(*shelf)
		taken  string
		cursor library.Cursor
		err    string
	}{
		{"nothing new", func(s *shelf) { s.items = nil }, "", "all", ""},
		{"all is taken in", func(s *shelf) { s.put("p.license", vendor.Statement(p)) }, "p.pbiviz q.pbiviz p.license", "all", ""},
		{"the library cannot be listed", func(s *shelf) { s.list = errors.New("no network") }, "", "old", "cannot list the library: no network"},
		{"an item vanishes before it is fetched", func(s *shelf) { s.fail["q.pbiviz"] = gone; s.put("r.pbiviz", p.File()) }, "p.pbiviz ?q.pbiviz r.pbiviz", "all but q.pbiviz", ""},
		{"an item vanishes while it is read", func(s *shelf) { s.broken["q.pbiviz"] = gone }, "p.pbiviz ?q.pbiviz", "all but q.pbiviz", ""},
		{"one vanishes and one cannot be fetched", func(s *shelf) { s.fail["q.pbiviz"] = gone; s.fail["p.pbiviz"] = errors.New("reset") }, "?q.pbiviz", "old", "cannot take in p.pbiviz: reset"},
		{"an item cannot be read to its end", func(s *shelf) { s.broken["q.pbiviz"] = errors.New("reset") }, "p.pbiviz", "old", "cannot take in q.pbiviz: reset"},
		{"a link", func(s *shelf) {
			s.fail["q.pbiviz"] = verdict.Refuse("lib.not_a_file", "q.pbiviz is a link, not a file", "")
		}, "p.pbiviz !q.pbiviz", "all", ""},
		{"an item said to be too large", func(s *shelf) { s.items[1].Size = 1 << 40 }, "p.pbiviz !q.pbiviz", "all", ""},
		{"a statement that is too large", func(s *shelf) { s.put("big.license", huge) }, "p.pbiviz q.pbiviz !big.license", "all", ""},
		{"a statement that is larger than said", func(s *shelf) { s.put("big.license", huge); s.items[2].Size = 10 }, "p.pbiviz q.pbiviz !big.license", "all", ""},
		{"rubbish", func(s *shelf) { s.put("r.pbiviz", []byte("MZ")) }, "p.pbiviz q.pbiviz !r.pbiviz", "all", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, s := newBench(t), &shelf{}
			s.put("p.pbiviz", p.File())
			s.put("q.pbiviz", q.File())
			c.shelf(s)
			taken, cursor, err := b.Poll(context.Background(), tx, s, "old")
			if got := names(taken); got != c.taken {
				t.Errorf("taken in: %s, want %s", got, c.taken)
			}
			if cursor != c.cursor {
				t.Errorf("the cursor is %q, want %q", cursor, c.cursor)
			}
			if err == nil != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("the error is %v, want %s", err, c.err)
			}
			s.fail, s.broken, s.list = nil, nil, nil
			before := b.seq()
			if _, cursor, err = b.Poll(context.Background(), tx, s, cursor); err != nil || cursor != "all" {
				t.Errorf("the next time: %q, %v", cursor, err)
			}
			if c.cursor == "all" {
				b.recorded(before)
			}
			for _, want := range []*pbiviz.Package{p, q} {
				_, ok := b.Journal.Book().Package(want.Digest())
				if refused := len(taken) > 1 && taken[1].Refused != nil; c.taken != "" && !refused && !ok {
					t.Errorf("%s is missing in the end", want.Release())
				}
			}
		})
	}
}

func TestPollingThatIsCanceled(t *testing.T) {
	b, s := newBench(t), &shelf{}
	for _, v := range []string{"1.0.0.0", "1.1.0.0", "1.2.0.0"} {
		s.put(v+".pbiviz", gauge(v).File())
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.before = func(name string) {
		if name == "1.1.0.0.pbiviz" {
			cancel()
		}
	}
	_, cursor, err := b.Poll(ctx, tx, s, "old")
	if !errors.Is(err, context.Canceled) || cursor != "old" {
		t.Errorf("canceled: %q, %v", cursor, err)
	}
	if got := len(b.Journal.Book().Packages()); got != 1 {
		t.Errorf("%d packages are recorded, want the one before", got)
	}
	s.before = nil
	if _, cursor, err = b.Poll(context.Background(), tx, s, cursor); err != nil || cursor != "all" || len(b.Journal.Book().Packages()) != 3 {
		t.Errorf("the next time: %q, %v", cursor, err)
	}
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	b.Trust = license.Trust{}
	b.take("x.license", licensetest.Aurora().Statement(gauge("1.0.0.0")))
	b.Trust = licensetest.Aurora().Trust()
	if _, err := b.Rebind(canceled, tx); !errors.Is(err, context.Canceled) {
		t.Errorf("binding again, canceled: %v", err)
	}
}

// A folder of the operating system, with a link in it, as a stranger would put
// it there.
func TestALinkInAFolderHoldsNothingUp(t *testing.T) {
	dir, p := t.TempDir(), gauge("1.0.0.0")
	if err := os.WriteFile(filepath.Join(dir, "p.pbiviz"), p.File(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("p.pbiviz", filepath.Join(dir, "link.pbiviz")); err != nil {
		t.Logf("no links here: %v", err)
	}
	later := func() time.Time { return time.Now().Add(time.Hour) } // the file counts as arrived
	lib, err := folder.OpenWithClock(dir, later)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	_, cursor, err := b.Poll(context.Background(), tx, lib, "")
	if err != nil || cursor == "" {
		t.Fatalf("the cursor is %q: %v", cursor, err)
	}
	taken, _, err := b.Poll(context.Background(), tx, lib, cursor)
	if err != nil || len(taken) != 0 {
		t.Errorf("the next time: %v, %v", names(taken), err)
	}
	b.recorded(0, journal.KindOf(journal.Received{}))
}

// The journal cannot be written: the item comes again.
func TestAJournalThatCannotBeWritten(t *testing.T) {
	b, s, p := newBench(t), &shelf{}, gauge("1.0.0.0")
	s.put("p.pbiviz", p.File())
	log := &fullLog{Log: new(journaltest.Log), full: true}
	j, err := journal.Open(context.Background(), log, journaltest.Stamp())
	if err != nil {
		t.Fatal(err)
	}
	b.Journal = j
	if _, cursor, err := b.Poll(context.Background(), tx, s, "old"); err == nil || cursor != "old" {
		t.Errorf("the cursor is %q, %v", cursor, err)
	}
	log.full = false
	if _, cursor, err := b.Poll(context.Background(), tx, s, "old"); err != nil || cursor != "all" {
		t.Errorf("the next time: %q, %v", cursor, err)
	}
	b.recorded(0, journal.KindOf(journal.Received{}))
}

type fullLog struct {
	journal.Log
	full bool
}

func (l *fullLog) Append(ctx context.Context, records []journal.Record) error {
	if l.full {
		return errors.New("the disk is full")
	}
	return l.Log.Append(ctx, records)
}
