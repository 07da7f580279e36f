package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/graph/simulator/gallery"
	"github.com/orgstore/orgstore/graph/simulator/gallery/gallerytest"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
)

const recordedSettings = `version: 1
tenant: %s
library: {folder: inbox}
store: {%s}
endpoints: {login: %q, graph: %q, powerbi: %q%s}
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
notify: [{name: admins, mail: {from: orgstore@contoso.com, to: [ada@contoso.com]}, events: [task, drift]}]
`

// A replaying world is one whose store is a simulated tenant's, with a page that
// nobody has seen before. Its administrator has uploaded the gauge by hand.
type replaying struct {
	*testing.T
	dir    string
	sent   map[string][]byte
	tenant *simulator.Simulator
	portal string // of the settings; empty: they name none
	now    time.Time
}

func newReplaying(t *testing.T, seed uint64) *replaying {
	t.Helper()
	w := &replaying{T: t, dir: t.TempDir(), sent: mail(t), now: licensetest.Time("2026-11-23").Add(time.Hour)}
	w.tenant = simulatortest.StartWith(t, simulator.Options{Seed: seed, Now: func() time.Time { return w.now }})
	w.portal = w.tenant.Endpoints().Portal
	if _, err := w.tenant.Gallery().Add("admin@contoso.com", w.title(), "", example.Gauge(example.Gauge1400), true); err != nil {
		t.Fatal(err)
	}
	w.write("ca.pem", w.tenant.CA())
	w.write("inbox/.keep", nil)
	for _, name := range []string{"aurora.trust", "gauge.pbiviz", "renewed.pbiviz", "upgraded.pbiviz"} {
		w.write(name, w.sent[name])
	}
	w.settings("", "1.4.0.0")
	return w
}

// title is the gauge's name in the portal.
func (w *replaying) title() string {
	return parsed(w, example.Gauge(example.Gauge1400)).Manifest().DisplayName
}

func (w *replaying) path(name string) string { return filepath.Join(w.dir, name) }

func (w *replaying) write(name string, text []byte) {
	w.Helper()
	if err := os.MkdirAll(filepath.Dir(w.path(name)), 0o700); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(w.path(name), text, 0o600); err != nil {
		w.Fatal(err)
	}
}

// settings writes the settings of a recorded store, with more about it.
func (w *replaying) settings(more, pin string) {
	w.Helper()
	w.settingsOf("driver: recorded, recipe: portal.yaml"+more, pin)
}

func (w *replaying) settingsOf(store, pin string) {
	w.Helper()
	portal := ""
	if w.portal != "" {
		portal = fmt.Sprintf(", portal: %q", w.portal)
	}
	e := w.tenant.Endpoints()
	w.write("orgstore.yaml", fmt.Appendf(nil, recordedSettings, w.tenant.Tenant(), store, e.Login, e.Graph, e.PowerBI, portal,
		simulatortest.Client, licensetest.Aurora().Bundle().Fingerprint(), example.GaugeGUID, example.GaugeGUID, pin))
}

// run runs a command, which must leave with a code, and returns what it said.
func (w *replaying) run(exit int, args ...string) string {
	w.Helper()
	a := adapters()
	a.Now = func() time.Time { return w.now }
	a.Env = func(name string) string { return map[string]string{"APP_SECRET": simulatortest.Secret}[name] }
	var out, errs bytes.Buffer
	code := cli.Run(context.Background(), append(args, "--config", w.path("orgstore.yaml")), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, a)
	tell(out.String(), errs.String())
	if code != exit {
		w.Fatalf("%v: exit %d\n%s%s", args, code, &out, &errs)
	}
	return out.String() + errs.String()
}

// holds checks what reports load.
func (w *replaying) holds(name string) {
	w.Helper()
	if e := w.tenant.Gallery().Entries()[0]; !bytes.Equal(e.Package, w.sent[name]) || !e.Access {
		w.Fatalf("the store holds %s %s of %d bytes, access %v, not %s", e.Name, e.Version, len(e.Package), e.Access, name)
	}
}

