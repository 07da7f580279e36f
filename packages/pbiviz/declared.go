package pbiviz

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// readCapabilities reads the capabilities of a pbiviz.json into types. What has
// an unexpected shape is kept as canonical JSON where it can be compared; a
// privilege that cannot be read is refused, never overlooked.
func readCapabilities(entry string, v jsontext.Value, l Limits) (Capabilities, error) {
	var c Capabilities
	d, err := openJSON(entry, v, l.JSONDepth)
	if err != nil {
		return c, err
	}
	err = d.readMembers(func(name string) error {
		kind := d.dec.PeekKind()
		switch {
		case name == "dataRoles" && kind == '[':
			return d.readElements(func() error { return c.readRole(d) })
		case name == "dataViewMappings" && kind == '[':
			return d.readElements(func() error { return c.readMapping(d) })
		case name == "objects" && kind == '{':
			return d.readPairs(func(name string) error { return c.readObject(d, name) })
		case name == "privileges" && kind == '[':
			return d.readElements(func() error { return c.readPrivilege(d) })
		case name == "privileges" && kind != 'n':
			return refuse(pkgJSON, "in %s, the privileges are not a list", quote(entry))
		}
		return c.readOther(d, name)
	})
	if err != nil {
		return Capabilities{}, err
	}
	c.sort()
	return c, d.expectEnd()
}

// sort orders by name; equal names, which the schema forbids and some file may
// have, by everything else, so that the order in the file never counts.
func (c *Capabilities) sort() {
	slices.SortFunc(c.Roles, func(a, b Role) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.DisplayName, b.DisplayName),
			cmp.Compare(a.Required, b.Required), cmp.Compare(a.Preferred, b.Preferred))
	})
	slices.SortFunc(c.Objects, func(a, b Object) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Privileges, func(a, b Privilege) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), slices.Compare(a.Parameters, b.Parameters),
			cmp.Compare(strconv.FormatBool(a.Essential), strconv.FormatBool(b.Essential)))
	})
}

func (c *Capabilities) readOther(d *document, name string) error {
	v, err := d.readCanonical()
	if err != nil || v == "null" {
		return err
	}
	if c.Others == nil {
		c.Others = map[string]string{}
	}
	c.Others[name] = v
	return nil
}

func (c *Capabilities) readRole(d *document) error {
	var r Role
	err := d.readMembers(func(name string) (err error) {
		switch name {
		case "name":
			r.Name, err = d.readPlain()
		case "displayName":
			err = d.readText(&r.DisplayName)
		case "kind":
			r.Kind, err = d.readPlain()
		case "requiredTypes":
			r.Required, err = d.readCanonical()
		case "preferredTypes":
			r.Preferred, err = d.readCanonical()
		default:
			err = d.skip()
		}
		return err
	})
	// Old files hold the numbers of the API's enumeration.
	switch r.Kind {
	case "0":
		r.Kind = "Grouping"
	case "1":
		r.Kind = "Measure"
	case "2":
		r.Kind = "GroupingOrMeasure"
	}
	c.Roles = append(c.Roles, r)
	return err
}

func (c *Capabilities) readObject(d *document, name string) error {
	o := Object{Name: name}
	err := d.readMembers(func(name string) error {
		switch name {
		case "displayName":
			return d.readText(&o.DisplayName)
		case "properties":
			return d.readPairs(func(name string) error { return o.readProperty(d, name) })
		}
		return d.skip()
	})
	slices.SortFunc(o.Properties, func(a, b Property) int { return cmp.Compare(a.Name, b.Name) })
	c.Objects = append(c.Objects, o)
	return err
}

func (o *Object) readProperty(d *document, name string) error {
	p := Property{Name: name}
	err := d.readMembers(func(name string) (err error) {
		if name != "type" {
			return d.skip()
		}
		p.Type, err = d.readCanonical()
		return err
	})
	o.Properties = append(o.Properties, p)
	return err
}

