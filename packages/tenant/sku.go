package tenant

import "regexp"

// A SKU is the size of a capacity as Microsoft sells it: of Fabric (F), of
// Power BI Premium (P, EM) or of Power BI Embedded (A). It keeps its spelling,
// also where that is none of those known here. The zero SKU says that nobody
// told one. SKUs are compared by Units, never with ==: P1 and F64 are one size.
type SKU struct{ s string }

// maxSKU bounds what is kept of a SKU's spelling, in bytes.
const maxSKU = 32

// perUser is what Microsoft's interfaces call the capacities on which
// workspaces of Premium Per User lie, and what people call them. The spelling is
// not documented by Microsoft: what it names is always sent to a person.
var perUser = regexp.MustCompile(`^(PP[1-3]|PPU)$`)

// ParseSKU reads a SKU as Microsoft spells it, in capitals. It never fails:
// a spelling that is not known makes a SKU without Units.
func ParseSKU(s string) SKU {
	if len(s) > maxSKU {
		s = s[:maxSKU]
	}
	return SKU{s}
}

// Units returns the size in capacity units (CU), and whether it is known.
//
// The sizes are those of Microsoft's table "Determine your minimum SKU" on
// https://learn.microsoft.com/power-bi/developer/embedded/embedded-capacity-planning,
// whose third note gives trial capacities (FT) the limits of F64.
func (s SKU) Units() (int, bool) {
	switch s.s {
	case "F2":
		return 2, true
	case "F4":
		return 4, true
	case "F8", "EM1", "A1":
		return 8, true
	case "F16", "EM2", "A2":
		return 16, true
	case "F32", "EM3", "A3":
		return 32, true
	case "F64", "P1", "A4", "FT1":
		return 64, true
	case "F128", "P2", "A5":
		return 128, true
	case "F256", "P3", "A6":
		return 256, true
	case "F512", "P4", "A7":
		return 512, true
	case "F1024", "P5", "A8":
		return 1024, true
	case "F2048":
		return 2048, true
	}
	return 0, false
}

// PerUser says whether this is no capacity of a size but Premium Per User: it
// is bought for each user, and has no Units.
func (s SKU) PerUser() bool { return perUser.MatchString(s.s) }

// Known says whether the SKU is one that Microsoft is known to sell.
func (s SKU) Known() bool {
	_, sized := s.Units()
	return sized || s.PerUser()
}

// IsZero says whether nobody told a SKU.
func (s SKU) IsZero() bool { return s.s == "" }

// String returns the SKU as it was spelled.
func (s SKU) String() string { return s.s }

// AtMost says whether a capacity of the SKU s is covered where the SKU t is
// licensed, and whether that can be said: both sizes must be known.
func (s SKU) AtMost(t SKU) (covered, comparable bool) {
	mine, ok := s.Units()
	licensed, okToo := t.Units()
	return ok && okToo && mine <= licensed, ok && okToo
}
