// Package powerbi reads the capacities of a tenant, and the events of its
// Organizational Store, from the admin API of Power BI. It changes nothing.
package powerbi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/packages/tenant"
)

// maxCapacities bounds a tenant's capacities. Large tenants have some hundreds.
const maxCapacities = 10_000

// An API sends requests to one tenant; *graph.Connection is one.
type API interface {
	GetJSON(ctx context.Context, s graph.Service, path string, query url.Values, header http.Header, into any) error
}

// A PowerBI reads one tenant's Power BI. It needs a Fabric administrator or a
// service principal that may use read-only admin APIs. The service principal's
// application must hold no Power BI permission that an administrator consents
// to (documented: "Enable service principal authentication for admin APIs").
type PowerBI struct{ api API }

// New returns a PowerBI that uses an API.
func New(api API) PowerBI { return PowerBI{api} }

// Capacities returns all capacities of the tenant, sorted by id. Errors come
// from the API or say what is wrong with its answer.
func (p PowerBI) Capacities(ctx context.Context) ([]tenant.Capacity, error) {
	var a struct {
		Value []struct {
			ID     string `json:"id"`
			Name   string `json:"displayName"`
			SKU    string `json:"sku"`
			State  string `json:"state"`
			Region string `json:"region"`
		} `json:"value"`
	}
	if err := p.api.GetJSON(ctx, graph.PowerBI, "/v1.0/myorg/admin/capacities", nil, nil, &a); err != nil {
		return nil, err
	}
	if a.Value == nil {
		return nil, errors.New("the answer of Power BI has no list of capacities")
	}
	if len(a.Value) > maxCapacities {
		return nil, fmt.Errorf("the answer of Power BI has %d capacities; orgstore reads at most %d", len(a.Value), maxCapacities)
	}
	found := []tenant.Capacity{}
	for _, v := range a.Value {
		id, ok := tenant.ID(v.ID)
		if !ok {
			return nil, fmt.Errorf("the answer of Power BI has a capacity with the invalid id %.80q", v.ID)
		}
		found = append(found, tenant.Capacity{
			ID: id, Name: tenant.Clean(v.Name), SKU: tenant.ParseSKU(tenant.Clean(v.SKU)), State: tenant.Clean(v.State), Region: tenant.Clean(v.Region),
		})
	}
	slices.SortStableFunc(found, func(a, b tenant.Capacity) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(found, func(a, b tenant.Capacity) bool { return a.ID == b.ID }), nil
}
