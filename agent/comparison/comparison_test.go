package comparison

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/diff"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/visual"
)

var update = flag.Bool("update", false, "write the golden file again")

// A countingDisk counts how often packages are read, and refuses to change anything
// once it is read-only.
type countingDisk struct {
	disk.Disk
	mu       sync.Mutex
	reads    int
	readOnly bool
}

func (d *countingDisk) Open(name string) (io.ReadCloser, error) {
	if strings.HasSuffix(name, ".pbiviz") {
		d.mu.Lock()
		d.reads++
		d.mu.Unlock()
	}
	return d.Disk.Open(name)
}

func (d *countingDisk) Create(name string, perm fs.FileMode) (disk.File, error) {
	if d.readOnly {
		return nil, fs.ErrPermission
	}
	return d.Disk.Create(name, perm)
}

func (d *countingDisk) MkdirAll(name string, perm fs.FileMode) error {
	if d.readOnly {
		return fs.ErrPermission
	}
	return d.Disk.MkdirAll(name, perm)
}

// A bench is an archive on a disk that counts.
type bench struct {
	*testing.T
	disk *countingDisk
}

func newBench(t *testing.T) bench {
	return bench{t, &countingDisk{Disk: disktest.NewLossy()}}
}

func (b bench) archive() *archive.Archive {
	b.Helper()
	a, err := archive.Open(b.disk, "/archive")
	if err != nil {
		b.Fatal(err)
	}
	return a
}

func (b bench) keep(file []byte) visual.Digest {
	b.Helper()
	digest, err := b.archive().KeepPackage(file)
	if err != nil {
		b.Fatal(err)
	}
	b.disk.reads = 0
	return digest
}

// compare compares as another process does, and checks how many packages it reads.
func (b bench) compare(profiles profile.Set, from, to visual.Digest, reads int) Comparison {
	b.Helper()
	b.disk.reads = 0
	found, err := New(b.archive(), profiles).Compare(from, to)
	if err != nil {
		b.Fatal(err)
	}
	if b.disk.reads != reads {
		b.Errorf("%d packages were read instead of %d", b.disk.reads, reads)
	}
	return found
}

func TestAPairIsComputedOnce(t *testing.T) {
	b := newBench(t)
	old, young := b.keep(example.Gauge(example.Gauge1400)), b.keep(example.Gauge(example.Gauge1500))
	first := b.compare(nil, old, young, 2)
	if first.Diff.Class != diff.Capabilities || !first.From.Present || first.To.Version != "1.5.0.0" {
		t.Errorf("found %+v", first)
	}
	if again := b.compare(nil, old, young, 0); !reflect.DeepEqual(first, again) {
		t.Errorf("kept\n%+v\ncomputed\n%+v", again, first)
	}
	back := b.compare(nil, young, old, 2) // the other way round is another pair
	if back.To.Version != "1.4.0.0" {
		t.Errorf("the way back: %+v", back)
	}
	install := b.compare(nil, visual.Digest{}, young, 1)
	if again := b.compare(nil, visual.Digest{}, young, 0); !reflect.DeepEqual(install, again) || install.From.Present || install.Diff.Class != "" {
		t.Errorf("a first install: %+v, then %+v", install, again)
	}
	if f := install.RuleFacts(); !reflect.DeepEqual(f.Diff.Privileges.Added, install.To.Privileges) || f.Diff.Class != "" {
		t.Errorf("rules read of a first install: %+v", f)
	}
}

// One package that comes to several stores is read once.
func TestAPackageOfTwoPairsIsReadOnce(t *testing.T) {
	b := newBench(t)
	a, m, z := b.keep(example.Gauge(example.Gauge1400)), b.keep(example.Gauge(example.Gauge1410)), b.keep(example.Gauge(example.Gauge1500))
	c := New(b.archive(), nil)
	for _, from := range []visual.Digest{a, m, a} {
		if _, err := c.Compare(from, z); err != nil {
			t.Fatal(err)
		}
	}
	if b.disk.reads != 3 {
		t.Errorf("three packages were read %d times", b.disk.reads)
	}
}

