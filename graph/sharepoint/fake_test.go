package sharepoint

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph"
)

const contoso = "8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11"

// A fake is one document library that answers as little as these tests need,
// and each call as a test says. The whole tenant is the simulator.
type fake struct {
	t                   *testing.T
	login, graph, files *httptest.Server

	mu      sync.Mutex
	items   map[string]*stored
	history []string // ids, in the order they changed
	oldest  int      // what the delta still knows
	columns map[string]map[string]any
	parts   map[string][]byte
	calls   []string
	page    int
	hashes  bool // whether a hash is told
	resync  string
	before  func(call string) *reply // asked before each call; nil goes on
}

type stored struct {
	id, name, parent string
	bytes            []byte
	folder, deleted  bool
	etag, ctag       int
	fields           map[string]any
}

// A reply answers in place of the library.
type reply struct {
	status  int
	body    string
	header  map[string]string
	cut     int  // drop the connection after so many bytes
	drop    bool // drop it at once
	arrived bool // after the call was carried out
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, items: map[string]*stored{}, columns: map[string]map[string]any{}, parts: map[string][]byte{}, page: 2, hashes: true}
	f.items["root"] = &stored{id: "root", name: "root", folder: true}
	f.login = f.serve(f.signIn)
	f.graph = f.serve(f.authorized)
	f.files = f.serve(f.direct)
	return f
}

func (f *fake) serve(h http.HandlerFunc) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	f.t.Cleanup(s.Close)
	return s
}

// A still clock's waits take no time.
type still struct{}

