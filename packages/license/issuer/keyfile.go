package issuer

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/orgstore/orgstore/packages/license"
)

const (
	// maxKeyFile bounds a key file, in bytes; ours have less than 1 KiB.
	maxKeyFile = 16 << 10
	// sealedWork is the scrypt work factor of key files, as a power of two: a
	// second or so, and 256 MiB, for each guess of a passphrase.
	sealedWork = 18
	// maxWork bounds what a file from elsewhere may make this machine work.
	maxWork = 20
	// minPassphrase is the fewest bytes a passphrase may have.
	minPassphrase = 8
)

// ErrPassphrase says that a key file was not opened by its passphrase.
var ErrPassphrase = errors.New("the passphrase is wrong")

// Attester returns the public half as a tenant's settings list it, of a person.
func (k Key) Attester(name string) (license.Attester, error) {
	record, err := k.Record(time.Time{})
	if err != nil {
		return license.Attester{}, err
	}
	return license.Attester{Name: name, Key: record.For(license.UseAttestation)}, nil
}

// Sealed returns the private key under a passphrase, in the armored form of age,
// which the program of that name reads as well (age -d).
func (k Key) Sealed(passphrase string) ([]byte, error) { return k.SealedAt(passphrase, sealedWork) }

// SealedAt is Sealed with a scrypt work factor of the caller's, as a power of
// two. It exists for tests, which need no protection from guesses: a key that
// somebody uses is sealed by Sealed.
func (k Key) SealedAt(passphrase string, work int) ([]byte, error) {
	if len(passphrase) < minPassphrase {
		return nil, fmt.Errorf("cannot seal the key %q: a passphrase has at least %d characters", k.ID, minPassphrase)
	}
	plain, err := k.PEM()
	if err != nil {
		return nil, err
	}
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, fmt.Errorf("cannot seal the key %q: %w", k.ID, err)
	}
	to.SetWorkFactor(work)
	var file bytes.Buffer
	text := armor.NewWriter(&file)
	inner, err := age.Encrypt(text, to)
	if err == nil {
		_, err = inner.Write(plain)
	}
	if err == nil {
		err = errors.Join(inner.Close(), text.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("cannot seal the key %q: %w", k.ID, err)
	}
	return file.Bytes(), nil
}

// IsSealed says whether a key file needs a passphrase.
func IsSealed(file []byte) bool { return bytes.HasPrefix(file, []byte(armor.Header)) }

// OpenKey reads what Sealed wrote. The error is ErrPassphrase where only another
// passphrase can help.
func OpenKey(id string, file []byte, passphrase string) (Key, error) {
	if len(file) > maxKeyFile {
		return Key{}, fmt.Errorf("cannot read the private key: the file has %d bytes; at most %d are allowed", len(file), maxKeyFile)
	}
	with, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return Key{}, ErrPassphrase
	}
	with.SetMaxWorkFactor(maxWork)
	inner, err := age.Decrypt(armor.NewReader(bytes.NewReader(file)), with)
	var no *age.NoIdentityMatchError
	if errors.As(err, &no) {
		return Key{}, ErrPassphrase
	}
	if err != nil {
		return Key{}, fmt.Errorf("cannot open the private key: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(inner, maxKeyFile))
	if err != nil {
		return Key{}, fmt.Errorf("cannot open the private key: %w", err)
	}
	return ParseKey(id, plain)
}

// A SignFunc signs a text with a private key that this program never sees: a
// command that reads the text and writes the signature, a token, a key vault.
// The signature is 64 bytes for Ed25519; for ECDSA on P-256 it is over the
// SHA-256 of the text, either in ASN.1, as openssl dgst -sha256 -sign writes it,
// or the 64 bytes of RFC 7518 section 3.4, as key vaults give it.
type SignFunc func(text []byte) ([]byte, error)

// NewExternalKey makes a key of a public half and of what signs with the private one.
// Statements are read again once signed, so a wrong signature is found at once.
func NewExternalKey(id string, public crypto.PublicKey, sign SignFunc) (Key, error) {
	if sign == nil {
		return Key{}, fmt.Errorf("cannot use the key %q: nothing signs with it", id)
	}
	k := Key{id, externalSigner{public, sign}}
	_, err := k.Record(time.Time{})
	return k, err
}

// NewExternalKeyOf is NewExternalKey for a public half as settings list it.
func NewExternalKeyOf(k license.Key, sign SignFunc) (Key, error) {
	var public crypto.PublicKey = ed25519.PublicKey(k.Public)
	if k.Algorithm == license.ES256 {
		p, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), k.Public)
		if err != nil {
			return Key{}, fmt.Errorf("cannot use the key %q: it is not an uncompressed point of P-256", k.ID)
		}
		public = p
	}
	return NewExternalKey(k.ID, public, sign)
}

// externalSigner is a crypto.MessageSigner: it takes texts, never digests.
type externalSigner struct {
	public crypto.PublicKey
	sign   SignFunc
}

func (o externalSigner) Public() crypto.PublicKey { return o.public }

func (o externalSigner) SignMessage(_ io.Reader, text []byte, _ crypto.SignerOpts) ([]byte, error) {
	sig, err := o.sign(text)
	if _, is := o.public.(*ecdsa.PublicKey); !is || err != nil || len(sig) != 64 {
		return sig, err
	}
	if _, err := rawSignature(sig); err == nil {
		return sig, nil // short numbers, in ASN.1
	}
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])})
}

func (o externalSigner) Sign(_ io.Reader, text []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != 0 {
		return nil, errors.New("this key signs texts, not digests")
	}
	return o.sign(text)
}

// ParsePublic reads the public half of a key that is kept elsewhere, in the form
// that openssl writes (pkey -pubout).
func ParsePublic(file []byte) (crypto.PublicKey, error) {
	public, err := parsePublic(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the public key: %w", err)
	}
	switch public.(type) {
	case ed25519.PublicKey, *ecdsa.PublicKey:
		return public, nil
	}
	return nil, errors.New("cannot use the public key: it is neither Ed25519 nor ECDSA on P-256")
}
