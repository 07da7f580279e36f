package recorded

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// Format is the number of recipes that this package reads and writes.
const Format = 1

// A Recipe says which requests list and change, in the words of the recording
// it was learned from. It holds no secret. It is plain data; Parse and Learn
// make valid ones.
type Recipe struct {
	Cloud    string `json:"cloud"`
	Audience string `json:"audience"` // of the token
	List     List   `json:"list"`
	Update   []Step `json:"update"`
	Add      []Step `json:"add,omitempty"`
	Enable   []Step `json:"enable,omitempty"`
	Disable  []Step `json:"disable,omitempty"`
}

// A List says how to list and how to read the list. Pointers are JSON pointers:
// Entries into the answer, the others into one entry.
type List struct {
	Steps   []Step `json:"steps"` // the last one lists
	Entries string `json:"entries"`
	GUID    string `json:"guid"`
	Suffix  bool   `json:"suffix"` // entries from a file are called GUID_OrgStore
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
	Access  *Flag  `json:"access,omitempty"`
	// Stable are members that name an entry and stay as they are when it is changed.
	Stable []string `json:"stable,omitempty"`
	// File are members that tell entries from a file from others.
	File []Is `json:"file,omitempty"`
}

// A Flag is a member that says whether a visual is enabled, by the JSON text of
// its two values.
type Flag struct {
	At  string `json:"at"`
	On  string `json:"on"`
	Off string `json:"off"`
}

// An Is is a member and the JSON text that it must have.
type Is struct {
	At string `json:"at"`
	Is string `json:"is"`
}

// A Step is one request and the answer that is expected. URL, the values of
// headers and bodies are templates.
type Step struct {
	Name    string `json:"name"`
	Method  string `json:"method"`
	URL     string `json:"url"`
	Token   bool   `json:"token"`             // orgstore's token goes with it
	Storage bool   `json:"storage,omitempty"` // goes to a storage host, which an answer names
	Headers []Pair `json:"headers,omitempty"`
	Body    *Body  `json:"body,omitempty"`
	Expect  Expect `json:"expect"`
}

// A Pair is a header.
type Pair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Body is one of its members.
type Body struct {
	JSON  string  `json:"json,omitempty"`
	Form  []Field `json:"form,omitempty"`
	Parts []Field `json:"parts,omitempty"` // multipart/form-data
	Bytes string  `json:"bytes,omitempty"` // the package's bytes, as this content type
	Empty bool    `json:"empty,omitempty"` // a content of length 0
}

// A Field is a field of a form, or a part: a value, JSON, or the package's file.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
	JSON  string `json:"json,omitempty"`
	File  string `json:"file,omitempty"` // its file name; the bytes are the package's
	Type  string `json:"type,omitempty"` // content type
}

// Expect is the fingerprint of an answer: what is not so stops everything.
type Expect struct {
	Status int      `json:"status"`
	Type   string   `json:"type,omitempty"`  // media type; empty for an answer without content
	Shape  []string `json:"shape,omitempty"` // JSON paths with their types, sorted
}

