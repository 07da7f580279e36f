package simulator_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
)

func (c *client) drive() string {
	return "/drives/" + simulatortest.Visuals(c.t, c.s).DriveID
}

// entries names what a delta told: names, or deleted ids as gone.
func (r reply) entries() []string {
	var out []string
	for _, v := range r.list() {
		m := v.(map[string]any)
		if m["root"] != nil {
			continue
		}
		if m["deleted"] != nil {
			out = append(out, fmt.Sprint("gone ", m["id"]))
			continue
		}
		out = append(out, fmt.Sprint(m["name"]))
	}
	slices.Sort(out)
	return out
}

// all follows a delta to its end.
func (c *client) all(link string) (entries []string, last string) {
	c.t.Helper()
	for range 100 {
		r := c.want(c.graph("GET", link, ""), 200)
		entries = append(entries, r.entries()...)
		if last = r.str("@odata.deltaLink"); last != "" {
			slices.Sort(entries)
			return entries, last
		}
		link = r.str("@odata.nextLink")
	}
	c.t.Fatal("the delta does not end")
	return nil, ""
}

func (c *client) expect(what string, got []string, want ...string) {
	c.t.Helper()
	if !slices.Equal(got, want) {
		c.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func upload(t *testing.T, v *simulator.Library, path, content string) simulator.File {
	t.Helper()
	f, err := v.Upload(path, []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestDeltaTellsWhatChanged(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1, PageSize: 2})
	v := simulatortest.Visuals(t, c.s)
	a := upload(t, v, "a", "1")
	for _, name := range []string{"b", "c", "sub/d"} {
		upload(t, v, name, "1")
	}
	got, link := c.all(c.drive() + "/root/delta")
	c.expect("everything", got, "a", "b", "c", "d", "sub")
	got, link = c.all(link)
	c.expect("nothing", got)
	upload(t, v, "b", "2")
	if err := v.Move("c", "sub/e"); err != nil {
		t.Fatal(err)
	}
	if err := v.Remove("a"); err != nil {
		t.Fatal(err)
	}
	got, link = c.all(link)
	c.expect("a change of each kind", got, "b", "e", "gone "+a.ID, "sub")
	got, _ = c.all(c.drive() + "/root/delta")
	c.expect("everything again, and nothing that is gone", got, "b", "d", "e", "sub")
	if err := v.Remove("sub"); err != nil {
		t.Fatal(err)
	}
	if got, _ = c.all(link); len(got) != 3 {
		t.Errorf("a folder with two files went, and delta told %q", got)
	}
}

func TestDeltaLeavesOutWhatSharePointDoes(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1})
	v := simulatortest.Visuals(t, c.s)
	upload(t, v, "a", "1")
	first := c.want(c.graph("GET", c.drive()+"/root/delta", ""), 200)
	if b := string(first.body); strings.Contains(b, `"cTag"`) || strings.Contains(b, `"path"`) {
		t.Errorf("got %s", b)
	}
	if err := v.Remove("a"); err != nil {
		t.Fatal(err)
	}
	for _, e := range c.want(c.graph("GET", first.str("@odata.deltaLink"), ""), 200).list() {
		if m := e.(map[string]any); m["deleted"] != nil && (m["name"] != nil || m["eTag"] != nil) {
			t.Errorf("a deleted item is told with %v", m)
		}
	}
}

func TestAnOldTokenAsksForAResync(t *testing.T) {
	for _, kind := range []simulator.Resync{simulator.ApplyDifferences, simulator.UploadDifferences} {
		t.Run(string(kind), func(t *testing.T) {
			c := newClient(t, simulator.Options{Seed: 1})
			v := simulatortest.Visuals(t, c.s)
			upload(t, v, "a", "1")
			_, link := c.all(c.drive() + "/root/delta")
			v.ForgetDelta(kind)
			r := c.want(c.graph("GET", link, ""), http.StatusGone)
			if r.str("error/code") != string(kind) {
				t.Errorf("got %s", r.body)
			}
			got, link := c.all(r.header.Get("Location"))
			c.expect("the new enumeration", got, "a")
			c.all(link)
		})
	}
}

func TestAHashMayComeLate(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1})
	v := simulatortest.Visuals(t, c.s)
	with, without := 0, 0
	for i := range 6 {
		f := upload(t, v, fmt.Sprint("f", i), "content")
		item := c.drive() + "/items/" + f.ID
		if c.graph("GET", item, "").str("file/hashes/quickXorHash") != "" {
			with++
			continue
		}
		without++
		c.want(c.do("GET", c.graph("GET", item+"/content", "").header.Get("Location"), ""), 200)
		if got := c.graph("GET", item, "").str("file/hashes/quickXorHash"); got != simulator.QuickXorHash([]byte("content")) {
			t.Errorf("after the download, the hash is %q", got)
		}
	}
	if with != 4 || without != 2 {
		t.Errorf("%d files had a hash and %d had none", with, without)
	}
}

