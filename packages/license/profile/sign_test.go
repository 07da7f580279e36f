package profile_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/license"
)

// edKey is the secret half of the example's key: RFC 8032, section 7.1, test 1.
func edKey(t fataler) ed25519.PrivateKey {
	seed, err := base64.StdEncoding.DecodeString("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
	if err != nil {
		t.Fatal(err)
	}
	return ed25519.NewKeyFromSeed(seed)
}

// token makes a key of the form of the example token-in-script.
func token(t fataler, claims string, sign func(over []byte) []byte) string {
	over := raw64([]byte(`{"alg":"none","kid":"x"}`)) + "." + raw64([]byte(claims))
	return over + "." + raw64(sign([]byte(over)))
}

const aurora = `{"jti":"A-1001","lid":"S-7","sub":"Contoso","aud":"aurora-gauge","iat":1800000000,"nbf":1800000000,"exp":1803859200,"users":760}`

func auroraScript(token string) pkg {
	return pkg{Script: `AuroraLicense.set('` + token + `');run()`}
}

func TestSigned(t *testing.T) {
	p := parse(t, shipped(t, "token-in-script"))
	secret := edKey(t)
	sign := func(over []byte) []byte { return ed25519.Sign(secret, over) }
	good := token(t, aurora, sign)
	found, err := p.Read(open(t, auroraScript(good)))
	if err != nil {
		t.Fatal(err)
	}
	if g := found.Terms; g.Grade != license.Signed || !strings.HasPrefix(g.KeyID, "sha256:") || g.Subscription != "S-7" || g.Quantity != 760 || !g.Ends.Equal(march) || g.Issued.IsZero() || g.Begins.IsZero() {
		t.Errorf("%+v", g)
	}
	later := token(t, strings.Replace(aurora, "1803859200", "1811808000", 1), sign)
	if masked(t, p, auroraScript(good)) != masked(t, p, auroraScript(later)) {
		t.Error("a renewal has another digest")
	}
	parts := strings.Split(good, ".")
	for name, c := range map[string]struct{ token, code string }{
		"claims changed":           {parts[0] + "." + raw64([]byte(strings.Replace(aurora, "760", "999", 1))) + "." + parts[2], "profile.signature"},
		"header changed":           {raw64([]byte(`{"alg":"none","kid":"y"}`)) + "." + parts[1] + "." + parts[2], "profile.signature"},
		"signed by somebody else":  {token(t, aurora, func(over []byte) []byte { return ed25519.Sign(ed25519.NewKeyFromSeed(make([]byte, 32)), over) }), "profile.signature"},
		"signature of zeros":       {token(t, aurora, func([]byte) []byte { return make([]byte, 64) }), "profile.signature"},
		"signature cut":            {token(t, aurora, func(over []byte) []byte { return sign(over)[:63] }), "profile.signature"},
		"signature too long":       {token(t, aurora, func(over []byte) []byte { return append(sign(over), 0) }), "profile.signature"},
		"for another product":      {token(t, strings.Replace(aurora, "aurora-gauge", "aurora-other", 1), sign), "profile.product"},
		"without a product":        {token(t, strings.Replace(aurora, `"aud"`, `"AUD"`, 1), sign), "profile.product"},
		"signed, but says nothing": {token(t, `{"jti":"a","aud":"aurora-gauge"}`, sign), "profile.field"},
		"signed, but no JSON":      {token(t, `aurora-gauge 2027-03-01`, sign), "profile.key"},
	} {
		read := open(t, auroraScript(c.token))
		if _, err := p.Read(read); string(code(err)) != c.code {
			t.Errorf("%s: %v", name, err)
		}
		if m, err := p.Masked(read); err == nil {
			t.Errorf("%s: masked as %s", name, m)
		}
	}
}

func TestAlgorithms(t *testing.T) {
	ec, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), append(make([]byte, 31), 7))
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(nil, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signRSA := func(over []byte) []byte {
		sum := sha256.Sum256(over)
		s, err := rsa.SignPKCS1v15(nil, rs, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	signEC := func(over []byte) []byte {
		sum := sha256.Sum256(over)
		der, err := ec.Sign(nil, sum[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		return rawES256(t, der)
	}
	for _, c := range []struct {
		algorithm string
		public    crypto.PublicKey
		sign      func([]byte) []byte
	}{{"ES256", ec.Public(), signEC}, {"RS256", rs.Public(), signRSA}} {
		der, err := x509.MarshalPKIXPublicKey(c.public)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer("algorithm: Ed25519", "algorithm: "+c.algorithm,
			"MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", base64.StdEncoding.EncodeToString(der)).Replace(shipped(t, "token-in-script"))
		p := parse(t, text)
		good := token(t, aurora, c.sign)
		if found, err := p.Read(open(t, auroraScript(good))); err != nil || found.Terms.Grade != license.Signed {
			t.Errorf("%s: %+v, %v", c.algorithm, found.Terms, err)
		}
		parts := strings.Split(good, ".")
		bad := parts[0] + "." + raw64([]byte(aurora+" ")) + "." + parts[2]
		if _, err := p.Read(open(t, auroraScript(bad))); code(err) != "profile.signature" {
			t.Errorf("%s: %v", c.algorithm, err)
		}
		zero := token(t, aurora, func([]byte) []byte { return make([]byte, 64) })
		if _, err := p.Read(open(t, auroraScript(zero))); code(err) != "profile.signature" {
			t.Errorf("%s, zeros: %v", c.algorithm, err)
		}
		long := token(t, aurora, func(over []byte) []byte { return slices.Insert(c.sign(over), 32, 0) })
		if _, err := p.Read(open(t, auroraScript(long))); code(err) != "profile.signature" {
			t.Errorf("%s, a byte too many: %v", c.algorithm, err)
		}
	}
}

// rawES256 turns a DER signature into r and s of 32 bytes each.
func rawES256(t fataler, der []byte) []byte {
	read := func(at int) (*big.Int, int) {
		n := int(der[at+1])
		return new(big.Int).SetBytes(der[at+2 : at+2+n]), at + 2 + n
	}
	r, at := read(2)
	s, _ := read(at)
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}
