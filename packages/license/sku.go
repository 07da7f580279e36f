package license

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// skuForm is the closed list of capacity SKUs that Microsoft sells or sold:
// Fabric F2 to F2048, Premium P1 to P5, Embedded A1 to A8 and EM1 to EM3.
var skuForm = regexp.MustCompile(`^(F(2|4|8|16|32|64|128|256|512|1024|2048)|P[1-5]|A[1-8]|EM[1-3])$`)

// hostForm is a DNS name in lower-case A-labels: no scheme, port, path,
// wildcard or empty label, and its last label is not a number, so that no
// address passes for a name.
var hostForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// maxHost is the longest name DNS knows, in bytes.
const maxHost = 253

// idForm is how Microsoft writes the ids of tenants and capacities, in lower case.
var idForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// KnownSKU says whether s names a capacity SKU.
func KnownSKU(s string) bool { return skuForm.MatchString(s) }

// ValidTenant says whether s is a tenant id as statements and settings must
// write it: a lower-case UUID; no name, no wildcard.
func ValidTenant(s string) bool { return idForm.MatchString(s) }

func isValidHost(s string) bool { return len(s) <= maxHost && hostForm.MatchString(s) }

// allValid says whether there is at least one element and each is valid.
func allValid(list []string, valid func(string) bool) bool {
	return len(list) > 0 && !slices.ContainsFunc(list, func(s string) bool { return !valid(s) })
}

// CapacityUnits returns the size of a capacity SKU in Fabric capacity units, so
// that SKUs of all families compare. Eight units are one virtual core of Power
// BI; the equivalents are Microsoft's: EM1 and A1 are F8, P1 and A4 are F64.
func CapacityUnits(sku string) (units int, known bool) {
	m := skuForm.FindStringSubmatch(sku)
	if m == nil {
		return 0, false
	}
	family := strings.TrimRight(sku, "0123456789")
	n, err := strconv.Atoi(strings.TrimPrefix(sku, family))
	if err != nil {
		return 0, false
	}
	switch family {
	case "P":
		return 32 << n, true
	case "A", "EM":
		return 4 << n, true
	}
	return n, true
}
