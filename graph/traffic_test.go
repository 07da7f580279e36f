package graph_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orgstore/orgstore/graph"
)

// What was asked is counted, with what is left of the quotas that were used.
func TestTraffic(t *testing.T) {
	c, _ := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		sayYes(w)
	}, func(o *graph.Options) { o.Clock = newClock() })
	if got := c.Traffic(); !cmp.Equal(got, graph.Traffic{}) {
		t.Errorf("before anything was asked: %+v", got)
	}
	for range 2 {
		if _, err := getFromGraph(c, "/v1.0/sites/x/lists"); err != nil {
			t.Fatal(err)
		}
	}
	want := graph.Traffic{
		Requests: 4, Retries: 1, Throttled: 1, // signing in is two of them
		Quotas: []graph.QuotaUsage{{graph.Graph, "SharePoint a day", 1_200_000 - 6, 1_200_000}, {graph.Graph, "SharePoint a minute", 1_250 - 6, 1_250}},
	}
	if diff := cmp.Diff(want, c.Traffic()); diff != "" {
		t.Error(diff)
	}
}
