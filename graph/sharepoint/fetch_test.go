package sharepoint

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/library"
	"github.com/orgstore/orgstore/packages/verdict"
)

func fetchContent(l *Library, item library.Item, max int64) (string, error) {
	r, err := l.Fetch(context.Background(), item, max)
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	return string(b), err
}

func onlyItem(t *testing.T, l *Library) library.Item {
	t.Helper()
	items, _, err := l.Changes(context.Background(), "")
	if err != nil || len(items) != 1 {
		t.Fatalf("listed %v, %v", items, err)
	}
	return items[0]
}

// largeContent is content of several network packets.
var largeContent = string(bytes.Repeat([]byte("0123456789abcdef"), 20_000))

func TestFetch(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(f *fakeLibrary, n int, call string) *cannedReply // n counts the downloads
		change func(f *fakeLibrary, id string)
		hashes bool
		err    string // empty: it arrives
	}{
		{name: "as it is", hashes: true},
		{name: "without a hash"},
		{name: "the connection breaks off twice", hashes: true, before: func(_ *fakeLibrary, n int, call string) *cannedReply {
			if strings.HasPrefix(call, "GET /download/") && n <= 2 {
				return &cannedReply{cutAfter: 100_000}
			}
			return nil
		}},
		{name: "the connection breaks off at each try", hashes: true, err: "was incomplete", before: func(_ *fakeLibrary, _ int, call string) *cannedReply {
			if strings.HasPrefix(call, "GET /download/") {
				return &cannedReply{cutAfter: 1000}
			}
			return nil
		}},
		{name: "the address has expired", hashes: true, before: func(_ *fakeLibrary, n int, call string) *cannedReply {
			if strings.HasPrefix(call, "GET /download/") && n == 1 {
				return &cannedReply{status: 401}
			}
			return nil
		}},
		{name: "the address has expired for good", hashes: true, err: "was incomplete", before: func(_ *fakeLibrary, _ int, call string) *cannedReply {
			if strings.HasPrefix(call, "GET /download/") {
				return &cannedReply{status: 403}
			}
			return nil
		}},
		{name: "ranges are not understood", hashes: true, before: func(f *fakeLibrary, n int, call string) *cannedReply {
			if !strings.HasPrefix(call, "GET /download/") {
				return nil
			}
			if n == 1 {
				return &cannedReply{cutAfter: 100_000}
			}
			return &cannedReply{status: 200, body: largeContent}
		}},
		{name: "other bytes than the hash says", hashes: true, err: "damaged", before: func(f *fakeLibrary, _ int, call string) *cannedReply {
			if strings.HasPrefix(call, "GET /download/") {
				return &cannedReply{status: 200, body: strings.Replace(largeContent, "0", "1", 1)}
			}
			return nil
		}},
		{name: "more bytes than were said", hashes: true, err: "changed while it was read", before: func(f *fakeLibrary, _ int, call string) *cannedReply {
			if strings.HasPrefix(call, "GET /download/") {
				return &cannedReply{status: 200, body: largeContent + "x"}
			}
			return nil
		}},
		{name: "has changed since it was listed", hashes: true, err: "has changed since it was listed", change: func(f *fakeLibrary, _ string) { f.putFile("root", "gauge.pbiviz", "other") }},
		{name: "changed since it was listed, without a hash", err: "has changed since it was listed", change: func(f *fakeLibrary, _ string) { f.putFile("root", "gauge.pbiviz", "other") }},
		{name: "renamed since it was listed", hashes: true, err: "has changed since it was listed", change: func(f *fakeLibrary, id string) { f.changeItem(id, func(i *storedItem) { i.name = "x.license" }) }},
		{name: "a column was written since it was listed", hashes: true, change: func(f *fakeLibrary, id string) { f.changeItem(id, func(*storedItem) {}) }},
		{name: "the hash is missing now", hashes: true, change: func(f *fakeLibrary, _ string) { f.tellsHashes = false }},
		{name: "the hash is missing now, and the bytes are others", hashes: true, err: "damaged", change: func(f *fakeLibrary, id string) {
			f.tellsHashes = false
			f.changeItem(id, func(i *storedItem) { i.bytes = []byte(strings.Replace(largeContent, "0", "1", 1)) })
		}},
		{name: "changed while it was read, without a hash", err: "changed while it was read", before: func(f *fakeLibrary, n int, call string) *cannedReply {
			if strings.HasPrefix(call, "GET /download/") && n == 1 {
				f.putFile("root", "gauge.pbiviz", strings.Replace(largeContent, "0", "1", 1))
			}
			return nil
		}},
		{name: "gone since it was listed", hashes: true, err: "no longer in the library", change: func(f *fakeLibrary, id string) { f.changeItem(id, func(i *storedItem) { i.isDeleted = true }) }},
		{name: "gone while it was fetched", hashes: true, err: "no longer in the library", before: func(f *fakeLibrary, n int, call string) *cannedReply {
			if strings.HasPrefix(call, "GET /download/") && n == 1 {
				for id, i := range f.items {
					if i.name == "gauge.pbiviz" {
						f.changeItem(id, func(i *storedItem) { i.isDeleted = true })
					}
				}
			}
			return nil
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			f.tellsHashes = c.hashes
			id := f.putFile("root", "gauge.pbiviz", largeContent)
			l := f.openLibrary()
			item := onlyItem(t, l)
			if c.change != nil {
				c.change(f, id)
			}
			if c.before != nil {
				n := 0
				f.intercept = func(call string) *cannedReply {
					if strings.HasPrefix(call, "GET /download/") {
						n++
					}
					return c.before(f, n, call)
				}
			}
			got, err := fetchContent(l, item, 1<<20)
			switch {
			case c.err == "" && (err != nil || got != largeContent):
				t.Errorf("%d bytes, %v", len(got), err)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("the error is %v, want %q", err, c.err)
			case strings.Contains(c.err, "no longer") != errors.Is(err, fs.ErrNotExist):
				t.Errorf("is it gone? %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "tempauth") {
				t.Errorf("the error tells the address: %v", err)
			}
		})
	}
}

