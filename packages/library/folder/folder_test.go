package folder

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/library"
	"github.com/orgstore/orgstore/packages/verdict"
)

// openInbox is a folder whose clock stands a minute after the present, so that
// what a test writes has settled.
func openInbox(t *testing.T) (*Folder, string) {
	t.Helper()
	dir := t.TempDir()
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	f.now = func() time.Time { return time.Now().Add(time.Minute) }
	return f, dir
}

func writeFile(t *testing.T, dir, name, s string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(s), 0o600); err != nil {
		t.Fatal(err)
	}
}

func listChanges(t *testing.T, f *Folder, from library.Cursor) (string, library.Cursor) {
	t.Helper()
	items, next, err := f.Changes(context.Background(), from)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, i := range items {
		names = append(names, i.Name)
	}
	return strings.Join(names, " "), next
}

func onlyItem(t *testing.T, f *Folder) library.Item {
	t.Helper()
	items, _, err := f.Changes(context.Background(), "")
	if err != nil || len(items) != 1 {
		t.Fatalf("listed %v, %v", items, err)
	}
	return items[0]
}

func fetchText(f *Folder, item library.Item, max int64) (string, error) {
	r, err := f.Fetch(context.Background(), item, max)
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	return string(b), err
}

func TestWhatArrivesIsListedOnce(t *testing.T) {
	f, dir := openInbox(t)
	writeFile(t, dir, "gauge.pbiviz", "one")
	writeFile(t, dir, "GAUGE2.PBIVIZ", "two")
	writeFile(t, dir, "gauge.pbiviz.license", "three")
	got, next := listChanges(t, f, "")
	if got != "GAUGE2.PBIVIZ gauge.pbiviz gauge.pbiviz.license" {
		t.Errorf("listed %q", got)
	}
	got, again := listChanges(t, f, next)
	if got != "" || again != next {
		t.Errorf("listed again: %q, cursor %q after %q", got, again, next)
	}
	writeFile(t, dir, "gauge.pbiviz", "ONE!")
	writeFile(t, dir, "late.license", "four")
	got, next = listChanges(t, f, next)
	if got != "gauge.pbiviz late.license" {
		t.Errorf("changed and new: %q", got)
	}
	if err := os.Remove(filepath.Join(dir, "late.license")); err != nil {
		t.Fatal(err)
	}
	if got, next = listChanges(t, f, next); got != "" {
		t.Errorf("a file removed: %q", got)
	}
	writeFile(t, dir, "late.license", "four")
	if got, _ = listChanges(t, f, next); got != "late.license" {
		t.Errorf("removed and put back: %q", got)
	}
}

func TestOtherNamesAreLeftOut(t *testing.T) {
	f, dir := openInbox(t)
	for _, name := range []string{"readme.txt", ".hidden.pbiviz", ".pbiviz", "~$gauge.pbiviz", "a.pbiviz.tmp", "a.pbiviz.part",
		"a.pbiviz.crdownload", "a.pbiviz.unverified", "apbiviz", "a.zip", ".orgstore-tmp-0123456789abcdef"} {
		writeFile(t, dir, name, "x")
	}
	if err := os.Mkdir(filepath.Join(dir, "To upload"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "To upload"), "a.pbiviz", "x")
	if got, _ := listChanges(t, f, ""); got != "" {
		t.Errorf("listed %q", got)
	}
}

func TestAFileBeingWrittenComesLater(t *testing.T) {
	f, dir := openInbox(t)
	start := time.Now()
	at := func(after time.Duration) { f.now = func() time.Time { return start.Add(after) } }
	writeFile(t, dir, "gauge.pbiviz", "half")
	writeFile(t, dir, "empty.pbiviz", "")
	at(time.Second)
	got, next := listChanges(t, f, "")
	if got != "" {
		t.Errorf("listed while it was being written: %q", got)
	}
	writeFile(t, dir, "gauge.pbiviz", "half and half")
	at(10 * time.Second)
	if got, next = listChanges(t, f, next); got != "gauge.pbiviz" {
		t.Errorf("listed when it was complete: %q", got)
	}
	writeFile(t, dir, "empty.pbiviz", "no more")
	at(20 * time.Second)
	if got, _ = listChanges(t, f, next); got != "empty.pbiviz" {
		t.Errorf("listed when it was no longer empty: %q", got)
	}
}

