package recipe

import (
	"net/url"
	"testing"
)

func TestWhereATokenMayGo(t *testing.T) {
	for _, c := range []struct {
		address string
		want    HostKind
	}{
		{"https://api.powerbi.com/x", ServiceHost},
		{"https://app.powerbi.com/x", ServiceHost},
		{"https://wabi-west-europe-redirect.analysis.windows.net/x", ServiceHost},
		{"https://account.blob.core.windows.net/x?sig=1", StorageHost},

		{"http://api.powerbi.com/x", NoHost},
		{"ftp://api.powerbi.com/x", NoHost},
		{"https:api.powerbi.com/x", NoHost},
		{"//api.powerbi.com/x", NoHost},
		{"/x", NoHost},
		{"https://api.powerbi.com:443/x", NoHost},
		{"https://api.powerbi.com:8443/x", NoHost},
		{"https://api.powerbi.com./x", NoHost},
		{"https://API.powerbi.com/x", NoHost},
		{"https://api.powerbi.com@evil.example/x", NoHost},
		{"https://user@api.powerbi.com/x", NoHost},
		{"https://:@api.powerbi.com/x", NoHost},
		{"https://api.powerbi.com.evil.example/x", NoHost},
		{"https://evil-api.powerbi.com/x", NoHost},
		{"https://a.api.powerbi.com/x", NoHost},
		{"https://analysis.windows.net/x", NoHost},
		{"https://analysis.windows.net.evil.example/x", NoHost},
		{"https://evilanalysis.windows.net/x", NoHost},
		{"https://wabi.evilanalysis.windows.net/x", NoHost},
		{"https://a.b.analysis.windows.net/x", NoHost},
		{"https://.analysis.windows.net/x", NoHost},
		{"https://-a.analysis.windows.net/x", NoHost},
		{"https://a_b.analysis.windows.net/x", NoHost},
		{"https://xn--pwerbi-8ya.analysis.windows.net/x", NoHost},
		{"https://аpi.powerbi.com/x", NoHost}, // the first letter is Cyrillic
		{"https://api.powerbi。com/x", NoHost},
		{"https://api%2epowerbi.com/x", NoHost},
		{"https://20.1.2.3/x", NoHost},
		{"https://[2001:db8::1]/x", NoHost},
		{"https://127.0.0.1/x", NoHost},
		{"https://localhost/x", NoHost},
		{"https://api.powerbi.cn/x", NoHost}, // another cloud's
		{"https://api.powerbigov.us/x", NoHost},
		{"https://a.high.analysis.usgovcloudapi.net/x", NoHost},
		{"https://a.b.blob.core.windows.net/x", NoHost},
		{"https://blob.core.windows.net/x", NoHost},
		{"https://account.blob.core.windows.net.evil.example/x", NoHost},
	} {
		h, err := HostsOf("public", Extra{})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(c.address)
		if err != nil {
			continue // nothing can be sent there
		}
		if got := h.KindOf(u); got != c.want {
			t.Errorf("%s: %d, want %d", c.address, got, c.want)
		}
	}
}

func TestCloudsDoNotMix(t *testing.T) {
	clouds := []string{"public", "gcc", "gcchigh", "dod", "china"}
	for _, name := range clouds {
		known, _ := compiled(name)
		addresses := []string{"https://" + known.exact[0] + "/", "https://wabi-x." + known.under[0] + "/"}
		for _, other := range clouds {
			h, err := HostsOf(other, Extra{})
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range addresses {
				u, _ := url.Parse(a)
				if got := h.KindOf(u) == ServiceHost; got != (name == other) {
					t.Errorf("%s of %s in %s: %v", a, name, other, got)
				}
			}
		}
	}
	for _, name := range []string{"", "moon", "Public"} {
		if _, err := HostsOf(name, Extra{}); err == nil {
			t.Errorf("the cloud %q is known", name)
		}
	}
}
