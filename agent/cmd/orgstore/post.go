package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/packages/disk"
)

// hookID is the header by which whoever is told the same twice can tell.
const hookID = "webhook-id"

// post posts JSON to an address that is a secret.
func post(env func(string) string) func(context.Context, config.Settings, engine.Post) error {
	return func(ctx context.Context, s config.Settings, p engine.Post) error {
		_, once := p.Header[hookID]
		return toSecret(graph.Repeatable(ctx, once), env, s, p, http.MethodPost)
	}
}

// hookLimits let a call to somebody else's server take half a minute, no more:
// the next try comes soon.
func hookLimits() graph.Limits {
	return graph.Limits{MaxTries: 3, MaxRetryWait: 15 * time.Second, StallTimeout: 10 * time.Second, MaxJSONBytes: 64 << 10, MaxBodyBytes: 64 << 10}
}

// toSecret calls an address that is a secret, by the network that the settings
// name. No error shows more of the address than its host.
func toSecret(ctx context.Context, env func(string) string, s config.Settings, p engine.Post, method string) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(p.Patience, 30*time.Second))
	defer cancel()
	address, err := secretAt(disk.OS(), env, p.To)
	if err != nil {
		return err
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return fmt.Errorf("what is in %s is not an https address", p.To)
	}
	o, err := options(disk.OS(), s, engine.Remote{Env: env})
	if err != nil {
		return err
	}
	o.Limits = hookLimits()
	o.Limits.StallTimeout = max(o.Limits.StallTimeout, p.Patience)
	c, err := graph.Connect(o)
	if err != nil {
		return err
	}
	defer c.Close()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(p.Body))
	if err != nil {
		return fmt.Errorf("what is in %s is not an https address", p.To)
	}
	if len(p.Body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range p.Header {
		req.Header.Set(name, value)
	}
	client := *c.PlainClient()
	if method != http.MethodGet { // a redirect would turn it into a GET of a page, which always goes well
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	resp, err := client.Do(req)
	if err != nil {
		return graph.WrapError("", method+" to "+u.Hostname(), err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s answered %s", u.Hostname(), resp.Status)
	}
	return nil
}
