package simulator

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

func fabricError(c *call, p *problem) any {
	return map[string]any{"requestId": c.requestID, "errorCode": p.code, "message": p.message, "moreDetails": []any{}, "isRetriable": p.status == http.StatusTooManyRequests || p.status >= 500}
}

func (s *Simulator) checkFabricToken(c *call) *problem {
	if p := s.checkToken(c, audienceFabric, audiencePowerBI); p != nil {
		p.code = "Unauthorized"
		if strings.Contains(p.message, "expired") {
			p.code = "TokenExpired"
		}
		return p
	}
	if !c.mayUseAdminAPIs() {
		return newProblem(http.StatusForbidden, "Forbidden", "The caller doesn't have permissions to call the API.")
	}
	return nil
}

func (s *Simulator) fabricRoutes() []*route {
	token := []string{"continuationToken"}
	return []*route{
		{method: "GET", pattern: "/v1/admin/tenantsettings", query: token, maxBody: -1, cost: cost{"tenantsettings", 1}, handle: s.getTenantSettings},
		{method: "GET", pattern: "/v1/admin/capacities/delegatedTenantSettingOverrides", query: token, maxBody: -1, cost: cost{"overrides", 1}, handle: s.getSettingOverrides},
	}
}

func securityGroupsJSON(all []SecurityGroup) []any {
	out := []any{}
	for _, g := range all {
		out = append(out, map[string]any{"graphId": g.ID, "name": g.Name})
	}
	return out
}

func settingJSON(t Setting) map[string]any {
	m := map[string]any{
		"settingName": t.Name, "title": t.Title, "enabled": t.Enabled, "tenantSettingGroup": t.Group,
		"canSpecifySecurityGroups": t.CanNameGroups,
	}
	if len(t.Groups) > 0 {
		m["enabledSecurityGroups"] = securityGroupsJSON(t.Groups)
	}
	if len(t.Excluded) > 0 {
		m["excludedSecurityGroups"] = securityGroupsJSON(t.Excluded)
	}
	return m
}

// fabricPageAnswer cuts a list into pages as Fabric does, with a token and a
// URI while there is more.
func (c *call) fabricPageAnswer(all []any) (*answer, *problem) {
	from := 0
	if t := c.query.Get("continuationToken"); t != "" {
		b, err := base64.RawURLEncoding.DecodeString(t)
		n, err2 := strconv.Atoi(string(b))
		if err != nil || err2 != nil || n < 0 {
			return nil, unexpectedProblem(http.StatusBadRequest, "InvalidParameter", "The continuation token is not one of ours.")
		}
		from = min(n, len(all))
	}
	to := min(from+c.simulator.options.PageSize, len(all))
	body := map[string]any{"value": append([]any{}, all[from:to]...)}
	if to < len(all) {
		t := base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(to)))
		body["continuationToken"] = t
		body["continuationUri"] = c.simulator.endpoints.Fabric + c.URL.Path + "?continuationToken=" + t
	}
	return okAnswer(body)
}

func (s *Simulator) getTenantSettings(c *call) (*answer, *problem) {
	var all []any
	for _, t := range s.tenant.settings {
		m := settingJSON(t)
		if t.Delegate {
			m["delegateToCapacity"] = true
		}
		all = append(all, m)
	}
	return c.fabricPageAnswer(all)
}

func (s *Simulator) getSettingOverrides(c *call) (*answer, *problem) {
	var all []any
	for _, k := range s.tenant.capacities {
		o := s.tenant.overrides[k.ID]
		if len(o) == 0 {
			continue
		}
		settings := []any{}
		for _, t := range o {
			m := settingJSON(t)
			m["delegatedFrom"] = "Tenant"
			settings = append(settings, m)
		}
		all = append(all, map[string]any{"id": k.ID, "tenantSettings": settings})
	}
	return c.fabricPageAnswer(all)
}
