package learn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
)

// An explainer finds out where the values of one request come from.
type explainer struct {
	l *learner
	s subject
	j int // the request
	d *draft
}

func (e *explainer) x() *exchange { return e.l.all[e.j] }

// where names the request for people.
func (e *explainer) where() string {
	return fmt.Sprintf("%s %s%s", e.x().method, redact.Host(e.x().url.String()), redact.Path(e.x().url.Path))
}

// keep remembers a template's references and writes it once they have names.
func (e *explainer) keep(pieces []piece, to *string, write func([]piece) string) {
	for _, p := range pieces {
		if p.ref != nil {
			e.d.refs = append(e.d.refs, p.ref)
		}
	}
	e.d.finish = append(e.d.finish, func() { *to = write(pieces) })
}

// one explains a value as a whole; nil where nothing does.
func (e *explainer) one(where, name, text string, leaf *jsontree.Node) (*ref, error) {
	if r := e.fresh(name, text); r != nil {
		return r, nil
	}
	if r := e.fromPackage(name, text, leaf); r != nil {
		return r, nil
	}
	r, err := e.fromEntry(where, name, text, leaf)
	if r != nil || err != nil {
		return r, err
	}
	if text == "" {
		return nil, nil
	}
	return e.fromAnswers(where, name, text, leaf)
}

// explain explains a value as a whole, or what in it is something known. What
// is left must be plain words.
func (e *explainer) explain(where, name, text string, leaf *jsontree.Node) ([]piece, error) {
	r, err := e.one(where, name, text, leaf)
	if err != nil {
		return nil, err
	}
	if r != nil {
		return []piece{{ref: r}}, nil
	}
	if leaf != nil && leaf.Kind != '"' {
		return nil, nil
	}
	pieces, err := e.within(where, text)
	if err != nil {
		return nil, err
	}
	for _, p := range pieces {
		if p.ref == nil {
			if err := e.literal(where, name, p.text, len(pieces) == 1); err != nil {
				return nil, err
			}
		}
	}
	return pieces, nil
}

// literal refuses to write down what looks like data or a secret.
func (e *explainer) literal(where, name, text string, whole bool) error {
	const hint = "record with the page freshly loaded, so that the answer it comes from is in the recording"
	switch {
	case redact.LooksPersonal(text):
		return refuse(codeSecret, "", "%s: %s holds an e-mail address that the list's entry does not have", e.where(), where)
	case redact.LooksRandom(text):
		return refuse(codeUnknown, hint, "%s: %s holds a value that looks like an id or a key, and no recorded answer gave it", e.where(), where)
	case whole && redact.IsSecretName(name) && text != "" && text != "true" && text != "false":
		return refuse(codeSecret, hint, "%s: %s holds something secret, and no recorded answer gave it", e.where(), where)
	}
	return nil
}

// within finds known values inside a text.
func (e *explainer) within(where, text string) ([]piece, error) {
	if text == "" {
		return []piece{}, nil
	}
	if known, r := e.longest(text); r != nil {
		i := strings.Index(text, known)
		left, err := e.within(where, text[:i])
		if err != nil {
			return nil, err
		}
		right, err := e.within(where, text[i+len(known):])
		return slices.Concat(left, []piece{{ref: r}}, right), err
	}
	var pieces []piece
	for _, run := range runs(text) {
		if likeID(run) && run != text {
			r, err := e.one(where, "", run, nil)
			if err != nil {
				return nil, err
			}
			if r != nil {
				pieces = append(pieces, piece{ref: r})
				continue
			}
		}
		if n := len(pieces); n > 0 && pieces[n-1].ref == nil {
			pieces[n-1].text += run
		} else {
			pieces = append(pieces, piece{text: run})
		}
	}
	return pieces, nil
}

// runs splits a text into letters and digits and what is between.
func runs(s string) []string {
	word := func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
	}
	var found []string
	for i := 0; i < len(s); {
		j := i + 1
		for j < len(s) && word(s[j]) == word(s[i]) {
			j++
		}
		found = append(found, s[i:j])
		i = j
	}
	return found
}

// longest is the longest known value that is in a text, but not all of it.
func (e *explainer) longest(text string) (string, *ref) {
	var known string
	var found *ref
	try := func(s string, r ref) {
		if len(s) >= 8 && len(s) > len(known) && len(s) < len(text) && apart(text, s) {
			known, found = s, &r
		}
	}
	if c := e.s.upload; c != nil {
		for _, kind := range []string{"base64", "name", "guid", "store-guid", "sha256", "sha256-base64", "md5-base64"} {
			try(c.Values[kind], *packageRef(kind))
		}
	}
	if e.s.entry != nil {
		for _, p := range e.s.ids {
			if t := e.s.entry.At(p); t != nil && t.IsLeaf() && likeID(t.Text) {
				try(t.Text, *entryRef(p))
			}
		}
	}
	if len(text) > 64<<10 {
		return known, found
	}
	for k := e.j - 1; k >= 0; k-- {
		if !e.usable(k) {
			continue
		}
		for _, o := range e.l.offers(k) {
			if !o.inList && likeID(o.text) {
				o.ref.From = "answer"
				try(o.text, o.ref)
			}
		}
	}
	return known, found
}

// apart says whether a value stands in a text by itself.
func apart(text, s string) bool {
	i := strings.Index(text, s)
	if i < 0 {
		return false
	}
	word := func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
	}
	return (i == 0 || !word(text[i-1])) && (i+len(s) == len(text) || !word(text[i+len(s)]))
}
