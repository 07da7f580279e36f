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

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/packages/library"
)

// changes lists the names of what changed, in order.
func changes(t *testing.T, l *Library, from library.Cursor) (string, library.Cursor) {
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

// expect fails unless these are what changed.
func expect(t *testing.T, l *Library, from library.Cursor, want string) library.Cursor {
	t.Helper()
	got, next := changes(t, l, from)
	if got != want {
		t.Errorf("listed %q, want %q", got, want)
	}
	return next
}

func TestWhatArrivesIsListedOnce(t *testing.T) {
	f := newFake(t)
	f.put("root", "gauge.pbiviz", "one")
	f.put("root", "gauge.pbiviz.license", "two")
	f.put("root", "readme.txt", "x")
	f.put("root", "~$gauge.pbiviz", "x")
	below := f.put("root", "To upload", "")
	f.put(below, "later.pbiviz", "x")
	l := f.open()
	next := expect(t, l, "", "gauge.pbiviz gauge.pbiviz.license")
	next = expect(t, l, next, "")
	f.put("root", "gauge.pbiviz", "ONE")
	f.put("root", "late.pbiviz", "four")
	next = expect(t, l, next, "gauge.pbiviz late.pbiviz")
	expect(t, f.open(), next, "")
}

// The same as people see it, and as another process finds it again.
func TestWhatPeopleDoInALibrary(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(f *fake, id string)
		want string
	}{
		{"nothing", func(*fake, string) {}, ""},
		{"a column is written", func(f *fake, id string) { f.change(id, func(i *stored) { i.fields["Notes"] = "x" }) }, ""},
		{"renamed", func(f *fake, id string) { f.change(id, func(i *stored) { i.name = "new.pbiviz" }) }, "new.pbiviz"},
		{"renamed to what is no package", func(f *fake, id string) { f.change(id, func(i *stored) { i.name = "gauge.zip" }) }, ""},
		{"replaced by the same bytes", func(f *fake, _ string) { f.put("root", "gauge.pbiviz", "one") }, ""},
		{"replaced by other bytes", func(f *fake, _ string) { f.put("root", "gauge.pbiviz", "two") }, "gauge.pbiviz"},
		{"moved out", func(f *fake, id string) { f.change(id, func(i *stored) { i.parent = "elsewhere" }) }, ""},
		{"deleted", func(f *fake, id string) { f.change(id, func(i *stored) { i.deleted = true }) }, ""},
		{"changed and deleted at once", func(f *fake, id string) {
			f.put("root", "gauge.pbiviz", "two")
			f.change(id, func(i *stored) { i.deleted = true })
		}, ""},
		{"deleted and put back at once", func(f *fake, id string) {
			f.change(id, func(i *stored) { i.deleted = true })
			f.change(id, func(i *stored) { i.deleted = false })
		}, ""},
		{"the same file a second time", func(f *fake, _ string) { f.put("root", "gauge (1).pbiviz", "one") }, "gauge (1).pbiviz"},
		{"emptied, as while it is being written", func(f *fake, id string) { f.change(id, func(i *stored) { i.bytes = nil }) }, ""},
		{"a folder that is called like a package", func(f *fake, _ string) { f.put("root", "folder.pbiviz", "") }, "folder.pbiviz"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			id := f.put("root", "gauge.pbiviz", "one")
			next := expect(t, f.open(), "", "gauge.pbiviz")
			c.do(f, id)
			next = expect(t, f.open(), next, c.want)
			expect(t, f.open(), next, "")
		})
	}
}

func TestWhatComesBackArrivesAgain(t *testing.T) {
	f := newFake(t)
	id := f.put("root", "gauge.pbiviz", "one")
	l := f.open()
	next := expect(t, l, "", "gauge.pbiviz")
	for _, away := range []func(*stored){
		func(i *stored) { i.deleted = true },
		func(i *stored) { i.parent = "elsewhere" },
		func(i *stored) { i.bytes = nil },
	} {
		f.change(id, away)
		next = expect(t, l, next, "")
		f.change(id, func(i *stored) { i.deleted, i.parent, i.bytes = false, "root", []byte("one") })
		next = expect(t, l, next, "gauge.pbiviz")
	}
}

