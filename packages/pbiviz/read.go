package pbiviz

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// debugSuffix ends the GUID of a build made for the packager's own server.
const debugSuffix = "_DEBUG"

// packageSuffix ends the names of package files.
const packageSuffix = ".pbiviz"

// innerSuffix ends the name of the entry that holds a new package's code.
const innerSuffix = ".pbiviz.json"

// Read reads a package file. It keeps file and parts of it: the caller must not
// change it afterwards. An error is a *verdict.Refusal whose codes begin with
// zip. or pkg.; it does not name the file, which only the caller knows.
func Read(file []byte, l Limits) (*Package, error) {
	z, err := parseZIP(file, l)
	if err != nil {
		return nil, err
	}
	p := &Package{file: file, digest: visual.DigestOf(file), bodies: make(map[string][]byte, len(z.records))}
	var packer inflater
	for i := range z.records {
		r := &z.records[i]
		body, sum, err := packer.readBody(r)
		if err != nil {
			return nil, err
		}
		if !r.isDir() {
			p.entries = append(p.entries, Entry{Name: r.name, Size: r.size, SHA256: sum})
			p.bodies[r.name] = body
		}
	}
	p.content = contentOf(p.entries)
	if err := p.interpret(l); err != nil {
		return nil, err
	}
	p.manifest.Tier = z.tier
	p.reservations = p.findReservations()
	return p, nil
}

// ReadFrom reads a package from r, which it stops reading one byte behind the
// allowed size. Errors of r itself are returned as they are.
func ReadFrom(r io.Reader, l Limits) (*Package, error) {
	file, err := io.ReadAll(io.LimitReader(r, l.FileSize+1))
	if err != nil {
		return nil, err
	}
	if int64(len(file)) > l.FileSize {
		return nil, refuse(zipLimit, "the file has more than the %d bytes that are allowed", l.FileSize)
	}
	return Read(file, l)
}

// interpret reads what the entries mean.
func (p *Package) interpret(l Limits) error {
	body, ok := p.bodies[manifestEntry]
	if !ok {
		return p.refuseWithoutManifest()
	}
	list, err := readListing(body, l)
	if err != nil {
		return err
	}
	if p.manifest, err = list.parseManifest(); err != nil {
		return err
	}
	if p.manifest.Generation, err = list.findGeneration(); err != nil {
		return err
	}
	if p.manifest.Generation == Old {
		return p.interpretOld(list)
	}
	return p.interpretNew(list, l)
}

// refuseWithoutManifest refuses a ZIP that is no package, and says what it holds instead:
// people send packages inside a ZIP, and zip a folder where they should zip what is in it.
func (p *Package) refuseWithoutManifest() error {
	var packages, folders []string
	for _, e := range p.entries {
		folder, isManifest := strings.CutSuffix(e.Name, "/"+manifestEntry)
		switch {
		case strings.HasSuffix(strings.ToLower(e.Name), packageSuffix):
			packages = append(packages, e.Name)
		case isManifest:
			folders = append(folders, folder)
		}
	}
	switch {
	case len(packages) == 1:
		return refuseNested("unzip it and use that file", "the file is not a package, but a ZIP that holds the package %s", quote(packages[0]))
	case len(packages) > 1:
		return refuseNested("unzip it and use those files", "the file is not a package, but a ZIP that holds %d packages, such as %s", len(packages), quote(packages[0]))
	case len(folders) == 1:
		return refuseNested("zip what is in that folder, not the folder; better, ask the vendor for the file as their packager wrote it",
			"the package is in the folder %s of the ZIP, and Power BI looks for package.json outside of folders", quote(folders[0]))
	case len(folders) > 1:
		return refuseNested("zip what is in one of the folders, not the folders; better, ask the vendor for the files as their packager wrote them",
			"the ZIP holds %d folders with a package, such as %s", len(folders), quote(folders[0]))
	}
	return refuse(pkgJSON, "the package has no package.json, so it is not a visual")
}

