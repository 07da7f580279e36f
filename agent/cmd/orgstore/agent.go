package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/fsnotify/fsnotify"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
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

// ping asks an address that is a secret whether anything listens there.
func ping(env func(string) string) func(context.Context, config.Settings, config.Secret) error {
	return func(ctx context.Context, s config.Settings, at config.Secret) error {
		return toSecret(ctx, env, s, engine.Post{To: at}, http.MethodGet)
	}
}

// secretAt reads a secret from where the settings say it is.
func secretAt(d disk.Disk, env func(string) string, at config.Secret) (string, error) {
	if at.File != "" {
		return secretIn(d, at.File)
	}
	return secretOf(env, at.Env)
}
