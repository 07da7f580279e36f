package license_test

import (
	"bytes"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/verdict"
)

// gaugePackage is the package that tests state things about.
func gaugePackage(t testing.TB) *pbiviz.Package {
	t.Helper()
	return licensetest.Package(pbiviztest.Package{Version: "1.4.0.0"})
}

// codesOf returns the codes of a refusal, nil where err is nil.
func codesOf(t testing.TB, err error) []verdict.Code {
	t.Helper()
	if err == nil {
		return nil
	}
	var r *verdict.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("the error is not a Refusal: %v", err)
	}
	var all []verdict.Code
	for _, f := range r.Findings {
		if f.Message == "" || f.Hint == "" || f.Verdict != verdict.Reject {
			t.Errorf("a finding that helps nobody: %+v", f)
		}
		all = append(all, f.Code)
	}
	return all
}

// wantCodes checks the codes of a refusal; none means no error. It returns what the
// error is as a judgment.
func wantCodes(t testing.TB, err error, codesWanted ...verdict.Code) verdict.Judgment {
	t.Helper()
	if got := codesOf(t, err); !slices.Equal(got, codesWanted) {
		t.Errorf("got %v, want %v (%v)", got, codesWanted, err)
	}
	var r *verdict.Refusal
	if errors.As(err, &r) {
		return verdict.Judge(r.Findings...)
	}
	return verdict.Judge()
}

// splitToken takes a token apart, each part decoded.
func splitToken(token []byte) (header, payload, sig []byte) {
	p := strings.Split(string(token), ".")
	b := func(s string) []byte {
		d, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			panic(err)
		}
		return d
	}
	return b(p[0]), b(p[1]), b(p[2])
}

// joinToken puts a token together.
func joinToken(header, payload, sig []byte) []byte {
	e := base64.RawURLEncoding.EncodeToString
	return []byte(e(header) + "." + e(payload) + "." + e(sig))
}

type attack struct {
	name  string
	token []byte
	code  verdict.Code // empty: accepted
}

