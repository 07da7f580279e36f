package config

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const otherTenant = "5b0c7f0e-1111-4222-8333-944455556666"

// ringed is a file with a pilot before the store, and a visual that needs none.
var ringed = strings.Replace(head, "store: {driver: folder, path: store}", `stores:
  pilot: {driver: folder, path: pilot}
  store: {driver: handoff, path: tasks}
rings: [pilot, store]`, 1) + `visuals:
  - {guid: a, pin: "1", upgrade: {soak: 7d, promote: 3d}}
  - {guid: b, pin: "1", upgrade: {soak: 7d}}
  - {guid: c, pin: "1", rings: [store]}
`

func TestRings(t *testing.T) {
	s, err := Parse(filepath.Join("etc", "orgstore.yaml"), []byte(ringed))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Stores) != 2 || s.Stores[0].Name != "pilot" || s.Stores[0].Path != filepath.Join("etc", "pilot") || s.Stores[1].Tenant != s.Tenant || s.Home() != "store" {
		t.Errorf("%+v", s.Stores)
	}
	for i, want := range [][]string{{"pilot", "store"}, {"pilot", "store"}, {"store"}} {
		if got := s.RingsOf(s.Visuals[i]); !slices.Equal(got, want) {
			t.Errorf("%s goes through %v, not %v", s.Visuals[i].GUID, got, want)
		}
	}
	if s.Visuals[0].Promote != 3*24*time.Hour || s.Visuals[1].Promote != 7*24*time.Hour {
		t.Errorf("%v and %v until the next ring", s.Visuals[0].Promote, s.Visuals[1].Promote)
	}
	if name, ok := s.Before(s.Visuals[0], "store"); name != "pilot" || !ok {
		t.Errorf("before the store comes %q", name)
	}
	for _, c := range []struct {
		visual int
		store  string
	}{{0, "pilot"}, {2, "store"}, {2, "pilot"}} {
		if name, ok := s.Before(s.Visuals[c.visual], c.store); ok {
			t.Errorf("before %s comes %s", c.store, name)
		}
	}
}

// One store is the ring there is, under the name that journals hold.
func TestOneStoreIsOneRing(t *testing.T) {
	s, err := Parse("orgstore.yaml", []byte(head+"visuals: [{guid: a, pin: '1'}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.RingsOf(s.Visuals[0]); !slices.Equal(got, []string{OnlyStore}) || s.Stores[0].Name != OnlyStore || s.Home() != "" {
		t.Errorf("%v %+v", got, s.Stores)
	}
}

func TestRingsInTheDigest(t *testing.T) {
	digest := func(text string) string {
		t.Helper()
		s, err := Parse("orgstore.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return s.Digest()
	}
	base := digest(ringed)
	for _, c := range [][2]string{
		{"[pilot, store]", "[store, pilot]"}, {"path: pilot", "path: elsewhere"}, {"promote: 3d", "promote: 4d"}, {", rings: [store]", ""},
		{"path: pilot", "path: pilot, tenant: " + otherTenant},
	} {
		if digest(strings.Replace(ringed, c[0], c[1], 1)) == base {
			t.Errorf("%s for %s does not change the digest", c[1], c[0])
		}
	}
}