func TestTheHashIsQuickXor(t *testing.T) {
	// Computed by hand from Microsoft's description: the first byte stands at
	// bit 0, the second at bit 11, and the length in the last eight bytes.
	for in, want := range map[string]string{
		"":   "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"a":  "YQAAAAAAAAAAAAAAAQAAAAAAAAA=",
		"ab": "YRADAAAAAAAAAAAAAgAAAAAAAAA=",
	} {
		if got := simulator.QuickXorHash([]byte(in)); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestWritesAreHeldToTheStateTheyKnow(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1})
	v := simulatortest.Visuals(t, c.s)
	f := upload(t, v, "a", "1")
	item := c.drive() + "/items/" + f.ID
	c.want(c.graph("POST", "/sites/"+v.SiteID+"/lists/"+v.ListID+"/columns", `{"name":"Verdict","text":{}}`), 201)
	before := c.graph("GET", item, "")
	c.want(c.graph("PATCH", item+"/listItem/fields", `{"Verdict":"good"}`, "If-Match: "+f.ETag), 200)
	after := c.graph("GET", item, "")
	if before.str("eTag") == after.str("eTag") || before.str("cTag") != after.str("cTag") {
		t.Errorf("eTag %s, then %s; cTag %s, then %s", before.str("eTag"), after.str("eTag"), before.str("cTag"), after.str("cTag"))
	}
	old := "If-Match: " + f.ETag
	c.want(c.graph("PATCH", item+"/listItem/fields", `{"Verdict":"bad"}`, old), 412)
	c.want(c.graph("PATCH", item, `{"name":"b"}`, old), 412)
	c.want(c.graph("PUT", item+"/content", "2", bin, old), 412)
	c.want(c.graph("POST", item+"/createUploadSession", `{"item":{}}`, old), 412)
	c.want(c.graph("DELETE", item, "", old), 412)
	c.want(c.graph("GET", item, "", "If-None-Match: "+after.str("eTag")), 304)
}

func TestNamesConflict(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1})
	v := simulatortest.Visuals(t, c.s)
	upload(t, v, "a.x", "1")
	upload(t, v, "b.x", "1")
	at := c.drive() + "/root:/a.x:/content?@microsoft.graph.conflictBehavior="
	if r := c.want(c.graph("PUT", at+"fail", "2", bin), 409); r.str("error/code") != "nameAlreadyExists" {
		t.Errorf("got %s", r.body)
	}
	if r := c.want(c.graph("PUT", at+"rename", "2", bin), 201); r.str("name") != "a 1.x" {
		t.Errorf("got %s", r.body)
	}
	c.want(c.graph("PUT", at+"replace", "2", bin), 200)
	f, _ := v.File("b.x")
	c.want(c.graph("PATCH", c.drive()+"/items/"+f.ID, `{"name":"A.X"}`), 409)
	c.want(c.graph("PATCH", c.drive()+"/items/"+f.ID, `{"name":"a:b"}`), 400)
}

func TestAnUploadSessionKeepsItsRules(t *testing.T) {
	const step = 327680
	c := newClient(t, simulator.Options{Seed: 1})
	v := simulatortest.Visuals(t, c.s)
	open := func(behavior string) string {
		t.Helper()
		return c.want(c.graph("POST", c.drive()+"/items/root:/large:/createUploadSession", `{"item":{"@microsoft.graph.conflictBehavior":"`+behavior+`"}}`), 200).str("uploadUrl")
	}
	put := func(u, span string, n int, header ...string) reply {
		t.Helper()
		return c.do("PUT", u, strings.Repeat("x", n), append([]string{bin, "Content-Range: bytes " + span}, header...)...)
	}
	u := open("fail")
	c.want(put(u, "0-99/400000", 100), 400)                                 // no multiple of 320 KiB
	c.want(put(u, "0-327679/400000", step, "Authorization: Bearer x"), 401) // a token where none belongs
	c.want(put(u, "0-327679/400000", 5), 400)                               // another length
	if r := c.want(put(u, "0-327679/400000", step), 202); r.str("nextExpectedRanges/0") != "327680-" {
		t.Errorf("got %s", r.body)
	}
	c.want(put(u, "0-327679/400000", step), 416)       // again
	c.want(put(u, "327700-399999/400000", 72300), 416) // a gap
	c.want(put(u, "327680-399998/399999", 72319), 400) // another total
	if r := c.want(c.do("GET", u, ""), 200); r.str("nextExpectedRanges/0") != "327680-" {
		t.Errorf("got %s", r.body)
	}
	upload(t, v, "large", "somebody was faster")
	if r := c.want(put(u, "327680-399999/400000", 72320), 409); r.str("error/code") != "nameAlreadyExists" {
		t.Errorf("got %s", r.body)
	}
	c.want(c.do("GET", u, ""), 404)
	u = open("replace")
	v.EndSessions()
	c.want(put(u, "0-9/10", 10), 404)
	c.want(put(open("replace"), "0-9/10", 10), 200)
	if b, _ := v.Content("large"); string(b) != "xxxxxxxxxx" {
		t.Errorf("got %q", b)
	}
}

func TestColumnsHoldWhatTheyAreFor(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1})
	v := simulatortest.Visuals(t, c.s)
	f := upload(t, v, "a", "1")
	columns := "/sites/" + v.SiteID + "/lists/" + v.ListID + "/columns"
	c.want(c.graph("POST", columns, `{"name":"Reason","text":{"allowMultipleLines":false}}`), 201)
	c.want(c.graph("POST", columns, `{"name":"Until","dateTime":{}}`), 201)
	c.want(c.graph("POST", columns, `{"name":"Reason","text":{}}`), 409)
	c.want(c.graph("POST", columns, `{"name":"No kind"}`), 400)
	fields := c.drive() + "/items/" + f.ID + "/listItem/fields"
	for body, status := range map[string]int{
		`{"Reason":"short"}`: 200, `{"Reason":null}`: 200, `{"Until":"2027-01-01T00:00:00Z"}`: 200,
		`{"Reason":"` + strings.Repeat("x", 256) + `"}`: 400, `{"Until":"soon"}`: 400, `{"Nobody":"x"}`: 400, `{"FileLeafRef":"x"}`: 400, `{"Reason":3}`: 400,
	} {
		if r := c.graph("PATCH", fields, body); r.status != status {
			t.Errorf("%.40s: got %d %s, want %d", body, r.status, r.body, status)
		}
	}
}
