package statefile_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/disk/statefile"
)

// reading is a state as callers have them.
type reading struct {
	Format int             `json:"orgstore_reading"`
	Until  string          `json:"until"`
	Mark   json.RawMessage `json:"mark,omitempty"`
}

func fileOn(d disk.Disk, name string) statefile.File {
	return statefile.File{Disk: d, Name: name, Member: "orgstore_reading", Format: 2, MaxSize: 200}
}

func writeText(t *testing.T, d disk.Disk, name, text string) {
	t.Helper()
	err := disk.Replace(d, name, 0o600, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// kindOf names what callers can tell apart.
func kindOf(err error) string {
	var newer *statefile.NewerError
	switch {
	case err == nil:
		return "good"
	case errors.As(err, &newer):
		return "newer"
	case errors.Is(err, statefile.ErrDamaged):
		return "damaged"
	case errors.Is(err, fs.ErrNotExist):
		return "absent"
	}
	return "unreadable"
}

func TestWhatWasWrittenIsRead(t *testing.T) {
	for name, d := range map[string]disk.Disk{"machine": disk.OS(), "memory": disktest.NewLossy()} {
		dir := t.TempDir()
		if err := d.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		f := fileOn(d, filepath.Join(dir, "state"))
		want := reading{Format: 2, Until: "2026-11-23 <&>", Mark: json.RawMessage(`{"a":[1,2]}`)}
		for range 2 { // the second time it replaces what is there
			if err := statefile.WriteJSON(f, want); err != nil {
				t.Fatal(err)
			}
			got, err := statefile.ReadJSON[reading](f)
			if err != nil || got.Until != want.Until || string(got.Mark) != string(want.Mark) {
				t.Errorf("%s: read %+v, %v", name, got, err)
			}
		}
		text, err := disk.ReadFile(d, f.Name, 200)
		if want, _ := json.Marshal(want); err != nil || string(text) != string(want) {
			t.Errorf("%s: the file holds %s, %v", name, text, err)
		}
		if info, err := d.Stat(f.Name); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: the file's mode is %v, %v", name, info.Mode(), err)
		}
	}
}

// A text stays as it is, byte for byte: files that exist have line feeds,
// indents, and members in an order of their own.
func TestTextStaysAsItIs(t *testing.T) {
	for _, text := range []string{
		"{\"orgstore_reading\":2}", "{\"orgstore_reading\":2,\"until\":\"\"}\n",
		"{\n  \"until\": \"x\",\n  \"orgstore_reading\": 2\n}\n", "{\"until\":\"\\u003c<\",\"orgstore_reading\":2}",
	} {
		f := fileOn(disktest.NewLossy(), "/state")
		if err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		got := ""
		err := f.Read(func(text []byte) error { got = string(text); return nil })
		if err != nil || got != text {
			t.Errorf("%q was written, %q read, %v", text, got, err)
		}
	}
}

// The state files of an installation, as programs before this package wrote them.
func TestFilesOfTodayAreKeptByteForByte(t *testing.T) {
	for _, c := range []struct{ member, text string }{
		{"format", `{"format":1,"seq":12,"head":"00ff","trusted":"2026-11-23T10:00:00Z"}` + "\n"},
		{"orgstore_activity", `{"orgstore_activity":1,"asked":"2026-11-23T10:00:00Z","until":"2026-11-23T09:00:00Z","mark":{"day":"2026-11-23"}}`},
		{"orgstore_channels", `{"orgstore_channels":1,"channels":{"team":{"tries":2,"problem":"a \u003c b"}}}`},
		{"orgstore_board", "{\n \"orgstore_board\": 1,\n \"library\": \"inbox\",\n \"items\": {}\n}\n"},
		{"format", "{\n  \"format\": 1,\n  \"state\": \"running\"\n}\n"},
	} {
		d := disktest.NewLossy()
		writeText(t, d, "/state", c.text)
		f := statefile.File{Disk: d, Name: "/state", Member: c.member, Format: 1, MaxSize: 1000}
		got := ""
		if err := f.Read(func(text []byte) error { got = string(text); return nil }); err != nil || got != c.text {
			t.Errorf("%q was read as %q, %v", c.text, got, err)
		}
		if err := f.Write([]byte(c.text)); err != nil {
			t.Error(err)
		}
		if text, err := disk.ReadFile(d, "/state", 1000); err != nil || string(text) != c.text {
			t.Errorf("%q was written as %q, %v", c.text, text, err)
		}
	}
}

func TestKindsOfContent(t *testing.T) {
	for text, want := range map[string]string{
		`{"orgstore_reading":2,"until":"x"}`:                               "good",
		`{"until":"x","more":{"orgstore_reading":9},"orgstore_reading":2}`: "good",
		`{"orgstore_reading":3}`:                                           "newer",
		`{"orgstore_reading":3,"until":[`:                                  "newer", // what else is in it, this program cannot judge
		`{"orgstore_reading":1}`:                                           "damaged",
		`{"orgstore_reading":0}`:                                           "damaged",
		`{"orgstore_reading":-1}`:                                          "damaged",
		`{"orgstore_reading":2.5}`:                                         "damaged",
		`{"orgstore_reading":"2"}`:                                         "damaged",
		`{"orgstore_reading":null}`:                                        "damaged",
		`{"orgstore_reading":99999999999999999999999}`:                     "damaged",
		`{"orgstore_reading":2,"until":7}`:                                 "damaged",
		`{"orgstore_reading":2`:                                            "damaged",
		`{"orgstore_reading":2}{}`:                                         "damaged",
		`{"until":"x"}`:                                                    "damaged",
		`{"until":{"orgstore_reading":2}}`:                                 "damaged",
		`[{"orgstore_reading":2}]`:                                         "damaged",
		``:                                                                 "damaged",
		`null`:                                                             "damaged",
		`2`:                                                                "damaged",
		"\x00\x00\x00\x00":                                                 "damaged",
		"\xef\xbb\xbf{\"orgstore_reading\":2}":                             "damaged",
	} {
		d := disktest.NewLossy()
		writeText(t, d, "/state", text)
		got, err := statefile.ReadJSON[reading](fileOn(d, "/state"))
		if kindOf(err) != want {
			t.Errorf("%q is %s (%v); want %s", text, kindOf(err), err, want)
		}
		if err != nil && (got.Format != 0 || got.Until != "" || got.Mark != nil) {
			t.Errorf("%q: an error came with %+v", text, got)
		}
		if err != nil && !strings.Contains(err.Error(), "/state") {
			t.Errorf("%q: the error %q does not name the file", text, err)
		}
	}
}

func TestNewerSaysWhatToDo(t *testing.T) {
	d := disktest.NewLossy()
	writeText(t, d, "/state", `{"orgstore_reading":7}`)
	_, err := statefile.ReadJSON[reading](fileOn(d, "/state"))
	var newer *statefile.NewerError
	if !errors.As(err, &newer) || newer.Format != 7 || newer.Known != 2 || newer.Name != "/state" || newer.Hint() != "update orgstore" {
		t.Errorf("got %+v, %v", newer, err)
	}
}

func TestTheParsersAnswerIsDamage(t *testing.T) {
	f := fileOn(disktest.NewLossy(), "/state")
	if err := f.Write([]byte(`{"orgstore_reading":2}`)); err != nil {
		t.Fatal(err)
	}
	own := errors.New("it names no library")
	err := f.Read(func([]byte) error { return own })
	if kindOf(err) != "damaged" || !errors.Is(err, own) {
		t.Errorf("got %v", err)
	}
}

func TestAbsentAndUnreadable(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big")
	writeText(t, disk.OS(), big, `{"orgstore_reading":2,"until":"`+strings.Repeat("x", 200)+`"}`)
	closed := filepath.Join(dir, "closed")
	writeText(t, disk.OS(), closed, `{"orgstore_reading":2}`)
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		filepath.Join(dir, "none"):         "absent",
		filepath.Join(dir, "none", "none"): "absent",
		dir:                                "unreadable",
		big:                                "unreadable",
		closed:                             "unreadable",
	} {
		if name == closed && os.Getuid() <= 0 {
			continue // root reads everything, and Windows has no such modes
		}
		called := false
		err := fileOn(disk.OS(), name).Read(func([]byte) error { called = true; return nil })
		if kindOf(err) != want || called {
			t.Errorf("%s is %s (%v), parsed: %v; want %s", name, kindOf(err), err, called, want)
		}
	}
	if err := fileOn(disk.OS(), big).Read(nil); !errors.Is(err, disk.ErrTooLarge) {
		t.Errorf("a file that is too large: %v", err)
	}
}

