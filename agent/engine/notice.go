package engine

import (
	"slices"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/notify"
)

type ChannelStatus struct {
	Name      string   `json:"name"`
	Recipient string   `json:"recipient"`
	Events    []string `json:"events"` // empty: all
	Digest    string   `json:"digest"` // empty: at once
	Since     string   `json:"since"`
	LastTold  string   `json:"last_told"`
	Messages  int      `json:"messages"`
	State     string   `json:"state"` // ok, new or failing
	Problem   string   `json:"problem"`
	TriedNext string   `json:"tried_next"`
	Waiting   []Notice `json:"waiting"` // what it has yet to be told
}

type Notice struct {
	Event   string `json:"event"`
	Level   string `json:"level"`
	Code    string `json:"code,omitempty"`
	Visual  string `json:"visual,omitempty"`
	Title   string `json:"title"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func (e *Engine) ChannelStatusOf(c config.Channel, state channelState, all []notify.Notice) ChannelStatus {
	d := ChannelStatus{
		Name: c.Name, Recipient: c.Recipient(), Events: append([]string{}, c.Events...), State: "ok", Problem: state.Problem,
		TriedNext: Timestamp(state.Again), Waiting: []Notice{},
	}
	if c.Digest != nil {
		d.Digest = c.Digest.String()
	}
	told, known := e.Journal.Book().Channel(c.Name)
	d.Since, d.LastTold, d.Messages = Timestamp(told.Since), Timestamp(told.Last), told.Messages
	switch {
	case state.Tries > 0:
		d.State = "failing"
	case !known || told.Messages == 0:
		d.State = "new"
	}
	for _, n := range c.Due(e.Journal.Book(), all) {
		d.Waiting = append(d.Waiting, NoticeOf(n))
	}
	return d
}

func NoticeOf(n notify.Notice) Notice {
	return Notice{string(n.Event), string(n.Level), string(n.Code), n.GUID, n.Title, n.Text, n.Hint}
}

// Channels picks those of the names, or all.
func (e *Engine) Channels(names []string) ([]config.Channel, error) {
	for _, name := range names {
		if _, ok := e.Settings.Channel(name); !ok {
			return nil, fault.New("notice.channel", "`orgstore notice list` shows them all", "the settings have no channel %q", name)
		}
	}
	if len(names) == 0 {
		return e.Settings.Notify, nil
	}
	return slices.DeleteFunc(slices.Clone(e.Settings.Notify), func(c config.Channel) bool { return !slices.Contains(names, c.Name) }), nil
}
