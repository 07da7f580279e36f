package diff

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// A meaning says what a difference in a member of package.json or pbiviz.json
// amounts to.
type meaning int

const (
	// codeMember: what runs, or nobody knows; the meaning of all members not listed.
	codeMember meaning = iota
	// label: what people read and see, or how the package came about.
	label
	// comparedElsewhere: compared elsewhere, in the form in which package pbiviz reads it.
	comparedElsewhere
	// capability: capabilities; what package pbiviz reads of them is compared elsewhere.
	capability
	// nestedObject: an object whose members have meanings of their own.
	nestedObject
)

// meaningOf lists the known members of both entries by JSON pointer. The class
// name is not among the labels: it says which part of the script is started.
func meaningOf(entry string, at jsontext.Pointer) meaning {
	switch at {
	case "/visual":
		return nestedObject
	case "/visual/name", "/visual/displayName", "/visual/guid", "/visual/version", "/visual/description",
		"/visual/supportUrl", "/visual/gitHubUrl", "/visual/githubUrl", "/version", "/author":
		return label
	}
	if entry == manifestEntry {
		return manifestMeaning(at)
	}
	return innerMeaning(at)
}

func manifestMeaning(at jsontext.Pointer) meaning {
	switch at {
	case "/licenseTerms", "/privacyTerms", "/images", "/build", "/buildEnvironment":
		return label
	}
	return codeMember
}

func innerMeaning(at jsontext.Pointer) meaning {
	switch at {
	case "/content":
		return nestedObject
	case "/content/iconBase64", "/assets", "/style", "/stringResources", "/toolsVersion", "/env":
		return label
	case "/content/js", "/content/css", "/externalJS", "/apiVersion":
		return comparedElsewhere
	case "/capabilities":
		return capability
	}
	return codeMember
}

// compareMembers compares two versions of a JSON entry, or of the object at a pointer
// in it, member by member.
func (c *comparison) compareMembers(entry string, at jsontext.Pointer, before, after []byte) {
	x, ok := readMembers(before)
	y, also := readMembers(after)
	if !ok || !also {
		c.reportMember(entry, at, codeMember, changeVerb(true, true))
		return
	}
	for _, name := range sortedUnion(x, y) {
		before, had := x[name]
		after, has := y[name]
		here := at.AppendToken(name)
		switch m := meaningOf(entry, here); {
		case m == label, m == comparedElsewhere:
		case had && has && bytes.Equal(before, after):
		case m == nestedObject && had && has:
			c.compareMembers(entry, here, before, after)
		case had && has && equalJSON(before, after):
		default:
			c.reportMember(entry, here, m, changeVerb(had, has))
		}
	}
}

func (c *comparison) reportMember(entry string, at jsontext.Pointer, m meaning, what string) {
	switch {
	case m == capability && c.capabilitiesDiffer: // said already, in more words
	case m == capability:
		c.raiseClass(Capabilities)
		c.addNote("diff.capabilities", "the capabilities changed, in labels or in members that no report relies on")
	default:
		c.raiseClass(Code)
		c.addNote("diff.member", "member %s of %s %s", quote(string(at)), entry, what)
	}
}

// readMembers reads an object's members, as slices of text. Not ok: text is not
// an object.
func readMembers(text []byte) (members map[string]jsontext.Value, ok bool) {
	d := jsontext.NewDecoder(bytes.NewBuffer(text))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, false
	}
	members = map[string]jsontext.Value{}
	for d.PeekKind() == '"' {
		t, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		name := t.String()
		v, err := d.ReadValue()
		if err != nil {
			return nil, false
		}
		// The decoder may reuse what it returned; the text stays.
		end := d.InputOffset()
		members[name] = jsontext.Value(text[end-int64(len(v)) : end])
	}
	t, err := d.ReadToken()
	return members, err == nil && t.Kind() == '}'
}

// equalJSON says whether two values are the same apart from spaces, spelling
// and the order of members.
func equalJSON(a, b jsontext.Value) bool {
	x, y := slices.Clone(a), slices.Clone(b)
	return x.Canonicalize() == nil && y.Canonicalize() == nil && bytes.Equal(x, y)
}
