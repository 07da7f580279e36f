package visual

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxVersion bounds a version's length in bytes; the longest seen has 23.
const maxVersion = 64

// deployable is what the Organizational Store's packages may carry: one to four
// parts of at most nine digits, so that each fits an int32, without leading
// zeros. Today's packager insists on four parts; packages still in use have
// two or three, and read as if the missing ones were 0.
var deployable = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){0,3}$`)

// numeric is the leading run of dotted numbers, of any length, that Compare
// compares as numbers.
var numeric = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*`)

// A Version is the version a vendor gave a package. It keeps its spelling:
// 3.1.1 and 3.1.1.0 are equal by Compare and print as they were written, so
// compare versions with Compare or Equal, never with ==.
type Version struct{ s string }

// ParseVersion reads a version as packages and reports write it. Odd forms
// (five parts, 6.1.0-beta1, 1.7.0.1#4a6, 03.2) are readable, so that they can
// be listed and compared; Deployable tells them apart. An error means that the
// text cannot be shown or stored as a version at all.
func ParseVersion(s string) (Version, error) {
	switch {
	case s == "":
		return Version{}, errors.New("a version is empty")
	case len(s) > maxVersion:
		return Version{}, fmt.Errorf("a version has %d characters; at most %d are allowed", len(s), maxVersion)
	case !utf8.ValidString(s):
		return Version{}, errors.New("a version is not valid UTF-8")
	}
	for _, r := range s {
		if !unicode.IsPrint(r) || r == ' ' {
			return Version{}, fmt.Errorf("%+q is not a version: it has a space or an unprintable character", s)
		}
	}
	return Version{s}, nil
}

// String returns the version as it was written.
func (v Version) String() string { return v.s }

// IsZero says whether v names no version.
func (v Version) IsZero() bool { return v.s == "" }

// Deployable says whether the version has a form that may be put into a store:
// one to four numbers without leading zeros, each below a thousand million.
func (v Version) Deployable() bool { return deployable.MatchString(v.s) }

// Compare orders versions: leading dotted numbers as numbers, a missing part
// being 0, then whatever follows them as text, so that 1.2 comes before
// 1.2-beta. It is a total order in which 3.1.1 equals 3.1.1.0.
func (v Version) Compare(w Version) int {
	vn, vrest := v.split()
	wn, wrest := w.split()
	for i := range max(len(vn), len(wn)) {
		if c := compareNumbers(part(vn, i), part(wn, i)); c != 0 {
			return c
		}
	}
	return strings.Compare(vrest, wrest)
}

// Equal says whether two versions are the same number, however they are written.
func (v Version) Equal(w Version) bool { return v.Compare(w) == 0 }

// Canonical returns one spelling for all equal versions, for use as a map key:
// leading and trailing zeros of the numbers are gone.
func (v Version) Canonical() string {
	n, rest := v.split()
	if n == nil {
		n = []string{"0"} // no number at all compares like 0
	}
	for i, p := range n {
		n[i] = trimZeros(p)
	}
	for len(n) > 1 && n[len(n)-1] == "0" {
		n = n[:len(n)-1]
	}
	return strings.Join(n, ".") + rest
}

// MarshalText writes the version as it was written.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.s), nil }

// UnmarshalText reads what MarshalText wrote.
func (v *Version) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*v = Version{}
		return nil
	}
	p, err := ParseVersion(string(b))
	if err != nil {
		return err
	}
	*v = p
	return nil
}

func (v Version) split() (numbers []string, rest string) {
	lead := numeric.FindString(v.s)
	if lead == "" {
		return nil, v.s
	}
	return strings.Split(lead, "."), v.s[len(lead):]
}

func part(parts []string, i int) string {
	if i < len(parts) {
		return trimZeros(parts[i])
	}
	return "0"
}

func trimZeros(s string) string {
	if t := strings.TrimLeft(s, "0"); t != "" {
		return t
	}
	return "0"
}

// compareNumbers compares decimal numbers of any length without leading zeros.
func compareNumbers(a, b string) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}
