package pbiviz_test

import (
	"bytes"
	"compress/flate"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/verdict"
)

type (
	archive         = pbiviztest.Archive
	file            = pbiviztest.File
	header          = pbiviztest.Header
	endRecordFields = pbiviztest.End
)

// changedZIP makes a well-formed package and lets the test break its ZIP.
func changedZIP(change func(a *archive)) []byte {
	a := archive{Files: pbiviztest.Package{}.Files()}
	change(&a)
	return a.Bytes()
}

// withEntries adds entries to a well-formed package.
func withEntries(files ...file) []byte {
	return changedZIP(func(a *archive) { a.Files = append(a.Files, files...) })
}

// withCentralHeader breaks the directory's record of pbiviz.json; local its local header;
// both breaks both alike.
func withCentralHeader(f func(*header)) []byte {
	return changedZIP(func(a *archive) { a.Files[2].Central = f })
}

func withLocalHeader(f func(*header)) []byte {
	return changedZIP(func(a *archive) { a.Files[2].Local = f })
}

func withBothHeaders(f func(*header)) []byte {
	return changedZIP(func(a *archive) { a.Files[2].Local, a.Files[2].Central = f, f })
}

func withEndRecord(f func(*endRecordFields)) []byte {
	return changedZIP(func(a *archive) { a.End = f })
}

func withEntryName(name string) []byte {
	return withEntries(file{Name: name, Body: []byte("x"), Store: true})
}

// An attack is a file that must be refused with a code. Its name begins with the
// number of a license case.
type attack struct {
	name string
	file []byte
	code verdict.Code
}