// learned learns from the recording in session.har, in which the gauge was
// updated by hand, and returns what the settings say to accept the recipe.
func (w *replaying) learned() string {
	w.Helper()
	said := w.run(0, "store", "learn", w.path("session.har"), "--package", w.path("gauge.pbiviz"), "--visual", example.GaugeGUID, "--out", w.path("portal.yaml"))
	digest := regexp.MustCompile(`sha256:[0-9a-f]{64}`).FindString(said)
	for _, want := range []string{"Delete ", "documents none", "update", digest, "unofficial: accepted"} {
		if !strings.Contains(said, want) {
			w.Errorf("learning does not say %q:\n%s", want, said)
		}
	}
	accepted := fmt.Sprintf(", digest: %q, unofficial: accepted", digest)
	if w.tenant.Gallery().Shape().Calls["list"].Method != http.MethodGet { // not asked before
		w.settings(accepted, "1.4.0.0")
	}
	w.run(0, "store", "baseline", example.GaugeGUID, "--package", w.path("gauge.pbiviz"), "--evidence", "uploaded it by hand")
	return accepted
}

// tries lists by the recipe.
func (w *replaying) tries() {
	w.Helper()
	if w.tenant.Gallery().Shape().Calls["list"].Method != http.MethodGet {
		asked := len(w.tenant.LoggedCalls())
		if said := w.run(1, "store", "try"); !strings.Contains(said, "may do more than read") || strings.Contains(said, "only GET") {
			w.Errorf("trying a list that is not asked for by GET said\n%s", said)
		}
		if n := len(w.tenant.LoggedCalls()) - asked; n != 0 {
			w.Errorf("%d requests were sent", n)
		}
		return
	}
	if said := w.run(0, "store", "try"); !strings.Contains(said, example.GaugeGUID) || !strings.Contains(said, "only GET requests were sent") {
		w.Errorf("trying said\n%s", said)
	}
}

// record plays the administrator's browser.
func (w *replaying) record() {
	w.Helper()
	b := &gallerytest.Browser{Base: w.tenant.Endpoints().Portal, Client: simulatortest.HTTP(w, w.tenant), Shape: w.tenant.Gallery().Shape()}
	if err := b.Open(w.Context()); err != nil {
		w.Fatal(err)
	}
	if err := b.Update(w.Context(), w.title(), "gauge.pbiviz", w.sent["gauge.pbiviz"]); err != nil {
		w.Fatal(err)
	}
	w.write("session.har", b.HAR())
}

// An administrator records one update; from then on a renewal and a rollback
// run by themselves.
func TestRecordedOnceThenUnattended(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{0, 5, 8} { // each way a package goes
		t.Run(fmt.Sprint(seed), func(t *testing.T) { recordedStory(newReplaying(t, seed)) })
	}
}

func recordedStory(w *replaying) {
	w.record()
	accepted := w.learned()
	w.tries()
	w.run(0, "package", "add", w.path("renewed.pbiviz"))
	if said := w.run(1, "apply", "--force"); !strings.Contains(said, "until the settings accept") {
		w.Errorf("without acceptance it said\n%s", said)
	}
	w.holds("gauge.pbiviz")

	w.settings(accepted, "1.4.0.0")
	w.run(0, "agent", "run", "--once")
	w.holds("renewed.pbiviz")
	w.run(0, "package", "add", w.path("upgraded.pbiviz"))
	w.settings(accepted, "~> 1.4")
	w.run(0, "agent", "run", "--once")
	w.holds("upgraded.pbiviz")
	w.run(0, "rollback", example.GaugeGUID, "--reason", "a try", "--force")
	w.holds("renewed.pbiviz")
}

