package pbiviz_test

import (
	"bytes"
	"testing"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
)

func TestEmbed(t *testing.T) {
	middle := pbiviztest.Package{Statement: []byte("old.old.old")}.Files()
	middle[2], middle[3] = middle[3], middle[2]
	tolerant := pbiviztest.Package{}.Files()
	tolerant[2].Descriptor = true
	for name, test := range map[string]struct {
		file []byte
		tier pbiviz.Tier
	}{
		"new generation":            {pbiviztest.Package{}.Bytes(), pbiviz.Strict},
		"old generation":            {pbiviztest.Package{Old: true}.Bytes(), pbiviz.Strict},
		"stored":                    {pbiviztest.Package{Stored: true}.Bytes(), pbiviz.Strict},
		"replaces a statement":      {pbiviztest.Package{Statement: bytes.Repeat([]byte("x"), 999)}.Bytes(), pbiviz.Strict},
		"replaces one between":      {archive{Files: middle}.Bytes(), pbiviz.Strict},
		"tolerant remains tolerant": {archive{Files: tolerant}.Bytes(), pbiviz.Tolerant},
	} {
		t.Run(name, func(t *testing.T) {
			kept := bytes.Clone(test.file)
			out, err := pbiviz.Embed(test.file, []byte("new.new.new"))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(kept, test.file) {
				t.Error("the input was changed")
			}
			before, after := mustRead(t, test.file), mustRead(t, out)
			if s, _ := after.Statement(); string(s) != "new.new.new" {
				t.Errorf("statement %q", s)
			}
			if after.Content() != before.Content() || after.Manifest() != before.Manifest() || after.Manifest().Tier != test.tier {
				t.Errorf("content %s, manifest %+v; want %s, %+v", after.Content(), after.Manifest(), before.Content(), before.Manifest())
			}
			for _, e := range before.Entries() {
				if e.Name == pbiviz.StatementEntry {
					continue
				}
				a, _ := before.Entry(e.Name)
				if b, ok := after.Entry(e.Name); !ok || !bytes.Equal(a, b) {
					t.Errorf("the entry %s changed", e.Name)
				}
			}
			again, err := pbiviz.Embed(out, []byte("new.new.new"))
			if err != nil || !bytes.Equal(again, out) {
				t.Errorf("embedding twice gives another file: %v", err)
			}
		})
	}
}

func TestEmbedRefuses(t *testing.T) {
	_, err := pbiviz.Embed([]byte("PK"), []byte("a.b.c"))
	wantRefusal(t, err, "zip.layout")
	_, err = pbiviz.Embed(pbiviztest.Package{Extra: map[string][]byte{"resources/LICENSE.jws": nil}}.Bytes(), []byte("a.b.c"))
	wantRefusal(t, err, "zip.duplicate")
	if _, err := pbiviz.Embed(pbiviztest.Package{}.Bytes(), nil); err == nil {
		t.Error("an empty statement was embedded")
	}
}
