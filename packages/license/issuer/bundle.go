package issuer

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/mod/sumdb/note"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/visual"
)

// timeForm is how bundles write times: RFC 3339, UTC, to the second.
const timeForm = "2006-01-02T15:04:05Z"

// GenerateRoot makes a root key of a vendor, in the text forms of
// golang.org/x/mod/sumdb/note. The name must not contain spaces or plus signs.
// The private half signs trust bundles only, and belongs in a safe.
func GenerateRoot(name string) (private, public string, err error) {
	private, public, err = note.GenerateKey(rand.Reader, name)
	if err == nil {
		_, err = note.NewVerifier(public)
	}
	if err != nil {
		return "", "", fmt.Errorf("cannot make a root key called %q: %w", name, err)
	}
	return private, public, nil
}

// RootPublic returns the public half of a private root key, in the form that
// bundles list.
func RootPublic(private string) (string, error) {
	_, rest, ok := strings.Cut(strings.TrimSpace(private), "PRIVATE+KEY+")
	name, _, named := strings.Cut(rest, "+")
	if _, err := note.NewSigner(strings.TrimSpace(private)); err != nil || !ok || !named {
		return "", errors.New("cannot use a private root key: it does not begin with PRIVATE+KEY+NAME")
	}
	fields := strings.Split(rest, "+")
	key, err := base64.StdEncoding.DecodeString(strings.Join(fields[2:], "+"))
	if err != nil || len(key) != 1+ed25519.SeedSize {
		return "", errors.New("cannot use a private root key: it is not of Ed25519")
	}
	public := ed25519.NewKeyFromSeed(key[1:]).Public().(ed25519.PublicKey)
	return note.NewEd25519VerifierKey(name, public)
}

// A Draft is what a trust bundle is to say.
type Draft struct {
	Version   int64     // 1 for the first, then always one more
	Expires   time.Time // to the second
	Threshold int       // how many root keys must sign
	Roots     []string  // public halves
	Issuers   []license.Issuer
}

type bundleText struct {
	V         int          `json:"v"`
	Type      string       `json:"typ"`
	Version   int64        `json:"version"`
	Expires   string       `json:"expires"`
	Threshold int          `json:"threshold"`
	Roots     []string     `json:"root_keys"`
	Issuers   []issuerText `json:"issuers"`
}

type issuerText struct {
	Name  string        `json:"iss"`
	GUIDs []visual.GUID `json:"guids,omitempty"`
	Keys  []keyText     `json:"keys"`
}

type keyText struct {
	ID            string `json:"kid"`
	Algorithm     string `json:"alg"`
	Public        string `json:"pub"`
	Use           string `json:"use"`
	Status        string `json:"status"`
	NotBefore     string `json:"not_before"`
	NotAfter      string `json:"not_after,omitzero"`
	CompromisedAt string `json:"compromised_at,omitzero"`
}

// NewBundle writes and signs a trust bundle. The private root keys must be as
// many of its own as it asks for; for an update, those of the version before as
// well. The bundle is read again before it is returned.
func NewBundle(d Draft, private ...string) ([]byte, error) {
	text, err := d.marshal()
	if err != nil {
		return nil, err
	}
	var signers []note.Signer
	for _, p := range private {
		s, err := note.NewSigner(strings.TrimSpace(p))
		if err != nil {
			return nil, fmt.Errorf("cannot use a private root key: %w", err)
		}
		signers = append(signers, s)
	}
	file, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		return nil, fmt.Errorf("cannot sign the trust bundle: %w", err)
	}
	if _, err := license.ParseBundle(file); err != nil {
		return nil, fmt.Errorf("cannot make this trust bundle: %w", err)
	}
	return file, nil
}

func (d Draft) marshal() (string, error) {
	t := bundleText{
		V: license.BundleFormat, Type: license.BundleType, Version: d.Version,
		Expires: timeText(d.Expires), Threshold: d.Threshold, Roots: d.Roots,
	}
	for _, i := range d.Issuers {
		it := issuerText{Name: i.Name, GUIDs: i.GUIDs}
		for _, k := range i.Keys {
			it.Keys = append(it.Keys, keyText{
				ID: k.ID, Algorithm: string(k.Algorithm), Public: base64.RawURLEncoding.EncodeToString(k.Public),
				Use: string(k.Use), Status: string(k.Status), NotBefore: timeText(k.NotBefore),
				NotAfter: timeText(k.NotAfter), CompromisedAt: timeText(k.CompromisedAt),
			})
		}
		t.Issuers = append(t.Issuers, it)
	}
	b, err := json.Marshal(t, jsontext.WithIndent("  "))
	if err != nil {
		return "", fmt.Errorf("cannot write the trust bundle: %w", err)
	}
	return string(b) + "\n", nil
}

// timeText writes a time; the zero time is the empty text.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeForm)
}
