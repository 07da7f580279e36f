package recipe

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// A HostKind says what may be sent to a host.
type HostKind int

const (
	NoHost      HostKind = iota // nothing is sent there
	ServiceHost                 // orgstore's token is
	StorageHost                 // bytes are, never a token
)

// A cloudHosts is what is compiled in of one cloud.
type cloudHosts struct {
	exact    []string
	under    []string // one label more, as in wabi-REGION-redirect.analysis.windows.net
	storage  []string // one label more
	audience string
}

// compiled returns the hosts of a cloud. API and portal names are documented
// (sovereign clouds for Power BI); that tenants' clusters lie one label under
// the audience's host is observed in the public cloud and inferred in others;
// storage names are Azure's documented endpoints for blobs.
func compiled(cloud string) (cloudHosts, bool) {
	h, ok := map[string]cloudHosts{
		"public":  {[]string{"api.powerbi.com", "app.powerbi.com"}, []string{"analysis.windows.net"}, []string{"blob.core.windows.net"}, "https://analysis.windows.net/powerbi/api"},
		"gcc":     {[]string{"api.powerbigov.us", "app.powerbigov.us"}, []string{"analysis.usgovcloudapi.net"}, []string{"blob.core.usgovcloudapi.net"}, "https://analysis.usgovcloudapi.net/powerbi/api"},
		"gcchigh": {[]string{"api.high.powerbigov.us", "app.high.powerbigov.us"}, []string{"high.analysis.usgovcloudapi.net"}, []string{"blob.core.usgovcloudapi.net"}, "https://high.analysis.usgovcloudapi.net/powerbi/api"},
		"dod":     {[]string{"api.mil.powerbigov.us", "app.mil.powerbigov.us"}, []string{"mil.analysis.usgovcloudapi.net"}, []string{"blob.core.usgovcloudapi.net"}, "https://mil.analysis.usgovcloudapi.net/powerbi/api"},
		"china":   {[]string{"api.powerbi.cn", "app.powerbi.cn"}, []string{"analysis.chinacloudapi.cn"}, []string{"blob.core.chinacloudapi.cn"}, "https://analysis.chinacloudapi.cn/powerbi/api"},
	}[cloud]
	return h, ok
}

// Extra names hosts beside those compiled in, each as host:port or host, for a
// tenant simulated on this machine. It comes from a program's options alone,
// never from a recording or a recipe.
type Extra struct {
	Service []string
	Storage []string
	// Audience is that of a cloud which is not among those compiled in.
	Audience string
}

// Hosts says where requests may go in one cloud.
type Hosts struct {
	cloud string
	known cloudHosts
	extra Extra
}

// HostsOf returns the hosts of a cloud: public, gcc, gcchigh, dod, china, or
// custom, in which only the extra ones are known.
func HostsOf(cloud string, extra Extra) (Hosts, error) {
	known, ok := compiled(cloud)
	switch {
	case cloud == "custom":
		known.audience = extra.Audience
	case !ok:
		return Hosts{}, refuse(CodeHost, "known: public, gcc, gcchigh, dod, china, custom", "no hosts are known for the cloud %.40q", cloud)
	}
	return Hosts{cloud, known, extra}, nil
}

// Cloud is the name of the cloud.
func (h Hosts) Cloud() string { return h.cloud }

// Audience is whom a token for the cloud is for.
func (h Hosts) Audience() string { return h.known.audience }

// KindOf says what may be sent to an address. It goes by https, by whole labels
// of plain ASCII, without a user, a port or an IP address: a name that only
// looks like one of Microsoft's is nowhere.
func (h Hosts) KindOf(u *url.URL) HostKind {
	if u.Scheme != "https" || u.User != nil || u.Opaque != "" || u.Host == "" {
		return NoHost
	}
	switch {
	case slices.Contains(h.extra.Service, u.Host):
		return ServiceHost
	case slices.Contains(h.extra.Storage, u.Host):
		return StorageHost
	case !plainHost(u.Host):
		return NoHost
	case slices.Contains(h.known.exact, u.Host), underOne(u.Host, h.known.under):
		return ServiceHost
	case underOne(u.Host, h.known.storage):
		return StorageHost
	}
	return NoHost
}

// underOne says whether a host is one label under one of the names.
func underOne(host string, names []string) bool {
	label, rest, ok := strings.Cut(host, ".")
	return ok && label != "" && slices.Contains(names, rest)
}

// plainHost says whether a host is labels of lower-case letters, digits and
// inner hyphens, and neither an address nor an encoded international name.
func plainHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") || strings.HasPrefix(label, "xn--") {
			return false
		}
		if strings.IndexFunc(label, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }) >= 0 {
			return false
		}
	}
	return true
}
