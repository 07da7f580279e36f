package recorded

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// request makes the request of a step. Whatever the values are, they stay in
// their places: an address keeps its host and path, a header its line.
func (s Step) request(ctx context.Context, h Hosts, sc scene) (*http.Request, error) {
	u, err := s.address(h, sc)
	if err != nil {
		return nil, err
	}
	body, kind, err := s.Body.make(sc)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, s.Method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, refuse(codeValue, "", "step %s: its request cannot be made", s.Name)
	}
	if s.Body == nil {
		req.Body, req.GetBody = http.NoBody, nil
	}
	for _, p := range s.Headers {
		v, err := sc.expand(p.Value, plain)
		if err != nil {
			return nil, err
		}
		req.Header.Set(p.Name, v)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	return req, nil
}

// address fills a step's address in and holds it against the hosts.
func (s Step) address(h Hosts, sc scene) (*url.URL, error) {
	pieces, err := parseTemplate(s.URL)
	if err != nil {
		return nil, err
	}
	if r := pieces[0].ref; r != nil {
		return s.given(h, sc, *r, pieces[1:])
	}
	var b strings.Builder
	encode := inPath
	for _, p := range pieces {
		if p.ref == nil {
			if b.WriteString(p.text); strings.Contains(p.text, "?") {
				encode = inQuery
			}
			continue
		}
		t, err := sc.value(*p.ref)
		if err != nil {
			return nil, err
		}
		v, err := encode(*p.ref, t)
		if err != nil {
			return nil, err
		}
		b.WriteString(v)
	}
	text := b.String()
	base, _ := url.Parse(pieces[0].text)
	u, err := url.Parse(text)
	if err != nil || base == nil || u.Host != base.Host || h.place(u) != service {
		return nil, refuse(codeHost, "", "step %s: nothing is sent to %s", s.Name, hostOf(text))
	}
	return u, nil
}

// given takes an address that an answer gave: on the host that gave it, or, for
// bytes without a token, on a storage host.
func (s Step) given(h Hosts, sc scene, r ref, more []piece) (*url.URL, error) {
	t, err := sc.value(r)
	if err != nil {
		return nil, err
	}
	rest, err := sc.expand(spell(more), inQuery)
	if err != nil {
		return nil, err
	}
	a := sc.answers[r.from]
	u, err := url.Parse(t.text + rest)
	if err != nil || a == nil || strings.ContainsFunc(t.text, func(c rune) bool { return c <= ' ' || c > '~' || c == '\\' }) {
		return nil, refuse(codeHost, "", "step %s: the answer to %s gave no address", s.Name, r.from)
	}
	u = a.url.ResolveReference(u)
	switch p := h.place(u); {
	case s.Storage && p == storage && !s.Token:
	case !s.Storage && p == service && u.Host == a.url.Host && u.Fragment == "":
	default:
		return nil, refuse(codeHost, "record again; if the portal really moved, a newer orgstore may know the host",
			"step %s: the answer to %s names the host %s, and nothing is sent there", s.Name, r.from, hostOf(u.String()))
	}
	return u, nil
}

// make makes a body and its content type; the latter is empty where a header says it.
func (b *Body) make(sc scene) ([]byte, string, error) {
	switch {
	case b == nil, b.Empty:
		return nil, "", nil
	case b.Bytes != "":
		if sc.cargo == nil {
			return nil, "", refuse(codeValue, "", "no package goes with this step")
		}
		return sc.cargo.file, b.Bytes, nil
	case len(b.Parts) > 0:
		return b.multipart(sc)
	case len(b.Form) > 0:
		return b.form(sc)
	}
	text, err := expandJSON(b.JSON, sc)
	return []byte(text), "", err
}

func (b *Body) form(sc scene) ([]byte, string, error) {
	var pairs []string
	for _, f := range b.Form {
		v, err := f.text(sc)
		if err != nil {
			return nil, "", err
		}
		pairs = append(pairs, url.QueryEscape(f.Name)+"="+url.QueryEscape(v))
	}
	return []byte(strings.Join(pairs, "&")), "application/x-www-form-urlencoded", nil
}

func (f Field) text(sc scene) (string, error) {
	if f.JSON != "" {
		return expandJSON(f.JSON, sc)
	}
	return sc.expand(f.Value, text)
}

func (b *Body) multipart(sc scene) ([]byte, string, error) {
	var out bytes.Buffer
	m := multipart.NewWriter(&out)
	for _, f := range b.Parts {
		h := textproto.MIMEHeader{}
		content := []byte(nil)
		disposition := fmt.Sprintf(`form-data; name="%s"`, quoteName(f.Name))
		if f.File != "" {
			name, err := sc.expand(f.File, plain)
			if err != nil {
				return nil, "", err
			}
			if sc.cargo == nil {
				return nil, "", refuse(codeValue, "", "no package goes with this step")
			}
			disposition += fmt.Sprintf(`; filename="%s"`, quoteName(name))
			content = sc.cargo.file
		} else {
			v, err := f.text(sc)
			if err != nil {
				return nil, "", err
			}
			content = []byte(v)
		}
		h.Set("Content-Disposition", disposition)
		if f.Type != "" {
			h.Set("Content-Type", f.Type)
		}
		w, err := m.CreatePart(h)
		if err != nil {
			return nil, "", err
		}
		_, _ = w.Write(content) // a buffer takes all
	}
	_ = m.Close()
	return out.Bytes(), m.FormDataContentType(), nil
}

