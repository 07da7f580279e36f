package simulator

import (
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// An App is an app registration with everything that administrators granted it.
type App struct {
	// Client is the application (client) id, in lower case.
	Client string
	// Secret is a client secret; empty if the app has none.
	Secret string
	// SecretEnds is when the secret expires; zero means never.
	SecretEnds time.Time
	// Certificate is the app's registered certificate as PEM; empty if it has
	// none.
	Certificate []byte
	// Federated are the federated credentials of workloads.
	Federated []Federated
	// Roles are the consented application permissions of Graph.
	Roles []string
	// PowerBIRoles are the application permissions of the Power BI service. The
	// read-only admin APIs refuse an app that has one.
	PowerBIRoles []string
	// AdminAPIs says that the app is in a security group for which the setting
	// "Service principals can access read-only admin APIs" is enabled.
	AdminAPIs bool
	// Public allows the device code flow.
	Public bool
}

// A Federated credential trusts tokens that another issuer signs with a key.
type Federated struct {
	Issuer, Subject, Audience string
	Key                       crypto.PublicKey
}

type registeredApp struct {
	App
	certificateKey    crypto.PublicKey
	certificateExpiry time.Time
	thumbprintSHA1    string
	thumbprintSHA256  string
}

// AddApp registers an app, or replaces the one with the same client id.
func (s *Simulator) AddApp(a App) error {
	a.Client = strings.ToLower(a.Client)
	if a.Client == "" {
		return errors.New("cannot add an app without a client id")
	}
	registered := &registeredApp{App: a}
	if len(a.Certificate) > 0 {
		if err := registered.readCertificate(a.Certificate); err != nil {
			return fmt.Errorf("cannot add the app %s: %w", a.Client, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apps[a.Client] = registered
	return nil
}

// RemoveApp removes an app and ends its tokens.
func (s *Simulator) RemoveApp(client string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	client = strings.ToLower(client)
	delete(s.apps, client)
	for k, t := range s.tokens {
		if t.app == client {
			delete(s.tokens, k)
		}
	}
}

func (a *registeredApp) readCertificate(b []byte) error {
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return fmt.Errorf("its certificate cannot be read: %w", err)
		}
		one, two := sha1.Sum(block.Bytes), sha256.Sum256(block.Bytes)
		a.certificateKey, a.certificateExpiry = cert.PublicKey, cert.NotAfter
		a.thumbprintSHA1, a.thumbprintSHA256 = base64.RawURLEncoding.EncodeToString(one[:]), base64.RawURLEncoding.EncodeToString(two[:])
		return nil
	}
	return errors.New("there is no certificate in the PEM")
}

// hasSecret compares secrets in constant time.
func (a *registeredApp) hasSecret(given string) bool {
	return a.Secret != "" && subtle.ConstantTimeCompare([]byte(a.Secret), []byte(given)) == 1
}

// The audiences of tokens.
const (
	audienceGraph   = "https://graph.microsoft.com"
	audiencePowerBI = "https://analysis.windows.net/powerbi/api"
	audienceFabric  = "https://api.fabric.microsoft.com"
)

// A token was issued to an app or a person. It exists in memory only; its text
// means nothing elsewhere.
type token struct {
	app, audience string
	roles         []string // Graph's, as they were when the token was issued
	isPerson      bool     // a person signed in
	user          string   // the person, if the portal's page signed them in
	until         time.Time
}

// ExpireTokens expires all tokens.
func (s *Simulator) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tokens {
		t.until = s.currentTime().Add(-time.Second)
	}
}

// checkToken finds and checks the token of a call.
func (s *Simulator) checkToken(c *call, audiences ...string) *problem {
	scheme, value, _ := strings.Cut(c.Header.Get("Authorization"), " ")
	t := s.tokens[strings.TrimSpace(value)]
	challenge := `Bearer realm="", authorization_uri="` + s.endpoints.Login + `/common/oauth2/authorize"`
	refuse := func(code, message string) *problem {
		return newProblem(http.StatusUnauthorized, code, message).withHeader("WWW-Authenticate", challenge)
	}
	switch {
	case value == "":
		return refuse("InvalidAuthenticationToken", "Access token is empty.")
	case !strings.EqualFold(scheme, "Bearer") || t == nil:
		return refuse("InvalidAuthenticationToken", "CompactToken parsing failed with error code: 80049217")
	case !slices.Contains(audiences, t.audience):
		return refuse("InvalidAuthenticationToken", "Access token validation failure. Invalid audience.")
	case !c.now.Before(t.until):
		return refuse("InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
	}
	c.token = t
	return nil
}

func (s *Simulator) checkGraphToken(c *call) *problem { return s.checkToken(c, audienceGraph) }

// requireRole requires one of several permissions of Graph's directory.
func (c *call) requireRole(roles ...string) *problem {
	if slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(c.token.roles, r) }) {
		return nil
	}
	return newProblem(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}
