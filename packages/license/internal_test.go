package license

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/visual"
)

// TestRFC8037 is the example of RFC 8037 appendix A.4.
func TestRFC8037(t *testing.T) {
	public, err := decodeBase64URL("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		t.Fatal(err)
	}
	const signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
	sig, err := decodeBase64URL("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
	if err != nil {
		t.Fatal(err)
	}
	k := Key{Algorithm: Ed25519, Public: public}
	if err := k.check(); err != nil {
		t.Error(err)
	}
	if !k.allowsAlgorithm("EdDSA") || !k.allowsAlgorithm("Ed25519") || k.allowsAlgorithm("ES256") {
		t.Error("the key allows other algorithms than its own")
	}
	if !k.verify([]byte(signed), sig) || k.verify([]byte(signed+"x"), sig) {
		t.Error("the signature does not tell texts apart")
	}
}

// TestEd25519KeysPass: no key that anybody makes is refused.
func TestEd25519KeysPass(t *testing.T) {
	for i := range 200 {
		seed := sha256.Sum256([]byte{byte(i)})
		public := ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
		if err := checkEd25519(public); err != nil {
			t.Fatalf("%x: %v", public, err)
		}
	}
}

// TestEd25519SecondSpellings: the 19 values of y from the prime on spell points
// that have a spelling already, with either sign.
func TestEd25519SecondSpellings(t *testing.T) {
	for low := 0xed; low <= 0xff; low++ {
		for _, high := range []byte{0x7f, 0xff} {
			public := bytes.Repeat([]byte{0xff}, 32)
			public[0], public[31] = byte(low), high
			if err := checkEd25519(public); err == nil {
				t.Errorf("%x was taken", public)
			}
		}
	}
}

// TestDecode64 accepts exactly what encodes to the same text again.
func TestDecode64(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[A-Za-z0-9_\-+/=\r\n ]{0,12}`).Draw(t, "s")
		b, err := decodeBase64URL(s)
		if err == nil && base64.RawURLEncoding.EncodeToString(b) != s {
			t.Errorf("%q was read as %x", s, b)
		}
		if e := base64.RawURLEncoding.EncodeToString([]byte(s)); err == nil || s != "" {
			if back, err := decodeBase64URL(e); err != nil || string(back) != s {
				t.Errorf("%q does not come back: %v", e, err)
			}
		}
	})
}

func TestConstraint(t *testing.T) {
	for _, c := range []struct {
		text     string
		yes, not string
	}{
		{"= 1.4.0.0", "1.4 1.4.0.0", "1.4.0.1 1.3"},
		{"!= 1.4", "1.4.0.1", "1.4.0.0"},
		{">= 3.1.0.0, < 4.0.0.0", "3.1 3.1.0.0 3.999999999", "3.0.9 4 4.0.0.0"},
		{">=3.1,<4", "3.1", "4"},
		{"> 1.9", "1.10 1.9.0.1", "1.9 1.9.0.0"},
		{"<= 1.10", "1.9 1.10.0.0", "1.10.0.1 1.11"},
		{"~> 3.1", "3.1 3.2 3.99.1", "3.0.9 4 4.0.0.0"},
		{"~> 3.1.2", "3.1.2 3.1.9.9", "3.1.1 3.2"},
		{"~> 1.2.3.4", "1.2.3.4 1.2.3.99", "1.2.3.3 1.2.4"},
		{"~> 1.999999999", "1.999999999", "2"},
		{"~> 999999999.0", "999999999.5", "999999998"},
	} {
		k, err := parseConstraint(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		for _, s := range strings.Fields(c.yes) {
			if !k.allows(mustVersion(t, s)) {
				t.Errorf("%s refuses %s", c.text, s)
			}
		}
		for _, s := range strings.Fields(c.not) {
			if k.allows(mustVersion(t, s)) {
				t.Errorf("%s allows %s", c.text, s)
			}
		}
	}
	for _, s := range []string{
		"", "1.4", "~> 3", "^ 1.4", ">= 1.4 < 2", ">= 1.4,", ", >= 1.4", ">=  1.4", " >= 1.4", ">= 1.4 ", "=> 1.4", ">= v1.4",
		">= 01.4", ">= 1.4.0.0.0", ">= 1.4-beta", ">= 1..4", ">= 1.4 || < 1", ">= *", "~> 1.x", ">= 1.4,  < 2", ">= 9999999999", ">= 1.4\n",
		strings.Repeat(">= 1, ", 8) + ">= 1",
	} {
		if _, err := parseConstraint(s); err == nil {
			t.Errorf("%q was read", s)
		}
	}
}

func mustVersion(t interface{ Fatal(...any) }, s string) visual.Version {
	v, err := visual.ParseVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestConstraintModel compares with a model that knows four small numbers.
func TestConstraintModel(t *testing.T) {
	digit := rapid.IntRange(0, 3)
	rapid.Check(t, func(t *rapid.T) {
		var bound, have [4]int
		n := rapid.IntRange(2, 4).Draw(t, "parts")
		var parts []string
		for i := range 4 {
			have[i] = digit.Draw(t, "have")
			if i < n {
				bound[i] = digit.Draw(t, "bound")
				parts = append(parts, fmt.Sprint(bound[i]))
			}
		}
		op := rapid.SampledFrom([]string{"=", "!=", ">", ">=", "<", "<=", "~>"}).Draw(t, "op")
		c, err := parseConstraint(op + " " + strings.Join(parts, "."))
		if err != nil {
			t.Fatal(err)
		}
		number := func(v [4]int) int { return v[0]*1000 + v[1]*100 + v[2]*10 + v[3] }
		h, b := number(have), number(bound)
		upper := bound
		upper[n-2]++
		for i := n - 1; i < 4; i++ {
			upper[i] = 0
		}
		want := map[string]bool{"=": h == b, "!=": h != b, ">": h > b, ">=": h >= b, "<": h < b, "<=": h <= b, "~>": h >= b && h < number(upper)}[op]
		v := mustVersion(t, fmt.Sprintf("%d.%d.%d.%d", have[0], have[1], have[2], have[3]))
		if c.allows(v) != want {
			t.Errorf("%s %v: %s allowed %t", op, parts, v, !want)
		}
	})
}
