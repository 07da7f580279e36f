package gallery

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxBody bounds the body of a request, in bytes.
const MaxBody = 64 << 20

// ServeHTTP is the page and its private requests. A request that is not exactly
// one of them is refused.
func (g *Gallery) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	s := g.shape
	g.mu.Unlock()
	switch {
	case r.Method == http.MethodGet && r.URL.Path == s.Page:
		g.page(w, r, s)
		return
	case r.Method == http.MethodGet && r.URL.Path == "/"+CSVName:
		g.export(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/drop/") { // the page is on another host
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Methods", "PUT")
		w.Header().Set("Access-Control-Allow-Headers", "Accept, Content-Type")
		if r.Method == http.MethodOptions {
			return
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		fail(w, problem(http.StatusRequestEntityTooLarge, "too large"))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s.Calls)) {
		c := s.Calls[name]
		v := values{}
		if c.Method != r.Method || v.address(cond(name == "put", s.Drop, c.URL), r.URL) != nil || !c.same(v, r, body) {
			continue
		}
		if err := g.admit(r, s, c, v); err != nil {
			fail(w, err)
			return
		}
		g.answer(w, r, s, name, v)
		return
	}
	fail(w, problem(http.StatusBadRequest, "%s", errOther))
}

func fail(w http.ResponseWriter, err error) {
	p := &Problem{Status: http.StatusBadRequest, Message: err.Error()}
	_ = errors.As(err, &p)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.Status)
	b, _ := json.Marshal(map[string]any{"error": map[string]string{"code": "GalleryError", "message": p.Message}})
	_, _ = w.Write(b)
}

// same says whether a body is the call's, and reads its values.
func (c Call) same(v values, r *http.Request, body []byte) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	switch c.Kind {
	case "":
		return len(body) == 0
	case "json":
		return kind == "application/json" && v.json(c.Body, body) == nil
	case "bytes":
		v["bytes"] = string(body)
		return kind == "application/octet-stream" && len(body) > 0
	}
	return kind == "multipart/form-data" && c.sameParts(v, r, body) == nil
}

func (c Call) sameParts(v values, r *http.Request, body []byte) error {
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	parts, err := r.MultipartReader()
	if err != nil {
		return err
	}
	for _, want := range c.Parts {
		p, err := parts.NextPart()
		if err != nil || p.FormName() != want.Name {
			return errOther
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return err
		}
		switch {
		case want.File && p.FileName() == "":
			return errOther
		case want.File:
			v["bytes"], v["file"] = string(content), p.FileName()
		case strings.HasPrefix(want.Value, `{"`):
			err = v.json(want.Value, content)
		default:
			err = v.text(want.Value, string(content))
		}
		if err != nil {
			return err
		}
	}
	if _, err := parts.NextPart(); err != io.EOF {
		return errOther
	}
	return nil
}

// admit checks token and guard.
func (g *Gallery) admit(r *http.Request, s Shape, c Call, v values) error {
	if c.Open {
		g.mu.Lock()
		defer g.mu.Unlock()
		if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
			return problem(http.StatusBadRequest, "a storage host was sent a token")
		}
		if _, ok := g.uploads[v["upload"]]; !ok || v["secret"] != signature(v["upload"]) {
			return problem(http.StatusForbidden, "the signature is not good")
		}
		return nil
	}
	if _, ok := g.user(r); !ok {
		return problem(http.StatusUnauthorized, "sign in first")
	}
	if s.Guard == "none" || c.Method == http.MethodGet {
		return nil
	}
	sent := r.Header.Get(s.GuardHeader)
	if subtle.ConstantTimeCompare([]byte(sent), []byte(g.csrf)) != 1 {
		return problem(http.StatusForbidden, "the request is not from the page")
	}
	if s.Guard == "cookie" {
		if k, err := r.Cookie(s.GuardName); err != nil || k.Value != sent {
			return problem(http.StatusForbidden, "the cookie does not go with the request")
		}
	}
	return nil
}

// signature stands for what a storage host checks.
func signature(upload string) string {
	return base64.RawURLEncoding.EncodeToString([]byte("sig:" + upload))
}

