package simulator

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A Domain is a verified domain of the tenant.
type Domain struct {
	Name             string
	Default, Initial bool
}

// A User is a person in the directory.
type User struct {
	ID, Principal string // the id in lower case, and the user principal name
	Plans         []Plan
	SKUs          []string // ids of the licenses assigned
}

// A Plan is a service plan that a user has.
type Plan struct {
	ID, Service, Status string // Status is Enabled, Suspended, Warning, or Deleted
}

// A Group is a group of users and groups.
type Group struct {
	ID, Name string
	Members  []string // ids of users and of groups
	Hidden   bool     // apps cannot see its members
}

// A SKU is a subscription.
type SKU struct {
	ID, PartNumber string
	Status         string // Enabled, Warning, Suspended, Deleted, or LockedOut
	Consumed       int
	Enabled        int
	Plans          []SKUPlan
}

// A SKUPlan is a service plan in a subscription.
type SKUPlan struct{ ID, Name string }

// A Message is mail that an app sent.
type Message struct {
	From, Subject, ContentType, Body string
	To                               []string
	Attachments                      []Attachment
	Saved                            bool
}

// An Attachment is a file in a message.
type Attachment struct {
	Name, ContentType string
	Content           []byte
}

type tenantState struct {
	id, name   string
	domains    []Domain
	users      []User
	groups     []Group
	skus       []SKU
	mail       []Message
	mailboxes  bool
	capacities []Capacity
	settings   []Setting
	overrides  map[string][]Setting
	events     []Event
}

func newTenantState(id string) tenantState {
	return tenantState{
		id: id, name: "Contoso", mailboxes: true,
		domains:   []Domain{{"contoso.onmicrosoft.com", false, true}, {"contoso.com", true, false}},
		settings:  visualSettings(),
		overrides: map[string][]Setting{},
	}
}

func (t *tenantState) domainNames() []string {
	var names []string
	for _, d := range t.domains {
		names = append(names, d.Name)
	}
	return names
}

// SetOrganization sets the tenant's name and domains.
func (s *Simulator) SetOrganization(name string, domains ...Domain) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenant.name, s.tenant.domains = name, slices.Clone(domains)
}

// SetUsers replaces the users of the directory.
func (s *Simulator) SetUsers(users ...User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenant.users = slices.Clone(users[:min(len(users), maxUsers)])
}

// AddUsers adds n users with the same plans, each Enabled, and returns their
// ids.
func (s *Simulator) AddUsers(n int, plans ...string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for range min(n, maxUsers-len(s.tenant.users)) {
		u := User{ID: s.newUUID()}
		u.Principal = "user" + itoa(s.nextNumber("user")) + "@contoso.com"
		for _, p := range plans {
			u.Plans = append(u.Plans, Plan{ID: p, Service: "PowerBI", Status: "Enabled"})
		}
		s.tenant.users = append(s.tenant.users, u)
		ids = append(ids, u.ID)
	}
	return ids
}

// SetGroups replaces the groups of the directory.
func (s *Simulator) SetGroups(groups ...Group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenant.groups = slices.Clone(groups)
}

// SetSKUs replaces the subscriptions.
func (s *Simulator) SetSKUs(skus ...SKU) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenant.skus = slices.Clone(skus)
}

// Mail returns the mail that apps sent.
func (s *Simulator) Mail() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tenant.mail)
}

func (s *Simulator) directoryRoutes() []*route {
	identity := func(units float64) cost { return cost{"identity", units} }
	return []*route{
		{method: "GET", pattern: "/v1.0/organization", query: []string{qSelect}, maxBody: -1, cost: identity(1), handle: s.getOrganization},
		{method: "GET", pattern: "/v1.0/subscribedSkus", query: []string{qSelect}, maxBody: -1, cost: identity(3), handle: s.getSubscribedSKUs},
		{method: "GET", pattern: "/v1.0/users/$count", query: []string{qFilter, qCount}, maxBody: -1, cost: identity(2), handle: s.getUserCount},
		{method: "GET", pattern: "/v1.0/groups", query: []string{qSelect, qTop, qSkip}, maxBody: -1, cost: identity(3), handle: s.getGroups},
		{method: "GET", pattern: "/v1.0/groups/{group}", query: []string{qSelect}, maxBody: -1, cost: identity(1), handle: s.getGroup},
		{method: "GET", pattern: "/v1.0/groups/{group}/transitiveMembers/$count", query: []string{qCount}, maxBody: -1, cost: identity(5), handle: s.getMemberCount},
		{method: "GET", pattern: "/v1.0/groups/{group}/transitiveMembers/microsoft.graph.user/$count", query: []string{qCount}, maxBody: -1, cost: identity(5), handle: s.getUserMemberCount},
		{method: "POST", pattern: "/v1.0/users/{user}/sendMail", maxBody: 4 << 20, cost: cost{"mail", 1}, handle: s.postMail},
	}
}

