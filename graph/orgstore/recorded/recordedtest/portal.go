// Package recordedtest is a portal on this machine, with a browser that records
// what a person does there. It is for tests of learn and replay.
package recordedtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/learn"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/replay"
	"github.com/orgstore/orgstore/graph/simulator/gallery"
	"github.com/orgstore/orgstore/graph/simulator/gallery/gallerytest"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/store/storetest"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// The visuals of the recording, and one that only AppSource has.
const (
	Gauge     = pbiviztest.GUID
	Tiles     = storetest.Tiles
	Radar     = "auroraRadar0A1B2C3D4E5F60718293A4B5C6D7E8F9"
	AppSource = "borealisMapAA11BB22CC33DD44EE55FF6677889900"
)

// GUID reads the name of a visual of the tests.
func GUID(s string) visual.GUID {
	g, err := visual.ParseGUID(s)
	if err != nil {
		panic(err)
	}
	return g
}

// Package returns a package as a vendor may build it.
func Package(g, version, name string) pbiviztest.Package {
	return pbiviztest.Package{GUID: g, Version: version, DisplayName: name, Description: "What " + name + " shows."}
}

// A Portal is a gallery that answers on this machine, on two hosts.
type Portal struct {
	*gallery.Gallery
	Server *httptest.Server
	Files  *httptest.Server // a storage host: another name for the same
	// Intercept may stand between the portal and who asks; nil where nothing does.
	Intercept func(http.Handler) http.Handler
}

// NewPortal starts a portal whose private requests a seed decides.
func NewPortal(t testing.TB, seed uint64) *Portal {
	t.Helper()
	p := &Portal{}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler := http.Handler(p.Gallery)
		if p.Intercept != nil {
			handler = p.Intercept(handler)
		}
		handler.ServeHTTP(w, r)
	})
	p.Server, p.Files = httptest.NewTLSServer(h), httptest.NewTLSServer(h)
	t.Cleanup(p.Server.Close)
	t.Cleanup(p.Files.Close)
	var seconds atomic.Int64 // time goes on, so that a later change is later
	clock := func() time.Time {
		return time.Date(2026, 11, 23, 8, 0, int(seconds.Add(1)), 0, time.UTC)
	}
	p.Gallery = gallery.New(gallery.Options{Seed: seed, Storage: p.Files.URL, Now: clock})
	return p
}

// Host returns the host and port of a server.
func Host(s *httptest.Server) string { return strings.TrimPrefix(s.URL, "https://") }

// Hosts are those of the portal, beside the ones of the public cloud.
func (p *Portal) Hosts(t testing.TB) recipe.Hosts {
	t.Helper()
	h, err := recipe.HostsOf("public", recipe.Extra{Service: []string{Host(p.Server)}, Storage: []string{Host(p.Files)}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Fill puts three visuals into the store, one of them from AppSource.
func (p *Portal) Fill(t testing.TB) {
	t.Helper()
	for _, q := range []pbiviztest.Package{Package(Gauge, "1.0.0.0", "Aurora Gauge"), Package(Tiles, "2.0.0.0", "Aurora Tiles")} {
		if _, err := p.Add("admin@contoso.example", q.DisplayName, q.Description, q.Bytes(), true); err != nil {
			t.Fatal(err)
		}
	}
	p.AddFromAppSource("admin@contoso.example", GUID(AppSource), "Borealis Map", "3.1.0.0")
}

// Browser returns a browser that trusts the portal.
func (p *Portal) Browser() *gallerytest.Browser {
	client := p.Server.Client()
	pool := client.Transport.(*http.Transport).TLSClientConfig.RootCAs
	pool.AddCert(p.Files.Certificate())
	return &gallerytest.Browser{Base: p.Server.URL, Client: client, Token: "secret-of-the-person", Shape: p.Shape()}
}

// Record returns a session in which a person did everything once.
func (p *Portal) Record(t testing.TB, change ...func(*gallerytest.Browser)) ([]byte, learn.Known) {
	t.Helper()
	b := p.Browser()
	for _, c := range change {
		c(b)
	}
	update, added := Package(Gauge, "1.1.0.0", "Aurora Gauge"), Package(Radar, "1.0.0.0", "Aurora Radar")
	ctx := context.Background()
	for _, step := range []func() error{
		func() error { return b.Open(ctx) },
		func() error { return b.Update(ctx, "Aurora Gauge", Gauge+".1.1.0.0.pbiviz", update.Bytes()) },
		func() error { return b.SetAccess(ctx, "Aurora Gauge", false) },
		func() error { return b.SetAccess(ctx, "Aurora Gauge", true) },
		func() error {
			return b.Add(ctx, "Aurora Radar", "What Aurora Radar shows.", Radar+".1.0.0.0.pbiviz", added.Bytes())
		},
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return b.HAR(), learn.Known{
		GUID: GUID(Gauge), Update: licensetest.Package(update), UpdateFile: Gauge + ".1.1.0.0.pbiviz",
		Added: licensetest.Package(added), AddedFile: Radar + ".1.0.0.0.pbiviz", Access: true,
	}
}

// Learn returns the recipe of a recording on a portal.
func Learn(t testing.TB, p *Portal, change ...func(*gallerytest.Browser)) (recipe.Recipe, []learn.Note) {
	t.Helper()
	har, known := p.Record(t, change...)
	r, err := learn.ReadHAR(har)
	if err != nil {
		t.Fatal(err)
	}
	learned, notes, err := learn.FromRecording(r, known, p.Hosts(t))
	if err != nil {
		t.Fatalf("%v\n%v", err, notes)
	}
	return learned, notes
}

// A Token is what orgstore signs in with. It goes to no host but the portal's.
type Token struct{ Host string }

// Authorize adds the token.
func (k Token) Authorize(_ context.Context, req *http.Request) error {
	if req.URL.Host != k.Host {
		return fmt.Errorf("a token was asked for %s", req.URL.Host)
	}
	req.Header.Set("Authorization", "Bearer orgstore")
	return nil
}

// Open returns a store that replays a recipe on the portal.
func (p *Portal) Open(t testing.TB, r recipe.Recipe) *replay.Store {
	t.Helper()
	s, err := replay.Open(replay.Options{
		Recipe: r, Hosts: p.Hosts(t), Transport: p.Browser().Client.Transport, Authorize: Token{Host: Host(p.Server)},
		Approved: r.Digest(), Program: "orgstore/test",
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// CodeOf returns the stable code of an error; empty if it has none.
func CodeOf(err error) string {
	var coded interface{ Code() string }
	var refusal *verdict.Refusal
	switch {
	case errors.As(err, &refusal):
		return string(refusal.Code())
	case errors.As(err, &coded):
		return coded.Code()
	}
	return ""
}
