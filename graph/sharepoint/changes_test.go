package sharepoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/packages/library"
)

// listChanges lists the names of what changed, in order.
func listChanges(t *testing.T, l *Library, from library.Cursor) (string, library.Cursor) {
	t.Helper()
	items, next, err := l.Changes(context.Background(), from)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, i := range items {
		names = append(names, i.Name)
	}
	return strings.Join(names, " "), next
}

// expectChanges fails unless these are what changed.
func expectChanges(t *testing.T, l *Library, from library.Cursor, want string) library.Cursor {
	t.Helper()
	got, next := listChanges(t, l, from)
	if got != want {
		t.Errorf("listed %q, want %q", got, want)
	}
	return next
}

func TestWhatArrivesIsListedOnce(t *testing.T) {
	f := newFake(t)
	f.putFile("root", "gauge.pbiviz", "one")
	f.putFile("root", "gauge.pbiviz.license", "two")
	f.putFile("root", "readme.txt", "x")
	f.putFile("root", "~$gauge.pbiviz", "x")
	below := f.putFile("root", "To upload", "")
	f.putFile(below, "later.pbiviz", "x")
	l := f.openLibrary()
	next := expectChanges(t, l, "", "gauge.pbiviz gauge.pbiviz.license")
	next = expectChanges(t, l, next, "")
	f.putFile("root", "gauge.pbiviz", "ONE")
	f.putFile("root", "late.pbiviz", "four")
	next = expectChanges(t, l, next, "gauge.pbiviz late.pbiviz")
	expectChanges(t, f.openLibrary(), next, "")
}

// What the service left out of its changes arrives with the next full listing, a day
// after the last one, and what is known does not arrive again.
func TestALibraryIsListedInFullOnceADay(t *testing.T) {
	f := newFake(t)
	f.putFile("root", "gauge.pbiviz", "one")
	id := f.putFile("root", "missed.pbiviz", "two")
	l := f.openLibrary()
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	l.options.Now = func() time.Time { return now }
	next := expectChanges(t, l, "", "gauge.pbiviz missed.pbiviz")
	s, ok := l.parseCursor(next)
	if !ok {
		t.Fatal("the cursor cannot be read")
	}
	delete(s.Marks, id) // as if the listing had not had it
	next, err := s.encodeCursor()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{time.Hour, ""}, {22 * time.Hour, ""}, {time.Hour, "missed.pbiviz"}, {time.Hour, ""}, {24 * time.Hour, ""}, {-time.Hour, ""}} {
		now = now.Add(c.after)
		next = expectChanges(t, l, next, c.want)
	}
	if s, _ := l.parseCursor(next); !s.Listed.Equal(now) {
		t.Errorf("last listed in full at %s, and the clock went back to %s", s.Listed, now)
	}
}

// The same as people see it, and as another process finds it again.
func TestWhatPeopleDoInALibrary(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(f *fakeLibrary, id string)
		want string
	}{
		{"nothing", func(*fakeLibrary, string) {}, ""},
		{"a column is written", func(f *fakeLibrary, id string) { f.changeItem(id, func(i *storedItem) { i.fields["Notes"] = "x" }) }, ""},
		{"renamed", func(f *fakeLibrary, id string) { f.changeItem(id, func(i *storedItem) { i.name = "new.pbiviz" }) }, "new.pbiviz"},
		{"renamed to what is no package", func(f *fakeLibrary, id string) { f.changeItem(id, func(i *storedItem) { i.name = "gauge.zip" }) }, ""},
		{"replaced by the same bytes", func(f *fakeLibrary, _ string) { f.putFile("root", "gauge.pbiviz", "one") }, ""},
		{"replaced by other bytes", func(f *fakeLibrary, _ string) { f.putFile("root", "gauge.pbiviz", "two") }, "gauge.pbiviz"},
		{"moved out", func(f *fakeLibrary, id string) { f.changeItem(id, func(i *storedItem) { i.parent = "elsewhere" }) }, ""},
		{"deleted", func(f *fakeLibrary, id string) { f.changeItem(id, func(i *storedItem) { i.isDeleted = true }) }, ""},
		{"changed and deleted at once", func(f *fakeLibrary, id string) {
			f.putFile("root", "gauge.pbiviz", "two")
			f.changeItem(id, func(i *storedItem) { i.isDeleted = true })
		}, ""},
		{"deleted and put back at once", func(f *fakeLibrary, id string) {
			f.changeItem(id, func(i *storedItem) { i.isDeleted = true })
			f.changeItem(id, func(i *storedItem) { i.isDeleted = false })
		}, ""},
		{"the same file a second time", func(f *fakeLibrary, _ string) { f.putFile("root", "gauge (1).pbiviz", "one") }, "gauge (1).pbiviz"},
		{"emptied, as while it is being written", func(f *fakeLibrary, id string) { f.changeItem(id, func(i *storedItem) { i.bytes = nil }) }, ""},
		{"a folder that is called like a package", func(f *fakeLibrary, _ string) { f.putFile("root", "folder.pbiviz", "") }, "folder.pbiviz"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			id := f.putFile("root", "gauge.pbiviz", "one")
			next := expectChanges(t, f.openLibrary(), "", "gauge.pbiviz")
			c.do(f, id)
			next = expectChanges(t, f.openLibrary(), next, c.want)
			expectChanges(t, f.openLibrary(), next, "")
		})
	}
}

