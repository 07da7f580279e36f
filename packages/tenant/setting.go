package tenant

// A Setting is a tenant setting of Microsoft's that concerns visuals. Whether
// it concerns those of the Organizational Store is said by Reach.
type Setting struct {
	Name    string // as Microsoft's interfaces name it, such as CustomVisualsTenant
	Enabled bool
	// Grouped says that the setting names groups, so that Enabled holds for some
	// people alone.
	Grouped bool
}

// A Reach says whose visuals a tenant setting concerns.
type Reach string

// The reaches of tenant settings.
const (
	// ReachStore: all visuals, also those that the Organizational Store serves
	// from a file.
	ReachStore Reach = "store"
	// ReachAppSource: visuals of AppSource alone, also where the store lists them.
	ReachAppSource Reach = "appsource"
	// ReachElsewhere: visuals from elsewhere alone. Administrators may add any
	// visual to the store, "even if they contradict the tenant settings".
	ReachElsewhere Reach = "elsewhere"
)

// A KnownSetting is a tenant setting of which Microsoft says that it concerns
// visuals.
type KnownSetting struct {
	Name  string // stable, for programs
	Title string // as the admin portal shows it, in English
	Reach Reach
}

// KnownSettings returns the tenant settings that concern visuals. What they
// reach is documented in Microsoft's page "Manage Power BI visuals admin
// settings" (fabric-docs, admin/organizational-visuals.md, of 2025-10-23). The
// names of the first two are documented, those of the others observed in public
// dumps of tenants. EnableCustomVisuals and its like, which are often taken for
// tenant settings, are policies of Power BI Desktop on one machine.
func KnownSettings() []KnownSetting {
	return []KnownSetting{
		{"CustomVisualsTenant", "Allow visuals created using the Power BI SDK", ReachElsewhere},
		{"CertifiedCustomVisualsTenant", "Add and use certified visuals only", ReachElsewhere},
		{"AllowCVToExportDataToFileTenant", "Allow downloads from custom visuals", ReachStore},
		{"AllowCVLocalStorageV2Tenant", "Allow access to the browser's local storage", ReachStore},
		{"AllowCVAuthenticationTenant", "AppSource Custom Visuals SSO", ReachAppSource},
	}
}

// findSetting finds a setting by its name.
func findSetting(name string) (KnownSetting, bool) {
	for _, k := range KnownSettings() {
		if k.Name == name {
			return k, true
		}
	}
	return KnownSetting{}, false
}

// Plans of Power BI, as subscriptions hold them.
const (
	PlanFree   = "free"
	PlanPro    = "pro"
	PlanPPU    = "ppu"
	PlanLegacy = "legacy" // Power BI for Office 365, no longer sold
)

// A Subscription is licenses of users that the tenant bought of Microsoft, and
// that hold a plan of Power BI.
type Subscription struct {
	SKU  string // Microsoft's id of the product, lower case
	Name string // Microsoft's part number, such as POWER_BI_PRO
	// Plan is the best in it: Premium Per User contains Pro.
	Plan string
	// State is as Microsoft says it: Enabled, Warning, Suspended and so on.
	State string
	// Bought and Assigned count licenses, of which a user may have several.
	Bought, Assigned Known[int64]
}