// quoteName escapes a name as browsers do in multipart bodies.
func quoteName(s string) string {
	return strings.NewReplacer("\"", "%22", "\r", "%0D", "\n", "%0A").Replace(s)
}

// expandJSON fills in a template that is JSON: each of its strings is a
// template of its own, so that no value can end the string it is in.
func expandJSON(template string, sc scene) (string, error) {
	t := parseTree([]byte(template))
	if t == nil {
		return "", refuse(codeRecipe, "", "a body is not JSON")
	}
	var b strings.Builder
	var failed error
	t.json(&b, func(_, _ string, leaf *tree) string {
		if leaf.kind != '"' {
			return leaf.text
		}
		pieces, err := parseTemplate(leaf.text)
		if err == nil && len(pieces) == 1 && pieces[0].ref != nil && pieces[0].ref.json {
			v, err := sc.value(*pieces[0].ref)
			if err != nil {
				failed = cmpErr(failed, err)
				return "null"
			}
			return v.raw()
		}
		s, err := sc.expand(leaf.text, text)
		failed = cmpErr(failed, err)
		return quoteJSON(s)
	})
	return b.String(), failed
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// A session is one run of requests: the answers so far and the cookies they
// set, each for the host that set it. It begins without any.
type session struct {
	store *Store
	scene scene
	jar   map[string]map[string]string // by host, then name
	sent  string                       // the last request that left and may change something
}

const maxReply = 32 << 20

// run sends the steps of a flow in order and holds each answer against its
// fingerprint. Nothing is sent twice.
func (s *session) run(ctx context.Context, steps []Step, changes bool) error {
	for _, step := range steps {
		req, err := step.request(ctx, s.store.hosts, s.scene)
		if err == nil {
			err = s.send(ctx, step, req, changes && step.Method != http.MethodGet)
		}
		if err != nil {
			if s.sent != "" {
				return after(s.sent, err)
			}
			return err
		}
	}
	return nil
}

// String names a request for people, as the recipe has it: what was filled into
// its places is nobody's to read.
func (s Step) String() string {
	address, _, _ := strings.Cut(s.URL, "?")
	_, rest, whole := strings.Cut(address, "://")
	host, path, _ := strings.Cut(rest, "/")
	if address = redacted(address); whole {
		address = host + redacted("/"+path)
	}
	return fmt.Sprintf("%s %s (step %s)", s.Method, address, s.Name)
}

func (s *session) send(ctx context.Context, step Step, req *http.Request, changes bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.addCookies(req)
	req.Header.Set("User-Agent", s.store.agent)
	if step.Token {
		if s.store.hosts.place(req.URL) != service { // as address made sure
			return refuse(codeHost, "", "step %s: no token is sent to %s", step.Name, hostOf(req.URL.String()))
		}
		if err := s.store.authorize.Authorize(ctx, req); err != nil {
			return err
		}
	}
	if changes {
		s.sent = step.String()
	}
	resp, err := s.store.client.Do(req)
	if err != nil {
		return s.lost(ctx, step, err)
	}
	a, err := readReply(req.URL, resp)
	if err != nil {
		return s.lost(ctx, step, err)
	}
	s.keepCookies(a)
	if err := step.Expect.check(step.Name, a); err != nil {
		return err
	}
	s.scene.answers[step.Name] = a
	return nil
}

// lost is the error of a request without an answer.
func (s *session) lost(ctx context.Context, step Step, err error) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	// The error of net/http names the address, which may hold what an answer gave.
	if u := (*url.Error)(nil); asURL(err, &u) {
		err = u.Err
	}
	if s.sent != "" {
		return &Error{code: codeAnswer, message: fmt.Sprintf("step %s got no answer: %v; the visual may have changed", step.Name, err), err: err,
			hint: "look at the visual in the portal; orgstore repeats nothing by itself"}
	}
	return fmt.Errorf("step %s got no answer: %w", step.Name, err)
}

func (s *session) addCookies(req *http.Request) {
	names := s.jar[req.URL.Host]
	for _, name := range sortedKeys(names) {
		req.AddCookie(&http.Cookie{Name: name, Value: names[name]})
	}
}

func (s *session) keepCookies(a *answer) {
	for name, value := range a.cookies() {
		if s.jar[a.url.Host] == nil {
			s.jar[a.url.Host] = map[string]string{}
		}
		s.jar[a.url.Host][name] = value
	}
}

// check holds an answer against what was recorded.
func (e Expect) check(step string, a *answer) error {
	switch {
	case a.status != e.Status:
		return strange("step %s was answered with the status %d, and %d was recorded", step, a.status, e.Status)
	case a.kind != e.Type:
		return strange("step %s was answered with %s, and %s was recorded", step, named(a.kind), named(e.Type))
	case len(e.Shape) == 0:
		return nil
	case a.tree == nil:
		return strange("step %s was answered with something that is not JSON", step)
	}
	if why := differs(e.Shape, a.tree); why != "" {
		return strange("step %s was answered in another shape than recorded: %s", step, why)
	}
	return nil
}

func named(kind string) string {
	if kind == "" {
		return "nothing"
	}
	return shown(kind)
}
