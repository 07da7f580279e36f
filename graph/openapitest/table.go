package openapitest

import (
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// An UndescribedCall is a call, or a parameter of one, that Microsoft documents
// but does not describe.
type UndescribedCall struct {
	Service, Method, Path string
	// Query is a parameter of a described path. It is empty if the whole call
	// is not described.
	Query string
	// Source is where it is documented or was observed.
	Source string
}

// UndescribedCalls lists every call and parameter that Microsoft's descriptions
// leave out. All that the simulator answers without a description is in this
// list.
func UndescribedCalls() []UndescribedCall {
	const (
		delta   = "Microsoft Graph, driveItem: delta"
		upload  = "Microsoft Graph, driveItem: createUploadSession"
		content = "Microsoft Graph, Download the contents of a driveItem"
		put     = "Microsoft Graph, Upload small files"
		paths   = "Microsoft Graph, Addressing resources in a drive"
		entra   = "Microsoft identity platform, "
		count   = "Microsoft Graph, Advanced query capabilities"
		paging  = "Microsoft Graph, Paging data; the value is opaque"
	)
	return []UndescribedCall{
		{"login", "GET", "/common/discovery/instance", "", entra + "instance discovery, as its libraries ask"},
		{"login", "GET", "/{tenant}/v2.0/.well-known/openid-configuration", "", entra + "OpenID Connect"},
		{"login", "GET", "/{tenant}/discovery/v2.0/keys", "", entra + "OpenID Connect"},
		{"login", "POST", "/{tenant}/oauth2/v2.0/token", "", entra + "client credentials flow, device authorization flow"},
		{"login", "POST", "/{tenant}/oauth2/v2.0/devicecode", "", entra + "device authorization flow"},
		{"login", "GET", "/common/oauth2/deviceauth", "", "the simulator's own page"},
		{"login", "POST", "/common/oauth2/deviceauth", "", "the simulator's own page"},

		{"files", "GET", "/download/{item}", "", content + ": the pre-authenticated URL, which is opaque"},
		{"files", "PUT", "/upload/{session}", "", upload + ": the uploadUrl, which is opaque"},
		{"files", "GET", "/upload/{session}", "", upload + ": resuming an in-progress upload"},
		{"files", "DELETE", "/upload/{session}", "", upload + ": cancel the upload session"},
		{"files", "POST", "/upload/{session}", "", upload + ": completing a deferred file"},

		{"graph", "GET", "/v1.0/drives/{drive}/root/delta", "", delta + ": without parentheses"},
		{"graph", "GET", "/v1.0/drives/{drive}/items/{item}/delta", "", delta + ": without parentheses"},
		{"graph", "GET", "/v1.0/drives/{drive}/root/delta()", "token", delta},
		{"graph", "GET", "/v1.0/drives/{drive}/items/{item}/delta()", "token", delta},
		{"graph", "GET", "/v1.0/drives/{drive}/root:/{path...}:", "", paths + ": a colon at the end"},
		{"graph", "GET", "/v1.0/drives/{drive}/items/{item}:/{path...}", "", paths},
		{"graph", "PUT", "/v1.0/drives/{drive}/items/{item}:/{name...}:/content", "", put},
		{"graph", "PUT", "/v1.0/drives/{drive}/root:/{path...}:/content", "@microsoft.graph.conflictBehavior", put},
		{"graph", "POST", "/v1.0/drives/{drive}/root:/{path...}:/createUploadSession", "", upload},
		{"graph", "GET", "/v1.0/sites/{host}:/{path...}:", "", "Microsoft Graph, Get a site resource: by path"},

		{"graph", "GET", "/v1.0/drives/{drive}/root/children", "$skiptoken", paging},
		{"graph", "GET", "/v1.0/drives/{drive}/items/{item}/children", "$skiptoken", paging},
		{"graph", "GET", "/v1.0/sites/{site}/drives", "$skiptoken", paging},
		{"graph", "GET", "/v1.0/sites/{site}/lists", "$skiptoken", paging},
		{"graph", "GET", "/v1.0/sites/{site}/lists/{list}/columns", "$skiptoken", paging},
		{"graph", "GET", "/v1.0/sites/{site}/lists/{list}/items", "$skiptoken", paging},
		{"graph", "GET", "/v1.0/subscribedSkus", "$skiptoken", paging},
		{"graph", "GET", "/v1.0/groups", "$skiptoken", paging},
		{"graph", "GET", "/v1.0/users/$count", "$count", count},
		{"graph", "GET", "/v1.0/groups/{group}/transitiveMembers/$count", "$count", count},
		{"graph", "GET", "/v1.0/groups/{group}/transitiveMembers/microsoft.graph.user/$count", "$count", count},
	}
}

// correctSpec corrects a description where Microsoft's service is known to
// answer differently.
func correctSpec(service string, spec *openapi3.T) error {
	if service != "powerbi" {
		return nil
	}
	// The last page of activity events has null for both: Power BI, "Track user
	// activities", and every tool that reads them.
	for _, name := range []string{"continuationToken", "continuationUri"} {
		d := spec.Components.Schemas["ActivityEventResponse"]
		if d == nil || d.Value.Properties[name] == nil {
			return fmt.Errorf("the description of activity events has no %s", name)
		}
		d.Value.Properties[name].Value.Nullable = true
	}
	return nil
}

func isUndescribed(service, method, path string) bool {
	for _, u := range UndescribedCalls() {
		if u.Query == "" && u.Service == service && u.Method == method && pathPattern(u.Path).MatchString(path) {
			return true
		}
	}
	return false
}

// isUndescribedQuery compares paths without the names of their variables, which
// differ from those of the descriptions.
func isUndescribedQuery(service, path, name string) bool {
	for _, u := range UndescribedCalls() {
		if u.Query == name && u.Service == service && withoutVariableNames(u.Path) == withoutVariableNames(path) {
			return true
		}
	}
	return false
}

// withoutVariableNames replaces each variable of a path with an asterisk.
func withoutVariableNames(path string) string {
	for _, name := range pathVariables(path) {
		path = strings.Replace(path, "{"+name+"}", "*", 1)
	}
	return path
}