func TestWhatComesBackArrivesAgain(t *testing.T) {
	f := newFake(t)
	id := f.putFile("root", "gauge.pbiviz", "one")
	l := f.openLibrary()
	next := expectChanges(t, l, "", "gauge.pbiviz")
	for _, away := range []func(*storedItem){
		func(i *storedItem) { i.isDeleted = true },
		func(i *storedItem) { i.parent = "elsewhere" },
		func(i *storedItem) { i.bytes = nil },
	} {
		f.changeItem(id, away)
		next = expectChanges(t, l, next, "")
		f.changeItem(id, func(i *storedItem) { i.isDeleted, i.parent, i.bytes = false, "root", []byte("one") })
		next = expectChanges(t, l, next, "gauge.pbiviz")
	}
}

// Where there are no hashes, a file may arrive twice, but nothing is missed and
// it comes to rest.
func TestWithoutHashes(t *testing.T) {
	f := newFake(t)
	f.tellsHashes = false
	id := f.putFile("root", "gauge.pbiviz", "one")
	l := f.openLibrary()
	next := expectChanges(t, l, "", "gauge.pbiviz")
	f.putFile("root", "gauge.pbiviz", "two")
	next = expectChanges(t, l, next, "gauge.pbiviz")
	f.changeItem(id, func(i *storedItem) { i.fields["x"] = "y" })
	next = expectChanges(t, l, next, "gauge.pbiviz")
	next = expectChanges(t, l, next, "")
	f.tellsHashes = true
	f.changeItem(id, func(*storedItem) {})
	next = expectChanges(t, l, next, "gauge.pbiviz")
	f.changeItem(id, func(*storedItem) {})
	expectChanges(t, l, next, "")
}

func TestAForgottenLink(t *testing.T) {
	for _, c := range []struct{ code, back string }{
		{"resyncChangesApplyDifferences", "gone.pbiviz"},
		{"resyncChangesUploadDifferences", ""}, // it was never away
	} {
		t.Run(c.code, func(t *testing.T) {
			f := newFake(t)
			f.putFile("root", "gauge.pbiviz", "one")
			gone := f.putFile("root", "gone.pbiviz", "two")
			l := f.openLibrary()
			next := expectChanges(t, l, "", "gauge.pbiviz gone.pbiviz")
			f.putFile("root", "late.pbiviz", "three")
			f.putFile("root", "gauge.pbiviz", "ONE")
			f.changeItem(gone, func(i *storedItem) { i.isDeleted = true })
			f.forgetLinks(c.code)
			f.takeCalls()
			next = expectChanges(t, l, next, "gauge.pbiviz late.pbiviz")
			f.changeItem(gone, func(i *storedItem) { i.isDeleted = false })
			next = expectChanges(t, l, next, c.back)
			expectChanges(t, l, next, "")
		})
	}
}

