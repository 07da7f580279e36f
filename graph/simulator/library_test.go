package simulator_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
)

func (c *testClient) drivePath() string {
	return "/drives/" + simulatortest.Visuals(c.t, c.simulator).DriveID
}

// deltaNames names what a delta told: names, or deleted ids as gone.
func (r reply) deltaNames() []string {
	var out []string
	for _, v := range r.values() {
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

// followDelta follows a delta to its end.
func (c *testClient) followDelta(link string) (entries []string, last string) {
	c.t.Helper()
	for range 100 {
		r := c.expectStatus(c.callGraph("GET", link, ""), 200)
		entries = append(entries, r.deltaNames()...)
		if last = r.text("@odata.deltaLink"); last != "" {
			slices.Sort(entries)
			return entries, last
		}
		link = r.text("@odata.nextLink")
	}
	c.t.Fatal("the delta does not end")
	return nil, ""
}

func (c *testClient) expectEntries(what string, got []string, want ...string) {
	c.t.Helper()
	if !slices.Equal(got, want) {
		c.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func uploadFile(t *testing.T, v *simulator.Library, path, content string) simulator.File {
	t.Helper()
	f, err := v.Upload(path, []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestDeltaTellsWhatChanged(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1, PageSize: 2})
	v := simulatortest.Visuals(t, c.simulator)
	a := uploadFile(t, v, "a", "1")
	for _, name := range []string{"b", "c", "sub/d"} {
		uploadFile(t, v, name, "1")
	}
	got, link := c.followDelta(c.drivePath() + "/root/delta")
	c.expectEntries("everything", got, "a", "b", "c", "d", "sub")
	got, link = c.followDelta(link)
	c.expectEntries("nothing", got)
	uploadFile(t, v, "b", "2")
	if err := v.Move("c", "sub/e"); err != nil {
		t.Fatal(err)
	}
	if err := v.Remove("a"); err != nil {
		t.Fatal(err)
	}
	got, link = c.followDelta(link)
	c.expectEntries("a change of each kind", got, "b", "e", "gone "+a.ID, "sub")
	got, _ = c.followDelta(c.drivePath() + "/root/delta")
	c.expectEntries("everything again, and nothing that is gone", got, "b", "d", "e", "sub")
	if err := v.Remove("sub"); err != nil {
		t.Fatal(err)
	}
	if got, _ = c.followDelta(link); len(got) != 3 {
		t.Errorf("a folder with two files went, and delta told %q", got)
	}
}

func TestDeltaLeavesOutWhatSharePointDoes(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1})
	v := simulatortest.Visuals(t, c.simulator)
	uploadFile(t, v, "a", "1")
	first := c.expectStatus(c.callGraph("GET", c.drivePath()+"/root/delta", ""), 200)
	if b := string(first.body); strings.Contains(b, `"cTag"`) || strings.Contains(b, `"path"`) {
		t.Errorf("got %s", b)
	}
	if err := v.Remove("a"); err != nil {
		t.Fatal(err)
	}
	for _, e := range c.expectStatus(c.callGraph("GET", first.text("@odata.deltaLink"), ""), 200).values() {
		if m := e.(map[string]any); m["deleted"] != nil && (m["name"] != nil || m["eTag"] != nil) {
			t.Errorf("a deleted item is told with %v", m)
		}
	}
}

func TestAnOldTokenAsksForAResync(t *testing.T) {
	for _, kind := range []simulator.Resync{simulator.ApplyDifferences, simulator.UploadDifferences} {
		t.Run(string(kind), func(t *testing.T) {
			c := newClient(t, simulator.Options{Seed: 1})
			v := simulatortest.Visuals(t, c.simulator)
			uploadFile(t, v, "a", "1")
			_, link := c.followDelta(c.drivePath() + "/root/delta")
			v.ForgetDelta(kind)
			r := c.expectStatus(c.callGraph("GET", link, ""), http.StatusGone)
			if r.text("error/code") != string(kind) {
				t.Errorf("got %s", r.body)
			}
			got, link := c.followDelta(r.header.Get("Location"))
			c.expectEntries("the new enumeration", got, "a")
			c.followDelta(link)
		})
	}
}

// A simulator that is made again counts anew, so that a token of the one before is
// too old, whether its count is ahead or behind.
func TestATokenOfAnEarlierLifeAsksForAResync(t *testing.T) {
	for name, c := range map[string]struct{ before, after int }{"its count is ahead": {5, 2}, "its count is behind": {1, 4}, "it is the same": {3, 3}} {
		t.Run(name, func(t *testing.T) {
			link := ""
			for life, files := range []int{c.before, c.after} {
				now := time.Date(2026, 11, 24, 8+life, 0, 0, 0, time.UTC)
				c := newClient(t, simulator.Options{Seed: 1, Now: func() time.Time { return now }})
				v := simulatortest.Visuals(t, c.simulator)
				for i := range files {
					uploadFile(t, v, fmt.Sprint("f", i), "content")
				}
				if life == 0 {
					_, link = c.followDelta(c.drivePath() + "/root/delta")
					continue
				}
				_, token, _ := strings.Cut(link, "/root/")
				r := c.expectStatus(c.callGraph("GET", c.drivePath()+"/root/"+token, ""), http.StatusGone)
				if got, _ := c.followDelta(r.header.Get("Location")); len(got) != files {
					t.Errorf("the new enumeration told %q", got)
				}
			}
		})
	}
}

func TestAHashMayComeLate(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1})
	v := simulatortest.Visuals(t, c.simulator)
	with, without := 0, 0
	for i := range 6 {
		f := uploadFile(t, v, fmt.Sprint("f", i), "content")
		item := c.drivePath() + "/items/" + f.ID
		if c.callGraph("GET", item, "").text("file/hashes/quickXorHash") != "" {
			with++
			continue
		}
		without++
		c.expectStatus(c.mustSend("GET", c.callGraph("GET", item+"/content", "").header.Get("Location"), ""), 200)
		if got := c.callGraph("GET", item, "").text("file/hashes/quickXorHash"); got != simulator.QuickXorHash([]byte("content")) {
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
	v := simulatortest.Visuals(t, c.simulator)
	f := uploadFile(t, v, "a", "1")
	item := c.drivePath() + "/items/" + f.ID
	c.expectStatus(c.callGraph("POST", "/sites/"+v.SiteID+"/lists/"+v.ListID+"/columns", `{"name":"Verdict","text":{}}`), 201)
	before := c.callGraph("GET", item, "")
	c.expectStatus(c.callGraph("PATCH", item+"/listItem/fields", `{"Verdict":"good"}`, "If-Match: "+f.ETag), 200)
	after := c.callGraph("GET", item, "")
	if before.text("eTag") == after.text("eTag") || before.text("cTag") != after.text("cTag") {
		t.Errorf("eTag %s, then %s; cTag %s, then %s", before.text("eTag"), after.text("eTag"), before.text("cTag"), after.text("cTag"))
	}
	old := "If-Match: " + f.ETag
	c.expectStatus(c.callGraph("PATCH", item+"/listItem/fields", `{"Verdict":"bad"}`, old), 412)
	c.expectStatus(c.callGraph("PATCH", item, `{"name":"b"}`, old), 412)
	c.expectStatus(c.callGraph("PUT", item+"/content", "2", binaryHeader, old), 412)
	c.expectStatus(c.callGraph("POST", item+"/createUploadSession", `{"item":{}}`, old), 412)
	c.expectStatus(c.callGraph("DELETE", item, "", old), 412)
	c.expectStatus(c.callGraph("GET", item, "", "If-None-Match: "+after.text("eTag")), 304)
}

func TestNamesConflict(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1})
	v := simulatortest.Visuals(t, c.simulator)
	uploadFile(t, v, "a.x", "1")
	uploadFile(t, v, "b.x", "1")
	at := c.drivePath() + "/root:/a.x:/content?@microsoft.graph.conflictBehavior="
	if r := c.expectStatus(c.callGraph("PUT", at+"fail", "2", binaryHeader), 409); r.text("error/code") != "nameAlreadyExists" {
		t.Errorf("got %s", r.body)
	}
	if r := c.expectStatus(c.callGraph("PUT", at+"rename", "2", binaryHeader), 201); r.text("name") != "a 1.x" {
		t.Errorf("got %s", r.body)
	}
	c.expectStatus(c.callGraph("PUT", at+"replace", "2", binaryHeader), 200)
	f, _ := v.File("b.x")
	c.expectStatus(c.callGraph("PATCH", c.drivePath()+"/items/"+f.ID, `{"name":"A.X"}`), 409)
	c.expectStatus(c.callGraph("PATCH", c.drivePath()+"/items/"+f.ID, `{"name":"a:b"}`), 400)
}

