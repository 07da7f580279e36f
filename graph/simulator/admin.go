package simulator

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Capacity is one that the tenant has.
type Capacity struct {
	ID, Name, SKU, State, Region string
	Admins                       []string
}

// A Setting is a tenant setting, or a capacity's override of one.
type Setting struct {
	Name, Title, Group string
	Enabled            bool
	Groups             []SecurityGroup // for whom it is enabled; none is everybody
	Excluded           []SecurityGroup
	CanNameGroups      bool
	Delegate           bool // capacities may override it
}

// A SecurityGroup is one that a setting names.
type SecurityGroup struct{ ID, Name string }

// An Event is a record of the activity log. Members are those of Microsoft's
// examples; what a record of an organizational visual holds is not documented.
type Event struct {
	ID           string
	At           time.Time
	Activity     string
	User         string
	ItemName     string
	ObjectID     string
	Succeeded    bool
	Extra        map[string]any // members that only this record has
	Workload     string
	Organization string
}

// visualSettings are the settings that concern visuals, and those that let an
// app read them, with Microsoft's defaults.
func visualSettings() []Setting {
	return []Setting{
		{Name: "CustomVisualsTenant", Title: "Allow visuals created using the Power BI SDK", Group: "Power BI visuals", CanNameGroups: true},
		{Name: "CertifiedCustomVisualsTenant", Title: "Add and use certified visuals only (block uncertified)", Group: "Power BI visuals"},
		{Name: "AllowCVToExportDataToFileTenant", Title: "Allow downloads from custom visuals", Group: "Power BI visuals", CanNameGroups: true},
		{Name: "AllowCVLocalStorageV2Tenant", Title: "Allow access to the browser's local storage", Group: "Power BI visuals", Enabled: true, CanNameGroups: true},
		{Name: "AllowCVAuthenticationTenant", Title: "AppSource Custom Visuals SSO", Group: "Power BI visuals", CanNameGroups: true},
		{Name: "AdminApisIncludeDetailedMetadata", Title: "Enhance admin APIs responses with detailed metadata", Group: "Admin API settings", CanNameGroups: true},
		{Name: "AllowServicePrincipalsUseReadAdminAPIs", Title: "Service principals can access read-only admin APIs", Group: "Admin API settings", Enabled: true, CanNameGroups: true},
	}
}

// SetCapacities replaces the capacities.
func (s *Simulator) SetCapacities(all ...Capacity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenant.capacities = slices.Clone(all)
}

// SetSettings replaces all tenant settings.
func (s *Simulator) SetSettings(all ...Setting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenant.settings = slices.Clone(all)
}

// Set switches a tenant setting on or off, for everybody or for groups.
func (s *Simulator) Set(name string, enabled bool, groups ...SecurityGroup) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.tenant.settings {
		if t := &s.tenant.settings[i]; t.Name == name {
			t.Enabled, t.Groups = enabled, slices.Clone(groups)
			return true
		}
	}
	return false
}

// Override sets a capacity's own settings in place of the tenant's.
func (s *Simulator) Override(capacity string, settings ...Setting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenant.overrides[capacity] = slices.Clone(settings)
}

// AddEvents appends to the activity log.
func (s *Simulator) AddEvents(events ...Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		if e.ID == "" {
			e.ID = s.uuid()
		}
		s.tenant.events = append(s.tenant.events, e)
	}
	slices.SortStableFunc(s.tenant.events, func(a, b Event) int { return a.At.Compare(b.At) })
}

// mayAdmin says whether the token's owner may use the read-only admin APIs.
func (c *call) mayAdmin() bool {
	a := c.s.apps[c.token.app]
	if a == nil {
		return false
	}
	if c.token.person {
		return true // the simulator's person is a Fabric administrator
	}
	allowed := slices.ContainsFunc(c.s.tenant.settings, func(t Setting) bool {
		return t.Name == "AllowServicePrincipalsUseReadAdminAPIs" && t.Enabled
	})
	return allowed && a.AdminAPIs && len(a.PowerBIRoles) == 0
}

func powerBIShape(c *call, p *problem) any {
	return map[string]any{"error": map[string]any{"code": p.code, "message": p.message,
		"pbi.error": map[string]any{"code": p.code, "parameters": map[string]any{}, "details": []any{}}}}
}

func (s *Simulator) powerBIToken(c *call) *problem {
	if p := s.bearer(c, audiencePowerBI); p != nil {
		p.status = http.StatusForbidden
		p.code = "TokenExpired"
		if c.Header.Get("Authorization") == "" {
			p.status, p.code = http.StatusUnauthorized, "PowerBINotAuthorizedException"
		}
		return p
	}
	if !c.mayAdmin() {
		return say(http.StatusUnauthorized, "PowerBINotAuthorizedException", "The app may not use the read-only admin APIs.")
	}
	return nil
}