// Digest returns sha256: and the digest of everything the recipe says. Comments,
// quotes and the order of keys do not change it.
func (r Recipe) Digest() string {
	// Strings, numbers and booleans always encode.
	b, _ := json.Marshal(r, json.Deterministic(true))
	sum := sha256.Sum256(fmt.Appendf(nil, "orgstore recipe %d\n%s", Format, b))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// flows are the recipe's steps by what they are for.
func (r Recipe) flows() []flow {
	all := []flow{{"list", r.List.Steps}, {"update", r.Update}}
	for _, f := range []flow{{"add", r.Add}, {"enable", r.Enable}, {"disable", r.Disable}} {
		if len(f.steps) > 0 {
			all = append(all, f)
		}
	}
	return all
}

type flow struct {
	name  string
	steps []Step
}

// IsLiteralHeader says whether the value of a header may stand in a recipe as it
// is. Names are canonical here.
func IsLiteralHeader(name string) bool {
	switch name {
	case "Accept", "Content-Type", "If-Match", "Prefer", "X-Http-Method-Override", "X-Requested-With", "X-Ms-Blob-Type", "X-Ms-Version":
		return true
	}
	return false
}

// IsReservedHeader says whether a header is one that a recipe can never set.
func IsReservedHeader(name string) bool {
	switch name {
	case "Authorization", "Cookie", "Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Te", "Trailer", "Origin", "Referer", "User-Agent",
		"Accept-Encoding", "Expect":
		return true
	}
	return strings.HasPrefix(name, "Sec-") || strings.HasPrefix(name, "Proxy-")
}

// IsMethod says whether a recipe may use a method.
func IsMethod(name string) bool {
	switch name {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return true
	}
	return false
}

// Validate says what is wrong with a recipe, whoever wrote it, or nothing. It
// holds what a recipe can never do: name a host that is not compiled in, take a
// host from an answer and send a token there, or set a header that is not its own.
func (r Recipe) Validate(h Hosts) error {
	switch {
	case r.Cloud != h.Cloud():
		return refuse(CodeRecipe, "record in the cloud of the settings", "the recipe is for the cloud %.40q, and the settings say %s", r.Cloud, h.Cloud())
	case r.Audience != h.Audience():
		return refuse(CodeRecipe, "", "the recipe's token is for %.80q, which is not the audience of the cloud %s", r.Audience, h.Cloud())
	case len(r.List.Steps) == 0 || len(r.Update) == 0:
		return refuse(CodeRecipe, "", "the recipe says not how to list, or not how to update")
	}
	for _, f := range r.flows() {
		before := map[string]bool{}
		for _, s := range r.List.Steps {
			before[s.Name] = f.name != "list"
		}
		for i, s := range f.steps {
			if s.Name != StepName(f.name, i, len(f.steps)) {
				return refuse(CodeRecipe, "", "the step %.40q must be called %s", s.Name, StepName(f.name, i, len(f.steps)))
			}
			if err := s.validate(h, f.name, before); err != nil {
				return err
			}
			before[s.Name] = true
		}
	}
	return r.List.validate()
}

// StepName names a step: list-1, list-2, list.
func StepName(flow string, i, of int) string {
	if i == of-1 {
		return flow
	}
	return fmt.Sprintf("%s-%d", flow, i+1)
}

func (l List) validate() error {
	pointers := append([]string{l.GUID}, l.Stable...)
	for _, p := range []string{l.Name, l.Version} {
		if p != "" {
			pointers = append(pointers, p)
		}
	}
	for _, is := range l.File {
		pointers = append(pointers, is.At)
	}
	if l.Access != nil {
		pointers = append(pointers, l.Access.At)
		if l.Access.On == l.Access.Off || l.Access.On == "" || l.Access.Off == "" {
			return refuse(CodeRecipe, "", "access has the same value where it is on and where it is off")
		}
	}
	if l.Entries != "" {
		pointers = append(pointers, l.Entries)
	}
	for _, p := range pointers {
		if !strings.HasPrefix(p, "/") {
			return refuse(CodeRecipe, "", "%.60q is not a JSON pointer", p)
		}
	}
	return nil
}

func (s Step) validate(h Hosts, flow string, before map[string]bool) error {
	bad := func(format string, args ...any) error {
		return refuse(CodeRecipe, "record again instead of changing the recipe by hand", "step %s: %s", s.Name, fmt.Sprintf(format, args...))
	}
	if !IsMethod(s.Method) {
		return bad("the method %.20q is not used", s.Method)
	}
	for _, t := range s.Templates() {
		pieces, err := ParseTemplate(t)
		if err != nil {
			return bad("%v", err)
		}
		for _, p := range pieces {
			if err := s.mayRefer(p.Ref, flow, before); err != nil {
				return bad("%v", err)
			}
		}
	}
	if err := s.checkAddress(h); err != nil {
		return err
	}
	for _, p := range s.Headers {
		if err := checkHeader(p); err != nil {
			return bad("%v", err)
		}
	}
	if s.Expect.Status < 200 || s.Expect.Status > 399 {
		return bad("the status %d is not one of success", s.Expect.Status)
	}
	return s.Body.validate(bad)
}

func (b *Body) validate(bad func(string, ...any) error) error {
	if b == nil {
		return nil
	}
	n := 0
	for _, is := range []bool{b.JSON != "", len(b.Form) > 0, len(b.Parts) > 0, b.Bytes != "", b.Empty} {
		if is {
			n++
		}
	}
	if n != 1 {
		return bad("a body is one of json, form, parts, bytes and empty")
	}
	for _, f := range slices.Concat([]Field{{JSON: b.JSON}}, b.Parts, b.Form) {
		if f.JSON != "" && ParseJSON([]byte(f.JSON)) == nil {
			return bad("the body is not JSON")
		}
		if strings.ContainsAny(f.Name+f.Type+b.Bytes, "\r\n\"") {
			return bad("a name or content type has characters that it cannot have")
		}
	}
	return nil
}

// mayRefer says whether a template may refer to a value where it stands.
func (s Step) mayRefer(r *Ref, flow string, before map[string]bool) error {
	switch {
	case r == nil, r.From == FromFresh:
	case r.From == FromPackage:
		if flow == "list" || flow == "enable" || flow == "disable" {
			return fmt.Errorf("%s: no package goes with it", r)
		}
		if r.Kind == "file" {
			return fmt.Errorf("%s: the file goes as bytes or as a part", r)
		}
	case r.From == FromEntry:
		if flow == "list" || flow == "add" {
			return fmt.Errorf("%s: there is no entry yet", r)
		}
	case !before[r.From]:
		return fmt.Errorf("%s: that step comes later or never", r)
	}
	return nil
}

// Templates are all templates of a step.
func (s Step) Templates() []string {
	all := []string{s.URL}
	for _, p := range s.Headers {
		all = append(all, p.Value)
	}
	if b := s.Body; b != nil {
		all = append(all, b.JSON)
		for _, f := range slices.Concat(b.Form, b.Parts) {
			all = append(all, f.Value, f.JSON, f.File)
		}
	}
	return all
}

// checkAddress holds a step's address against the hosts. An address that an
// answer gives is checked when it is known.
func (s Step) checkAddress(h Hosts) error {
	pieces, _ := ParseTemplate(s.URL)
	if len(pieces) == 0 {
		return refuse(CodeHost, "", "step %s has no address", s.Name)
	}
	if r := pieces[0].Ref; r != nil {
		switch {
		case !stepForm.MatchString(r.From):
			return refuse(CodeHost, "", "step %s: an address can only come from an answer", s.Name)
		case s.Storage && s.Token:
			return refuse(CodeHost, "", "step %s: no token is sent to a storage host", s.Name)
		case len(pieces) > 1 && !strings.HasPrefix(pieces[1].Text, "?") && !strings.HasPrefix(pieces[1].Text, "&") && !strings.HasPrefix(pieces[1].Text, "/"):
			return refuse(CodeHost, "", "step %s: what follows the address must begin with ?, & or /", s.Name)
		}
		return nil
	}
	_, rest, _ := strings.Cut(pieces[0].Text, "://")
	if s.Storage || !strings.Contains(rest, "/") {
		return refuse(CodeHost, "", "step %s: its host must be written out, with a path", s.Name)
	}
	u, err := url.Parse(pieces[0].Text)
	if err != nil || h.KindOf(u) != ServiceHost || u.Fragment != "" {
		return refuse(CodeHost, "only Microsoft's hosts that are compiled in are used", "step %s: nothing is sent to %s", s.Name, RedactHost(pieces[0].Text))
	}
	return nil
}

// RedactHost is the host in an address, for a message.
func RedactHost(s string) string {
	_, rest, ok := strings.Cut(s, "://")
	if !ok {
		rest = s
	}
	host, _, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = "…@" + host[i+1:]
	}
	return MakePrintable(host)
}

func checkHeader(p Pair) error {
	name := http.CanonicalHeaderKey(p.Name)
	pieces, _ := ParseTemplate(p.Value)
	literal := len(pieces) == 0 || len(pieces) == 1 && pieces[0].Ref == nil
	switch {
	case name == "" || strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}):
		return fmt.Errorf("%.40q is not a header", p.Name)
	case IsReservedHeader(name):
		return fmt.Errorf("the header %s is not a recipe's to set", name)
	case strings.ContainsFunc(p.Value, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("the header %s has control characters", name)
	case literal && !IsLiteralHeader(name):
		return fmt.Errorf("the header %s is sent only with a value that an answer or the list gave", name)
	}
	return nil
}
