package pbiviz

import "github.com/go-json-experiment/json/jsontext"

// An inner is what resources/<GUID>.pbiviz.json says.
type inner struct {
	identity
	script       jsontext.Value // content.js, quoted: there, if only empty, as R visuals have it
	code         Code           // the rest of the code
	capabilities Capabilities
}

// readInner reads pbiviz.json in one pass; only the capabilities are looked at
// a second time. What is not named here (assets, style, dependencies,
// visualEntryPoint, toolsVersion, env) is checked to be JSON and no more.
func readInner(entry string, body []byte, l Limits) (*inner, error) {
	d, err := openJSON(entry, body, l.JSONDepth)
	if err != nil {
		return nil, err
	}
	in := &inner{}
	var capabilities jsontext.Value
	err = d.readMembers(func(name string) (err error) {
		switch name {
		case "visual":
			return in.readVisual(d)
		case "author":
			return in.readAuthor(d)
		case "apiVersion":
			return d.readText(&in.apiVersion)
		case "content":
			return in.readContent(d)
		case "capabilities":
			capabilities, err = d.readBounded("capabilities", l)
			return err
		case "stringResources":
			strings, err := d.readBounded("localized strings", l)
			if err == nil && strings.Kind() != 'n' {
				in.code.Strings = []byte(canonicalize(strings))
			}
			return err
		case "externalJS":
			return d.readElements(func() error {
				s, err := d.readPlain()
				in.code.External = append(in.code.External, s)
				return err
			})
		}
		return d.skip()
	})
	if err != nil {
		return nil, err
	}
	if err := d.expectEnd(); err != nil {
		return nil, err
	}
	if in.script == nil {
		return nil, refuse(pkgJSON, "%s has no script (content.js)", quote(entry))
	}
	if capabilities.Kind() != '{' {
		return nil, refuse(pkgJSON, "%s has no capabilities", quote(entry))
	}
	in.capabilities, err = readCapabilities(entry, capabilities, l)
	return in, err
}

// readContent reads what the visual runs. The CSS and the icon may be missing.
func (in *inner) readContent(d *document) error {
	return d.readMembers(func(name string) (err error) {
		switch name {
		case "js":
			in.script, err = d.readQuoted()
			return err
		case "css":
			return d.readOptionalBytes(&in.code.Style)
		case "iconBase64":
			return d.readOptionalBytes(&in.code.Icon)
		}
		return d.skip()
	})
}

// readOptionalBytes reads a string or null.
func (d *document) readOptionalBytes(into *[]byte) error {
	if d.dec.PeekKind() == 'n' {
		return d.skip()
	}
	v, err := d.readQuoted()
	if err == nil {
		*into = unquote(v)
	}
	return err
}

// readBounded reads a value that will be kept in a second form.
func (d *document) readBounded(what string, l Limits) (jsontext.Value, error) {
	v, err := d.readRaw()
	if err != nil {
		return nil, err
	}
	if int64(len(v)) > l.CapabilitiesSize {
		return nil, refuse(pkgJSON, "the %s have %d bytes; at most %d are allowed", what, len(v), l.CapabilitiesSize)
	}
	return v, nil
}

// readPlain reads a string as its text and any other value as canonical JSON.
func (d *document) readPlain() (s string, err error) {
	if d.dec.PeekKind() == '"' {
		err = d.readText(&s)
		return s, err
	}
	return d.readCanonical()
}
