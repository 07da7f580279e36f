package graph

import (
	"fmt"
	"strings"
)

// A PermissionKind says where a permission is granted.
type PermissionKind string

// The kinds of permissions.
const (
	ApplicationRole PermissionKind = "application role" // consented to on the app registration
	TenantSetting   PermissionKind = "tenant setting"   // enabled in the Fabric admin portal
	PortalRole      PermissionKind = "portal role"      // a role of a person
)

// A Need says when a permission is needed.
type Need string

// The needs.
const (
	NeedAlways      Need = "always"      // whenever the feature is used
	NeedAlternative Need = "alternative" // instead of the one above it
	NeedSetup       Need = "setup"       // once, by the person who sets it up; never by the agent
	NeedOptional    Need = "optional"    // the feature works without it, and shows less
)

// A Permission is something that a feature needs.
type Permission struct {
	Feature string // library, facts, readiness, activity, scan, store, or mail
	Service Service
	Name    string // as Microsoft spells it
	ID      string // of the application role; empty for the other kinds
	Kind    PermissionKind
	Need    Need
	Why     string
}

// The names that hints use, too.
const (
	roleList    = "Lists.SelectedOperations.Selected"
	roleOrg     = "Organization.Read.All"
	roleLicense = "LicenseAssignment.Read.All"
	roleUsers   = "User.Read.All"
	roleMembers = "GroupMember.Read.All"
	roleMail    = "Mail.Send"
	readAPIs    = "Service principals can access read-only admin APIs"
	detailedAPI = "Enhance admin APIs responses with detailed metadata"
)

// RequestedPermissions lists all that orgstore asks a tenant for, by feature.
//
// Names are documented in Graph's permissions reference and in Fabric's page on
// admin APIs for service principals. The ids of application roles are observed
// in a public list of them (merill/microsoft-info, 2026-08).
func RequestedPermissions() []Permission {
	return []Permission{
		{"library", Graph, roleList, "23c5a9bd-d900-4ecf-be26-a0689755d9e5", ApplicationRole, NeedAlways,
			"read packages from one document library and write their state beside them; has no effect until that library grants the application the role write"},
		{"library", Graph, "Sites.Selected", "883ea226-0bf2-4a8f-9f9d-92c9162a727d", ApplicationRole, NeedAlternative,
			"the same for a whole site, which must grant the application the role write"},
		{"library", Graph, "Sites.FullControl.All", "a82116e5-55eb-4c41-a434-62fe8a61c773", ApplicationRole, NeedSetup,
			"grant the role write on the library or the site; not for the agent's application"},
		{"facts", Graph, roleOrg, "498476ce-e0fe-48b0-b801-37ba7e2685c6", ApplicationRole, NeedAlways,
			"the tenant's id and domains, to which licenses are bound"},
		{"facts", Graph, roleLicense, "e2f98668-2877-4f38-a2f4-8202e0717aa1", ApplicationRole, NeedAlways,
			"the subscribed licenses"},
		{"facts", Graph, roleUsers, "df021288-bdef-4463-88db-98f22de89214", ApplicationRole, NeedAlways,
			"count the users of each Power BI plan; reads no user"},
		{"facts", Graph, roleMembers, "98830695-27a2-44f7-8c18-0c3ebc9698f6", ApplicationRole, NeedAlways,
			"count the members of the groups of designers and viewers"},
		{"facts", PowerBI, readAPIs, "", TenantSetting, NeedAlways,
			"the capacities and their SKUs"},
		{"readiness", Fabric, readAPIs, "", TenantSetting, NeedAlways,
			"the tenant settings that concern visuals"},
		{"activity", PowerBI, readAPIs, "", TenantSetting, NeedAlways,
			"who changed which organizational visual, and when"},
		{"scan", PowerBI, readAPIs, "", TenantSetting, NeedAlways,
			"which reports use which visual"},
		{"scan", PowerBI, detailedAPI, "", TenantSetting, NeedOptional,
			"the visuals within reports"},
		{"store", PowerBI, "Fabric administrator", "", PortalRole, NeedAlways,
			"a person with this role uploads packages under Organizational visuals in the admin portal"},
		{"mail", Graph, roleMail, "b633e1c5-b582-4048-a93e-9f11b44c7e96", ApplicationRole, NeedAlways,
			"send notices by mail; can use every mailbox unless Exchange restricts the application to one"},
	}
}

// PermissionTable formats permissions as a Markdown table, one per line.
func PermissionTable(all []Permission) string {
	var b strings.Builder
	b.WriteString("| feature | service | permission | kind | needed | id | why |\n|---|---|---|---|---|---|---|\n")
	for _, p := range all {
		id := p.ID
		if id != "" {
			id = "`" + id + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", p.Feature, p.Service.Title(), p.Name, p.Kind, p.Need, id, p.Why)
	}
	return b.String()
}

// deniedHint names what is missing if a service denies an operation.
func deniedHint(s Service, op string) string {
	op = strings.ToLower(op)
	role := func(name string) string {
		return "add the application permission " + name + " to the app registration and grant admin consent"
	}
	switch {
	case s != Graph:
		return "enable the tenant setting \"" + readAPIs + "\" for a security group that contains the application, and remove all Power BI application permissions from the app registration; this takes effect after some minutes"
	case strings.Contains(op, "/sites"), strings.Contains(op, "/drives"):
		return role(roleList) + ", and grant the application the role write on the library; if it may reach the library but not its site, set the library's id: sharepoint: { drive: ... }"
	case strings.Contains(op, "/organization"):
		return role(roleOrg)
	case strings.Contains(op, "/subscribedskus"):
		return role(roleLicense)
	case strings.HasSuffix(op, "/sendmail"):
		return role(roleMail) + ", and allow the application to send from this mailbox in Exchange"
	case strings.Contains(op, "/users"):
		return role(roleUsers)
	case strings.Contains(op, "/groups"):
		return role(roleMembers)
	}
	return "compare the app registration's permissions with install/permissions.md, and grant admin consent"
}
