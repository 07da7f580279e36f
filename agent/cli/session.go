package cli

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/packages/disk"
)

// open reads the settings and opens what they name. Close it.
func (g *globals) open(ctx context.Context) (*session, error) {
	settings, err := g.settings()
	if err != nil {
		return nil, err
	}
	return g.openWith(ctx, settings)
}

// openWith opens what settings name.
func (g *globals) openWith(ctx context.Context, settings config.Settings) (*session, error) {
	if err := checkAccess(settings); err != nil {
		return nil, err
	}
	e, err := engine.Open(ctx, settings, g.Ports, g.settings)
	if err != nil {
		return nil, err
	}
	return &session{g, e}, nil
}

// A session is what a command works with: what it was asked for, and what is
// opened for it.
type session struct {
	*globals
	*engine.Engine
}

// settings reads the settings file that the command line names.
func (g *globals) settings() (config.Settings, error) {
	name, err := filepath.Abs(g.settingsFile)
	if err != nil {
		return config.Settings{}, err
	}
	if err := g.Guard("the settings file", name); err != nil {
		return config.Settings{}, err
	}
	text, err := disk.ReadFile(g.Disk, name, config.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return config.Settings{}, fault.New("settings.missing",
			"run `orgstore init` to write one here, or name one with --config", "there are no settings in %s", g.settingsFile)
	}
	if errors.Is(err, fs.ErrPermission) {
		return config.Settings{}, fault.New("file.unreadable", "let its owner open it to those who are to run orgstore: chmod o+r; there are no secrets in it", "cannot read %s: it is closed to this account", g.settingsFile)
	}
	if err != nil {
		return config.Settings{}, files.Unreadable(g.settingsFile, err)
	}
	s, err := config.Parse(name, text)
	if err != nil {
		return s, &fault.Fault{Code: "settings.invalid", Err: err, Hint: "mend the settings file; nothing was done"}
	}
	return s, nil
}

// said adds to a message, for programs, what people were told on the way.
func (s *session) said(message string) string {
	return s.withIncomplete(message, []string{s.UnreadLibrary, s.UnpostedLibrary})
}

// withIncomplete adds to a message, for programs, what could not be read or shown.
// People are told of it by notes.
func (g *globals) withIncomplete(message string, incomplete []string) string {
	if g.format != output.JSON {
		return message
	}
	for _, more := range incomplete {
		if more != "" {
			message = strings.TrimPrefix(message+"; "+more, "; ")
		}
	}
	return message
}
