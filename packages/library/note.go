package library

import "time"

// A Note is what an administrator is shown of an item in the place where it
// lies: what it is, what was found of it, and whether it is installed.
type Note struct {
	// GUID and Version are the package's; empty where the item is no package,
	// or none that can be read.
	GUID, Version string
	// LicenseUntil is the effective end of the license that counts for the
	// package; zero where there is none.
	LicenseUntil time.Time
	// Verdict is one word, and Reason a sentence for it: why an item is refused,
	// what it waits for. Reason may be empty.
	Verdict, Reason string
	// Installed is what stores hold of the package: yes and since when, or no; of several stores each that holds it.
	Installed string
}
