package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/graph/simulator/gallery"
	"github.com/orgstore/orgstore/graph/simulator/gallery/gallerytest"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/license/licensetest"
)

const recordedSettings = `version: 1
tenant: %s
library: {folder: inbox}
store: {driver: recorded, recipe: portal.yaml%s}
endpoints: {login: %q, powerbi: %q, powerbi_audience: "https://analysis.windows.net/powerbi/api"}
sign_in: {type: secret, client: %s, secret_env: APP_SECRET}
network: {ca: ca.pem}
trust:
  least: signed
  vendors:
    - name: Aurora Visuals
      bundle: aurora.trust
      fingerprint: %q
      guids: [%s]
visuals: [{guid: %s, pin: %q}]
`

// An administrator records one update; from then on a renewal and a rollback
// run by themselves.
func TestRecordedOnceThenUnattended(t *testing.T) {
	for _, seed := range []uint64{0, 5, 11} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { recordedStory(t, seed) })
	}
}

func recordedStory(t *testing.T, seed uint64) {
	sim := simulatortest.Start(t)
	portal := gallery.New(gallery.Options{Seed: seed})
	server := httptest.NewTLSServer(portal)
	t.Cleanup(server.Close)
	sent := mail(t)
	installed := example.Gauge(example.Gauge1400)
	name := parsed(t, example.Gauge(example.Gauge1400)).Manifest().DisplayName
	if _, err := portal.Add("admin@contoso.example", name, "", installed, true); err != nil {
		t.Fatal(err)
	}
	w := t.TempDir()
	write := func(file string, text []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(w, file)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(w, file), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("ca.pem", append(sim.CA(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})...))
	write("aurora.trust", sent["aurora.trust"])
	write("gauge.pbiviz", sent["gauge.pbiviz"])
	settings := func(more, pin string) {
		write("orgstore.yaml", fmt.Appendf(nil, recordedSettings, sim.Tenant(), more, sim.Endpoints().Login, server.URL,
			simulatortest.Client, licensetest.Aurora().Bundle().Fingerprint(), example.GaugeGUID, example.GaugeGUID, pin))
	}
	settings("", "1.4.0.0")
	run := func(exit int, args ...string) string {
		t.Helper()
		a := adapters()
		clock := licensetest.Time("2026-11-23").Add(time.Hour)
		a.Now = func() time.Time { return clock }
		a.Env = func(name string) string { return map[string]string{"APP_SECRET": simulatortest.Secret}[name] }
		var out, errs bytes.Buffer
		code := cli.Run(context.Background(), append(args, "--config", filepath.Join(w, "orgstore.yaml")), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, a)
		tell(out.String(), errs.String())
		if code != exit {
			t.Fatalf("%v: exit %d\n%s%s", args, code, &out, &errs)
		}
		return out.String() + errs.String()
	}
	holds := func(want []byte) {
		t.Helper()
		if e := portal.Entries()[0]; !bytes.Equal(e.Package, want) || !e.Access {
			t.Fatalf("the store holds %s %s of %d bytes, access %v", e.Name, e.Version, len(e.Package), e.Access)
		}
	}

	b := &gallerytest.Browser{Base: server.URL, Client: server.Client(), Token: "a-person's", Shape: portal.Shape()}
	if err := b.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Update(t.Context(), name, "gauge.pbiviz", sent["gauge.pbiviz"]); err != nil {
		t.Fatal(err)
	}
	write("session.har", b.HAR())

	said := run(0, "store", "learn", filepath.Join(w, "session.har"), "--package", filepath.Join(w, "gauge.pbiviz"), "--visual", example.GaugeGUID, "--out", filepath.Join(w, "portal.yaml"))
	digest := regexp.MustCompile(`sha256:[0-9a-f]{64}`).FindString(said)
	for _, want := range []string{"Delete ", "documents none", "update", digest, "unofficial: accepted"} {
		if !strings.Contains(said, want) {
			t.Errorf("learning does not say %q:\n%s", want, said)
		}
	}
	if said := run(0, "store", "try"); !strings.Contains(said, example.GaugeGUID) || !strings.Contains(said, "nothing was changed") {
		t.Errorf("trying said\n%s", said)
	}
	run(0, "store", "baseline", example.GaugeGUID, "--package", filepath.Join(w, "gauge.pbiviz"), "--evidence", "uploaded it by hand")
	write("inbox/.keep", nil)
	write("renewed.pbiviz", sent["renewed.pbiviz"])
	run(0, "package", "add", filepath.Join(w, "renewed.pbiviz"))
	if said := run(1, "apply", "--force"); !strings.Contains(said, "until the settings accept") {
		t.Errorf("without acceptance it said\n%s", said)
	}
	holds(sent["gauge.pbiviz"])

	accepted := fmt.Sprintf(", digest: %q, unofficial: accepted", digest)
	settings(accepted, "1.4.0.0")
	run(0, "apply", "--force")
	holds(sent["renewed.pbiviz"])
	write("upgraded.pbiviz", sent["upgraded.pbiviz"])
	run(0, "package", "add", filepath.Join(w, "upgraded.pbiviz"))
	settings(accepted, "~> 1.4")
	run(0, "apply", "--force")
	holds(sent["upgraded.pbiviz"])
	run(0, "rollback", example.GaugeGUID, "--reason", "a try", "--force")
	holds(sent["renewed.pbiviz"])
}
