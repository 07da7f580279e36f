package cli

import (
	"fmt"

	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
)

// vendorBundle reads a vendor's own trust bundle.
func (g *globals) vendorBundle(file string) (license.Bundle, error) {
	text, err := g.Read(file, engine.MaxBundle)
	if err != nil {
		return license.Bundle{}, err
	}
	bundle, err := license.ParseBundle(text)
	if err != nil {
		return license.Bundle{}, fmt.Errorf("cannot read the trust bundle %s: %w", file, err)
	}
	return bundle, nil
}

// vendorKey reads a private key, and who signs with it by the trust bundle. A
// key whose signature no customer would believe today is refused.
func (g *globals) vendorKey(bundleFile, file string, use license.Use) (license.Issuer, issuer.Key, error) {
	fail := func(err error) (license.Issuer, issuer.Key, error) { return license.Issuer{}, issuer.Key{}, err }
	bundle, err := g.vendorBundle(bundleFile)
	if err != nil {
		return fail(err)
	}
	text, err := g.Read(file, maxKey)
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
	return speaker, key, g.signsToday(record)
}

func (g *globals) signsToday(k license.Key) error {
	const hint = "sign with the key that took its place"
	switch now := g.Now(); {
	case k.Status == license.Compromised:
		return fault.New("trust.key_compromised", hint, "the key %s was compromised on %s; customers would not believe it", k.ID, engine.FormatDay(k.CompromisedAt))
	case !k.NotAfter.IsZero() && !now.Before(k.NotAfter):
		return fault.New("trust.key_retired", hint, "the key %s was retired on %s; customers would not believe it", k.ID, engine.FormatDay(k.NotAfter))
	case now.Before(k.NotBefore):
		return fault.New("trust.key_not_yet", "wait until then, or sign with the key of today", "the key %s is valid from %s on; customers would not believe it", k.ID, engine.FormatDay(k.NotBefore))
	}
	return nil
}
