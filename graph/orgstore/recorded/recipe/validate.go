package recipe

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/jsontree"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/redact"
)

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

func (l List) validate() error {
	pointers := append([]string{l.GUID}, l.Stable...)
	for _, p := range []string{l.Name, l.Version, l.Changed, l.Author} {
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
		if f.JSON != "" && jsontree.Parse([]byte(f.JSON)) == nil {
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
		return refuse(CodeHost, "only Microsoft's hosts that are compiled in are used", "step %s: nothing is sent to %s", s.Name, redact.Host(pieces[0].Text))
	}
	return nil
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
