package survey

import (
	"fmt"

	"github.com/orgstore/orgstore/graph"
)

// roleFix says how to grant an application permission of Microsoft Graph: in
// the portal, and with the command that Microsoft documents for scripts.
func roleFix(name string) string {
	fix := fmt.Sprintf("in the Microsoft Entra admin center, open App registrations > orgstore's > API permissions > Add a permission > Microsoft Graph > Application permissions, add %s, and grant admin consent", name)
	if id := applicationRoleID(name); id != "" {
		fix += fmt.Sprintf("; or: New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId <orgstore's> -PrincipalId <orgstore's> -ResourceId <Microsoft Graph's> -AppRoleId %s, each the object id of a service principal", id)
	}
	return fix
}

// applicationRoleID returns the id of an application role that orgstore
// requests.
func applicationRoleID(name string) string {
	for _, p := range graph.RequestedPermissions() {
		if p.Name == name && p.ID != "" {
			return p.ID
		}
	}
	return ""
}

// adminAPIFix says how to let a service principal read the admin APIs of Power
// BI and Fabric (documented: "Enable service principal authentication for admin
// APIs").
func adminAPIFix(portal string) string {
	where := "Settings > Admin portal > Tenant settings > Admin API settings"
	if portal != "" {
		where = portal + " > " + where
	}
	return "add orgstore's service principal to a security group; in " + where + `, enable "Service principals can access read-only admin APIs" for that group; ` +
		"and remove from orgstore's app registration every Power BI Service permission that needs admin consent, because Power BI refuses its admin APIs to an application with such a permission"
}

const (
	fixClock = "synchronize the clock: w32tm /resync on Windows, timedatectl set-ntp true on Linux"
	fixGroup = "correct the group's id in facts.yaml; the Microsoft Entra admin center shows it under Groups > the group > Object ID"
	fixReach = "allow this machine to reach %s over https, in the firewall or through the proxy in the settings"
	fixLater = "try again later, and less often"
)
