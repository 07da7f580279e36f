package engine

import (
	"strings"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/visual"
)

// ArchivedPackage reads a package of the archive, named by the start of its digest or
// as VISUAL@VERSION. It never guesses between several.
func (e *Engine) ArchivedPackage(name string) ([]byte, error) {
	p, err := findPackage(e.Journal.Book(), name)
	if err != nil {
		return nil, err
	}
	return e.archive.Package(p.Package)
}

// minDigest is how many hex digits of a digest must be given to name a package.
const minDigest = 8

// findPackage finds a package of the archive by the start of its digest, or as
// VISUAL@VERSION.
func findPackage(book journal.Book, name string) (journal.Package, error) {
	var found []journal.Package
	hex := strings.TrimPrefix(name, "sha256:")
	g, version, byVersion := strings.Cut(name, "@")
	for _, p := range book.Packages() {
		byDigest := len(hex) >= minDigest && strings.HasPrefix(p.Package.Hex(), hex)
		if byDigest || byVersion && isRelease(p, g, version) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return journal.Package{}, fault.New("package.unknown", "look at `orgstore package list`", "there is no file %s, and no such package in the archive", name)
	}
	var digests []string
	for _, p := range found {
		digests = append(digests, p.Package.Short())
	}
	return journal.Package{}, fault.New("package.ambiguous", "name one by its digest: "+strings.Join(digests, ", "),
		"%s names %s of the archive", name, Count(len(found), "package"))
}

func isRelease(p journal.Package, guid, version string) bool {
	g, errG := visual.ParseName(guid)
	v, errV := visual.ParseVersion(version)
	return errG == nil && errV == nil && p.Manifest.GUID == g && p.Manifest.Version.Equal(v)
}
