package vendor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
)

// addVisuals adds visuals. A bundle that names none speaks for all that customers
// allow, and naming one would narrow it.
func (d *draft) addVisuals() error {
	more, err := parseVisuals(d.request.Visuals)
	if err != nil {
		return err
	}
	i := &d.next.Issuers[d.issuer]
	if len(more) > 0 && i.GUIDs == nil {
		return fault.Usage("leave it out", "--guid: %s names no visuals, and so speaks for all", d.request.Bundle)
	}
	for _, g := range more {
		if !slices.Contains(i.GUIDs, g) {
			i.GUIDs = append(i.GUIDs, g)
		}
	}
	return nil
}

// endKeys retires keys, and records which were compromised.
func (d *draft) endKeys() error {
	for _, text := range d.request.Retire {
		k, at, err := d.findKey("--retire", text)
		if err != nil {
			return err
		}
		if k.Status != license.Active {
			return fault.Usage("leave it out", "--retire: the key %s is %s already", k.ID, k.Status)
		}
		k.Status, k.NotAfter = license.Retired, at
	}
	for _, text := range d.request.Compromised {
		k, at, err := d.findKey("--compromised", text)
		switch {
		case err != nil:
			return err
		case !strings.Contains(text, "="):
			return fault.Usage("give the day since when others may have signed, as "+k.ID+"=2027-03-14; if in doubt an early one", "--compromised: %s is without a day", k.ID)
		case at.After(d.now):
			return fault.Usage("give the day since when others may have signed", "--compromised: %s is still to come", day(at))
		}
		k.Status, k.CompromisedAt = license.Compromised, at
	}
	return nil
}

// findKey finds a key that a flag names, as KEY or KEY=DAY; without a day it is now.
func (d *draft) findKey(flag, text string) (*license.Key, time.Time, error) {
	id, on, dated := strings.Cut(text, "=")
	at := d.now
	if dated {
		var err error
		if at, err = issuer.ParseDate(on); err != nil {
			return nil, at, fault.Usage("write it as KEY=2027-03-14", "%s: %w", flag, err)
		}
	}
	keys := d.next.Issuers[d.issuer].Keys
	var ids []string
	for i := range keys {
		if keys[i].ID == id {
			return &keys[i], at, nil
		}
		ids = append(ids, keys[i].ID)
	}
	return nil, at, fault.Usage("it has "+strings.Join(ids, ", "), "%s: the bundle has no key %q", flag, id)
}

// makeKeys makes keys, and files for their private halves.
func (d *draft) makeKeys() error {
	for _, use := range d.request.New {
		if use == rootUse {
			if err := d.makeRoot(); err != nil {
				return err
			}
			continue
		}
		id := fmt.Sprintf("%s-%d", d.fileStem(), d.now.Year())
		end := fmt.Sprintf("-%d.key", d.next.Version)
		if use == string(license.UseStatus) {
			id, end = id+"-status", "-status"+end
		}
		if d.hasKey(id) {
			id += fmt.Sprintf("-%d", d.next.Version)
		}
		record, text, err := newKey(id, license.Algorithm(d.request.Algorithm), license.Use(use), d.now)
		if err != nil {
			return err
		}
		i := &d.next.Issuers[d.issuer]
		i.Keys = append(i.Keys, record)
		d.keys = append(d.keys, files.File{Name: d.file(end), Perm: 0o600, Text: text})
	}
	return nil
}

func (d *draft) hasKey(id string) bool {
	return slices.ContainsFunc(d.next.Issuers, func(i license.Issuer) bool {
		return slices.ContainsFunc(i.Keys, func(k license.Key) bool { return k.ID == id })
	})
}

// makeRoot makes a root key in place of the first that signs.
func (d *draft) makeRoot() error {
	old, err := issuer.RootPublic(d.roots[0])
	if err != nil {
		return notRoot(err)
	}
	private, public, err := issuer.GenerateRoot(fmt.Sprintf("%s-root-%d", d.fileStem(), d.next.Version))
	if err != nil {
		return err
	}
	d.next.Roots = append(slices.DeleteFunc(d.next.Roots, func(s string) bool { return s == old }), public)
	d.roots = append(d.roots, private)
	d.keys = append(d.keys, files.File{Name: d.file(fmt.Sprintf("-root-%d.key", d.next.Version)), Perm: 0o600, Text: []byte(private + "\n")})
	return nil
}
