package sharepoint

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

func TestUpload(t *testing.T) {
	small := []byte("a small package")
	const part = 320 << 10
	big := bytes.Repeat([]byte("0123456789abcdef"), (2*part+part/2)/16) // two and a half parts
	nth := func(prefix string, at int, r cannedReply) func(*fakeLibrary) func(string) *cannedReply {
		n := 0
		return func(*fakeLibrary) func(string) *cannedReply {
			return func(call string) *cannedReply {
				if !strings.HasPrefix(call, prefix) {
					return nil
				}
				if n++; n != at {
					return nil
				}
				return &r
			}
		}
	}
	for _, c := range []struct {
		name   string
		bytes  []byte
		there  string // what lies there already
		before func(*fakeLibrary) func(string) *cannedReply
		err    string
		asked  string // a call that must have been made
	}{
		{name: "small", bytes: small, asked: "PUT /drives/b!drive/root:/gauge.pbiviz:/content"},
		{name: "small, and there already", bytes: small, there: string(small)},
		{name: "small, and another is there", bytes: small, there: "another", err: "another file with that name"},
		{name: "small, and the answer is lost", bytes: small, before: nth("PUT ", 1, cannedReply{dropsConnection: true, isCarriedOut: true})},
		{name: "small, and the request is lost", bytes: small, before: nth("PUT ", 1, cannedReply{dropsConnection: true})},
		{name: "small, and denied", bytes: small, before: nth("PUT ", 1, cannedReply{status: 403}), err: "403"},
		{name: "large", bytes: big, asked: "PUT /upload/gauge.pbiviz"},
		{name: "large, and there already", bytes: big, there: string(big)},
		{name: "large, and another is there", bytes: big, there: "another", err: "another file with that name"},
		{name: "large, and a part is lost", bytes: big, before: nth("PUT ", 2, cannedReply{dropsConnection: true})},
		{name: "large, and the answer to a part is lost", bytes: big, before: nth("PUT ", 2, cannedReply{dropsConnection: true, isCarriedOut: true}), asked: "GET /upload/gauge.pbiviz"},
		{name: "large, and the last answer is lost", bytes: big, before: nth("PUT ", 3, cannedReply{dropsConnection: true, isCarriedOut: true})},
		{name: "large, and the service stumbles", bytes: big, before: nth("PUT ", 2, cannedReply{status: 500})},
		{name: "large, and the service stumbles on", bytes: big, asked: "GET /upload/gauge.pbiviz", before: func(*fakeLibrary) func(string) *cannedReply {
			n := 0
			return func(call string) *cannedReply {
				if strings.HasPrefix(call, "PUT ") {
					if n++; n > 1 && n < 5 { // more often than the connection tries
						return &cannedReply{status: 500}
					}
				}
				return nil
			}
		}},
		{name: "large, and the session is gone", bytes: big, before: func(f *fakeLibrary) func(string) *cannedReply {
			n := 0
			return func(call string) *cannedReply {
				if strings.HasPrefix(call, "PUT ") {
					if n++; n == 2 {
						f.mu.Lock()
						delete(f.parts, "gauge.pbiviz")
						f.mu.Unlock()
					}
				}
				return nil
			}
		}},
		{name: "large, and the session is always gone", bytes: big, err: "cut off 3 times", before: func(*fakeLibrary) func(string) *cannedReply {
			return func(call string) *cannedReply {
				if strings.HasPrefix(call, "PUT ") {
					return &cannedReply{status: 404}
				}
				return nil
			}
		}},
		{name: "large, and the library is full", bytes: big, before: nth("PUT ", 2, cannedReply{status: 507}), err: "507", asked: "DELETE /upload/gauge.pbiviz"},
		{name: "large, and it does not go on", bytes: big, err: "makes no progress", asked: "DELETE /upload/gauge.pbiviz", before: func(*fakeLibrary) func(string) *cannedReply {
			return func(call string) *cannedReply {
				if strings.HasPrefix(call, "PUT ") {
					return &cannedReply{status: 416}
				}
				return nil
			}
		}},
		{name: "large, and an answer that is none", bytes: big, before: nth("PUT ", 1, cannedReply{status: 202, body: `{"nextExpectedRanges":["x-"]}`}), err: "an invalid range"},
		{name: "large, and the address is no address", bytes: big, err: "does not use https", before: nth("POST ", 1, cannedReply{status: 200, body: `{"uploadUrl":"http://evil.example/"}`,
			header: map[string]string{"Content-Type": "application/json"}})},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			if c.there != "" {
				f.putFile("root", "gauge.pbiviz", c.there)
			}
			if c.before != nil {
				f.intercept = c.before(f)
			}
			l := f.openLibrary()
			l.maxAtOnce, l.partSize = part, part
			item, err := l.Upload(context.Background(), "gauge.pbiviz", bytes.NewReader(c.bytes), int64(len(c.bytes)))
			if err == nil != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("the error is %v, want %q", err, c.err)
			}
			if strings.Contains(c.err, "another") != errors.Is(err, fs.ErrExist) {
				t.Errorf("does it exist? %v", err)
			}
			calls := f.takeCalls()
			if c.asked != "" && !slices.Contains(calls, c.asked) {
				t.Errorf("asked %v, not %s", calls, c.asked)
			}
			if err != nil {
				return
			}
			f.intercept = nil
			if got := onlyItem(t, l); got != item {
				t.Errorf("uploaded %+v, listed %+v", item, got)
			}
			if got, err := fetchContent(l, item, 1<<30); err != nil || got != string(c.bytes) {
				t.Errorf("%d bytes came back, %v", len(got), err)
			}
		})
	}
}

func TestNamesThatSharePointTakes(t *testing.T) {
	f := newFake(t)
	l := f.openLibrary()
	for _, name := range []string{"", ".", "..", "a/b.pbiviz", `a\b.pbiviz`, "a:b.pbiviz", "a?.pbiviz", " a.pbiviz", "a\n.pbiviz", "~$a.pbiviz", strings.Repeat("a", 401)} {
		if _, err := l.Upload(context.Background(), name, strings.NewReader("x"), 1); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
	for _, name := range []string{"Größe 100%.pbiviz", "a#b+c&d.pbiviz", "%2e%2e.pbiviz", "a'b;c.pbiviz"} {
		item, err := l.Upload(context.Background(), name, strings.NewReader(name), int64(len(name)))
		if err != nil || item.Name != name {
			t.Errorf("%q became %q, %v", name, item.Name, err)
		}
	}
	for _, size := range []int64{0, -1, maxUpload + 1, 2} {
		if _, err := l.Upload(context.Background(), "x.pbiviz", strings.NewReader("x"), size); err == nil {
			t.Errorf("%d bytes were taken", size)
		}
	}
}

// Limits of the service: what is sent at a time.
func TestPartsAreWhatIsDocumented(t *testing.T) {
	if defaultPartSize%(320<<10) != 0 || defaultPartSize >= 60<<20 || defaultMaxAtOnce > 4<<20 {
		t.Errorf("parts of %d bytes, %d at once", defaultPartSize, defaultMaxAtOnce)
	}
}
