// Package profile reads the licenses that vendors build into their packages in
// forms of their own. A profile, a small YAML file, says where in a package the
// vendor's key sits, how it is encoded, what its fields mean, how it is signed,
// and whether two packages may be compared without it.
//
// It knows packages and the terms of licenses. It must not know where profiles
// are kept, which of them a tenant trusts or what follows from what they find.
// Keys are secrets: nothing it returns or refuses with holds one.
//
// A license that a profile finds says nothing about the bytes around it: who
// copies a vendor's signed key into another script has a package with a signed
// key. Only a statement bound to the package's content says that the code is
// the vendor's.
package profile

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"path"
	"slices"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/visual"
)

const (
	// Format is the only value of the key profile that is understood.
	Format = 1
	// MaxSize bounds a profile's file, in bytes.
	MaxSize = 64 << 10
	// MaxScript bounds the scripts that are searched, in bytes. The largest
	// public pbiviz.json has 10.6 MB.
	MaxScript = 16 << 20
	// MaxToken and MinToken bound a vendor's key, in bytes. What is shorter
	// could be guessed from its digest, and masking it could hide a word of code.
	MaxToken = 8 << 10
	MinToken = 24
)

// A Profile says how to read one vendor's own license form. Parse makes it.
type Profile struct {
	name      string
	vendor    string
	guids     []visual.GUID // empty: any
	find      place
	decode    []step
	fields    map[string][]string // field to the names on the way to it
	dates     string
	kind      license.Kind
	kinds     map[string]license.Kind
	products  []string
	signature *signature
	masking   *masking

	fingerprint string
}

// Name returns the profile's own name.
func (p Profile) Name() string { return p.name }

// Vendor returns the name of the vendor whose form this is.
func (p Profile) Vendor() string { return p.vendor }

// Visuals lists the visuals that the profile is about; empty where it may be
// tried on all.
func (p Profile) Visuals() []visual.GUID { return slices.Clone(p.guids) }

// Covers says whether the profile is about a visual. One that names no visuals
// may be tried on all.
func (p Profile) Covers(g visual.GUID) bool {
	return len(p.guids) == 0 || slices.Contains(p.guids, g)
}

// Verifies says whether the profile has a key to check signatures with.
func (p Profile) Verifies() bool { return p.signature != nil }

// Masks says whether two packages may be compared without the key.
func (p Profile) Masks() bool { return p.masking != nil }

// Fingerprint returns sha256: and the digest of everything the profile says.
// Comments, quotes and the order of keys do not change it. What was found or
// masked by a profile of another fingerprint is to be found or masked again.
func (p Profile) Fingerprint() string { return p.fingerprint }

func (p Profile) computeFingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "profile %d\n%q %q %q\n", Format, p.name, p.vendor, p.guids)
	fmt.Fprintf(h, "find %q %q %q\n", p.find.entry, p.find.member, p.find.source)
	fmt.Fprintf(h, "decode %q\n", p.decode)
	for _, name := range fieldNames {
		fmt.Fprintf(h, "field %q %q\n", name, p.fields[name])
	}
	fmt.Fprintf(h, "dates %q kind %q kinds %q products %q\n", p.dates, p.kind, p.kinds, p.products)
	if s := p.signature; s != nil {
		fmt.Fprintf(h, "signature %q %q %q %q\n", s.algorithm, s.fingerprint, s.toSignature, s.toCovered)
	}
	if m := p.masking; m != nil {
		fmt.Fprintf(h, "mask %q %d\n", m.alphabet, m.times)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

//go:embed examples/*.yaml
var examples embed.FS

// An Example is a profile that comes with the program.
type Example struct {
	Name string // of the file
	Text []byte
}

// Examples returns the profiles that come with the program, sorted by name. The
// caller owns the bytes.
func Examples() []Example {
	entries, err := examples.ReadDir("examples")
	if err != nil {
		panic(err) // the folder is embedded
	}
	var found []Example
	for _, e := range entries {
		text, err := examples.ReadFile(path.Join("examples", e.Name()))
		if err != nil {
			panic(err)
		}
		found = append(found, Example{e.Name(), text})
	}
	return found
}
