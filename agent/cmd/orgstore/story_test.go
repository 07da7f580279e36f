package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/sqlite"
	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/visual"
)

// A world is a folder in which the story plays, and the disk it is on.
type world struct {
	dir string
	d   disk.Disk
}

func (w world) path(parts ...string) string {
	return filepath.Join(append([]string{w.dir}, parts...)...)
}

func (w world) settings() string { return w.path("orgstore.yaml") }

// mail is what the vendor sent, by file name.
func mail(t testing.TB) map[string][]byte {
	t.Helper()
	aurora := licensetest.Aurora()
	gauge, upgraded := parsed(t, example.Gauge(example.Gauge1400)), parsed(t, example.Gauge(example.Gauge1500))
	timeline := parsed(t, example.Timeline(example.Timeline2000))
	term := func(seq int64, ends string) func(*issuer.Request) {
		return func(r *issuer.Request) { r.Sequence, r.Ends = seq, licensetest.Time(ends) }
	}
	return map[string][]byte{
		"aurora.trust":            aurora.BundleFile(),
		"next.trust":              aurora.BundleFile(aurora.WithStatusKey, func(d *issuer.Draft) { d.Version = 2 }),
		"status.license":          aurora.Status(),
		"gauge.pbiviz":            aurora.Embedded(gauge, term(1, "2026-12-20")).File(),
		"renewed.pbiviz":          aurora.Embedded(gauge, term(2, "2027-11-20")).File(),
		"upgraded.pbiviz":         aurora.Embedded(upgraded, term(3, "2027-11-20")).File(),
		"timeline.pbiviz":         timeline.File(),
		"timeline.pbiviz.license": aurora.Statement(timeline, func(r *issuer.Request) { r.Subscription = "sub-88214" }),
	}
}

