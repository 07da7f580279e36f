// Package gallerytest is a person at the page of a simulated Organizational
// Store, and the browser in which that person records what the page sends.
package gallerytest

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/graph/simulator/gallery"
)

// A Browser does what the page's script does, and records it.
type Browser struct {
	Base   string // of the portal
	Client *http.Client
	Token  string // empty: the page's own
	Shape  gallery.Shape
	User   string // who opens the page; empty: the tenant's administrator
	// KeepsBodies records complete bodies, as Firefox does. Otherwise, as in
	// Chromium, forms are recorded without their files, and a file that is sent
	// alone is not recorded, nor is its answer.
	KeepsBodies bool
	// RecordsSecrets records authorization and cookies, too.
	RecordsSecrets bool

	guard   string
	cookies map[string]string
	entries []entry
	clock   time.Time
}

type templateValues map[string]any

// Open opens the page, which loads the list.
func (b *Browser) Open(ctx context.Context) error {
	b.cookies = map[string]string{}
	b.clock = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	b.recordNoise()
	address := b.Base + b.Shape.Page
	if b.User != "" {
		address += "?as=" + url.QueryEscape(b.User)
	}
	_, text, err := b.sendRequest(ctx, "document", http.MethodGet, address, http.Header{"Accept": {"text/html"}}, nil, nil)
	if err != nil {
		return err
	}
	if m := pageToken.FindStringSubmatch(text); m != nil && b.Token == "" {
		b.Token = m[1]
	}
	name := regexp.QuoteMeta(b.Shape.GuardName)
	switch b.Shape.Guard {
	case "meta":
		b.guard = regexp.MustCompile(`<meta name="` + name + `" content="([^"]*)"`).FindStringSubmatch(text)[1]
	case "input":
		b.guard = regexp.MustCompile(`<input type="hidden" name="` + name + `" value="([^"]*)"`).FindStringSubmatch(text)[1]
	case "cookie":
		b.guard = b.cookies[b.Shape.GuardName]
	}
	_, err = b.List(ctx)
	return err
}

// pageToken finds the person's token in the page's script.
var pageToken = regexp.MustCompile(`, token = "([^"]*)";`)

// List loads the list again.
func (b *Browser) List(ctx context.Context) ([]jsontext.Value, error) {
	v := templateValues{}
	text, err := b.makeCall(ctx, "list", v)
	if err != nil {
		return nil, err
	}
	if g, ok := v["guard"]; ok {
		b.guard = fmt.Sprint(g)
	}
	var tree any
	if err := json.Unmarshal([]byte(text), &tree); err != nil {
		return nil, err
	}
	for _, name := range b.Shape.Envelope {
		tree = tree.(map[string]any)[name]
	}
	var all []jsontext.Value
	raw, _ := json.Marshal(tree)
	return all, json.Unmarshal(raw, &all)
}

// findEntry returns what the page knows about a visual.
func (b *Browser) findEntry(ctx context.Context, name string) (templateValues, error) {
	all, err := b.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, raw := range all {
		var tree any
		_ = json.Unmarshal(raw, &tree)
		v := templateValues{}
		for what, pointer := range b.Shape.Pointers {
			v[what] = valueAt(tree, pointer)
		}
		if v["name"] == name {
			return v, nil
		}
	}
	return nil, fmt.Errorf("the page does not list %q", name)
}

func valueAt(tree any, pointer string) any {
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		m, _ := tree.(map[string]any)
		tree = m[name]
	}
	return tree
}

// Update opens a visual's settings and uploads a package.
func (b *Browser) Update(ctx context.Context, name, file string, content []byte) error {
	v, err := b.findEntry(ctx, name)
	if err != nil {
		return err
	}
	return b.makeCalls(ctx, b.Shape.Update, v.withFile(file, content))
}

// Add adds a visual from a file.
func (b *Browser) Add(ctx context.Context, name, description, file string, content []byte) error {
	v := templateValues{"name": name, "description": description, "access": b.formatAccess(true)}
	return b.makeCalls(ctx, b.Shape.Add, v.withFile(file, content))
}

// SetAccess changes a visual's access.
func (b *Browser) SetAccess(ctx context.Context, name string, on bool) error {
	v, err := b.findEntry(ctx, name)
	if err != nil {
		return err
	}
	v["wanted"] = b.formatAccess(on)
	if on {
		return b.makeCalls(ctx, b.Shape.AccessOn, v)
	}
	return b.makeCalls(ctx, b.Shape.AccessOff, v)
}

// SetPane changes whether a visual is in everybody's pane.
func (b *Browser) SetPane(ctx context.Context, name string, on bool) error {
	v, err := b.findEntry(ctx, name)
	if err != nil {
		return err
	}
	v["wantedPane"] = on
	return b.makeCalls(ctx, []string{"pane"}, v)
}

func (b *Browser) formatAccess(on bool) any {
	switch b.Shape.Access {
	case "enabled":
		return on
	case "disabled":
		return !on
	}
	if on {
		return "Enabled"
	}
	return "Disabled"
}

func (v templateValues) withFile(file string, content []byte) templateValues {
	v["file"], v["bytes"], v["size"] = file, content, float64(len(content))
	v["base64"] = base64.StdEncoding.EncodeToString(content)
	return v
}