// A file that is listed, then being rewritten, is not forgotten.
func TestAChangeUnderWayIsNotLost(t *testing.T) {
	f, dir := openInbox(t)
	writeFile(t, dir, "gauge.pbiviz", "old")
	_, next := listChanges(t, f, "")
	writeFile(t, dir, "gauge.pbiviz", "new")
	settled := f.now
	f.now = time.Now
	got, next := listChanges(t, f, next)
	if got != "" {
		t.Errorf("listed while it was being written: %q", got)
	}
	f.now = settled
	if got, _ = listChanges(t, f, next); got != "gauge.pbiviz" {
		t.Errorf("listed then: %q", got)
	}
}

// Unzipping and reproducible builds set any time, and a renewal with the key in
// its script has the size of the package before it.
func TestSameSizeAndTimeIsStillAChange(t *testing.T) {
	f, dir := openInbox(t)
	then := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	put := func(s string) {
		writeFile(t, dir, "new", s)
		name := filepath.Join(dir, "new")
		if err := errors.Join(os.Chtimes(name, then, then), os.Rename(name, filepath.Join(dir, "gauge.pbiviz"))); err != nil {
			t.Fatal(err)
		}
	}
	put("key=1")
	_, next := listChanges(t, f, "")
	time.Sleep(20 * time.Millisecond) // file systems count time in steps of a few
	put("key=2")
	if got, _ := listChanges(t, f, next); got != "gauge.pbiviz" {
		t.Errorf("listed %q", got)
	}
}

func TestACopyThatKeepsItsTimeMustSettleToo(t *testing.T) {
	f, dir := openInbox(t)
	f.now = time.Now
	writeFile(t, dir, "gauge.pbiviz", "half")
	then := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "gauge.pbiviz"), then, then); err != nil {
		t.Fatal(err)
	}
	if got, _ := listChanges(t, f, ""); got != "" {
		t.Errorf("listed %q", got)
	}
}

func TestAClockAheadDoesNotHideAFileForEver(t *testing.T) {
	f, dir := openInbox(t)
	writeFile(t, dir, "gauge.pbiviz", "x")
	ahead := time.Now().Add(1000 * time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "gauge.pbiviz"), ahead, ahead); err != nil {
		t.Fatal(err)
	}
	if got, _ := listChanges(t, f, ""); got != "gauge.pbiviz" {
		t.Errorf("listed %q", got)
	}
}

