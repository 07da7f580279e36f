package license

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/orgstore/orgstore/packages/visual"
)

const (
	// MaxBundle bounds a trust bundle, in bytes.
	MaxBundle = 256 << 10
	// BundleType is the member typ of every trust bundle.
	BundleType = "visual-license-trust"
	// BundleFormat is the only value of its member v that is understood.
	BundleFormat = 1
)

// A Bundle is a vendor's keys, signed by its root keys under the rules of
// TUF's root role: a JSON text in a C2SP signed note. Only ParseBundle and
// Update make one. Anybody can make a bundle that is right in itself: what
// makes it the vendor's is the fingerprint that the tenant pinned.
type Bundle struct {
	text      string // what the root keys signed
	version   int64
	expires   time.Time
	threshold int
	roots     []string // verifier keys, as golang.org/x/mod/sumdb/note writes them
	issuers   []Issuer
}

// An Issuer is one name under which a vendor issues statements.
type Issuer struct {
	Name string // the claim iss
	// GUIDs narrows what the tenant lets the vendor speak for; nil narrows nothing.
	GUIDs []visual.GUID
	Keys  []Key
}

// ParseBundle reads a bundle that is well formed and signed by as many of its
// own root keys as it asks for. A refusal is a *verdict.Refusal with everything
// found wrong.
func ParseBundle(file []byte) (Bundle, error) {
	const subject, hint = "the trust bundle", "get the bundle from the vendor again"
	if len(file) > MaxBundle {
		return Bundle{}, fault(codeTooLarge, "has %d bytes; at most %d are allowed", len(file), MaxBundle).about(subject, hint)
	}
	text, ok := noteText(file)
	if !ok {
		return Bundle{}, fault(codeTrustForm, "is not a signed note: a text, an empty line and signatures").about(subject, hint)
	}
	b, f := parseBundle(text)
	if len(f) == 0 {
		f = append(f, b.checkSignatures(file, b)...)
	}
	if len(f) > 0 {
		return Bundle{}, f.about(subject, hint)
	}
	return b, nil
}

// ParsePinned reads the bundle that the tenant pinned: one whose fingerprint is
// another is refused, however well it is signed.
func ParsePinned(file []byte, fingerprint string) (Bundle, error) {
	b, err := ParseBundle(file)
	if err != nil {
		return Bundle{}, err
	}
	if got := b.Fingerprint(); got != fingerprint {
		return Bundle{}, fault(codeFingerprint, "has the fingerprint %s, not %+q as pinned", got, fingerprint).
			about("the trust bundle", "compare both with what the vendor tells you on another way, then correct the fingerprint or the file")
	}
	return b, nil
}

// noteText returns the signed text of a note without believing any signature:
// its keys are inside it.
func noteText(file []byte) (string, bool) {
	_, err := note.Open(file, note.VerifierList())
	unverified, ok := err.(*note.UnverifiedNoteError)
	if !ok {
		return "", false
	}
	return unverified.Note.Text, true
}

// checkSignatures counts the root keys of b that signed a file whose text is next's.
// A key counts once, however often it signed.
func (b Bundle) checkSignatures(file []byte, next Bundle) faults {
	var list []note.Verifier
	for _, r := range b.roots {
		v, err := note.NewVerifier(r)
		if err != nil {
			return fault(codeKeyForm, "has a root key that is no key: %v", err)
		}
		list = append(list, v)
	}
	signatures := 0
	n, err := note.Open(file, note.VerifierList(list...))
	if err == nil && n.Text == next.text {
		signatures = len(n.Sigs)
	}
	if signatures < b.threshold {
		return fault(codeThreshold, "of version %d is not signed by %d of the root keys of version %d",
			next.version, b.threshold, b.version)
	}
	return nil
}

// Update reads the bundle that replaces b: its version is the next one, and the
// root keys of both signed it. Otherwise who stole one vendor key, or kept an
// old bundle, could put the clock back on trust.
func (b Bundle) Update(file []byte) (Bundle, error) {
	next, err := ParseBundle(file)
	if err != nil {
		return Bundle{}, err
	}
	var f faults
	if next.version != b.version+1 {
		f.addWithHint(codeTrustVersion, "add every version in turn",
			"has the version %d; after %d comes %d", next.version, b.version, b.version+1)
	}
	f = append(f, b.checkSignatures(file, next)...)
	if len(f) > 0 {
		return Bundle{}, f.about("the trust bundle", "get the bundle from the vendor again")
	}
	return next, nil
}

// Fingerprint returns sha256: and the hex SHA-256 of the signed text, which
// settings pin. More or fewer signatures under it change nothing.
func (b Bundle) Fingerprint() string {
	sum := sha256.Sum256([]byte(b.text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// IsZero says whether b is no bundle at all.
func (b Bundle) IsZero() bool { return b.text == "" }

// Version returns the bundle's number, which rises by one with each update.
func (b Bundle) Version() int64 { return b.version }

// Expires returns when the vendor should have sent a newer bundle.
func (b Bundle) Expires() time.Time { return b.expires }

// Roots returns the root keys, as verifier keys of golang.org/x/mod/sumdb/note.
func (b Bundle) Roots() []string { return slices.Clone(b.roots) }

// RootsFingerprint returns sha256: and the hex SHA-256 of the root keys, in whatever order
// the bundle lists them: the versions of one set of root keys count together.
func (b Bundle) RootsFingerprint() string {
	sum := sha256.Sum256([]byte(strings.Join(slices.Sorted(slices.Values(b.roots)), "\n")))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Threshold returns how many root keys must sign.
func (b Bundle) Threshold() int { return b.threshold }

// Issuers returns who issues statements with which keys. The caller must not
// change them.
func (b Bundle) Issuers() []Issuer { return b.issuers }

// Key finds a key by its name.
func (b Bundle) Key(kid string) (Issuer, Key, bool) {
	for _, i := range b.issuers {
		for _, k := range i.Keys {
			if k.ID == kid {
				return i, k, true
			}
		}
	}
	return Issuer{}, Key{}, false
}

// speaksFor says whether the issuer's own list lets it speak for a visual.
func (i Issuer) speaksFor(g visual.GUID) bool {
	return i.GUIDs == nil || slices.Contains(i.GUIDs, g)
}
