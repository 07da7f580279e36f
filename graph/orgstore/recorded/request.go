package recorded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// newRequest makes the request of a step. Whatever the values are, they stay in
// their places: an address keeps its host and path, a header its line.
func newRequest(ctx context.Context, s Step, h Hosts, sc sources) (*http.Request, error) {
	u, err := requestURL(s, h, sc)
	if err != nil {
		return nil, err
	}
	body, kind, err := makeBody(s.Body, sc)
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
		v, err := sc.fill(p.Value, plainText)
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

// requestURL fills a step's address in and holds it against the hosts.
func requestURL(s Step, h Hosts, sc sources) (*url.URL, error) {
	pieces, err := ParseTemplate(s.URL)
	if err != nil {
		return nil, err
	}
	if r := pieces[0].Ref; r != nil {
		return answeredURL(s, h, sc, *r, pieces[1:])
	}
	var b strings.Builder
	encode := escapePathPart
	for _, p := range pieces {
		if p.Ref == nil {
			if b.WriteString(p.Text); strings.Contains(p.Text, "?") {
				encode = escapeQueryValue
			}
			continue
		}
		t, err := sc.resolve(*p.Ref)
		if err != nil {
			return nil, err
		}
		v, err := encode(*p.Ref, t)
		if err != nil {
			return nil, err
		}
		b.WriteString(v)
	}
	text := b.String()
	base, _ := url.Parse(pieces[0].Text)
	u, err := url.Parse(text)
	if err != nil || base == nil || u.Host != base.Host || h.KindOf(u) != ServiceHost {
		return nil, refuse(CodeHost, "", "step %s: nothing is sent to %s", s.Name, RedactHost(text))
	}
	return u, nil
}

// answeredURL takes an address that an answer gave: on the host that gave it, or, for
// bytes without a token, on a storage host.
func answeredURL(s Step, h Hosts, sc sources, r Ref, more []Piece) (*url.URL, error) {
	t, err := sc.resolve(r)
	if err != nil {
		return nil, err
	}
	rest, err := sc.fill(WriteTemplate(more), escapeQueryValue)
	if err != nil {
		return nil, err
	}
	a := sc.answers[r.From]
	u, err := url.Parse(t.Text + rest)
	if err != nil || a == nil || strings.ContainsFunc(t.Text, func(c rune) bool { return c <= ' ' || c > '~' || c == '\\' }) {
		return nil, refuse(CodeHost, "", "step %s: the answer to %s gave no address", s.Name, r.From)
	}
	u = a.URL.ResolveReference(u)
	switch p := h.KindOf(u); {
	case s.Storage && p == StorageHost && !s.Token:
	case !s.Storage && p == ServiceHost && u.Host == a.URL.Host && u.Fragment == "":
	default:
		return nil, refuse(CodeHost, "record again; if the portal really moved, a newer orgstore may know the host",
			"step %s: the answer to %s names the host %s, and nothing is sent there", s.Name, r.From, RedactHost(u.String()))
	}
	return u, nil
}

// makeBody makes a body and its content type; the latter is empty where a header says it.
func makeBody(b *Body, sc sources) ([]byte, string, error) {
	switch {
	case b == nil, b.Empty:
		return nil, "", nil
	case b.Bytes != "":
		if sc.upload == nil {
			return nil, "", refuse(codeValue, "", "no package goes with this step")
		}
		return sc.upload.File, b.Bytes, nil
	case len(b.Parts) > 0:
		return makeMultipart(b, sc)
	case len(b.Form) > 0:
		return makeForm(b, sc)
	}
	text, err := fillJSON(b.JSON, sc)
	return []byte(text), "", err
}

func makeForm(b *Body, sc sources) ([]byte, string, error) {
	var pairs []string
	for _, f := range b.Form {
		v, err := fieldText(f, sc)
		if err != nil {
			return nil, "", err
		}
		pairs = append(pairs, url.QueryEscape(f.Name)+"="+url.QueryEscape(v))
	}
	return []byte(strings.Join(pairs, "&")), "application/x-www-form-urlencoded", nil
}

func fieldText(f Field, sc sources) (string, error) {
	if f.JSON != "" {
		return fillJSON(f.JSON, sc)
	}
	return sc.fill(f.Value, anyText)
}

func makeMultipart(b *Body, sc sources) ([]byte, string, error) {
	var out bytes.Buffer
	m := multipart.NewWriter(&out)
	for _, f := range b.Parts {
		h := textproto.MIMEHeader{}
		content := []byte(nil)
		disposition := fmt.Sprintf(`form-data; name="%s"`, quoteName(f.Name))
		if f.File != "" {
			name, err := sc.fill(f.File, plainText)
			if err != nil {
				return nil, "", err
			}
			if sc.upload == nil {
				return nil, "", refuse(codeValue, "", "no package goes with this step")
			}
			disposition += fmt.Sprintf(`; filename="%s"`, quoteName(name))
			content = sc.upload.File
		} else {
			v, err := fieldText(f, sc)
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

// fillJSON fills in a template that is JSON: each of its strings is a
// template of its own, so that no value can end the string it is in.
func fillJSON(template string, sc sources) (string, error) {
	t := ParseJSON([]byte(template))
	if t == nil {
		return "", refuse(CodeRecipe, "", "a body is not JSON")
	}
	var b strings.Builder
	var failed error
	t.Write(&b, func(_, _ string, leaf *Node) string {
		if leaf.Kind != '"' {
			return leaf.Text
		}
		pieces, err := ParseTemplate(leaf.Text)
		if err == nil && len(pieces) == 1 && pieces[0].Ref != nil && pieces[0].Ref.JSON {
			v, err := sc.resolve(*pieces[0].Ref)
			if err != nil {
				failed = firstError(failed, err)
				return "null"
			}
			return v.LeafJSON()
		}
		s, err := sc.fill(leaf.Text, anyText)
		failed = firstError(failed, err)
		return QuoteJSON(s)
	})
	return b.String(), failed
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// A session is one run of requests: the answers so far and the cookies they
// set, each for the host that set it. It begins without any.
type session struct {
	store   *Store
	sources sources
	jar     map[string]map[string]string // by host, then name
	sent    string                       // the last request that left and may change something
}

const maxReply = 32 << 20

// run sends the steps of a flow in order and holds each answer against its
// fingerprint. Nothing is sent twice.
func (s *session) run(ctx context.Context, steps []Step, changes bool) error {
	for _, step := range steps {
		req, err := newRequest(ctx, step, s.store.hosts, s.sources)
		if err == nil {
			err = s.send(ctx, step, req, changes && step.Method != http.MethodGet)
		}
		if err != nil {
			if s.sent != "" {
				return withSent(s.sent, err)
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
	if address = RedactPath(address); whole {
		address = host + RedactPath("/"+path)
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
		if s.store.hosts.KindOf(req.URL) != ServiceHost { // as address made sure
			return refuse(CodeHost, "", "step %s: no token is sent to %s", step.Name, RedactHost(req.URL.String()))
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
	if err := checkAnswer(step.Name, step.Expect, a); err != nil {
		return err
	}
	s.sources.answers[step.Name] = a
	return nil
}

// lost is the error of a request without an answer.
func (s *session) lost(ctx context.Context, step Step, err error) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	// The error of net/http names the address, which may hold what an answer gave.
	if u := (*url.Error)(nil); errors.As(err, &u) {
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
	for _, name := range slices.Sorted(maps.Keys(names)) {
		req.AddCookie(&http.Cookie{Name: name, Value: names[name]})
	}
}

func (s *session) keepCookies(a *Answer) {
	for name, value := range a.Cookies() {
		if s.jar[a.URL.Host] == nil {
			s.jar[a.URL.Host] = map[string]string{}
		}
		s.jar[a.URL.Host][name] = value
	}
}

// checkAnswer holds an answer against what was recorded.
func checkAnswer(step string, e Expect, a *Answer) error {
	switch {
	case a.Status != e.Status:
		return newStrangeError("step %s was answered with the status %d, and %d was recorded", step, a.Status, e.Status)
	case a.MediaType != e.Type:
		return newStrangeError("step %s was answered with %s, and %s was recorded", step, typeForPeople(a.MediaType), typeForPeople(e.Type))
	case len(e.Shape) == 0:
		return nil
	case a.JSON == nil:
		return newStrangeError("step %s was answered with something that is not JSON", step)
	}
	if why := ShapeDifference(e.Shape, a.JSON); why != "" {
		return newStrangeError("step %s was answered in another shape than recorded: %s", step, why)
	}
	return nil
}

func typeForPeople(kind string) string {
	if kind == "" {
		return "nothing"
	}
	return MakePrintable(kind)
}