func (s *Simulator) powerBIRoutes() []*route {
	return []*route{
		{method: "GET", pattern: "/v1.0/myorg/admin/capacities", query: []string{qExpand}, max: -1, cost: cost{"capacities", 1}, do: s.getCapacities},
		{method: "GET", pattern: "/v1.0/myorg/admin/activityevents", query: []string{"startDateTime", "endDateTime", "continuationToken", qFilter}, max: -1, cost: cost{"activityevents", 1}, do: s.activity},
	}
}

func (s *Simulator) getCapacities(c *call) (*answer, *problem) {
	if c.query.Get(qExpand) != "" {
		return nil, unexpected(http.StatusBadRequest, "InvalidRequest", "Keys are not known here.")
	}
	value := []any{}
	for _, k := range s.tenant.capacities {
		state := cmp.Or(k.State, "Active")
		value = append(value, map[string]any{
			"id": strings.ToUpper(k.ID), "displayName": k.Name, "admins": append([]string{}, k.Admins...), "sku": k.SKU, "state": state,
			"region": cmp.Or(k.Region, "West Europe"), "capacityUserAccessRight": "Admin",
		})
	}
	return ok(map[string]any{"@odata.context": s.endpoints.PowerBI + "/v1.0/myorg/admin/$metadata#capacities", "value": value})
}

// quoted reads a value that is written with single quotes around it.
func quoted(v string) (string, bool) {
	if len(v) < 2 || v[0] != '\'' || v[len(v)-1] != '\'' {
		return "", false
	}
	return v[1 : len(v)-1], true
}

// A window is what of the activity log is asked for.
type window struct {
	from, to       time.Time
	activity, user string
	next           int
}

var filterTerm = regexp.MustCompile(`^(Activity|UserId) eq '([^']*)'$`)

func (c *call) window() (w window, p *problem) {
	bad := func(message string) *problem { return unexpected(http.StatusBadRequest, "BadRequest", message) }
	q := c.query
	if t := q.Get("continuationToken"); t != "" {
		return c.continued(t)
	}
	for key, at := range map[string]*time.Time{"startDateTime": &w.from, "endDateTime": &w.to} {
		text, is := quoted(q.Get(key))
		v, err := time.Parse(time.RFC3339, text)
		if err == nil && v.Location() != time.UTC {
			err = http.ErrNotSupported
		}
		if !is || err != nil {
			return w, bad(key + " is a UTC time in single quotes.")
		}
		*at = v
	}
	switch {
	case w.from.Format(time.DateOnly) != w.to.Format(time.DateOnly):
		return w, bad("StartDateTime and EndDateTime must be in the same UTC day.")
	case w.to.Before(w.from):
		return w, bad("EndDateTime is before StartDateTime.")
	case w.from.Before(c.now.AddDate(0, 0, -28).Truncate(24 * time.Hour)):
		return w, say(http.StatusBadRequest, "BadRequest", "The activity log reaches back 28 days.")
	}
	if f := q.Get(qFilter); f != "" {
		for _, term := range strings.Split(f, " and ") {
			m := filterTerm.FindStringSubmatch(strings.TrimSpace(term))
			switch {
			case m == nil:
				return w, bad("The filter knows Activity, UserId, eq and and.")
			case m[1] == "Activity":
				w.activity = m[2]
			default:
				w.user = m[2]
			}
		}
	}
	return w, nil
}

func (c *call) continued(t string) (w window, p *problem) {
	text, is := quoted(t)
	b, err := base64.RawURLEncoding.DecodeString(text)
	parts := strings.Split(string(b), "\x00")
	if !is || err != nil || len(parts) != 5 || len(c.query) != 1 {
		return w, unexpected(http.StatusBadRequest, "BadRequest", "The continuation token is in single quotes, and alone.")
	}
	from, err1 := strconv.ParseInt(parts[0], 10, 64)
	to, err2 := strconv.ParseInt(parts[1], 10, 64)
	next, err3 := strconv.Atoi(parts[4])
	if err1 != nil || err2 != nil || err3 != nil || next < 0 {
		return w, unexpected(http.StatusBadRequest, "BadRequest", "The continuation token is not one of ours.")
	}
	return window{time.UnixMilli(from).UTC(), time.UnixMilli(to).UTC(), parts[2], parts[3], next}, nil
}

func (w window) token() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join([]string{
		strconv.FormatInt(w.from.UnixMilli(), 10), strconv.FormatInt(w.to.UnixMilli(), 10), w.activity, w.user, strconv.Itoa(w.next),
	}, "\x00")))
}

func (w window) has(e Event) bool {
	return !e.At.Before(w.from) && !e.At.After(w.to) &&
		(w.activity == "" || strings.EqualFold(w.activity, e.Activity)) && (w.user == "" || strings.EqualFold(w.user, e.User))
}

