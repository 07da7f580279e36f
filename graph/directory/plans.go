package directory

import (
	"cmp"
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

// The service plans of Power BI, from Microsoft's list "Product names and
// service plan identifiers for licensing", as of 2026-07. The clouds of the US
// Government have plans of their own in addition to the common ones.
const (
	planFree   = "2049e525-b859-401b-b2a0-e0a31c4b1fe4" // BI_AZURE_P0
	planLegacy = "2125cfd7-2110-4567-83c4-c1cd5275163d" // BI_AZURE_P1
	planPro    = "70d33638-9c74-4d01-bfd3-562de28bd4ba" // BI_AZURE_P2
	planPPU    = "0bf3c642-7bb5-4ccc-884e-59d09df0266c" // BI_AZURE_P3
	planProGov = "944e9726-f011-4353-b654-5f7d2663db76" // BI_AZURE_P_2_GOV
	planPPUGov = "32d15238-9a8c-46da-af3f-21fc5351d365" // BI_AZURE_P3_GOV
)

// planRank returns the Power BI plan that a service plan stands for, and its
// rank. A product counts as the best plan in it, because Premium Per User also
// holds Pro's plan.
func planRank(servicePlan string) (plan string, rank int) {
	switch servicePlan {
	case planPPU, planPPUGov:
		return tenant.PlanPPU, 4
	case planPro, planProGov:
		return tenant.PlanPro, 3
	case planLegacy:
		return tenant.PlanLegacy, 2
	case planFree:
		return tenant.PlanFree, 1
	}
	return "", 0
}

// A skuPage is one page of GET /subscribedSkus.
type skuPage struct {
	Next  string `json:"@odata.nextLink"`
	Value []struct {
		SKU      string `json:"skuId"`
		Name     string `json:"skuPartNumber"`
		State    string `json:"capabilityStatus"`
		Consumed *int64 `json:"consumedUnits"`
		Prepaid  struct {
			Enabled *int64 `json:"enabled"`
		} `json:"prepaidUnits"`
		Plans []struct {
			ID string `json:"servicePlanId"`
		} `json:"servicePlans"`
	} `json:"value"`
}

// Subscriptions returns the products with a Power BI plan that the tenant
// bought, sorted by part number. It needs LicenseAssignment.Read.All.
func (d Directory) Subscriptions(ctx context.Context) ([]tenant.Subscription, error) {
	found := []tenant.Subscription{}
	path := "/v1.0/subscribedSkus"
	for range maxPages {
		var p skuPage
		if err := d.api.GetJSON(ctx, graph.Graph, path, nil, nil, &p); err != nil {
			return nil, err
		}
		found = p.appendSubscriptions(found)
		if p.Next == "" {
			slices.SortFunc(found, func(a, b tenant.Subscription) int {
				return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.SKU, b.SKU))
			})
			return found, nil
		}
		path = p.Next
	}
	return nil, errTooManyPages
}

// appendSubscriptions appends the products of one page that hold a Power BI
// plan. It keeps each product once.
func (p skuPage) appendSubscriptions(found []tenant.Subscription) []tenant.Subscription {
	for _, v := range p.Value {
		best, most := "", 0
		for _, s := range v.Plans {
			id, _ := tenant.ID(s.ID)
			if plan, rank := planRank(id); rank > most {
				best, most = plan, rank
			}
		}
		sku, ok := tenant.ID(v.SKU)
		named := slices.ContainsFunc(found, func(s tenant.Subscription) bool { return s.SKU == sku })
		if most == 0 || !ok || named {
			continue
		}
		found = append(found, tenant.Subscription{
			SKU: sku, Name: tenant.Clean(v.Name), Plan: best, State: tenant.Clean(v.State),
			Bought: knownNumber(v.Prepaid.Enabled), Assigned: knownNumber(v.Consumed),
		})
	}
	return found
}

func knownNumber(n *int64) tenant.Known[int64] {
	if n == nil {
		return tenant.Known[int64]{}
	}
	return tenant.Number(*n)
}

