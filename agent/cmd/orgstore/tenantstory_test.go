package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/longtest"
)

// A leaping clock goes on as the machine's does, and leaps over every wait.
type leaping struct {
	mu    sync.Mutex
	ahead time.Duration
	begun time.Time
}

func (c *leaping) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return today().Add(time.Since(c.begun) + c.ahead)
}

func (c *leaping) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += max(d, 0)
	return ctx.Err()
}

// A tenanted world is one whose library lies in a simulated tenant.
type tenanted struct {
	world
	tenant  *simulator.Simulator
	visuals *simulator.Library
	clock   *leaping
	said    bytes.Buffer // all that was ever printed
}

func newTenanted(t testing.TB) *tenanted {
	t.Helper()
	w := &tenanted{world: world{t.TempDir(), disk.OS()}, clock: &leaping{begun: time.Now()}}
	w.tenant = simulatortest.StartWith(t, simulator.Options{Seed: 7, Now: w.clock.Now, Sleep: w.clock.Sleep})
	t.Cleanup(func() { w.keepsSecrets(t) })
	w.visuals = simulatortest.Visuals(t, w.tenant)
	e := w.tenant.Endpoints()
	if err := disk.MakeDir(w.d, w.path("store"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.write(t, w.path("ca.pem"), w.tenant.CA())
	w.writeSecret(t, w.path("secret"), []byte(simulatortest.Secret+"\n"))
	w.write(t, w.settings(), fmt.Appendf(nil, `version: 1
tenant: %s
endpoints: {login: %s, graph: %s, powerbi: %s, fabric: %s}
sign_in: {type: secret, client: %s, secret_file: secret}
network: {ca: ca.pem}
library: {sharepoint: {site: %s, library: %s}}
store: {driver: folder, path: store}
trust: {vendors: []}
visuals: []
`, licensetest.Tenant, e.Login, e.Graph, e.PowerBI, e.Fabric, simulatortest.Client, simulatortest.Site, simulatortest.Library))
	return w
}

// run runs one command as main does, but that waiting takes no time.
func (w *tenanted) run(args ...string) (int, string) {
	a := adaptersAt(today())
	a.Now = w.clock.Now
	a.OpenTenant = func(s config.Settings, r engine.Remote) (engine.Tenant, error) {
		return connectBy(w.clock, disk.OS(), s, r)
	}
	var out bytes.Buffer
	code := cli.Run(context.Background(), append([]string{"--config", w.settings()}, args...), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &out}, a)
	w.said.Write(out.Bytes())
	tell(out.String())
	return code, out.String()
}

// A scene is what people do in the tenant, then a command of ours.
type scene struct {
	name   string
	before func(t testing.TB, w *tenanted)
	args   []string
	once   bool // once it is done, it is not to be asked for again
}

// tenantStory is the main job with packages that people put into SharePoint.
func tenantStory(t testing.TB) []scene {
	sent := mail(t)
	put := func(names ...string) func(testing.TB, *tenanted) {
		return func(t testing.TB, w *tenanted) {
			for _, name := range names {
				if _, err := w.visuals.Upload(name, sent[name]); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	apply := []string{"apply", "--force"}
	return []scene{
		{name: "install", before: put("gauge.pbiviz"), args: apply},
		{name: "renew", before: func(t testing.TB, w *tenanted) {
			put("renewed.pbiviz")(t, w)
			if _, err := w.visuals.Upload("broken.pbiviz", []byte("not a package")); err != nil {
				t.Fatal(err)
			}
		}, args: apply},
		{name: "arrive together", before: put("timeline.pbiviz", "timeline.pbiviz.license"), args: []string{"plan"}},
		{name: "upgrade", before: func(t testing.TB, w *tenanted) {
			put("upgraded.pbiviz")(t, w)
			if err := w.visuals.Remove("broken.pbiviz"); err != nil {
				t.Fatal(err)
			}
		}, args: apply},
		{name: "rollback", args: []string{"rollback", example.GaugeGUID, "--reason", "totals are wrong", "--force"}, once: true},
		{name: "look", args: []string{"plan"}},
	}
}

// offline prepares what needs no tenant: whom to believe, and what is wanted.
func (w *tenanted) offline(t testing.TB) {
	t.Helper()
	w.write(t, w.path("aurora.trust"), mail(t)["aurora.trust"])
	for _, args := range [][]string{
		{"trust", "add", w.path("aurora.trust"), "--name", "Aurora Visuals", "--guid", example.GaugeGUID, "--guid", example.TimelineGUID,
			"--fingerprint", licensetest.Aurora().Bundle().Fingerprint()},
		{"pin", "set", example.GaugeGUID, "~> 1.4"},
	} {
		if code, said := w.run(args...); code != 0 {
			t.Fatalf("%v left with %d:\n%s", args, code, said)
		}
	}
}

// shape is a call without the ids in its path: what it asks for.
var ids = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F-]{27,}|01[A-Z2-7]{10,}|b![A-Za-z0-9_-]+|[0-9A-Za-z_-]{24,}|/items/[0-9]+`)

func shape(c simulator.Call) string {
	return c.Service + " " + c.Method + " " + ids.ReplaceAllString(c.Path, "*")
}

// A blow is a fault that strikes one call of the story.
type blow struct {
	scene int
	nth   int // call of that scene, from 1
	shape string
}

// outcome is what a story comes to, whatever struck it.
type outcome struct {
	State  state
	Beside map[string]map[string]any // the columns of each file
}

func (w *tenanted) outcome(t testing.TB) outcome {
	t.Helper()
	o := outcome{State: w.read(t, w.book(t)), Beside: map[string]map[string]any{}}
	o.State.Settings = "" // the endpoints are those of each simulator
	for _, f := range w.visuals.Files() {
		o.Beside[f.Name] = f.Fields
	}
	return o
}

// tellTenantStory plays all scenes. Before one of them a fault is set, which
// strikes in its first run; later runs have none. It returns the calls of each scene's
// first run.
func (w *tenanted) tellTenantStory(t testing.TB, at blow, kind simulator.FaultKind) [][]simulator.Call {
	t.Helper()
	w.offline(t)
	var calls [][]simulator.Call
	for i, s := range tenantStory(t) {
		if s.before != nil {
			s.before(t, w)
		}
		w.tenant.ClearCalls()
		if at.nth > 0 && at.scene == i {
			if err := w.tenant.SetFaults(simulator.Fault{Kind: kind, Nth: at.nth}); err != nil {
				t.Fatal(err)
			}
		}
		code, said := w.run(s.args...)
		calls = append(calls, w.tenant.LoggedCalls())
		if most := 60; len(w.tenant.LoggedCalls()) > most {
			t.Errorf("%s made %d calls", s.name, len(w.tenant.LoggedCalls()))
		}
		if err := w.tenant.SetFaults(); err != nil {
			t.Fatal(err)
		}
		if at.nth == 0 && code != 0 {
			t.Fatalf("%s left with %d:\n%s", s.name, code, said)
		}
		if code != 0 && !strings.Contains(said, "hint: ") {
			t.Errorf("%s left with %d and no hint:\n%s", s.name, code, said)
		}
		// Whoever sees an error, or a note that something could not be read,
		// runs the command again.
		if at.scene == i && at.nth > 0 && !(s.once && code == 0) {
			if code, said = w.run(s.args...); code != 0 {
				t.Errorf("%s, again, left with %d:\n%s", s.name, code, said)
			}
		}
	}
	return calls
}

// secrets are in nothing that the program prints or keeps.
func (w *tenanted) keepsSecrets(t testing.TB) {
	t.Helper()
	for _, canary := range w.tenant.Secrets() {
		if bytes.Contains(w.said.Bytes(), []byte(canary)) {
			t.Errorf("a secret was printed")
		}
		for name, text := range w.files(t) {
			if name != "secret" && bytes.Contains(text, []byte(canary)) {
				t.Errorf("a secret is in %s", name)
			}
		}
	}
}

// files reads everything beneath the world.
func (w *tenanted) files(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(w.dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(w.path(name))
		all[name] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheMainJobFromSharePoint(t *testing.T) {
	t.Parallel()
	w := newTenanted(t)
	calls := w.tellTenantStory(t, blow{}, "")
	for _, c := range w.tenant.UnexpectedCalls() {
		t.Errorf("no client should ask this: %s", c)
	}
	for i, s := range tenantStory(t) {
		t.Logf("%s: %d calls", s.name, len(calls[i]))
		for _, c := range calls[i] {
			t.Logf("    %s %d", shape(c), c.Status)
		}
	}
	for name, fields := range w.outcome(t).Beside {
		t.Logf("%s: %v", name, fields)
	}
}

// An application that may reach the one library and nothing else needs its id.
func TestTheLeastPermission(t *testing.T) {
	t.Parallel()
	w := newTenanted(t)
	if err := w.tenant.AddApp(simulator.App{Client: simulatortest.Client, Secret: simulatortest.Secret, Roles: []string{"Lists.SelectedOperations.Selected"}}); err != nil {
		t.Fatal(err)
	}
	w.visuals.GrantSite(simulatortest.Client, "")
	w.visuals.GrantList(simulatortest.Client, "write")
	w.offline(t)
	if _, err := w.visuals.Upload("gauge.pbiviz", mail(t)["gauge.pbiviz"]); err != nil {
		t.Fatal(err)
	}
	if _, said := w.run("apply", "--force"); !strings.Contains(said, "403") || !strings.Contains(said, "drive") {
		t.Errorf("by its name, it says:\n%s", said)
	}
	text, err := os.ReadFile(w.settings())
	if err != nil {
		t.Fatal(err)
	}
	w.write(t, w.settings(), bytes.Replace(text, []byte("library: "+simulatortest.Library), []byte("library: "+simulatortest.Library+", drive: "+w.visuals.DriveID), 1))
	if code, said := w.run("apply", "--force"); code != 0 || !strings.Contains(said, "verified") {
		t.Errorf("by its id, it left with %d:\n%s", code, said)
	}
}

// What an administrator has at hand goes into the library with its license.
func TestUploadIntoTheLibrary(t *testing.T) {
	t.Parallel()
	w := newTenanted(t)
	w.offline(t)
	sent := mail(t)
	for _, name := range []string{"timeline.pbiviz", "timeline.pbiviz.license"} {
		w.write(t, w.path("mail", name), sent[name])
	}
	w.write(t, w.path("mail", "junk.pbiviz"), []byte("junk"))
	upload := func(name string) []string { return []string{"package", "upload", w.path("mail", name)} }
	if code, said := w.run(upload("junk.pbiviz")...); code == 0 || len(w.tenant.LoggedCalls()) > 0 {
		t.Errorf("junk left with %d:\n%s", code, said)
	}
	if code, said := w.run(append(upload("timeline.pbiviz"), "--dry-run")...); code != 0 || len(w.tenant.LoggedCalls()) > 0 {
		t.Errorf("the dry run left with %d:\n%s", code, said)
	}
	for range 2 { // the second time it is there already
		if code, said := w.run(upload("timeline.pbiviz")...); code != 0 {
			t.Errorf("it left with %d:\n%s", code, said)
		}
	}
	if files := w.visuals.Files(); len(files) != 2 {
		t.Errorf("the library holds %v", files)
	}
	w.write(t, w.path("mail", "timeline.pbiviz"), sent["gauge.pbiviz"])
	if code, said := w.run(upload("timeline.pbiviz")...); code == 0 || !strings.Contains(said, "exist") || !strings.Contains(said, "hint: give your file another name") {
		t.Errorf("another file of that name left with %d:\n%s", code, said)
	}
	if code, said := w.run("package", "list"); code != 0 || !strings.Contains(said, "accept") {
		t.Errorf("the list left with %d:\n%s", code, said)
	}
	for _, c := range w.tenant.UnexpectedCalls() {
		t.Error(c)
	}
}

// Every kind of call of the story fails once in every way; in ./check each in one way,
// and each way somewhere. Whatever happens, the story comes to the same end, by the
// next run at the latest.
func TestEveryCallFailsInEveryWay(t *testing.T) {
	t.Parallel()
	whole := newTenanted(t)
	calls := whole.tellTenantStory(t, blow{}, "")
	want := whole.outcome(t)
	var blows []blow
	seen := map[string]bool{}
	for i := range calls {
		for n, c := range calls[i] {
			// Once for each kind of call in each scene.
			if key := fmt.Sprint(i, shape(c)); !seen[key] {
				seen[key] = true
				blows = append(blows, blow{i, n + 1, shape(c)})
			}
		}
	}
	kinds := simulator.AllFaultKinds()
	t.Logf("%d kinds of calls x %d faults = %d stories", len(blows), len(kinds), len(blows)*len(kinds))
	if len(blows) < max(25, len(kinds)) {
		t.Errorf("the story makes only %d kinds of calls", len(blows))
	}
	for i, b := range blows {
		kinds := kinds
		if !longtest.IsWanted() {
			kinds = kinds[i%len(kinds):][:1]
		}
		t.Run(fmt.Sprintf("%s/%d %s", tenantStory(t)[b.scene].name, b.nth, b.shape), func(t *testing.T) {
			t.Parallel()
			for _, kind := range kinds {
				t.Run(string(kind), func(t *testing.T) {
					w := newTenanted(t)
					w.tellTenantStory(t, b, kind)
					if got := w.outcome(t); !reflect.DeepEqual(got, want) {
						t.Errorf("it came to another end:\n%s", cmp.Diff(want, got))
					}
				})
			}
		})
	}
}
