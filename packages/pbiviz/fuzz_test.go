package pbiviz_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/verdict"
)

// FuzzRead: nothing panics; every error is a refusal; what is accepted is what
// archive/zip reads too, and is read the same twice.
func FuzzRead(f *testing.F) {
	for _, file := range samplePackages() {
		f.Add(file)
	}
	f.Add(withEntryName("../x"))
	f.Add(bytes.Repeat(pbiviztest.Package{}.Bytes(), 2))
	l := pbiviz.DefaultLimits()
	l.TotalSize, l.RatioFloor = 8<<20, 8<<20
	f.Fuzz(func(t *testing.T, file []byte) {
		p, err := pbiviz.Read(file, l)
		if err != nil {
			var refusal *verdict.Refusal
			if !errors.As(err, &refusal) || len(refusal.Findings) == 0 {
				t.Fatalf("error %T %v", err, err)
			}
			if c := string(refusal.Code()); !strings.HasPrefix(c, "zip.") && !strings.HasPrefix(c, "pkg.") {
				t.Fatalf("code %s", c)
			}
			return
		}
		sameAsArchiveZIP(t, p, file)
		if q, err := pbiviz.Read(file, l); err != nil || !reflect.DeepEqual(p, q) {
			t.Fatalf("read again as something else: %v", err)
		}
	})
}

// FuzzJSON: whatever package.json and pbiviz.json say, nothing panics, and what is
// accepted names one visual in one place.
func FuzzJSON(f *testing.F) {
	small := pbiviztest.Package{GUID: "a"}
	inner := entryBody(small, "resources/a.pbiviz.json")
	f.Add(entryBody(small, "package.json"), inner)
	f.Add(entryBody(pbiviztest.Package{GUID: "a", Old: true}, "package.json"), inner)
	f.Fuzz(func(t *testing.T, manifest, inner string) {
		if manifest == "" || inner == "" {
			return // the package maker's own would take their place
		}
		p, err := pbiviz.Read(pbiviztest.Package{GUID: "a", Manifest: manifest, Inner: inner, Stored: true}.Bytes(), pbiviz.DefaultLimits())
		if err != nil {
			var refusal *verdict.Refusal
			if !errors.As(err, &refusal) {
				t.Fatalf("error %T %v", err, err)
			}
			return
		}
		p.Code() // unquotes what was only checked so far
		m := p.Manifest()
		if m.GUID.IsZero() || m.Version.IsZero() || m.Generation == pbiviz.New && m.GUID.String() != "a" {
			t.Fatalf("accepted as %+v", m)
		}
	})
}

func sameAsArchiveZIP(t *testing.T, p *pbiviz.Package, file []byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatalf("archive/zip refuses what was accepted: %v", err)
	}
	n := 0
	for _, e := range z.File {
		if strings.HasSuffix(e.Name, "/") {
			continue
		}
		n++
		r, err := e.Open()
		if err != nil {
			t.Fatal(err)
		}
		want, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := p.Entry(e.Name); !ok || !bytes.Equal(got, want) {
			t.Fatalf("the entry %q is read differently", e.Name)
		}
	}
	if n != len(p.Entries()) {
		t.Fatalf("%d entries; archive/zip has %d", len(p.Entries()), n)
	}
}