// envelopeAttacks are the cases A1 to A17 of the format's list that need no
// other key than the vendor's.
func envelopeAttacks(v licensetest.Vendor, p *pbiviz.Package) []attack {
	h, c := v.Header(), v.Claims(p).String()
	good := v.Forge(h.String(), c)
	header, payload, sig := splitToken(good)
	flip := func(b []byte, i int) []byte {
		b = bytes.Clone(b)
		b[i] ^= 1
		return b
	}
	mac := hmac.New(sha256.New, v.Record().Public)
	hs := h.Set("alg", `"HS256"`).String()
	mac.Write([]byte(base64.RawURLEncoding.EncodeToString([]byte(hs)) + "." + base64.RawURLEncoding.EncodeToString(payload)))
	all := []attack{
		{"good", good, ""},
		{"A1 17 KiB", bytes.Repeat([]byte("a"), 17<<10), "lic.too_large"},
		{"A1 a million dots", bytes.Repeat([]byte("."), 1_000_000), "lic.too_large"},
		{"A1 one byte too many", bytes.Repeat([]byte("a"), license.MaxStatement+1), "lic.too_large"},
		{"A1 dots", bytes.Repeat([]byte("."), 10_000), "lic.form"},
		{"A2 none, empty signature", joinToken([]byte(h.Set("alg", `"none"`).String()), payload, nil), "lic.alg"},
		{"A2 empty signature", joinToken(header, payload, nil), "lic.signature"},
		{"A3 HS256 with the public key", joinToken([]byte(hs), payload, mac.Sum(nil)), "lic.alg"},
		{"A6 duplicate alg", v.Forge(h.Add("alg", quote(string(v.Record().Algorithm))).String(), c), "lic.header"},
		{"A6 duplicate alg, escaped", v.Forge(h.Add(`a\u006cg`, `"none"`).String(), c), "lic.header"},
		{"A6 Alg next to alg", v.Forge(h.Add("Alg", `"none"`).String(), c), "lic.header"},
		{"A6 header is an array", v.Forge("["+h.String()+"]", c), "lic.header"},
		{"A6 header has a second document", v.Forge(h.String()+"{}", c), "lic.header"},
		{"A6 header is empty", v.Forge("", c), "lic.header"},
		{"A6 header is no UTF-8", v.Forge(h.Set("kid", "\"\xff\"").String(), c), "lic.header"},
		{"A7 crit unknown", v.Forge(h.Add("crit", `["exp"]`).String(), c), "lic.header"},
		{"A7 crit known", v.Forge(h.Add("crit", `["b64"]`).String(), c), "lic.header"},
		{"A7 crit empty", v.Forge(h.Add("crit", `[]`).String(), c), "lic.header"},
		{"A8 b64", v.Forge(h.Add("b64", `false`).String(), c), "lic.header"},
		{"A8 zip", v.Forge(h.Add("zip", `"DEF"`).String(), c), "lic.header"},
		{"A9 jwk", v.Forge(h.Add("jwk", `{"kty":"OKP","crv":"Ed25519","x":""}`).String(), c), "lic.header"},
		{"A9 jku", v.Forge(h.Add("jku", `"https://attacker.example/keys"`).String(), c), "lic.header"},
		{"A9 x5u", v.Forge(h.Add("x5u", `"https://attacker.example/cert"`).String(), c), "lic.header"},
		{"A9 x5c", v.Forge(h.Add("x5c", `["MIIB"]`).String(), c), "lic.header"},
		{"A10 unknown kid", v.Forge(h.Set("kid", `"aurora-2031"`).String(), c), "lic.kid"},
		{"A10 no kid", v.Forge(h.Drop("kid").String(), c), "lic.kid"},
		{"A10 kid is a number", v.Forge(h.Set("kid", `1`).String(), c), "lic.kid"},
		{"A10 kid is a path", v.Forge(h.Set("kid", `"../../key"`).String(), c), "lic.kid"},
		{"A10 kid is SQL", v.Forge(h.Set("kid", `"' OR 1=1 --"`).String(), c), "lic.kid"},
		{"A11 no typ", v.Forge(h.Drop("typ").String(), c), "lic.typ"},
		{"A11 typ JWT", v.Forge(h.Set("typ", `"JWT"`).String(), c), "lic.typ"},
		{"A11 typ of a status list", v.Forge(h.Set("typ", `"visual-license-status+jwt"`).String(), c), "lic.typ"},
		{"A11 typ in capitals", v.Forge(h.Set("typ", `"Visual-License+JWT"`).String(), c), "lic.typ"},
		{"A12 two parts", good[:bytes.LastIndexByte(good, '.')], "lic.form"},
		{"A12 four parts", append(bytes.Clone(good), ".AA"...), "lic.form"},
		{"A12 JSON serialization", []byte(`{"payload":"","signatures":[]}`), "lic.form"},
		{"A12 two tokens", []byte(string(good) + "\n" + string(good)), "lic.form"},
		{"A13 padding", append(bytes.Clone(good), '='), "lic.base64"},
		{"A13 standard alphabet", bytes.Replace(good, []byte("ey"), []byte("+/"), 1), "lic.base64"},
		{"A13 line feed inside", slices.Insert(bytes.Clone(good), len(good)-4, '\n'), "lic.base64"},
		{"A13 carriage return inside", slices.Insert(bytes.Clone(good), 10, '\r'), "lic.base64"},
		{"A13 unused bits", append(bytes.Clone(good[:len(good)-1]), nextChar(good[len(good)-1])), "lic.base64"},
		{"A13 a single last character", good[:len(good)-1], "lic.base64"},
		{"A14 byte order mark", append([]byte("\ufeff"), good...), "lic.form"},
		{"A14 one line feed", append(bytes.Clone(good), '\n'), ""},
		{"A14 two line feeds", append(bytes.Clone(good), "\n\n"...), "lic.form"},
		{"A14 CRLF", append(bytes.Clone(good), "\r\n"...), "lic.form"},
		{"A14 space before", append([]byte(" "), good...), "lic.form"},
		{"A14 empty", []byte{}, "lic.form"},
		{"A14 only a line feed", []byte("\n"), "lic.form"},
		{"A15 bit in the payload", joinToken(header, flip(payload, 10), sig), "lic.signature"},
		{"A15 first bit of the signature", joinToken(header, payload, flip(sig, 0)), "lic.signature"},
		{"A15 last byte of the signature", joinToken(header, payload, flip(sig, len(sig)-1)), "lic.signature"},
		{"A15 other spelling of the header", joinToken(append([]byte(" "), header...), payload, sig), "lic.signature"},
		{"A16 truncated", joinToken(header, payload, sig[:63]), "lic.signature"},
		{"A16 65 bytes", joinToken(header, payload, append(bytes.Clone(sig), 0)), "lic.signature"},
		{"A16 all zero", joinToken(header, payload, make([]byte, 64)), "lic.signature"},
		{"A16 R of low order", joinToken(header, payload, append(append([]byte{1}, make([]byte, 31)...), sig[32:]...)), "lic.signature"},
	}
	for _, alg := range []string{"None", "NONE", "RS256", "PS256", "ES384", "ES256K", "ML-DSA-44", "Ed448", "eddsa", ""} {
		all = append(all, attack{"A2 A5 " + alg, v.Forge(h.Set("alg", quote(alg)).String(), c), "lic.alg"})
	}
	return all
}