// makeCalls makes calls in order and loads the list, as the page does after
// each change.
func (b *Browser) makeCalls(ctx context.Context, calls []string, v templateValues) error {
	for _, name := range calls {
		if _, err := b.makeCall(ctx, name, v); err != nil {
			return err
		}
	}
	b.recordNoise()
	_, err := b.List(ctx)
	return err
}

func formatValue(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

var variablePattern = regexp.MustCompile(`\{(\w+)\}`)

func fillTemplate(s string, v templateValues, encode func(string) string) string {
	return variablePattern.ReplaceAllStringFunc(s, func(m string) string { return encode(formatValue(v[m[1:len(m)-1]])) })
}

func unescaped(s string) string { return s }

func fillTree(t any, v templateValues) any {
	switch t := t.(type) {
	case string:
		if strings.HasPrefix(t, "{=") {
			return v[strings.Trim(t, "{=}")]
		}
		return fillTemplate(t, v, unescaped)
	case map[string]any:
		m := map[string]any{}
		for name, inner := range t {
			m[name] = fillTree(inner, v)
		}
		return m
	}
	return t
}

func (b *Browser) fillJSON(template string, v templateValues) []byte {
	var t any
	_ = json.Unmarshal([]byte(template), &t)
	out, _ := json.Marshal(fillTree(t, v), json.Deterministic(true))
	return out
}

// makeCall makes one of the page's private requests.
func (b *Browser) makeCall(ctx context.Context, name string, v templateValues) (string, error) {
	c := b.Shape.Calls[name]
	address := fillTemplate(c.URL, v, url.PathEscape)
	if strings.HasPrefix(c.URL, "{") {
		address = formatValue(v[strings.Trim(c.URL, "{}")])
	}
	if strings.HasPrefix(address, "/") {
		address = b.Base + address
	}
	h := http.Header{"Accept": {"application/json"}}
	if !c.WithoutToken {
		h.Set("Authorization", "Bearer "+b.Token)
	}
	for name, value := range c.Headers {
		h.Set(name, fillTemplate(value, templateValues{"guard": b.guard}, unescaped))
	}
	body, post := b.makeBody(c, v, h)
	resp, answer, err := b.sendRequest(ctx, "fetch", c.Method, address, h, body, post)
	if err != nil {
		return "", err
	}
	if resp.StatusCode >= 300 {
		return "", fmt.Errorf("%s: %s: %s", name, resp.Status, answer)
	}
	var tree any
	if answer != "" {
		_ = json.Unmarshal([]byte(answer), &tree)
	}
	for variable, from := range c.Captures {
		kind, where, _ := strings.Cut(from, ":")
		if kind == "body" {
			v[variable] = valueAt(tree, where)
		} else {
			v[variable] = resp.Header.Get(where)
		}
	}
	return answer, nil
}

// makeBody returns a call's body, and what a browser records of it.
func (b *Browser) makeBody(c gallery.Call, v templateValues, h http.Header) ([]byte, *postData) {
	switch c.Kind {
	case "json":
		body := b.fillJSON(c.Body, v)
		h.Set("Content-Type", "application/json")
		return body, &postData{Type: "application/json", Text: string(body)}
	case "bytes":
		h.Set("Content-Type", "application/octet-stream")
		body := v["bytes"].([]byte)
		if b.KeepsBodies {
			return body, &postData{Type: "application/octet-stream", Text: string(body)}
		}
		return body, nil // Chromium does not record it
	case "multipart":
		whole, kind := b.makeMultipart(c, v, v["bytes"].([]byte))
		h.Set("Content-Type", kind)
		kept := whole
		if !b.KeepsBodies {
			kept = bytes.Replace(whole, v["bytes"].([]byte), nil, 1)
		}
		return whole, &postData{Type: kind, Text: string(kept)}
	}
	return nil, nil
}

func (b *Browser) makeMultipart(c gallery.Call, v templateValues, file []byte) ([]byte, string) {
	var out bytes.Buffer
	m := multipart.NewWriter(&out)
	_ = m.SetBoundary("----WebKitFormBoundaryX7fQ2mLk09aTzRbe")
	for _, p := range c.Parts {
		h := textproto.MIMEHeader{}
		disposition := `form-data; name="` + p.Name + `"`
		content := []byte(fillTemplate(p.Value, v, unescaped))
		switch {
		case p.File:
			disposition += `; filename="` + formatValue(v["file"]) + `"`
			h.Set("Content-Type", "application/octet-stream")
			content = file
		case strings.HasPrefix(p.Value, `{"`):
			content = b.fillJSON(p.Value, v)
		}
		h.Set("Content-Disposition", disposition)
		w, _ := m.CreatePart(h)
		_, _ = w.Write(content)
	}
	_ = m.Close()
	return out.Bytes(), m.FormDataContentType()
}

// sendRequest sends a request with the browser's cookies and records it.
func (b *Browser) sendRequest(ctx context.Context, kind, method, address string, h http.Header, body []byte, post *postData) (*http.Response, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	req.Header = h
	own := strings.HasPrefix(address, b.Base)
	if own {
		for name, value := range b.cookies {
			req.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	resp, err := b.Client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, "", err
	}
	if own {
		for _, c := range resp.Cookies() {
			b.cookies[c.Name] = c.Value
		}
	}
	kept := answer
	if len(body) > 0 && post == nil {
		kept = nil
	}
	b.recordCall(kind, req, len(body), post, resp, kept)
	return resp, string(answer), nil
}
