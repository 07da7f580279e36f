package simulator

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// tokenLife is the lifetime of a token, as Entra sets it for client
// credentials.
const tokenLife = 3599 * time.Second

func (s *Simulator) loginRoutes() []*route {
	return []*route{
		{method: "GET", pattern: "/common/discovery/instance", query: []string{"api-version", "authorization_endpoint"}, maxBody: -1, handle: s.getInstance},
		{method: "GET", pattern: "/{tenant}/v2.0/.well-known/openid-configuration", query: []string{"appid"}, maxBody: -1, handle: s.getOpenIDConfiguration},
		{method: "GET", pattern: "/{tenant}/discovery/v2.0/keys", query: []string{"appid"}, maxBody: -1, handle: s.getKeys},
		{method: "POST", pattern: "/{tenant}/oauth2/v2.0/token", handle: s.postToken},
		{method: "POST", pattern: "/{tenant}/oauth2/v2.0/devicecode", handle: s.postDeviceCode},
		{method: "GET", pattern: "/common/oauth2/deviceauth", query: []string{"code"}, maxBody: -1, handle: s.getDevicePage},
		{method: "POST", pattern: "/common/oauth2/deviceauth", handle: s.postDevicePage},
	}
}

// entraProblem returns one of Entra's errors. The number is what follows
// AADSTS.
func entraProblem(status int, kind string, number int, message string) *problem {
	return &problem{status: status, code: kind, message: message, extra: map[string]any{"number": number}}
}

// loginError returns the body of an error of the token endpoint.
func loginError(c *call, p *problem) any {
	number, _ := p.extra["number"].(int)
	if number == 0 {
		number = 900144
	}
	stamp := c.now.Format("2006-01-02 15:04:05Z")
	correlation := c.Header.Get("client-request-id")
	if correlation == "" || len(correlation) > 100 {
		correlation = c.requestID
	}
	code := "AADSTS" + itoa(number)
	return map[string]any{
		"error":             p.code,
		"error_description": code + ": " + p.message + " Trace ID: " + c.requestID + " Correlation ID: " + correlation + " Timestamp: " + stamp,
		"error_codes":       []int{number},
		"timestamp":         stamp,
		"trace_id":          c.requestID,
		"correlation_id":    correlation,
		"error_uri":         c.simulator.endpoints.Login + "/error?code=" + itoa(number),
	}
}

// checkTenant refuses other tenants than the simulator's.
func (s *Simulator) checkTenant(c *call) *problem {
	t := strings.ToLower(c.vars["tenant"])
	if t == s.options.Tenant || slices.Contains(s.tenant.domainNames(), t) || t == "common" || t == "organizations" {
		return nil
	}
	return entraProblem(http.StatusBadRequest, "invalid_request", 90002, "Tenant '"+quoteShort(t)+"' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.")
}

func (s *Simulator) getInstance(c *call) (*answer, *problem) {
	host := strings.TrimPrefix(s.endpoints.Login, "https://")
	return okAnswer(map[string]any{
		"tenant_discovery_endpoint": s.endpoints.Login + "/" + s.options.Tenant + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata":                  []any{map[string]any{"preferred_network": host, "preferred_cache": host, "aliases": []string{host}}},
	})
}

func (s *Simulator) getOpenIDConfiguration(c *call) (*answer, *problem) {
	if p := s.checkTenant(c); p != nil {
		return nil, p
	}
	base := s.endpoints.Login + "/" + s.options.Tenant
	return okAnswer(map[string]any{
		"issuer":                                base + "/v2.0",
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         base + "/oauth2/v2.0/devicecode",
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"},
		"response_types_supported":              []string{"code", "id_token"},
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"tenant_region_scope":                   "EU",
		"cloud_instance_name":                   "microsoftonline.com",
	})
}

// decodeForm decodes a form strictly: each parameter once.
func (c *call) decodeForm() (url.Values, *problem) {
	kind, _, _ := strings.Cut(c.Header.Get("Content-Type"), ";")
	f, err := url.ParseQuery(string(c.body))
	if err != nil || !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		p := entraProblem(http.StatusBadRequest, "invalid_request", 900144, "The request body must be a form.")
		p.unexpectedReason = "the body is not a form"
		return nil, p
	}
	for k, v := range f {
		if len(v) != 1 {
			p := entraProblem(http.StatusBadRequest, "invalid_request", 9000411, "The request is not properly formatted. The parameter "+quoteShort(k)+" is duplicated.")
			p.unexpectedReason = "a parameter of the form is there twice"
			return nil, p
		}
	}
	return f, nil
}