// attacks are those of the cases D4 to D28 that need no license.
func attacks(t *testing.T) []attack {
	pkg := pbiviztest.Package{}
	whole := pkg.Bytes()
	other := pbiviztest.Package{Script: "evil()"}.Bytes()
	otherLonger := pbiviztest.Package{Script: strings.Repeat("evil()", 99)}.Bytes()
	guid := `"guid":"` + pbiviztest.GUID + `"`
	packed := pbiviztest.Deflate([]byte(entryBody(pkg, innerName)))
	zeros := make([]byte, 200<<20)

	return []attack{
		{"D4 second statement in another case", withEntries(file{Name: "resources/license.jws", Body: []byte("a.b.c")}, file{Name: "Resources/License.jws", Body: []byte("d.e.f")}), "zip.duplicate"},
		{"D5 duplicate package.json", withEntries(file{Name: "package.json", Body: []byte(entryBody(pkg, "package.json"))}), "zip.duplicate"},
		{"D5 duplicate, directory reversed", changedZIP(func(a *archive) {
			a.Files = append(a.Files, file{Name: "package.json", Body: []byte("{}")})
			a.Order = []int{3, 2, 1, 0}
		}), "zip.duplicate"},
		{"D6 two zips of equal size", slices.Concat(whole, whole), "zip.layout"},
		{"D6 two zips, other content", slices.Concat(whole, other), "zip.layout"},
		{"D6 two zips of different sizes", slices.Concat(otherLonger, whole), "zip.layout"},
		{"D7 ./package.json", withEntryName("./package.json"), "zip.name"},
		{"D7 a//b", withEntryName("a//b"), "zip.name"},
		{"D7 a/../b", withEntryName("a/../b"), "zip.name"},
		{"D7 a/./b", withEntryName("a/./b"), "zip.name"},
		{"D8 ../", withEntryName("../x"), "zip.name"},
		{"D8 absolute", withEntryName("/etc/passwd"), "zip.name"},
		{"D8 drive letter", withEntryName("C:/x"), "zip.name"},
		{"D8 drive letter, relative", withEntryName("C:x"), "zip.name"},
		{"D8 UNC", withEntryName(`\\host\share`), "zip.name"},
		{"D8 UNC with slashes", withEntryName("//host/share"), "zip.name"},
		{"D8 backslash", withEntryName(`resources\x`), "zip.name"},
		{"D8 CON", withEntryName("resources/CON"), "zip.name"},
		{"D8 con.txt", withEntryName("con.txt"), "zip.name"},
		{"D8 NUL with a space and an ending", withEntryName("nul .js"), "zip.name"},
		{"D8 lpt1 as a directory", withEntryName("lpt1/x"), "zip.name"},
		{"D8 trailing dot", withEntryName("resources./x"), "zip.name"},
		{"D8 trailing space", withEntryName("x "), "zip.name"},
		{"D8 alternate stream", withEntryName("package.json::$DATA"), "zip.name"},
		{"D8 control character", withEntryName("a\nb"), "zip.name"},
		{"D8 NUL byte", withEntryName("package.json\x00.txt"), "zip.name"},
		{"D8 DEL", withEntryName("a\x7f"), "zip.name"},
		{"D8 not ASCII", withEntryName("resources/caf\u00e9"), "zip.name"},
		{"D8 empty name", withEntryName(""), "zip.name"},
		{"D8 only a slash", withEntries(file{Name: "/"}), "zip.name"},
		{"D8 short name of Windows is plain, wildcard is not", withEntryName("PACKAG*"), "zip.name"},
		{"D9 equal after case folding", withEntryName("PACKAGE.json"), "zip.duplicate"},
		{"D9 equal after NFC", withEntries(file{Name: "caf\u00e9"}, file{Name: "cafe\u0301"}), "zip.duplicate"},
		{"D9 Kelvin sign", withEntries(file{Name: "kid"}, file{Name: "\u212aid"}), "zip.duplicate"},
		{"D9 directory and file of one name", withEntries(file{Name: "x/"}, file{Name: "x"}), "zip.duplicate"},
		{"D10 local name differs", withLocalHeader(func(h *header) { h.Name = strings.ToUpper(h.Name) }), "zip.mismatch"},
		{"D10 local name longer", withLocalHeader(func(h *header) { h.Name += "x" }), "zip.mismatch"},
		{"D10 local size differs", withLocalHeader(func(h *header) { h.Size++ }), "zip.mismatch"},
		{"D10 directory size differs", withCentralHeader(func(h *header) { h.Size-- }), "zip.mismatch"},
		{"D10 local packed size differs", withLocalHeader(func(h *header) { h.Packed-- }), "zip.mismatch"},
		{"D10 local checksum differs", withLocalHeader(func(h *header) { h.CRC++ }), "zip.mismatch"},
		{"D10 local method differs", withLocalHeader(func(h *header) { h.Method = 0 }), "zip.mismatch"},
		{"D10 local flags differ", withLocalHeader(func(h *header) { h.Flags = 0x800 }), "zip.mismatch"},
		{"D10 local time differs", withLocalHeader(func(h *header) { h.Time++ }), "zip.mismatch"},
		{"D10 encrypted in the local header alone", withLocalHeader(func(h *header) { h.Flags = 1 }), "zip.mismatch"},
		{"D11 hidden local entry", changedZIP(func(a *archive) { a.Files = append(a.Files, file{Name: "evil.js", Hidden: true}) }), "zip.layout"},
		{"D11 hidden first entry", changedZIP(func(a *archive) { a.Files = slices.Insert(a.Files, 0, file{Name: "evil.js", Hidden: true}) }), "zip.layout"},
		{"D11 gap between entries", changedZIP(func(a *archive) { a.Files[0].After = []byte("gap") }), "zip.layout"},
		{"D11 gap before the directory", changedZIP(func(a *archive) { a.Files[2].After = []byte("PK\x03\x04") }), "zip.layout"},
		{"D11 gap behind the directory", changedZIP(func(a *archive) { a.Gap = []byte("gap") }), "zip.layout"},
		{"D11 overlap", changedZIP(func(a *archive) {
			a.Files = append(a.Files, file{Name: "twin", Hidden: false, Central: func(h *header) { h.Offset = 0 }})
		}), "zip.layout"},
		{"D11 directory reordered", changedZIP(func(a *archive) { a.Order = []int{0, 2, 1} }), "zip.layout"},
		{"D11 entry without a local header", withCentralHeader(func(h *header) { h.Offset += 4 }), "zip.layout"},
		{"D11 packed size reaches into the directory", withBothHeaders(func(h *header) { h.Packed += 60; h.Size += 60 }), "zip.layout"},
		{"D12 prefix", changedZIP(func(a *archive) { a.Prefix = []byte("#!/bin/sh\n") }), "zip.layout"},
		{"D12 prefix that looks like a ZIP", changedZIP(func(a *archive) { a.Prefix = []byte("PK\x03\x04") }), "zip.layout"},
		{"D12 trailing byte", changedZIP(func(a *archive) { a.Suffix = []byte{0} }), "zip.layout"},
		{"D12 comment", changedZIP(func(a *archive) { a.Comment = []byte("hello") }), "zip.layout"},
		{"D12 end record inside the comment", changedZIP(func(a *archive) { a.Comment = other[len(other)-22:] }), "zip.layout"},
		{"D12 announced comment that is not there", withEndRecord(func(e *endRecordFields) { e.CommentLength = 1 }), "zip.layout"},
		{"D12 comment of an entry", withCentralHeader(func(h *header) { h.Comment = "hello" }), "zip.layout"},
		{"D12 count too low", withEndRecord(func(e *endRecordFields) { e.Here--; e.Total-- }), "zip.layout"},
		{"D12 count too high", withEndRecord(func(e *endRecordFields) { e.Here++; e.Total++ }), "zip.layout"},
		{"D12 counts disagree", withEndRecord(func(e *endRecordFields) { e.Here-- }), "zip.layout"},
		{"D12 directory begins elsewhere", withEndRecord(func(e *endRecordFields) { e.Offset += 2; e.Size -= 2 }), "zip.layout"},
		{"D12 directory said to be shorter", withEndRecord(func(e *endRecordFields) { e.Size-- }), "zip.layout"},
		{"D12 directory said to be longer", withEndRecord(func(e *endRecordFields) { e.Size++ }), "zip.layout"},
		{"D12 cut short", whole[:len(whole)-1], "zip.layout"},
		{"D12 empty file", nil, "zip.layout"},
		{"D12 only PK", []byte("PK"), "zip.layout"},
		{"D12 a saved web page", []byte("<!DOCTYPE html><html></html>"), "zip.layout"},
		{"D12 an image", []byte("\x89PNG\r\n\x1a\n and more than twenty-two bytes"), "zip.layout"},
		{"D13 unicode path, directory", withCentralHeader(func(h *header) { h.Extra = pbiviztest.Extra(0x7075, []byte("\x01\x00\x00\x00\x00x")) }), "zip.extra"},
		{"D13 unicode path, local", withLocalHeader(func(h *header) { h.Extra = pbiviztest.Extra(0x7075, []byte("\x01\x00\x00\x00\x00x")) }), "zip.extra"},
		{"D13 unknown extra", withBothHeaders(func(h *header) { h.Extra = pbiviztest.Extra(0xbeef, nil) }), "zip.extra"},
		{"D13 damaged extra", withCentralHeader(func(h *header) { h.Extra = []byte{1, 2, 3} }), "zip.extra"},
		{"D13 extra longer than its field", withCentralHeader(func(h *header) { h.Extra = []byte{0x55, 0x54, 9, 0, 0} }), "zip.extra"},
		{"D14 encrypted", withBothHeaders(func(h *header) { h.Flags = 1 }), "zip.feature"},
		{"D14 strong encryption", withBothHeaders(func(h *header) { h.Flags = 0x40 }), "zip.feature"},
		{"D14 masked headers", withBothHeaders(func(h *header) { h.Flags = 0x2000 }), "zip.feature"},
		{"D14 patched data", withBothHeaders(func(h *header) { h.Flags = 0x20 }), "zip.feature"},
		{"D14 deflate64", withBothHeaders(func(h *header) { h.Method = 9 }), "zip.feature"},
		{"D14 zstd", withBothHeaders(func(h *header) { h.Method = 93 }), "zip.feature"},
		{"D14 version 4.5", withBothHeaders(func(h *header) { h.Needed = 45 }), "zip.feature"},
		{"D14 entry on another disk", withCentralHeader(func(h *header) { h.Disk = 1 }), "zip.feature"},
		{"D14 end record on another disk", withEndRecord(func(e *endRecordFields) { e.Disk, e.StartDisk = 1, 1 }), "zip.feature"},
		{"D14 ZIP64 count", withEndRecord(func(e *endRecordFields) { e.Offset = 0xffffffff }), "zip.feature"},
		{"D14 ZIP64 sizes", withCentralHeader(func(h *header) { h.Size = 0xffffffff }), "zip.feature"},
		{"D14 ZIP64 extra", withBothHeaders(func(h *header) { h.Extra = pbiviztest.Extra(1, make([]byte, 16)) }), "zip.feature"},
		{"D14 ZIP64 locator", changedZIP(func(a *archive) { a.Gap = append([]byte("PK\x06\x07"), make([]byte, 16)...) }), "zip.feature"},
		{"D14 stored with a descriptor", changedZIP(func(a *archive) { a.Files[2].Store, a.Files[2].Descriptor = true, true }), "zip.feature"},
		{"D14 internal attributes", withCentralHeader(func(h *header) { h.Internal = 2 }), "zip.feature"},
		{"D15 symlink", withCentralHeader(func(h *header) { h.Creator, h.External = 0x031e, 0o120777<<16 }), "zip.type"},
		{"D15 symlink, creator DOS", withCentralHeader(func(h *header) { h.External = 0o120777 << 16 }), "zip.type"},
		{"D15 device", withCentralHeader(func(h *header) { h.Creator, h.External = 0x031e, 0o060600<<16 }), "zip.type"},
		{"D15 named pipe", withCentralHeader(func(h *header) { h.Creator, h.External = 0x031e, 0o010600<<16 }), "zip.type"},
		{"D15 setuid", withCentralHeader(func(h *header) { h.Creator, h.External = 0x031e, 0o104755<<16 }), "zip.type"},
		{"D15 Windows link", withCentralHeader(func(h *header) { h.Creator, h.External = 0x0a14, 0x400 }), "zip.type"},
		{"D15 directory by attribute alone", withCentralHeader(func(h *header) { h.External = 0x10 }), "zip.type"},
		{"D15 directory by mode alone", withCentralHeader(func(h *header) { h.Creator, h.External = 0x031e, 0o040755<<16 }), "zip.type"},
		{"D15 file by mode, directory by name", changedZIP(func(a *archive) { a.Files[1].Central = func(h *header) { h.External = 0o100644 << 16 } }), "zip.type"},
		{"D15 directory with data", changedZIP(func(a *archive) { a.Files[1].Body, a.Files[1].Data = []byte("x"), []byte("x") }), "zip.type"},
		{"D15 made for VMS", withCentralHeader(func(h *header) { h.Creator = 0x0214 }), "zip.type"},
		{"D16 200 MB of zeros", withEntries(file{Name: "zeros", Body: zeros}), "zip.bomb"},
		{"D18 inflates to more than declared", changedZIP(func(a *archive) {
			a.Files[2].Data = pbiviztest.Deflate([]byte(entryBody(pkg, innerName) + " "))
		}), "zip.stream"},
		{"D18 inflates to less than declared", changedZIP(func(a *archive) {
			a.Files[2].Data = pbiviztest.Deflate([]byte(entryBody(pkg, innerName)[1:]))
		}), "zip.stream"},
		{"D18 bytes after the final block", changedZIP(func(a *archive) { a.Files[2].Data = append(slices.Clone(packed), 0) }), "zip.stream"},
		{"D18 another stream after the final block", changedZIP(func(a *archive) { a.Files[2].Data = append(slices.Clone(packed), packed...) }), "zip.stream"},
		{"D18 stream without a final block", changedZIP(func(a *archive) { a.Files[2].Data = deflateUnfinished([]byte(entryBody(pkg, innerName))) }), "zip.stream"},
		{"D18 stream cut short", changedZIP(func(a *archive) { a.Files[2].Data = packed[:len(packed)-9] }), "zip.stream"},
		{"D18 not deflated at all", changedZIP(func(a *archive) { a.Files[2].Data = bytes.Repeat([]byte{0xff}, 99) }), "zip.stream"},
		{"D18 empty data for bytes", changedZIP(func(a *archive) { a.Files[2].Data = []byte{} }), "zip.stream"},
		{"D18 stored, sizes differ", changedZIP(func(a *archive) {
			f := func(h *header) { h.Size-- }
			a.Files[2].Store, a.Files[2].Local, a.Files[2].Central = true, f, f
		}), "zip.stream"},
		{"D19 wrong checksum", withBothHeaders(func(h *header) { h.CRC++ }), "zip.crc"},
		{"D19 wrong checksum, stored", changedZIP(func(a *archive) {
			f := func(h *header) { h.CRC++ }
			a.Files[0].Store, a.Files[0].Local, a.Files[0].Central = true, f, f
		}), "zip.crc"},
		{"D20 package.json as a directory", withEntryName("package.json/x"), "zip.name"},
		{"D20 PACKAGE.JSON as a directory, deeper", withEntryName("PACKAGE.JSON/a/b"), "zip.name"},
		{"D20 package.json as a directory entry's parent", withEntries(file{Name: "package.json/x/"}), "zip.name"},
		{"D21 visual.version differs inside", innerWith(t, pkg, `"version":"1.0.0.0"`, `"version":"0.9.0.0"`).Bytes(), "pkg.inconsistent"},
		{"D21 visual.version absent inside", innerWith(t, pkg, `"version":"1.0.0.0",`, ``).Bytes(), "pkg.inconsistent"},
		{"D22 GUID differs in package.json", manifestWith(t, pkg, guid, `"guid":"other"`).Bytes(), "pkg.guid"},
		{"D22 GUID differs in the entry's name", func() []byte {
			p := manifestWith(t, pkg, innerName, "resources/other.pbiviz.json")
			files := p.Files()
			files[2].Name = "resources/other.pbiviz.json"
			return archive{Files: files}.Bytes()
		}(), "pkg.guid"},
		{"D22 GUID differs in the entry's name, which nothing lists", func() []byte {
			files := pkg.Files()
			files[2].Name = "resources/other.pbiviz.json"
			return archive{Files: files}.Bytes()
		}(), "pkg.guid"},
		{"D22 GUID differs inside", innerWith(t, pkg, guid, `"guid":"other"`).Bytes(), "pkg.guid"},
		{"D24 GUID differs in case", innerWith(t, pkg, guid, strings.ToLower(guid)).Bytes(), "pkg.guid"},
		{"D24 homoglyph in all places", manifestWith(t, pkg, "auroraGauge7", "\u0430uroraGauge7").Bytes(), "pkg.json"},
		{"D24 homoglyph in the GUID", manifestWith(t, pkg, `"guid":"aurora`, `"guid":"`+"\u0430"+`urora`).Bytes(), "pkg.guid"},
		{"D25 version with a space", manifestWith(t, pkg, `"1.0.0.0","description"`, `"1.0 beta","description"`).Bytes(), "pkg.version_form"},
		{"D25 version empty", manifestWith(t, pkg, `"1.0.0.0","description"`, `"","description"`).Bytes(), "pkg.version_form"},
		{"D26 duplicate guid", manifestWith(t, pkg, guid, guid+","+guid).Bytes(), "pkg.json"},
		{"D28 resource outside", manifestWith(t, pkg, `"file":"`, `"file":"../../`).Bytes(), "pkg.json"},
		{"D28 resource on the web", manifestWith(t, pkg, `"file":"`, `"file":"http://evil.example/`).Bytes(), "pkg.json"},
		{"D28 unused resource outside", manifestWith(t, pkg, `"resources":[`, `"resources":[{"resourceId":"x","file":"/etc/passwd"},`).Bytes(), "pkg.json"},
	}
}