func TestAForgottenLinkThatLeadsElsewhere(t *testing.T) {
	for _, location := range []string{"", "https://evil.example/v1.0/x", "http://127.0.0.1/v1.0/drives"} {
		f := newFake(t)
		f.putFile("root", "gauge.pbiviz", "one")
		next := expectChanges(t, f.openLibrary(), "", "gauge.pbiviz")
		f.putFile("root", "late.pbiviz", "two")
		first := true
		f.intercept = func(call string) *cannedReply {
			if !strings.HasSuffix(call, "/delta") || !first {
				return nil
			}
			first = false
			return &cannedReply{status: http.StatusGone, body: `{"error":{"code":"resyncChangesApplyDifferences"}}`, header: map[string]string{"Location": location}}
		}
		expectChanges(t, f.openLibrary(), next, "late.pbiviz")
	}
}

func TestLinksThatLeadElsewhereAreNotFollowed(t *testing.T) {
	for _, c := range []string{
		`{"value":[],"@odata.nextLink":"https://evil.example/v1.0/drives/x/root/delta"}`,
		`{"value":[],"@odata.deltaLink":"https://evil.example/v1.0/drives/x/root/delta"}`,
		`{"value":[],"@odata.nextLink":"GRAPH/beta/drives/x"}`,
		`{"value":[]}`, `{}`, `[]`, `not JSON`, ``,
	} {
		f := newFake(t)
		f.putFile("root", "gauge.pbiviz", "one")
		f.intercept = func(call string) *cannedReply {
			if !strings.HasSuffix(call, "/delta") {
				return nil
			}
			return &cannedReply{status: 200, body: strings.ReplaceAll(c, "GRAPH", f.graph.URL), header: map[string]string{"Content-Type": "application/json"}}
		}
		if _, next, err := f.openLibrary().Changes(context.Background(), "old"); err == nil || next != "old" {
			t.Errorf("%s: %v, cursor %q", c, err, next)
		}
	}
}

func TestTheLibraryIsFoundOnce(t *testing.T) {
	f := newFake(t)
	l := f.openLibrary()
	next := expectChanges(t, l, "", "")
	if got := f.takeCalls(); len(got) != 5 {
		t.Errorf("asked %v", got)
	}
	expectChanges(t, l, next, "")
	if _, err := l.resolvePlace(context.Background()); err != nil {
		t.Fatal(err)
	}
	next = expectChanges(t, f.openLibrary(), next, "")
	if got := f.takeCalls(); len(got) != 2 {
		t.Errorf("asked again %v", got)
	}
	// Under another name the settings may mean another library.
	renamed := f.openLibrary(func(o *Options) { o.Library = "visuals" })
	f.putFile("root", "gauge.pbiviz", "one")
	next = expectChanges(t, renamed, next, "gauge.pbiviz")
	known := f.openLibrary(func(o *Options) { o.IDs = IDs{Drive: "b!drive", List: "list"}; o.Site = "" })
	f.takeCalls()
	expectChanges(t, known, next, "")
	if got := f.takeCalls(); !slices.Equal(got, []string{"GET /drives/b!drive/list", "GET /drives/b!drive/root", "GET /drives/b!drive/root/delta"}) {
		t.Errorf("with ids asked %v", got)
	}
	ids, err := known.IDs(context.Background())
	if err != nil || ids.Drive != "b!drive" {
		t.Errorf("%+v, %v", ids, err)
	}
}

func TestALibraryThatIsNotThere(t *testing.T) {
	f := newFake(t)
	_, _, err := f.openLibrary(func(o *Options) { o.Library = "Visual" }).Changes(context.Background(), "")
	if err == nil || !strings.Contains(err.Error(), "no library with that name that orgstore may see, only: Documents, Visuals") {
		t.Errorf("got %v", err)
	}
	_, _, err = f.openLibrary(func(o *Options) { o.Folder = "none" }).Changes(context.Background(), "")
	var refusal *graph.Error
	if !errors.As(err, &refusal) || refusal.Status != 404 {
		t.Errorf("got %v", err)
	}
	for _, site := range []string{"", "contoso", "http://contoso.sharepoint.com", "https://u@contoso.sharepoint.com/x", "https://contoso.sharepoint.com/x?y", "https://c:8/"} {
		if _, err := Open(f.openLibrary().conn, Options{Site: site}); err == nil {
			t.Errorf("%q was taken for a site", site)
		}
	}
}

