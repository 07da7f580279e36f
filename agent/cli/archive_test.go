package cli_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/visual"
)

// A countingDisk counts how often each archived package is read.
type countingDisk struct {
	disk.Disk
	mu    sync.Mutex
	reads map[string]int
}

func (d *countingDisk) Open(name string) (io.ReadCloser, error) {
	if filepath.Base(filepath.Dir(name)) == "packages" {
		d.mu.Lock()
		d.reads[filepath.Base(name)]++
		d.mu.Unlock()
	}
	return d.Disk.Open(name)
}

// countReads counts from now on how often the tenant's commands read archived packages.
func (x *tenant) countReads() *countingDisk {
	d := &countingDisk{Disk: disk.OS(), reads: map[string]int{}}
	x.Disk = d
	return d
}

// expectReads runs a command, and checks how many packages it reads, each of them once.
func (x *tenant) expectReads(want int, args ...string) string {
	x.Helper()
	d := x.countReads()
	out, _ := x.run(0, args...)
	for name, n := range d.reads {
		if n != 1 {
			x.Errorf("%v read %s %d times", args, name, n)
		}
	}
	if len(d.reads) != want {
		x.Errorf("%v read %d packages instead of %d: %v", args, len(d.reads), want, d.reads)
	}
	return out
}

// ruled puts rules into the settings.
func (x *tenant) ruled(rules string) {
	x.Helper()
	text, err := os.ReadFile("orgstore.yaml")
	if err != nil {
		x.Fatal(err)
	}
	x.file("orgstore.yaml", bytes.Replace(text, []byte("rules: []"), []byte("rules:\n"+rules), 1))
}

const sameCode = "  - {name: same code, when: from.present, require: \"diff.class == 'license-only'\", message: its code changed}\n"

// A plan under rules reads each package once, whoever asks for it next reads none, and
// each command is a process of its own.
func TestComparedPackagesAreReadOnce(t *testing.T) {
	x := newTenant(t)
	x.ruled(sameCode)
	x.add(example.Gauge1500)
	x.expect(x.expectReads(2, "plan"), "the rule same code: its code changed")
	for _, args := range [][]string{{"plan"}, {"status"}, {"plan", "-o", "json"}, {"approve"}, {"drift"}} {
		x.expectReads(0, args...)
	}
	x.expect(x.expectReads(0, "package", "diff", example.GaugeGUID+"@1.4.0.0", example.GaugeGUID+"@1.5.0.0"), "class: ")
	x.expectReads(2, "package", "diff", example.GaugeGUID+"@1.5.0.0", example.GaugeGUID+"@1.4.0.0")

	// One more package is read with the one that is installed, and never again.
	x.add("1.4.1.0")
	x.run(0, "pin", "set", example.GaugeGUID, "1.4.1.0")
	x.expectReads(2, "status")
	x.expectReads(0, "plan")
	x.run(0, "pin", "set", example.GaugeGUID, "~> 1.4")
	x.expectReads(0, "plan")
}

// Without rules, too.
func TestComparedPackagesAreReadOnceWithoutRules(t *testing.T) {
	x := newTenant(t)
	x.add(example.Gauge1500)
	x.expectReads(2, "plan")
	x.expectReads(0, "plan")
	x.expectReads(0, "status")
}

// A comparison that somebody forged may show a wrong plan. It lets no change pass a
// rule: before a step is carried out, the rules are asked about the packages.
func TestAForgedComparisonPassesNoRule(t *testing.T) {
	x := newTenant(t)
	x.ruled(sameCode)
	x.add(example.Gauge1500)
	x.expect(x.expectReads(2, "plan"), "the rule same code")
	x.forgeComparisons(`"class":"capabilities"`, `"class":"license-only"`)
	out := x.expectReads(0, "plan")
	if strings.Contains(out, "the rule same code") {
		t.Fatalf("the test forged nothing:\n%s", out)
	}
	x.expect(x.outcomes(12, "apply", "--force"), "upgrade waiting (the rule same code: its code changed)")
	x.installed(example.Gauge1400)
	x.expect(x.expectReads(0, "plan"), "the rule same code") // and what was forged is gone
}

// What somebody else put there is adopted as if orgstore had changed it: a forged
// comparison does not help there either.
func TestAForgedComparisonAdoptsNothing(t *testing.T) {
	x := newTenant(t)
	x.ruled(sameCode)
	text, err := os.ReadFile("orgstore.yaml")
	if err != nil {
		t.Fatal(err)
	}
	x.file("orgstore.yaml", bytes.Replace(text, []byte("pin: "), []byte("drift: adopt\n    pin: "), 1))
	x.file("store/"+example.GaugeGUID+".pbiviz", gauge(t, example.Gauge1500))
	x.run(0, "plan")
	x.forgeComparisons(`"class":"capabilities"`, `"class":"license-only"`)
	x.run(0, "agent", "run", "--once")
	out, _ := x.run(0, "plan")
	x.expect(out, "it is not adopted: the rule same code")
}

// A damaged comparison, and one that was left half written, are computed again.
func TestADamagedComparisonIsComputedAgain(t *testing.T) {
	x := newTenant(t)
	x.ruled(sameCode)
	x.add(example.Gauge1500)
	want := x.expectReads(2, "plan")
	for _, file := range x.keptComparisons() {
		if err := os.Truncate(file, 100); err != nil {
			t.Fatal(err)
		}
	}
	if got := x.expectReads(2, "plan"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	x.expectReads(0, "plan")
}

func (x *tenant) keptComparisons() []string {
	x.Helper()
	files, err := filepath.Glob(filepath.Join(".orgstore", "archive", "computations", "*.computed"))
	if err != nil || len(files) == 0 {
		x.Fatalf("nothing was kept: %v", err)
	}
	return files
}

// forgeComparisons changes what is kept as somebody does who knows how it is kept.
func (x *tenant) forgeComparisons(from, to string) {
	x.Helper()
	a, err := archive.Open(disk.OS(), filepath.Join(".orgstore", "archive"))
	if err != nil {
		x.Fatal(err)
	}
	for _, file := range x.keptComparisons() {
		key, err := visual.ParseDigest("sha256:" + strings.TrimSuffix(filepath.Base(file), ".computed"))
		if err != nil {
			x.Fatal(err)
		}
		text, err := a.Computation(key)
		if err == nil {
			err = a.KeepComputation(key, bytes.ReplaceAll(text, []byte(from), []byte(to)))
		}
		if err != nil {
			x.Fatal(err)
		}
	}
}

// A folder in the place of an archived package is healed by the command that the hint
// names.
func TestAFolderInPlaceOfAnArchivedPackage(t *testing.T) {
	x := newTenant(t)
	x.add(example.Gauge1500)
	name := filepath.Join(".orgstore", "archive", "packages", visual.DigestOf(gauge(t, example.Gauge1500)).Hex()+".pbiviz")
	if err := errors.Join(os.Remove(name), os.MkdirAll(filepath.Join(name, "in it"), 0o700)); err != nil {
		t.Fatal(err)
	}
	_, errs := x.run(1, "apply", "--force")
	x.expect(errs, "in its place is a folder", "hint: add the package again with `orgstore package add`")
	x.add(example.Gauge1500)
	x.expect(x.outcomes(0, "apply", "--force"), "upgrade verified")
	x.installed(example.Gauge1500)
}