func quote(s string) string { return `"` + s + `"` }

// nextChar returns a character that decodes to the same bits but for one that
// is unused at the end of 64 bytes.
func nextChar(c byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)^1]
}

// envelopeAttempts tries envelopeAttacks on a vendor of each algorithm.
func envelopeAttempts(t testing.TB) []attempt {
	p := gaugePackage(t)
	var all []attempt
	for _, v := range []licensetest.Vendor{licensetest.Aurora(), licensetest.Borealis()} {
		trust := v.Trust()
		for _, a := range envelopeAttacks(v, p) {
			all = append(all, attempt{a.name + ", " + string(v.Record().Algorithm), func(t *testing.T) verdict.Judgment {
				_, err := trust.Bind(p, a.token)
				if a.code == "" {
					return wantCodes(t, err)
				}
				return wantCodes(t, err, a.code)
			}})
		}
	}
	return all
}

// TestEveryBit flips each bit of a statement: none may pass, whatever says so.
func TestEveryBit(t *testing.T) {
	p, v := gaugePackage(t), licensetest.Aurora()
	trust, good := v.Trust(), v.Statement(p)
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if _, err := trust.Bind(p, bad); err == nil {
				t.Fatalf("byte %d bit %d flipped, and still accepted", i, bit)
			}
		}
	}
}

// largeSignature adds the group order to S (RFC 8032 section 5.1.7).
func largeSignature(t *testing.T) verdict.Judgment {
	p, v := gaugePackage(t), licensetest.Aurora()
	header, payload, sig := splitToken(v.Statement(p))
	s := bytes.Clone(sig[32:])
	slices.Reverse(s)
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	bigger := new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(make([]byte, 32))
	slices.Reverse(bigger)
	_, err := v.Trust().Bind(p, joinToken(header, payload, append(bytes.Clone(sig[:32]), bigger...)))
	return wantCodes(t, err, "lic.signature")
}