// A host of this machine is trusted with a token where the settings name it, and
// nowhere else: neither a recording nor a recipe can bring one in.
func TestThePortalIsNamedByHandAlone(t *testing.T) {
	t.Parallel()
	w := newReplaying(t, 0)
	w.record()
	w.portal = ""
	w.settings("", "1.4.0.0")
	args := []string{"store", "learn", w.path("session.har"), "--package", w.path("gauge.pbiviz"), "--visual", example.GaugeGUID, "--out", w.path("portal.yaml")}
	if said := w.run(1, args...); !strings.Contains(said, "requests to hosts that are not the portal's are ignored") {
		t.Errorf("learning said\n%s", said)
	}
	w.portal = w.tenant.Endpoints().Portal
	w.settings("", "1.4.0.0")
	accepted := w.learned()
	w.tries()

	w.portal = ""
	w.settings(accepted, "1.4.0.0")
	asked := len(w.tenant.LoggedCalls())
	for _, args := range [][]string{{"store", "try"}, {"apply", "--force"}} {
		if said := w.run(1, args...); !strings.Contains(said, "recorded.host") && !strings.Contains(said, "127.0.0.1") {
			t.Errorf("%v said\n%s", args, said)
		}
	}
	for _, c := range w.tenant.LoggedCalls()[asked:] {
		if c.Service == "portal" {
			t.Errorf("it was asked: %v", c)
		}
	}
}

// realSeeds is from how many pages a real browser's recording is learned.
const realSeeds = 52

// A person updates a visual on the page, in Chromium, and saves the recording.
// From it orgstore learns to update by itself, whatever the page sends, until
// the page sends something else.
func TestARealBrowsersRecordingIsLearned(t *testing.T) {
	t.Parallel()
	chromium := gallerytest.FindChromium(t)
	var worlds []*replaying
	var visits []gallerytest.Visit
	for seed := range uint64(realSeeds) {
		w := newReplaying(t, seed)
		worlds = append(worlds, w)
		visits = append(visits, gallerytest.Visit{
			Page: w.tenant.PortalPage(""), HAR: w.path("session.har"),
			// A cookie that guards the page is not in a sanitized recording.
			Sanitized: seed%2 == 0 && w.tenant.Gallery().Shape().Guard != "cookie",
			Actions:   []gallerytest.Action{{Kind: "update", Name: w.title(), File: w.path("gauge.pbiviz")}},
		})
	}
	for seed, shown := range chromium.Play(t, visits...) {
		w := worlds[seed]
		if fmt.Sprint(shown) != fmt.Sprintf("{[Done Done] [[%s File]]}", w.title()) {
			t.Errorf("%d: the page shows %q", seed, shown)
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w.T = t
			w.holds("gauge.pbiviz")
			replayedStory(w, uint64(seed))
		})
	}
}

func replayedStory(w *replaying, seed uint64) {
	accepted := w.learned()
	w.tries()
	w.run(0, "package", "add", w.path("renewed.pbiviz"))
	w.settings(accepted, "1.4.0.0")
	w.run(0, "apply", "--force")
	w.holds("renewed.pbiviz")

	w.tenant.Gallery().SetShape(otherwise(seed))
	w.run(0, "package", "add", w.path("upgraded.pbiviz"))
	w.settings(accepted, "~> 1.4")
	if said := w.run(1, "apply", "--force"); !strings.Contains(said, "recorded") && !strings.Contains(said, "not there to be sent") {
		w.Errorf("of a page that changed it said\n%s", said)
	}
	w.holds("renewed.pbiviz")
}

// otherwise is the page of a seed, which its maker has changed since.
func otherwise(seed uint64) gallery.Shape {
	s := gallery.NewShape(seed, "")
	switch update := s.Calls["update"]; seed % 3 {
	case 0:
		return gallery.NewShape(seed+1000, "")
	case 1:
		s.Names["name"] = "heading"
	default:
		update.Method = map[string]string{"POST": "PUT", "PUT": "POST", "PATCH": "PUT"}[update.Method]
		s.Calls["update"] = update
	}
	return s
}