func (s *Simulator) graphRoutes() []*route {
	return slices.Concat(s.siteRoutes(), s.driveRoutes(), s.directoryRoutes())
}

func (s *Simulator) getOrganization(c *call) (*answer, *problem) {
	if p := c.requireRole("Organization.Read.All", "Directory.Read.All"); p != nil {
		return nil, p
	}
	domains := []any{}
	for _, d := range s.tenant.domains {
		domains = append(domains, map[string]any{"name": d.Name, "isDefault": d.Default, "isInitial": d.Initial, "type": "Managed", "capabilities": "Email, OfficeCommunicationsOnline"})
	}
	return c.pageAnswer([]map[string]any{{
		"id": s.tenant.id, "displayName": s.tenant.name, "tenantType": "AAD", "countryLetterCode": "US", "verifiedDomains": domains,
		"assignedPlans": []any{}, "provisionedPlans": []any{},
	}})
}

func (s *Simulator) getSubscribedSKUs(c *call) (*answer, *problem) {
	if p := c.requireRole("LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All"); p != nil {
		return nil, p
	}
	all := []map[string]any{}
	for _, k := range s.tenant.skus {
		plans := []any{}
		for _, p := range k.Plans {
			plans = append(plans, map[string]any{"servicePlanId": p.ID, "servicePlanName": p.Name, "provisioningStatus": "Success", "appliesTo": "User"})
		}
		status := k.Status
		if status == "" {
			status = "Enabled"
		}
		all = append(all, map[string]any{
			"id": s.tenant.id + "_" + k.ID, "skuId": k.ID, "skuPartNumber": k.PartNumber, "capabilityStatus": status, "consumedUnits": k.Consumed,
			"prepaidUnits": map[string]any{"enabled": k.Enabled, "suspended": 0, "warning": 0, "lockedOut": 0},
			"appliesTo":    "User", "servicePlans": plans, "subscriptionIds": []string{},
		})
	}
	return c.pageAnswer(all)
}

// checkConsistencyLevel requires the header that Graph's advanced queries need.
func (c *call) checkConsistencyLevel() *problem {
	if c.Header.Get("ConsistencyLevel") != "eventual" {
		return newProblem(http.StatusBadRequest, "Request_BadRequest", "$count is not currently supported.")
	}
	return nil
}

func countAnswer(n int) (*answer, *problem) {
	return &answer{status: http.StatusOK, body: []byte(itoa(n)), mediaType: "text/plain"}, nil
}

