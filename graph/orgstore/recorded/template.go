package recorded

import (
	"bytes"
	"crypto/md5" // only where a recording shows Content-MD5
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/orgstore/orgstore/packages/pbiviz"
)

// Where a value of a request comes from: the package, the list's entry, the
// answer of a step before, or itself.
const (
	fromPackage = "package"
	fromEntry   = "entry"
	fromFresh   = "fresh"
)

// The kinds of what an answer gives.
const (
	kindAnswer = "answer" // a JSON pointer into it
	kindHeader = "header"
	kindPart   = "location" // a part of the path of the header Location, counted from 1
	kindCookie = "cookie"
	kindMeta   = "meta"  // an HTML page's meta element, by its name
	kindInput  = "input" // an HTML page's input element, by its name
)

var answerKinds = []string{kindAnswer, kindHeader, kindPart, kindCookie, kindMeta, kindInput}

// What a package gives.
var packageKinds = []string{"file", "base64", "name", "size", "guid", "store-guid", "version", "sha256", "sha256-base64", "md5-base64", "display-name", "description"}

// A ref names a value that is put into a request.
type ref struct {
	json bool   // as JSON, not as text
	from string // package, entry, fresh or a step's name
	kind string // of package, fresh and steps
	arg  string // a pointer or name
	x    int    // while learning: the exchange that answered; -1 for none
}

// String spells a reference as templates do.
func (r ref) String() string {
	words := []string{}
	if r.json {
		words = append(words, "json")
	}
	words = append(words, r.from)
	for _, w := range []string{r.kind, r.arg} {
		if w != "" {
			words = append(words, w)
		}
	}
	return "${" + strings.Join(words, " ") + "}"
}

// A piece is a literal text, or a reference.
type piece struct {
	text string
	ref  *ref
}

var partForm = regexp.MustCompile(`^[1-9][0-9]?$`)

var stepForm = regexp.MustCompile(`^(list|update|add|enable|disable)(-[1-9][0-9]?)?$`)

// parseTemplate reads a template: text with references ${…}; $${ stands for ${.
func parseTemplate(s string) ([]piece, error) {
	var found []piece
	text := ""
	for s != "" {
		i := strings.Index(s, "${")
		if i < 0 {
			text, s = text+s, ""
			break
		}
		if i > 0 && s[i-1] == '$' {
			text, s = text+s[:i-1]+"${", s[i+2:]
			continue
		}
		end := strings.IndexByte(s[i:], '}')
		if end < 0 {
			return nil, fmt.Errorf("%.60q has a ${ without its }", s[i:])
		}
		r, err := parseRef(s[i+2 : i+end])
		if err != nil {
			return nil, err
		}
		if text += s[:i]; text != "" {
			found = append(found, piece{text: text})
		}
		found = append(found, piece{ref: &r})
		text, s = "", s[i+end+1:]
	}
	if text != "" {
		found = append(found, piece{text: text})
	}
	return found, nil
}

func parseRef(s string) (ref, error) {
	r := ref{x: -1}
	rest, ok := strings.CutPrefix(s, "json ")
	r.json = ok
	r.from, rest, _ = strings.Cut(rest, " ")
	bad := fmt.Errorf("nothing is known as ${%.60s}", s)
	switch {
	case r.from == fromEntry:
		r.arg = rest
		if !strings.HasPrefix(rest, "/") {
			return ref{}, bad
		}
	case r.from == fromPackage:
		if r.kind = rest; !slices.Contains(packageKinds, rest) {
			return ref{}, bad
		}
	case r.from == fromFresh:
		if r.kind = rest; rest != "uuid" && rest != "milliseconds" {
			return ref{}, bad
		}
	case stepForm.MatchString(r.from):
		r.kind, r.arg, _ = strings.Cut(rest, " ")
		if !slices.Contains(answerKinds, r.kind) || r.arg == "" || r.kind == kindAnswer && r.arg[0] != '/' || r.kind == kindPart && !partForm.MatchString(r.arg) {
			return ref{}, bad
		}
	default:
		return ref{}, bad
	}
	return r, nil
}

// spell writes pieces as a template.
func spell(pieces []piece) string {
	var b strings.Builder
	for _, p := range pieces {
		if p.ref != nil {
			b.WriteString(p.ref.String())
		} else {
			b.WriteString(strings.ReplaceAll(p.text, "${", "$${"))
		}
	}
	return b.String()
}

// A cargo is the package that a change carries, and what it says of itself.
type cargo struct {
	file []byte
	is   map[string]string // by packageKinds, without file
}

func cargoOf(p *pbiviz.Package, name string) *cargo {
	m, file := p.Manifest(), p.File()
	sha, md := sha256.Sum256(file), md5.Sum(file)
	return &cargo{file, map[string]string{
		"base64": base64.StdEncoding.EncodeToString(file), "name": name, "size": strconv.Itoa(len(file)),
		"guid": m.GUID.String(), "store-guid": m.GUID.OrgStore(), "version": m.Version.String(),
		"sha256": hex.EncodeToString(sha[:]), "sha256-base64": base64.StdEncoding.EncodeToString(sha[:]),
		"md5-base64":   base64.StdEncoding.EncodeToString(md[:]),
		"display-name": m.DisplayName, "description": m.Description,
	}}
}

