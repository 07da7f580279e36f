package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/packages/disk"
)

// watch says which files in folders change, until the context ends. What a
// network share does not tell is seen by looking now and then.
func watch(ctx context.Context, folders []string, changed func(string)) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	for _, f := range folders {
		if err := w.Add(f); err != nil {
			return fmt.Errorf("cannot watch %s: %w", f, err)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, more := <-w.Events:
			if !more {
				return nil
			}
			if e.Op != fsnotify.Chmod {
				changed(e.Name)
			}
		case err := <-w.Errors:
			return err
		}
	}
}

// pingLimits let a heartbeat take half a minute, no more: the next comes soon.
func pingLimits() graph.Limits {
	return graph.Limits{Tries: 3, Wait: 15 * time.Second, Patient: 10 * time.Second, Answer: 64 << 10, File: 64 << 10}
}

// ping asks an address that is a secret, by the network that the settings name.
func ping(env func(string) string) func(context.Context, config.Settings, config.Secret) error {
	return func(ctx context.Context, s config.Settings, at config.Secret) error {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		address, err := secretAt(disk.OS(), env, at)
		if err != nil {
			return err
		}
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" || u.Host == "" {
			return fmt.Errorf("what is in %s is not an https address", at)
		}
		o, err := options(disk.OS(), s, cli.Remote{Env: env})
		if err != nil {
			return err
		}
		o.Limits = pingLimits()
		c, err := graph.Connect(o)
		if err != nil {
			return err
		}
		defer c.Close()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return fmt.Errorf("what is in %s is not an https address", at)
		}
		resp, err := c.HTTP().Do(req)
		if err != nil {
			return graph.Trouble("", "heartbeat", err)
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
		if resp.StatusCode/100 != 2 {
			return fmt.Errorf("%s answered %s", u.Host, resp.Status)
		}
		return nil
	}
}

// secretAt reads a secret from where the settings say it is.
func secretAt(d disk.Disk, env func(string) string, at config.Secret) (string, error) {
	if at.File != "" {
		return secretIn(d, at.File)
	}
	return secretOf(env, at.Env)
}
