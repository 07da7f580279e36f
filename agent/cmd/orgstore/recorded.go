package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/learn"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/recipe"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/replay"
	"github.com/orgstore/orgstore/packages/store"
)

// hostsOf says whom recorded requests may go to. Endpoints that the settings
// name instead of a cloud's own are trusted with tokens anyway.
func hostsOf(s config.Settings) (recipe.Hosts, error) {
	e, extra := s.Endpoints, recipe.Extra{}
	cloud := s.Cloud
	if cloud == "" {
		cloud = "public"
	}
	if e.PowerBI != "" {
		known, err := graph.CloudNamed(s.Cloud)
		if err != nil {
			return recipe.Hosts{}, err
		}
		cloud, extra.Audience = "custom", cmp.Or(e.PowerBIAudience, known.PowerBIAudience)
	}
	for _, named := range []string{e.PowerBI, e.Portal} {
		if u, err := url.Parse(named); err == nil && u.Host != "" {
			extra.Service = append(extra.Service, u.Host)
		}
	}
	return recipe.HostsOf(cloud, extra)
}

// learnRecipe makes a recipe from a recording.
func learnRecipe(s config.Settings, har []byte, known engine.RecordedSession) (engine.LearnedRecipe, error) {
	hosts, err := hostsOf(s)
	if err != nil {
		return engine.LearnedRecipe{}, err
	}
	r, err := learn.ReadHAR(har)
	if err != nil {
		return engine.LearnedRecipe{}, err
	}
	learned, notes, err := learn.FromRecording(r, learn.Known{
		GUID: known.GUID, Name: known.Name, Update: known.Update, UpdateFile: known.UpdateFile,
		Added: known.Added, AddedFile: known.AddedFile, Access: known.Access,
	}, hosts)
	var l engine.LearnedRecipe
	for _, n := range notes {
		l.Notes = append(l.Notes, string(n))
	}
	if err != nil {
		return l, err
	}
	if step, beyond := learned.List.StepBeyondReading(); beyond {
		l.Notes = append(l.Notes, fmt.Sprintf("the list is asked for by %s, which may do more than read: `orgstore store try` refuses it, and nothing of it is sent until the settings accept the recipe", step))
	}
	l.Recipe, l.Digest = learned.YAML(), learned.Digest()
	for _, line := range learned.Lines() {
		l.Requests = append(l.Requests, engine.RecipeRequest{For: line.Flow, Method: line.Method, Host: line.Host, Path: line.Path, Sends: line.Sends, Token: line.Token})
	}
	return l, nil
}

// Recorded opens the store that a recipe drives.
func (r *remote) Recorded(name string, text []byte, approved string) (store.Store, error) {
	hosts, err := hostsOf(r.settings)
	if err != nil {
		return nil, err
	}
	parsed, err := recipe.Parse(name, text, hosts)
	if err != nil {
		return nil, err
	}
	return replay.Open(replay.Options{
		Recipe: parsed, Hosts: hosts, Transport: once{r.connection.PlainClient().Transport}, Authorize: bearer{r.connection}, Approved: approved,
		Timeout: 10 * time.Minute,
	})
}

// once sends what changes something a second time only where it is known not to
// have arrived. It follows no redirect.
type once struct{ http.RoundTripper }

// RoundTrip sends a request.
func (o once) RoundTrip(req *http.Request) (*http.Response, error) {
	reads := req.Method == http.MethodGet
	return o.RoundTripper.RoundTrip(req.WithContext(graph.Repeatable(req.Context(), reads)))
}

// A bearer adds orgstore's own token for Power BI.
type bearer struct{ connection *graph.Connection }

// Authorize adds it.
func (b bearer) Authorize(ctx context.Context, req *http.Request) error {
	token, err := b.connection.Token(ctx, graph.PowerBI)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token.Token)
	return nil
}
