package sharepoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/openapitest"
	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
	"github.com/orgstore/orgstore/packages/library"
)

// connectTo connects to a simulated tenant, on a clock whose waits take no time.
func connectTo(t testing.TB, s *simulator.Simulator) *graph.Connection {
	t.Helper()
	e := s.Endpoints()
	c, err := graph.Connect(graph.Options{
		Cloud: graph.Cloud{
			Name: graph.Custom, Login: e.Login, Graph: e.Graph, PowerBI: e.PowerBI, Fabric: e.Fabric,
			PowerBIAudience: "https://analysis.windows.net/powerbi/api", FabricAudience: "https://api.fabric.microsoft.com",
		},
		Tenant: s.Tenant(), CAs: [][]byte{s.CA()}, Program: "orgstore/1.2.3", Clock: &leapingClock{}, Limits: graph.Limits{MaxTries: 2},
		SignIn: graph.SignIn{Method: graph.BySecret, Client: simulatortest.Client, Secret: func() (string, error) { return simulatortest.Secret, nil }},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// connectChecked connects likewise, and holds each request and each answer to
// Microsoft's descriptions.
func connectChecked(t *testing.T, s *simulator.Simulator) *graph.Connection {
	t.Helper()
	c := connectTo(t, s)
	checker, err := openapitest.New(s.Endpoints().Bases())
	if err != nil {
		t.Fatal(err)
	}
	for _, client := range []*http.Client{c.AuthorizedClient(graph.Graph), c.PlainClient()} {
		client.Transport = checker.Transport(t, client.Transport)
	}
	t.Cleanup(func() {
		if len(checker.CallCounts()) < 15 {
			t.Errorf("only %d kinds of calls were held to the descriptions", len(checker.CallCounts()))
		}
	})
	return c
}

// A leapingClock clock has gone on by what was waited.
type leapingClock struct{ waited atomic.Int64 }

func (c *leapingClock) Now() time.Time { return time.Now().Add(time.Duration(c.waited.Load())) }

func (c *leapingClock) Sleep(ctx context.Context, d time.Duration) error {
	c.waited.Add(int64(d))
	return ctx.Err()
}

// startTenant starts one that does not wait either.
func startTenant(t testing.TB) *simulator.Simulator {
	t.Helper()
	s := simulatortest.StartWith(t, simulator.Options{Seed: 1, PageSize: 5, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	t.Cleanup(func() {
		for _, c := range s.UnexpectedCalls() {
			t.Errorf("nobody should ask %v", c)
		}
	})
	return s
}

// A fakeAgent is what keeps a library's items, as the agent does: one command after
// another, each of which may fail, with a cursor between them.
type fakeAgent struct {
	t        *testing.T
	conn     *graph.Connection
	options  Options
	cursor   library.Cursor
	contents map[string]string // the newest bytes under each name
	ids      map[string]string
	posted   map[string]library.Note
}

// openLibrary opens the library as a new process does, by its ids once they are known.
func (d *fakeAgent) openLibrary() *Library {
	l, err := Open(d.conn, d.options)
	if err != nil {
		d.t.Fatal(err)
	}
	l.maxAtOnce, l.partSize = 320<<10, 320<<10
	return l
}

// runRound is one command: it takes in what arrived, and says what became of it.
func (d *fakeAgent) runRound() error {
	ctx, l := context.Background(), d.openLibrary()
	items, next, err := l.Changes(ctx, d.cursor)
	if err != nil {
		return err
	}
	for _, i := range items {
		b, err := d.fetchContent(ctx, l, i)
		if errors.Is(err, fs.ErrNotExist) {
			next = l.Without(next, i)
			continue
		}
		if err != nil {
			return err
		}
		d.contents[i.Name], d.ids[i.Name] = string(b), i.ID
	}
	d.cursor = next
	if d.options.IDs, err = l.IDs(ctx); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(d.contents)) {
		n := library.Note{GUID: "auroraGauge1", Version: "1.0.0.0", Verdict: "accept", Reason: fmt.Sprint(len(d.contents[name]), " bytes")}
		if n == d.posted[name] {
			continue
		}
		if err := l.Post(ctx, d.ids[name], n); err != nil {
			return err
		}
		d.posted[name] = n
	}
	return nil
}

func (d *fakeAgent) fetchContent(ctx context.Context, l *Library, i library.Item) ([]byte, error) {
	r, err := l.Fetch(ctx, i, 1<<20)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func (d *fakeAgent) uploadStep(name string, content []byte) func() error {
	return func() error {
		_, err := d.openLibrary().Upload(context.Background(), name, bytes.NewReader(content), int64(len(content)))
		return err
	}
}

// retryUntilDone carries a command out until it succeeds, as a service does that is
// started again and again. It returns what went wrong on the way.
func retryUntilDone(do func() error) (errs []error) {
	for range 6 {
		err := do()
		if err == nil {
			return errs
		}
		errs = append(errs, err)
	}
	return append(errs, errors.New("it never succeeds"))
}

// smallContent and threeParts are bytes for one request, and for a session of three.
func smallContent(n int) []byte {
	return fmt.Appendf(nil, "package %d: %s", n, strings.Repeat("x", 1000+n))
}
func threePartContent() []byte { return bytes.Repeat([]byte("0123456789abcdef"), (2*320<<10+1000)/16) }

// runStory is what people and the agent do in a library. It returns what went wrong
// on the way, all of which was mended by doing it again.
func runStory(t *testing.T, d *fakeAgent, people *simulator.Library) (errs []error) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	put := func(name string, content []byte) {
		t.Helper()
		_, err := people.Upload(name, content)
		must(err)
	}
	do := func(steps ...func() error) {
		for _, s := range steps {
			errs = append(errs, retryUntilDone(s)...)
		}
	}
	put("gauge.pbiviz", smallContent(1))
	put("gauge.pbiviz.license", smallContent(2))
	put("readme.txt", smallContent(3))
	put("elsewhere/moved.pbiviz", smallContent(4))
	do(d.runRound)
	put("gauge.pbiviz", smallContent(5))
	must(people.Move("elsewhere/moved.pbiviz", "moved in.pbiviz"))
	must(people.Edit("gauge.pbiviz.license", map[string]any{"Title": "mine"}))
	do(d.uploadStep("small.pbiviz", smallContent(6)), d.uploadStep("large.pbiviz", threePartContent()), d.runRound)
	people.ForgetDelta(simulator.ApplyDifferences)
	put("late.pbiviz", smallContent(7))
	must(people.Remove("small.pbiviz"))
	do(d.runRound)
	people.ForgetDelta(simulator.UploadDifferences)
	put("later.pbiviz", smallContent(8))
	do(d.runRound, d.runRound)
	return errs
}

// checkOutcome says whether everything ended well. Orphans are uploads whose address
// was lost on the way: they expire by themselves.
func checkOutcome(t *testing.T, d *fakeAgent, people *simulator.Library, orphans int) {
	t.Helper()
	want := map[string]string{
		"gauge.pbiviz": string(smallContent(5)), "gauge.pbiviz.license": string(smallContent(2)), "moved in.pbiviz": string(smallContent(4)),
		"large.pbiviz": string(threePartContent()), "late.pbiviz": string(smallContent(7)), "later.pbiviz": string(smallContent(8)),
	}
	files := map[string]string{}
	for _, f := range people.Files() {
		b, _ := people.Content(f.Name)
		files[f.Name] = string(b)
		if f.Name == "readme.txt" {
			continue
		}
		if d.contents[f.Name] != want[f.Name] {
			t.Errorf("%s was taken in with %d bytes", f.Name, len(d.contents[f.Name]))
		}
		if got := f.Fields["OrgstoreReason"]; got != d.posted[f.Name].Reason || got == "" {
			t.Errorf("beside %s stands %v, not %q", f.Name, got, d.posted[f.Name].Reason)
		}
		if f.Downloads > 8 {
			t.Errorf("%s was downloaded %d times", f.Name, f.Downloads)
		}
	}
	want["readme.txt"] = string(smallContent(3))
	if !maps.Equal(files, want) {
		t.Errorf("the library holds %v", slices.Sorted(maps.Keys(files)))
	}
	if people.Sessions() > orphans {
		t.Errorf("%d uploads are still on their way", people.Sessions())
	}
	items, _, err := d.openLibrary().Changes(context.Background(), d.cursor)
	if err != nil || len(items) > 0 {
		t.Errorf("in the end %d items are new, %v", len(items), err)
	}
}

// newFakeAgent is a desk at a library.
func newFakeAgent(t *testing.T, c *graph.Connection, o Options) *fakeAgent {
	return &fakeAgent{t: t, conn: c, options: o, contents: map[string]string{}, ids: map[string]string{}, posted: map[string]library.Note{}}
}

func TestTheStory(t *testing.T) {
	s := startTenant(t)
	people := simulatortest.Visuals(t, s)
	d := newFakeAgent(t, connectChecked(t, s), Options{Site: simulatortest.Site, Library: simulatortest.Library})
	for _, err := range runStory(t, d, people) {
		t.Error(err)
	}
	checkOutcome(t, d, people, 0)
	for _, f := range people.Files() {
		// One was replaced, and where the hash came late a file arrived again.
		if f.Downloads > 2 {
			t.Errorf("%s was downloaded %d times", f.Name, f.Downloads)
		}
	}
}

// With a grant on the library alone, and not on its site, ids are needed.
func TestTheStoryWithTheLeastPermission(t *testing.T) {
	s := startTenant(t)
	if err := s.AddApp(simulator.App{Client: simulatortest.Client, Secret: simulatortest.Secret, Roles: []string{"Lists.SelectedOperations.Selected"}}); err != nil {
		t.Fatal(err)
	}
	people := simulatortest.Visuals(t, s)
	people.GrantSite(simulatortest.Client, "")
	people.GrantList(simulatortest.Client, "write")
	c := connectTo(t, s)
	byName := newFakeAgent(t, c, Options{Site: simulatortest.Site, Library: simulatortest.Library})
	var denied *graph.Error
	if err := byName.runRound(); !errors.As(err, &denied) || denied.Code() != "graph.denied" {
		t.Errorf("by name: %v", err)
	}
	for _, ids := range []IDs{{Drive: people.DriveID}, {Drive: people.DriveID, List: people.ListID, Site: people.SiteID}} {
		d := newFakeAgent(t, c, Options{IDs: ids})
		for _, err := range runStory(t, d, people) {
			t.Error(err)
		}
		checkOutcome(t, d, people, 0)
		for _, f := range people.Files() {
			if err := people.Remove(f.Name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Somebody tidies the library up while the agent runs.
func TestAColumnThatWasDeletedIsAddedAgain(t *testing.T) {
	s := startTenant(t)
	people := simulatortest.Visuals(t, s)
	file, err := people.Upload("gauge.pbiviz", smallContent(1))
	if err != nil {
		t.Fatal(err)
	}
	l := newFakeAgent(t, connectTo(t, s), Options{Site: simulatortest.Site, Library: simulatortest.Library}).openLibrary()
	postNote(t, l, file.ID, sampleNote())
	people.RemoveColumn("OrgstoreVerdict")
	n := sampleNote()
	n.Verdict = "reject"
	if err := l.Post(context.Background(), file.ID, n); err != nil {
		t.Error(err)
	}
	if file, _ = people.File("gauge.pbiviz"); file.Fields["OrgstoreVerdict"] != "reject" {
		t.Errorf("written %v", file.Fields)
	}
	if got := len(s.UnexpectedCalls()); got != 1 { // the one that found out
		t.Errorf("%d calls that nobody should make", got)
	}
	s.ClearCalls()
}

// Every call of the story fails in each way once. The story ends right, or says
// what is wrong and goes on at the next try.
func TestEveryCallFailsOnceInEachWay(t *testing.T) {
	for _, kind := range simulator.AllFaultKinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			failEachCall(t, kind)
		})
	}
}

// failEachCall plays the story again and again in a tenant of its own, and lets another
// call fail each time.
func failEachCall(t *testing.T, kind simulator.FaultKind) {
	t.Helper()
	s := startTenant(t)
	c := connectTo(t, s)
	calls, _, errs := runFaultyStory(t, s, c, 0)
	if len(errs) > 0 || calls < 50 {
		t.Fatalf("%d calls without a fault, %v", calls, errs)
	}
	var hit, mended int
	for nth := 1; nth <= calls; nth++ {
		t.Run(fmt.Sprintf("at call %d", nth), func(t *testing.T) {
			asked, struck, errs := runFaultyStory(t, s, c, nth, simulator.Fault{Kind: kind, Nth: nth})
			hit, mended = hit+struck, mended+len(errs)
			if asked > 2*calls {
				t.Errorf("%d calls instead of %d", asked, calls)
			}
			for _, err := range errs {
				if s := err.Error(); strings.Contains(s, "tempauth") || strings.Contains(s, "never succeeds") || strings.Contains(s, "%!") {
					t.Error(err)
				}
			}
		})
	}
	t.Logf("%d calls, %d struck, %d commands had to be given again", calls, hit, mended)
	if hit != calls {
		t.Errorf("of %d calls %d were struck", calls, hit)
	}
}

// runFaultyStory is the story in a library of its own, with faults. It returns how many
// calls it took, how many were struck, and what had to be done again.
func runFaultyStory(t *testing.T, s *simulator.Simulator, c *graph.Connection, n int, faults ...simulator.Fault) (calls, struck int, errs []error) {
	t.Helper()
	site := fmt.Sprintf("https://contoso.sharepoint.com/sites/bi%d", n)
	all, err := s.AddSite(site, "Visuals")
	if err != nil {
		t.Fatal(err)
	}
	people := all[0]
	people.GrantSite(simulatortest.Client, "write")
	d := newFakeAgent(t, c, Options{Site: site, Library: "Visuals"})
	s.ClearCalls()
	if err := s.SetFaults(faults...); err != nil {
		t.Fatal(err)
	}
	errs = runStory(t, d, people)
	for _, call := range s.LoggedCalls() {
		if call.Service == "login" {
			continue
		}
		if calls++; call.Fault != "" {
			struck++
		}
	}
	if err := errors.Join(s.SetFaults(), d.runRound(), d.runRound()); err != nil { // what lagged behind has caught up
		t.Fatal(err)
	}
	checkOutcome(t, d, people, min(len(faults), 1))
	for _, f := range people.Files() {
		if err := people.Remove(f.Name); err != nil {
			t.Fatal(err)
		}
	}
	return calls, struck, errs
}