func TestFetchIsBounded(t *testing.T) {
	f := newFake(t)
	f.putFile("root", "gauge.pbiviz", "0123456789")
	l := f.openLibrary()
	item := onlyItem(t, l)
	if got, err := fetchContent(l, item, 10); err != nil || got != "0123456789" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := fetchContent(l, item, 9); err == nil {
		t.Errorf("beyond the limit: %q", got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r, err := l.Fetch(ctx, item, 10)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if b, err := io.ReadAll(r); err == nil {
		t.Errorf("canceled: %q", b)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.Read(make([]byte, 1)); err == nil {
		t.Error("read after closing")
	}
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	f := newFake(t)
	f.putFile("root", "folder.pbiviz", "")
	l := f.openLibrary()
	_, err := fetchContent(l, onlyItem(t, l), 10)
	var refusal *verdict.Refusal
	if !errors.As(err, &refusal) || refusal.Code() != "lib.not_a_file" {
		t.Errorf("got %v", err)
	}
}

func TestMalwareIsRefused(t *testing.T) {
	f := newFake(t)
	f.putFile("root", "gauge.pbiviz", "x")
	l := f.openLibrary()
	item := onlyItem(t, l)
	f.intercept = func(call string) *cannedReply {
		return &cannedReply{status: 200, body: `{"id":"` + item.ID + `","name":"gauge.pbiviz","size":1,"file":{},"malware":{"description":"x"}}`, header: map[string]string{"Content-Type": "application/json"}}
	}
	_, err := fetchContent(l, item, 10)
	var refusal *verdict.Refusal
	if !errors.As(err, &refusal) || refusal.Code() != "lib.malware" {
		t.Errorf("got %v", err)
	}
}

// Where the facts do not tell the address, it is asked for.
func TestTheAddressIsAskedFor(t *testing.T) {
	f := newFake(t)
	f.putFile("root", "gauge.pbiviz", "0123456789")
	l := f.openLibrary()
	item := onlyItem(t, l)
	f.intercept = func(call string) *cannedReply {
		if call != "GET /drives/b!drive/items/"+item.ID {
			return nil
		}
		return &cannedReply{status: 200, body: `{"id":"` + item.ID + `","name":"gauge.pbiviz","size":10,"file":{}}`, header: map[string]string{"Content-Type": "application/json"}}
	}
	if got, err := fetchContent(l, item, 10); err != nil || got != "0123456789" {
		t.Errorf("%q, %v", got, err)
	}
}
