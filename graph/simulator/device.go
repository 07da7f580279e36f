package simulator

import (
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	deviceLife  = 15 * time.Minute
	deviceEvery = 5 * time.Second
)

// A device waits for a person to sign in elsewhere.
type device struct {
	app, user, audience, scope string
	until                      time.Time
	isApproved, isRefused      bool
}

// deviceUser is the person who approves device codes.
const deviceUser = "admin@contoso.onmicrosoft.com"

func (s *Simulator) postDeviceCode(c *call) (*answer, *problem) {
	if p := s.checkTenant(c); p != nil {
		return nil, p
	}
	f, p := c.decodeForm()
	if p != nil {
		return nil, p
	}
	a := s.apps[strings.ToLower(f.Get("client_id"))]
	if a == nil {
		return nil, entraProblem(http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier "+quoteShort(f.Get("client_id"))+" was not found in the directory '"+s.tenant.name+"'.")
	}
	if !a.Public {
		return nil, entraProblem(http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	}
	audience, p := s.scopeAudience(f.Get("scope"))
	if p != nil {
		return nil, p
	}
	if len(s.devices) >= maxSessions {
		return nil, entraProblem(http.StatusServiceUnavailable, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again.")
	}
	code, user := randomSecret(), randomSecret()[:9]
	s.devices[code] = &device{app: a.Client, user: user, audience: audience, scope: f.Get("scope"), until: c.now.Add(deviceLife)}
	page := s.endpoints.Login + "/common/oauth2/deviceauth"
	return okAnswer(map[string]any{
		"user_code": user, "device_code": code, "verification_uri": page,
		"expires_in": int(deviceLife.Seconds()), "interval": int(deviceEvery.Seconds()),
		"message": "To sign in, use a web browser to open the page " + page + " and enter the code " + user + " to authenticate.",
	})
}

// scopeAudience returns the audience of scopes such as "https://host/.default
// openid profile".
func (s *Simulator) scopeAudience(scope string) (string, *problem) {
	for _, one := range strings.Fields(scope) {
		if slices.Contains([]string{"openid", "profile", "offline_access", "email"}, one) {
			continue
		}
		i := strings.LastIndexByte(one, '/')
		if a := s.audienceOf(one[:max(i, 0)]); a != "" {
			return a, nil
		}
		return "", unknownResource(one, s.tenant.name)
	}
	return "", entraProblem(http.StatusBadRequest, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid.")
}

// ApproveDevice signs a person in for the code that a device shows.
func (s *Simulator) ApproveDevice(code string) bool { return s.decideDevice(code, true) }

// RefuseDevice declines the code that a device shows.
func (s *Simulator) RefuseDevice(code string) bool { return s.decideDevice(code, false) }

func (s *Simulator) decideDevice(code string, yes bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.decideDeviceLocked(code, yes)
}

func (s *Simulator) decideDeviceLocked(code string, yes bool) bool {
	for _, d := range s.devices {
		if d.user == strings.ToUpper(strings.TrimSpace(code)) && s.currentTime().Before(d.until) {
			d.isApproved, d.isRefused = yes, !yes
			return true
		}
	}
	return false
}

// PendingDevices returns the codes that wait for a person.
func (s *Simulator) PendingDevices() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var codes []string
	for _, d := range s.devices {
		if !d.isApproved && !d.isRefused && s.currentTime().Before(d.until) {
			codes = append(codes, d.user)
		}
	}
	slices.Sort(codes)
	return codes
}

func htmlAnswer(status int, text string) *answer {
	return &answer{status: status, mediaType: "text/html; charset=utf-8", body: []byte("<!doctype html><title>Sign in</title>" + text)}
}

func (s *Simulator) getDevicePage(c *call) (*answer, *problem) {
	code := html.EscapeString(c.query.Get("code"))
	return htmlAnswer(http.StatusOK, `<form method="post"><label>Code <input name="code" value="`+code+`"></label> <button>Sign in as `+deviceUser+`</button></form>`), nil
}

func (s *Simulator) postDevicePage(c *call) (*answer, *problem) {
	f, p := c.decodeForm()
	if p != nil {
		return nil, p
	}
	if !s.decideDeviceLocked(f.Get("code"), true) {
		return htmlAnswer(http.StatusBadRequest, "<p>That code is not known, or has expired.</p>"), nil
	}
	return htmlAnswer(http.StatusOK, "<p>You have signed in. You may close this window.</p>"), nil
}

func (s *Simulator) tokenForDevice(c *call, a *registeredApp, f url.Values) (*answer, *problem) {
	code := f.Get("device_code")
	d := s.devices[code]
	switch {
	case d == nil || d.app != a.Client:
		return nil, entraProblem(http.StatusBadRequest, "bad_verification_code", 70018, "Invalid verification code due to the user typing in the wrong user code for the device code flow.")
	case !c.now.Before(d.until):
		delete(s.devices, code)
		return nil, entraProblem(http.StatusBadRequest, "expired_token", 70020, "The provided value for the input parameter 'device_code' is not valid. This device code has expired.")
	case d.isRefused:
		delete(s.devices, code)
		return nil, entraProblem(http.StatusBadRequest, "authorization_declined", 70017, "The end user denied the authorization request.")
	case !d.isApproved:
		return nil, entraProblem(http.StatusBadRequest, "authorization_pending", 70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling.")
	}
	delete(s.devices, code)
	return s.tokensForPerson(c, a, d.audience, d.scope)
}

// tokensForPerson answers with the tokens of a person who signed in.
func (s *Simulator) tokensForPerson(c *call, a *registeredApp, audience, scope string) (*answer, *problem) {
	value, p := s.issueToken(token{app: a.Client, audience: audience, roles: slices.Clone(a.Roles), isPerson: true})
	if p != nil {
		return nil, p
	}
	again, p := s.issueToken(token{app: a.Client, audience: "refresh", isPerson: true})
	if p != nil {
		return nil, p
	}
	user := map[string]string{"uid": "5d1f1a70-93ee-4f0c-8a6e-2f4f37a6f3b1", "utid": s.options.Tenant}
	id, p := s.signer.signClaims(map[string]any{
		"aud": a.Client, "iss": s.endpoints.Login + "/" + s.options.Tenant + "/v2.0", "tid": s.options.Tenant, "oid": user["uid"], "sub": user["uid"],
		"iat": c.now.Unix(), "nbf": c.now.Unix(), "exp": c.now.Add(tokenLife).Unix(), "preferred_username": deviceUser, "ver": "2.0",
	})
	if p != nil {
		return nil, p
	}
	return okAnswer(map[string]any{
		"token_type": "Bearer", "scope": scope, "expires_in": int(tokenLife.Seconds()), "ext_expires_in": int(tokenLife.Seconds()),
		"access_token": value, "refresh_token": again, "id_token": id, "client_info": encodePart(user),
	})
}

func (s *Simulator) refreshToken(c *call, a *registeredApp, f url.Values) (*answer, *problem) {
	t := s.tokens[f.Get("refresh_token")]
	if t == nil || t.audience != "refresh" || t.app != a.Client {
		return nil, entraProblem(http.StatusBadRequest, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.")
	}
	audience, p := s.scopeAudience(f.Get("scope"))
	if p != nil {
		return nil, p
	}
	return s.tokensForPerson(c, a, audience, f.Get("scope"))
}
