package graph

// A PermissionKind says where a permission is given.
type PermissionKind string

// The kinds of permissions.
const (
	ApplicationRole PermissionKind = "application role" // consented to on the app registration
	TenantSetting   PermissionKind = "tenant setting"   // in the Fabric admin portal
	PortalRole      PermissionKind = "portal role"      // a role of a person
)

// A Permission is something a feature needs.
type Permission struct {
	Feature  string // library, facts, readiness, scan, activity
	Service  Service
	Name     string // as Microsoft spells it
	ID       string // of the application role
	Kind     PermissionKind
	Optional bool // an alternative, or needed once
	Why      string
}

// Requested is what orgstore asks a tenant for, by feature.
func Requested() []Permission { return nil }
