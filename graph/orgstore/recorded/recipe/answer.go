package recipe

import (
	"bytes"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
)

func ParseMediaType(s string) string {
	t, _, err := mime.ParseMediaType(s)
	if err != nil {
		t, _, _ = strings.Cut(s, ";")
	}
	return strings.ToLower(strings.TrimSpace(t))
}

func IsJSON(mediaType string) bool {
	return mediaType == "application/json" || mediaType == "text/json" || strings.HasSuffix(mediaType, "+json")
}

func DescribeMediaType(kind string) string {
	if kind == "" {
		return "nothing"
	}
	return redact.Printable(kind)
}

// NewAnswer reads an answer; one without content has no type, whatever it says.
func NewAnswer(u *url.URL, status int, h http.Header, kind string, body []byte) *Answer {
	a := &Answer{URL: u, Status: status, Header: h, Body: body}
	if len(body) > 0 {
		a.MediaType = ParseMediaType(kind)
	}
	if IsJSON(a.MediaType) {
		a.JSON = jsontree.Parse(body)
	}
	return a
}

// An Answer is what a step was answered.
type Answer struct {
	URL       *url.URL // that was asked
	Status    int
	Header    http.Header
	MediaType string // media type
	Body      []byte
	JSON      *jsontree.Node
}

// Value finds a value in an answer; nil where it is not there.
func (a *Answer) Value(kind, arg string) *jsontree.Node {
	str := func(s string, ok bool) *jsontree.Node {
		if !ok || s == "" {
			return nil
		}
		return &jsontree.Node{Kind: '"', Text: s}
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