// TestAttacks runs the attacks of the cases that packages/license holds: another
// GUID. TestLicenseCases runs all others.
func TestAttacks(t *testing.T) {
	for _, a := range attacks(t) {
		if strings.HasPrefix(a.name, "D22 ") || strings.HasPrefix(a.name, "D24 ") {
			t.Run(a.name, func(t *testing.T) { mustRefuse(t, a.file, a.code) })
		}
	}
}

// deflateUnfinished deflates without ever closing the stream.
func deflateUnfinished(b []byte) []byte {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestSpeed)
	w.Write(b)
	w.Flush()
	return out.Bytes()
}

// D1 and D2: any change of content changes the content digest.
func TestAttacksOnContentDigest(t *testing.T) {
	pkg := pbiviztest.Package{Extra: map[string][]byte{"resources/a.txt": []byte("a")}}
	base := mustRead(t, pkg.Bytes())
	for name, file := range map[string][]byte{
		"D1 one byte of script changed": pbiviztest.Package{Extra: pkg.Extra, Script: "var auroraGauge = {\n\t\"dial\": \"Round\"\n};\n"}.Bytes(),
		"D2 entry added":                pbiviztest.Package{Extra: map[string][]byte{"resources/a.txt": []byte("a"), "b": nil}}.Bytes(),
		"D2 entry removed":              pbiviztest.Package{}.Bytes(),
		"D2 entry renamed":              pbiviztest.Package{Extra: map[string][]byte{"resources/b.txt": []byte("a")}}.Bytes(),
	} {
		t.Run(name, func(t *testing.T) {
			if mustRead(t, file).Content() == base.Content() {
				t.Error("the content digest is the same")
			}
		})
	}
	for name, file := range map[string][]byte{
		"packed in another way": pbiviztest.Package{Extra: pkg.Extra, Stored: true}.Bytes(),
		"in another order":      archive{Files: reverseFiles(pkg.Files())}.Bytes(),
		"with a statement":      pbiviztest.Package{Extra: pkg.Extra, Statement: []byte("a.b.c")}.Bytes(),
		"without the directory": withoutEntry(pkg, "resources/"),
	} {
		t.Run(name, func(t *testing.T) {
			if mustRead(t, file).Content() != base.Content() {
				t.Error("the content digest differs, and the content does not")
			}
		})
	}
}

