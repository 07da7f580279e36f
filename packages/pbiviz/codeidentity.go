package pbiviz

import "slices"

// A CodeIdentity is what packages are compared by where only their code matters. It is the one
// place that decides whether two packages are the same code.
type CodeIdentity struct {
	Content Content // of the whole package; empty where it is not known
	// Unlicensed are digests of the package without the vendor's own license, one of
	// each vendor profile that can take it out.
	Unlicensed []string
}

// IsSame reports whether two packages are proven to hold the same code: both hold the
// same, or both hold the same without the vendor's own license.
func (c CodeIdentity) IsSame(d CodeIdentity) bool {
	return c.Content != "" && c.Content == d.Content ||
		slices.ContainsFunc(c.Unlicensed, func(s string) bool { return s != "" && slices.Contains(d.Unlicensed, s) })
}