func TestFetch(t *testing.T) {
	f, dir := openInbox(t)
	writeFile(t, dir, "gauge.pbiviz", "0123456789")
	item := onlyItem(t, f)
	if got, err := fetchText(f, item, 10); err != nil || got != "0123456789" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := fetchText(f, item, 9); err == nil || len(got) > 9 {
		t.Errorf("beyond the limit: %q, %v", got, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Fetch(ctx, item, 10); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if _, _, err := f.Changes(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func TestFetchOfWhatVanished(t *testing.T) {
	f, dir := openInbox(t)
	writeFile(t, dir, "gauge.pbiviz", "x")
	item := onlyItem(t, f)
	if err := os.Remove(filepath.Join(dir, "gauge.pbiviz")); err != nil {
		t.Fatal(err)
	}
	_, err := fetchText(f, item, 10)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "gauge.pbiviz is not in the library folder any more") {
		t.Errorf("got %v", err)
	}
}

func TestFetchOfWhatChanged(t *testing.T) {
	f, dir := openInbox(t)
	writeFile(t, dir, "gauge.pbiviz", "old")
	item := onlyItem(t, f)
	r, err := f.Fetch(context.Background(), item, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	writeFile(t, dir, "gauge.pbiviz", "new and longer")
	if b, err := io.ReadAll(r); err == nil {
		t.Errorf("changed while it was read: %q", b)
	}
	if got, err := fetchText(f, item, 100); err == nil {
		t.Errorf("changed since it was listed: %q", got)
	}
}

func TestFetchStaysInsideTheFolder(t *testing.T) {
	f, dir := openInbox(t)
	outside := filepath.Join(t.TempDir(), "secret.pbiviz")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	up, err := filepath.Rel(dir, outside)
	if err != nil {
		t.Fatal(err)
	}
	info, err := readState(outside)
	if err != nil {
		t.Fatal(err)
	}
	forged := itemOf(info)
	for _, id := range []string{outside, up, "x/../" + up, "../x.pbiviz", "a/b.pbiviz", "", ".", "..", "readme.txt"} {
		forged.ID = id
		if got, err := fetchText(f, forged, 100); err == nil {
			t.Errorf("%q gives %q", id, got)
		}
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link.pbiviz")); err != nil {
		return // Windows allows links to few
	}
	got, err := fetchText(f, onlyItem(t, f), 100)
	var refusal *verdict.Refusal
	if !errors.As(err, &refusal) || refusal.Code() != "lib.not_a_file" || !strings.Contains(err.Error(), "link.pbiviz is a link") {
		t.Errorf("a link gives %q, %v", got, err)
	}
}

func TestAFolderCalledLikeAPackageIsRefusedOnce(t *testing.T) {
	f, dir := openInbox(t)
	if err := os.Mkdir(filepath.Join(dir, "x.pbiviz"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, next := listChanges(t, f, "")
	_, err := fetchText(f, onlyItem(t, f), 100)
	var refusal *verdict.Refusal
	if !errors.As(err, &refusal) || !strings.Contains(err.Error(), "x.pbiviz is a folder") {
		t.Errorf("got %v", err)
	}
	writeFile(t, filepath.Join(dir, "x.pbiviz"), "inside", "x")
	if got, _ := listChanges(t, f, next); got != "" {
		t.Errorf("listed again: %q", got)
	}
}

// A link put in place of the file between listing and opening.
func TestASwapForALinkIsSeen(t *testing.T) {
	f, dir := openInbox(t)
	writeFile(t, dir, "gauge.pbiviz", "x")
	item := onlyItem(t, f)
	outside := filepath.Join(t.TempDir(), "secret")
	writeFile(t, filepath.Dir(outside), "secret", "secret")
	name := filepath.Join(dir, "gauge.pbiviz")
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, name); err != nil {
		return // Windows allows links to few
	}
	if got, err := fetchText(f, item, 100); err == nil {
		t.Errorf("got %q", got)
	}
}

func TestAnUnreadableFileIsAnErrorThatNamesIt(t *testing.T) {
	if os.Getuid() <= 0 {
		return // root reads everything, and Windows has no such modes
	}
	f, dir := openInbox(t)
	writeFile(t, dir, "gauge.pbiviz", "x")
	item := onlyItem(t, f)
	if err := os.Chmod(filepath.Join(dir, "gauge.pbiviz"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := fetchText(f, item, 100); err == nil || !strings.Contains(err.Error(), "gauge.pbiviz") {
		t.Errorf("got %v", err)
	}
}

func TestOddNames(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // which forbids them
	}
	for _, name := range []string{"Größe 100%.pbiviz", "line\nfeed.pbiviz", "\x1b[31mred.pbiviz", "bytes\xff\xfe.pbiviz", `back\slash.pbiviz`, "-rf.pbiviz"} {
		f, dir := openInbox(t)
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			continue // macOS takes no bytes that are not UTF-8
		}
		item := onlyItem(t, f)
		if !utf8.ValidString(item.Name) || strings.ContainsAny(item.Name, "\n\x1b") || !strings.HasSuffix(item.Name, ".pbiviz") {
			t.Errorf("%q is shown as %q", name, item.Name)
		}
		if got, err := fetchText(f, item, 10); err != nil || got != "x" {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
}

func TestAMissingFolderIsNotAnEmptyOne(t *testing.T) {
	f, dir := openInbox(t)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if _, next, err := f.Changes(context.Background(), "1.abcd"); err == nil || next != "1.abcd" {
		t.Errorf("%v, cursor %q", err, next)
	}
	if _, err := Open(dir); err == nil {
		t.Error("opened")
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("a file was opened as a folder")
	}
}

func TestAForeignCursorStartsAnew(t *testing.T) {
	f, dir := openInbox(t)
	writeFile(t, dir, "gauge.pbiviz", "x")
	_, good := listChanges(t, f, "")
	for _, c := range []library.Cursor{"x", "1.", "1.!!", "2." + good[2:], good[:len(good)-3], "https://contoso.sharepoint.com/delta?token=1"} {
		if got, next := listChanges(t, f, c); got != "gauge.pbiviz" || next != good {
			t.Errorf("cursor %q: listed %q", c, got)
		}
	}
}

func TestCursorIsReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := marks{}
		for range rapid.IntRange(0, 30).Draw(t, "n") {
			m[markOf(library.Item{ID: rapid.String().Draw(t, "id"), Revision: rapid.String().Draw(t, "revision")})] = true
		}
		got := parseCursor(m.encode())
		if len(got) != len(m) || got.encode() != m.encode() {
			t.Fatalf("%v became %v", m, got)
		}
		for k := range m {
			if !got[k] {
				t.Fatal("a mark is lost")
			}
		}
	})
	a := markOf(library.Item{ID: "a", Revision: "bc"})
	b := markOf(library.Item{ID: "ab", Revision: "c"})
	if bytes.Equal(a[:], b[:]) {
		t.Error("name and revision run into each other")
	}
}