func reverseFiles(files []file) []file { slices.Reverse(files); return files }

// TestAttacksReserved: what may be listed and compared, and not be installed.
func TestAttacksReserved(t *testing.T) {
	t.Run("D24 debug build of an odd version, rezipped", func(t *testing.T) {
		files := pbiviztest.Package{GUID: "gauge_DEBUG", Version: "1.0-x"}.Files()
		files[0].Descriptor = true
		wantReservations(t, mustRead(t, archive{Files: files}.Bytes()),
			verdict.Finding{Code: "pkg.version_form", Verdict: verdict.Reject},
			verdict.Finding{Code: "pkg.guid", Verdict: verdict.Reject},
			verdict.Finding{Code: "zip.tolerant", Verdict: verdict.Review})
	})
}

// withDescriptor puts sizes and checksum behind pbiviz.json, and lets the local header
// say them too, as f changes it. The central header stays as it is, unless f changes it.
func withDescriptor(f func(local, central *header)) []byte {
	return changedZIP(func(a *archive) {
		a.Files[2].Descriptor = true
		sayNumbersFirst(&a.Files[2], pbiviztest.Deflate(a.Files[2].Body), f)
	})
}

// withStoredDescriptor is withDescriptor for an entry that is not deflated.
func withStoredDescriptor(f func(*header)) []byte {
	return changedZIP(func(a *archive) {
		a.Files[2].Descriptor, a.Files[2].Store = true, true
		sayNumbersFirst(&a.Files[2], a.Files[2].Body, func(local, _ *header) { f(local) })
	})
}

