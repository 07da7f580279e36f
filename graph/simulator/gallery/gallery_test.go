package gallery_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph/simulator/gallery"
	"github.com/orgstore/orgstore/graph/simulator/gallery/gallerytest"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/visual"
)

const admin = "admin@contoso.example"

func gaugePackage(version string) []byte { return pbiviztest.Package{Version: version}.Bytes() }

func parseGUID(t *testing.T, s string) visual.GUID {
	t.Helper()
	g, err := visual.ParseGUID(s)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestTheStoreBehavesAsDocumented(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	g := gallery.New(gallery.Options{Seed: 1, Now: func() time.Time { return now }})
	id := parseGUID(t, pbiviztest.GUID)
	e, err := g.Add(admin, "Gauge", "", gaugePackage("1.0.0.0"), true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Add(admin, "Another name", "", gaugePackage("1.1.0.0"), true); err == nil || !strings.Contains(err.Error(), "It already exists") {
		t.Errorf("a second entry of one GUID: %v", err)
	}
	if _, err := g.Update(admin, e.ID, gaugePackage("1.1.0.0")); err != nil {
		t.Fatal(err)
	}
	if b, ok := g.PackageForReports(id); !ok || !bytes.Equal(b, gaugePackage("1.1.0.0")) {
		t.Error("reports do not load what was updated in place")
	}
	if _, err := g.Update(admin, e.ID, gaugePackage("1.0.0.0")); err != nil {
		t.Errorf("an older version: %v", err)
	}
	other := pbiviztest.Package{GUID: "another0123"}.Bytes()
	if _, err := g.Update(admin, e.ID, other); err == nil {
		t.Error("another visual was taken for an update")
	}
	takes := gallery.New(gallery.Options{AcceptsOtherGUID: true})
	f, _ := takes.Add(admin, "Gauge", "", gaugePackage("1.0.0.0"), true)
	if _, err := takes.Update(admin, f.ID, other); err != nil {
		t.Errorf("a store that takes other visuals: %v", err)
	}
	if _, err := g.Update(admin, e.ID, []byte("no package")); err == nil {
		t.Error("something that is no visual was taken")
	}
	if _, err := g.SetAccess(admin, e.ID, false); err != nil {
		t.Fatal(err)
	}
	if _, ok := g.PackageForReports(id); ok {
		t.Error("reports load a visual whose access is off")
	}
	if _, err := g.SetPane(admin, e.ID, true); err != nil {
		t.Fatal(err)
	}
	source := g.AddFromAppSource(admin, parseGUID(t, "mapAA11"), "Map", "1.0.0.0")
	if _, err := g.Update(admin, source.ID, gaugePackage("9.0.0.0")); err == nil {
		t.Error("a visual from AppSource was updated from a file")
	}
	g.UpdateFromAppSource("2.0.0.0")
	if g.Entries()[1].Version != "2.0.0.0" || g.Entries()[0].Version != "1.0.0.0" {
		t.Errorf("AppSource updated %+v", g.Entries())
	}
	csv := string(g.CSV())
	if !strings.Contains(csv, id.OrgStore()+",Gauge,File,") || !strings.Contains(csv, "mapAA11,Map,AppSource,") {
		t.Errorf("the export is\n%s", csv)
	}
	if err := g.Delete(admin, e.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Add(admin, "Gauge", "", gaugePackage("1.0.0.0"), true); err != nil {
		t.Fatal(err)
	}
	if _, ok := g.PackageForReports(id); ok {
		t.Error("reports find again a visual that was deleted")
	}
}

func TestEventsArriveLater(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	g := gallery.New(gallery.Options{Seed: 7, Now: func() time.Time { return now }})
	e, err := g.Add(admin, "Gauge", "", gaugePackage("1.0.0.0"), true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Update(admin, e.ID, gaugePackage("1.1.0.0")); err != nil {
		t.Fatal(err)
	}
	if err := g.Delete(admin, e.ID); err != nil {
		t.Fatal(err)
	}
	now = now.Add(5*time.Minute - time.Second)
	if early := g.Events(); len(early) != 0 {
		t.Errorf("the log has %+v already", early)
	}
	now = now.Add(56 * time.Minute)
	var operations []string
	for _, e := range g.Events() {
		operations = append(operations, e.Operation)
		if late := e.VisibleAt.Sub(e.At); late < 5*time.Minute || late > time.Hour || e.User != admin {
			t.Errorf("%+v", e)
		}
	}
	if got := strings.Join(operations, " "); got != "InsertOrganizationalGalleryItem UpdateOrganizationalGalleryItem DeleteOrganizationalGalleryItem" {
		t.Errorf("the log has %s", got)
	}
}

// Seeds differ in how a package goes and how requests are guarded.
func TestSeedsMakeUpDifferentPortals(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(60) {
		s := gallery.NewShape(seed, "https://files.example")
		seen["guard "+s.Guard]++
		seen["ids "+s.IDs]++
		first := s.Calls[s.Update[0]]
		seen["update "+first.Kind+" "+map[bool]string{true: "in steps", false: "at once"}[len(s.Update) > 1]]++
		seen["storage "+map[bool]string{true: "yes", false: "no"}[strings.HasPrefix(s.UploadPath, "/drop/")]]++
	}
	for _, what := range []string{
		"guard none", "guard cookie", "guard meta", "guard input", "guard list", "guard header", "ids number", "ids uuid", "ids key",
		"update multipart at once", "update json in steps", "update json at once", "storage yes", "storage no",
	} {
		if seen[what] < 2 {
			t.Errorf("%s: %d of 60 seeds: %v", what, seen[what], seen)
		}
	}
}

// Whatever is not exactly one of the page's requests is refused.
func TestStrangersAreRefused(t *testing.T) {
	for seed := range uint64(20) {
		g := gallery.New(gallery.Options{Seed: seed})
		server := httptest.NewTLSServer(g)
		shape := g.Shape()
		list := shape.Calls["list"]
		ask := func(method, path string, h http.Header) int {
			req, _ := http.NewRequestWithContext(t.Context(), method, server.URL+path, http.NoBody)
			req.Header = h
			resp, err := server.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			return resp.StatusCode
		}
		signed := http.Header{"Authorization": {"Bearer x"}}
		if list.Method == http.MethodGet {
			if got := ask("GET", list.URL, http.Header{}); got != http.StatusUnauthorized {
				t.Errorf("seed %d: without a token: %d", seed, got)
			}
			more := list.URL + "?more=1"
			if strings.Contains(list.URL, "?") {
				more = list.URL + "&more=1"
			}
			if got := ask("GET", more, signed); got != http.StatusBadRequest {
				t.Errorf("seed %d: a parameter more: %d", seed, got)
			}
		}
		if got := ask("GET", "/v1.0/myorg/admin/organizationalVisuals", signed); got != http.StatusBadRequest {
			t.Errorf("seed %d: an address that somebody guessed: %d", seed, got)
		}
		server.Close()
	}
}

func TestAPersonUsesThePage(t *testing.T) {
	ctx := context.Background()
	for seed := range uint64(30) {
		g := gallery.New(gallery.Options{Seed: seed})
		server := httptest.NewTLSServer(g)
		b := &gallerytest.Browser{Base: server.URL, Client: server.Client(), Token: "x", Shape: g.Shape()}
		for _, step := range []func() error{
			func() error { return b.Open(ctx) },
			func() error { return b.Add(ctx, "Gauge", "A gauge.", "gauge.pbiviz", gaugePackage("1.0.0.0")) },
			func() error { return b.Update(ctx, "Gauge", "gauge.pbiviz", gaugePackage("1.1.0.0")) },
			func() error { return b.SetAccess(ctx, "Gauge", false) },
			func() error { return b.SetPane(ctx, "Gauge", true) },
		} {
			if err := step(); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		e, _ := g.Entry(parseGUID(t, pbiviztest.GUID))
		if e.Name != "Gauge" || e.Version != "1.1.0.0" || e.Access || !e.Pane {
			t.Errorf("seed %d: %+v", seed, e)
		}
		server.Close()
	}
}
