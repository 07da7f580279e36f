package recorded

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
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
	tree       *Node // of a JSON answer
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
	x.answerType = ParseMediaType(cmp.Or(x.answered.Get("Content-Type"), r.Content.Type))
	if IsJSON(x.answerType) && len(x.answer) <= maxAnswer {
		x.tree = ParseJSON(x.answer)
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

// A part is one part of a multipart body.
type part struct {
	name, file, kind string
	isFile           bool
	value            string // garbled in many recordings, where it is a file
}

// parts reads a multipart body as far as a browser kept it.
func (x *exchange) parts() []part {
	if len(x.body) == 0 {
		var found []part
		for _, p := range x.params {
			found = append(found, part{name: p.Name, file: p.FileName, kind: p.Type, isFile: p.FileName != "", value: p.Value})
		}
		return found
	}
	_, params, err := mime.ParseMediaType(x.bodyType)
	boundary := params["boundary"]
	if err != nil || boundary == "" {
		line, _, _ := bytes.Cut(x.body, []byte("\n"))
		boundary = strings.TrimPrefix(strings.TrimSpace(string(line)), "--")
	}
	if boundary == "" {
		return nil
	}
	var found []part
	for i, text := range strings.Split("\r\n"+string(x.body), "\n--"+boundary) {
		if i == 0 || strings.HasPrefix(text, "--") {
			continue
		}
		if p, ok := readPart(text); ok {
			found = append(found, p)
		}
	}
	return found
}

func readPart(text string) (part, bool) {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "\r"), "\n")
	head, value, ok := strings.Cut(text, "\r\n\r\n")
	if !ok {
		if head, value, ok = strings.Cut(text, "\n\n"); !ok {
			head = text
		}
	}
	var p part
	for line := range strings.SplitSeq(head, "\n") {
		name, v, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch strings.ToLower(name) {
		case "content-disposition":
			_, params, err := mime.ParseMediaType(strings.TrimSpace(v))
			if err != nil {
				return part{}, false
			}
			p.name = params["name"]
			p.file, p.isFile = params["filename"]
		case "content-type":
			p.kind = strings.TrimSpace(v)
		}
	}
	p.value = strings.TrimSuffix(value, "\r")
	return p, p.name != "" || p.isFile
}