// deflatedDirectory is a directory that was packed to data.
func deflatedDirectory(data string) file {
	f := func(h *header) { h.Method, h.Needed, h.Packed = 8, 20, uint32(len(data)) }
	return file{Name: "resources/", Data: []byte(data), Local: f, Central: f}
}

func sayNumbersFirst(to *file, data []byte, f func(local, central *header)) {
	var whole header
	to.Local = func(h *header) {
		h.CRC, h.Size, h.Packed = crc32.ChecksumIEEE(to.Body), uint32(len(to.Body)), uint32(len(data))
		whole = *h
		f(h, &whole)
	}
	to.Central = func(h *header) {
		h.CRC, h.Size, h.Packed = whole.CRC, whole.Size, whole.Packed
		local := whole
		f(&local, h)
	}
}

// What other ZIP tools leave behind: read, and reserved for a person.
func TestTolerantTier(t *testing.T) {
	unixTime := pbiviztest.Extra(0x5455, []byte("\x01abcd"))
	ntfs := pbiviztest.Extra(0x000a, append([]byte("\x00\x00\x00\x00\x01\x00\x18\x00"), make([]byte, 24)...))
	ids := pbiviztest.Extra(0x7875, []byte("\x01\x04abcd\x04abcd"))
	for name, file := range map[string][]byte{
		"descriptor": changedZIP(func(a *archive) { a.Files[2].Descriptor = true }),
		"descriptor, sizes said before too": changedZIP(func(a *archive) {
			f := &a.Files[2]
			f.Descriptor = true
			whole := pbiviztest.Deflate(f.Body)
			f.Local = func(h *header) {
				h.CRC, h.Size, h.Packed = crc32.ChecksumIEEE(f.Body), uint32(len(f.Body)), uint32(len(whole))
			}
		}),
		"Unix time": withBothHeaders(func(h *header) { h.Extra = unixTime }),
		"Unix times, first in both": changedZIP(func(a *archive) {
			a.Files[2].Local = func(h *header) { h.Extra = pbiviztest.Extra(0x5455, []byte("\x03abcdefgh")) }
			a.Files[2].Central = func(h *header) { h.Extra = pbiviztest.Extra(0x5455, []byte("\x03abcd")) }
		}),
		"NTFS times, directory":                      withCentralHeader(func(h *header) { h.Extra = ntfs; h.Creator = 0x003f }),
		"Unix ids and time":                          withBothHeaders(func(h *header) { h.Extra = slices.Concat(unixTime, ids) }),
		"descriptor, size said before":               withDescriptor(func(h, _ *header) { h.CRC, h.Packed = 0, 0 }),
		"descriptor, sizes said before, no checksum": withDescriptor(func(h, _ *header) { h.CRC = 0 }),
		"stored, descriptor, sizes said before":      withStoredDescriptor(func(h *header) { h.CRC = 0 }),
		"old Unix times": changedZIP(func(a *archive) {
			a.Files[2].Local = func(h *header) { h.Extra = pbiviztest.Extra(0x5855, []byte("abcdefghijkl")) }
			a.Files[2].Central = func(h *header) { h.Extra = pbiviztest.Extra(0x5855, []byte("abcdefgh")) }
		}),
		"old Unix times without owner": withBothHeaders(func(h *header) { h.Extra = pbiviztest.Extra(0x5855, []byte("abcdefgh")) }),
		"directory deflated by Java":   changedZIP(func(a *archive) { a.Files[1] = deflatedDirectory("\x03\x00") }),
		"Java":                         withBothHeaders(func(h *header) { h.Extra = pbiviztest.Extra(0xcafe, nil) }),
		"made by 7-Zip":                withCentralHeader(func(h *header) { h.Creator = 0x003f; h.External = 0x20 }),
		"made on NTFS":                 withCentralHeader(func(h *header) { h.Creator = 0x0a3f }),
		"made on macOS":                withCentralHeader(func(h *header) { h.Creator = 0x1314; h.External = 0o100644 << 16 }),
		"made for text":                withCentralHeader(func(h *header) { h.Internal = 1 }),
		"packed hard":                  withBothHeaders(func(h *header) { h.Flags = 2 }),
	} {
		t.Run(name, func(t *testing.T) {
			p := mustRead(t, file)
			if p.Manifest().Tier != pbiviz.Tolerant {
				t.Errorf("tier %s", p.Manifest().Tier)
			}
			wantReservations(t, p, verdict.Finding{Code: "zip.tolerant", Verdict: verdict.Review})
			if p.Content() != mustRead(t, pbiviztest.Package{}.Bytes()).Content() {
				t.Error("content differs")
			}
		})
	}
	for name, file := range map[string][]byte{
		"JSZip on Unix":     withCentralHeader(func(h *header) { h.Creator = 0x031e; h.External = 0o100644 << 16 }),
		"names are UTF-8":   withBothHeaders(func(h *header) { h.Flags = 0x800 }),
		"archive attribute": withCentralHeader(func(h *header) { h.External = 0x20 }),
	} {
		t.Run("strict: "+name, func(t *testing.T) {
			if p := mustRead(t, file); p.Manifest().Tier != pbiviz.Strict {
				t.Errorf("tier %s", p.Manifest().Tier)
			}
		})
	}
}