// Where there are no hashes, a file may arrive twice, but nothing is missed and
// it comes to rest.
func TestWithoutHashes(t *testing.T) {
	f := newFake(t)
	f.hashes = false
	id := f.put("root", "gauge.pbiviz", "one")
	l := f.open()
	next := expect(t, l, "", "gauge.pbiviz")
	f.put("root", "gauge.pbiviz", "two")
	next = expect(t, l, next, "gauge.pbiviz")
	f.change(id, func(i *stored) { i.fields["x"] = "y" })
	next = expect(t, l, next, "gauge.pbiviz")
	next = expect(t, l, next, "")
	f.hashes = true
	f.change(id, func(*stored) {})
	next = expect(t, l, next, "gauge.pbiviz")
	f.change(id, func(*stored) {})
	expect(t, l, next, "")
}

func TestAForgottenLink(t *testing.T) {
	for _, c := range []struct{ code, back string }{
		{"resyncChangesApplyDifferences", "gone.pbiviz"},
		{"resyncChangesUploadDifferences", ""}, // it was never away
	} {
		t.Run(c.code, func(t *testing.T) {
			f := newFake(t)
			f.put("root", "gauge.pbiviz", "one")
			gone := f.put("root", "gone.pbiviz", "two")
			l := f.open()
			next := expect(t, l, "", "gauge.pbiviz gone.pbiviz")
			f.put("root", "late.pbiviz", "three")
			f.put("root", "gauge.pbiviz", "ONE")
			f.change(gone, func(i *stored) { i.deleted = true })
			f.forget(c.code)
			f.asked()
			next = expect(t, l, next, "gauge.pbiviz late.pbiviz")
			f.change(gone, func(i *stored) { i.deleted = false })
			next = expect(t, l, next, c.back)
			expect(t, l, next, "")
		})
	}
}

func TestAForgottenLinkThatLeadsElsewhere(t *testing.T) {
	for _, location := range []string{"", "https://evil.example/v1.0/x", "http://127.0.0.1/v1.0/drives"} {
		f := newFake(t)
		f.put("root", "gauge.pbiviz", "one")
		next := expect(t, f.open(), "", "gauge.pbiviz")
		f.put("root", "late.pbiviz", "two")
		first := true
		f.before = func(call string) *reply {
			if !strings.HasSuffix(call, "/delta") || !first {
				return nil
			}
			first = false
			return &reply{status: http.StatusGone, body: `{"error":{"code":"resyncChangesApplyDifferences"}}`, header: map[string]string{"Location": location}}
		}
		expect(t, f.open(), next, "late.pbiviz")
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
		f.put("root", "gauge.pbiviz", "one")
		f.before = func(call string) *reply {
			if !strings.HasSuffix(call, "/delta") {
				return nil
			}
			return &reply{status: 200, body: strings.ReplaceAll(c, "GRAPH", f.graph.URL), header: map[string]string{"Content-Type": "application/json"}}
		}
		if _, next, err := f.open().Changes(context.Background(), "old"); err == nil || next != "old" {
			t.Errorf("%s: %v, cursor %q", c, err, next)
		}
	}
}

func TestTheLibraryIsFoundOnce(t *testing.T) {
	f := newFake(t)
	l := f.open()
	next := expect(t, l, "", "")
	if got := f.asked(); len(got) != 5 {
		t.Errorf("asked %v", got)
	}
	expect(t, l, next, "")
	if _, err := l.where(context.Background()); err != nil {
		t.Fatal(err)
	}
	next = expect(t, f.open(), next, "")
	if got := f.asked(); len(got) != 2 {
		t.Errorf("asked again %v", got)
	}
	// Under another name the settings may mean another library.
	renamed := f.open(func(o *Options) { o.Library = "visuals" })
	f.put("root", "gauge.pbiviz", "one")
	next = expect(t, renamed, next, "gauge.pbiviz")
	known := f.open(func(o *Options) { o.IDs = IDs{Drive: "b!drive", List: "list"}; o.Site = "" })
	f.asked()
	expect(t, known, next, "")
	if got := f.asked(); !slices.Equal(got, []string{"GET /drives/b!drive/list", "GET /drives/b!drive/root", "GET /drives/b!drive/root/delta"}) {
		t.Errorf("with ids asked %v", got)
	}
	ids, err := known.IDs(context.Background())
	if err != nil || ids.Drive != "b!drive" {
		t.Errorf("%+v, %v", ids, err)
	}
}

