// Package issuer makes what vendors give their customers: keys, trust bundles
// and license statements. It checks all it makes with the reader that customers
// use. It knows nothing of files, clocks or whom anybody trusts.
package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/orgstore/orgstore/packages/license"
)

// The types in PEM (RFC 7468) of a PKCS #8 private key and of a public key.
const (
	pemType   = "PRIVATE KEY"
	publicPEM = "PUBLIC KEY"
)

// A Key signs statements. Its Signer may live in a key vault; its public half
// is Ed25519 or ECDSA on P-256.
type Key struct {
	ID     string
	Signer crypto.Signer
}

// GenerateKey makes a new key of an algorithm.
func GenerateKey(id string, alg license.Algorithm) (Key, error) {
	var signer crypto.Signer
	var err error
	switch alg {
	case license.Ed25519:
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	case license.ES256:
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		return Key{}, fmt.Errorf("cannot make a key of the algorithm %q: there are %s and %s", string(alg), license.Ed25519, license.ES256)
	}
	if err != nil {
		return Key{}, fmt.Errorf("cannot make a key: %w", err)
	}
	k := Key{id, signer}
	_, err = k.Record(time.Time{})
	return k, err
}

// Record returns the public half as a trust bundle lists it: active, for
// license statements, from notBefore on.
func (k Key) Record(notBefore time.Time) (license.Key, error) {
	if k.Signer == nil {
		return license.Key{}, fmt.Errorf("the key %q has no private half", k.ID)
	}
	return license.NewKey(k.ID, k.Signer.Public(), notBefore)
}

// PEM returns the private key in PKCS #8, as openssl and key vaults read it.
// Whoever has it can sign in the vendor's name.
func (k Key) PEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.Signer)
	if err != nil {
		return nil, fmt.Errorf("cannot write the private key %q: %w", k.ID, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), nil
}

// ParseKey reads what PEM wrote, or openssl: one PKCS #8 private key. The file
// does not say what the key is called; trust bundles do, so id may be empty
// until Find tells it.
func ParseKey(id string, file []byte) (Key, error) {
	block, rest := pem.Decode(file)
	if block == nil || block.Type != pemType || len(rest) > 0 {
		return Key{}, errors.New("cannot read the private key: the file is not one PEM block PRIVATE KEY")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return Key{}, fmt.Errorf("cannot read the private key: %w", err)
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok {
		return Key{}, errors.New("cannot use the private key: it does not sign")
	}
	name := id
	if name == "" {
		name = "unnamed"
	}
	if _, err := license.NewKey(name, signer.Public(), time.Time{}); err != nil {
		return Key{}, fmt.Errorf("cannot use the private key: %w", err)
	}
	return Key{id, signer}, nil
}

// parsePublic reads one public key in PEM.
func parsePublic(file []byte) (crypto.PublicKey, error) {
	block, rest := pem.Decode(file)
	if block == nil || block.Type != publicPEM || len(rest) > 0 {
		return nil, errors.New("the file is not one PEM block PUBLIC KEY")
	}
	return x509.ParsePKIXPublicKey(block.Bytes)
}

// FindKey names a private key by the trust bundle that lists its public half, and
// says who issues with it.
func FindKey(b license.Bundle, k Key) (license.Issuer, Key, error) {
	for _, i := range b.Issuers() {
		for _, listed := range i.Keys {
			k.ID = listed.ID
			record, err := k.Record(listed.NotBefore)
			if err == nil && record.Fingerprint() == listed.Fingerprint() {
				return i, k, nil
			}
		}
	}
	return license.Issuer{}, Key{}, errors.New("cannot use the private key: the trust bundle does not list it")
}

// sign makes a JWS signature. With keys in memory the same text gets the same
// signature, by RFC 8032 and RFC 6979. A signer that wants the text itself gets
// it; the others of ECDSA get its SHA-256.
func (k Key) sign(signed []byte) ([]byte, error) {
	switch k.Signer.Public().(type) {
	case ed25519.PublicKey:
		return crypto.SignMessage(k.Signer, rand.Reader, signed, crypto.Hash(0))
	case *ecdsa.PublicKey:
		var random io.Reader = rand.Reader
		if _, ok := k.Signer.(*ecdsa.PrivateKey); ok {
			random = nil // deterministic: see ecdsa.PrivateKey.Sign
		}
		der, err := crypto.SignMessage(k.Signer, random, signed, crypto.SHA256)
		if err != nil {
			return nil, err
		}
		return rawSignature(der)
	}
	return nil, fmt.Errorf("the key %q is neither Ed25519 nor ECDSA on P-256", k.ID)
}

// rawSignature turns the ASN.1 form of an ECDSA signature into the 64 bytes of
// RFC 7518 section 3.4.
func rawSignature(der []byte) ([]byte, error) {
	var sig struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &sig); err != nil || len(rest) > 0 {
		return nil, errors.New("the signer's answer is not an ECDSA signature")
	}
	if sig.R.Sign() <= 0 || sig.S.Sign() <= 0 || sig.R.BitLen() > 256 || sig.S.BitLen() > 256 {
		return nil, errors.New("the signer's answer is not a signature on P-256")
	}
	raw := make([]byte, 64)
	sig.R.FillBytes(raw[:32])
	sig.S.FillBytes(raw[32:])
	return raw, nil
}
