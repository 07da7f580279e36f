package handoff_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/graph/orgstore/handoff"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/store/storetest"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

func gauge(t *testing.T, version string) license.Licensed {
	t.Helper()
	return storetest.Licensed(t, pbiviztest.Package{GUID: storetest.Gauge, Version: version, DisplayName: "Aurora Gauge"})
}

func put(t *testing.T, s *handoff.Store, id store.StepID, l license.Licensed) store.Receipt {
	t.Helper()
	r, err := s.Put(t.Context(), id, l, storetest.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// step is an id as plans make them.
const step = store.StepID("st_abcdefghijklmnopqrstuvwxyz")

// brief tells of an update of the gauge from 1.4.0.0.
func brief(l license.Licensed) store.Brief {
	from := visual.Release{Version: version("1.4.0.0"), Digest: visual.DigestOf([]byte("1.4"))}
	to, on := l.Release(), true
	return store.Brief{
		Key: store.Key{Store: "store", GUID: l.GUID()}, Name: "Aurora Gauge", Kind: "upgrade", Reason: "1.5.0.0 is the newest that the pin allows",
		From: store.State{Presence: store.Present, Release: &from, Enabled: &on, License: license.Terms{Ends: licensetest.Time("2026-12-13")}},
		To:   store.State{Presence: store.Present, Release: &to, Enabled: &on, License: l.Bound().Terms},
	}
}

func version(s string) visual.Version {
	v, err := visual.ParseVersion(s)
	if err != nil {
		panic(err) // it is a constant
	}
	return v
}

func informed(p *portal, b store.Brief) *handoff.Store {
	return handoff.Open(p.d, handoff.Options{Folder: p.folder, Context: store.DriverContext{Now: clock, Brief: func(id store.StepID) (store.Brief, bool) {
		return b, id == step
	}}})
}

func TestATaskSaysAllThatAPersonNeeds(t *testing.T) {
	p, l := newPortal(t), gauge(t, "1.5.0.0")
	r := put(t, informed(p, brief(l)), step, l)
	if want := "2026-11-23 Aurora Gauge 1.5.0.0 update [abcdefghij]"; !r.Waiting || r.Reference != want {
		t.Errorf("the task is %+v, want %q", r, want)
	}
	if got := p.names(t, r.Reference); !slices.Equal(got, []string{"Aurora Gauge 1.5.0.0.pbiviz", "README.txt", "SHA256SUMS", "task.json"}) {
		t.Errorf("the task holds %q", got)
	}
	text := string(p.read(t, r.Reference, "README.txt"))
	for _, want := range []string{
		"Update Aurora Gauge to 1.5.0.0", "1.5.0.0 is the newest that the pin allows", "Before 2026-12-13",
		"Get-FileHash -Algorithm SHA256 \"Aurora Gauge 1.5.0.0.pbiviz\"", l.Release().Digest.Hex(),
		"Organizational visuals", "Select Aurora Gauge and choose Settings", "Browse", "Update", "Do not delete the entry",
		storetest.Gauge + "_OrgStore", "orgstore store confirm " + storetest.Gauge + " --version 1.5.0.0\r\n",
		"Upload the package of 1.4.0.0 again", visual.DigestOf([]byte("1.4")).Hex(), "orgstore rollback " + storetest.Gauge,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("README.txt lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") {
		t.Error("README.txt has line breaks of two kinds")
	}
	if job := p.task(t, r.Reference); job.Format != 1 || job.Step != string(step) || job.Action != "update" || job.Kind != "upgrade" || job.Access != nil {
		t.Errorf("task.json says %+v", job)
	}
}

func TestWhatATaskAsksFor(t *testing.T) {
	l := gauge(t, "1.5.0.0")
	off := false
	for _, c := range []struct {
		name   string
		change func(*store.Brief)
		access *bool // SetAccess instead of Put
		says   []string
		not    string
	}{
		{"a first install", func(b *store.Brief) { b.From = store.State{Presence: store.Absent} }, nil,
			[]string{"Add visual, then From a file", "it already exists", "--to 0"}, "choose Browse"},
		{"nobody knows whether it is there", func(b *store.Brief) { b.From = store.State{Presence: store.Unknown} }, nil,
			[]string{"Look whether", "Browse", "Add visual"}, ""},
		{"a renewal", func(b *store.Brief) { b.From.Release.Version = l.Release().Version }, nil,
			[]string{"another package of the same version", "--uploaded --sha256 " + l.Release().Digest.Hex()[:12]}, "About box. It must"},
		{"a package and its access", func(b *store.Brief) { b.To.Enabled = &off }, nil, []string{"Browse", "turn Access off"}, ""},
		{"access alone", func(b *store.Brief) {}, &off, []string{"turn Access off", "--access off"}, "Browse"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, b := newPortal(t), brief(l)
			c.change(&b)
			s := informed(p, b)
			var r store.Receipt
			var err error
			if c.access != nil {
				r, err = s.SetAccess(t.Context(), step, l.GUID(), *c.access)
			} else {
				r, err = s.Put(t.Context(), step, l, storetest.Now())
			}
			if err != nil {
				t.Fatal(err)
			}
			text := string(p.read(t, r.Reference, "README.txt"))
			for _, want := range c.says {
				if !strings.Contains(text, want) {
					t.Errorf("README.txt lacks %q:\n%s", want, text)
				}
			}
			if c.not != "" && strings.Contains(text, c.not) {
				t.Errorf("README.txt says %q:\n%s", c.not, text)
			}
		})
	}
}

func TestNobodyUploadsWhatWasWithdrawn(t *testing.T) {
	p, l := newPortal(t), gauge(t, "1.5.0.0")
	s := p.open()
	for range 3 { // on one day
		r := put(t, s, "s1", l)
		if err := s.Withdraw(t.Context(), "s1"); err != nil {
			t.Fatal(err)
		}
		if got := p.names(t); !slices.Equal(got, []string{"Withdrawn"}) {
			t.Errorf("the folder of tasks holds %q", got)
		}
		if got := p.names(t, "Withdrawn", r.Reference); slices.ContainsFunc(got, func(n string) bool { return strings.HasSuffix(n, ".pbiviz") }) {
			t.Errorf("what was withdrawn still has %q", got)
		}
		if text := p.read(t, "Withdrawn", r.Reference, "README.txt"); !bytes.Contains(text, []byte("Do not upload anything")) {
			t.Errorf("its README says %q", text)
		}
	}
	if got := p.names(t, "Withdrawn"); len(got) != 3 {
		t.Errorf("withdrawn are %q", got)
	}
}

func TestATaskOfWhichSomethingIsMissingIsLaidOutAgain(t *testing.T) {
	for _, missing := range []string{"task.json", "Aurora Gauge 1.5.0.0.pbiviz"} {
		p, l := newPortal(t), gauge(t, "1.5.0.0")
		s := p.open()
		first := put(t, s, step, l)
		if err := p.d.Remove(filepath.Join(folder, first.Reference, missing)); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := s.FindTask(t.Context(), step); ok || err != nil {
			t.Errorf("without %s the task is found whole, %v", missing, err)
		}
		again := put(t, s, step, l)
		if got := p.names(t, again.Reference); len(got) != 4 {
			t.Errorf("without %s it was laid out with %q", missing, got)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	l, newer := gauge(t, "1.5.0.0"), gauge(t, "1.6.0.0")
	tiles := storetest.Licensed(t, pbiviztest.Package{GUID: storetest.Tiles, Version: "1.0.0.0"})
	for _, c := range []struct {
		name, code string
		do         func(t *testing.T, p *portal) error
	}{
		{"a second task of one visual", "op.store_conflict", func(t *testing.T, p *portal) error {
			put(t, p.open(), "s1", l)
			return second(p.open().Put(t.Context(), "s2", newer, storetest.Now()))
		}},
		{"another package than the change's", "op.store_mismatch", func(t *testing.T, p *portal) error {
			return second(informed(p, brief(l)).Put(t.Context(), step, newer, storetest.Now()))
		}},
		{"another visual than the change's", "op.store_mismatch", func(t *testing.T, p *portal) error {
			return second(informed(p, brief(l)).Put(t.Context(), step, tiles, storetest.Now()))
		}},
		{"an entry from AppSource", "op.store_app_source", func(t *testing.T, p *portal) error {
			pkg := licensetest.Package(pbiviztest.Package{GUID: storetest.Gauge, Version: "1.0.0.0"})
			p.entries[l.GUID()] = entry{pkg, true, store.FromAppSource}
			return second(p.open().Put(t.Context(), "s1", l, storetest.Now()))
		}},
		{"access of an entry from AppSource", "op.store_app_source", func(t *testing.T, p *portal) error {
			pkg := licensetest.Package(pbiviztest.Package{GUID: storetest.Gauge, Version: "1.0.0.0"})
			p.entries[l.GUID()] = entry{pkg, true, store.FromAppSource}
			return second(p.open().SetAccess(t.Context(), "s1", l.GUID(), false))
		}},
		{"a folder that is not there", "op.store_folder", func(t *testing.T, p *portal) error {
			p.folder = "/not mounted"
			return second(p.open().Put(t.Context(), "s1", l, storetest.Now()))
		}},
		{"a disk that is full", "op.store_folder", func(t *testing.T, p *portal) error {
			p.d = disktest.Watch(p.d, disktest.Hook{Before: func(op disktest.Op) error {
				if op.Kind == "write" {
					return errors.New("no space left")
				}
				return nil
			}})
			return second(p.open().Put(t.Context(), "s1", l, storetest.Now()))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPortal(t)
			err := c.do(t, p)
			var refusal *verdict.Refusal
			if !errors.As(err, &refusal) || string(refusal.Code()) != c.code || refusal.Findings[0].Hint == "" {
				t.Fatalf("it is answered %v, want %s", err, c.code)
			}
			if got := p.names(t); len(got) > 1 {
				t.Errorf("it left %q", got)
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

// Whatever is interrupted, no folder is ever seen that is a task by half, and
// asking again lays out exactly one.
func TestTasksSurviveLossOfPower(t *testing.T) {
	l := gauge(t, "1.5.0.0")
	for _, c := range []struct {
		name string
		do   func(*handoff.Store) error
		left []int // how many tasks may be left
	}{
		{"laying out", func(s *handoff.Store) error { return second(s.Put(t.Context(), "s1", l, storetest.Now())) }, []int{0, 1}},
		{"withdrawing", func(s *handoff.Store) error { return s.Withdraw(t.Context(), "s1") }, []int{0, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPortal(t)
			if c.name == "withdrawing" {
				put(t, p.open(), "s1", l)
			}
			lossy := p.d.(*disktest.Lossy)
			losses := 0
			check := func() {
				for seed := range uint64(8) {
					losses++
					after := &portal{d: lossy.PowerLoss(seed), folder: folder, entries: p.entries}
					again(t, after, l, c.left)
				}
			}
			p.d = disktest.Watch(lossy, disktest.Hook{
				Before: func(disktest.Op) error { check(); return nil },
				After:  func(disktest.Op, error) { check() },
			})
			if err := c.do(p.open()); err != nil {
				t.Fatal(err)
			}
			if losses < 50 {
				t.Errorf("only %d losses were tried", losses)
			}
		})
	}
}

func again(t *testing.T, p *portal, l license.Licensed, left []int) {
	t.Helper()
	s := p.open()
	if err := s.Sweep(); err != nil {
		t.Fatal(err)
	}
	tasks := func() (n int) {
		for _, name := range p.names(t) {
			if strings.Contains(name, "[") {
				n++
			}
		}
		return n
	}
	if n := tasks(); !slices.Contains(left, n) {
		t.Errorf("%d tasks are left", n)
	}
	for _, name := range p.names(t, "Withdrawn") {
		for _, f := range p.names(t, "Withdrawn", name) {
			if strings.HasSuffix(f, ".pbiviz") {
				t.Errorf("%s in Withdrawn still has %s", name, f)
			}
		}
	}
	r := put(t, s, "s1", l)
	if n := tasks(); n != 1 {
		t.Errorf("asked again there are %d tasks", n)
	}
	file, err := disk.ReadFile(p.d, filepath.Join(folder, r.Reference, p.task(t, r.Reference).File), 1<<20)
	if err != nil || visual.DigestOf(file) != l.Release().Digest {
		t.Errorf("the task's package is %v, %v", visual.DigestOf(file), err)
	}
	if got := p.names(t); slices.ContainsFunc(got, func(n string) bool { return strings.HasPrefix(n, ".") }) {
		t.Errorf("half a task is left: %q", got)
	}
}

func TestSweepWithdrawsTasksOfNoOpenChange(t *testing.T) {
	p, l := newPortal(t), gauge(t, "1.5.0.0")
	put(t, informed(p, brief(l)), step, l)
	closed := handoff.Open(p.d, handoff.Options{Folder: folder, Context: store.DriverContext{Now: clock, Brief: func(store.StepID) (store.Brief, bool) {
		return store.Brief{}, false
	}}})
	if err := disk.MakeDir(p.d, filepath.Join(folder, "somebody's own"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := informed(p, brief(l)).Sweep(); err != nil || len(p.names(t)) != 2 {
		t.Errorf("the task of an open change: %v, %q", err, p.names(t))
	}
	if err := closed.Sweep(); err != nil {
		t.Fatal(err)
	}
	if got := p.names(t); !slices.Equal(got, []string{"Withdrawn", "somebody's own"}) {
		t.Errorf("the folder holds %q", got)
	}
}

// Names come from strangers: none leaves the folder or is taken for a device.
func TestNamesOfStrangersStayNames(t *testing.T) {
	for _, name := range []string{"../../etc", `C:\windows`, "a/b\\c:d*e?", "CON", "", "...", strings.Repeat("ä", 500), "x\r\nRun this: evil", "a\u202eb", "[withdrawn]"} {
		p, l := newPortal(t), gauge(t, "1.5.0.0")
		b := brief(l)
		b.Name = name
		r := put(t, informed(p, b), step, l)
		if disk.ReservedName(r.Reference) || disk.ReservedName(p.task(t, r.Reference).File) || len(r.Reference) > 160 {
			t.Errorf("%q: the task is %q with %q", name, r.Reference, p.task(t, r.Reference).File)
		}
		if got := p.names(t); len(got) != 1 {
			t.Errorf("%q: the folder holds %q", name, got)
		}
		if text := string(p.read(t, r.Reference, "README.txt")); strings.Contains(text, "\nRun this") || strings.Contains(text, "\u202e") {
			t.Errorf("%q: README.txt says\n%s", name, text)
		}
	}
}