func (still) Now() time.Time                                   { return time.Now() }
func (still) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func (f *fake) open(change ...func(*Options)) *Library {
	f.t.Helper()
	var cas [][]byte
	for _, s := range []*httptest.Server{f.login, f.graph, f.files} {
		cas = append(cas, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	}
	c, err := graph.Connect(graph.Options{
		Cloud:  graph.Cloud{Name: graph.Custom, Login: f.login.URL, Graph: f.graph.URL, PowerBI: "https://powerbi.invalid", PowerBIAudience: "https://powerbi.invalid/api"},
		Tenant: contoso, CAs: cas, Program: "orgstore/1.2.3", Clock: still{},
		SignIn: graph.SignIn{Method: graph.BySecret, Client: "5b1f7c1e-02cc-4bbd-9d3f-3a7e6f9b2c10", Secret: func() (string, error) { return "canary-secret-of-the-app", nil }},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	o := Options{Site: "https://contoso.sharepoint.com/sites/bi", Library: "Visuals"}
	for _, c := range change {
		c(&o)
	}
	l, err := Open(c, o)
	if err != nil {
		f.t.Fatal(err)
	}
	return l
}

// touch notes that an item changed.
func (f *fake) touch(i *stored) {
	i.etag++
	f.history = append(f.history, i.id)
}

// put puts a file into a folder, or replaces it.
func (f *fake) put(parent, name, content string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range f.items {
		if i.parent == parent && i.name == name && !i.deleted {
			i.bytes = []byte(content)
			i.ctag++
			f.touch(i)
			return i.id
		}
	}
	i := &stored{id: "item" + strconv.Itoa(len(f.items)), name: name, parent: parent, bytes: []byte(content), folder: content == "", ctag: 1, fields: map[string]any{}}
	f.items[i.id] = i
	f.touch(i)
	return i.id
}

func (f *fake) change(id string, to func(*stored)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	to(f.items[id])
	f.touch(f.items[id])
}

func (f *fake) json(i *stored) map[string]any {
	m := map[string]any{
		"id": i.id, "name": i.name, "size": len(i.bytes), "eTag": fmt.Sprintf(`"{%s},%d"`, i.id, i.etag),
		"lastModifiedDateTime": "2026-11-25T09:00:00Z", "parentReference": map[string]any{"driveId": "b!drive", "id": i.parent},
		"@odata.etag": "x",
	}
	if i.deleted {
		return map[string]any{"id": i.id, "deleted": map[string]any{}}
	}
	if i.folder {
		m["folder"] = map[string]any{"childCount": 0}
		return m
	}
	file := map[string]any{"mimeType": "application/octet-stream"}
	if f.hashes {
		sum, _ := sumOf(bytes.NewReader(i.bytes), int64(len(i.bytes)))
		file["hashes"] = map[string]any{"quickXorHash": sum}
	}
	m["file"] = file
	return m
}

// full is what a single item's answer holds besides.
func (f *fake) full(i *stored) map[string]any {
	m := f.json(i)
	m["cTag"] = fmt.Sprintf(`"c:{%s},%d"`, i.id, i.ctag)
	m["@microsoft.graph.downloadUrl"] = f.files.URL + "/download/" + i.id + "?tempauth=canary-secret"
	return m
}

func (f *fake) signIn(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if strings.HasSuffix(r.URL.Path, "openid-configuration") {
		fmt.Fprintf(w, `{"issuer":"%[1]s/%[2]s/v2.0","authorization_endpoint":"%[1]s/%[2]s/a","token_endpoint":"%[1]s/%[2]s/token"}`, f.login.URL, contoso)
		return
	}
	io.WriteString(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"tok3n"}`)
}

func (f *fake) authorized(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer tok3n" {
		f.t.Errorf("%s %s came without a token", r.Method, r.URL.Path)
	}
	if r.ContentLength < 0 {
		f.t.Errorf("%s %s came without a length", r.Method, r.URL.Path)
	}
	f.handle(w, r, f.answer)
}

func (f *fake) direct(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		f.t.Errorf("%s %s came with a token", r.Method, r.URL.Path)
	}
	f.handle(w, r, f.file)
}

func (f *fake) handle(w http.ResponseWriter, r *http.Request, do func(*http.Request, []byte) (int, any, http.Header)) {
	body, _ := io.ReadAll(r.Body)
	call := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/v1.0")
	f.mu.Lock()
	f.calls = append(f.calls, call)
	before := f.before
	f.mu.Unlock()
	var instead *reply
	if before != nil {
		instead = before(call)
	}
	if instead != nil && !instead.arrived && instead.cut == 0 {
		if instead.drop {
			panic(http.ErrAbortHandler)
		}
		for k, v := range instead.header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(instead.status)
		io.WriteString(w, instead.body)
		return
	}
	f.mu.Lock()
	status, answer, header := do(r, body)
	var b []byte
	if raw, ok := answer.([]byte); ok {
		b = raw
	} else if answer != nil {
		b, _ = json.Marshal(answer)
		w.Header().Set("Content-Type", "application/json")
	}
	f.mu.Unlock()
	maps.Copy(w.Header(), header)
	if instead != nil && instead.drop {
		panic(http.ErrAbortHandler)
	}
	if instead != nil && instead.status != 0 {
		w.WriteHeader(instead.status)
		io.WriteString(w, instead.body)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	if instead != nil && instead.cut < len(b) {
		w.Write(b[:instead.cut])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	w.Write(b)
}

func no(status int, code string) (int, any, http.Header) {
	return status, map[string]any{"error": map[string]any{"code": code, "message": "no"}}, nil
}

// answer is Graph.
func (f *fake) answer(r *http.Request, body []byte) (int, any, http.Header) {
	path := strings.TrimPrefix(r.URL.Path, "/v1.0")
	const drive = "/drives/b!drive"
	id, rest, _ := strings.Cut(strings.TrimPrefix(path, drive+"/items/"), "/")
	switch {
	case path == "/sites/contoso.sharepoint.com:/sites/bi":
		return 200, map[string]any{"id": "contoso.sharepoint.com,1,2"}, nil
	case path == "/sites/contoso.sharepoint.com,1,2/drives":
		return 200, map[string]any{"value": []any{map[string]any{"id": "other", "name": "Documents"},
			map[string]any{"id": "b!drive", "name": "Visuals", "webUrl": "https://contoso.sharepoint.com/sites/bi/Visuals"}}}, nil
	case path == drive+"/list":
		return 200, map[string]any{"id": "list", "parentReference": map[string]any{"siteId": "contoso.sharepoint.com,1,2"}}, nil
	case path == drive+"/root":
		m := f.full(f.items["root"])
		m["root"] = map[string]any{}
		return 200, m, nil
	case path == drive+"/root/delta":
		return f.delta(r)
	case strings.HasPrefix(path, drive+"/root:/"):
		name := strings.TrimPrefix(path, drive+"/root:/")
		if name, ok := strings.CutSuffix(name, ":/content"); ok {
			return f.upload(name, body)
		}
		return f.byName(name)
	case path == "/sites/contoso.sharepoint.com,1,2/lists/list/columns" && r.Method == "GET":
		return 200, map[string]any{"value": slices.Collect(maps.Values(f.columns))}, nil
	case path == "/sites/contoso.sharepoint.com,1,2/lists/list/columns":
		var c map[string]any
		json.Unmarshal(body, &c)
		f.columns[c["name"].(string)] = c
		return 201, c, nil
	case strings.HasSuffix(path, ":/createUploadSession"):
		name := strings.TrimSuffix(strings.TrimPrefix(path, drive+"/items/root:/"), ":/createUploadSession")
		f.parts[name] = []byte{}
		return 200, map[string]any{"uploadUrl": f.files.URL + "/upload/" + name, "nextExpectedRanges": []string{"0-"}}, nil
	case strings.HasPrefix(path, drive+"/items/"):
		i := f.items[id]
		if i == nil || i.deleted {
			return no(404, "itemNotFound")
		}
		return f.one(r, i, rest, body)
	}
	f.t.Errorf("unknown: %s %s", r.Method, path)
	return no(400, "invalidRequest")
}

func (f *fake) one(r *http.Request, i *stored, rest string, body []byte) (int, any, http.Header) {
	switch rest {
	case "":
		return 200, f.full(i), nil
	case "content":
		return 302, nil, http.Header{"Location": {f.files.URL + "/download/" + i.id + "?tempauth=canary-secret"}}
	case "listItem":
		return 200, map[string]any{"id": "1", "eTag": f.json(i)["eTag"], "fields": i.fields}, nil
	case "listItem/fields":
		if r.Header.Get("If-Match") != f.json(i)["eTag"] {
			return no(412, "preconditionFailed")
		}
		var set map[string]any
		json.Unmarshal(body, &set)
		maps.Copy(i.fields, set)
		f.touch(i)
		return 200, i.fields, nil
	}
	f.t.Errorf("unknown: %s %s", r.Method, r.URL.Path)
	return no(400, "invalidRequest")
}

func (f *fake) byName(name string) (int, any, http.Header) {
	for _, i := range f.items {
		if i.name == name && i.parent == "root" && !i.deleted {
			return 200, f.full(i), nil
		}
	}
	return no(404, "itemNotFound")
}

func (f *fake) upload(name string, body []byte) (int, any, http.Header) {
	if status, _, _ := f.byName(name); status == 200 {
		return no(409, "nameAlreadyExists")
	}
	f.mu.Unlock()
	f.put("root", name, string(body))
	f.mu.Lock()
	_, i, _ := f.byName(name)
	return 201, i, nil
}

// delta tells a page of what changed since a token, each item once and last.
func (f *fake) delta(r *http.Request) (int, any, http.Header) {
	link := func(at int) string { return fmt.Sprintf("%s/v1.0/drives/b!drive/root/delta?token=%d", f.graph.URL, at) }
	from, err := strconv.Atoi(r.URL.Query().Get("token"))
	if err == nil && from < f.oldest {
		return http.StatusGone, map[string]any{"error": map[string]any{"code": f.resync, "message": "anew"}}, http.Header{"Location": {link(f.oldest)}}
	}
	to := min(from+f.page, len(f.history))
	var value []any
	for _, id := range f.history[from:to] {
		if i := f.items[id]; from >= f.oldest || !i.deleted {
			value = append(value, f.json(i))
		}
	}
	if to < len(f.history) {
		return 200, map[string]any{"value": value, "@odata.nextLink": link(to)}, nil
	}
	return 200, map[string]any{"value": value, "@odata.deltaLink": link(to)}, nil
}

// forget makes links from before be answered 410, and lists all anew.
func (f *fake) forget(code string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.resync = code
	for range 2 { // a link that begins anew is newer than all before
		f.history = append(f.history, "root")
	}
	f.oldest = len(f.history)
	for _, id := range slices.Sorted(maps.Keys(f.items)) {
		if !f.items[id].deleted {
			f.history = append(f.history, id)
		}
	}
}

// file is SharePoint's host for files.
func (f *fake) file(r *http.Request, body []byte) (int, any, http.Header) {
	if id, ok := strings.CutPrefix(r.URL.Path, "/download/"); ok {
		i := f.items[id]
		if i == nil || i.deleted {
			return no(404, "itemNotFound")
		}
		var from int
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
			return 206, i.bytes[from:], http.Header{"Content-Range": {fmt.Sprintf("bytes %d-%d/%d", from, len(i.bytes)-1, len(i.bytes))}}
		}
		return 200, i.bytes, nil
	}
	name := strings.TrimPrefix(r.URL.Path, "/upload/")
	have, ok := f.parts[name]
	ranges := func() any {
		return map[string]any{"nextExpectedRanges": []string{strconv.Itoa(len(f.parts[name])) + "-"}}
	}
	var from, to, total int
	fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &total)
	switch {
	case !ok:
		return no(404, "itemNotFound")
	case r.Method == "GET":
		return 200, ranges(), nil
	case r.Method == "DELETE":
		delete(f.parts, name)
		return 204, nil, nil
	case from != len(have):
		return no(416, "invalidRange")
	case len(body) != to-from+1 || to+1 < total && len(body)%(320<<10) != 0:
		f.t.Errorf("a part of %d bytes from %d to %d", len(body), from, to)
	}
	f.parts[name] = append(have, body...)
	if to+1 < total {
		return 202, ranges(), nil
	}
	whole := f.parts[name]
	delete(f.parts, name)
	return f.upload(name, whole)
}

// asked lists the calls, and forgets them.
func (f *fake) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.calls
	f.calls = nil
	return all
}
