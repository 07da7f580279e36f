package simulator

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	// assertionLife is the longest validity of an assertion.
	assertionLife = 24 * time.Hour
	// assertionSkew is how much clocks may differ.
	assertionSkew = 5 * time.Minute
)

func itoa(n int) string { return strconv.Itoa(n) }

// A jwt is an assertion that was decoded but not verified.
type jwt struct {
	header struct {
		Alg string   `json:"alg"`
		Kid string   `json:"kid"`
		Typ string   `json:"typ"`
		X5T string   `json:"x5t"`
		S25 string   `json:"x5t#S256"`
		X5C []string `json:"x5c"`
	}
	claims struct {
		Aud string `json:"aud"`
		Iss string `json:"iss"`
		Sub string `json:"sub"`
		Jti string `json:"jti"`
		Exp int64  `json:"exp"`
		Nbf int64  `json:"nbf"`
		Iat int64  `json:"iat"`
	}
	signed    []byte
	signature []byte
}

func readJWT(s string) (*jwt, error) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return nil, errors.New("an assertion has three parts")
	}
	var raw [3][]byte
	for i, p := range parts {
		b, err := base64.RawURLEncoding.Strict().DecodeString(p)
		if err != nil {
			return nil, errors.New("a part of the assertion is not base64url")
		}
		raw[i] = b
	}
	j := &jwt{signed: []byte(parts[0] + "." + parts[1]), signature: raw[2]}
	if err := json.Unmarshal(raw[0], &j.header); err != nil {
		return nil, errors.New("the assertion's header cannot be read")
	}
	if err := json.Unmarshal(raw[1], &j.claims); err != nil {
		return nil, errors.New("the assertion's claims cannot be read")
	}
	return j, nil
}

func (j *jwt) signedBy(key crypto.PublicKey) bool {
	sum := sha256.Sum256(j.signed)
	switch k := key.(type) {
	case *rsa.PublicKey:
		switch j.header.Alg {
		case "RS256":
			return rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], j.signature) == nil
		case "PS256":
			return rsa.VerifyPSS(k, crypto.SHA256, sum[:], j.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
	case *ecdsa.PublicKey:
		if j.header.Alg == "ES256" && len(j.signature) == 64 {
			r, s := new(big.Int).SetBytes(j.signature[:32]), new(big.Int).SetBytes(j.signature[32:])
			return ecdsa.Verify(k, sum[:], r, s)
		}
	}
	return false
}

