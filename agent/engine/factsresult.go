package engine

import (
	"context"
	"fmt"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/verdict"
)

// A FactsResult is what is known of the tenant.
type FactsResult struct {
	IsKnown       bool                 `json:"known"` // false if nobody wrote or asked anything
	Tenant        string               `json:"tenant"`
	AsOf          string               `json:"as_of"`
	Source        string               `json:"source"`
	Stale         bool                 `json:"stale"`
	Users         FactsUsers           `json:"users"`
	Domains       []string             `json:"domains"`
	Groups        []FactsGroup         `json:"groups"`
	Capacities    *[]FactsCapacity     `json:"capacities"`    // null where unknown
	Settings      *[]FactsSetting      `json:"settings"`      // null where unknown
	Subscriptions *[]FactsSubscription `json:"subscriptions"` // null where unknown
	Differences   []Reason             `json:"differences"`
	Requirements  []Requirement        `json:"requirements,omitempty"` // of a refresh
	Message       string               `json:"message"`                // one sentence for people
}

// FactsUsers are users by their license. A number is null where it is unknown.
type FactsUsers struct {
	Free *int64 `json:"free"`
	Pro  *int64 `json:"pro"`
	PPU  *int64 `json:"ppu"`
}

// A FactsGroup is a group whose members were counted.
type FactsGroup struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Members *int64 `json:"members"`
}

// A FactsCapacity is a capacity of the tenant.
type FactsCapacity struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	SKU    string `json:"sku"`
	State  string `json:"state"`
	Region string `json:"region"`
}

// A FactsSetting is a setting of the tenant that concerns visuals.
type FactsSetting struct {
	Name    string `json:"name"`
	Enabled bool   `json:"enabled"`
	Grouped bool   `json:"grouped"`
	Reach   string `json:"reach"` // store, appsource, elsewhere
}

// A FactsSubscription is what the tenant bought of one product.
type FactsSubscription struct {
	Name     string `json:"name"` // Microsoft's part number
	Plan     string `json:"plan"`
	State    string `json:"state"`
	Bought   *int64 `json:"bought"`
	Assigned *int64 `json:"assigned"`
}

// A Requirement is something that orgstore needs of the tenant.
type Requirement struct {
	Name   string `json:"name"`
	State  string `json:"state"`
	What   string `json:"what"`
	Detail string `json:"detail"`
	Fix    string `json:"fix"`
}

// RequirementsOf turns requirements into what programs read.
func RequirementsOf(found []tenant.Requirement) []Requirement {
	data := []Requirement{}
	for _, r := range found {
		data = append(data, Requirement{r.Name, string(r.State), r.What, r.Detail, r.Fix})
	}
	return data
}

// A FactsRequest asks what is known of the tenant.
type FactsRequest struct{}

// ShowFacts says what is known of the tenant, from whom and of when.
func (p Ports) ShowFacts(_ context.Context, settings config.Settings, _ FactsRequest) (FactsResult, error) {
	facts, differ, err := p.mergedFacts(settings)
	if err != nil {
		return FactsResult{}, err
	}
	r := p.FactsResultOf(facts, differ)
	if !r.IsKnown {
		r.Message = "nothing is known: write facts.yaml into " + settings.Data + ", or ask the tenant with `orgstore facts refresh`"
	}
	return r, nil
}

// FactsResultOf turns facts, and what differs in them, into what programs read.
func (p Ports) FactsResultOf(f tenant.Facts, differ []verdict.Finding) FactsResult {
	_, stale := f.Stale(p.Now())
	r := FactsResult{
		IsKnown: !f.IsZero(), Tenant: f.ID, AsOf: Timestamp(f.AsOf), Source: f.Source, Stale: stale, Domains: OrEmpty(f.Domains),
		Users:  FactsUsers{numberOrNil(f.Users.Free), numberOrNil(f.Users.Pro), numberOrNil(f.Users.PPU)},
		Groups: []FactsGroup{}, Differences: ReasonsOf(differ), Message: p.factsAge(f),
	}
	for _, x := range f.Groups {
		r.Groups = append(r.Groups, FactsGroup{x.ID, x.Name, numberOrNil(x.Members)})
	}
	r.Capacities = eachKnown(f.Capacities, func(c tenant.Capacity) FactsCapacity {
		return FactsCapacity{c.ID, c.Name, c.SKU.String(), c.State, c.Region}
	})
	r.Settings = eachKnown(f.Settings, func(s tenant.Setting) FactsSetting {
		return FactsSetting{s.Name, s.Enabled, s.Grouped, reachOf(s.Name)}
	})
	r.Subscriptions = eachKnown(f.Subscriptions, func(s tenant.Subscription) FactsSubscription {
		return FactsSubscription{s.Name, s.Plan, s.State, numberOrNil(s.Bought), numberOrNil(s.Assigned)}
	})
	return r
}

// factsAge says from where facts are, and how old where that matters; empty if
// nothing is known.
func (p Ports) factsAge(f tenant.Facts) string {
	if finding, stale := f.Stale(p.Now()); stale {
		return finding.Message + ": " + finding.Hint
	}
	if f.IsZero() {
		return ""
	}
	return fmt.Sprintf("known from %s, as of %s", f.Source, FormatDay(f.AsOf))
}

// eachKnown turns a list that may be unknown into another; nil if it is unknown.
func eachKnown[From, To any](all tenant.Known[[]From], turn func(From) To) *[]To {
	from, ok := all.Get()
	if !ok {
		return nil
	}
	out := []To{}
	for _, x := range from {
		out = append(out, turn(x))
	}
	return &out
}

// numberOrNil is a number that may be unknown.
func numberOrNil(k tenant.Known[int64]) *int64 {
	if n, ok := k.Get(); ok {
		return &n
	}
	return nil
}

// reachOf says what a setting of the tenant concerns.
func reachOf(name string) string {
	for _, k := range tenant.KnownSettings() {
		if k.Name == name {
			return string(k.Reach)
		}
	}
	return ""
}