func TestTolerantTierRefusesAmbiguity(t *testing.T) {
	extra := func(id uint16, data string) []byte {
		return withBothHeaders(func(h *header) { h.Extra = pbiviztest.Extra(id, []byte(data)) })
	}
	for name, test := range map[string]struct {
		file []byte
		code verdict.Code
	}{
		"descriptor with other size": {changedZIP(func(a *archive) {
			a.Files[2].Descriptor = true
			a.Files[2].Central = func(h *header) { h.Size++ }
		}), "zip.mismatch"},
		"descriptor missing": {changedZIP(func(a *archive) {
			a.Files[0].Local = func(h *header) { h.Flags = 8 }
			a.Files[0].Central = func(h *header) { h.Flags = 8 }
		}), "zip.mismatch"},
		"descriptor, local size half right": {changedZIP(func(a *archive) {
			a.Files[2].Descriptor = true
			a.Files[2].Local = func(h *header) { h.Size = 1 }
		}), "zip.mismatch"},
		"descriptor, checksum said before, no size":  {withDescriptor(func(h, _ *header) { h.Packed, h.Size = 0, 0 }), "zip.mismatch"},
		"descriptor, packed size said before alone":  {withDescriptor(func(h, _ *header) { h.CRC, h.Size = 0, 0 }), "zip.mismatch"},
		"descriptor, another size said before":       {withDescriptor(func(h, _ *header) { h.CRC, h.Packed, h.Size = 0, 0, h.Size+1 }), "zip.mismatch"},
		"descriptor, another packed size before":     {withDescriptor(func(h, _ *header) { h.CRC, h.Packed = 0, h.Packed-1 }), "zip.mismatch"},
		"descriptor, another checksum before":        {withDescriptor(func(h, _ *header) { h.CRC++ }), "zip.mismatch"},
		"descriptor, size before, another behind":    {withDescriptor(func(h, c *header) { h.CRC, h.Packed = 0, 0; c.Size++ }), "zip.mismatch"},
		"no descriptor, size said without checksum":  {withLocalHeader(func(h *header) { h.CRC, h.Packed = 0, 0 }), "zip.mismatch"},
		"stored, descriptor, no sizes":               {withStoredDescriptor(func(h *header) { h.CRC, h.Packed, h.Size = 0, 0, 0 }), "zip.feature"},
		"stored, descriptor, size without packed":    {withStoredDescriptor(func(h *header) { h.CRC, h.Packed = 0, 0 }), "zip.feature"},
		"old Unix times with owner in the directory": {extra(0x5855, "abcdefghijkl"), "zip.extra"},
		"deflated directory with data":               {changedZIP(func(a *archive) { a.Files[1] = deflatedDirectory("\x4b\x04\x00") }), "zip.type"},
		"deflated directory, no stream":              {changedZIP(func(a *archive) { a.Files[1] = deflatedDirectory("\x00\x00") }), "zip.stream"},
		"old Unix times cut":                         {extra(0x5855, "abcdefg"), "zip.extra"},
		"Java with something in it":                  {extra(0xcafe, "\x00"), "zip.extra"},
		"descriptor without the flag":                {changedZIP(func(a *archive) { a.Files[0].After = append([]byte("PK\x07\x08"), make([]byte, 12)...) }), "zip.layout"},
		"Unix time of odd length":                    {extra(0x5455, "\x01abc"), "zip.extra"},
		"Unix time with unknown flags":               {extra(0x5455, "\x09abcdefgh"), "zip.extra"},
		"Unix time empty":                            {extra(0x5455, ""), "zip.extra"},
		"Unix time short in the local":               {withLocalHeader(func(h *header) { h.Extra = pbiviztest.Extra(0x5455, []byte("\x03abcd")) }), "zip.extra"},
		"Unix ids too long":                          {extra(0x7875, "\x01\x04abcd\x04abcdX"), "zip.extra"},
		"Unix ids cut":                               {extra(0x7875, "\x01\x08abcd"), "zip.extra"},
		"Unix ids of version 2":                      {extra(0x7875, "\x02\x00\x00"), "zip.extra"},
		"NTFS without times":                         {extra(0x000a, "\x00\x00\x00\x00"), "zip.extra"},
		"NTFS with another attribute":                {extra(0x000a, "\x00\x00\x00\x00\x02\x00\x18\x00"+strings.Repeat("x", 24)), "zip.extra"},
		"one extra twice":                            {withBothHeaders(func(h *header) { e := pbiviztest.Extra(0x5455, []byte("\x01abcd")); h.Extra = slices.Concat(e, e) }), "zip.extra"},
		"deflate hint on stored": {changedZIP(func(a *archive) {
			f := func(h *header) { h.Flags = 2 }
			a.Files[0].Store, a.Files[0].Local, a.Files[0].Central = true, f, f
		}), "zip.feature"},
	} {
		t.Run(name, func(t *testing.T) { mustRefuse(t, test.file, test.code) })
	}
}
