package visual

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxVersion bounds a version's length in bytes; the longest seen has 23.
const maxVersion = 64

// What the Organizational Store's packages may carry: one to four parts of at
// most nine digits, so that each fits an int32, without leading zeros. Today's
// packager insists on four parts; packages still in use have two or three, and
// read as if the missing ones were 0.
const (
	maxParts  = 4
	maxDigits = 9
	maxNumber = 999_999_999
)

// A Version is the version a vendor gave a package. It keeps its spelling:
// 3.1.1 and 3.1.1.0 are equal by Compare and print as they were written, so
// compare versions with Compare or Equal, never with ==.
//
// A Version is parsed once. It keeps its numbers, because a plan compares
// versions many thousand times.
type Version struct {
	text    string
	numbers [maxParts]int32 // of a deployable version; missing parts are 0
	parts   int             // how many numbers are written; 0 if not deployable
}

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
	v := Version{text: s}
	v.numbers, v.parts = parseNumbers(s)
	return v, nil
}

// parseNumbers reads the numbers of a deployable version. It returns no parts
// for any other.
func parseNumbers(s string) (numbers [maxParts]int32, parts int) {
	for number := range strings.SplitSeq(s, ".") {
		n, ok := parseNumber(number)
		if !ok || parts == maxParts {
			return [maxParts]int32{}, 0
		}
		numbers[parts] = n
		parts++
	}
	return numbers, parts
}

// parseNumber reads one number of a deployable version: decimal digits without
// a sign and without leading zeros.
func parseNumber(s string) (n int32, ok bool) {
	if s == "" || len(s) > maxDigits || len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int32(c-'0')
	}
	return n, true
}

// String returns the version as it was written.
func (v Version) String() string { return v.text }

// IsZero says whether v names no version.
func (v Version) IsZero() bool { return v.text == "" }

// Deployable says whether the version has a form that may be put into a store:
// one to four numbers without leading zeros, each below a thousand million.
func (v Version) Deployable() bool { return v.parts > 0 }

// FormFault says what keeps a version from a form that may be put into a store, and
// empty if nothing does.
func (v Version) FormFault() string {
	if v.Deployable() {
		return ""
	}
	all := strings.Split(v.text, ".")
	for _, part := range all {
		digits := strings.Trim(part, "0123456789") == ""
		switch {
		case part == "":
			return "it has an empty part"
		case !digits:
			return fmt.Sprintf("its part %+q is not a plain number", part)
		case part[0] == '0' && len(part) > 1:
			return fmt.Sprintf("its part %s begins with a zero", part)
		case len(part) > maxDigits:
			return fmt.Sprintf("its part %s is above the limit of %s", part, strings.Repeat("9", maxDigits))
		}
	}
	return fmt.Sprintf("it has %d parts, and at most %d are allowed", len(all), maxParts)
}

// NextSeries returns the first version that the constraint "~> v" leaves out:
// v without its last number, and the number before that raised by one. It
// returns false for a version that has one number only, and for one that is not
// deployable.
func (v Version) NextSeries() (Version, bool) {
	if v.parts < 2 {
		return Version{}, false
	}
	series := v.numbers[:v.parts-1]
	text := make([]byte, 0, maxVersion)
	for i, n := range series {
		if i == len(series)-1 {
			n++ // at most nine digits, so that this fits
		}
		text = append(strconv.AppendInt(text, int64(n), 10), '.')
	}
	next, err := ParseVersion(string(text[:len(text)-1]))
	return next, err == nil
}

// Successor returns the lowest deployable version above v. It returns false for the
// highest there is, and for a version that is not deployable.
func (v Version) Successor() (Version, bool) {
	if !v.Deployable() {
		return Version{}, false
	}
	next := v.numbers
	for i := maxParts - 1; i >= 0; i-- {
		if next[i] < maxNumber {
			next[i]++
			return versionOf(next), true
		}
		next[i] = 0
	}
	return Version{}, false
}

// versionOf returns the version that four numbers make.
func versionOf(numbers [maxParts]int32) Version {
	return Version{
		text:    fmt.Sprintf("%d.%d.%d.%d", numbers[0], numbers[1], numbers[2], numbers[3]),
		numbers: numbers, parts: maxParts,
	}
}

// Compare orders versions: leading dotted numbers as numbers, a missing part
// being 0, then whatever follows them as text, so that 1.2 comes before
// 1.2-beta. It is a total order in which 3.1.1 equals 3.1.1.0.
func (v Version) Compare(w Version) int {
	if v.parts > 0 && w.parts > 0 {
		return slices.Compare(v.numbers[:], w.numbers[:])
	}
	if v.text == w.text {
		return 0
	}
	vn, vrest := v.splitNumbers()
	wn, wrest := w.splitNumbers()
	for vn != "" || wn != "" {
		var a, b string
		a, vn, _ = strings.Cut(vn, ".")
		b, wn, _ = strings.Cut(wn, ".")
		if c := compareNumbers(trimZeros(a), trimZeros(b)); c != 0 {
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
	numbers, rest := v.splitNumbers()
	spelled := make([]byte, 0, maxVersion+len("0"))
	length := 0 // of what is spelled, without the parts at its end that are 0
	for first := true; first || numbers != ""; first = false {
		var number string
		number, numbers, _ = strings.Cut(numbers, ".")
		number = trimZeros(number)
		if !first {
			spelled = append(spelled, '.')
		}
		if number == "" {
			spelled = append(spelled, '0') // so is no number at all
		}
		spelled = append(spelled, number...)
		if first || number != "" {
			length = len(spelled)
		}
	}
	return string(append(spelled[:length], rest...))
}

// MarshalText writes the version as it was written.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.text), nil }

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

// splitNumbers takes a version apart into its leading run of dotted numbers, of any
// length, and whatever follows them.
func (v Version) splitNumbers() (numbers, rest string) {
	end := 0 // of the last number
	for i := 0; i < len(v.text); i++ {
		switch c := v.text[i]; {
		case '0' <= c && c <= '9':
			end = i + 1
		case c != '.' || end != i || i == 0:
			return v.text[:end], v.text[end:]
		}
	}
	return v.text[:end], v.text[end:]
}

// trimZeros drops leading zeros: 0 is the empty text, as a missing part is.
func trimZeros(number string) string { return strings.TrimLeft(number, "0") }

// compareNumbers compares decimal numbers of any length without leading zeros.
func compareNumbers(a, b string) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}
