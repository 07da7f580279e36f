package example_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/visual"
)

// maxSize keeps the packages small, in bytes: they are part of the program.
const maxSize = 30 << 10

func TestPackages(t *testing.T) {
	known := map[string]int{example.GaugeGUID: 6, example.TimelineGUID: 2}
	digests := map[visual.Digest]string{}
	for _, f := range example.Packages() {
		t.Run(f.Name, func(t *testing.T) {
			m := readPackage(t, f)
			if m.Generation != pbiviz.New {
				t.Errorf("generation %s", m.Generation)
			}
			guid, name, _ := strings.Cut(strings.TrimSuffix(f.Name, ".pbiviz"), ".")
			if version := strings.TrimSuffix(name, "-recut"); m.GUID.String() != guid || m.Version.String() != version {
				t.Errorf("%s %s, and the file's name says %s %s", m.GUID, m.Version, guid, version)
			}
			known[guid]--
			d := visual.DigestOf(f.Bytes)
			if other, twice := digests[d]; twice {
				t.Errorf("the same bytes as %s", other)
			}
			digests[d] = f.Name
		})
	}
	for guid, missing := range known {
		if missing != 0 {
			t.Errorf("%s: %d packages too few", guid, missing)
		}
	}
}

func TestOldPackages(t *testing.T) {
	old := example.OldPackages()
	if len(old) != 1 {
		t.Fatalf("%d packages", len(old))
	}
	m := readPackage(t, old[0])
	if m.Generation != pbiviz.Old || m.GUID.String() != example.GaugeGUID || m.Version.String() != example.Gauge100 {
		t.Errorf("got %+v", m)
	}
}

// readPackage reads a package and checks what all of them have in common.
func readPackage(t *testing.T, f example.File) pbiviz.Manifest {
	t.Helper()
	p, err := pbiviz.Read(f.Bytes, pbiviz.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	m := p.Manifest()
	if m.Tier != pbiviz.Strict || m.AuthorName != example.Vendor || !m.Version.Deployable() || len(p.Reservations()) > 0 {
		t.Errorf("not a package as a vendor ships it: %+v", m)
	}
	if len(f.Bytes) > maxSize {
		t.Errorf("%d bytes", len(f.Bytes))
	}
	return m
}

func TestByName(t *testing.T) {
	for name, file := range map[string][]byte{
		"1.0.0": example.Gauge(example.Gauge100), "1.4.0.0": example.Gauge(example.Gauge1400),
		"1.4.1.0": example.Gauge(example.Gauge1410), "1.5.0.0": example.Gauge(example.Gauge1500),
		"1.6.0.0": example.Gauge(example.Gauge1600), "2.0.0.0": example.Gauge(example.Gauge2000),
		"2.1.0.0": example.Timeline(example.Timeline2100),
	} {
		p, err := pbiviz.Read(file, pbiviz.DefaultLimits())
		if err != nil || p.Manifest().Version.String() != name {
			t.Errorf("%s: got %v, %v", name, p, err)
		}
	}
	recut := visual.DigestOf(example.Gauge(example.Gauge1400Recut))
	if recut == visual.DigestOf(example.Gauge(example.Gauge1400)) {
		t.Error("the recut of 1.4.0.0 has the same bytes")
	}
}

func TestCallersOwnTheBytes(t *testing.T) {
	clear(example.Gauge(example.Gauge1400))
	clear(example.Packages()[0].Bytes)
	for _, f := range example.Packages() {
		if f.Bytes[0] != 'P' {
			t.Errorf("%s was changed through what another caller got", f.Name)
		}
	}
}

// TestSources holds that a rebuild needs nothing that is not here or pinned.
func TestSources(t *testing.T) {
	pins, err := os.ReadFile("testdata/source/package.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, pin := range []string{`"powerbi-visuals-tools": "7.1.0"`, `"powerbi-visuals-api": "5.11.1"`, `"typescript": "5.9.3"`} {
		if !strings.Contains(string(pins), pin) {
			t.Errorf("package.json does not pin %s", pin)
		}
	}
	generated := regexp.MustCompile(`(^|/)(node_modules|\.tmp|dist|webpack\.statistics[^/]*|package-lock\.json)$`)
	err = filepath.WalkDir("testdata/source", func(path string, _ fs.DirEntry, err error) error {
		if generated.MatchString(filepath.ToSlash(path)) {
			t.Errorf("%s is no source", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
