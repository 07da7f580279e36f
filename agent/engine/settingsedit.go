package engine

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/disk"
)

// A settingsEdit returns the text of the settings file with a change. Its error is of
// type config.Faults if the file, before or after, is at fault.
type settingsEdit func(text []byte) ([]byte, error)

// checkEdit reports whether an edit of the settings file can be made. It writes nothing.
func (p Ports) checkEdit(s config.Settings, edit settingsEdit) error {
	_, err := p.editedSettings(s, edit)
	return err
}

// editSettings changes the settings file in one piece: a reader sees the old or the
// new one. What does not parse afterwards is not written.
func (p Ports) editSettings(s config.Settings, edit settingsEdit) error {
	edited, err := p.editedSettings(s, edit)
	if err != nil {
		return err
	}
	return p.Write(s.File, 0o644, edited)
}

// editedSettings returns the text of the settings file as it is now, with an edit.
func (p Ports) editedSettings(s config.Settings, edit settingsEdit) ([]byte, error) {
	if err := p.Guard("the settings file", s.File); err != nil {
		return nil, err
	}
	text, err := disk.ReadFile(p.Disk, s.File, config.MaxSize)
	if err != nil {
		return nil, files.Unreadable(s.File, err)
	}
	edited, err := edit(text)
	if faults := (config.Faults)(nil); errors.As(err, &faults) {
		return nil, &fault.Fault{Code: "settings.invalid", Err: err, Hint: "nothing was written"}
	}
	return edited, err
}

// recordAndEdit records who decided something, then writes it into the settings file:
// no interruption loses who it was. The caller has checked the edit, so that what cannot
// be written is not recorded.
func (e *Engine) recordAndEdit(ctx context.Context, edit settingsEdit, facts ...journal.Fact) error {
	if err := e.Journal.Append(ctx, e.Tx, facts...); err != nil {
		return err
	}
	return e.editSettings(e.Settings, edit)
}

// besideSettings returns a path as the settings should have it: relative to their
// folder if it lies inside.
func besideSettings(s config.Settings, path string) string {
	rel, err := filepath.Rel(filepath.Dir(s.File), path)
	if err != nil || !filepath.IsLocal(rel) {
		return path
	}
	return filepath.ToSlash(rel)
}