func TestALibraryThatIsNotThere(t *testing.T) {
	f := newFake(t)
	_, _, err := f.open(func(o *Options) { o.Library = "Visual" }).Changes(context.Background(), "")
	if err == nil || !strings.Contains(err.Error(), "no library of that name that orgstore may see, only: Documents, Visuals") {
		t.Errorf("got %v", err)
	}
	_, _, err = f.open(func(o *Options) { o.Folder = "none" }).Changes(context.Background(), "")
	var refusal *graph.Error
	if !errors.As(err, &refusal) || refusal.Status != 404 {
		t.Errorf("got %v", err)
	}
	for _, site := range []string{"", "contoso", "http://contoso.sharepoint.com", "https://u@contoso.sharepoint.com/x", "https://contoso.sharepoint.com/x?y", "https://c:8/"} {
		if _, err := Open(f.open().conn, Options{Site: site}); err == nil {
			t.Errorf("%q was taken for a site", site)
		}
	}
}

func TestAFolderInTheLibrary(t *testing.T) {
	f := newFake(t)
	inbox := f.put("root", "Inbox", "")
	f.put(inbox, "gauge.pbiviz", "one")
	f.put("root", "other.pbiviz", "two")
	l := f.open(func(o *Options) { o.Folder = "Inbox" })
	next := expect(t, l, "", "gauge.pbiviz")
	f.change(inbox, func(i *stored) { i.name = "Renamed" })
	f.put(inbox, "late.pbiviz", "three")
	next = expect(t, l, next, "late.pbiviz")
	f.change(inbox, func(i *stored) { i.deleted = true })
	if _, same, err := l.Changes(context.Background(), next); err == nil || same != next || !strings.Contains(err.Error(), "Inbox was deleted") {
		t.Errorf("the folder is gone: %v", err)
	}
	f.change(inbox, func(i *stored) { i.deleted = false })
	expect(t, l, next, "")
}

func TestForeignCursorsStartAnew(t *testing.T) {
	f := newFake(t)
	f.put("root", "gauge.pbiviz", "one")
	l := f.open()
	good := expect(t, l, "", "gauge.pbiviz")
	for _, c := range []library.Cursor{"x", "1.abcd", "{}", `{"v":2}`, good[:len(good)-3], library.Cursor(strings.Replace(string(good), `"v":1`, `"v":2`, 1)),
		library.Cursor(strings.Replace(string(good), "https://127.0.0.1", "https://evil.example", 1))} {
		expect(t, l, c, "gauge.pbiviz")
	}
	if l.Without("x") != "x" {
		t.Error("a foreign cursor was changed")
	}
}

func TestWithout(t *testing.T) {
	f := newFake(t)
	f.put("root", "a.pbiviz", "one")
	f.put("root", "b.pbiviz", "two")
	l := f.open()
	items, next, err := l.Changes(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	next = l.Without(next, items[0])
	f.change(items[0].ID, func(*stored) {})
	f.change(items[1].ID, func(*stored) {})
	expect(t, l, next, "a.pbiviz")
}

// One machine of the service tells of an item, and the next knows nothing of it.
func TestAnItemThatIsNotFoundYet(t *testing.T) {
	f := newFake(t)
	id := f.put("root", "gauge.pbiviz", "one")
	l := f.open()
	items, next, err := l.Changes(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	f.before = func(call string) *reply {
		if call == "GET /drives/b!drive/items/"+id {
			return &reply{status: 404}
		}
		return nil
	}
	if _, err := fetch(l, items[0], 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("fetching: %v", err)
	}
	next = l.Without(next, items[0])
	next = expect(t, l, next, "")
	next = expect(t, l, next, "")
	f.before = nil
	next = expect(t, l, next, "gauge.pbiviz")
	next = expect(t, l, next, "")
	// One that stays away is not looked for for ever.
	next = l.Without(next, items[0])
	f.change(id, func(i *stored) { i.deleted = true })
	f.mu.Lock()
	f.history = f.history[:len(f.history)-1] // of which it does not hear
	f.mu.Unlock()
	for range mostLooks {
		next = expect(t, l, next, "")
	}
	f.asked()
	expect(t, l, next, "")
	if got := f.asked(); len(got) != 1 {
		t.Errorf("asked %v", got)
	}
}

func TestACursorStaysSmall(t *testing.T) {
	s := seen{Form: 1, Marks: map[string]string{}}
	for i := range 1000 {
		s.Marks[fmt.Sprintf("01BYE5RZ6QN3ZWBTUFOFD3GSPGOHDJ%04d", i)] = markOf(library.Item{Name: strings.Repeat("x", i), Revision: "y"})
	}
	c, err := s.cursor()
	if err != nil {
		t.Fatal(err)
	}
	if size := len(c) / 1000 * mostItems; size > 16<<20 {
		t.Errorf("a full cursor has %d bytes", size)
	}
}
