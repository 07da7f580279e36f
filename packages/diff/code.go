package diff

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/packages/pbiviz"
)

// manifestEntry is where both generations describe the package, and innerEntry
// what the name of the new generation's other entry ends with, after the GUID.
const (
	manifestEntry = "package.json"
	innerEntry    = "pbiviz.json"
)

// compareCode compares what runs, then everything that nothing else here has compared:
// nothing may differ unseen.
func (c *comparison) compareCode() {
	x, y := c.from.Code(), c.to.Code()
	if !bytes.Equal(x.Script, y.Script) {
		c.raiseClass(Code)
		c.addNote("diff.script", "the script changed (%d bytes, then %d)", len(x.Script), len(y.Script))
	}
	if !bytes.Equal(x.Style, y.Style) {
		c.raiseClass(Code)
		c.addNote("diff.style", "the style changed (%d bytes, then %d)", len(x.Style), len(y.Style))
	}
	if !slices.Equal(x.External, y.External) {
		c.raiseClass(Code)
		c.addNote("diff.external", "the list of external scripts changed (%d, then %d)", len(x.External), len(y.External))
	}
	if c.from.Manifest().Generation != c.to.Manifest().Generation {
		c.raiseClass(Code) // entries cannot be paired, and that is enough to know
		return
	}
	c.compareEntries()
}

// compareEntries compares every entry but the statement's, paired by name and by what
// each is for.
func (c *comparison) compareEntries() {
	x, y := partsOf(c.from), partsOf(c.to)
	for _, name := range sortedUnion(x, y) {
		before, had := x[name]
		after, has := y[name]
		switch {
		case had && has && before.use != after.use:
			c.reportEntry(name, "is used for something else")
		case had && has && bytes.Equal(before.body, after.body):
		case !had:
			c.reportPart(name, after, changeVerb(had, has))
		case before.use == document && has:
			c.compareMembers(name, "", before.body, after.body)
		default:
			c.reportPart(name, before, changeVerb(had, has))
		}
	}
}

func (c *comparison) reportPart(name string, p part, what string) {
	switch p.use {
	case comparedAsCode:
	case picture:
		c.addNote("diff.picture", "picture %s %s", quote(name), what)
	default:
		c.reportEntry(name, what)
	}
}

func (c *comparison) reportEntry(name, what string) {
	c.raiseClass(Code)
	c.addNote("diff.entry", "entry %s %s", quote(name), what)
}

// A use says what an entry is for.
type use int

const (
	unknown        use = iota
	document           // package.json or pbiviz.json, whose members are compared
	comparedAsCode     // script, style or icon of the old generation, compared already
	picture            // another picture of the old generation
)

// A part is one entry and its use.
type part struct {
	use  use
	body []byte
}

// partsOf lists a package's entries by name, without the statement. The
// pbiviz.json goes by a name of its own: its entry's name has the GUID in it,
// and the two packages' GUIDs may differ.
func partsOf(p *pbiviz.Package) map[string]part {
	uses := map[string]use{manifestEntry: document}
	inner := "resources/" + p.Manifest().GUID.String() + "." + innerEntry
	if p.Manifest().Generation == pbiviz.New {
		uses[inner] = document
	} else {
		addOldUses(uses, p)
	}
	found := map[string]part{}
	for _, e := range p.Entries() {
		name := e.Name
		body, _ := p.Entry(name)
		switch {
		case name == pbiviz.StatementEntry:
			continue
		case name == inner && uses[name] == document:
			name = innerEntry
		}
		found[name] = part{uses[e.Name], body}
	}
	return found
}

// addOldUses finds out what the entries of an old package are for. Where
// package.json is not clear, the use stays unknown, which counts as code.
func addOldUses(uses map[string]use, p *pbiviz.Package) {
	type reference struct {
		ID string `json:"resourceId"`
	}
	var m struct {
		Resources []struct {
			ID   string `json:"resourceId"`
			File string `json:"file"`
		} `json:"resources"`
		Code   map[string]reference `json:"code"`
		Images map[string]reference `json:"images"`
	}
	body, _ := p.Entry(manifestEntry)
	if err := json.Unmarshal(body, &m); err != nil {
		return
	}
	files := map[string]string{}
	for _, r := range m.Resources {
		files[r.ID] = r.File
	}
	for _, image := range m.Images {
		uses[files[image.ID]] = picture
	}
	uses[files[cmp.Or(m.Images["icon"].ID, m.Images["logo"].ID)]] = comparedAsCode
	for kind, code := range m.Code { // last: what is code as well as a picture is code
		uses[files[code.ID]] = unknown
		if kind == "javaScript" || kind == "css" {
			uses[files[code.ID]] = comparedAsCode
		}
	}
	uses[manifestEntry] = document
}
