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

// A fakeLibrary is one document library that answers as little as these tests need,
// and each call as a test says. The whole tenant is the simulator.
type fakeLibrary struct {
	t                   *testing.T
	login, graph, files *httptest.Server

	mu          sync.Mutex
	items       map[string]*storedItem
	history     []string // ids, in the order they changed
	oldestToken int      // what the delta still knows
	columns     map[string]map[string]any
	parts       map[string][]byte
	calls       []string
	pageSize    int
	tellsHashes bool // whether a hash is told
	resync      string
	intercept   func(call string) *cannedReply // asked before each call; nil goes on
}

type storedItem struct {
	id, name, parent    string
	bytes               []byte
	isFolder, isDeleted bool
	etag, ctag          int
	fields              map[string]any
}

// A cannedReply answers in place of the library.
type cannedReply struct {
	status          int
	body            string
	header          map[string]string
	cutAfter        int  // drop the connection after so many bytes
	dropsConnection bool // drop it at once
	isCarriedOut    bool // after the call was carried out
}

func newFake(t *testing.T) *fakeLibrary {
	t.Helper()
	f := &fakeLibrary{t: t, items: map[string]*storedItem{}, columns: map[string]map[string]any{}, parts: map[string][]byte{}, pageSize: 2, tellsHashes: true}
	f.items["root"] = &storedItem{id: "root", name: "root", isFolder: true}
	f.login = f.startServer(f.serveSignIn)
	f.graph = f.startServer(f.serveGraph)
	f.files = f.startServer(f.serveFiles)
	return f
}

func (f *fakeLibrary) startServer(h http.HandlerFunc) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	f.t.Cleanup(s.Close)
	return s
}

// A stillClock clock's waits take no time.
type stillClock struct{}

