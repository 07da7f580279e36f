package profile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/orgstore/orgstore/packages/license"
)

// The algorithms, by their names in RFC 9864 and RFC 7518.
const (
	algEd25519 = "Ed25519"
	algES256   = "ES256" // r and s of 32 bytes each, as browsers make them
	algRS256   = "RS256" // RSASSA-PKCS1-v1_5 with SHA-256
)

const (
	maxKey  = 4 << 10 // bytes of a key as it is written
	minRSA  = 2048    // bits
	maxRSA  = 8192
	keyName = "profile" // only for checking the key's form
)

// A signature says how a vendor signs. The algorithm is the profile's word;
// what a key says of itself selects nothing.
type signature struct {
	algorithm              string
	public                 crypto.PublicKey
	fingerprint            string // sha256: and the SHA-256 of the SubjectPublicKeyInfo
	toSignature, toCovered []step // from the key to the signature, and to what it covers
}

// setKey reads a public key in the form of RFC 5280 (SubjectPublicKeyInfo), as
// PEM or as the base64 inside of it.
func (s *signature) setKey(text string) error {
	text = strings.TrimSpace(text)
	var der []byte
	if block, rest := pem.Decode([]byte(text)); block != nil {
		if block.Type != "PUBLIC KEY" || strings.TrimSpace(string(rest)) != "" {
			return fmt.Errorf("it is PEM of the type %s, or more than one", quoteShort(block.Type))
		}
		der = block.Bytes
	} else {
		var err error
		if der, err = base64.StdEncoding.Strict().DecodeString(text); err != nil {
			return errors.New("it is neither PEM nor base64")
		}
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return errors.New("it is not a public key")
	}
	if err := s.checkKey(public); err != nil {
		return err
	}
	again, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return errors.New("it is not a public key")
	}
	sum := sha256.Sum256(again)
	s.public, s.fingerprint = public, "sha256:"+hex.EncodeToString(sum[:])
	return nil
}

// checkKey says what keeps a key from being one of the algorithm that proves
// anything.
func (s *signature) checkKey(public crypto.PublicKey) error {
	switch k := public.(type) {
	case ed25519.PublicKey:
		if s.algorithm == algEd25519 {
			_, err := license.NewKey(keyName, k, time.Time{}) // refuses points of low order
			return err
		}
	case *ecdsa.PublicKey:
		if s.algorithm == algES256 && k.Curve == elliptic.P256() {
			_, err := license.NewKey(keyName, k, time.Time{})
			return err
		}
	case *rsa.PublicKey:
		if s.algorithm == algRS256 {
			if n := k.N.BitLen(); n < minRSA || n > maxRSA || k.E < 65537 || k.E%2 == 0 {
				return fmt.Errorf("it has %d bits and the exponent %d", n, k.E)
			}
			return nil
		}
	}
	return fmt.Errorf("it is not a key of %s", s.algorithm)
}

// verify checks the signature in a key. Its errors hold nothing of the key.
func (s *signature) verify(token []byte) error {
	value, err := applySteps(s.toSignature, token)
	if err != nil {
		return fmt.Errorf("its signature cannot be decoded: %w", err)
	}
	over, err := applySteps(s.toCovered, token)
	if err != nil {
		return fmt.Errorf("what is signed cannot be decoded: %w", err)
	}
	if !s.isValid(over, value) {
		return errors.New("the signature is not of the vendor's key")
	}
	return nil
}

func (s *signature) isValid(over, value []byte) bool {
	sum := sha256.Sum256(over)
	switch k := s.public.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(k, over, value)
	case *ecdsa.PublicKey:
		if len(value) != 64 {
			return false
		}
		return ecdsa.Verify(k, sum[:], new(big.Int).SetBytes(value[:32]), new(big.Int).SetBytes(value[32:]))
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], value) == nil
	}
	return false
}