// activity tells the log by pages. The last page is empty, as it may be: only
// the missing token says that it is the last.
func (s *Simulator) activity(c *call) (*answer, *problem) {
	w, p := c.window()
	if p != nil {
		return nil, p
	}
	var found []Event
	for _, e := range s.tenant.events {
		if w.has(e) {
			found = append(found, e)
		}
	}
	from := min(w.next, len(found))
	to := min(from+s.o.PageSize, len(found))
	entities := []any{}
	for _, e := range found[from:to] {
		entities = append(entities, s.showEvent(e))
	}
	body := map[string]any{"activityEventEntities": entities}
	if to > from {
		w.next = to
		body["continuationToken"] = w.token()
		body["continuationUri"] = s.endpoints.PowerBI + "/v1.0/myorg/admin/activityevents?continuationToken=%27" + w.token() + "%27"
	} else {
		body["continuationToken"], body["continuationUri"] = nil, nil
	}
	return ok(body)
}

func (s *Simulator) showEvent(e Event) map[string]any {
	m := map[string]any{
		"Id": e.ID, "RecordType": 20, "CreationTime": e.At.UTC().Format("2006-01-02T15:04:05"), "Operation": e.Activity, "Activity": e.Activity,
		"OrganizationId": s.tenant.id, "UserType": 0, "UserKey": "10033FFF80000000", "Workload": "PowerBI", "UserId": e.User,
		"ClientIP": "127.0.0.1", "IsSuccess": e.Succeeded, "RequestId": e.ID, "ActivityId": e.ID,
	}
	if e.ItemName != "" {
		m["ItemName"] = e.ItemName
	}
	if e.ObjectID != "" {
		m["ObjectId"] = e.ObjectID
	}
	for k, v := range e.Extra {
		m[k] = v
	}
	return m
}

func fabricShape(c *call, p *problem) any {
	return map[string]any{"requestId": c.id, "errorCode": p.code, "message": p.message, "moreDetails": []any{}, "isRetriable": p.status == http.StatusTooManyRequests || p.status >= 500}
}

func (s *Simulator) fabricToken(c *call) *problem {
	if p := s.bearer(c, audienceFabric, audiencePowerBI); p != nil {
		p.code = "Unauthorized"
		if strings.Contains(p.message, "expired") {
			p.code = "TokenExpired"
		}
		return p
	}
	if !c.mayAdmin() {
		return say(http.StatusForbidden, "Forbidden", "The caller doesn't have permissions to call the API.")
	}
	return nil
}

func (s *Simulator) fabricRoutes() []*route {
	token := []string{"continuationToken"}
	return []*route{
		{method: "GET", pattern: "/v1/admin/tenantsettings", query: token, max: -1, cost: cost{"tenantsettings", 1}, do: s.tenantSettings},
		{method: "GET", pattern: "/v1/admin/capacities/delegatedTenantSettingOverrides", query: token, max: -1, cost: cost{"overrides", 1}, do: s.settingOverrides},
	}
}

func showGroups(all []SecurityGroup) []any {
	out := []any{}
	for _, g := range all {
		out = append(out, map[string]any{"graphId": g.ID, "name": g.Name})
	}
	return out
}

func showSetting(t Setting) map[string]any {
	m := map[string]any{
		"settingName": t.Name, "title": t.Title, "enabled": t.Enabled, "tenantSettingGroup": t.Group,
		"canSpecifySecurityGroups": t.CanNameGroups,
	}
	if len(t.Groups) > 0 {
		m["enabledSecurityGroups"] = showGroups(t.Groups)
	}
	if len(t.Excluded) > 0 {
		m["excludedSecurityGroups"] = showGroups(t.Excluded)
	}
	return m
}

// fabricPage cuts a list as Fabric does: a token and a URI while there is more.
func (c *call) fabricPage(all []any) (*answer, *problem) {
	from := 0
	if t := c.query.Get("continuationToken"); t != "" {
		b, err := base64.RawURLEncoding.DecodeString(t)
		n, err2 := strconv.Atoi(string(b))
		if err != nil || err2 != nil || n < 0 {
			return nil, unexpected(http.StatusBadRequest, "InvalidParameter", "The continuation token is not one of ours.")
		}
		from = min(n, len(all))
	}
	to := min(from+c.s.o.PageSize, len(all))
	body := map[string]any{"value": append([]any{}, all[from:to]...)}
	if to < len(all) {
		t := base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(to)))
		body["continuationToken"] = t
		body["continuationUri"] = c.s.endpoints.Fabric + c.URL.Path + "?continuationToken=" + t
	}
	return ok(body)
}

func (s *Simulator) tenantSettings(c *call) (*answer, *problem) {
	var all []any
	for _, t := range s.tenant.settings {
		m := showSetting(t)
		if t.Delegate {
			m["delegateToCapacity"] = true
		}
		all = append(all, m)
	}
	return c.fabricPage(all)
}

func (s *Simulator) settingOverrides(c *call) (*answer, *problem) {
	var all []any
	for _, k := range s.tenant.capacities {
		o := s.tenant.overrides[k.ID]
		if len(o) == 0 {
			continue
		}
		settings := []any{}
		for _, t := range o {
			m := showSetting(t)
			m["delegatedFrom"] = "Tenant"
			settings = append(settings, m)
		}
		all = append(all, map[string]any{"id": k.ID, "tenantSettings": settings})
	}
	return c.fabricPage(all)
}
