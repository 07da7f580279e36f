package graph

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// A Service is one of the APIs that a tenant answers.
type Service string

// The services.
const (
	Graph   Service = "graph"
	PowerBI Service = "powerbi"
	Fabric  Service = "fabric"
)

// A Cloud holds the addresses of one of Microsoft's clouds. Base URLs use https
// and have neither a path nor a trailing slash.
//
// The hosts of Graph and of sign-in are documented in Graph's deployments page.
// Those of Power BI are documented in its page on embedding in national clouds.
// Fabric's are documented in the Fabric REST description and, for GCC High, in
// its page for the US Government.
type Cloud struct {
	Name            string // public, gcc, gcchigh, dod, china or custom
	Login           string // issues tokens
	Graph           string
	PowerBI         string
	Fabric          string // empty if it is not published
	Portal          string // where people sign in to Power BI
	GraphAudience   string // the audience of Graph's tokens; empty: the Graph URL
	PowerBIAudience string // the audience of Power BI's tokens; may have a path
	FabricAudience  string // empty if Fabric is empty
}

// Custom is the name of a cloud whose endpoints were all set by hand.
const Custom = "custom"

// CloudNames returns the names that CloudNamed knows, the best known first.
func CloudNames() []string { return []string{"public", "gcc", "gcchigh", "dod", "china"} }

// CloudNamed returns one of Microsoft's clouds. An empty name means the public
// cloud.
func CloudNamed(name string) (Cloud, error) {
	switch strings.ToLower(name) {
	case "", "public":
		return Cloud{
			Name: "public", Login: "https://login.microsoftonline.com", Graph: "https://graph.microsoft.com",
			PowerBI: "https://api.powerbi.com", Portal: "https://app.powerbi.com",
			PowerBIAudience: "https://analysis.windows.net/powerbi/api",
			Fabric:          "https://api.fabric.microsoft.com", FabricAudience: "https://api.fabric.microsoft.com",
		}, nil
	case "gcc":
		return Cloud{
			Name: "gcc", Login: "https://login.microsoftonline.com", Graph: "https://graph.microsoft.com",
			PowerBI: "https://api.powerbigov.us", Portal: "https://app.powerbigov.us",
			PowerBIAudience: "https://analysis.usgovcloudapi.net/powerbi/api",
		}, nil
	case "gcchigh":
		return Cloud{
			Name: "gcchigh", Login: "https://login.microsoftonline.us", Graph: "https://graph.microsoft.us",
			PowerBI: "https://api.high.powerbigov.us", Portal: "https://app.high.powerbigov.us",
			PowerBIAudience: "https://high.analysis.usgovcloudapi.net/powerbi/api",
			// Fabric also accepts tokens for Power BI's audience (observed in
			// fabric-cli). No other audience is published for this cloud.
			Fabric: "https://highapi.fabric.microsoft.us", FabricAudience: "https://high.analysis.usgovcloudapi.net/powerbi/api",
		}, nil
	case "dod":
		return Cloud{
			Name: "dod", Login: "https://login.microsoftonline.us", Graph: "https://dod-graph.microsoft.us",
			PowerBI: "https://api.mil.powerbigov.us", Portal: "https://app.mil.powerbigov.us",
			PowerBIAudience: "https://mil.analysis.usgovcloudapi.net/powerbi/api",
		}, nil
	case "china":
		return Cloud{
			Name: "china", Login: "https://login.chinacloudapi.cn", Graph: "https://microsoftgraph.chinacloudapi.cn",
			PowerBI: "https://api.powerbi.cn", Portal: "https://app.powerbi.cn",
			PowerBIAudience: "https://analysis.chinacloudapi.cn/powerbi/api",
			// Fabric's host in China is observed in a Terraform provider, not
			// documented.
			Fabric: "https://api.fabric.microsoft.cn", FabricAudience: "https://analysis.chinacloudapi.cn/powerbi/api",
		}, nil
	}
	return Cloud{}, fmt.Errorf("%q is not a known cloud; use one of %s", name, strings.Join(CloudNames(), ", "))
}

// BaseURL returns the URL of a service, or "" if it is not known in this cloud.
func (c Cloud) BaseURL(s Service) string {
	switch s {
	case Graph:
		return c.Graph
	case PowerBI:
		return c.PowerBI
	case Fabric:
		return c.Fabric
	}
	return ""
}

// Scope returns the scope to request tokens for a service with. It is empty if
// the service's host is not known.
func (c Cloud) Scope(s Service) string {
	switch {
	case c.BaseURL(s) == "":
		return ""
	case s == PowerBI:
		return c.PowerBIAudience + "/.default"
	case s == Fabric:
		return c.FabricAudience + "/.default"
	}
	return cmp.Or(c.GraphAudience, c.Graph) + "/.default"
}

// UnavailableReason says why a service cannot be used in this cloud. It is
// empty if the service can be used. Only the features that need the service are
// off.
func (c Cloud) UnavailableReason(s Service) string {
	if c.BaseURL(s) != "" {
		return ""
	}
	return fmt.Sprintf("the host of %s in the cloud %s is not published; if Microsoft gave it to you, set it in the settings", s.Title(), c.Name)
}

// Title returns the name that people know the service by.
func (s Service) Title() string {
	switch s {
	case Graph:
		return "Microsoft Graph"
	case PowerBI:
		return "Power BI"
	case Fabric:
		return "Microsoft Fabric"
	}
	return string(s)
}

// Check reports what is wrong with a cloud: an endpoint that is missing, does
// not use https, or has a path, a query, or a user name and password in it.
func (c Cloud) Check() error {
	var all []error
	for _, e := range []struct {
		name, value    string
		path, optional bool
	}{
		{"login", c.Login, false, false},
		{"graph", c.Graph, false, false},
		{"power bi", c.PowerBI, false, true},
		{"fabric", c.Fabric, false, true},
		{"portal", c.Portal, false, true},
		{"graph audience", c.GraphAudience, true, true},
		{"power bi audience", c.PowerBIAudience, true, c.PowerBI == ""},
		{"fabric audience", c.FabricAudience, true, c.Fabric == ""},
	} {
		if e.value == "" && e.optional {
			continue
		}
		if err := checkEndpoint(e.value, e.path); err != nil {
			all = append(all, fmt.Errorf("the %s endpoint %w", e.name, err))
		}
	}
	return errors.Join(all...)
}

// checkEndpoint checks one base URL. Its error never shows the URL, which might
// hold a password.
func checkEndpoint(s string, path bool) error {
	u, err := url.Parse(s)
	switch {
	case s == "":
		return errors.New("is not set")
	case err != nil, u.Opaque != "", u.Hostname() == "":
		return errors.New("is not a URL with a host")
	case u.Scheme != "https":
		return errors.New("is not https")
	case u.User != nil:
		return errors.New("has a user name in it")
	case u.RawQuery != "", u.ForceQuery, u.Fragment != "", strings.HasSuffix(s, "#"):
		return errors.New("has a query or a fragment")
	case !path && u.Path != "":
		return errors.New("has a path or ends with a slash")
	case strings.HasSuffix(u.Path, "/"):
		return errors.New("ends with a slash")
	case strings.ToLower(u.Host) != u.Host, net.ParseIP(u.Hostname()) == nil && strings.HasSuffix(u.Hostname(), "."):
		return errors.New("has a host with capital letters or a final dot")
	}
	return nil
}
