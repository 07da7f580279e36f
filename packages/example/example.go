// Package example holds the packages of Aurora Visuals, a vendor who does not
// exist: two small visuals, in versions that differ as real ones do, built from
// the sources in testdata/source with Microsoft's packager (testdata/rebuild).
// Demonstrations and tests use them in place of a real vendor's.
//
// It knows file names and bytes; it must not know what is inside a package.
package example

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
)

// Vendor is who publishes the visuals.
const Vendor = "Aurora Visuals"

// The visuals' GUIDs, as their packages spell them.
const (
	GaugeGUID    = "auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E"
	TimelineGUID = "auroraTimeline0EC4001DA97EE18F29D05EFD5CB885CD"
)

// The packages of Aurora Gauge. Each version holds what the one before changed.
const (
	Gauge100       = "1.0.0"         // of the old generation, with three-part version
	Gauge1400      = "1.4.0.0"       // the first of the new generation
	Gauge1400Recut = "1.4.0.0-recut" // 1.4.0.0 built again with other code, silently
	Gauge1410      = "1.4.1.0"       // code only
	Gauge1500      = "1.5.0.0"       // data role minimum and property dial.rounded added
	Gauge1600      = "1.6.0.0"       // privilege WebAccess added
	Gauge2000      = "2.0.0.0"       // data role target and property needle.fill removed
)

// The packages of Aurora Timeline.
const (
	Timeline2000 = "2.0.0.0"
	Timeline2100 = "2.1.0.0" // property axis.labels added
)

//go:embed testdata/*.pbiviz testdata/old/*.pbiviz
var files embed.FS

// A File is one package under the name that its vendor gave the file.
type File struct {
	Name  string
	Bytes []byte
}

// Packages returns the packages of the new generation, sorted by name. The
// caller owns the bytes.
func Packages() []File { return packagesMatching("testdata/*.pbiviz") }

// OldPackages returns the packages of the old generation, sorted by name. The
// caller owns the bytes.
func OldPackages() []File { return packagesMatching("testdata/old/*.pbiviz") }

// Gauge returns one of Aurora Gauge's packages: one of the constants Gauge….
// It panics on any other, since which there are is known when a caller is written.
func Gauge(name string) []byte {
	if name == Gauge100 {
		return readPackage(path.Join("testdata/old", GaugeGUID+"."+name+".pbiviz"))
	}
	return readPackage(path.Join("testdata", GaugeGUID+"."+name+".pbiviz"))
}

// Timeline returns one of Aurora Timeline's packages: one of the constants
// Timeline…. It panics on any other.
func Timeline(name string) []byte {
	return readPackage(path.Join("testdata", TimelineGUID+"."+name+".pbiviz"))
}

func packagesMatching(pattern string) []File {
	names, err := fs.Glob(files, pattern)
	if err != nil {
		panic(fmt.Sprintf("example: %v", err)) // the patterns are constants
	}
	found := make([]File, len(names))
	for i, name := range names {
		found[i] = File{Name: path.Base(name), Bytes: readPackage(name)}
	}
	return found
}

func readPackage(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("example: there is no such package: %v", err))
	}
	return b
}
