// Package vendor is what a vendor of visuals does on a machine of its own: it makes
// keys and the trust bundle that customers pin, signs license statements, revokes
// them by status lists, and makes the next bundle when keys change. Requests and
// results are plain values. It asks nothing and prints nothing, and it knows neither
// settings, stores, nor a journal: whoever runs the agent needs none of it.
package vendor

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/agent/statements"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/visual"
)

// Ports is how a vendor's work reaches the world outside.
type Ports struct {
	Disk disk.Disk
	Now  func() time.Time
}

// maxBundle bounds the file of a trust bundle, in bytes; its reader admits less.
const maxBundle = 1 << 20

// readBundle reads a vendor's own trust bundle.
func (p Ports) readBundle(file string) (license.Bundle, error) {
	text, err := files.Read(p.Disk, file, maxBundle)
	if err != nil {
		return license.Bundle{}, err
	}
	bundle, err := license.ParseBundle(text)
	if err != nil {
		return license.Bundle{}, fmt.Errorf("cannot read the trust bundle %s: %w", file, err)
	}
	return bundle, nil
}

// readKey reads a private key, and who signs with it by the trust bundle. A key
// whose signature no customer would believe today is refused.
func (p Ports) readKey(bundle license.Bundle, bundleFile, file string, use license.Use) (license.Issuer, issuer.Key, error) {
	fail := func(err error) (license.Issuer, issuer.Key, error) { return license.Issuer{}, issuer.Key{}, err }
	text, err := files.Read(p.Disk, file, statements.MaxKey)
	if err != nil {
		return fail(err)
	}
	name := map[license.Use]string{license.UseLicense: "NAME.key", license.UseStatus: "NAME-status.key"}[use]
	key, err := issuer.ParseKey("", text)
	if err != nil {
		return fail(fault.New("key.form", "name the "+name+" that `orgstore vendor keygen` made, not the root key", "%s: %w", file, err))
	}
	speaker, key, err := issuer.FindKey(bundle, key)
	if err != nil {
		return fail(fault.New("key.unlisted", "name the newest bundle that lists it", "%s with %s: %w", file, bundleFile, err))
	}
	_, record, _ := bundle.Key(key.ID)
	if record.Use != use {
		return fail(fault.New("trust.key_use", "name the "+name+"; a bundle without one gets it from `orgstore vendor rotate --new "+string(use)+"`",
			"the key %s in %s is for %s alone; customers would not believe it", record.ID, file, record.Use))
	}
	return speaker, key, checkSignsAt(record, p.Now())
}

// checkSignsAt refuses a key whose signature of a moment no customer would believe.
func checkSignsAt(k license.Key, now time.Time) error {
	const hint = "sign with the key that took its place"
	switch {
	case k.Status == license.Compromised:
		return fault.New("trust.key_compromised", hint, "the key %s was compromised on %s; customers would not believe it", k.ID, day(k.CompromisedAt))
	case !k.NotAfter.IsZero() && !now.Before(k.NotAfter):
		return fault.New("trust.key_retired", hint, "the key %s was retired on %s; customers would not believe it", k.ID, day(k.NotAfter))
	case now.Before(k.NotBefore):
		return fault.New("trust.key_not_yet", "wait until then, or sign with the key of today", "the key %s is valid from %s on; customers would not believe it", k.ID, day(k.NotBefore))
	}
	return nil
}

// newKey makes a key that signs from today on: its record for the trust bundle, and
// the private half in PEM.
func newKey(id string, alg license.Algorithm, use license.Use, now time.Time) (license.Key, []byte, error) {
	key, err := issuer.GenerateKey(id, alg)
	if err != nil {
		return license.Key{}, nil, fault.Usage("choose Ed25519 or ES256", "%w", err)
	}
	record, err := key.Record(now.Truncate(24 * time.Hour))
	if err != nil {
		return license.Key{}, nil, err
	}
	text, err := key.PEM()
	return record.For(use), text, err
}

// parseVisuals reads the visuals that a request names.
func parseVisuals(names []string) ([]visual.GUID, error) {
	var all []visual.GUID
	for _, name := range names {
		g, err := visual.ParseName(name)
		if err != nil {
			return nil, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
		}
		all = append(all, g)
	}
	return all, nil
}

// bundleStem is what files are called that follow a bundle: aurora, of the first
// one in aurora.trust and of the second in aurora-2.trust.
func bundleStem(file string, version int64) string {
	stem := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	if version == 1 {
		return stem
	}
	return strings.TrimSuffix(stem, fmt.Sprintf("-%d", version))
}

// day is how people read a day.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