func (s *Simulator) postToken(c *call) (*answer, *problem) {
	if p := s.checkTenant(c); p != nil {
		return nil, p
	}
	f, p := c.decodeForm()
	if p != nil {
		return nil, p
	}
	client := strings.ToLower(f.Get("client_id"))
	a := s.apps[client]
	switch {
	case client == "":
		return nil, entraProblem(http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'client_id'.")
	case a == nil:
		return nil, entraProblem(http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier "+quoteShort(client)+" was not found in the directory '"+s.tenant.name+"'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.")
	}
	switch f.Get("grant_type") {
	case "client_credentials":
		return s.tokenForApp(c, a, f)
	case "device_code", "urn:ietf:params:oauth:grant-type:device_code":
		return s.tokenForDevice(c, a, f)
	case "refresh_token":
		return s.refreshToken(c, a, f)
	}
	return nil, entraProblem(http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type "+quoteShort(f.Get("grant_type"))+".")
}

func (s *Simulator) tokenForApp(c *call, a *registeredApp, f url.Values) (*answer, *problem) {
	secret, assertion := f.Get("client_secret"), f.Get("client_assertion")
	var p *problem
	switch {
	case assertion != "":
		p = s.verifyAssertion(c, a, f)
	case secret == "":
		p = entraProblem(http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	case !a.hasSecret(secret):
		p = entraProblem(http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '"+a.Client+"'.")
	case !a.SecretEnds.IsZero() && !c.now.Before(a.SecretEnds):
		p = entraProblem(http.StatusUnauthorized, "invalid_client", 7000222, "The provided client secret keys for app '"+a.Client+"' are expired. Visit the Azure portal to create new keys for your app.")
	}
	if p != nil {
		return nil, p
	}
	resource, found := strings.CutSuffix(withoutOpenIDScopes(f.Get("scope")), "/.default")
	if !found || strings.Contains(resource, " ") {
		return nil, entraProblem(http.StatusBadRequest, "invalid_scope", 1002012, "The provided value for scope "+quoteShort(f.Get("scope"))+" is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).")
	}
	audience := s.audienceOf(resource)
	if audience == "" {
		return nil, unknownResource(resource, s.tenant.name)
	}
	value, p := s.issueToken(token{app: a.Client, audience: audience, roles: slices.Clone(a.Roles)})
	if p != nil {
		return nil, p
	}
	return okAnswer(map[string]any{"token_type": "Bearer", "expires_in": int(tokenLife.Seconds()), "ext_expires_in": int(tokenLife.Seconds()), "access_token": value})
}

func unknownResource(resource, tenant string) *problem {
	return entraProblem(http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named "+quoteShort(resource)+" was not found in the tenant named "+tenant+". This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.")
}

// withoutOpenIDScopes removes the scopes of OpenID Connect. Microsoft's library
// for Go adds them to each request, and Entra ignores them for applications.
func withoutOpenIDScopes(scope string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(scope), func(s string) bool {
		return s == "openid" || s == "offline_access" || s == "profile"
	}), " ")
}

// audienceOf returns the service that a scope names, by its public name or by
// its URL here.
func (s *Simulator) audienceOf(resource string) string {
	switch resource {
	case audienceGraph, s.endpoints.Graph:
		return audienceGraph
	case audiencePowerBI, s.endpoints.PowerBI:
		return audiencePowerBI
	case audienceFabric, s.endpoints.Fabric:
		return audienceFabric
	}
	return ""
}

// issueToken issues a token that looks like a JWT but is not signed. Only this
// simulator knows it.
func (s *Simulator) issueToken(t token) (string, *problem) {
	now := s.currentTime()
	for k, old := range s.tokens {
		if now.After(old.until.Add(time.Hour)) {
			delete(s.tokens, k)
		}
	}
	if len(s.tokens) >= maxTokens {
		return "", entraProblem(http.StatusServiceUnavailable, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again.")
	}
	t.until = now.Add(tokenLife)
	claims := map[string]any{
		"aud": t.audience, "appid": t.app, "tid": s.options.Tenant, "iss": "https://sts.windows.net/" + s.options.Tenant + "/",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": t.until.Unix(), "roles": t.roles, "ver": "1.0",
	}
	value := encodePart(map[string]any{"typ": "JWT", "alg": "RS256", "kid": s.signer.kid}) + "." + encodePart(claims) + "." + randomSecret()
	s.tokens[value] = &t
	return value, nil
}

func encodePart(v any) string {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic("the simulator cannot write its own token: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