func TestAFolderInTheLibrary(t *testing.T) {
	f := newFake(t)
	inbox := f.putFile("root", "Inbox", "")
	f.putFile(inbox, "gauge.pbiviz", "one")
	f.putFile("root", "other.pbiviz", "two")
	l := f.openLibrary(func(o *Options) { o.Folder = "Inbox" })
	next := expectChanges(t, l, "", "gauge.pbiviz")
	f.changeItem(inbox, func(i *storedItem) { i.name = "Renamed" })
	f.putFile(inbox, "late.pbiviz", "three")
	next = expectChanges(t, l, next, "late.pbiviz")
	f.changeItem(inbox, func(i *storedItem) { i.isDeleted = true })
	if _, same, err := l.Changes(context.Background(), next); err == nil || same != next || !strings.Contains(err.Error(), "Inbox was deleted") {
		t.Errorf("the folder is gone: %v", err)
	}
	f.changeItem(inbox, func(i *storedItem) { i.isDeleted = false })
	expectChanges(t, l, next, "")
}

func TestForeignCursorsStartAnew(t *testing.T) {
	f := newFake(t)
	f.putFile("root", "gauge.pbiviz", "one")
	l := f.openLibrary()
	good := expectChanges(t, l, "", "gauge.pbiviz")
	for _, c := range []library.Cursor{"x", "1.abcd", "{}", `{"v":2}`, good[:len(good)-3], library.Cursor(strings.Replace(string(good), `"v":1`, `"v":2`, 1)),
		library.Cursor(strings.Replace(string(good), "https://127.0.0.1", "https://evil.example", 1))} {
		expectChanges(t, l, c, "gauge.pbiviz")
	}
	if l.Without("x") != "x" {
		t.Error("a foreign cursor was changed")
	}
}

func TestWithout(t *testing.T) {
	f := newFake(t)
	f.putFile("root", "a.pbiviz", "one")
	f.putFile("root", "b.pbiviz", "two")
	l := f.openLibrary()
	items, next, err := l.Changes(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	next = l.Without(next, items[0])
	f.changeItem(items[0].ID, func(*storedItem) {})
	f.changeItem(items[1].ID, func(*storedItem) {})
	expectChanges(t, l, next, "a.pbiviz")
}

// One machine of the service tells of an item, and the next knows nothing of it.
func TestAnItemThatIsNotFoundYet(t *testing.T) {
	f := newFake(t)
	id := f.putFile("root", "gauge.pbiviz", "one")
	l := f.openLibrary()
	items, next, err := l.Changes(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	f.intercept = func(call string) *cannedReply {
		if call == "GET /drives/b!drive/items/"+id {
			return &cannedReply{status: 404}
		}
		return nil
	}
	if _, err := fetchContent(l, items[0], 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("fetching: %v", err)
	}
	next = l.Without(next, items[0])
	next = expectChanges(t, l, next, "")
	next = expectChanges(t, l, next, "")
	f.intercept = nil
	next = expectChanges(t, l, next, "gauge.pbiviz")
	next = expectChanges(t, l, next, "")
	// One that stays away is not looked for for ever.
	next = l.Without(next, items[0])
	f.changeItem(id, func(i *storedItem) { i.isDeleted = true })
	f.mu.Lock()
	f.history = f.history[:len(f.history)-1] // of which it does not hear
	f.mu.Unlock()
	for range maxMissingLooks {
		next = expectChanges(t, l, next, "")
	}
	f.takeCalls()
	expectChanges(t, l, next, "")
	if got := f.takeCalls(); len(got) != 1 {
		t.Errorf("asked %v", got)
	}
}

func TestACursorStaysSmall(t *testing.T) {
	s := cursorState{Version: 1, Marks: map[string]string{}}
	for i := range 1000 {
		s.Marks[fmt.Sprintf("01BYE5RZ6QN3ZWBTUFOFD3GSPGOHDJ%04d", i)] = markOf(library.Item{Name: strings.Repeat("x", i), Revision: "y"})
	}
	c, err := s.encodeCursor()
	if err != nil {
		t.Fatal(err)
	}
	if size := len(c) / 1000 * maxItems; size > 16<<20 {
		t.Errorf("a full cursor has %d bytes", size)
	}
}
