package license

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
)

// The vectors of Wycheproof (github.com/c2sp/wycheproof, Apache-2.0) are copies
// of v0.0.0-20260902155932-3fa63dd0344a: importing its module puts all of them into the test program.

// wycheproof reads one of its files.
func wycheproof[T any](t *testing.T, name string) T {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "wycheproof", name))
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(b, &v, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	return v
}

type vectors[G any] struct {
	NumberOfTests int
	TestGroups    []G
}

type signatureGroup struct {
	PublicKey struct{ PK, Uncompressed string }
	Tests     []struct {
		TcID             int `json:"tcId"`
		Msg, Sig, Result string
	}
}

func decodeHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestWycheproofSignatures verifies what Wycheproof says of Ed25519 and of ECDSA
// on P-256 in the form that JWS uses.
func TestWycheproofSignatures(t *testing.T) {
	for file, alg := range map[string]Algorithm{"ed25519_test.json": Ed25519, "ecdsa_secp256r1_sha256_p1363_test.json": ES256} {
		tried := 0
		v := wycheproof[vectors[signatureGroup]](t, file)
		for _, g := range v.TestGroups {
			k := Key{Algorithm: alg, Public: decodeHex(t, g.PublicKey.PK+g.PublicKey.Uncompressed)}
			if err := k.check(); err != nil {
				t.Errorf("%s: the key %x is refused: %v", file, k.Public, err)
			}
			for _, c := range g.Tests {
				if got := k.verify(decodeHex(t, c.Msg), decodeHex(t, c.Sig)); got != (c.Result == "valid") {
					t.Errorf("%s %d: verified %t, and it is %s", file, c.TcID, got, c.Result)
				}
				tried++
			}
		}
		if tried != v.NumberOfTests || tried < 150 {
			t.Errorf("%s: tried %d of %d", file, tried, v.NumberOfTests)
		}
	}
}

// A webKey is as much of a JSON Web Key as the vectors need.
type webKey struct {
	Kty, Crv, Alg, Use, X, Y, K string
	KeyOps                      []string `json:"key_ops"`
}

type tokenGroup struct {
	Comment         string
	Public, Private webKey
	Tests           []struct {
		TcID   int `json:"tcId"`
		JWS    string
		Result string
	}
}

// record makes the key that a trust bundle would list.
func (w webKey) record(t *testing.T) Key {
	t.Helper()
	x, errX := decodeBase64URL(w.X)
	y, errY := decodeBase64URL(w.Y)
	if errX != nil || errY != nil {
		t.Fatal(errX, errY)
	}
	use := UseLicense
	if w.Use == "enc" || slices.Contains(w.KeyOps, "encrypt") {
		use = "encryption"
	}
	return Key{ID: "k", Algorithm: ES256, Use: use, Public: slices.Concat([]byte{4}, x, y)}
}

// isAccepted says whether a token passes all that parseCompact and signedBy ask,
// but for the members of the header that only our documents have.
func isAccepted(jws string, k Key) bool {
	t, header, f := splitCompact([]byte(jws), MaxStatement)
	if len(f) > 0 {
		return false
	}
	o, err := parseObject(header, limits{depth: 1, text: maxText})
	if err != nil {
		return false
	}
	t.alg, _ = o.text("alg")
	return len(t.checkSignature(k, UseLicense)) == 0
}

// TestWycheproofTokens verifies the tokens of ES256, and finds every other one
// refused: none is a statement.
func TestWycheproofTokens(t *testing.T) {
	v := wycheproof[vectors[tokenGroup]](t, "json_web_signature_test.json")
	tried, ours := 0, 0
	for _, g := range v.TestGroups {
		es256 := g.Public.Kty == "EC" && g.Public.Crv == "P-256"
		for _, c := range g.Tests {
			tried++
			if _, f := parseToken([]byte(c.JWS)); len(f) == 0 {
				t.Errorf("%d: passes for a statement", c.TcID)
			}
			if !es256 {
				continue
			}
			ours++
			if got := isAccepted(c.JWS, g.Public.record(t)); got != (c.Result == "valid") {
				t.Errorf("%d: accepted %t, and it is %s", c.TcID, got, c.Result)
			}
		}
	}
	if tried != v.NumberOfTests || ours != 41 {
		t.Errorf("tried %d of %d, %d of ES256", tried, v.NumberOfTests, ours)
	}
}

// TestWycheproofBase64 verifies the tokens that try spellings of base64, with
// the one algorithm they have, HS256. Two that Wycheproof calls valid have
// question marks in them, which RFC 7515 section 2 does not allow. Two that it
// calls invalid, for their padding, are byte for byte its valid token 357: the
// padding is lost in the file.
func TestWycheproofBase64(t *testing.T) {
	questionMarks, same := []int{372, 373}, []int{367, 370}
	seen := map[int]string{}
	tried := 0
	for _, g := range wycheproof[vectors[tokenGroup]](t, "json_web_signature_test.json").TestGroups {
		if g.Comment != "base64" {
			continue
		}
		secret, err := decodeBase64URL(g.Private.K)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range g.Tests {
			tok, _, f := splitCompact([]byte(c.JWS), MaxStatement)
			mac := hmac.New(sha256.New, secret)
			mac.Write(tok.signed)
			got := len(f) == 0 && hmac.Equal(mac.Sum(nil), tok.sig)
			seen[c.TcID] = c.JWS
			valid := c.Result == "valid" && !slices.Contains(questionMarks, c.TcID)
			if slices.Contains(same, c.TcID) {
				valid = c.JWS == seen[357]
			}
			if got != valid {
				t.Errorf("%d: accepted %t, and it is %s", c.TcID, got, c.Result)
			}
			tried++
		}
	}
	if tried != 21 {
		t.Errorf("tried %d", tried)
	}
}

// TestRFC7515 is the examples of RFC 7515 appendices A and C. Only A.3 is by an
// algorithm of ours; none is a statement.
func TestRFC7515(t *testing.T) {
	const payload = ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
	const es256 = "eyJhbGciOiJFUzI1NiJ9" + payload + "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
	k := webKey{X: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", Y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}.record(t)
	if !isAccepted(es256, k) {
		t.Error("A.3 is refused")
	}
	if k.Algorithm = Ed25519; isAccepted(es256, k) {
		t.Error("A.3 is accepted with a key of another algorithm")
	}
	for name, jws := range map[string]string{
		"A.1 HS256":              "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9" + payload + "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
		"A.3 ES256":              es256,
		"A.5 unsecured":          "eyJhbGciOiJub25lIn0" + payload,
		"A.6 JSON serialization": `{"payload":"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ","signatures":[]}`,
	} {
		if _, f := parseToken([]byte(jws)); len(f) == 0 {
			t.Errorf("%s passes for a statement", name)
		}
	}
	if b, err := decodeBase64URL("A-z_4ME"); err != nil || !slices.Equal(b, []byte{3, 236, 255, 224, 193}) {
		t.Errorf("appendix C reads as %v, %v", b, err)
	}
}
