package replay_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recordedtest"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/replay"
	"github.com/orgstore/orgstore/packages/store/storetest"
)

// A recipe of which somebody made the list do more than read is sent nowhere, not even
// its first step, until the settings accept exactly that recipe.
func TestListingReadsUntilAccepted(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*recipe.Step)
	}{
		{"POST", func(s *recipe.Step) { s.Method = http.MethodPost }},
		{"PUT with a body", func(s *recipe.Step) { s.Method, s.Body = http.MethodPut, &recipe.Body{JSON: `{"enabled":false}`} }},
		{"PATCH", func(s *recipe.Step) { s.Method = http.MethodPatch }},
		{"DELETE", func(s *recipe.Step) { s.Method = http.MethodDelete }},
		{"GET with a body", func(s *recipe.Step) { s.Body = &recipe.Body{JSON: `{}`} }},
		{"GET that asks for another method", func(s *recipe.Step) {
			s.Headers = append(s.Headers, recipe.Pair{Name: "x-http-method-override", Value: "DELETE"})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := recordedtest.NewPortal(t, 0)
			p.Fill(t)
			r, _ := recordedtest.Learn(t, p)
			r.List.Steps = append([]recipe.Step{}, r.List.Steps...)
			first := r.List.Steps[0]
			first.Headers = append([]recipe.Pair{}, first.Headers...)
			if len(r.List.Steps) == 1 {
				first.Name = "list-1"
				r.List.Steps = append([]recipe.Step{first}, r.List.Steps...)
			}
			c.edit(&r.List.Steps[len(r.List.Steps)-1])
			var asked atomic.Int32
			p.Intercept = func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					asked.Add(1)
					next.ServeHTTP(w, r)
				})
			}
			for _, approved := range []string{"", "sha256:" + strings.Repeat("0", 64)} {
				s := openApproved(t, p, r, approved)
				_, listing := s.Installed(context.Background())
				_, _, looking := s.Look(context.Background(), recordedtest.GUID(recordedtest.Tiles))
				_, putting := s.Put(context.Background(), "s", licensed(t, recordedtest.Package(recordedtest.Tiles, "2.1.0.0", "Aurora Tiles")), storetest.Now())
				for _, err := range []error{listing, looking, putting} {
					if recordedtest.CodeOf(err) != "recorded.off" {
						t.Errorf("accepted %q: %v", approved, err)
					}
				}
			}
			if n := asked.Load(); n != 0 {
				t.Errorf("%d requests were sent before the recipe was accepted", n)
			}
			_, err := openApproved(t, p, r, r.Digest()).Installed(context.Background())
			if recordedtest.CodeOf(err) == "recorded.off" || asked.Load() == 0 {
				t.Errorf("once accepted it is not sent: %v", err)
			}
		})
	}
}

// openApproved opens a store whose settings accept a recipe by its digest.
func openApproved(t *testing.T, p *recordedtest.Portal, r recipe.Recipe, approved string) *replay.Store {
	t.Helper()
	s, err := replay.Open(replay.Options{
		Recipe: r, Hosts: p.Hosts(t), Transport: p.Browser().Client.Transport, Authorize: recordedtest.Token{Host: recordedtest.Host(p.Server)}, Approved: approved,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