// What a person or another program left in place of a kept comparison is none.
func TestWhatIsNotOfThisPairIsComputedAgain(t *testing.T) {
	b := newBench(t)
	old, young := b.keep(example.Gauge(example.Gauge1400)), b.keep(example.Gauge(example.Gauge1500))
	want := b.compare(nil, old, young, 2)
	p := pair{old, young}
	good, err := b.archive().Computation(p.key())
	if err != nil {
		t.Fatal(err)
	}
	replace := func(from, to string) string {
		text := strings.Replace(string(good), from, to, 1)
		if text == string(good) {
			t.Fatalf("there is no %s in %s", from, good)
		}
		return text
	}
	number := func(n int) string { return fmt.Sprintf(`"orgstore_comparison":%d`, n) }
	for name, text := range map[string]string{
		"nothing": "", "rubbish": "\x00\x01", "another JSON": `[1]`, "half": string(good[:len(good)/2]), "more": string(good) + "{}",
		"a newer program's":    replace(number(computation), number(computation+1)),
		"an earlier program's": replace(number(computation), number(computation-1)),
		"with more members":    replace(`"found":{`, `"found":{"more":1,`),
		"of another package":   replace(old.String(), young.String()),
		"to another package":   replace(`"to_digest":"`+young.String(), `"to_digest":"`+old.String()),
		"with other profiles":  replace(`"profiles":"sha256:`, `"profiles":"sha256:0`),
	} {
		t.Run(name, func(t *testing.T) {
			if err := b.archive().KeepComputation(p.key(), []byte(text)); err != nil {
				t.Fatal(err)
			}
			if got := b.compare(nil, old, young, 2); !reflect.DeepEqual(got, want) {
				t.Errorf("found %+v", got)
			}
			b.compare(nil, old, young, 0) // it was kept again
		})
	}
}

func TestOtherProfilesCompareAgain(t *testing.T) {
	b := newBench(t)
	march, june := keyedPackage("2027-03-01"), keyedPackage("2027-06-01")
	old, young := b.keep(march), b.keep(june)
	if d := b.compare(nil, old, young, 2).Diff; d.Class != diff.Code || !d.Has("diff.renewal_unproven") {
		t.Errorf("without profiles: %+v", d)
	}
	text := string(profile.Examples()[0].Text)
	masking, other := parse(t, text), parse(t, strings.Replace(text, "kind: user", "kind: site", 1))
	if d := b.compare(masking, old, young, 2).Diff; d.Class != diff.LicenseOnly {
		t.Errorf("with a profile: %+v", d)
	}
	b.compare(masking, old, young, 0)
	b.compare(other, old, young, 2)
	b.compare(append(other, masking...), old, young, 2)
	b.compare(append(masking, other...), old, young, 2) // the order decides what is told
}

// Where nothing can be kept, whoever looks goes on.
func TestReadOnlyArchive(t *testing.T) {
	b := newBench(t)
	old, young := b.keep(example.Gauge(example.Gauge1400)), b.keep(example.Gauge(example.Gauge1500))
	b.disk.readOnly = true
	var told []error
	c := New(b.archive(), nil)
	c.OnUnkept = func(err error) { told = append(told, err) }
	for _, from := range []visual.Digest{old, {}} {
		if _, err := c.Compare(from, young); err != nil {
			t.Fatal(err)
		}
	}
	if len(told) != 1 || !errors.Is(told[0], fs.ErrPermission) {
		t.Errorf("it is told of: %v", told)
	}
	first := b.compare(nil, old, young, 2)
	again := b.compare(nil, old, young, 2)
	b.disk.readOnly = false
	b.compare(nil, old, young, 2)
	b.disk.readOnly = true
	if kept := b.compare(nil, old, young, 0); !reflect.DeepEqual(first, kept) || !reflect.DeepEqual(again, kept) {
		t.Errorf("found %+v, %+v, %+v", first, again, kept)
	}
}

