package notify

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"time"

	"github.com/orgstore/orgstore/packages/disk"
)

const (
	// maxChannels bounds the file that says how channels are, in bytes.
	maxChannels    = 1 << 20
	channelsFormat = 1
)

// A ChannelState is how a channel is, beside what the journal has. Its members
// are never renamed.
type ChannelState struct {
	// Digest is the last time of day whose digest was seen to.
	Digest time.Time `json:"digest,omitzero"`
	// Since is when it began to fail, Tries how often it has in a row, and Again
	// when it is tried next.
	Since   time.Time `json:"since,omitzero"`
	Tries   int       `json:"tries,omitempty"`
	Again   time.Time `json:"again,omitzero"`
	Problem string    `json:"problem,omitempty"`
}

type channelsFile struct {
	Format   int                     `json:"orgstore_channels"`
	Channels map[string]ChannelState `json:"channels"`
}

func (d Deliverer) channelsFile() string { return filepath.Join(d.folder(), "channels.json") }

// ChannelStates reads how channels are. A file that cannot be understood is as
// good as none: what was told is in the journal.
func (d Deliverer) ChannelStates() (map[string]ChannelState, error) {
	text, err := disk.ReadFile(d.Disk, d.channelsFile(), maxChannels)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]ChannelState{}, nil
	}
	if err != nil {
		return nil, err
	}
	var f channelsFile
	if json.Unmarshal(text, &f) != nil || f.Format != channelsFormat || f.Channels == nil {
		return map[string]ChannelState{}, nil
	}
	return f.Channels, nil
}

func (d Deliverer) saveChannels(states map[string]ChannelState) error {
	maps.DeleteFunc(states, func(name string, _ ChannelState) bool { return !d.HasChannel(name) })
	text, err := json.Marshal(channelsFile{channelsFormat, states})
	if err != nil {
		return err
	}
	return disk.Replace(d.Disk, d.channelsFile(), 0o600, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