// interpretNew reads the one pbiviz.json, and refuses a package whose parts
// name different visuals: nobody can say which of them would run.
func (p *Package) interpretNew(list *listing, l Limits) error {
	entry, body, err := p.findResource(list, list.metadata, "its code (metadata.pbivizjson)")
	if found := cmp.Or(entry, p.otherInner()); found != "" && found != innerEntry(list.guid) {
		return refuse(pkgGUID, "package.json identifies the visual as %s, and its code is in %s instead of %s", list.guid, quote(found), quote(innerEntry(list.guid)))
	}
	if err != nil {
		return err
	}
	in, err := readInner(entry, body, l)
	if err != nil {
		return err
	}
	if in.guid != list.guid {
		return refuse(pkgGUID, "package.json identifies the visual as %s and %s as %s", list.guid, quote(entry), quote(in.guid))
	}
	if in.version != list.version {
		return refuse(pkgInconsistent, "package.json says version %s and %s says %s", quote(list.version), quote(entry), quote(in.version))
	}
	p.manifest.fillFrom(&in.identity)
	p.script, p.code, p.capabilities = in.script, in.code, in.capabilities
	return nil
}

func innerEntry(guid string) string { return "resources/" + guid + innerSuffix }

// otherInner returns an entry that looks like a pbiviz.json, for a package whose
// package.json names none that is there.
func (p *Package) otherInner() string {
	for _, e := range p.entries {
		if strings.HasSuffix(e.Name, innerSuffix) {
			return e.Name
		}
	}
	return ""
}

// interpretOld finds the separate entries. Capabilities were part of the script
// then and cannot be read.
func (p *Package) interpretOld(list *listing) error {
	var err error
	if _, p.code.Script, err = p.findResource(list, list.script, "its code (code.javaScript)"); err != nil {
		return err
	}
	if list.style != "" {
		if _, p.code.Style, err = p.findResource(list, list.style, "its style (code.css)"); err != nil {
			return err
		}
	}
	// Embedding a package in a report drops images: one that is missing is none.
	p.code.Icon = p.bodies[list.resources[cmp.Or(list.images["icon"], list.images["logo"])]]
	return nil
}

// findResource finds the entry of a resource id.
func (p *Package) findResource(list *listing, id, what string) (string, []byte, error) {
	entry, ok := list.resources[id]
	if id == "" || !ok {
		return "", nil, refuse(pkgJSON, "package.json does not list the resource that holds %s", what)
	}
	body, ok := p.bodies[entry]
	if !ok {
		return "", nil, refuse(pkgJSON, "the package has no entry %s, where package.json says %s is", quote(entry), what)
	}
	return entry, body, nil
}

func (p *Package) findReservations() []verdict.Finding {
	var found []verdict.Finding
	if fault := p.manifest.Version.FormFault(); fault != "" {
		found = append(found, reservation(pkgVersionForm, verdict.Reject, "the version %s cannot be installed: %s", quote(p.manifest.Version.String()), fault))
	}
	if guid := p.manifest.GUID.String(); strings.HasSuffix(guid, debugSuffix) {
		found = append(found, reservation(pkgGUID, verdict.Reject, "%s is a debug build, made for its developer's own machine", guid))
	}
	if p.manifest.Tier == Tolerant {
		found = append(found, reservation(zipTolerant, verdict.Review, "the package was zipped again after Microsoft's packager had made it"))
	}
	return found
}

// contentOf computes Go's h1 directory hash (golang.org/x/mod/sumdb/dirhash)
// from sums that are there already.
func contentOf(entries []Entry) Content {
	sorted := slices.SortedFunc(slices.Values(entries), func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	h := sha256.New()
	for _, e := range sorted {
		if e.Name != StatementEntry {
			io.WriteString(h, hex.EncodeToString(e.SHA256[:])+"  "+e.Name+"\n")
		}
	}
	return Content("h1:" + base64.StdEncoding.EncodeToString(h.Sum(nil)))
}
