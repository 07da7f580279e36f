package mask_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/pbiviz/mask"
)

// BenchmarkLiterals takes a script of 1 MB apart. The baseline, in the same
// run, is hashing it once.
func BenchmarkLiterals(b *testing.B) {
	line := `function f(a,b){if(a>1){return a/b+"text".length}return/["']/.test(a)?` + "`x${b}`" + `:{c:[1,2,'d']}};`
	script := []byte(strings.Repeat(line, 1<<20/len(line)))
	b.Run("baseline=hash", func(b *testing.B) {
		b.SetBytes(int64(len(script)))
		for b.Loop() {
			sha256.Sum256(script)
		}
	})
	b.Run("literals", func(b *testing.B) {
		b.SetBytes(int64(len(script)))
		for b.Loop() {
			if _, err := mask.Literals(script, len(script)+1); err != nil {
				b.Fatal(err)
			}
		}
	})
}
