// Package visual names custom visuals: the GUID that identifies one for life,
// the version its vendor gave it, the digest of one package file, and the
// release (version and digest) that tells two packages of one version apart.
//
// It knows nothing of files, clocks, tenants or licenses.
package visual

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// OrgStoreSuffix is what reports append to the GUID of a visual that the
// Organizational Store serves from a file.
const OrgStoreSuffix = "_OrgStore"

// maxGUID bounds a GUID's length, in bytes. The longest seen in public
// packages has 67; names of files and columns are made from it.
const maxGUID = 128

// A GUID identifies a visual for life. It is not a UUID; it is what Microsoft's
// packager accepts, [A-Za-z0-9_]+, and case counts. The zero GUID names nothing.
type GUID struct{ s string }

// ParseGUID reads a GUID exactly as a package spells it. It refuses the suffix
// _OrgStore, which is a report's way of naming a visual and never a package's.
func ParseGUID(s string) (GUID, error) {
	switch {
	case s == "":
		return GUID{}, errors.New("a visual's GUID is empty")
	case len(s) > maxGUID:
		return GUID{}, fmt.Errorf("a visual's GUID has %d characters; at most %d are allowed", len(s), maxGUID)
	case strings.ContainsFunc(s, isNotGUIDChar):
		return GUID{}, fmt.Errorf("%+q is not a visual's GUID: only letters, digits and _ are allowed", s)
	case strings.HasSuffix(s, OrgStoreSuffix):
		return GUID{}, fmt.Errorf("%+q is how a report names a visual; its GUID ends before %s", s, OrgStoreSuffix)
	}
	return GUID{s}, nil
}

func isNotGUIDChar(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	return !letter && (r < '0' || '9' < r) && r != '_'
}

// ParseName reads what a person or a report calls a visual: its GUID, with or
// without the suffix _OrgStore.
func ParseName(s string) (GUID, error) {
	return ParseGUID(strings.TrimSuffix(s, OrgStoreSuffix))
}

// String returns the GUID as the package spells it.
func (g GUID) String() string { return g.s }

// OrgStore returns the name under which reports load the visual from the
// Organizational Store.
func (g GUID) OrgStore() string { return g.s + OrgStoreSuffix }

// IsZero says whether g names nothing.
func (g GUID) IsZero() bool { return g.s == "" }

// Compare orders GUIDs bytewise.
func (g GUID) Compare(h GUID) int { return strings.Compare(g.s, h.s) }

// MarshalText writes the GUID; the zero GUID is the empty text.
func (g GUID) MarshalText() ([]byte, error) { return []byte(g.s), nil }

// UnmarshalText reads what MarshalText wrote.
func (g *GUID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*g = GUID{}
		return nil
	}
	p, err := ParseGUID(string(b))
	if err != nil {
		return err
	}
	*g = p
	return nil
}

// A Digest is the SHA-256 of a package file, byte for byte as the vendor sent it.
type Digest [sha256.Size]byte

// digestPrefix says which hash a digest's text was made with.
const digestPrefix = "sha256:"

// DigestOf computes the digest of a package file held in memory.
func DigestOf(file []byte) Digest { return sha256.Sum256(file) }

// ParseDigest reads the form String writes: sha256: and 64 lower-case hex digits.
func ParseDigest(s string) (Digest, error) {
	h, ok := strings.CutPrefix(s, digestPrefix)
	if !ok || len(h) != 2*sha256.Size || strings.ToLower(h) != h {
		return Digest{}, fmt.Errorf("%q is not a digest: it must be sha256: and 64 lower-case hex digits", s)
	}
	var d Digest
	if _, err := hex.Decode(d[:], []byte(h)); err != nil {
		return Digest{}, fmt.Errorf("%q is not a digest: %w", s, err)
	}
	return d, nil
}

// String returns sha256: and the digest in lower-case hex.
func (d Digest) String() string { return digestPrefix + d.Hex() }

// Hex returns the digest in lower-case hex, for names of files.
func (d Digest) Hex() string { return hex.EncodeToString(d[:]) }

// Short returns the first twelve hex digits, for people. It identifies nothing.
func (d Digest) Short() string { return d.Hex()[:12] }

// IsZero says whether d is the digest of nothing.
func (d Digest) IsZero() bool { return d == Digest{} }

// Compare orders digests bytewise.
func (d Digest) Compare(e Digest) int { return strings.Compare(string(d[:]), string(e[:])) }

// MarshalText writes the form of String; the zero digest is the empty text.
func (d Digest) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return nil, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (d *Digest) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Digest{}
		return nil
	}
	p, err := ParseDigest(string(b))
	if err != nil {
		return err
	}
	*d = p
	return nil
}

// A Release is one package of a visual. A renewal has the version of what it
// renews and other bytes, so a version alone names nothing.
type Release struct {
	Version Version `json:"version"`
	Digest  Digest  `json:"digest"`
}

// Compare orders releases by version, then by digest.
func (r Release) Compare(s Release) int {
	if c := r.Version.Compare(s.Version); c != 0 {
		return c
	}
	return r.Digest.Compare(s.Digest)
}

// String names a release for people: its version and the start of its digest.
func (r Release) String() string { return fmt.Sprintf("%s (%s)", r.Version, r.Digest.Short()) }
