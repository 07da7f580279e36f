package attester

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/agent/statements"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
)

// A KeyRequest asks for a key with which a person attests.
type KeyRequest struct {
	Name string // the person's
	File string // takes the private half, and must not exist
}

// A KeyDraft is a new key that is written nowhere yet.
type KeyDraft struct {
	Name string // the person's

	ports    Ports
	file     string
	key      issuer.Key
	attester license.Attester
}

// A Key is one that was written.
type Key struct {
	Name        string `json:"name"`
	File        string `json:"file"`
	Key         string `json:"key"` // the public half, as settings hold it
	Fingerprint string `json:"fingerprint"`
}

// DraftKey makes a key, and finds out whether it can be written, before a person types
// a passphrase.
func (p Ports) DraftKey(r KeyRequest) (*KeyDraft, error) {
	d := &KeyDraft{Name: strings.TrimSpace(r.Name), ports: p, file: r.File}
	if d.Name == "" || r.File == "" {
		return nil, fault.Usage(`such as: orgstore trust keygen --name "Ada Lovelace" --out ada.key`, "a key needs the --name of its person and an --out to be written to")
	}
	var err error
	if d.key, d.attester, err = newAttesterKey(d.Name); err != nil {
		return nil, err
	}
	return d, files.CheckNew(p.Disk, files.File{Name: r.File})
}

// Write puts the key under a passphrase and writes it.
func (d *KeyDraft) Write(passphrase string) (Key, error) {
	sealed, err := d.ports.Seal(d.key, passphrase)
	if err != nil {
		return Key{}, fault.New("passphrase.short", "choose a longer one, such as some words", "%w", err)
	}
	text := append([]byte(keyFileHead(d.attester)), sealed...)
	if err := files.Create(d.ports.Disk, files.File{Name: d.file, Perm: 0o600, Text: text}); err != nil {
		return Key{}, err
	}
	return Key{d.Name, d.file, d.attester.Key.Text(), d.attester.Key.Fingerprint()}, nil
}

// newAttesterKey makes a key named after its person. The end of its name is
// taken from the key itself, so that no two keys of a person have one name.
func newAttesterKey(person string) (issuer.Key, license.Attester, error) {
	key, err := issuer.GenerateKey("new", license.Ed25519)
	if err != nil {
		return key, license.Attester{}, err
	}
	attester, err := key.Attester(person)
	if err != nil {
		return key, attester, err
	}
	key.ID = keyIDOf(person, attester.Key)
	attester.Key.ID = key.ID
	if _, err := license.NewTrust(anyTenant, nil, attester); err != nil {
		return key, attester, fault.Usage("give a name of one line, such as \"Ada Lovelace\"", "--name: %w", err)
	}
	return key, attester, nil
}

// keyIDOf names a key after its person and by its own fingerprint.
func keyIDOf(person string, k license.Key) string {
	return keyNameOf(person) + "-" + strings.TrimPrefix(k.Fingerprint(), "sha256:")[:6]
}

// anyTenant is where any will do.
const anyTenant = "00000000-0000-0000-0000-000000000000"

// keyNameOf makes of a person's name what keys may be called.
func keyNameOf(person string) string {
	words := strings.FieldsFunc(strings.ToLower(person), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
	name := strings.Join(words, "-")
	if name == "" {
		name = "attester"
	}
	return name[:min(len(name), 40)]
}

// A key file begins with lines that say whose key it is; the rest is the private
// half under its passphrase, in the form of age.
const (
	keyFilePerson = "# attester: "
	keyFilePublic = "# public key: "
)

func keyFileHead(a license.Attester) string {
	return keyFilePerson + a.Name + "\n" + keyFilePublic + a.Key.Text() + "\n"
}

// A keyFile is a private key that is still closed. What it says of whose it is
// nobody verified.
type keyFile struct {
	name   string
	person string
	public license.Key
	sealed []byte
}

func (p Ports) readKeyFile(name string) (keyFile, error) {
	k := keyFile{name: name}
	text, err := files.Read(p.Disk, name, statements.MaxKey)
	if err != nil {
		return k, err
	}
	for bytes.HasPrefix(text, []byte("# ")) {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		said := strings.TrimSuffix(string(line), "\r")
		if person, is := strings.CutPrefix(said, keyFilePerson); is {
			k.person = person
		}
		if public, is := strings.CutPrefix(said, keyFilePublic); is {
			if k.public, err = license.ParseKey(public, license.UseAttestation); err != nil {
				return k, k.unusableError("%w", err)
			}
		}
		text = rest
	}
	k.sealed = text
	switch {
	case !issuer.IsSealed(text):
		return k, k.unusableError("it holds no private key under a passphrase")
	case k.person == "" || k.public.ID == "":
		return k, k.unusableError("it does not say at its beginning whose key it is")
	}
	return k, nil
}

func (k keyFile) unusableError(format string, args ...any) error {
	return fault.New("key.form", "name the file that `orgstore trust keygen` wrote", "cannot attest with %s: %w", k.name, fmt.Errorf(format, args...))
}

// open opens the private half and makes sure that it is the one the file says.
func (k keyFile) open(secret string) (issuer.Key, error) {
	key, err := issuer.OpenKey(k.public.ID, k.sealed, secret)
	if errors.Is(err, issuer.ErrPassphrase) {
		return key, fault.New("passphrase.wrong", "try again; a forgotten passphrase cannot be found out: make a new key with `orgstore trust keygen`",
			"cannot open %s: %w; nothing was written", k.name, err)
	}
	if err != nil {
		return key, k.unusableError("%w", err)
	}
	attester, err := key.Attester(k.person)
	if err != nil {
		return key, k.unusableError("%w", err)
	}
	if attester.Key.Text() != k.public.Text() {
		return key, k.unusableError("its first lines name another key than the one inside")
	}
	return key, nil
}
