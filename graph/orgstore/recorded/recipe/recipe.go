package recipe

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
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
	// Changed is when an entry was last changed, and Author the person whom it names
	// for that, or as its owner.
	Changed string `json:"changed,omitempty"`
	Author  string `json:"author,omitempty"`
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

// StepName names a step: list-1, list-2, list.
func StepName(flow string, i, of int) string {
	if i == of-1 {
		return flow
	}
	return fmt.Sprintf("%s-%d", flow, i+1)
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

// String names a request for people, as the recipe has it: what was filled into
// its places is nobody's to read.
func (s Step) String() string {
	address, _, _ := strings.Cut(s.URL, "?")
	_, rest, whole := strings.Cut(address, "://")
	host, path, _ := strings.Cut(rest, "/")
	if address = redact.Path(address); whole {
		address = host + redact.Path("/"+path)
	}
	return fmt.Sprintf("%s %s (step %s)", s.Method, address, s.Name)
}