// CompareBytes believes nothing that was kept, and neither does Compare after it.
func TestCompareBytes(t *testing.T) {
	b := newBench(t)
	old, young := b.keep(example.Gauge(example.Gauge1400)), b.keep(example.Gauge(example.Gauge1500))
	want := b.compare(nil, old, young, 2)
	p := pair{old, young}
	forged, err := json.Marshal(record{computation, old, young, profile.Set(nil).Fingerprint(), Comparison{To: want.To}})
	if err == nil {
		err = b.archive().KeepComputation(p.key(), forged)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := b.compare(nil, old, young, 0); got.From.Present {
		t.Fatalf("the test forged nothing: %+v", got)
	}
	c := New(b.archive(), nil)
	for _, compare := range []func(from, to visual.Digest) (Comparison, error){c.Compare, c.CompareBytes, c.Compare} {
		got, err := compare(old, young)
		if err != nil || reflect.DeepEqual(got, want) == (b.disk.reads == 0) {
			t.Errorf("after %d reads: %+v, %v", b.disk.reads, got, err)
		}
	}
	if got := b.compare(nil, old, young, 0); !reflect.DeepEqual(got, want) {
		t.Errorf("what was forged is still kept: %+v", got)
	}

	missing := visual.DigestOf([]byte("no package"))
	c = New(b.archive(), nil)
	for _, compare := range []func(from, to visual.Digest) (Comparison, error){c.Compare, c.CompareBytes, c.Compare} {
		if got, err := compare(old, missing); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a package that is not there: %+v, %v", got, err)
		}
	}
	if err := b.disk.Remove(filepath.Join("/archive/packages", young.Hex()+".pbiviz")); err != nil {
		t.Fatal(err)
	}
	c = New(b.archive(), nil)
	_, errCompared := c.Compare(old, young)
	_, errBytes := c.CompareBytes(old, young)
	_, errAfter := c.Compare(old, young)
	if errCompared != nil || errBytes == nil || errAfter == nil {
		t.Errorf("kept: %v; from bytes that are lost: %v, and after it: %v", errCompared, errBytes, errAfter)
	}
}

// The golden file is named after the number of the computation. If this test fails,
// what a comparison finds or how it is kept has changed: raise the number, so that
// nothing is believed that an earlier program kept, and write the file anew.
func TestComputationNumber(t *testing.T) {
	b := newBench(t)
	var got strings.Builder
	for _, files := range [][2][]byte{
		{nil, example.Gauge(example.Gauge1400)},
		{example.Gauge(example.Gauge100), example.Gauge(example.Gauge1400)},
		{example.Gauge(example.Gauge1400), example.Gauge(example.Gauge1400Recut)},
		{example.Gauge(example.Gauge1410), example.Gauge(example.Gauge1500)},
		{example.Gauge(example.Gauge1600), example.Gauge(example.Gauge2000)},
		{example.Timeline(example.Timeline2000), example.Timeline(example.Timeline2100)},
		{keyedPackage("2027-03-01"), keyedPackage("2027-06-01")},
	} {
		p := pair{to: b.keep(files[1])}
		if files[0] != nil {
			p.from = b.keep(files[0])
		}
		b.compare(nil, p.from, p.to, map[bool]int{true: 1, false: 2}[p.from.IsZero()])
		text, err := b.archive().Computation(p.key())
		if err != nil {
			t.Fatal(err)
		}
		got.Write(append(text, '\n'))
	}
	golden := filepath.Join("testdata", fmt.Sprintf("computation-%d.golden", computation))
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(golden, []byte(got.String()), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"orgstore_comparison":1,"from_digest":"","found":{"to":{"Present":true}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := decode([]byte(text)); err != nil && !reflect.DeepEqual(r, record{}) {
			t.Errorf("%q: %+v beside %v", text, r, err)
		}
	})
}

// keyedPackage has a license of the vendor's own form in its script.
func keyedPackage(ends string) []byte {
	claims := fmt.Sprintf(`{"id":"A-1","expiresAt":%d,"quantity":7,"pId":"gauge"}`, licensetest.Time(ends).UnixMilli())
	key := base64.StdEncoding.EncodeToString([]byte(claims)) + "." + base64.StdEncoding.EncodeToString([]byte("a signature nobody checks"))
	return licensetest.Package(pbiviztest.Package{Script: `var k="` + key + `";run(k)`}).File()
}

func parse(t *testing.T, text string) profile.Set {
	t.Helper()
	p, err := profile.Parse("p.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return profile.Set{p}
}
