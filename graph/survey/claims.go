package survey

import (
	"encoding/base64"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/packages/tenant"
)

// maxToken bounds a token that is decoded, in bytes.
const maxToken = 64 << 10

// tokenClaims are the claims of a token. Microsoft asks clients not to rely on
// the format of its tokens, so a token that cannot be decoded has no claims,
// and nothing depends on them.
type tokenClaims struct {
	Tenant  string   `json:"tid"`
	Client  string   `json:"appid"`
	Roles   []string `json:"roles"` // application permissions
	Scopes  string   `json:"scp"`   // delegated permissions, of a person's sign-in
	isKnown bool
}

// readClaims decodes the claims of a token. It checks no signature: the token
// has just come over TLS, and the claims are for description only.
func readClaims(token string) tokenClaims {
	parts := strings.Split(token, ".")
	if len(token) > maxToken || len(parts) != 3 {
		return tokenClaims{}
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return tokenClaims{}
	}
	var c tokenClaims
	if err := json.Unmarshal(b, &c); err != nil {
		return tokenClaims{}
	}
	id, ok := tenant.ID(c.Tenant)
	if !ok {
		return tokenClaims{}
	}
	c.Tenant, c.isKnown = id, true
	if c.Client, ok = tenant.ID(c.Client); !ok {
		c.Client = ""
	}
	return c
}
