package engine

import (
	"context"
	"slices"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/notify"
)

// A ChannelStatus is how a channel is: who is told of what, when last, and what
// waits.
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

// A Notice is one thing that people are told.
type Notice struct {
	Event   string `json:"event"`
	Level   string `json:"level"`
	Code    string `json:"code,omitempty"`
	Visual  string `json:"visual,omitempty"`
	Title   string `json:"title"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// channelStatusOf says how a channel is, and what it has yet to be told.
func (e *Engine) channelStatusOf(c config.Channel, state notify.ChannelState, all []notify.Notice) ChannelStatus {
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
		d.Waiting = append(d.Waiting, noticeOf(n))
	}
	return d
}

// noticeOf turns a notice into what programs read.
func noticeOf(n notify.Notice) Notice {
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

// A SentMessage is one message that went to a channel.
type SentMessage struct {
	Channel string   `json:"channel"`
	Message string   `json:"message_id"`
	Notices []Notice `json:"notices"`
}

// A NoticeChannelsRequest asks how the channels are.
type NoticeChannelsRequest struct{}

// A NoticeChannelsResult lists the channels in the order of the settings.
type NoticeChannelsResult struct {
	Channels []ChannelStatus `json:"channels"`
	Message  string          `json:"message"` // one sentence for people
}

// NoticeChannels lists the channels: who is told of what, when last, and what waits.
func (e *Engine) NoticeChannels(ctx context.Context, _ NoticeChannelsRequest) (NoticeChannelsResult, error) {
	p, in, err := e.lookAndPlan(ctx, nil)
	if err != nil {
		return NoticeChannelsResult{}, err
	}
	states, err := e.deliverer().ChannelStates()
	if err != nil {
		return NoticeChannelsResult{}, err
	}
	all, out := e.Notices(p, in), NoticeChannelsResult{Channels: []ChannelStatus{}}
	for _, c := range e.Settings.Notify {
		out.Channels = append(out.Channels, e.channelStatusOf(c, states[c.Name], all))
	}
	if len(out.Channels) == 0 {
		out.Message = "nobody is told anything: name channels in the settings, under notify"
	}
	return out, nil
}

// SendNotices sends at once what channels have yet to be told; no names mean all
// channels. It waits for no digest, and tries channels that failed.
func (e *Engine) SendNotices(ctx context.Context, names []string) ([]SentMessage, error) {
	channels, err := e.Channels(names)
	if err != nil {
		return nil, err
	}
	p, in, err := e.lookAndPlan(ctx, nil)
	if err != nil {
		return nil, err
	}
	sent, err := e.deliver(ctx, e.Notices(p, in), channels, true)
	return sentMessages(sent), err
}

// TestChannel sends a test notice to one channel, and returns who got it.
func (e *Engine) TestChannel(ctx context.Context, name string) (sent []SentMessage, recipient string, err error) {
	channels, err := e.Channels([]string{name})
	if err != nil {
		return nil, "", err
	}
	channels[0].Events = nil // whatever it is told of otherwise
	delivered, err := e.deliver(ctx, []notify.Notice{notify.Trial(e.Tx)}, channels, true)
	return sentMessages(delivered), channels[0].Recipient(), err
}

func sentMessages(sent []notify.Delivery) []SentMessage {
	out := []SentMessage{}
	for _, one := range sent {
		m := SentMessage{one.Channel, one.Message.ID, []Notice{}}
		for _, n := range one.Message.Notices {
			m.Notices = append(m.Notices, noticeOf(n))
		}
		out = append(out, m)
	}
	return out
}