func (stillClock) Now() time.Time                                   { return time.Now() }
func (stillClock) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func (f *fakeLibrary) openLibrary(change ...func(*Options)) *Library {
	f.t.Helper()
	var cas [][]byte
	for _, s := range []*httptest.Server{f.login, f.graph, f.files} {
		cas = append(cas, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	}
	c, err := graph.Connect(graph.Options{
		Cloud:  graph.Cloud{Name: graph.Custom, Login: f.login.URL, Graph: f.graph.URL, PowerBI: "https://powerbi.invalid", PowerBIAudience: "https://powerbi.invalid/api"},
		Tenant: contoso, CAs: cas, Program: "orgstore/1.2.3", Clock: stillClock{},
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

// noteChange notes that an item changed.
func (f *fakeLibrary) noteChange(i *storedItem) {
	i.etag++
	f.history = append(f.history, i.id)
}

// putFile puts a file into a folder, or replaces it.
func (f *fakeLibrary) putFile(parent, name, content string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range f.items {
		if i.parent == parent && i.name == name && !i.isDeleted {
			i.bytes = []byte(content)
			i.ctag++
			f.noteChange(i)
			return i.id
		}
	}
	i := &storedItem{id: "item" + strconv.Itoa(len(f.items)), name: name, parent: parent, bytes: []byte(content), isFolder: content == "", ctag: 1, fields: map[string]any{}}
	f.items[i.id] = i
	f.noteChange(i)
	return i.id
}

func (f *fakeLibrary) changeItem(id string, to func(*storedItem)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	to(f.items[id])
	f.noteChange(f.items[id])
}

func (f *fakeLibrary) deltaJSON(i *storedItem) map[string]any {
	m := map[string]any{
		"id": i.id, "name": i.name, "size": len(i.bytes), "eTag": fmt.Sprintf(`"{%s},%d"`, i.id, i.etag),
		"lastModifiedDateTime": "2026-11-25T09:00:00Z", "parentReference": map[string]any{"driveId": "b!drive", "id": i.parent},
		"@odata.etag": "x",
	}
	if i.isDeleted {
		return map[string]any{"id": i.id, "deleted": map[string]any{}}
	}
	if i.isFolder {
		m["folder"] = map[string]any{"childCount": 0}
		return m
	}
	file := map[string]any{"mimeType": "application/octet-stream"}
	if f.tellsHashes {
		sum, _ := hashOf(bytes.NewReader(i.bytes), int64(len(i.bytes)))
		file["hashes"] = map[string]any{"quickXorHash": sum}
	}
	m["file"] = file
	return m
}

// itemJSON is what a single item's answer holds besides.
func (f *fakeLibrary) itemJSON(i *storedItem) map[string]any {
	m := f.deltaJSON(i)
	m["cTag"] = fmt.Sprintf(`"c:{%s},%d"`, i.id, i.ctag)
	m["@microsoft.graph.downloadUrl"] = f.files.URL + "/download/" + i.id + "?tempauth=canary-secret"
	return m
}

func (f *fakeLibrary) serveSignIn(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if strings.HasSuffix(r.URL.Path, "openid-configuration") {
		fmt.Fprintf(w, `{"issuer":"%[1]s/%[2]s/v2.0","authorization_endpoint":"%[1]s/%[2]s/a","token_endpoint":"%[1]s/%[2]s/token"}`, f.login.URL, contoso)
		return
	}
	io.WriteString(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"tok3n"}`)
}

func (f *fakeLibrary) serveGraph(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer tok3n" {
		f.t.Errorf("%s %s came without a token", r.Method, r.URL.Path)
	}
	if r.ContentLength < 0 {
		f.t.Errorf("%s %s came without a length", r.Method, r.URL.Path)
	}
	f.handleCall(w, r, f.answerGraph)
}

func (f *fakeLibrary) serveFiles(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		f.t.Errorf("%s %s came with a token", r.Method, r.URL.Path)
	}
	f.handleCall(w, r, f.answerFile)
}

func (f *fakeLibrary) handleCall(w http.ResponseWriter, r *http.Request, do func(*http.Request, []byte) (int, any, http.Header)) {
	body, _ := io.ReadAll(r.Body)
	call := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/v1.0")
	f.mu.Lock()
	f.calls = append(f.calls, call)
	before := f.intercept
	f.mu.Unlock()
	var instead *cannedReply
	if before != nil {
		instead = before(call)
	}
	if instead != nil && !instead.isCarriedOut && instead.cutAfter == 0 {
		if instead.dropsConnection {
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
	if instead != nil && instead.dropsConnection {
		panic(http.ErrAbortHandler)
	}
	if instead != nil && instead.status != 0 {
		w.WriteHeader(instead.status)
		io.WriteString(w, instead.body)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	if instead != nil && instead.cutAfter < len(b) {
		w.Write(b[:instead.cutAfter])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	w.Write(b)
}

func refuseCall(status int, code string) (int, any, http.Header) {
	return status, map[string]any{"error": map[string]any{"code": code, "message": "no"}}, nil
}

// answerGraph is Graph.
func (f *fakeLibrary) answerGraph(r *http.Request, body []byte) (int, any, http.Header) {
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
		m := f.itemJSON(f.items["root"])
		m["root"] = map[string]any{}
		return 200, m, nil
	case path == drive+"/root/delta":
		return f.answerDelta(r)
	case strings.HasPrefix(path, drive+"/root:/"):
		name := strings.TrimPrefix(path, drive+"/root:/")
		if name, ok := strings.CutSuffix(name, ":/content"); ok {
			return f.answerUpload(name, body)
		}
		return f.answerByName(name)
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
		if i == nil || i.isDeleted {
			return refuseCall(404, "itemNotFound")
		}
		return f.answerItem(r, i, rest, body)
	}
	f.t.Errorf("unknown: %s %s", r.Method, path)
	return refuseCall(400, "invalidRequest")
}

func (f *fakeLibrary) answerItem(r *http.Request, i *storedItem, rest string, body []byte) (int, any, http.Header) {
	switch rest {
	case "":
		return 200, f.itemJSON(i), nil
	case "content":
		return 302, nil, http.Header{"Location": {f.files.URL + "/download/" + i.id + "?tempauth=canary-secret"}}
	case "listItem":
		return 200, map[string]any{"id": "1", "eTag": f.deltaJSON(i)["eTag"], "fields": i.fields}, nil
	case "listItem/fields":
		if r.Header.Get("If-Match") != f.deltaJSON(i)["eTag"] {
			return refuseCall(412, "preconditionFailed")
		}
		var set map[string]any
		json.Unmarshal(body, &set)
		maps.Copy(i.fields, set)
		f.noteChange(i)
		return 200, i.fields, nil
	}
	f.t.Errorf("unknown: %s %s", r.Method, r.URL.Path)
	return refuseCall(400, "invalidRequest")
}

func (f *fakeLibrary) answerByName(name string) (int, any, http.Header) {
	for _, i := range f.items {
		if i.name == name && i.parent == "root" && !i.isDeleted {
			return 200, f.itemJSON(i), nil
		}
	}
	return refuseCall(404, "itemNotFound")
}

func (f *fakeLibrary) answerUpload(name string, body []byte) (int, any, http.Header) {
	if status, _, _ := f.answerByName(name); status == 200 {
		return refuseCall(409, "nameAlreadyExists")
	}
	f.mu.Unlock()
	f.putFile("root", name, string(body))
	f.mu.Lock()
	_, i, _ := f.answerByName(name)
	return 201, i, nil
}

// answerDelta tells a page of what changed since a token, each item once and last.
func (f *fakeLibrary) answerDelta(r *http.Request) (int, any, http.Header) {
	link := func(at int) string { return fmt.Sprintf("%s/v1.0/drives/b!drive/root/delta?token=%d", f.graph.URL, at) }
	from, err := strconv.Atoi(r.URL.Query().Get("token"))
	if err == nil && from < f.oldestToken {
		return http.StatusGone, map[string]any{"error": map[string]any{"code": f.resync, "message": "anew"}}, http.Header{"Location": {link(f.oldestToken)}}
	}
	to := min(from+f.pageSize, len(f.history))
	var value []any
	for _, id := range f.history[from:to] {
		if i := f.items[id]; from >= f.oldestToken || !i.isDeleted {
			value = append(value, f.deltaJSON(i))
		}
	}
	if to < len(f.history) {
		return 200, map[string]any{"value": value, "@odata.nextLink": link(to)}, nil
	}
	return 200, map[string]any{"value": value, "@odata.deltaLink": link(to)}, nil
}

// forgetLinks makes links from before be answered 410, and lists all anew.
func (f *fakeLibrary) forgetLinks(code string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.resync = code
	for range 2 { // a link that begins anew is newer than all before
		f.history = append(f.history, "root")
	}
	f.oldestToken = len(f.history)
	for _, id := range slices.Sorted(maps.Keys(f.items)) {
		if !f.items[id].isDeleted {
			f.history = append(f.history, id)
		}
	}
}

// answerFile is SharePoint's host for files.
func (f *fakeLibrary) answerFile(r *http.Request, body []byte) (int, any, http.Header) {
	if id, ok := strings.CutPrefix(r.URL.Path, "/download/"); ok {
		i := f.items[id]
		if i == nil || i.isDeleted {
			return refuseCall(404, "itemNotFound")
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
		return refuseCall(404, "itemNotFound")
	case r.Method == "GET":
		return 200, ranges(), nil
	case r.Method == "DELETE":
		delete(f.parts, name)
		return 204, nil, nil
	case from != len(have):
		return refuseCall(416, "invalidRange")
	case len(body) != to-from+1 || to+1 < total && len(body)%(320<<10) != 0:
		f.t.Errorf("a part of %d bytes from %d to %d", len(body), from, to)
	}
	f.parts[name] = append(have, body...)
	if to+1 < total {
		return 202, ranges(), nil
	}
	whole := f.parts[name]
	delete(f.parts, name)
	return f.answerUpload(name, whole)
}

// takeCalls lists the calls, and forgets them.
func (f *fakeLibrary) takeCalls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.calls
	f.calls = nil
	return all
}