func parsed(t testing.TB, file []byte) *pbiviz.Package {
	t.Helper()
	p, err := pbiviz.Read(file, pbiviz.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// write puts a file into the world, as people do it: without orgstore.
func (w world) write(t testing.TB, name string, text []byte) {
	t.Helper()
	w.writeMode(t, name, 0o644, text)
}

// writeSecret writes a file that its owner alone may read.
func (w world) writeSecret(t testing.TB, name string, text []byte) {
	t.Helper()
	w.writeMode(t, name, 0o600, text)
}

func (w world) writeMode(t testing.TB, name string, mode fs.FileMode, text []byte) {
	t.Helper()
	err := disk.MakeDir(w.d, filepath.Dir(name), 0o755)
	if err == nil {
		err = disk.Replace(w.d, name, mode, func(f io.Writer) error { _, err := f.Write(text); return err })
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A chapter is one command of the story, what people do before it, and what it
// leads to.
type chapter struct {
	name    string
	before  func(t testing.TB, w world)
	command func(w world) []string
	puts    int  // packages that go into the store
	once    bool // once it is done, it does nothing, or something else
}

// story is the whole job; packages arrive in an inbox.
func story(t testing.TB, inbox string) []chapter {
	sent := mail(t)
	bundle := licensetest.Aurora().Bundle()
	in := func(args ...string) func(world) []string {
		return func(w world) []string { return append([]string{"--config", w.settings()}, args...) }
	}
	file := func(name string, args ...string) func(world) []string {
		return func(w world) []string { return append(in(args...)(w), w.path("mail", name)) }
	}
	arrives := func(names ...string) func(testing.TB, world) {
		return func(t testing.TB, w world) {
			for _, name := range names {
				w.write(t, w.path("mail", name), sent[name])
			}
		}
	}
	apply := in("apply", "--force")
	back := in("rollback", example.GaugeGUID, "--reason", "totals are wrong", "--force")
	return []chapter{
		{name: "init", once: true, command: func(w world) []string { return []string{"init", w.dir, "--tenant", licensetest.Tenant} }},
		{name: "trust add", once: true, before: arrives("aurora.trust"), command: file("aurora.trust", "trust", "add", "--name", "Aurora Visuals",
			"--guid", example.GaugeGUID, "--guid", example.TimelineGUID, "--fingerprint", bundle.Fingerprint())},
		{name: "package add", before: arrives("gauge.pbiviz"), command: file("gauge.pbiviz", "package", "add")},
		{name: "pin set", once: true, command: in("pin", "set", example.GaugeGUID, "~> 1.4")},
		{name: "install", command: apply, puts: 1},
		{name: "poll", command: in("package", "list"), before: func(t testing.TB, w world) {
			text, err := disk.ReadFile(w.d, w.settings(), 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			w.write(t, w.settings(), []byte(strings.Replace(string(text), "folder: inbox", "folder: "+inbox, 1)))
		}},
		{name: "renew", command: apply, puts: 1},
		{name: "add the upgrade", before: arrives("upgraded.pbiviz"), command: file("upgraded.pbiviz", "package", "add")},
		{name: "upgrade", command: apply, puts: 1},
		{name: "rollback", command: back, puts: 1, once: true},
		{name: "trust update", before: arrives("next.trust"), command: file("next.trust", "trust", "update", "--force")},
		{name: "status list", before: arrives("status.license"), command: file("status.license", "package", "add")},
		{name: "hold", command: in("hold", example.GaugeGUID, "--reason", "closing of the books")},
		{name: "baseline", command: file("timeline.pbiviz",
			"store", "baseline", example.TimelineGUID, "--evidence", "the about box", "--package"), before: func(t testing.TB, w world) {
			arrives("timeline.pbiviz", "timeline.pbiviz.license")(t, w)
			w.write(t, w.path("store", example.TimelineGUID+".pbiviz"), sent["timeline.pbiviz"])
		}},
	}
}

// deliver makes a folder into which a renewal and another visual have come.
func deliver(t testing.TB) string {
	t.Helper()
	inbox := world{t.TempDir(), disk.OS()}
	sent := mail(t)
	for _, name := range []string{"renewed.pbiviz", "timeline.pbiviz", "timeline.pbiviz.license"} {
		inbox.write(t, inbox.path(name), sent[name])
	}
	return inbox.dir
}

// A state is what a world has come to.
type state struct {
	Folder   []string                 // what lies beside the settings, with them
	Store    map[string]visual.Digest // the visuals' files; those of the pilot under its name
	Settings string
	Packages []visual.Digest  // taken in
	Bound    int              // statements bound to them
	Done     []string         // the revisions that stand, of all visuals
	Statuses map[string]int64 // the numbers of status lists
	Blocks   int
	Holds    int
}

// stood lists what the history says was done, each baseline once: saying twice
// what is there changes nothing.
func stood(book journal.Book) []string {
	var done []string
	for _, r := range book.History() {
		if r.Stood() {
			done = append(done, strings.Join([]string{placed(r.Key.Store, r.Key.GUID.String()), string(r.Status), r.After.Release.String()}, " "))
		}
	}
	return slices.Compact(done)
}

// read looks at a world whose journal says what book says. It fails where the
// archive does not hold what the journal says was kept.
func (w world) read(t testing.TB, book journal.Book) state {
	t.Helper()
	s := state{Store: map[string]visual.Digest{}, Bound: len(book.Bounds()), Statuses: book.StatusMarks(), Blocks: len(book.Blocks()), Holds: len(book.Holds()), Done: stood(book)}
	text, err := disk.ReadFile(w.d, w.settings(), 1<<20)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	s.Settings = string(text)
	s.Folder = slices.DeleteFunc(w.list(t), func(name string) bool {
		return strings.HasPrefix(name, ".") || name == "mail"
	})
	for _, in := range []string{theStore, pilot} {
		for name, digest := range w.held(t, in) {
			s.Store[placed(in, name)] = digest
		}
	}
	if len(book.Packages()) == 0 {
		return s
	}
	kept, err := archive.Open(w.d, w.path(".orgstore", "archive"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range book.Packages() {
		s.Packages = append(s.Packages, p.Package)
		if _, err := kept.Package(p.Package); err != nil {
			t.Errorf("the journal says that it was kept: %v", err)
		}
	}
	slices.SortFunc(s.Packages, visual.Digest.Compare)
	for _, p := range book.Statements() {
		if _, err := kept.Statement(p.Statement); err != nil {
			t.Errorf("the journal says that it was kept: %v", err)
		}
	}
	return s
}

// The stores of a world: the folders are called as they are.
const (
	theStore = "store"
	pilot    = "pilot"
)

// placed names something in one of the stores.
func placed(in, name string) string {
	if in == theStore {
		return name
	}
	return in + "/" + name
}

// held is what lies in one of the stores, by file name.
func (w world) held(t testing.TB, in string) map[string]visual.Digest {
	t.Helper()
	all := map[string]visual.Digest{}
	for _, name := range w.list(t, in) {
		if strings.HasPrefix(name, ".") {
			continue // not complete yet, and nobody's visual
		}
		b, err := disk.ReadFile(w.d, w.path(in, name), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = visual.DigestOf(b)
	}
	return all
}

// list names what is in a folder of the world; nothing where there is none.
func (w world) list(t testing.TB, parts ...string) []string {
	t.Helper()
	entries, err := w.d.ReadDir(w.path(parts...))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// book replays a copy of the world's journal, so that what a killed program
// left beside it is still there for the next. While a program writes it, see live.
func (w world) book(t testing.TB) journal.Book {
	t.Helper()
	dir := t.TempDir()
	for _, name := range w.list(t, ".orgstore") {
		if strings.HasPrefix(name, "journal.db") {
			copyFile(t, w.path(".orgstore", name), filepath.Join(dir, name))
		}
	}
	return replayed(t, filepath.Join(dir, "journal.db"))
}

// live replays the journal in its place, as the program's commands do: a copy
// made while an agent writes could lack a part, or have one twice.
func (w world) live(t testing.TB) journal.Book {
	t.Helper()
	return replayed(t, w.path(".orgstore", "journal.db"))
}

// replayed is empty where there is no journal yet.
func replayed(t testing.TB, name string) journal.Book {
	t.Helper()
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return journal.Book{}
	}
	log, err := sqlite.Open(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	book, err := journal.Replay(context.Background(), log)
	if err := errors.Join(err, log.Close()); err != nil {
		t.Fatal(err)
	}
	return book
}

// copied makes a world like this one, on the machine's disk.
func (w world) copied(t testing.TB) world {
	t.Helper()
	c := world{t.TempDir(), disk.OS()}
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(w.dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(c.path(rel), 0o755)
		}
		copyFile(t, path, c.path(rel))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