// What could not be read again is not written, and what was there stays.
func TestWriteRefusesWhatReadWould(t *testing.T) {
	d := disktest.NewLossy()
	f := fileOn(d, "/state")
	const old = `{"orgstore_reading":2,"until":"old"}`
	if err := f.Write([]byte(old)); err != nil {
		t.Fatal(err)
	}
	long := fmt.Sprintf(`{"orgstore_reading":2,"until":%q}`, strings.Repeat("x", 200))
	for _, text := range []string{``, `{}`, `{"until":"x"}`, `{"orgstore_reading":1}`, `{"orgstore_reading":3}`, `[]`, long} {
		if err := f.Write([]byte(text)); err == nil || !strings.Contains(err.Error(), "/state") {
			t.Errorf("%q was written: %v", text, err)
		}
	}
	if err := statefile.WriteJSON(f, reading{Format: 2, Mark: json.RawMessage(`{`)}); err == nil {
		t.Error("what is not JSON was written")
	}
	if got, err := disk.ReadFile(d, "/state", 200); err != nil || string(got) != old {
		t.Errorf("left: %q, %v", got, err)
	}
}

// Whenever the power is lost while a file is replaced, the old or the new one is
// found.
func TestReplacingSurvivesPowerLoss(t *testing.T) {
	lossy := disktest.NewLossy()
	if err := disk.MakeDir(lossy, "/data", 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(d disk.Disk, until string) {
		if err := statefile.WriteJSON(fileOn(d, "/data/state"), reading{Format: 2, Until: until}); err != nil {
			t.Fatal(err)
		}
	}
	write(lossy, "old")
	losses := 0
	check := func(allowed ...string) {
		for seed := range uint64(40) {
			losses++
			got, err := statefile.ReadJSON[reading](fileOn(lossy.PowerLoss(seed), "/data/state"))
			if err != nil || !strings.Contains(strings.Join(allowed, " "), got.Until) {
				t.Fatalf("after %d losses: %+v, %v", losses, got, err)
			}
		}
	}
	write(disktest.Watch(lossy, disktest.Hook{
		Before: func(disktest.Op) error { check("old", "new"); return nil },
		After:  func(disktest.Op, error) { check("old", "new") },
	}), "new")
	check("new")
	if losses < 400 {
		t.Errorf("only %d losses were tried", losses)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{`{"orgstore_reading":2}`, `{"orgstore_reading":3}`, `{"a":{"orgstore_reading":2}}`, `{`, ``, `{"a":1,"orgstore_reading":1e1}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := disktest.NewLossy()
		writeText(t, d, "/state", text)
		got, err := statefile.ReadJSON[reading](fileOn(d, "/state"))
		switch kindOf(err) {
		case "good":
			if !json.Valid([]byte(text)) {
				t.Errorf("%q was read as %+v", text, got)
			}
		case "newer", "damaged":
		default:
			if len(text) <= 200 {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}
