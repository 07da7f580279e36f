package sharepoint

import (
	"encoding/base64"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// The vectors are those of rclone's tests (MIT license), which were made with
// Microsoft's code.
func TestQuickXorVectors(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"Sg==":                         "SgAAAAAAAAAAAAAAAQAAAAAAAAA=",
		"tbQ=":                         "taAFAAAAAAAAAAAAAgAAAAAAAAA=",
		"luBZlaT6":                     "lgBHFipBCn0AAAAABgAAAAAAAAA=",
		"/aNzzCFPS/A=":                 "/RjFHJgRgicsAR4ACAAAAAAAAAA=",
		"gQaybEqS/4UlDc8e4IJm":         "gDCALNigBEn8oxAlZ8AzPAAOQZg=",
		"T6LYJIfDh81JrAK309H2JMJTXis=": "zBTHrspn3mEcohlJdIUAbjGNaNg=",
		"Mb7EGva2rEE5fENDL85P+BsapHEEjv2/siVhKjvAQe02feExVOQSkfmuYzU/kTF1MaKjPmKF/w+cbvwfdWL8aQ==": "n1anP5NfvD4XDYWIeRPW3ZkPv1Y=",
		"jyibxJSzO6ZiZ0O1qe3tG/bvIAYssvukh9suIT5wEy1JBINVgPiqdsTW0cOpP0aUfP7mgqLfADkz" +
			"I/m/GgCuVhr8oFLrOCoTx1/psBOWwhltCbhUx51Icm9aH8tY4Z3ccU+6BKpYQkLCy0B/A9Zc": "hZfLIilSITC6N3e3tQ/iSgEzkto=",
		"ikwCorI7PKWz17EI50jZCGbV9JU2E8bXVfxNMg5zdmqSZ2NlsQPp0kqYIPjzwTg1MBtfWPg53k0h" +
			"0P2naJNEVgrqpoHTfV2b3pJ4m0zYPTJmUX4Bg/lOxcnCxAYKU29Y5F0U8Quz7ZXFBEweftXxJ7RS" +
			"4r6N7BzJrPsLhY7hgck=": "imAoFvCWlDn4yVw3/oq1PDbbm6U=",
	} {
		b, err := base64.StdEncoding.DecodeString(in)
		if err != nil {
			t.Fatal(err)
		}
		h := newQuickXor()
		h.Write(b)
		if got := base64.StdEncoding.EncodeToString(h.Sum(nil)); got != want {
			t.Errorf("%d bytes: got %s, want %s", len(b), got, want)
		}
	}
}

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
