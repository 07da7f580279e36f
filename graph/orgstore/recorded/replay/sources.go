package replay

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
)

// sources are what references are looked up in.
type sources struct {
	upload  *recipe.Upload
	entry   *jsontree.Node
	answers map[string]*recipe.Answer // by step
	now     func() time.Time
}

// resolve finds what a reference stands for: a text, or a JSON leaf.
func (s sources) resolve(r recipe.Ref) (*jsontree.Node, error) {
	var t *jsontree.Node
	switch r.From {
	case recipe.FromPackage:
		if s.upload != nil {
			if text, ok := s.upload.Values[r.Kind]; ok {
				t = &jsontree.Node{Kind: '"', Text: text}
				if r.JSON && r.Kind == "size" {
					t.Kind = '0'
				}
			}
		}
	case recipe.FromEntry:
		if s.entry != nil {
			t = s.entry.At(r.Arg)
		}
	case recipe.FromFresh:
		t = &jsontree.Node{Kind: '"', Text: freshValue(r.Kind, s.now)}
	default:
		if a := s.answers[r.From]; a != nil {
			t = a.Value(r.Kind, r.Arg)
		}
	}
	switch {
	case (t == nil || !t.IsLeaf()) && r.From == recipe.FromPackage:
		return nil, refuse(codeValue, "", "%s is not there to be sent", r)
	case t == nil || !t.IsLeaf():
		return nil, newStrangeError("%s is not there to be sent", r)
	}
	return t, nil
}

func freshValue(kind string, now func() time.Time) string {
	if kind == "milliseconds" {
		return strconv.FormatInt(now().UnixMilli(), 10)
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// fill replaces the references of a template. Each value goes through encode, which makes it
// harmless in its place.
func (s sources) fill(template string, encode func(r recipe.Ref, t *jsontree.Node) (string, error)) (string, error) {
	pieces, err := recipe.ParseTemplate(template)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range pieces {
		if p.Ref == nil {
			b.WriteString(p.Text)
			continue
		}
		t, err := s.resolve(*p.Ref)
		if err != nil {
			return "", err
		}
		text, err := encode(*p.Ref, t)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// plainText is a value that goes into a header, a form or a part.
func plainText(r recipe.Ref, t *jsontree.Node) (string, error) {
	if strings.ContainsFunc(t.Text, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return "", refuse(codeValue, "", "%s has control characters, which nothing is sent with", r)
	}
	return t.Text, nil
}

// anyText keeps every character: in the value of a form's field or a part.
func anyText(_ recipe.Ref, t *jsontree.Node) (string, error) { return t.Text, nil }

func escapePathPart(r recipe.Ref, t *jsontree.Node) (string, error) {
	s, err := plainText(r, t)
	if err == nil && (s == "" || s == "." || s == "..") {
		err = refuse(codeValue, "", "%s is %q, which is no part of an address", r, s)
	}
	return url.PathEscape(s), err
}

func escapeQueryValue(r recipe.Ref, t *jsontree.Node) (string, error) {
	s, err := plainText(r, t)
	return url.QueryEscape(s), err
}
