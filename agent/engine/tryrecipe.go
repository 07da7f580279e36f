package engine

import (
	"cmp"
	"context"
	"slices"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/visual"
)

// A TriedVisual is one that a store lists when it is asked as a recipe says.
type TriedVisual struct {
	GUID    string `json:"guid"`
	Name    string `json:"name"`
	Version string `json:"version"` // empty where the list does not show it
	Access  string `json:"access"`  // on, off or unknown
	Source  string `json:"source"`  // file, appsource or unknown
	Problem string `json:"problem"`
}

// TryRecipe lists what the store holds that a recipe drives; an empty recipe means that
// of the settings. No digest is approved, so that nothing but requests that read can be
// sent.
func TryRecipe(ctx context.Context, settings config.Settings, ports Ports, recipe string) ([]TriedVisual, error) {
	for _, t := range settings.Stores {
		recipe = cmp.Or(recipe, t.Recipe)
	}
	if recipe == "" {
		return nil, fault.Usage("learn one from a recording: `orgstore store learn`", "name a recipe with --recipe; the settings have none")
	}
	e := &Engine{Ports: ports, Settings: settings}
	target, err := e.openStore(config.Store{Driver: config.RecordedDriver, Recipe: recipe})
	if e.tenant != nil {
		defer func() { _ = e.tenant.Close() }() // idle connections: nobody could do anything about it
	}
	if err != nil {
		return nil, err
	}
	listed, err := target.Installed(ctx)
	if err != nil {
		return nil, err
	}
	guids := make([]visual.GUID, 0, len(listed))
	for g := range listed {
		guids = append(guids, g)
	}
	slices.SortFunc(guids, visual.GUID.Compare)
	tried := []TriedVisual{}
	for _, g := range guids {
		l := listed[g]
		v := TriedVisual{GUID: g.String(), Name: l.Name, Access: "unknown", Source: cmp.Or(string(l.Source), "unknown"), Problem: l.Problem}
		if l.Release != nil {
			v.Version = l.Release.Version.String()
		}
		if l.Enabled != nil {
			v.Access = map[bool]string{true: "on", false: "off"}[*l.Enabled]
		}
		tried = append(tried, v)
	}
	return tried, nil
}