func (s *Simulator) getUserCount(c *call) (*answer, *problem) {
	if p := c.requireRole("User.Read.All", "Directory.Read.All"); p != nil {
		return nil, p
	}
	if p := c.checkConsistencyLevel(); p != nil {
		return nil, p
	}
	matches := func(User) bool { return true }
	if f := c.query.Get(qFilter); f != "" {
		parsed, err := parseFilter(f, s.options.PlainLambdasOnly)
		if err != nil {
			return nil, unexpectedProblem(http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified: "+err.Error())
		}
		matches = parsed
	}
	n := 0
	for _, u := range s.tenant.users {
		if matches(u) {
			n++
		}
	}
	return countAnswer(n)
}

func (c *call) checkMayReadGroups() *problem {
	return c.requireRole("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All")
}

// findGroup finds the group of a call.
func (c *call) findGroup() (*Group, *problem) {
	if p := c.checkMayReadGroups(); p != nil {
		return nil, p
	}
	if g := c.simulator.tenant.findGroup(c.vars["group"]); g != nil {
		return g, nil
	}
	return nil, newProblem(http.StatusNotFound, "Request_ResourceNotFound", "Resource '"+c.vars["group"]+"' does not exist or one of its queried reference-property objects are not present.")
}

func (t *tenantState) findGroup(id string) *Group {
	for i := range t.groups {
		if strings.EqualFold(t.groups[i].ID, id) {
			return &t.groups[i]
		}
	}
	return nil
}

func (s *Simulator) getGroup(c *call) (*answer, *problem) {
	g, p := c.findGroup()
	if p != nil {
		return nil, p
	}
	return c.entityAnswer(groupJSON(g))
}

func (s *Simulator) getGroups(c *call) (*answer, *problem) {
	if p := c.checkMayReadGroups(); p != nil {
		return nil, p
	}
	all := []map[string]any{}
	for i := range s.tenant.groups {
		all = append(all, groupJSON(&s.tenant.groups[i]))
	}
	return c.pageAnswer(all)
}

func groupJSON(g *Group) map[string]any {
	m := map[string]any{"id": g.ID, "displayName": g.Name, "securityEnabled": true, "mailEnabled": false, "groupTypes": []string{}}
	if g.Hidden {
		m["visibility"] = "HiddenMembership"
	}
	return m
}

// addTransitive adds the members of a group and of the groups in it, each once.
func (t *tenantState) addTransitive(g *Group, seen map[string]bool) {
	for _, id := range g.Members {
		id = strings.ToLower(id)
		if seen[id] {
			continue
		}
		seen[id] = true
		if inner := t.findGroup(id); inner != nil {
			t.addTransitive(inner, seen)
		}
	}
}

func (s *Simulator) getMemberCount(c *call) (*answer, *problem) { return c.memberCountAnswer(true) }
func (s *Simulator) getUserMemberCount(c *call) (*answer, *problem) {
	return c.memberCountAnswer(false)
}

func (c *call) memberCountAnswer(groups bool) (*answer, *problem) {
	g, p := c.findGroup()
	if p != nil {
		return nil, p
	}
	if p := c.checkConsistencyLevel(); p != nil {
		return nil, p
	}
	if !groups && c.query.Get(qCount) != "true" {
		return nil, newProblem(http.StatusBadRequest, "Request_UnsupportedQuery", "The OData cast needs $count=true.")
	}
	if g.Hidden && !slices.Contains(c.token.roles, "Member.Read.Hidden") {
		return countAnswer(0)
	}
	seen := map[string]bool{}
	c.simulator.tenant.addTransitive(g, seen)
	n := 0
	for id := range seen {
		if groups || c.simulator.tenant.findGroup(id) == nil {
			n++
		}
	}
	return countAnswer(n)
}

// A mailBody is the body of sendMail.
type mailBody struct {
	Message struct {
		Type    string `json:"@odata.type"`
		Subject string `json:"subject"`
		Body    struct {
			Type    string `json:"@odata.type"`
			Kind    string `json:"contentType"`
			Content string `json:"content"`
		} `json:"body"`
		To          []recipient `json:"toRecipients"`
		Cc          []recipient `json:"ccRecipients"`
		Importance  string      `json:"importance"`
		Attachments []struct {
			Type    string         `json:"@odata.type"`
			Name    string         `json:"name"`
			Kind    string         `json:"contentType"`
			Content []byte         `json:"contentBytes"`
			Inline  bool           `json:"isInline"`
			Size    jsontext.Value `json:"size"`
		} `json:"attachments"`
	} `json:"message"`
	Save *bool `json:"saveToSentItems"`
}

type recipient struct {
	Type    string `json:"@odata.type"`
	Address struct {
		Type    string `json:"@odata.type"`
		Address string `json:"address"`
		Name    string `json:"name"`
	} `json:"emailAddress"`
}

func (s *Simulator) postMail(c *call) (*answer, *problem) {
	if p := c.requireRole("Mail.Send"); p != nil {
		p.code, p.message = "ErrorAccessDenied", "Access is denied. Check credentials and try again."
		return nil, p
	}
	var b mailBody
	if p := c.decodeBody(&b); p != nil {
		return nil, p
	}
	from := c.vars["user"]
	known := slices.ContainsFunc(s.tenant.users, func(u User) bool {
		return strings.EqualFold(u.ID, from) || strings.EqualFold(u.Principal, from)
	})
	switch {
	case !s.tenant.mailboxes || !known:
		return nil, newProblem(http.StatusNotFound, "ErrorInvalidUser", "The requested user "+quoteShort(from)+" is invalid.")
	case len(b.Message.To) == 0 || len(s.tenant.mail) >= maxMail:
		return nil, newProblem(http.StatusBadRequest, "ErrorInvalidRecipients", "At least one recipient is not valid.")
	case b.Message.Body.Kind != "" && !strings.EqualFold(b.Message.Body.Kind, "text") && !strings.EqualFold(b.Message.Body.Kind, "html"):
		return nil, unexpectedProblem(http.StatusBadRequest, "ErrorInvalidRequest", "The body's contentType is Text or HTML.")
	}
	m := Message{From: from, Subject: b.Message.Subject, ContentType: b.Message.Body.Kind, Body: b.Message.Body.Content, Saved: b.Save == nil || *b.Save}
	for _, r := range b.Message.To {
		m.To = append(m.To, r.Address.Address)
	}
	for _, a := range b.Message.Attachments {
		if a.Type != "#microsoft.graph.fileAttachment" {
			return nil, unexpectedProblem(http.StatusBadRequest, "ErrorInvalidRequest", "An attachment names its type.")
		}
		m.Attachments = append(m.Attachments, Attachment{a.Name, a.Kind, a.Content})
	}
	s.tenant.mail = append(s.tenant.mail, m)
	return &answer{status: http.StatusAccepted}, nil
}
