package replay

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
)

// newRequest makes the request of a step. Whatever the values are, they stay in
// their places: an address keeps its host and path, a header its line.
func newRequest(ctx context.Context, s recipe.Step, h recipe.Hosts, sc sources) (*http.Request, error) {
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
func requestURL(s recipe.Step, h recipe.Hosts, sc sources) (*url.URL, error) {
	pieces, err := recipe.ParseTemplate(s.URL)
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
	if err != nil || base == nil || u.Host != base.Host || h.KindOf(u) != recipe.ServiceHost {
		return nil, refuse(recipe.CodeHost, "", "step %s: nothing is sent to %s", s.Name, redact.Host(text))
	}
	return u, nil
}

// answeredURL takes an address that an answer gave: on the host that gave it, or, for
// bytes without a token, on a storage host.
func answeredURL(s recipe.Step, h recipe.Hosts, sc sources, r recipe.Ref, more []recipe.Piece) (*url.URL, error) {
	t, err := sc.resolve(r)
	if err != nil {
		return nil, err
	}
	rest, err := sc.fill(recipe.WriteTemplate(more), escapeQueryValue)
	if err != nil {
		return nil, err
	}
	a := sc.answers[r.From]
	u, err := url.Parse(t.Text + rest)
	if err != nil || a == nil || strings.ContainsFunc(t.Text, func(c rune) bool { return c <= ' ' || c > '~' || c == '\\' }) {
		return nil, refuse(recipe.CodeHost, "", "step %s: the answer to %s gave no address", s.Name, r.From)
	}
	u = a.URL.ResolveReference(u)
	switch p := h.KindOf(u); {
	case s.Storage && p == recipe.StorageHost && !s.Token:
	case !s.Storage && p == recipe.ServiceHost && u.Host == a.URL.Host && u.Fragment == "":
	default:
		return nil, refuse(recipe.CodeHost, "record again; if the portal really moved, a newer orgstore may know the host",
			"step %s: the answer to %s names the host %s, and nothing is sent there", s.Name, r.From, redact.Host(u.String()))
	}
	return u, nil
}

// makeBody makes a body and its content type; the latter is empty where a header says it.
func makeBody(b *recipe.Body, sc sources) ([]byte, string, error) {
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

func makeForm(b *recipe.Body, sc sources) ([]byte, string, error) {
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

func fieldText(f recipe.Field, sc sources) (string, error) {
	if f.JSON != "" {
		return fillJSON(f.JSON, sc)
	}
	return sc.fill(f.Value, anyText)
}

func makeMultipart(b *recipe.Body, sc sources) ([]byte, string, error) {
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
	t := jsontree.Parse([]byte(template))
	if t == nil {
		return "", refuse(recipe.CodeRecipe, "", "a body is not JSON")
	}
	var b strings.Builder
	var failed error
	t.Write(&b, func(_, _ string, leaf *jsontree.Node) string {
		if leaf.Kind != '"' {
			return leaf.Text
		}
		pieces, err := recipe.ParseTemplate(leaf.Text)
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
		return jsontree.Quote(s)
	})
	return b.String(), failed
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
