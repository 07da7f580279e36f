package issuer

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"strings"
	"testing"

	"filippo.io/age/armor"

	"github.com/orgstore/orgstore/packages/license"
)

// cheap is a work factor for tests; Sealed takes sealedWork.
const cheap = 4

const passphrase = "correct horse battery staple"

func testKey(t testing.TB, alg license.Algorithm) Key {
	t.Helper()
	k, err := GenerateKey("ada-2026", alg)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealedKeys(t *testing.T) {
	for _, alg := range []license.Algorithm{license.Ed25519, license.ES256} {
		k := testKey(t, alg)
		file, err := k.SealedAt(passphrase, cheap)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := k.PEM()
		if err != nil {
			t.Fatal(err)
		}
		if !IsSealed(file) || IsSealed(plain) || bytes.Contains(file, []byte("PRIVATE KEY")) {
			t.Errorf("sealed as %s", file)
		}
		back, err := OpenKey("ada-2026", file, passphrase)
		if err != nil {
			t.Fatal(err)
		}
		again, err := back.PEM()
		if err != nil || !bytes.Equal(again, plain) {
			t.Errorf("another key came back: %v", err)
		}
		for _, wrong := range []string{"", "x", passphrase + " ", strings.ToUpper(passphrase)} {
			if _, err := OpenKey("ada-2026", file, wrong); !errors.Is(err, ErrPassphrase) {
				t.Errorf("%q: %v", wrong, err)
			}
		}
	}
}

// TestSealedIsDear: a passphrase is guarded by as much work as it should be, as
// the sealed file itself says.
func TestSealedIsDear(t *testing.T) {
	file, err := testKey(t, license.Ed25519).Sealed(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(armor.NewReader(bytes.NewReader(file)))
	if err != nil || !bytes.Contains(plain, []byte(" 18\n")) {
		t.Errorf("sealed with other work than 2^18: %v", err)
	}
}

func TestOpenKeyRefuses(t *testing.T) {
	k := testKey(t, license.Ed25519)
	file, err := k.SealedAt(passphrase, cheap)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := k.PEM()
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(file, []byte("\n"))
	lines[2] = append([]byte("AAAA"), lines[2][4:]...)
	for name, bad := range map[string][]byte{
		"empty": nil, "not sealed": plain, "cut": file[:len(file)/2], "changed": bytes.Join(lines, nil), "huge": bytes.Repeat([]byte("a"), 1<<20),
		"followed by another": append(bytes.Clone(file), file...),
	} {
		if _, err := OpenKey("ada-2026", bad, passphrase); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	if _, err := OpenKey("ada-2026", asking(t, k, "21"), passphrase); err == nil || errors.Is(err, ErrPassphrase) {
		t.Errorf("a file that asks for too much work: %v", err)
	}
	if _, err := k.Sealed("short"); err == nil {
		t.Error("sealed under five letters")
	}
	if _, err := (Key{ID: "x", Signer: externalSigner{}}).Sealed(passphrase); err == nil {
		t.Error("sealed a key that is elsewhere")
	}
}

// asking returns a sealed key whose header asks for more work: the factor is the
// last word of its scrypt line.
func asking(t testing.TB, k Key, work string) []byte {
	t.Helper()
	file, err := k.SealedAt(passphrase, cheap)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(armor.NewReader(bytes.NewReader(file)))
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(plain, []byte(" 4\n"), []byte(" "+work+"\n"), 1)
	if bytes.Equal(changed, plain) {
		t.Fatal("the file has no work factor")
	}
	var text bytes.Buffer
	w := armor.NewWriter(&text)
	_, err = w.Write(changed)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

// TestOutside signs with a key that this program never sees.
func TestOutside(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	es, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		public crypto.PublicKey
		sign   SignFunc
	}{
		{ed.Public(), func(text []byte) ([]byte, error) { return ed25519.Sign(ed, text), nil }},
		{es.Public(), func(text []byte) ([]byte, error) {
			sum := sha256.Sum256(text)
			return ecdsa.SignASN1(rand.Reader, es, sum[:])
		}},
		{es.Public(), func(text []byte) ([]byte, error) { // as key vaults give it
			sum := sha256.Sum256(text)
			der, err := ecdsa.SignASN1(rand.Reader, es, sum[:])
			if err != nil {
				return nil, err
			}
			return rawSignature(der)
		}},
	} {
		k, err := NewExternalKey("vault", c.public, c.sign)
		if err != nil {
			t.Fatal(err)
		}
		record, err := k.Attester("Ada Lovelace")
		if err != nil {
			t.Fatal(err)
		}
		if same, err := NewExternalKeyOf(record.Key, c.sign); err != nil || same.ID != k.ID {
			t.Errorf("by the public half that settings list: %v", err)
		}
		token, err := signDocument(k, record.Key, license.AttestationType, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		var found error
		if _, found = license.ReadAttestation(token, "", record); found == nil || strings.Contains(found.Error(), "signed with the key") {
			t.Errorf("the signature is not believed: %v", found)
		}
	}
	if _, err := NewExternalKey("vault", ed.Public(), nil); err == nil {
		t.Error("a key that nothing signs with")
	}
	if _, err := NewExternalKey("../vault", ed.Public(), func([]byte) ([]byte, error) { return nil, nil }); err == nil {
		t.Error("a path for a name")
	}
	broken, err := NewExternalKey("vault", ed.Public(), func([]byte) ([]byte, error) { return nil, errors.New("the token is not plugged in") })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Sign(broken, []byte("{}"), []byte("{}")); err == nil || !strings.Contains(err.Error(), "plugged in") {
		t.Errorf("got %v", err)
	}
}

func TestParsePublic(t *testing.T) {
	file := func(public any, typ string) []byte {
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der})
	}
	for _, alg := range []license.Algorithm{license.Ed25519, license.ES256} {
		public := testKey(t, alg).Signer.Public()
		back, err := ParsePublic(file(public, "PUBLIC KEY"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewExternalKey("vault", back, func([]byte) ([]byte, error) { return nil, nil }); err != nil {
			t.Error(err)
		}
	}
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	good := file(testKey(t, license.Ed25519).Signer.Public(), "PUBLIC KEY")
	for name, bad := range map[string][]byte{
		"RSA": file(weak.Public(), "PUBLIC KEY"), "empty": nil, "two": append(bytes.Clone(good), good...),
		"a private key": file(testKey(t, license.Ed25519).Signer.Public(), "PRIVATE KEY"),
	} {
		if _, err := ParsePublic(bad); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}
