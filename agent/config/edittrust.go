package config

import (
	"errors"
	"fmt"
	"slices"
)

// ErrNotTrusted is what the edits of trust answer for somebody whom the file
// does not name.
var ErrNotTrusted = errors.New("the settings file does not name them under trust")

// UpdateVendor returns a settings file that pins another bundle of a vendor:
// where it lies, as it is to be written, and its fingerprint, both at once.
// Errors are those of SetPin, and ErrNotTrusted.
func UpdateVendor(b []byte, name, bundle, rootPrint string) ([]byte, error) {
	e, err := newEditor(b)
	if err != nil {
		return nil, err
	}
	want := e.written
	i := slices.IndexFunc(e.before.Trust.Vendors, func(v Vendor) bool { return v.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("cannot change the trust bundle of %s: %w", name, ErrNotTrusted)
	}
	want.Trust.Vendors = slices.Clone(want.Trust.Vendors)
	v := &want.Trust.Vendors[i]
	v.Bundle, v.Fingerprint = folderPath(written(bundle)), fingerprint(written(rootPrint))
	_, trust := lookup(e.root, "trust")
	_, list := lookup(trust, "vendors")
	for key, value := range map[string]string{"bundle": bundle, "fingerprint": rootPrint} {
		_, old := lookup(list.Content[i], key)
		if err := e.replaceScalar(old, value); err != nil {
			return nil, err
		}
	}
	return e.finish(want, nil)
}

// RemoveVendor returns a settings file without a vendor, its comments included
// that stand inside its item or on its lines. Errors are those of SetPin, and
// ErrNotTrusted.
func RemoveVendor(b []byte, name string) ([]byte, error) {
	e, err := newEditor(b)
	if err != nil {
		return nil, err
	}
	want := e.written
	i := slices.IndexFunc(e.before.Trust.Vendors, func(v Vendor) bool { return v.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("cannot remove the vendor %s: %w", name, ErrNotTrusted)
	}
	want.Trust.Vendors = slices.Delete(slices.Clone(want.Trust.Vendors), i, i+1)
	return e.finish(want, e.removeTrusted("vendors", i))
}

// RemoveAttester returns a settings file without one key of a person, as
// RemoveVendor does without a vendor.
func RemoveAttester(b []byte, keyID string) ([]byte, error) {
	e, err := newEditor(b)
	if err != nil {
		return nil, err
	}
	want := e.written
	i := slices.IndexFunc(e.before.Trust.Attesters, func(a Attester) bool { return a.Key.ID == keyID })
	if i < 0 {
		return nil, fmt.Errorf("cannot remove the key %s: %w", keyID, ErrNotTrusted)
	}
	want.Trust.Attesters = slices.Delete(slices.Clone(want.Trust.Attesters), i, i+1)
	return e.finish(want, e.removeTrusted("attesters", i))
}

// removeTrusted takes one item out of a list under trust.
func (e *editor) removeTrusted(list string, i int) error {
	_, trust := lookup(e.root, "trust")
	key, items := lookup(trust, list)
	return e.removeItem(key, items, i)
}