// verifyAssertion verifies a client assertion, with the app's certificate or
// with the key of a federated workload.
func (s *Simulator) verifyAssertion(c *call, a *registeredApp, f url.Values) *problem {
	no := func(number int, format string, args ...any) *problem {
		return entraProblem(http.StatusUnauthorized, "invalid_client", number, fmt.Sprintf(format, args...))
	}
	if f.Get("client_assertion_type") != assertionType {
		return no(900144, "The request body must contain the following parameter: 'client_assertion_type'.")
	}
	j, err := readJWT(f.Get("client_assertion"))
	if err != nil {
		return no(50027, "JWT token is invalid or malformed.")
	}
	if a.federatedFor(j) != nil {
		return s.verifyFederatedToken(c, a, j)
	}
	switch {
	case a.certificateKey == nil:
		return no(700027, "The certificate with identifier used to sign the client assertion is not registered on application.")
	case j.header.X5T == "" && j.header.S25 == "", !isSameThumbprint(j.header.X5T, a.thumbprintSHA1), !isSameThumbprint(j.header.S25, a.thumbprintSHA256):
		return no(700027, "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found.]")
	case j.header.Alg != "RS256" && j.header.Alg != "PS256", !j.signedBy(a.certificateKey):
		return no(700027, "Client assertion failed signature validation. [Reason - The key used is expired or the signature is wrong.]")
	case !c.now.Before(a.certificateExpiry):
		return no(700027, "Client assertion failed signature validation. [Reason - The key used is expired.]")
	}
	if j.claims.Iss != a.Client || j.claims.Sub != a.Client {
		return no(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
	}
	if !s.isAudience(j.claims.Aud) {
		return no(700023, "Client assertion audience claim does not match Realm issuer.")
	}
	if p := s.checkValidity(c, j); p != nil {
		return p
	}
	return s.refuseReuse(c, a, j)
}

func (s *Simulator) isAudience(aud string) bool {
	base := s.endpoints.Login + "/" + s.options.Tenant
	return aud == base+"/oauth2/v2.0/token" || aud == base+"/v2.0" || aud == base
}

func (s *Simulator) checkValidity(c *call, j *jwt) *problem {
	at := c.now
	exp, nbf := time.Unix(j.claims.Exp, 0), time.Unix(j.claims.Nbf, 0)
	if j.claims.Exp == 0 || at.After(exp.Add(assertionSkew)) || at.Before(nbf.Add(-assertionSkew)) || exp.Sub(at) > assertionLife {
		return entraProblem(http.StatusUnauthorized, "invalid_client", 700024, "Client assertion is not within its valid time range. Current time: "+at.Format(time.RFC3339)+", assertion valid from "+nbf.UTC().Format(time.RFC3339)+", expiry time of assertion "+exp.UTC().Format(time.RFC3339)+".")
	}
	return nil
}

// refuseReuse refuses an assertion that was used before.
func (s *Simulator) refuseReuse(c *call, a *registeredApp, j *jwt) *problem {
	for k, until := range s.usedAssertions {
		if c.now.After(until.Add(assertionSkew)) {
			delete(s.usedAssertions, k)
		}
	}
	id := a.Client + " " + j.claims.Jti
	if _, used := s.usedAssertions[id]; used || j.claims.Jti == "" || len(s.usedAssertions) >= maxTokens {
		return entraProblem(http.StatusUnauthorized, "invalid_client", 50013, "Assertion failed validation: its identifier is missing or was used before.")
	}
	s.usedAssertions[id] = time.Unix(j.claims.Exp, 0)
	return nil
}

func (a *registeredApp) federatedFor(j *jwt) *Federated {
	for i := range a.Federated {
		if a.Federated[i].Issuer == j.claims.Iss {
			return &a.Federated[i]
		}
	}
	return nil
}

// verifyFederatedToken verifies the token of a federated workload. Such a token
// may be used again until it expires.
func (s *Simulator) verifyFederatedToken(c *call, a *registeredApp, j *jwt) *problem {
	f := a.federatedFor(j)
	no := func(number int, message string) *problem {
		return entraProblem(http.StatusUnauthorized, "invalid_client", number, message)
	}
	switch {
	case f.Subject != j.claims.Sub:
		return no(700213, "No matching federated identity record found for presented assertion subject "+quoteShort(j.claims.Sub)+".")
	case f.Audience != j.claims.Aud:
		return no(700212, "No matching federated identity record found for presented assertion audience "+quoteShort(j.claims.Aud)+".")
	case !j.signedBy(f.Key):
		return no(7000272, "Client assertion failed signature validation.")
	}
	return s.checkValidity(c, j)
}

// A tokenSigner signs the tokens of people. It creates its key when it is first
// needed; most tests need none.
type tokenSigner struct {
	key func() (*rsa.PrivateKey, error)
	kid string
}

func newSigner() tokenSigner {
	return tokenSigner{sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }), randomSecret()}
}

func (k tokenSigner) signClaims(claims map[string]any) (string, *problem) {
	key, err := k.key()
	if err != nil {
		return "", missingKey()
	}
	signed := encodePart(map[string]any{"typ": "JWT", "alg": "RS256", "kid": k.kid}) + "." + encodePart(claims)
	sum := sha256.Sum256([]byte(signed))
	b, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", missingKey()
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(b), nil
}

func missingKey() *problem {
	return entraProblem(http.StatusServiceUnavailable, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again.")
}

func (s *Simulator) getKeys(c *call) (*answer, *problem) {
	if p := s.checkTenant(c); p != nil {
		return nil, p
	}
	k, err := s.signer.key()
	if err != nil {
		return nil, missingKey()
	}
	return okAnswer(map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "kid": s.signer.kid, "alg": "RS256",
		"n": base64.RawURLEncoding.EncodeToString(k.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.E)).Bytes()),
	}}})
}

// isSameThumbprint reports whether a thumbprint in a header is the registered
// one, or absent. RFC 7515 requires base64url without padding. Microsoft's
// library for Go writes x5t#S256 in standard base64 with padding, and the
// service accepts that, too.
func isSameThumbprint(given, registered string) bool {
	given = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(given, "="))
	return given == "" || given == registered
}
