package notify

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"time"

	"github.com/orgstore/orgstore/packages/disk/statefile"
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

func (d Deliverer) channelsFile() statefile.File {
	return statefile.File{
		Disk: d.Disk, Name: filepath.Join(d.folder(), "channels.json"), Member: "orgstore_channels", Format: channelsFormat, MaxSize: maxChannels,
	}
}

// ChannelStates reads how channels are. A file that cannot be understood is as
// good as none: what was told is in the journal. That of a newer program is an error.
func (d Deliverer) ChannelStates() (map[string]ChannelState, error) {
	f, err := statefile.ReadJSON[channelsFile](d.channelsFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, statefile.ErrDamaged) {
		return nil, err
	}
	if f.Channels == nil {
		f.Channels = map[string]ChannelState{}
	}
	return f.Channels, nil
}

func (d Deliverer) saveChannels(states map[string]ChannelState) error {
	maps.DeleteFunc(states, func(name string, _ ChannelState) bool { return !d.HasChannel(name) })
	return statefile.WriteJSON(d.channelsFile(), channelsFile{channelsFormat, states})
}
