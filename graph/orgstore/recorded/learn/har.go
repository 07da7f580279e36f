package learn

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
)

// The bounds of a recording.
const (
	MaxHAR     = 256 << 20 // bytes of the file
	maxEntries = 20_000
	maxAnswer  = 16 << 20 // bytes of an answer that is read; larger ones are not looked into
)

// A Recording is what a browser sent and got, in the order of time. It holds
// secrets: it is never written anywhere.
type Recording struct{ all []*exchange }

// Len returns the number of requests recorded.
func (r Recording) Len() int { return len(r.all) }

// An exchange is one request and its answer.
type exchange struct {
	at         time.Time
	method     string
	url        *url.URL
	kind       string // the browser's own word, as in xhr or document; may be empty
	header     http.Header
	hasBody    bool
	bodyType   string // media type with its parameters
	body       []byte
	params     []harParam
	bodySize   int64 // -1 where nobody says
	status     int
	answered   http.Header
	answerType string // media type alone
	answer     []byte
	tree       *jsontree.Node // of a JSON answer
}

// The members of HAR 1.2 that matter here; browsers add others, most of which
// begin with _ .
type harFile struct {
	Log struct {
		Version string     `json:"version"`
		Entries []harEntry `json:"entries"`
	} `json:"log"`
}

type harEntry struct {
	Started  string      `json:"startedDateTime"`
	Kind     string      `json:"_resourceType"`
	Request  harRequest  `json:"request"`
	Response harResponse `json:"response"`
}

type harRequest struct {
	Method   string    `json:"method"`
	URL      string    `json:"url"`
	Headers  []harPair `json:"headers"`
	BodySize float64   `json:"bodySize"`
	PostData *struct {
		Type     string     `json:"mimeType"`
		Text     string     `json:"text"`
		Encoding string     `json:"encoding"`
		Params   []harParam `json:"params"`
	} `json:"postData"`
}

type harResponse struct {
	Status  float64   `json:"status"`
	Headers []harPair `json:"headers"`
	Cookies []harPair `json:"cookies"`
	Content struct {
		Type     string `json:"mimeType"`
		Text     string `json:"text"`
		Encoding string `json:"encoding"`
	} `json:"content"`
}

type harPair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type harParam struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	FileName string `json:"fileName"`
	Type     string `json:"contentType"`
}

// ReadHAR reads a recording. What a browser leaves out is left out; an entry
// without an address is passed over.
func ReadHAR(b []byte) (Recording, error) {
	const hint = "in the browser: developer tools, Network, export as HAR; then try again with that file"
	if len(b) > MaxHAR {
		return Recording{}, refuse(codeHAR, "record less: open the page, list, update, save", "the recording has %d bytes; at most %d are allowed", len(b), int64(MaxHAR))
	}
	var f harFile
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	// The error of the decoder may quote the file, and so a secret.
	if err := json.Unmarshal(b, &f, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)); err != nil {
		return Recording{}, refuse(codeHAR, hint, "this is not a recording: not the JSON of a HAR file")
	}
	if !strings.HasPrefix(f.Log.Version, "1.") || len(f.Log.Entries) == 0 {
		return Recording{}, refuse(codeHAR, hint, "this is not a recording: no entries of HAR 1.2 in it")
	}
	if n := len(f.Log.Entries); n > maxEntries {
		return Recording{}, refuse(codeHAR, "record less: open the page, list, update, save", "the recording has %d requests; at most %d are allowed", n, maxEntries)
	}
	var r Recording
	for _, e := range f.Log.Entries {
		if x := e.exchange(); x != nil {
			r.all = append(r.all, x)
		}
	}
	slices.SortStableFunc(r.all, func(a, b *exchange) int { return a.at.Compare(b.at) })
	return r, nil
}

func (e harEntry) exchange() *exchange {
	u, err := url.Parse(e.Request.URL)
	if err != nil || u.Host == "" || e.Request.Method == "" {
		return nil
	}
	at, _ := time.Parse(time.RFC3339Nano, e.Started)
	x := &exchange{
		at: at, method: strings.ToUpper(e.Request.Method), url: u, kind: e.Kind,
		header: headers(e.Request.Headers), answered: headers(e.Response.Headers),
		status: int(e.Response.Status), bodySize: int64(e.Request.BodySize),
	}
	for _, c := range e.Response.Cookies {
		if !slices.ContainsFunc(x.answered.Values("Set-Cookie"), func(s string) bool { return strings.HasPrefix(s, c.Name+"=") }) {
			x.answered.Add("Set-Cookie", c.Name+"="+c.Value)
		}
	}
	x.readBody(e.Request)
	x.readAnswer(e.Response)
	return x
}

func (x *exchange) readBody(r harRequest) {
	x.bodyType = x.header.Get("Content-Type")
	if n, err := strconv.ParseInt(x.header.Get("Content-Length"), 10, 64); err == nil && x.bodySize <= 0 {
		x.bodySize = n
	}
	p := r.PostData
	x.hasBody = p != nil && (p.Text != "" || len(p.Params) > 0) || x.bodySize > 0
	if p == nil {
		return
	}
	x.bodyType, x.params = cmp.Or(x.bodyType, p.Type), p.Params
	x.body = []byte(p.Text)
	if decoded, err := base64.StdEncoding.DecodeString(p.Text); err == nil && strings.EqualFold(p.Encoding, "base64") {
		x.body = decoded
	}
}

func (x *exchange) readAnswer(r harResponse) {
	x.answer = []byte(r.Content.Text)
	if decoded, err := base64.StdEncoding.DecodeString(r.Content.Text); err == nil && strings.EqualFold(r.Content.Encoding, "base64") {
		x.answer = decoded
	}
	x.answerType = recipe.ParseMediaType(cmp.Or(x.answered.Get("Content-Type"), r.Content.Type))
	if recipe.IsJSON(x.answerType) && len(x.answer) <= maxAnswer {
		x.tree = jsontree.Parse(x.answer)
	}
}

// headers keeps what may be a header; HTTP/2's names with a colon are none.
func headers(pairs []harPair) http.Header {
	h := http.Header{}
	for _, p := range pairs {
		if p.Name == "" || strings.HasPrefix(p.Name, ":") {
			continue
		}
		for value := range strings.SplitSeq(p.Value, "\n") { // Chromium joins cookies so
			h.Add(p.Name, value)
		}
	}
	return h
}