func (c *Capabilities) readPrivilege(d *document) error {
	var p Privilege
	if d.dec.PeekKind() != '{' {
		return refuse(pkgJSON, "in %s, a privilege is not an object", quote(d.name))
	}
	err := d.readMembers(func(name string) (err error) {
		switch name {
		case "name":
			err = d.requireText(&p.Name)
		case "essential":
			p.Essential = d.dec.PeekKind() == 't'
			err = d.skip()
		case "parameters":
			err = p.readParameters(d)
		default:
			err = d.skip()
		}
		return err
	})
	if err == nil && p.Name == "" {
		return refuse(pkgJSON, "in %s, a privilege has no name", quote(d.name))
	}
	slices.Sort(p.Parameters)
	p.Parameters = slices.Compact(p.Parameters)
	c.Privileges = append(c.Privileges, p)
	return err
}

// readParameters reads a list of URLs, the object of AADAuthentication (cloud to
// audience, each member as {"COM":"…"}), or a single value.
func (p *Privilege) readParameters(d *document) error {
	add := func() error {
		s, err := d.readPlain()
		p.Parameters = append(p.Parameters, s)
		return err
	}
	switch d.dec.PeekKind() {
	case '[':
		return d.readElements(add)
	case '{':
		return d.readPairs(func(name string) error {
			v, err := d.readRaw()
			if err != nil {
				return err
			}
			p.Parameters = append(p.Parameters, canonicalize(wrapMember(name, v)))
			return nil
		})
	case 'n':
		return d.skip()
	}
	return add()
}

func (c *Capabilities) readMapping(d *document) error {
	var m Mapping
	if d.dec.PeekKind() != '{' {
		v, err := d.readCanonical()
		c.Mappings = append(c.Mappings, Mapping{Rest: v})
		return err
	}
	rest := []byte{'{'}
	err := d.readMembers(func(name string) error {
		v, err := d.readRaw()
		if err != nil {
			return err
		}
		if name == "conditions" {
			var ok bool
			if m.Conditions, ok = readConditions(v); ok {
				return nil
			}
		}
		if len(rest) > 1 {
			rest = append(rest, ',')
		}
		member := wrapMember(name, v)
		rest = append(rest, member[1:len(member)-1]...)
		return nil
	})
	m.Rest = canonicalize(append(rest, '}'))
	c.Mappings = append(c.Mappings, m)
	return err
}

// wrapMember makes {"name": v}.
func wrapMember(name string, v jsontext.Value) jsontext.Value {
	out, err := jsontext.AppendQuote([]byte{'{'}, name)
	if err != nil {
		return v // the name came from valid JSON, so it can be quoted
	}
	out = append(append(out, ':'), v...)
	return append(out, '}')
}

// readConditions reads a list of objects, role to {min, max}. Any other shape
// is not ok, and stays in the mapping's Rest.
func readConditions(v jsontext.Value) (conditions []map[string]Range, ok bool) {
	d, err := openJSON("conditions", v, maxConditionDepth)
	if err != nil || d.dec.PeekKind() != '[' {
		return nil, false
	}
	ok = true
	err = d.readElements(func() error {
		ok = ok && d.dec.PeekKind() == '{'
		condition := map[string]Range{}
		err := d.readPairs(func(role string) error {
			r, known, err := d.readRange()
			ok = ok && known
			condition[role] = r
			return err
		})
		conditions = append(conditions, condition)
		return err
	})
	if err != nil || !ok {
		return nil, false
	}
	return conditions, true
}

// maxConditionDepth: a list of objects of objects of numbers, and no more.
const maxConditionDepth = 3

// readRange reads {min, max}, both optional, whole numbers.
func (d *document) readRange() (r Range, ok bool, err error) {
	ok = d.dec.PeekKind() == '{'
	err = d.readMembers(func(name string) error {
		v, err := d.readRaw()
		if err != nil {
			return err
		}
		if v.Kind() == 'n' {
			return nil
		}
		n, fault := strconv.Atoi(canonicalize(v))
		switch {
		case name == "min" && fault == nil:
			r.Min = &n
		case name == "max" && fault == nil:
			r.Max = &n
		default:
			ok = false
		}
		return nil
	})
	return r, ok, err
}
