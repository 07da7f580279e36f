package sharepoint

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
)

func TestWritablePutsNothingThere(t *testing.T) {
	s := startTenant(t)
	if err := s.AddApp(simulator.App{Client: simulatortest.Client, Secret: simulatortest.Secret, Roles: []string{"Lists.SelectedOperations.Selected", "Sites.Selected"}}); err != nil {
		t.Fatal(err)
	}
	people := simulatortest.Visuals(t, s)
	l := newFakeAgent(t, connectTo(t, s), Options{IDs: IDs{Site: people.SiteID, List: people.ListID, Drive: people.DriveID}}).openLibrary()
	for _, c := range []struct {
		site, list string
		says       string
	}{
		{"write", "", ""}, {"", "write", ""}, {"owner", "", ""}, {"read", "", "403"}, {"", "read", "403"},
	} {
		people.GrantSite(simulatortest.Client, c.site)
		people.GrantList(simulatortest.Client, c.list)
		err := l.CheckWritable(context.Background())
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("with %q on the site and %q on the library: %v", c.site, c.list, err)
		}
	}
	if left := people.Sessions(); len(people.Files()) > 0 || left > 0 {
		t.Errorf("%v and %d uploads are left", people.Files(), left)
	}
}

func TestWritableWhereTakingBackFails(t *testing.T) {
	f := newFake(t)
	f.intercept = func(call string) *cannedReply {
		if strings.HasPrefix(call, "DELETE ") {
			return &cannedReply{status: 500}
		}
		return nil
	}
	if err := f.openLibrary().CheckWritable(context.Background()); err != nil {
		t.Error(err)
	}
	if i := slices.IndexFunc(f.takeCalls(), func(c string) bool { return strings.HasPrefix(c, "DELETE /upload/") }); i < 0 {
		t.Error("it was not taken back")
	}
}
