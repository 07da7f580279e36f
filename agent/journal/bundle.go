package journal

import "errors"

// BundleSeen: a vendor's trust bundle was in force, and is newer than any before it of
// these root keys. None of theirs that is older is trusted from then on, unless a person
// allows it.
type BundleSeen struct {
	Vendor      string `json:"vendor"` // its name in the settings
	Roots       string `json:"roots"`  // fingerprint of the root keys
	Version     int64  `json:"version"`
	Fingerprint string `json:"fingerprint"`
}

// BundleAllowed: a person decided that a bundle is trusted that is older than the newest
// one. It counts for this version: the next newer one closes the way back again.
type BundleAllowed struct {
	Vendor      string `json:"vendor"`
	Roots       string `json:"roots"`
	Version     int64  `json:"version"`
	Fingerprint string `json:"fingerprint"`
	Newest      int64  `json:"newest"` // the version that was seen
	Reason      string `json:"reason"`
}

func (f BundleSeen) applyTo(w *writer, _ Entry) error {
	if f.Vendor == "" || f.Roots == "" || f.Version < 1 || f.Fingerprint == "" {
		return errors.New("it names no vendor, no root keys, no version, or no bundle")
	}
	if newest, known := w.bundles.get(f.Roots); known && f.Version <= newest.Version {
		return errors.New("a bundle of these root keys that is as new was seen already")
	}
	// A vendor's next bundle may have other root keys: what the former keys signed is older.
	before, known := w.bundleOf.get(f.Vendor)
	if newest, _ := w.bundles.get(before.Roots); known && f.Version > newest.Version {
		w.bundles.set(before.Roots, f)
	}
	w.bundles.set(f.Roots, f)
	w.bundleOf.set(f.Vendor, f)
	return nil
}

func (f BundleAllowed) applyTo(w *writer, _ Entry) error {
	newest, known := w.bundles.get(f.Roots)
	switch {
	case f.Vendor == "" || f.Fingerprint == "" || f.Reason == "":
		return errors.New("it names no vendor, no bundle, or no reason")
	case !known || f.Version >= newest.Version || f.Version < 1:
		return errors.New("no newer bundle of these root keys was seen")
	}
	// The newer one is seen anew once it comes back, and then this one is older again.
	w.bundles.drop(newest.Roots)
	allowed := BundleSeen{f.Vendor, f.Roots, f.Version, f.Fingerprint}
	w.bundles.set(f.Roots, allowed)
	w.bundleOf.set(f.Vendor, allowed)
	return nil
}

// NewestBundle returns the newest bundle that was in force of a set of root keys, or the
// one that replaced it under other root keys.
func (b Book) NewestBundle(roots string) (BundleSeen, bool) {
	return b.currentTotals().bundles.get(roots)
}