// A UserCount is how many users have each plan, with notes about the numbers.
type UserCount struct {
	Users tenant.Users
	// Notes say how a number differs from what its name promises.
	Notes []string
}

// Users counts users by their best Power BI plan. It needs User.Read.All,
// because User.ReadBasic.All does not cover the plans that the filter uses.
//
// The products with Premium Per User also hold Pro's plan. So Pro counts all
// users with Pro's plan, less those with Premium Per User's. This is one too
// low for each user who has Premium Per User as an add-on only. A user with a
// Government plan and a common plan counts twice. Free counts all users with
// the free plan and neither of the better ones.
func (d Directory) Users(ctx context.Context) (UserCount, error) {
	c := &userCounter{directory: d}
	pro, err := c.countPlans(ctx, planPro, planProGov)
	if err != nil {
		return UserCount{}, err
	}
	ppu, err := c.countPlans(ctx, planPPU, planPPUGov)
	if err != nil {
		return UserCount{}, err
	}
	var found UserCount
	found.Users.PPU = tenant.Number(ppu)
	found.Users.Pro = tenant.Number(max(pro-ppu, 0))
	if ppu > pro {
		found.Notes = append(found.Notes, fmt.Sprintf("%d users have Premium Per User, but only %d have Pro, which it includes; some have only the add-on", ppu, pro))
	}
	free, err := c.countFree(ctx)
	switch {
	case isFilterRefused(err):
		found.Notes = append(found.Notes, "the number of users with only the free plan is unknown, because Graph refused the filter for them")
	case err != nil:
		return UserCount{}, err
	default:
		found.Users.Free = tenant.Number(free)
	}
	if c.usesPlainFilters {
		found.Notes = append(found.Notes, "suspended plans are counted, too, because Graph refused the filter for them")
	}
	return found, nil
}

// A userCounter counts users by plan. It is not documented whether a lambda may
// have two conditions. If Graph refuses that, only the plan is asked for.
type userCounter struct {
	directory        Directory
	usesPlainFilters bool
}

// countPlans adds up the users of several plans.
func (c *userCounter) countPlans(ctx context.Context, plans ...string) (int64, error) {
	var total int64
	for _, p := range plans {
		n, err := c.countFiltered(ctx, func() string { return c.planFilter(p) })
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// countFree counts users with the free plan and no better one.
func (c *userCounter) countFree(ctx context.Context) (int64, error) {
	return c.countFiltered(ctx, func() string {
		return fmt.Sprintf("%s and not(%s) and not(%s)", c.planFilter(planFree), c.planFilter(planPro), c.planFilter(planPPU))
	})
}

// countFiltered counts the users that match a filter. If Graph refuses the
// filter, it tries the plain form once.
func (c *userCounter) countFiltered(ctx context.Context, filter func() string) (int64, error) {
	n, err := c.directory.countPeople(ctx, "/v1.0/users/$count", url.Values{"$filter": {filter()}})
	if !isFilterRefused(err) || c.usesPlainFilters {
		return n, err
	}
	c.usesPlainFilters = true
	n, err = c.directory.countPeople(ctx, "/v1.0/users/$count", url.Values{"$filter": {filter()}})
	if isFilterRefused(err) {
		c.usesPlainFilters = false // Graph refused something else
	}
	return n, err
}

// planFilter is the filter for users of a plan.
func (c *userCounter) planFilter(plan string) string {
	if c.usesPlainFilters {
		return "assignedPlans/any(p:p/servicePlanId eq " + plan + ")"
	}
	return "assignedPlans/any(p:p/servicePlanId eq " + plan + " and p/capabilityStatus eq 'Enabled')"
}

// isFilterRefused reports whether Graph did not accept a filter.
func isFilterRefused(err error) bool {
	var e *graph.Error
	return errors.As(err, &e) && (e.Status == http.StatusBadRequest || e.Status == http.StatusNotImplemented)
}
