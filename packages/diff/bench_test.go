package diff_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/diff"
	"github.com/orgstore/orgstore/packages/pbiviz"
)

// largePackage makes a package of 1 MB whose script looks like one: words, some
// slashes, some URLs.
func largePackage(b *testing.B, seed uint64) *pbiviz.Package {
	random := rand.New(rand.NewPCG(seed, 1))
	var script strings.Builder
	for script.Len() < 1<<20 {
		fmt.Fprintf(&script, "function f%d(a,b){return a/%d+b};", random.Uint32(), random.Uint32())
		if random.IntN(100) == 0 {
			fmt.Fprintf(&script, "var u=\"https://h%d.aurora.example/x\";", random.IntN(100))
		}
	}
	return open(b, pkg{Script: script.String(), Stored: true}.Bytes())
}

// BenchmarkCompare compares two packages of 1 MB each that differ throughout.
// The baseline, in the same run, is hashing both files once.
func BenchmarkCompare(b *testing.B) {
	from, to := largePackage(b, 1), largePackage(b, 2)
	size := int64(len(from.File()) + len(to.File()))
	b.Run("baseline=hash", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			sha256.Sum256(from.File())
			sha256.Sum256(to.File())
		}
	})
	b.Run("compare", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			diff.Compare(from, to)
		}
	})
}