// A change is sent, and the answer is of another shape than recorded: everything
// stops, and the change waits for a person whatever the store shows by then.
func TestAnAnswerOfAnotherShapeStopsEverything(t *testing.T) {
	t.Parallel()
	w := newReplaying(t, 0)
	timeline := example.Timeline(example.Timeline2000)
	w.write("timeline.pbiviz", w.sent["timeline.pbiviz"])
	w.write("timeline.pbiviz.license", w.sent["timeline.pbiviz.license"])
	if _, err := w.tenant.Gallery().Add("admin@contoso.com", "Aurora Timeline", "", timeline, true); err != nil {
		t.Fatal(err)
	}
	w.record()
	accepted := w.learned()
	both := func(pin, timeline string) {
		w.settings(accepted, pin)
		text, err := os.ReadFile(w.path("orgstore.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		w.write("orgstore.yaml", []byte(strings.NewReplacer("guids: ["+example.GaugeGUID, "guids: ["+example.TimelineGUID+", "+example.GaugeGUID,
			"visuals: [", fmt.Sprintf("visuals: [{guid: %s, pin: %q}, ", example.TimelineGUID, timeline)).Replace(string(text))))
	}
	both("1.4.0.0", "2.0.0.0")
	w.run(0, "package", "add", w.path("timeline.pbiviz"), w.path("timeline.pbiviz.license"))
	w.run(0, "store", "baseline", example.TimelineGUID, "--package", w.path("timeline.pbiviz"), "--evidence", "uploaded it by hand")
	w.run(0, "store", "baseline", example.GaugeGUID, "--package", w.path("gauge.pbiviz"), "--evidence", "uploaded it by hand")
	w.run(0, "apply", "--force")

	shape := w.tenant.Gallery().Shape()
	update := shape.Calls["update"]
	update.Status = 202
	shape.Calls["update"] = update
	w.tenant.Gallery().SetShape(shape)
	w.run(0, "package", "add", w.path("upgraded.pbiviz"))
	next := parsed(t, example.Timeline(example.Timeline2100))
	w.write("next.pbiviz", next.File())
	w.write("next.pbiviz.license", licensetest.Aurora().Statement(next, func(r *issuer.Request) { r.Subscription = "sub-88214" }))
	w.run(0, "package", "add", w.path("next.pbiviz"), w.path("next.pbiviz.license"))
	both("~> 1.4", "~> 2.0")
	asked := w.portalChanges()
	said := w.run(1, "apply", "--force", "-o", "json")
	for _, want := range []string{`"error_code": "recorded.shape"`, `(step update) was sent`, "status 202, and", "was recorded", "nothing is repeated", "nothing else was begun", "store baseline", "store learn"} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	for _, exit := range []int{18, 18} {
		if said := w.run(exit, "apply", "--force"); !strings.Contains(said, "status 202") {
			t.Errorf("later it said\n%s", said)
		}
	}
	if said := w.run(0, "status", example.GaugeGUID); !strings.Contains(said, "waiting") {
		t.Errorf("status says\n%s", said)
	}
	if said := w.run(0, "history", example.GaugeGUID); !strings.Contains(said, "waiting") {
		t.Errorf("history says\n%s", said)
	}
	if said := w.run(0, "plan"); strings.Count(said, "nobody can tell what came of") != 2 { // the other waits for that
		t.Errorf("the plan says\n%s", said)
	}
	if n := w.portalChanges() - asked; n != 1 {
		t.Errorf("%d requests that change were sent", n)
	}

	// A person looked: it was made. The portal's way is learned anew, or it would
	// stop again.
	w.run(0, "store", "baseline", example.GaugeGUID, "--package", w.path("upgraded.pbiviz"), "--evidence", "About box")
	if said := w.run(0, "plan"); strings.Contains(said, "nobody can tell") {
		t.Errorf("afterwards the plan says\n%s", said)
	}
}

// portalChanges counts the requests to the portal that were not for reading.
func (w *replaying) portalChanges() int {
	n := 0
	for _, c := range w.tenant.LoggedCalls() {
		if c.Service == "portal" && c.Method != "GET" {
			n++
		}
	}
	return n
}
