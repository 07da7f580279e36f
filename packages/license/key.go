package license

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// An Algorithm is how a key signs. The key's record says which; a statement
// can only agree with it.
type Algorithm string

// The algorithms.
const (
	Ed25519 Algorithm = "Ed25519" // RFC 8032; the name of RFC 9864
	ES256   Algorithm = "ES256"   // ECDSA on P-256 with SHA-256, r and s of 32 bytes each
)

// algEdDSA is what older issuers call Ed25519 (RFC 8037).
const algEdDSA = "EdDSA"

// A Use is the kind of document a key may sign.
type Use string

// The uses. A key has one: what it signed for another is refused.
const (
	UseLicense     Use = "license"     // a vendor's license statements
	UseStatus      Use = "status"      // a vendor's status lists
	UseAttestation Use = "attestation" // a tenant's attestations
)

// A Status is what a vendor says of its key.
type Status string

// The statuses.
const (
	Active  Status = "active"
	Retired Status = "retired" // what it signed before NotAfter stays good
	// Compromised: somebody else may have signed with it from CompromisedAt on.
	Compromised Status = "compromised"
)

// A Key is the public half of a key, as a vendor's trust bundle records it, or
// the tenant's settings for one of its own people.
type Key struct {
	ID        string
	Algorithm Algorithm
	// Public is the key itself: 32 bytes for Ed25519; for ES256 the
	// uncompressed point, 65 bytes from 0x04 on.
	Public        []byte
	Use           Use
	Status        Status
	NotBefore     time.Time // signs from here on
	NotAfter      time.Time // signs before this; zero where no end is set
	CompromisedAt time.Time // zero unless Compromised
}

// NewKey records the public half of a key as active, for license statements.
func NewKey(id string, public crypto.PublicKey, notBefore time.Time) (Key, error) {
	k := Key{ID: id, Use: UseLicense, Status: Active, NotBefore: notBefore}
	switch p := public.(type) {
	case ed25519.PublicKey:
		k.Algorithm, k.Public = Ed25519, slices.Clone(p)
	case *ecdsa.PublicKey:
		b, err := p.Bytes()
		if err != nil {
			return Key{}, fmt.Errorf("the key %q cannot be written: %w", id, err)
		}
		k.Algorithm, k.Public = ES256, b
	default:
		return Key{}, fmt.Errorf("the key %q is neither Ed25519 nor ECDSA on P-256", id)
	}
	if !kidForm.MatchString(id) {
		return Key{}, fmt.Errorf("%q cannot name a key: use letters, digits, dots, - and _", id)
	}
	return k, k.check()
}

// For returns the key recorded for another use.
func (k Key) For(u Use) Key {
	k.Use = u
	return k
}

// Fingerprint returns sha256: and the hex SHA-256 of the key in the form of
// RFC 5280 (SubjectPublicKeyInfo), which openssl and others print as well. It
// is empty for a key of no known form.
func (k Key) Fingerprint() string {
	var public any = ed25519.PublicKey(k.Public)
	if k.Algorithm == ES256 {
		p, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), k.Public)
		if err != nil {
			return ""
		}
		public = p
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(der)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// allowsAlgorithm says whether a header's alg agrees with the key.
func (k Key) allowsAlgorithm(alg string) bool {
	return alg == string(k.Algorithm) || k.Algorithm == Ed25519 && alg == algEdDSA
}

// verify checks a JWS signature (RFC 7518 section 3.4, RFC 8037 section 3.1).
func (k Key) verify(signed, sig []byte) bool {
	switch k.Algorithm {
	case Ed25519:
		return len(k.Public) == ed25519.PublicKeySize && ed25519.Verify(k.Public, signed, sig)
	case ES256:
		p, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), k.Public)
		if err != nil || len(sig) != 64 {
			return false
		}
		sum := sha256.Sum256(signed)
		r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
		return ecdsa.Verify(p, sum[:], r, s)
	}
	return false
}

