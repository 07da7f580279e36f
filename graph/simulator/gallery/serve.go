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

// ServeHTTP serves the page and its private requests. It refuses every other
// request.
func (g *Gallery) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	s := g.shape
	g.mu.Unlock()
	switch {
	case r.Method == http.MethodGet && r.URL.Path == s.Page:
		g.servePage(w, r, s)
		return
	case r.Method == http.MethodGet && r.URL.Path == "/"+CSVName:
		g.serveExport(w, r)
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
		sendProblem(w, newProblem(http.StatusRequestEntityTooLarge, "too large"))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s.Calls)) {
		c := s.Calls[name]
		v := requestValues{}
		if c.Method != r.Method || v.matchAddress(choose(name == "put", s.UploadPath, c.URL), r.URL) != nil || !c.matchesBody(v, r, body) {
			continue
		}
		if err := g.checkRequest(r, s, c, v); err != nil {
			sendProblem(w, err)
			return
		}
		g.answerCall(w, r, s, name, v)
		return
	}
	sendProblem(w, newProblem(http.StatusBadRequest, "%s", errNotThePages))
}

func sendProblem(w http.ResponseWriter, err error) {
	p := &Problem{Status: http.StatusBadRequest, Message: err.Error()}
	_ = errors.As(err, &p)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.Status)
	b, _ := json.Marshal(map[string]any{"error": map[string]string{"code": "GalleryError", "message": p.Message}})
	_, _ = w.Write(b)
}

// matchesBody reports whether a body is this call's, and reads its values.
func (c Call) matchesBody(v requestValues, r *http.Request, body []byte) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	switch c.Kind {
	case "":
		return len(body) == 0
	case "json":
		return kind == "application/json" && v.matchJSON(c.Body, body) == nil
	case "bytes":
		v["bytes"] = string(body)
		return kind == "application/octet-stream" && len(body) > 0
	}
	return kind == "multipart/form-data" && c.matchParts(v, r, body) == nil
}

func (c Call) matchParts(v requestValues, r *http.Request, body []byte) error {
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	parts, err := r.MultipartReader()
	if err != nil {
		return err
	}
	for _, want := range c.Parts {
		p, err := parts.NextPart()
		if err != nil || p.FormName() != want.Name {
			return errNotThePages
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return err
		}
		switch {
		case want.File && p.FileName() == "":
			return errNotThePages
		case want.File:
			v["bytes"], v["file"] = string(content), p.FileName()
		case strings.HasPrefix(want.Value, `{"`):
			err = v.matchJSON(want.Value, content)
		default:
			err = v.matchText(want.Value, string(content))
		}
		if err != nil {
			return err
		}
	}
	if _, err := parts.NextPart(); err != io.EOF {
		return errNotThePages
	}
	return nil
}

// checkRequest checks the token and the guard.
func (g *Gallery) checkRequest(r *http.Request, s Shape, c Call, v requestValues) error {
	if c.WithoutToken {
		g.mu.Lock()
		defer g.mu.Unlock()
		if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
			return newProblem(http.StatusBadRequest, "a storage host was sent a token")
		}
		if _, ok := g.uploads[v["upload"]]; !ok || v["secret"] != uploadSignature(v["upload"]) {
			return newProblem(http.StatusForbidden, "the signature is not good")
		}
		return nil
	}
	if _, ok := g.userOf(r); !ok {
		return newProblem(http.StatusUnauthorized, "sign in first")
	}
	if s.Guard == "none" || c.Method == http.MethodGet {
		return nil
	}
	sent := r.Header.Get(s.GuardHeader)
	if subtle.ConstantTimeCompare([]byte(sent), []byte(g.guardToken)) != 1 {
		return newProblem(http.StatusForbidden, "the request is not from the page")
	}
	if s.Guard == "cookie" {
		if k, err := r.Cookie(s.GuardName); err != nil || k.Value != sent {
			return newProblem(http.StatusForbidden, "the cookie does not go with the request")
		}
	}
	return nil
}

// uploadSignature stands for the signature that a storage host checks.
func uploadSignature(upload string) string {
	return base64.RawURLEncoding.EncodeToString([]byte("sig:" + upload))
}