func TestAnUploadSessionKeepsItsRules(t *testing.T) {
	const step = 327680
	c := newClient(t, simulator.Options{Seed: 1})
	v := simulatortest.Visuals(t, c.simulator)
	open := func(behavior string) string {
		t.Helper()
		return c.expectStatus(c.callGraph("POST", c.drivePath()+"/items/root:/large:/createUploadSession", `{"item":{"@microsoft.graph.conflictBehavior":"`+behavior+`"}}`), 200).text("uploadUrl")
	}
	put := func(u, span string, n int, header ...string) reply {
		t.Helper()
		return c.mustSend("PUT", u, strings.Repeat("x", n), append([]string{binaryHeader, "Content-Range: bytes " + span}, header...)...)
	}
	u := open("fail")
	c.expectStatus(put(u, "0-99/400000", 100), 400)                                 // no multiple of 320 KiB
	c.expectStatus(put(u, "0-327679/400000", step, "Authorization: Bearer x"), 401) // a token where none belongs
	c.expectStatus(put(u, "0-327679/400000", 5), 400)                               // another length
	if r := c.expectStatus(put(u, "0-327679/400000", step), 202); r.text("nextExpectedRanges/0") != "327680-" {
		t.Errorf("got %s", r.body)
	}
	c.expectStatus(put(u, "0-327679/400000", step), 416)       // again
	c.expectStatus(put(u, "327700-399999/400000", 72300), 416) // a gap
	c.expectStatus(put(u, "327680-399998/399999", 72319), 400) // another total
	if r := c.expectStatus(c.mustSend("GET", u, ""), 200); r.text("nextExpectedRanges/0") != "327680-" {
		t.Errorf("got %s", r.body)
	}
	uploadFile(t, v, "large", "somebody was faster")
	if r := c.expectStatus(put(u, "327680-399999/400000", 72320), 409); r.text("error/code") != "nameAlreadyExists" {
		t.Errorf("got %s", r.body)
	}
	c.expectStatus(c.mustSend("GET", u, ""), 404)
	u = open("replace")
	v.EndSessions()
	c.expectStatus(put(u, "0-9/10", 10), 404)
	c.expectStatus(put(open("replace"), "0-9/10", 10), 200)
	if b, _ := v.Content("large"); string(b) != "xxxxxxxxxx" {
		t.Errorf("got %q", b)
	}
}

