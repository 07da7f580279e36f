package pbiviz_test

import (
	"archive/zip"
	"bytes"
	"slices"
	"testing"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
)

// samplePackages are small packages that together use all that is admitted.
func samplePackages() map[string][]byte {
	small := pbiviztest.Package{Capabilities: "{}", Script: "a()", Statement: []byte("a.b.c")}
	tolerant := small.Files()
	tolerant[2].Descriptor = true
	tolerant[0].Local = func(h *header) { h.Extra = pbiviztest.Extra(0x5455, []byte("\x01abcd")) }
	tolerant[0].Central = tolerant[0].Local
	stored := small
	stored.Stored = true
	return map[string][]byte{
		"deflated": small.Bytes(),
		"stored":   stored.Bytes(),
		"tolerant": archive{Files: tolerant}.Bytes(),
		"old":      pbiviztest.Package{Old: true}.Bytes(),
	}
}

// freeBytes says which bytes of a file may have several values: in the directory who
// made an entry, and its attributes; in extra fields the times; and in a deflated
// entry the byte before the empty stored block with which Go ends its streams,
// whose padding bits no inflater looks at.
func freeBytes(t *testing.T, file []byte) []bool {
	t.Helper()
	free := make([]bool, len(file))
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if start, err := f.DataOffset(); err == nil && f.Method == zip.Deflate {
			free[start+int64(f.CompressedSize64)-5] = true
		}
	}
	for at := 0; ; {
		i := bytes.Index(file[at:], []byte("PK\x01\x02"))
		if i < 0 {
			break
		}
		at += i + 4
		free[at], free[at+1] = true, true
		for k := at + 32; k < at+38; k++ { // internal and external attributes
			free[k] = true
		}
	}
	for at := 0; ; {
		i := bytes.Index(file[at:], []byte("UT\x05\x00\x01"))
		if i < 0 {
			return free
		}
		at += i + 5
		for k := at; k < at+4; k++ {
			free[k] = true
		}
	}
}

// Every byte is accounted for: a file that differs in one of them is refused.
func TestEveryByteCounts(t *testing.T) {
	l := pbiviz.DefaultLimits()
	for name, file := range samplePackages() {
		t.Run(name, func(t *testing.T) {
			want := mustRead(t, file).Content()
			free := freeBytes(t, file)
			for i := range file {
				for _, flip := range []byte{0x01, 0x80, 0xff, 0x20} {
					changed := bytes.Clone(file)
					changed[i] ^= flip
					p, err := pbiviz.Read(changed, l)
					if err == nil && !free[i] {
						t.Errorf("byte %d of %d xor %#02x is accepted", i, len(file), flip)
					}
					if err == nil && p.Content() != want {
						t.Errorf("byte %d xor %#02x changes the content", i, flip)
					}
				}
			}
		})
	}
}

// Nothing can be taken away from a file, put into it or around it.
func TestNoByteMoreOrLess(t *testing.T) {
	l := pbiviz.DefaultLimits()
	for name, file := range samplePackages() {
		t.Run(name, func(t *testing.T) {
			for i := range file {
				if _, err := pbiviz.Read(file[:i], l); err == nil {
					t.Errorf("the first %d of %d bytes are accepted", i, len(file))
				}
				if _, err := pbiviz.Read(slices.Delete(bytes.Clone(file), i, i+1), l); err == nil {
					t.Errorf("the file without byte %d is accepted", i)
				}
				if _, err := pbiviz.Read(slices.Insert(bytes.Clone(file), i, 0), l); err == nil {
					t.Errorf("the file with a byte more at %d is accepted", i)
				}
			}
		})
	}
}

// What is accepted is what archive/zip reads.
func TestSamplesAgreeWithArchiveZIP(t *testing.T) {
	for name, file := range samplePackages() {
		t.Run(name, func(t *testing.T) { sameAsArchiveZIP(t, mustRead(t, file), file) })
	}
}
