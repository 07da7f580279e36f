package handoff_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph/orgstore/handoff"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/store/storetest"
	"github.com/orgstore/orgstore/packages/visual"
)

// A portal is what a person does with tasks: it behaves as Microsoft documents
// the Organizational Store, one entry for each GUID, replaced in place.
type portal struct {
	mu      sync.Mutex
	d       disk.Disk
	folder  string
	entries map[visual.GUID]entry
}

type entry struct {
	pkg     *pbiviz.Package
	enabled bool
	source  store.Source
}

const folder = "/share/To upload"

func newPortal(t *testing.T) *portal {
	t.Helper()
	p := &portal{d: disktest.NewLossy(), folder: folder, entries: map[visual.GUID]entry{}}
	if err := disk.MakeDir(p.d, folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

// export lists what the portal shows: names, access and sources, no versions.
func (p *portal) export() *store.Export {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := &store.Export{Taken: clock(), Listed: map[visual.GUID]store.Listing{}}
	for g, x := range p.entries {
		e.Listed[g] = store.Listing{GUID: g, Name: x.pkg.Manifest().DisplayName, Enabled: &x.enabled, Source: x.source}
	}
	return e
}

func clock() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

func (p *portal) open() *handoff.Store {
	return handoff.Open(p.d, handoff.Options{Folder: p.folder, Context: store.DriverContext{Export: p.export, Now: clock}})
}

// A told task is what task.json says, as another program reads it.
type told struct {
	Format                                                int `json:"orgstore_task"`
	Step, GUID, Name, Kind, Action, File, Version, Digest string
	Access                                                *bool
}

// do does the task of a step as its task.json says, and checks the digest first.
func (p *portal) do(t *testing.T, s *handoff.Store, id store.StepID) {
	t.Helper()
	r, ok, err := s.FindTask(t.Context(), id)
	if err != nil || !ok {
		t.Fatalf("there is no task of %s: %v", id, err)
	}
	job := p.task(t, r.Reference)
	g, err := visual.ParseGUID(job.GUID)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now, held := p.entries[g]
	switch job.Action {
	case "access-on", "access-off":
		now.enabled = job.Action == "access-on"
	case "add":
		if held {
			t.Fatalf("%s: it already exists", g)
		}
		now = entry{p.upload(t, r.Reference, job), true, store.FromFile}
	case "update":
		if !held {
			t.Fatalf("%s is not there to be updated", g)
		}
		now.pkg = p.upload(t, r.Reference, job)
	default:
		t.Fatalf("nobody knows how to %q", job.Action)
	}
	p.entries[g] = now
	if err := s.FinishTask(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

func (p *portal) upload(t *testing.T, task string, job told) *pbiviz.Package {
	t.Helper()
	file := p.read(t, task, job.File)
	if visual.DigestOf(file).String() != job.Digest || !strings.HasPrefix(string(p.read(t, task, "SHA256SUMS")), visual.DigestOf(file).Hex()+"  "+job.File) {
		t.Errorf("the digest of %s is not the one told", job.File)
	}
	pkg, err := pbiviz.Read(file, pbiviz.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if g := pkg.Manifest().GUID.String(); g != job.GUID {
		t.Errorf("the package is of %s, the task of %s", g, job.GUID)
	}
	return pkg
}

func (p *portal) read(t *testing.T, parts ...string) []byte {
	t.Helper()
	text, err := disk.ReadFile(p.d, filepath.Join(append([]string{p.folder}, parts...)...), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (p *portal) task(t *testing.T, name string) told {
	t.Helper()
	var job told
	if err := json.Unmarshal(p.read(t, name, "task.json"), &job); err != nil {
		t.Fatal(err)
	}
	return job
}

// names lists a folder of tasks.
func (p *portal) names(t *testing.T, below ...string) []string {
	t.Helper()
	entries, err := p.d.ReadDir(filepath.Join(append([]string{p.folder}, below...)...))
	if err != nil {
		return nil
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestStoreSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Fixture {
		p := newPortal(t)
		s := p.open()
		return storetest.Fixture{Store: s, Person: func(t *testing.T, id store.StepID) {
			t.Helper()
			p.do(t, s, id)
		}}
	})
}
