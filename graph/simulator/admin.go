package simulator

import (
	"slices"
	"time"
)

// A Capacity is a capacity of the tenant.
type Capacity struct {
	ID, Name, SKU, State, Region string
	Admins                       []string
}

// A Setting is a tenant setting, or a capacity's override of one.
type Setting struct {
	Name, Title, Group string
	Enabled            bool
	Groups             []SecurityGroup // for whom it is enabled; none means everybody
	Excluded           []SecurityGroup
	CanNameGroups      bool
	Delegate           bool // capacities may override it
}

// A SecurityGroup is a group that a setting names.
type SecurityGroup struct{ ID, Name string }

// An Event is a record of the activity log. Its members are those of
// Microsoft's examples. The members of a record about an organizational visual
// are not documented.
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

// visualSettings returns the settings that concern visuals, and those that let
// an app read them, with Microsoft's defaults.
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

// SetSetting enables or disables a tenant setting, for everybody or for groups.
func (s *Simulator) SetSetting(name string, enabled bool, groups ...SecurityGroup) bool {
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

// SetOverrides sets the settings of a capacity that override the tenant's.
func (s *Simulator) SetOverrides(capacity string, settings ...Setting) {
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
			e.ID = s.newUUID()
		}
		s.tenant.events = append(s.tenant.events, e)
	}
	slices.SortStableFunc(s.tenant.events, func(a, b Event) int { return a.At.Compare(b.At) })
}

// mayUseAdminAPIs reports whether the owner of the token may use the read-only
// admin APIs.
func (c *call) mayUseAdminAPIs() bool {
	a := c.simulator.apps[c.token.app]
	if a == nil {
		return false
	}
	if c.token.isPerson {
		return true // the simulator's person is a Fabric administrator
	}
	allowed := slices.ContainsFunc(c.simulator.tenant.settings, func(t Setting) bool {
		return t.Name == "AllowServicePrincipalsUseReadAdminAPIs" && t.Enabled
	})
	return allowed && a.AdminAPIs && len(a.PowerBIRoles) == 0
}
