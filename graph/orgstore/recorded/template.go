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
	FromPackage = "package"
	FromEntry   = "entry"
	FromFresh   = "fresh"
)

// The kinds of what an answer gives.
const (
	KindAnswer = "answer" // a JSON pointer into it
	KindHeader = "header"
	KindPart   = "location" // a part of the path of the header Location, counted from 1
	KindCookie = "cookie"
	KindMeta   = "meta"  // an HTML page's meta element, by its name
	KindInput  = "input" // an HTML page's input element, by its name
)

func isAnswerKind(kind string) bool {
	switch kind {
	case KindAnswer, KindHeader, KindPart, KindCookie, KindMeta, KindInput:
		return true
	}
	return false
}

// PackageKinds are what a package gives, its file first.
func PackageKinds() []string {
	return []string{"file", "base64", "name", "size", "guid", "store-guid", "version", "sha256", "sha256-base64", "md5-base64", "display-name", "description"}
}

// A Ref names a value that is put into a request.
type Ref struct {
	JSON bool   // as JSON, not as text
	From string // package, entry, fresh or a step's name
	Kind string // of package, fresh and steps
	Arg  string // a pointer or name
}

// String spells a reference as templates do.
func (r Ref) String() string {
	words := []string{}
	if r.JSON {
		words = append(words, "json")
	}
	words = append(words, r.From)
	for _, w := range []string{r.Kind, r.Arg} {
		if w != "" {
			words = append(words, w)
		}
	}
	return "${" + strings.Join(words, " ") + "}"
}

// A Piece is a literal text, or a reference.
type Piece struct {
	Text string
	Ref  *Ref
}

var partForm = regexp.MustCompile(`^[1-9][0-9]?$`)

var stepForm = regexp.MustCompile(`^(list|update|add|enable|disable)(-[1-9][0-9]?)?$`)

// ParseTemplate reads a template: text with references ${…}; $${ stands for ${.
func ParseTemplate(s string) ([]Piece, error) {
	var found []Piece
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
			found = append(found, Piece{Text: text})
		}
		found = append(found, Piece{Ref: &r})
		text, s = "", s[i+end+1:]
	}
	if text != "" {
		found = append(found, Piece{Text: text})
	}
	return found, nil
}

func parseRef(s string) (Ref, error) {
	var r Ref
	rest, ok := strings.CutPrefix(s, "json ")
	r.JSON = ok
	r.From, rest, _ = strings.Cut(rest, " ")
	bad := fmt.Errorf("nothing is known as ${%.60s}", s)
	switch {
	case r.From == FromEntry:
		r.Arg = rest
		if !strings.HasPrefix(rest, "/") {
			return Ref{}, bad
		}
	case r.From == FromPackage:
		if r.Kind = rest; !slices.Contains(PackageKinds(), rest) {
			return Ref{}, bad
		}
	case r.From == FromFresh:
		if r.Kind = rest; rest != "uuid" && rest != "milliseconds" {
			return Ref{}, bad
		}
	case stepForm.MatchString(r.From):
		r.Kind, r.Arg, _ = strings.Cut(rest, " ")
		if !isAnswerKind(r.Kind) || r.Arg == "" || r.Kind == KindAnswer && r.Arg[0] != '/' || r.Kind == KindPart && !partForm.MatchString(r.Arg) {
			return Ref{}, bad
		}
	default:
		return Ref{}, bad
	}
	return r, nil
}

// WriteTemplate writes pieces as a template.
func WriteTemplate(pieces []Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		if p.Ref != nil {
			b.WriteString(p.Ref.String())
		} else {
			b.WriteString(strings.ReplaceAll(p.Text, "${", "$${"))
		}
	}
	return b.String()
}

// An Upload is the package that a change carries, and what it says of itself.
type Upload struct {
	File   []byte
	Values map[string]string // by PackageKinds, without file
}

func NewUpload(p *pbiviz.Package, name string) *Upload {
	m, file := p.Manifest(), p.File()
	sha, md := sha256.Sum256(file), md5.Sum(file)
	return &Upload{file, map[string]string{
		"base64": base64.StdEncoding.EncodeToString(file), "name": name, "size": strconv.Itoa(len(file)),
		"guid": m.GUID.String(), "store-guid": m.GUID.OrgStore(), "version": m.Version.String(),
		"sha256": hex.EncodeToString(sha[:]), "sha256-base64": base64.StdEncoding.EncodeToString(sha[:]),
		"md5-base64":   base64.StdEncoding.EncodeToString(md[:]),
		"display-name": m.DisplayName, "description": m.Description,
	}}
}