func (g *Gallery) user(r *http.Request) (string, bool) {
	if g.o.User != nil {
		return g.o.User(r)
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return "admin@contoso.example", ok && token != ""
}

// answer does what a call is for.
func (g *Gallery) answer(w http.ResponseWriter, r *http.Request, s Shape, name string, v values) {
	user, _ := g.user(r)
	var err error
	switch name {
	case "list":
		g.sendList(w, s)
		return
	case "begin":
		g.begin(w, r, s, v)
	case "put":
		err = g.put(v)
	case "update":
		err = g.update(user, s, v)
	case "add":
		err = g.add(user, s, v)
	case "access":
		_, err = g.SetAccess(user, v["id"], s.accessOf(v["wanted"]))
	case "allow", "block":
		_, err = g.SetAccess(user, v["id"], name == "allow")
	case "pane":
		_, err = g.SetPane(user, v["id"], v["wantedPane"] == "true")
	case "delete":
		err = g.Delete(user, v["id"])
	}
	if err != nil {
		fail(w, err)
		return
	}
	g.give(w, r, s, s.Calls[name], v)
}

// give sends a call's answer.
func (g *Gallery) give(w http.ResponseWriter, r *http.Request, s Shape, c Call, v values) {
	if c.Give == "" {
		w.WriteHeader(c.Status)
		return
	}
	g.mu.Lock()
	fill := strings.NewReplacer("{upload}", v["upload"], "{newUpload}", v["newUpload"], "{storage}", s.Storage,
		"{secret}", signature(v["newUpload"]), "{fresh}", uuid(g.rand), "{later}", g.o.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	g.mu.Unlock()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(c.Status)
	_, _ = io.WriteString(w, fill.Replace(c.Give))
}

func (g *Gallery) begin(w http.ResponseWriter, r *http.Request, s Shape, v values) {
	g.mu.Lock()
	defer g.mu.Unlock()
	id := g.secret()
	g.uploads[id], v["newUpload"] = []byte{}, id
	w.Header().Set("Location", strings.ReplaceAll(s.Drop, "{upload}", id))
}

func (g *Gallery) put(v values) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.uploads[v["upload"]]; !ok {
		return problem(http.StatusNotFound, "there is no such upload")
	}
	g.uploads[v["upload"]] = []byte(v["bytes"])
	return nil
}

// file is the package that a request brings, or names.
func (g *Gallery) file(v values) ([]byte, error) {
	if b, ok := v["base64"]; ok {
		return base64.StdEncoding.DecodeString(b)
	}
	if id, ok := v["upload"]; ok {
		g.mu.Lock()
		defer g.mu.Unlock()
		b, ok := g.uploads[id]
		delete(g.uploads, id)
		if !ok {
			return nil, problem(http.StatusNotFound, "there is no such upload")
		}
		return b, nil
	}
	return []byte(v["bytes"]), nil
}

func (g *Gallery) update(user string, s Shape, v values) error {
	b, err := g.file(v)
	if err != nil {
		return err
	}
	if _, err := g.Update(user, v["id"], b); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.find(func(e *Entry) bool { return e.ID == v["id"] })
	if name, ok := v["name"]; ok {
		e.Name = name
	}
	if description, ok := v["description"]; ok {
		e.Description = description
	}
	if access, ok := v["access"]; ok {
		e.Access = s.accessOf(access)
	}
	return nil
}

func (g *Gallery) add(user string, s Shape, v values) error {
	b, err := g.file(v)
	if err != nil {
		return err
	}
	_, err = g.Add(user, v["name"], v["description"], b, s.accessOf(v["access"]))
	return err
}

// accessOf reads access as the shape spells it.
func (s Shape) accessOf(text string) bool {
	return text == cond(s.Access == "enabled", "true", cond(s.Access == "disabled", "false", "Enabled"))
}

// accessValue spells access.
func (s Shape) accessValue(on bool) any {
	switch s.Access {
	case "enabled":
		return on
	case "disabled":
		return !on
	}
	return cond(on, "Enabled", "Disabled")
}

func (g *Gallery) sendList(w http.ResponseWriter, s Shape) {
	var list strings.Builder
	list.WriteByte('[')
	for i, e := range g.Entries() {
		if i > 0 {
			list.WriteByte(',')
		}
		list.WriteString(s.entry(e))
	}
	list.WriteByte(']')
	text := list.String()
	for i, name := range slices.Backward(s.Envelope) {
		text = `{` + quote(name) + `:` + text
		if i == 0 && s.Guard == "list" {
			text += `,` + quote(s.GuardName) + `:` + quote(g.csrf)
		}
		text += `}`
	}
	if s.Guard == "header" {
		w.Header().Set(s.GuardName, g.csrf)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(cmpOr(s.Calls["list"].Status, 200))
	_, _ = io.WriteString(w, text)
}

func cmpOr(a, b int) int {
	if a == 0 {
		return b
	}
	return a
}

func quote(s string) string {
	b, _ := jsontext.AppendQuote(nil, s)
	return string(b)
}

// entry writes an entry of the list.
func (s Shape) entry(e Entry) string {
	guid := e.GUID.String()
	if s.Suffix && !e.AppSource {
		guid = e.GUID.OrgStore()
	}
	var id any = e.ID
	if n, err := strconv.Atoi(e.ID); err == nil {
		id = n
	}
	source := any(e.AppSource)
	if s.Source == "word" {
		source = cond(e.AppSource, "AppSource", "File")
	}
	is := map[string]any{
		"id": id, "guid": guid, "name": e.Name, "description": e.Description, "access": s.accessValue(e.Access), "pane": e.Pane,
		"source": source, "changed": e.Changed.Format(time.RFC3339), "owner": e.Owner, "stage": 1, "version": e.Version,
	}
	var outer, inner []string
	for _, what := range s.Order {
		b, _ := json.Marshal(is[what])
		member := quote(s.Names[what]) + ":" + string(b)
		if s.inner(what) {
			inner = append(inner, member)
		} else {
			outer = append(outer, member)
		}
	}
	if s.Inner != "" {
		outer = append(outer, quote(s.Inner)+":{"+strings.Join(inner, ",")+"}")
	}
	return "{" + strings.Join(outer, ",") + "}"
}

func (g *Gallery) export(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+CSVName+`"`)
	_, _ = w.Write(g.CSV())
}
