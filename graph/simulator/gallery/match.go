package gallery

import (
	"bytes"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// requestValues are the values of a request, by the names in its template.
type requestValues map[string]string

var errNotThePages = errors.New("this request is not one of the page's")

// matchAddress reads the values of a path and query by their template. They
// must match exactly.
func (v requestValues) matchAddress(template string, u *url.URL) error {
	want, err := url.Parse(strings.NewReplacer("{", "%7B", "}", "%7D").Replace(template))
	if err != nil {
		return err
	}
	a, b := strings.Split(want.Path, "/"), strings.Split(u.EscapedPath(), "/")
	if len(a) != len(b) {
		return errNotThePages
	}
	for i := range a {
		got, err := url.PathUnescape(b[i])
		if err != nil {
			return err
		}
		if err := v.matchText(a[i], got); err != nil {
			return err
		}
	}
	q, got := want.Query(), u.Query()
	if len(q) != len(got) {
		return errNotThePages
	}
	for name := range q {
		if len(got[name]) != 1 {
			return errNotThePages
		}
		if err := v.matchText(q.Get(name), got.Get(name)); err != nil {
			return err
		}
	}
	return nil
}

// matchText reads a text that contains at most one {value}.
func (v requestValues) matchText(template, got string) error {
	head, rest, ok := strings.Cut(template, "{")
	if !ok {
		if template != got {
			return errNotThePages
		}
		return nil
	}
	name, tail, _ := strings.Cut(rest, "}")
	name = strings.TrimPrefix(name, "=")
	if len(got) < len(head)+len(tail) || !strings.HasPrefix(got, head) || !strings.HasSuffix(got, tail) {
		return errNotThePages
	}
	value := got[len(head) : len(got)-len(tail)]
	if was, has := v[name]; has && was != value {
		return errNotThePages
	}
	v[name] = value
	return nil
}

// matchJSON reads the values of JSON by its template. It must match exactly.
func (v requestValues) matchJSON(template string, got []byte) error {
	var want, have any
	if err := json.Unmarshal([]byte(template), &want); err != nil {
		return err
	}
	if err := json.Unmarshal(bytes.TrimSpace(got), &have); err != nil {
		return err
	}
	return v.matchValue(want, have)
}

func (v requestValues) matchValue(want, have any) error {
	switch w := want.(type) {
	case map[string]any:
		h, ok := have.(map[string]any)
		if !ok || len(h) != len(w) {
			return errNotThePages
		}
		for name, inner := range w {
			got, ok := h[name]
			if !ok {
				return errNotThePages
			}
			if err := v.matchValue(inner, got); err != nil {
				return err
			}
		}
		return nil
	case string:
		raw := strings.HasPrefix(w, "{=") && strings.HasSuffix(w, "}")
		switch h := have.(type) {
		case string:
			if raw && w != "{=access}" && w != "{=wanted}" {
				return errNotThePages
			}
			return v.matchText(w, h)
		case float64:
			if raw {
				return v.matchText(w, strconv.FormatFloat(h, 'f', -1, 64))
			}
		case bool:
			if raw {
				return v.matchText(w, strconv.FormatBool(h))
			}
		}
		return errNotThePages
	}
	if want != have {
		return errNotThePages
	}
	return nil
}
