package license

import (
	"encoding/base64"
	"strings"
	"testing"
)

// hasOddCharacters says whether a message has anything but printable ASCII and an ellipsis:
// strangers' text must not reach a terminal as it is.
func hasOddCharacters(message string) bool {
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
			if hasOddCharacters(f.Message) {
				t.Errorf("a message with odd characters: %q", f.Message)
			}
		}
	})
}

// FuzzAttestation: a reader of attestations never panics, accepts only what says
// all there is to say, and accepts nothing as a vendor's statement as well.
func FuzzAttestation(f *testing.F) {
	claims := `{"v":1,"iss":"urn:orgstore:tenant:8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11","sub":"Ada Lovelace","aud":"urn:powerbi:visual:g","jti":"j","lid":"l","seq":1,` +
		`"iat":1793491200,"nbf":1793491200,"exp":1826668800,"next_payment":"2027-11-20","tid":["8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11"],` +
		`"visual":{"guid":"g"},"pkg":[{"version":"1.4.0.0","digest":"h1:W1dovFO/JoB7wX5zvbZPpnu+Y6vpvp4eY/it2qXcq38=","sha256":"` + strings.Repeat("0a", 32) + `"}],` +
		`"kind":"user","evidence":{"text":"invoice"},"reason":"opaque"}`
	for _, c := range []string{
		claims, `{}`, `[]`, `{"v":2}`, "ÿ", strings.Replace(claims, `"text":"invoice"`, `"name":"a","sha256":"`+strings.Repeat("b", 64)+`"`, 1),
		strings.Replace(claims, "Ada", `\u202e`, 1), strings.Replace(claims, `"user",`, `"user","user":{"qty":5},`, 1), strings.Replace(claims, `"sub"`, `"SUB"`, 1),
	} {
		f.Add([]byte(c))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, faults := parseAttestation(payload)
		for _, found := range faults {
			if hasOddCharacters(found.Message) {
				t.Errorf("a message with odd characters: %q", found.Message)
			}
		}
		if len(faults) > 0 {
			return
		}
		terms := c.terms
		said := terms.ID != "" && !terms.Ends.IsZero() && terms.Kind != "" && terms.Reason != "" && isPresentable(terms.Attester) &&
			(terms.Evidence.Text != "") != (terms.Evidence.Name != "" && terms.Evidence.SHA256 != "") &&
			len(terms.Tenants) == 1 && !c.guid.IsZero() && len(c.packages) > 0
		if !said || terms.Licensee != "" || terms.Trial {
			t.Errorf("accepted without saying all: %+v", c)
		}
		for _, l := range c.packages {
			if l.File.IsZero() && !strings.Contains(string(payload), strings.Repeat("0", 64)) {
				t.Errorf("accepted without the file's digest: %+v", l)
			}
		}
		if _, as := parseClaims(payload); len(as) == 0 {
			t.Errorf("passes for a vendor's statement as well: %s", payload)
		}
	})
}

// FuzzStatus: a reader of status lists never panics, and what it accepts revokes
// exactly what is listed.
func FuzzStatus(f *testing.F) {
	claims := `{"iss":"https://licenses.aurora.example","seq":3,"iat":1793491200,"nxt":1801440000,"revoked_jti":["a","b"],"revoked_lid":["sub-1"]}`
	for _, c := range []string{
		claims, `{}`, `[]`, `{"v":2}`, "ÿ", strings.Replace(claims, `"a"`, `1`, 1), strings.Replace(claims, `["sub-1"]`, `null`, 1),
		strings.Replace(claims, `{`, `{"v":1,`, 1), strings.Replace(claims, `"seq":3`, `"seq":0`, 1), strings.Replace(claims, "1801440000", "9007199254740992", 1),
	} {
		f.Add([]byte(c))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		s, faults := parseStatus(payload)
		for _, found := range faults {
			if hasOddCharacters(found.Message) {
				t.Errorf("a message with odd characters: %q", found.Message)
			}
		}
		if len(faults) > 0 {
			return
		}
		if s.issuer == "" || s.sequence < 1 || !s.issued.Before(s.next) || s.revokes(Terms{Issuer: s.issuer}) {
			t.Errorf("accepted: %+v", s)
		}
		for id := range s.statements {
			if !s.revokes(Terms{Issuer: s.issuer, ID: id}) || s.revokes(Terms{Issuer: s.issuer + "x", ID: id}) {
				t.Errorf("revokes other than it lists: %q", id)
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
			if hasOddCharacters(f.Message) {
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
