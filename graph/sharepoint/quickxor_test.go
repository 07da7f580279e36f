package sharepoint

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// The hash is what Microsoft's description says, spelled out with big numbers,
// whatever pieces the bytes come in.
func TestQuickXorIsAsDescribed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 700).Draw(t, "bytes")
		circle := new(big.Int)
		full := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), quickXorBits), big.NewInt(1))
		for i, x := range b {
			n := uint(i * quickXorShift % quickXorBits)
			at := new(big.Int).Lsh(big.NewInt(int64(x)), n)
			over := new(big.Int).Rsh(at, quickXorBits)
			circle.Xor(circle, new(big.Int).Or(new(big.Int).And(at, full), over))
		}
		circle.Xor(circle, new(big.Int).Lsh(big.NewInt(int64(len(b))), quickXorBits-64))
		want := circle.FillBytes(make([]byte, quickXorSize))
		h := newQuickXor()
		for rest := b; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			h.Write(rest[:n])
			rest = rest[n:]
		}
		for i, x := range h.Sum(nil) {
			if x != want[quickXorSize-1-i] {
				t.Fatalf("got %x, want %x in reverse", h.Sum(nil), want)
			}
		}
	})
}