func TestColumnsHoldWhatTheyAreFor(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1})
	v := simulatortest.Visuals(t, c.simulator)
	f := uploadFile(t, v, "a", "1")
	columns := "/sites/" + v.SiteID + "/lists/" + v.ListID + "/columns"
	c.expectStatus(c.callGraph("POST", columns, `{"name":"Reason","text":{"allowMultipleLines":false}}`), 201)
	c.expectStatus(c.callGraph("POST", columns, `{"name":"Until","dateTime":{}}`), 201)
	c.expectStatus(c.callGraph("POST", columns, `{"name":"Reason","text":{}}`), 409)
	c.expectStatus(c.callGraph("POST", columns, `{"name":"No kind"}`), 400)
	fields := c.drivePath() + "/items/" + f.ID + "/listItem/fields"
	for body, status := range map[string]int{
		`{"Reason":"short"}`: 200, `{"Reason":null}`: 200, `{"Until":"2027-01-01T00:00:00Z"}`: 200,
		`{"Reason":"` + strings.Repeat("x", 256) + `"}`: 400, `{"Until":"soon"}`: 400, `{"Nobody":"x"}`: 400, `{"FileLeafRef":"x"}`: 400, `{"Reason":3}`: 400,
	} {
		if r := c.callGraph("PATCH", fields, body); r.status != status {
			t.Errorf("%.40s: got %d %s, want %d", body, r.status, r.body, status)
		}
	}
}
