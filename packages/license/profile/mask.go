package profile

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/mask"
)

// The alphabets of a masked key.
const (
	alphabetURL      = "base64url" // letters, digits, - and _, and dots between
	alphabetStandard = "base64"    // letters, digits, + and /, and = at the end of a part
)

// A masking says how a key may be left out of a comparison.
type masking struct {
	alphabet string
	times    int // how often the key stands in the script
}

// knownMembers are the members of pbiviz.json that mean something to Power BI
// or to its packager. Masking in one of them would hide a change of the visual.
var knownMembers = []string{
	"visual", "apiVersion", "author", "assets", "externalJS", "style", "capabilities", "content",
	"stringResources", "dependencies", "visualEntryPoint", "toolsVersion", "env",
}

// A Masked is the digest of what a package holds without the vendor's key.
type Masked string

// Masked digests what a package holds without the vendor's key. Two packages
// have one Masked only if each holds a key that the profile reads (and
// verifies, if it says how), the same number of times at the same places, and
// if every byte outside of it is equal. Profiles of different fingerprints
// never agree.
//
// In a script a key is the whole interior of one string literal, by the grammar
// of JavaScript, without escapes and of a narrow alphabet: whatever stands
// there, the code around it stays the code around it. What the code does with
// the string cannot be told. A vendor whose script evaluates its key has a
// script that was able to do anything in the package already accepted.
//
// An error is a *verdict.Refusal whose codes begin with profile.
func (p Profile) Masked(pkg *pbiviz.Package) (Masked, error) {
	if p.masking == nil {
		return "", p.refuse(codeMask, "may not be masked: the profile does not say so")
	}
	_, l, err := p.readKey(pkg)
	if err != nil {
		return "", err
	}
	if !p.masking.allows(l.token) || !l.isText || l.isEscaped {
		return "", p.refuse(codeMask, "cannot be masked: it is not one string of the alphabet %s and dots", p.masking.alphabet)
	}
	regions, err := p.maskRegions(pkg, l)
	if err != nil {
		return "", err
	}
	digest, err := mask.Digest(pkg, regions)
	if err != nil {
		return "", p.refuse(codeMask, "cannot be masked: %v", err)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "profile mask 1\n%s\n%s\n", p.fingerprint, digest))
	return Masked("m1:" + base64.StdEncoding.EncodeToString(sum[:])), nil
}

// allows says whether a key is of the alphabet: parts with dots between them,
// none of them empty.
func (m masking) allows(token []byte) bool {
	others := "-_"
	if m.alphabet == alphabetStandard {
		others = "+/"
	}
	for _, part := range bytes.Split(token, []byte(".")) {
		if m.alphabet == alphabetStandard {
			part = bytes.TrimSuffix(bytes.TrimSuffix(part, []byte("=")), []byte("="))
		}
		if len(part) == 0 || slices.ContainsFunc(part, func(c byte) bool {
			return !isAlphanumeric(c) && strings.IndexByte(others, c) < 0
		}) {
			return false
		}
	}
	return true
}

// maskRegions proves where a key may be taken out.
func (p Profile) maskRegions(pkg *pbiviz.Package, l locatedKey) ([]mask.Region, error) {
	switch {
	case len(l.spans) > 0:
		return p.scriptRegions(pkg, l.spans)
	case p.find.entry == "":
		return []mask.Region{l.region}, nil // Parse saw to it that the member is none of Power BI's
	}
	used, err := isInUse(pkg, p.find.entry)
	if err != nil || used {
		return nil, p.refuse(codeMask, "cannot be masked: the visual itself uses the entry")
	}
	return []mask.Region{l.region}, nil
}

func (p Profile) scriptRegions(pkg *pbiviz.Package, spans []span) ([]mask.Region, error) {
	if len(spans) != p.masking.times {
		return nil, p.refuse(codeMask, "cannot be masked: it is there %d times instead of %d", len(spans), p.masking.times)
	}
	literals, err := mask.Literals(pkg.Code().Script, spans[len(spans)-1].end+1)
	if err != nil {
		return nil, p.refuse(codeMask, "cannot be masked: %v", err)
	}
	var regions []mask.Region
	for _, s := range spans {
		if !slices.Contains(literals, mask.Literal{Start: s.start, End: s.end, Plain: true}) {
			return nil, p.refuse(codeMask, "cannot be masked: at byte %d of the script it is not the whole of one string literal", s.start)
		}
		r, err := mask.InScript(pkg, s.start, s.end)
		if err != nil {
			return nil, p.refuse(codeMask, "cannot be masked: %v", err)
		}
		regions = append(regions, r)
	}
	return regions, nil
}

// isInUse says whether a visual uses an entry: as its description or its code, or
// as a resource that package.json lists. Case does not count, since not every
// reader minds it.
func isInUse(pkg *pbiviz.Package, entry string) (bool, error) {
	var m struct {
		Resources []struct {
			File string `json:"file"`
		} `json:"resources"`
	}
	body, _ := pkg.Entry(manifestEntry)
	if err := json.Unmarshal(body, &m); err != nil {
		return true, err
	}
	used := []string{manifestEntry, mask.Inner(pkg)}
	for _, r := range m.Resources {
		used = append(used, r.File)
	}
	return slices.ContainsFunc(used, func(u string) bool { return strings.EqualFold(u, entry) }), nil
}
