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
	public, err := decode64("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		t.Fatal(err)
	}
	const signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
	sig, err := decode64("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
	if err != nil {
		t.Fatal(err)
	}
	k := Key{Algorithm: Ed25519, Public: public}
	if err := k.check(); err != nil {
		t.Error(err)
	}
	if !k.allows("EdDSA") || !k.allows("Ed25519") || k.allows("ES256") {
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
		b, err := decode64(s)
		if err == nil && base64.RawURLEncoding.EncodeToString(b) != s {
			t.Errorf("%q was read as %x", s, b)
		}
		if e := base64.RawURLEncoding.EncodeToString([]byte(s)); err == nil || s != "" {
			if back, err := decode64(e); err != nil || string(back) != s {
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
			if !k.allows(version(t, s)) {
				t.Errorf("%s refuses %s", c.text, s)
			}
		}
		for _, s := range strings.Fields(c.not) {
			if k.allows(version(t, s)) {
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

func version(t interface{ Fatal(...any) }, s string) visual.Version {
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
		v := version(t, fmt.Sprintf("%d.%d.%d.%d", have[0], have[1], have[2], have[3]))
		if c.allows(v) != want {
			t.Errorf("%s %v: %s allowed %t", op, parts, v, !want)
		}
	})
}

// odd says whether a message has anything but printable ASCII and an ellipsis:
// strangers' text must not reach a terminal as it is.
func odd(message string) bool {
	return strings.ContainsFunc(message, func(r rune) bool { return r < ' ' || r > '~' && r != '…' })
}

// FuzzStatement: a reader of statements never panics, gives messages in
// printable ASCII, and reads claims only as it would write them.
func FuzzStatement(f *testing.F) {
	e := base64.RawURLEncoding.EncodeToString
	header := `{"alg":"Ed25519","kid":"aurora-2026","typ":"visual-license+jwt"}`
	claims := `{"v":1,"iss":"https://licenses.aurora.example","sub":"customer:4711","aud":"urn:powerbi:visual:g","jti":"j","lid":"l","seq":7,` +
		`"iat":1793491200,"nbf":1793491200,"exp":1826668800,"next_payment":"2027-11-20","tid":["8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11"],` +
		`"visual":{"guid":"g","versions":"~> 1.4"},"pkg":[{"version":"1.4.0.0","digest":"h1:W1dovFO/JoB7wX5zvbZPpnu+Y6vpvp4eY/it2qXcq38="}],` +
		`"kind":"user","user":{"qty":250}}`
	for _, c := range []string{claims, `{}`, `[]`, `{"v":2}`, strings.Replace(claims, `"exp"`, `"EXP"`, 1), "\xff", `{"a":` + strings.Repeat("[", 100)} {
		f.Add([]byte(e([]byte(header))+"."+e([]byte(c))+"."+e(make([]byte, 64))), []byte(c))
	}
	f.Add([]byte("..\n"), []byte(`{"ext":{"a":{"b":{}}}}`))
	f.Fuzz(func(t *testing.T, file, payload []byte) {
		tok, faults := parseToken(file)
		if len(faults) == 0 {
			text := e(tok.payload) + "." + e(tok.sig)
			if !strings.HasSuffix(strings.TrimSuffix(string(file), "\n"), text) {
				t.Errorf("%q has another spelling", file)
			}
		}
		c, more := parseClaims(payload)
		if len(more) == 0 && (c.terms.ID == "" || c.terms.Ends.IsZero() || c.guid.IsZero() || len(c.packages) == 0 || len(c.terms.Tenants) == 0) {
			t.Errorf("accepted without saying all: %+v", c)
		}
		for _, f := range append(faults, more...) {
			if odd(f.Message) {
				t.Errorf("a message with odd characters: %q", f.Message)
			}
		}
	})
}

// FuzzBundle: a reader of bundles never panics, and gives no key that proves
// nothing.
func FuzzBundle(f *testing.F) {
	text := `{"v":1,"typ":"visual-license-trust","version":1,"expires":"2029-01-01T00:00:00Z","threshold":1,` +
		`"root_keys":["PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"],` +
		`"issuers":[{"iss":"https://licenses.aurora.example","guids":["g"],"keys":[{"kid":"aurora-2026","alg":"Ed25519",` +
		`"pub":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"license","status":"active","not_before":"2026-01-01T00:00:00Z"}]}]}` + "\n"
	f.Add(text)
	f.Add(strings.Replace(text, `"active"`, `"retired","not_after":"2027-01-01T00:00:00Z"`, 1))
	f.Add(strings.Replace(text, `"threshold":1`, `"threshold":0`, 1))
	f.Add(text + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := ParseBundle([]byte(text)); err == nil {
			t.Errorf("signed by nobody, and read: %q", text)
		}
		b, faults := parseBundle(text)
		for _, f := range faults {
			if odd(f.Message) {
				t.Errorf("a message with odd characters: %q", f.Message)
			}
		}
		if len(faults) > 0 {
			return
		}
		if b.threshold < 1 || b.threshold > len(b.roots) || len(b.issuers) == 0 || b.version < 1 || b.expires.IsZero() {
			t.Errorf("accepted: %+v", b)
		}
		for _, i := range b.issuers {
			for _, k := range i.Keys {
				if k.Fingerprint() == "" || k.check() != nil || k.ID == "" {
					t.Errorf("accepted the key %+v", k)
				}
			}
		}
	})
}
