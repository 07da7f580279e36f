// Package change is the one vocabulary for what may happen to a visual in a
// store. It knows nothing else.
package change

// A Kind says what a step does. The words are stored in journals and read by
// other programs: they are never renamed, and an unknown one is refused.
type Kind string

// The kinds of change.
const (
	// Install puts a visual where the store has none.
	Install Kind = "install"
	// Upgrade puts a higher version.
	Upgrade Kind = "upgrade"
	// Downgrade puts a lower version.
	Downgrade Kind = "downgrade"
	// Replace puts the same version with other code.
	Replace Kind = "replace"
	// Renew puts the same version with the same code, proven, under a license
	// that lasts longer.
	Renew Kind = "renew"
	// Restore puts back what was there before a failed step.
	Restore Kind = "restore"
	// Enable lets reports load the visual.
	Enable Kind = "enable"
	// Disable keeps the visual listed while reports do not load it.
	Disable Kind = "disable"
)

// Kinds lists every kind, in the order of the constants.
func Kinds() []Kind {
	return []Kind{Install, Upgrade, Downgrade, Replace, Renew, Restore, Enable, Disable}
}

// Valid says whether k is one of Kinds.
func (k Kind) Valid() bool {
	for _, known := range Kinds() {
		if k == known {
			return true
		}
	}
	return false
}

// Puts says whether a step of this kind puts package bytes into the store;
// enabling and disabling leave them as they are.
func (k Kind) Puts() bool { return k.Valid() && k != Enable && k != Disable }
