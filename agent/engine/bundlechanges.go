package engine

import (
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/visual"
)

// A BundleChange is one thing that another trust bundle says otherwise.
type BundleChange struct {
	// Change is expires, root-added, root-removed, threshold, key-added,
	// key-removed, key-changed, key-retired, key-compromised, issuer-added,
	// issuer-removed, narrowed or widened.
	Change string `json:"change"`
	What   string `json:"what"`
}

// BundleChanges says what a vendor's new bundle says otherwise than the old one.
// Visuals are those for which the settings let the vendor speak.
func BundleChanges(old, next license.Bundle, visuals []visual.GUID) []BundleChange {
	all := []BundleChange{}
	add := func(change, format string, args ...any) {
		all = append(all, BundleChange{change, fmt.Sprintf(format, args...)})
	}
	if !old.Expires().Equal(next.Expires()) {
		add("expires", "the bundle holds until %s, before until %s", FormatDay(next.Expires()), FormatDay(old.Expires()))
	}
	for _, r := range missingIn(next.Roots(), old.Roots()) {
		add("root-added", "root key %s", r)
	}
	for _, r := range missingIn(old.Roots(), next.Roots()) {
		add("root-removed", "root key %s", r)
	}
	if old.Threshold() != next.Threshold() {
		add("threshold", "%d of its root keys must sign, before %d", next.Threshold(), old.Threshold())
	}
	all = append(all, keyChanges(old, next)...)
	for _, g := range visuals {
		before, after := namesVisual(old, g), namesVisual(next, g)
		switch {
		case before && !after:
			add("narrowed", "speaks no more for %s", g)
		case !before && after:
			add("widened", "speaks for %s too", g)
		}
	}
	return all
}

// missingIn lists what of all is not among others.
func missingIn(all, others []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(others, s) })
}

// namesVisual says whether any issuer of a bundle speaks for a visual.
func namesVisual(b license.Bundle, g visual.GUID) bool {
	return slices.ContainsFunc(b.Issuers(), func(i license.Issuer) bool { return i.GUIDs == nil || slices.Contains(i.GUIDs, g) })
}

// keyChanges compares issuers and their keys.
func keyChanges(old, next license.Bundle) []BundleChange {
	var all []BundleChange
	names := func(b license.Bundle) (issuers []string) {
		for _, i := range b.Issuers() {
			issuers = append(issuers, i.Name)
		}
		return issuers
	}
	for _, name := range missingIn(names(next), names(old)) {
		all = append(all, BundleChange{"issuer-added", name})
	}
	for _, name := range missingIn(names(old), names(next)) {
		all = append(all, BundleChange{"issuer-removed", name})
	}
	for _, i := range next.Issuers() {
		for _, k := range i.Keys {
			if c, changed := keyChange(old, k); changed {
				all = append(all, c)
			}
		}
	}
	for _, i := range old.Issuers() {
		for _, k := range i.Keys {
			if _, _, still := next.Key(k.ID); !still {
				all = append(all, BundleChange{"key-removed", keyWords(k) + ": nothing it signed is believed any more"})
			}
		}
	}
	return all
}

// keyChange compares one key of a new bundle with the old one.
func keyChange(old license.Bundle, k license.Key) (BundleChange, bool) {
	_, before, known := old.Key(k.ID)
	switch {
	case !known:
		return BundleChange{"key-added", keyWords(k) + ", " + k.Fingerprint()}, true
	case before.Fingerprint() != k.Fingerprint():
		return BundleChange{"key-changed", keyWords(k) + " is another key now, " + k.Fingerprint()}, true
	case before.Status != k.Status && k.Status == license.Compromised:
		return BundleChange{"key-compromised", fmt.Sprintf("%s: what it signed from %s on is refused, what came before needs review", keyWords(k), FormatDay(k.CompromisedAt))}, true
	case before.Status != k.Status && k.Status == license.Retired, k.Status == license.Retired && !before.NotAfter.Equal(k.NotAfter):
		return BundleChange{"key-retired", fmt.Sprintf("%s: what it signed before %s stays good", keyWords(k), FormatDay(k.NotAfter))}, true
	case before.Status != k.Status || before.Use != k.Use || !before.NotBefore.Equal(k.NotBefore) || !before.NotAfter.Equal(k.NotAfter) || !before.CompromisedAt.Equal(k.CompromisedAt):
		return BundleChange{"key-changed", fmt.Sprintf("%s: %s, from %s", keyWords(k), k.Status, FormatDay(k.NotBefore))}, true
	}
	return BundleChange{}, false
}

func keyWords(k license.Key) string { return fmt.Sprintf("%s (%s, for %s)", k.ID, k.Algorithm, k.Use) }
