package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/verdict"
)

// widen adds visuals. A bundle that names none speaks for all that customers
// allow, and naming one would narrow it.
func (o *rotateOptions) widen(r *rotation) error {
	more, err := visualsNamed(o.guids)
	if err != nil {
		return err
	}
	i := &r.draft.Issuers[r.issuer]
	if len(more) > 0 && i.GUIDs == nil {
		return fault.Usage("leave it out", "--guid: %s names no visuals, and so speaks for all", o.bundleFile)
	}
	for _, g := range more {
		if !slices.Contains(i.GUIDs, g) {
			i.GUIDs = append(i.GUIDs, g)
		}
	}
	return nil
}

// endKeys retires keys, and records which were compromised.
func (o *rotateOptions) endKeys(r *rotation) error {
	for _, text := range o.retire {
		k, at, err := r.key("--retire", text)
		if err != nil {
			return err
		}
		if k.Status != license.Active {
			return fault.Usage("leave it out", "--retire: the key %s is %s already", k.ID, k.Status)
		}
		k.Status, k.NotAfter = license.Retired, at
	}
	for _, text := range o.compromised {
		k, at, err := r.key("--compromised", text)
		switch {
		case err != nil:
			return err
		case !strings.Contains(text, "="):
			return fault.Usage("give the day since when others may have signed, as "+k.ID+"=2027-03-14; if in doubt an early one", "--compromised: %s is without a day", k.ID)
		case at.After(r.now):
			return fault.Usage("give the day since when others may have signed", "--compromised: %s is still to come", engine.FormatDay(at))
		}
		k.Status, k.CompromisedAt = license.Compromised, at
	}
	return nil
}

// key finds a key that a flag names, as KEY or KEY=DAY; without a day it is now.
func (r *rotation) key(flag, text string) (*license.Key, time.Time, error) {
	id, on, dated := strings.Cut(text, "=")
	at := r.now
	if dated {
		var err error
		if at, err = issuer.ParseDate(on); err != nil {
			return nil, at, fault.Usage("write it as KEY=2027-03-14", "%s: %w", flag, err)
		}
	}
	keys := r.draft.Issuers[r.issuer].Keys
	var ids []string
	for i := range keys {
		if keys[i].ID == id {
			return &keys[i], at, nil
		}
		ids = append(ids, keys[i].ID)
	}
	return nil, at, fault.Usage("it has "+strings.Join(ids, ", "), "%s: the bundle has no key %q", flag, id)
}

// newKeys makes keys, and files for their private halves.
func (o *rotateOptions) newKeys(r *rotation) error {
	for _, use := range o.fresh {
		if use == rootUse {
			if err := o.newRoot(r); err != nil {
				return err
			}
			continue
		}
		id := fmt.Sprintf("%s-%d", bundleStem(o.bundleFile, r.draft.Version-1), r.now.Year())
		end := fmt.Sprintf("-%d.key", r.draft.Version)
		if use == string(license.UseStatus) {
			id, end = id+"-status", "-status"+end
		}
		if r.has(id) {
			id += fmt.Sprintf("-%d", r.draft.Version)
		}
		record, text, err := newVendorKey(id, license.Algorithm(o.algorithm), license.Use(use), r.now)
		if err != nil {
			return err
		}
		i := &r.draft.Issuers[r.issuer]
		i.Keys = append(i.Keys, record)
		r.keys = append(r.keys, newFile{o.file(r, end), 0o600, text})
	}
	return nil
}

func (r *rotation) has(id string) bool {
	return slices.ContainsFunc(r.draft.Issuers, func(i license.Issuer) bool {
		return slices.ContainsFunc(i.Keys, func(k license.Key) bool { return k.ID == id })
	})
}

// newRoot makes a root key in place of the first that signs.
func (o *rotateOptions) newRoot(r *rotation) error {
	old, err := issuer.RootPublic(r.roots[0])
	if err != nil {
		return badRoot(err)
	}
	private, public, err := issuer.GenerateRoot(fmt.Sprintf("%s-root-%d", bundleStem(o.bundleFile, r.draft.Version-1), r.draft.Version))
	if err != nil {
		return err
	}
	r.draft.Roots = append(slices.DeleteFunc(r.draft.Roots, func(s string) bool { return s == old }), public)
	r.roots = append(r.roots, private)
	r.keys = append(r.keys, newFile{o.file(r, fmt.Sprintf("-root-%d.key", r.draft.Version)), 0o600, []byte(private + "\n")})
	return nil
}

func badRoot(err error) error {
	return fault.New("key.form", "name the NAME-root.key that `orgstore vendor keygen` made", "--root: %w", err)
}

// sign signs the next bundle, and takes it as a customer does.
func (r *rotation) sign(old license.Bundle) ([]byte, license.Bundle, error) {
	for _, private := range r.roots {
		if _, err := issuer.RootPublic(private); err != nil {
			return nil, license.Bundle{}, badRoot(err)
		}
	}
	text, err := issuer.NewBundle(r.draft, r.roots...)
	if err != nil {
		var refused *verdict.Refusal
		if errors.As(err, &refused) {
			err = fault.New(string(refused.Code()), "name with --root as many root keys of the bundle as it asks for; a key ends after it begins", "%w", err).DueTo(fault.CodeUnknown)
		}
		return nil, license.Bundle{}, err
	}
	next, err := old.Update(text)
	if err != nil {
		err = fault.New("trust.threshold", "name with --root as many root keys of the bundle as it asks for", "customers would not take this bundle: %w", err)
	}
	return text, next, err
}

// advice says what comes next, and what the bundle leaves without a key.
func (o *rotateOptions) advice(next license.Bundle, d rotatedData) string {
	advice := "next, at each customer's: orgstore trust update " + filepath.Base(d.Bundle)
	for _, use := range []license.Use{license.UseLicense, license.UseStatus} {
		if !signsFor(next, use) {
			advice += fmt.Sprintf("\nno key is left that signs for %s: make one with --new %s", use, use)
		}
	}
	return advice
}

func signsFor(b license.Bundle, use license.Use) bool {
	return slices.ContainsFunc(b.Issuers(), func(i license.Issuer) bool {
		return slices.ContainsFunc(i.Keys, func(k license.Key) bool { return k.Use == use && k.Status == license.Active })
	})
}

func rotatedView(d rotatedData) output.View {
	view := facts(
		[2]string{"trust bundle", d.Bundle + " (for customers)"},
		[2]string{"version", fmt.Sprint(d.Version)},
		[2]string{"fingerprint", d.Fingerprint},
	)
	for _, k := range d.Keys {
		view.Rows = append(view.Rows, []string{"new key", k + " (keep it secret)"})
	}
	for _, c := range d.Changes {
		view.Rows = append(view.Rows, []string{c.Change, c.What})
	}
	return view
}