// sources are what references are looked up in.
type sources struct {
	upload  *Upload
	entry   *Node
	answers map[string]*Answer // by step
	now     func() time.Time
}

// resolve finds what a reference stands for: a text, or a JSON leaf.
func (s sources) resolve(r Ref) (*Node, error) {
	var t *Node
	switch r.From {
	case FromPackage:
		if s.upload != nil {
			if text, ok := s.upload.Values[r.Kind]; ok {
				t = &Node{Kind: '"', Text: text}
				if r.JSON && r.Kind == "size" {
					t.Kind = '0'
				}
			}
		}
	case FromEntry:
		if s.entry != nil {
			t = s.entry.At(r.Arg)
		}
	case FromFresh:
		t = &Node{Kind: '"', Text: freshValue(r.Kind, s.now)}
	default:
		if a := s.answers[r.From]; a != nil {
			t = a.Value(r.Kind, r.Arg)
		}
	}
	switch {
	case (t == nil || !t.IsLeaf()) && r.From == FromPackage:
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
func (s sources) fill(template string, encode func(r Ref, t *Node) (string, error)) (string, error) {
	pieces, err := ParseTemplate(template)
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
func plainText(r Ref, t *Node) (string, error) {
	if strings.ContainsFunc(t.Text, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return "", refuse(codeValue, "", "%s has control characters, which nothing is sent with", r)
	}
	return t.Text, nil
}

// anyText keeps every character: in the value of a form's field or a part.
func anyText(_ Ref, t *Node) (string, error) { return t.Text, nil }

func escapePathPart(r Ref, t *Node) (string, error) {
	s, err := plainText(r, t)
	if err == nil && (s == "" || s == "." || s == "..") {
		err = refuse(codeValue, "", "%s is %q, which is no part of an address", r, s)
	}
	return url.PathEscape(s), err
}

func escapeQueryValue(r Ref, t *Node) (string, error) {
	s, err := plainText(r, t)
	return url.QueryEscape(s), err
}

// An Answer is what a step was answered.
type Answer struct {
	URL       *url.URL // that was asked
	Status    int
	Header    http.Header
	MediaType string // media type
	Body      []byte
	JSON      *Node
}

// Value finds a value in an answer; nil where it is not there.
func (a *Answer) Value(kind, arg string) *Node {
	str := func(s string, ok bool) *Node {
		if !ok || s == "" {
			return nil
		}
		return &Node{Kind: '"', Text: s}
	}
	switch kind {
	case KindAnswer:
		if a.JSON == nil {
			return nil
		}
		return a.JSON.At(arg)
	case KindHeader:
		return str(a.Header.Get(arg), true)
	case KindPart:
		parts := a.LocationParts()
		n, err := strconv.Atoi(arg)
		if err != nil || n < 1 || n > len(parts) {
			return nil
		}
		return str(parts[n-1], true)
	case KindCookie:
		s, ok := a.Cookies()[arg]
		return str(s, ok)
	case KindMeta, KindInput:
		for _, e := range a.Elements() {
			if e.Kind == kind && e.Name == arg {
				return str(e.Value, true)
			}
		}
	}
	return nil
}

// LocationParts are the parts of the path of the header Location, which often
// names something that was made by its id.
func (a *Answer) LocationParts() []string {
	u, err := url.Parse(a.Header.Get("Location"))
	if err != nil || u.Path == "" {
		return nil
	}
	return strings.Split(strings.TrimPrefix(u.Path, "/"), "/")
}

// Cookies are those that an answer sets, by name.
func (a *Answer) Cookies() map[string]string {
	set := map[string]string{}
	for _, line := range a.Header.Values("Set-Cookie") {
		first, _, _ := strings.Cut(line, ";")
		if name, value, ok := strings.Cut(first, "="); ok {
			set[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return set
}

type Element struct{ Kind, Name, Value string }

const maxElements = 10_000

// Elements are an HTML page's meta and input elements that have a name and a value.
func (a *Answer) Elements() []Element {
	if a.MediaType != "text/html" && a.MediaType != "application/xhtml+xml" {
		return nil
	}
	var found []Element
	z := html.NewTokenizer(bytes.NewReader(a.Body))
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
		if t.Data != KindMeta && t.Data != KindInput {
			continue
		}
		attr := map[string]string{}
		for _, at := range t.Attr {
			attr[at.Key] = at.Val
		}
		value := attr["content"]
		if t.Data == KindInput {
			value = attr["value"]
		}
		if attr["name"] != "" && value != "" {
			found = append(found, Element{t.Data, attr["name"], value})
		}
	}
	return found
}
