package recorded_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph/orgstore/recorded"
	"github.com/orgstore/orgstore/graph/simulator/gallery"
	"github.com/orgstore/orgstore/graph/simulator/gallery/gallerytest"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/store/storetest"
	"github.com/orgstore/orgstore/packages/visual"
)

// The visuals of the recording, and one that only AppSource has.
const (
	gauge     = pbiviztest.GUID
	tiles     = storetest.Tiles
	radar     = "auroraRadar0A1B2C3D4E5F60718293A4B5C6D7E8F9"
	appSource = "borealisMapAA11BB22CC33DD44EE55FF6677889900"
)

func guid(s string) visual.GUID {
	g, err := visual.ParseGUID(s)
	if err != nil {
		panic(err)
	}
	return g
}

func pkg(g, version, name string) pbiviztest.Package {
	return pbiviztest.Package{GUID: g, Version: version, DisplayName: name, Description: "What " + name + " shows."}
}

// A portal is a gallery that answers on this machine, on two hosts.
type portal struct {
	*gallery.Gallery
	server *httptest.Server
	files  *httptest.Server // a storage host: another name for the same
	intoGo func(http.Handler) http.Handler
}

func newPortal(t testing.TB, seed uint64) *portal {
	t.Helper()
	p := &portal{}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler := http.Handler(p.Gallery)
		if p.intoGo != nil {
			handler = p.intoGo(handler)
		}
		handler.ServeHTTP(w, r)
	})
	p.server, p.files = httptest.NewTLSServer(h), httptest.NewTLSServer(h)
	t.Cleanup(p.server.Close)
	t.Cleanup(p.files.Close)
	clock := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	p.Gallery = gallery.New(gallery.Options{Seed: seed, Storage: p.files.URL, Now: func() time.Time { return clock }})
	return p
}

func host(s *httptest.Server) string { return strings.TrimPrefix(s.URL, "https://") }

func (p *portal) hosts(t testing.TB) recorded.Hosts {
	t.Helper()
	h, err := recorded.HostsOf("public", recorded.Extra{Service: []string{host(p.server)}, Storage: []string{host(p.files)}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// fill puts three visuals into the store, one of them from AppSource.
func (p *portal) fill(t testing.TB) {
	t.Helper()
	for _, q := range []pbiviztest.Package{pkg(gauge, "1.0.0.0", "Aurora Gauge"), pkg(tiles, "2.0.0.0", "Aurora Tiles")} {
		if _, err := p.Add("admin@contoso.example", q.DisplayName, q.Description, q.Bytes(), true); err != nil {
			t.Fatal(err)
		}
	}
	p.AddFromAppSource("admin@contoso.example", guid(appSource), "Borealis Map", "3.1.0.0")
}

func (p *portal) browser() *gallerytest.Browser {
	client := p.server.Client()
	pool := client.Transport.(*http.Transport).TLSClientConfig.RootCAs
	pool.AddCert(p.files.Certificate())
	return &gallerytest.Browser{Base: p.server.URL, Client: client, Token: "secret-of-the-person", Shape: p.Shape()}
}

// recording is a session in which a person did everything once.
func (p *portal) recording(t testing.TB, change ...func(*gallerytest.Browser)) ([]byte, recorded.Known) {
	t.Helper()
	b := p.browser()
	for _, c := range change {
		c(b)
	}
	update, added := pkg(gauge, "1.1.0.0", "Aurora Gauge"), pkg(radar, "1.0.0.0", "Aurora Radar")
	ctx := context.Background()
	for _, step := range []func() error{
		func() error { return b.Open(ctx) },
		func() error { return b.Update(ctx, "Aurora Gauge", gauge+".1.1.0.0.pbiviz", update.Bytes()) },
		func() error { return b.SetAccess(ctx, "Aurora Gauge", false) },
		func() error { return b.SetAccess(ctx, "Aurora Gauge", true) },
		func() error {
			return b.Add(ctx, "Aurora Radar", "What Aurora Radar shows.", radar+".1.0.0.0.pbiviz", added.Bytes())
		},
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return b.HAR(), recorded.Known{
		GUID: guid(gauge), Update: licensetest.Package(update), UpdateFile: gauge + ".1.1.0.0.pbiviz",
		Added: licensetest.Package(added), AddedFile: radar + ".1.0.0.0.pbiviz", Access: true,
	}
}

func learn(t testing.TB, p *portal, change ...func(*gallerytest.Browser)) (recorded.Recipe, []recorded.Note) {
	t.Helper()
	har, known := p.recording(t, change...)
	r, err := recorded.ReadHAR(har)
	if err != nil {
		t.Fatal(err)
	}
	recipe, notes, err := recorded.Learn(r, known, p.hosts(t))
	if err != nil {
		t.Fatalf("%v\n%v", err, notes)
	}
	return recipe, notes
}

// A token is what orgstore signs in with. It goes to no host but the portal's.
type token struct{ host string }

func (k token) Authorize(_ context.Context, req *http.Request) error {
	if req.URL.Host != k.host {
		return fmt.Errorf("a token was asked for %s", req.URL.Host)
	}
	req.Header.Set("Authorization", "Bearer orgstore")
	return nil
}

func (p *portal) open(t testing.TB, r recorded.Recipe) *recorded.Store {
	t.Helper()
	s, err := recorded.Open(recorded.Options{
		Recipe: r, Hosts: p.hosts(t), Transport: p.browser().Client.Transport, Authorize: token{host(p.server)},
		Approved: r.Digest(), Program: "orgstore/test",
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func licensed(t *testing.T, p pbiviztest.Package) license.Licensed {
	t.Helper()
	return storetest.Licensed(t, p)
}

// only lets no request out of this machine.
func only(t testing.TB, addresses ...string) http.RoundTripper {
	return &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		for _, a := range addresses {
			if a == address {
				return (&net.Dialer{}).DialContext(ctx, network, address)
			}
		}
		t.Errorf("a connection to %s was tried", address)
		return nil, &url.Error{Op: "dial", URL: address, Err: context.Canceled}
	}}
}