// A scene is what references are looked up in.
type scene struct {
	cargo   *cargo
	entry   *tree
	answers map[string]*answer // by step
	now     func() time.Time
}

// value finds what a reference stands for: a text, or a JSON leaf.
func (s scene) value(r ref) (*tree, error) {
	var t *tree
	switch r.from {
	case fromPackage:
		if s.cargo != nil {
			if text, ok := s.cargo.is[r.kind]; ok {
				t = &tree{kind: '"', text: text}
				if r.json && r.kind == "size" {
					t.kind = '0'
				}
			}
		}
	case fromEntry:
		if s.entry != nil {
			t = s.entry.at(r.arg)
		}
	case fromFresh:
		t = &tree{kind: '"', text: freshValue(r.kind, s.now)}
	default:
		if a := s.answers[r.from]; a != nil {
			t = a.value(r.kind, r.arg)
		}
	}
	switch {
	case (t == nil || !t.leaf()) && r.from == fromPackage:
		return nil, refuse(codeValue, "", "%s is not there to be sent", r)
	case t == nil || !t.leaf():
		return nil, strange("%s is not there to be sent", r)
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

// expand fills a template in. Each value goes through encode, which makes it
// harmless in its place.
func (s scene) expand(template string, encode func(r ref, t *tree) (string, error)) (string, error) {
	pieces, err := parseTemplate(template)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range pieces {
		if p.ref == nil {
			b.WriteString(p.text)
			continue
		}
		t, err := s.value(*p.ref)
		if err != nil {
			return "", err
		}
		text, err := encode(*p.ref, t)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// plain is the text of a value that goes into a header, a form or a part.
func plain(r ref, t *tree) (string, error) {
	if strings.ContainsFunc(t.text, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return "", refuse(codeValue, "", "%s has control characters, which nothing is sent with", r)
	}
	return t.text, nil
}

// text keeps every character: in the value of a form's field or a part.
func text(_ ref, t *tree) (string, error) { return t.text, nil }

func inPath(r ref, t *tree) (string, error) {
	s, err := plain(r, t)
	if err == nil && (s == "" || s == "." || s == "..") {
		err = refuse(codeValue, "", "%s is %q, which is no part of an address", r, s)
	}
	return url.PathEscape(s), err
}

func inQuery(r ref, t *tree) (string, error) {
	s, err := plain(r, t)
	return url.QueryEscape(s), err
}

// An answer is what a step was answered.
type answer struct {
	url    *url.URL // that was asked
	status int
	header http.Header
	kind   string // media type
	body   []byte
	tree   *tree
}

// value finds a value in an answer; nil where it is not there.
func (a *answer) value(kind, arg string) *tree {
	str := func(s string, ok bool) *tree {
		if !ok || s == "" {
			return nil
		}
		return &tree{kind: '"', text: s}
	}
	switch kind {
	case kindAnswer:
		if a.tree == nil {
			return nil
		}
		return a.tree.at(arg)
	case kindHeader:
		return str(a.header.Get(arg), true)
	case kindPart:
		parts := a.locationParts()
		n, err := strconv.Atoi(arg)
		if err != nil || n < 1 || n > len(parts) {
			return nil
		}
		return str(parts[n-1], true)
	case kindCookie:
		s, ok := a.cookies()[arg]
		return str(s, ok)
	case kindMeta, kindInput:
		for _, e := range a.elements() {
			if e.kind == kind && e.name == arg {
				return str(e.value, true)
			}
		}
	}
	return nil
}

// locationParts are the parts of the path of the header Location, which often
// names something that was made by its id.
func (a *answer) locationParts() []string {
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || u.Path == "" {
		return nil
	}
	return strings.Split(strings.TrimPrefix(u.Path, "/"), "/")
}

// cookies are those that an answer sets, by name.
func (a *answer) cookies() map[string]string {
	set := map[string]string{}
	for _, line := range a.header.Values("Set-Cookie") {
		first, _, _ := strings.Cut(line, ";")
		if name, value, ok := strings.Cut(first, "="); ok {
			set[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return set
}

type element struct{ kind, name, value string }

const maxElements = 10_000

// elements are an HTML page's meta and input elements that have a name and a value.
func (a *answer) elements() []element {
	if a.kind != "text/html" && a.kind != "application/xhtml+xml" {
		return nil
	}
	var found []element
	z := html.NewTokenizer(bytes.NewReader(a.body))
	for n := 0; n < maxElements; {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		n++
		t := z.Token()
		if t.Data != kindMeta && t.Data != kindInput {
			continue
		}
		attr := map[string]string{}
		for _, at := range t.Attr {
			attr[at.Key] = at.Val
		}
		value := attr["content"]
		if t.Data == kindInput {
			value = attr["value"]
		}
		if attr["name"] != "" && value != "" {
			found = append(found, element{t.Data, attr["name"], value})
		}
	}
	return found
}