func (g *Gallery) userOf(r *http.Request) (string, bool) {
	if g.options.User != nil {
		return g.options.User(r)
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return "admin@contoso.example", ok && token != ""
}

// answerCall carries out a call.
func (g *Gallery) answerCall(w http.ResponseWriter, r *http.Request, s Shape, name string, v requestValues) {
	user, _ := g.userOf(r)
	var err error
	switch name {
	case "list":
		g.sendList(w, s)
		return
	case "begin":
		g.beginUpload(w, r, s, v)
	case "put":
		err = g.storeUpload(v)
	case "update":
		err = g.updateFromRequest(user, s, v)
	case "add":
		err = g.addFromRequest(user, s, v)
	case "access":
		_, err = g.SetAccess(user, v["id"], s.parseAccess(v["wanted"]))
	case "allow", "block":
		_, err = g.SetAccess(user, v["id"], name == "allow")
	case "pane":
		_, err = g.SetPane(user, v["id"], v["wantedPane"] == "true")
	case "delete":
		err = g.Delete(user, v["id"])
	}
	if err != nil {
		sendProblem(w, err)
		return
	}
	g.sendAnswer(w, r, s, s.Calls[name], v)
}

// sendAnswer sends the answer of a call.
func (g *Gallery) sendAnswer(w http.ResponseWriter, r *http.Request, s Shape, c Call, v requestValues) {
	if c.Answer == "" {
		w.WriteHeader(c.Status)
		return
	}
	g.mu.Lock()
	fill := strings.NewReplacer("{upload}", v["upload"], "{newUpload}", v["newUpload"], "{storage}", s.Storage,
		"{secret}", uploadSignature(v["newUpload"]), "{fresh}", newUUID(g.rand), "{later}", g.options.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	g.mu.Unlock()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(c.Status)
	_, _ = io.WriteString(w, fill.Replace(c.Answer))
}

func (g *Gallery) beginUpload(w http.ResponseWriter, r *http.Request, s Shape, v requestValues) {
	g.mu.Lock()
	defer g.mu.Unlock()
	id := g.newSecret()
	g.uploads[id], v["newUpload"] = []byte{}, id
	w.Header().Set("Location", strings.ReplaceAll(s.UploadPath, "{upload}", id))
}

func (g *Gallery) storeUpload(v requestValues) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.uploads[v["upload"]]; !ok {
		return newProblem(http.StatusNotFound, "there is no such upload")
	}
	g.uploads[v["upload"]] = []byte(v["bytes"])
	return nil
}

// packageOf returns the package that a request contains or names.
func (g *Gallery) packageOf(v requestValues) ([]byte, error) {
	if b, ok := v["base64"]; ok {
		return base64.StdEncoding.DecodeString(b)
	}
	if id, ok := v["upload"]; ok {
		g.mu.Lock()
		defer g.mu.Unlock()
		b, ok := g.uploads[id]
		delete(g.uploads, id)
		if !ok {
			return nil, newProblem(http.StatusNotFound, "there is no such upload")
		}
		return b, nil
	}
	return []byte(v["bytes"]), nil
}

func (g *Gallery) updateFromRequest(user string, s Shape, v requestValues) error {
	b, err := g.packageOf(v)
	if err != nil {
		return err
	}
	if _, err := g.Update(user, v["id"], b); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.findEntry(func(e *Entry) bool { return e.ID == v["id"] })
	if name, ok := v["name"]; ok {
		e.Name = name
	}
	if description, ok := v["description"]; ok {
		e.Description = description
	}
	if access, ok := v["access"]; ok {
		e.Access = s.parseAccess(access)
	}
	return nil
}

func (g *Gallery) addFromRequest(user string, s Shape, v requestValues) error {
	b, err := g.packageOf(v)
	if err != nil {
		return err
	}
	_, err = g.Add(user, v["name"], v["description"], b, s.parseAccess(v["access"]))
	return err
}

// parseAccess parses access as the shape spells it.
func (s Shape) parseAccess(text string) bool {
	return text == choose(s.Access == "enabled", "true", choose(s.Access == "disabled", "false", "Enabled"))
}

// formatAccess returns access as the shape spells it.
func (s Shape) formatAccess(on bool) any {
	switch s.Access {
	case "enabled":
		return on
	case "disabled":
		return !on
	}
	return choose(on, "Enabled", "Disabled")
}

func (g *Gallery) sendList(w http.ResponseWriter, s Shape) {
	var list strings.Builder
	list.WriteByte('[')
	for i, e := range g.Entries() {
		if i > 0 {
			list.WriteByte(',')
		}
		list.WriteString(s.entryJSON(e))
	}
	list.WriteByte(']')
	text := list.String()
	for i, name := range slices.Backward(s.Envelope) {
		text = `{` + quoteJSON(name) + `:` + text
		if i == 0 && s.Guard == "list" {
			text += `,` + quoteJSON(s.GuardName) + `:` + quoteJSON(g.guardToken)
		}
		text += `}`
	}
	if s.Guard == "header" {
		w.Header().Set(s.GuardName, g.guardToken)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(orDefault(s.Calls["list"].Status, 200))
	_, _ = io.WriteString(w, text)
}

func orDefault(a, b int) int {
	if a == 0 {
		return b
	}
	return a
}

func quoteJSON(s string) string {
	b, _ := jsontext.AppendQuote(nil, s)
	return string(b)
}

// entryJSON returns an entry of the list.
func (s Shape) entryJSON(e Entry) string {
	guid := e.GUID.String()
	if s.HasSuffix && !e.AppSource {
		guid = e.GUID.OrgStore()
	}
	var id any = e.ID
	if n, err := strconv.Atoi(e.ID); err == nil {
		id = n
	}
	source := any(e.AppSource)
	if s.Source == "word" {
		source = choose(e.AppSource, "AppSource", "File")
	}
	is := map[string]any{
		"id": id, "guid": guid, "name": e.Name, "description": e.Description, "access": s.formatAccess(e.Access), "pane": e.Pane,
		"source": source, "changed": e.Changed.Format(time.RFC3339), "owner": e.Owner, "stage": 1, "version": e.Version,
	}
	var outer, inner []string
	for _, what := range s.Order {
		b, _ := json.Marshal(is[what])
		member := quoteJSON(s.Names[what]) + ":" + string(b)
		if s.isInner(what) {
			inner = append(inner, member)
		} else {
			outer = append(outer, member)
		}
	}
	if s.Inner != "" {
		outer = append(outer, quoteJSON(s.Inner)+":{"+strings.Join(inner, ",")+"}")
	}
	return "{" + strings.Join(outer, ",") + "}"
}

func (g *Gallery) serveExport(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+CSVName+`"`)
	_, _ = w.Write(g.CSV())
}
