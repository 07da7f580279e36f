package pbiviz

// Limits bounds what Read takes and what it spends on it. Every field is the
// last value that is allowed.
type Limits struct {
	FileSize   int64 // bytes of the package file
	Entries    int   // entries of the ZIP, directories included
	NameLength int   // bytes of an entry's name
	EntrySize  int64 // inflated bytes of one entry
	TotalSize  int64 // inflated bytes of all entries together
	// Ratio is how many inflated bytes one byte of the file may stand for. It
	// binds entries, and all entries together, that inflate to more than
	// RatioFloor bytes: small text may well be repetitive.
	Ratio      int64
	RatioFloor int64
	// JSONDepth is how deep objects and arrays may be nested.
	JSONDepth int
	// ManifestSize is the bytes of package.json.
	ManifestSize int64
	// CapabilitiesSize is the bytes of the capabilities, and again of the
	// localized strings: both are kept in a second form.
	CapabilitiesSize int64
}

// DefaultLimits is generous: the largest public package has 1.3 MB, the largest
// pbiviz.json 10.6 MB. What a file can make Read hold in memory stays below the
// file, TotalSize and once more the largest entry.
func DefaultLimits() Limits {
	return Limits{
		FileSize:         128 << 20,
		Entries:          1000,
		NameLength:       255,
		EntrySize:        256 << 20,
		TotalSize:        384 << 20,
		Ratio:            100,
		RatioFloor:       1 << 20,
		JSONDepth:        64,
		ManifestSize:     1 << 20,
		CapabilitiesSize: 8 << 20,
	}
}