// check says what keeps a key's bytes from being a key that proves anything.
func (k Key) check() error {
	switch k.Algorithm {
	case Ed25519:
		return checkEd25519(k.Public)
	case ES256:
		if _, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), k.Public); err != nil {
			return errors.New("it is not an uncompressed point of P-256")
		}
		return nil
	}
	return fmt.Errorf("its algorithm %q is neither Ed25519 nor ES256", string(k.Algorithm))
}

// checkEd25519 refuses what crypto/ed25519 takes without a word: bytes that are
// no point of the curve, second spellings of a point, and the eight points of
// low order, under which a signature can fit any text.
func checkEd25519(public []byte) error {
	if len(public) != ed25519.PublicKeySize {
		return fmt.Errorf("it has %d bytes; an Ed25519 key has %d", len(public), ed25519.PublicKeySize)
	}
	prime := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	bigEndian := slices.Clone(public)
	slices.Reverse(bigEndian)
	bigEndian[0] &^= 0x80 // the sign of x
	y := new(big.Int).SetBytes(bigEndian)
	if y.Cmp(prime) >= 0 {
		return errors.New("it is not a canonical Ed25519 key")
	}
	if isLowOrder(public, y, prime) {
		return errors.New("it is a point of low order, which proves nothing")
	}
	// RFC 8032 section 5.1.3: x² = (y²-1) / (d·y²+1) must be a square.
	d := new(big.Int).ModInverse(big.NewInt(121666), prime)
	d.Mul(d, big.NewInt(-121665)).Mod(d, prime)
	yy := new(big.Int).Mul(y, y)
	u := new(big.Int).Sub(yy, big.NewInt(1))
	v := new(big.Int).Mul(d, yy)
	v.Add(v, big.NewInt(1))
	// u/v is a square exactly where u·v is one.
	if big.Jacobi(u.Mul(u, v).Mod(u, prime), prime) != 1 {
		return errors.New("it is not a point of the Ed25519 curve")
	}
	return nil
}

// order8 is the y of the points of order 8, from the base64 of its bytes in
// little endian; the other two have prime-y.
const order8 = "JuiVj8KyJ7BFw/SJ8u+Y8NXfrAXTxjM5sTgCiG1T/AU="

// isLowOrder says whether a point has order 1, 2, 4 or 8, whatever its sign.
func isLowOrder(public []byte, y, prime *big.Int) bool {
	b, err := base64.StdEncoding.DecodeString(order8)
	if err != nil || len(public) != len(b) {
		return true
	}
	slices.Reverse(b)
	eight := new(big.Int).SetBytes(b)
	for _, low := range []*big.Int{big.NewInt(0), big.NewInt(1), eight} {
		if y.Cmp(low) == 0 || y.Cmp(new(big.Int).Sub(prime, low)) == 0 {
			return true
		}
	}
	return false
}

// Text returns the public key on one line, NAME:ALGORITHM:KEY in base64url, as
// settings list an attester's.
func (k Key) Text() string {
	return k.ID + ":" + string(k.Algorithm) + ":" + base64.RawURLEncoding.EncodeToString(k.Public)
}

// ParseKey reads what Text wrote, as an active key for a use.
func ParseKey(text string, use Use) (Key, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 || !kidForm.MatchString(parts[0]) {
		return Key{}, fmt.Errorf("%+q is not a public key: write NAME:ALGORITHM:KEY, as keygen prints it", text)
	}
	public, err := decodeBase64URL(parts[2])
	if err != nil {
		return Key{}, fmt.Errorf("the public key %s is not strict base64url: %w", parts[0], err)
	}
	k := Key{ID: parts[0], Algorithm: Algorithm(parts[1]), Public: public, Use: use, Status: Active}
	if err := k.check(); err != nil {
		return Key{}, fmt.Errorf("cannot use the public key %s: %w", parts[0], err)
	}
	return k, nil
}
