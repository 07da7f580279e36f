package engine

import (
	"path/filepath"

	"github.com/orgstore/orgstore/agent/journal"
)

// checkpointFile is the checkpoint in the data folder.
const checkpointFile = "checkpoint"

// checkpoints are in the data folder, and where the settings say.
func (e *Engine) checkpoints() journal.Checkpoints {
	files := []string{filepath.Join(e.Settings.Data, checkpointFile)}
	if e.Settings.Checkpoint != "" {
		files = append(files, e.Settings.Checkpoint)
	}
	return journal.Checkpoints{Disk: e.Disk, Files: files, Note: e.note}
}