// signatureAttempts tries what can be done to a signature alone.
func signatureAttempts(t testing.TB) []attempt {
	all := []attempt{{"A16 S + L", largeSignature}}
	p, v := gaugePackage(t), licensetest.Borealis()
	good := v.Statement(p)
	header, payload, sig := splitToken(good)
	n := elliptic.P256().Params().N
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	raw := func(r, s *big.Int) []byte {
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	zero, over := new(big.Int), new(big.Int).Add(n, big.NewInt(1))
	for name, bad := range map[string][]byte{
		"r zero": raw(zero, s), "s zero": raw(r, zero), "r = n": raw(n, s), "s = n": raw(r, n), "s > n": raw(r, over),
		"swapped": raw(s, r), "63 bytes": sig[:63], "65 bytes": append([]byte{0}, sig...),
		"65 bytes, a zero before s": slices.Concat(sig[:32], []byte{0}, sig[32:]), "65 bytes, a zero behind": append(bytes.Clone(sig), 0),
		"DER": append([]byte{0x30, 0x44, 0x02, 0x20}, append(append(bytes.Clone(sig[:32]), 0x02, 0x20), sig[32:]...)...),
	} {
		all = append(all, attempt{"A17 " + name, func(t *testing.T) verdict.Judgment {
			_, err := v.Trust().Bind(p, joinToken(header, payload, bad))
			return wantCodes(t, err, "lic.signature")
		}})
	}
	return append(all, attempt{"A18 n-s is the same license", func(t *testing.T) verdict.Judgment {
		one, err := v.Trust().Bind(p, good)
		wantCodes(t, err)
		other, err := v.Trust().Bind(p, joinToken(header, payload, raw(r, new(big.Int).Sub(n, s))))
		wantCodes(t, err)
		if one.Terms.ID != other.Terms.ID || license.MarkKey(one.Terms) != license.MarkKey(other.Terms) {
			t.Errorf("two licenses: %+v and %+v", one.Terms, other.Terms)
		}
		return wantCodes(t, err)
	}})
}

// algorithmAttempts tries tokens that name another algorithm than their key's.
func algorithmAttempts(t testing.TB) []attempt {
	var all []attempt
	p := gaugePackage(t)
	ed, es := licensetest.Aurora(), licensetest.Borealis()
	for _, c := range []struct {
		name string
		v    licensetest.Vendor
		alg  string
		code []verdict.Code
	}{
		{"A4 ES256 with an Ed25519 key", ed, "ES256", []verdict.Code{"lic.alg_key_mismatch"}},
		{"A4 Ed25519 with an ES256 key", es, "Ed25519", []verdict.Code{"lic.alg_key_mismatch"}},
		{"A4 EdDSA with an ES256 key", es, "EdDSA", []verdict.Code{"lic.alg_key_mismatch"}},
		{"EdDSA is Ed25519 to an Ed25519 key", ed, "EdDSA", nil},
	} {
		all = append(all, attempt{c.name, func(t *testing.T) verdict.Judgment {
			token := c.v.Forge(c.v.Header().Set("alg", quote(c.alg)).String(), c.v.Claims(p).String())
			_, err := c.v.Trust().Bind(p, token)
			return wantCodes(t, err, c.code...)
		}})
	}
	return all
}

// TestSecondOpinion holds the verifier against go-jose: whatever that refuses
// is refused here, but for the name Ed25519, which it does not know.
func TestSecondOpinion(t *testing.T) {
	p := gaugePackage(t)
	refused := 0
	for _, v := range []licensetest.Vendor{licensetest.Aurora(), licensetest.Borealis()} {
		trust := v.Trust()
		tokens := envelopeAttacks(v, p)
		if v.Record().Algorithm == license.Ed25519 {
			tokens = append(tokens, attack{"EdDSA", v.Forge(v.Header().Set("alg", `"EdDSA"`).String(), v.Claims(p).String()), ""})
		}
		for _, a := range tokens {
			_, err := trust.Bind(p, a.token)
			if strings.Contains(headerOf(a.token), `"Ed25519"`) {
				continue
			}
			if joseAccepts(a.token, v.Key.Signer.Public()) {
				continue
			}
			if err == nil && !bytes.HasSuffix(a.token, []byte("\n")) {
				t.Errorf("%s: go-jose refuses it and it was accepted", a.name)
			}
			refused++
		}
	}
	if refused < 20 {
		t.Errorf("go-jose refused only %d tokens: the comparison is empty", refused)
	}
}

// TestSecondOpinionOnMutations changes a statement that go-jose accepts: what
// is still accepted, go-jose accepts as well, with the same claims.
func TestSecondOpinionOnMutations(t *testing.T) {
	v, p := licensetest.Borealis(), gaugePackage(t)
	trust, good := v.Trust(), v.Statement(p)
	if !joseAccepts(good, v.Key.Signer.Public()) {
		t.Fatal("go-jose refuses what nobody changed")
	}
	rapid.Check(t, func(t *rapid.T) {
		token := bytes.Clone(good)
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			at := rapid.IntRange(0, len(token)-1).Draw(t, "at")
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				token[at] = rapid.Byte().Draw(t, "byte")
			case 1:
				token = slices.Insert(token, at, rapid.SampledFrom([]byte("\r\n =.-_A+/")).Draw(t, "new"))
			case 2:
				token = slices.Delete(token, at, at+1)
			}
		}
		_, err := trust.Bind(p, token)
		if same := bytes.Equal(token, good) || bytes.Equal(token, append(bytes.Clone(good), '\n')); (err == nil) != same {
			t.Errorf("%q: %v", token, err)
		}
		if err == nil && !joseAccepts(bytes.TrimSuffix(token, []byte("\n")), v.Key.Signer.Public()) {
			t.Errorf("go-jose refuses %q", token)
		}
	})
}

func headerOf(token []byte) string {
	first, _, _ := strings.Cut(string(token), ".")
	b, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		return ""
	}
	return string(b)
}

func joseAccepts(token []byte, public any) bool {
	s, err := jose.ParseSignedCompact(string(token), []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256})
	if err != nil {
		return false
	}
	_, err = s.Verify(public)
	return err == nil
}
