package pbiviz

import (
	"cmp"

	"github.com/orgstore/orgstore/packages/visual"
)

const manifestEntry = "package.json"

// An identity is the "visual" object, which package.json and pbiviz.json both have.
type identity struct {
	guid, version                       string
	name, displayName, description      string
	className, supportURL, sourceURL    string
	authorName, authorEmail, apiVersion string
}

// A listing is what package.json says.
type listing struct {
	identity
	resources map[string]string // resource id to entry name
	metadata  string            // resource id of pbiviz.json; new generation
	script    string            // resource ids; old generation
	style     string
	images    map[string]string
	isNew     bool
	isOld     bool
}

func readListing(body []byte, l Limits) (*listing, error) {
	if int64(len(body)) > l.ManifestSize {
		return nil, refuse(pkgJSON, "package.json has %d bytes; at most %d are allowed", len(body), l.ManifestSize)
	}
	d, err := openJSON(manifestEntry, body, l.JSONDepth)
	if err != nil {
		return nil, err
	}
	m := &listing{resources: map[string]string{}, images: map[string]string{}}
	err = d.readMembers(func(name string) error {
		switch name {
		case "visual":
			return m.readVisual(d)
		case "author":
			return m.readAuthor(d)
		case "resources":
			return d.readElements(func() error { return m.readResource(d) })
		case "metadata":
			m.isNew = d.dec.PeekKind() == '{'
			return d.readMembers(func(name string) error {
				if name != "pbivizjson" {
					return d.skip()
				}
				return readReference(d, &m.metadata)
			})
		case "code":
			m.isOld = d.dec.PeekKind() == '{'
			return m.readCode(d)
		case "images":
			return m.readImages(d)
		}
		return d.skip() // the top-level version too: it often differs from the visual's
	})
	if err != nil {
		return nil, err
	}
	return m, d.expectEnd()
}

func (v *identity) readVisual(d *document) error {
	return d.readMembers(func(name string) error {
		switch name {
		case "guid":
			return d.requireText(&v.guid)
		case "version":
			return d.requireText(&v.version)
		case "name":
			return d.readText(&v.name)
		case "displayName":
			return d.readText(&v.displayName)
		case "description":
			return d.readText(&v.description)
		case "visualClassName":
			return d.readText(&v.className)
		case "supportUrl":
			return d.readText(&v.supportURL)
		case "gitHubUrl", "githubUrl":
			return d.readText(&v.sourceURL)
		}
		return d.skip()
	})
}

func (v *identity) readAuthor(d *document) error {
	return d.readMembers(func(name string) error {
		switch name {
		case "name":
			return d.readText(&v.authorName)
		case "email":
			return d.readText(&v.authorEmail)
		}
		return d.skip()
	})
}

// readResource reads one of package.json's resources. Its sourceType is not
// looked at: 5 has meant TypeScript and pbiviz.json.
func (m *listing) readResource(d *document) error {
	var id, file string
	err := d.readMembers(func(name string) error {
		switch name {
		case "resourceId":
			return d.requireText(&id)
		case "file":
			return d.requireText(&file)
		}
		return d.skip()
	})
	if err != nil {
		return err
	}
	if _, ok := m.resources[id]; ok {
		return refuse(pkgJSON, "package.json lists the resource %s twice", quote(id))
	}
	if file == "" {
		return nil
	}
	if fault := nameFault(file); fault != "" {
		return refuse(pkgJSON, "package.json lists a resource outside the package, %s: %s", quote(file), fault)
	}
	m.resources[id] = file
	return nil
}

// readReference reads {"resourceId": id}.
func readReference(d *document, id *string) error {
	return d.readMembers(func(name string) error {
		if name != "resourceId" {
			return d.skip()
		}
		return d.requireText(id)
	})
}

func (m *listing) readCode(d *document) error {
	return d.readMembers(func(name string) error {
		switch name {
		case "javaScript":
			return readReference(d, &m.script)
		case "css":
			return readReference(d, &m.style)
		}
		return d.skip()
	})
}

func (m *listing) readImages(d *document) error {
	return d.readMembers(func(name string) error {
		if d.dec.PeekKind() != '{' {
			return d.skip() // screenshots are a list, and nothing of the visual's
		}
		var id string
		if err := readReference(d, &id); err != nil {
			return err
		}
		m.images[name] = id
		return nil
	})
}

// findGeneration says how the package's content is found.
func (m *listing) findGeneration() (Generation, error) {
	switch {
	case m.isNew && m.isOld:
		return "", refuse(pkgJSON, "package.json names the visual's code twice, as metadata and as code")
	case m.isNew:
		return New, nil
	case m.isOld:
		return Old, nil
	}
	return "", refuse(pkgJSON, "package.json does not say where the visual's code is: it has neither metadata nor code")
}

// parseManifest checks what identifies the package and returns it as types.
func (m *listing) parseManifest() (Manifest, error) {
	guid, err := visual.ParseGUID(m.guid)
	if err != nil {
		return Manifest{}, refuse(pkgGUID, "package.json does not identify the visual: %v", err)
	}
	version, err := visual.ParseVersion(m.version)
	if err != nil {
		return Manifest{}, refuse(pkgVersionForm, "package.json does not say which version this is: %v", err)
	}
	return Manifest{
		GUID: guid, Version: version,
		Name: m.name, DisplayName: m.displayName, Description: m.description, ClassName: m.className,
		AuthorName: m.authorName, AuthorEmail: m.authorEmail,
		SupportURL: m.supportURL, SourceURL: m.sourceURL,
	}, nil
}

// fillFrom takes from pbiviz.json what package.json leaves out.
func (m *Manifest) fillFrom(inner *identity) {
	m.Name = cmp.Or(m.Name, inner.name)
	m.DisplayName = cmp.Or(m.DisplayName, inner.displayName)
	m.Description = cmp.Or(m.Description, inner.description)
	m.ClassName = cmp.Or(m.ClassName, inner.className)
	m.AuthorName = cmp.Or(m.AuthorName, inner.authorName)
	m.AuthorEmail = cmp.Or(m.AuthorEmail, inner.authorEmail)
	m.SupportURL = cmp.Or(m.SupportURL, inner.supportURL)
	m.SourceURL = cmp.Or(m.SourceURL, inner.sourceURL)
	m.APIVersion = inner.apiVersion
}
