package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/notify"
)

func newNotice(g *globals) *cobra.Command {
	return group("notice", "Tell people what happened and what is about to", `Tell people what happened and what is about to.

Who is told, of what and when is in the settings, under notify: by mail through
the tenant, as a card in Teams, or by a signed webhook. The agent and apply tell
it by themselves; a channel is told the same thing once.`, newNoticeList(g), newNoticeSend(g), newNoticeTest(g))
}

func newNoticeList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the channels: who is told of what, when last, and what waits",
		Long: `List the channels: who is told of what, when last, and what waits.

STATE is ok, new (it was never told anything) or failing, with the reason.`,
		Example: `  orgstore notice list
  orgstore notice list -o json --query "[?state=='failing'].[name, problem]"`,
		Args: arguments(cobra.NoArgs),
		RunE: g.answering(func(ctx context.Context, _ []string) (answer, error) { return runNoticeList(ctx, g) }),
	}
}

func runNoticeList(ctx context.Context, g *globals) (answer, error) {
	s, err := g.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	p, in, err := s.LookAndPlan(ctx, nil)
	if err != nil {
		return answer{}, err
	}
	states, err := s.ChannelStates()
	if err != nil {
		return answer{}, err
	}
	all := s.Notices(p, in)
	data := []engine.ChannelStatus{}
	view := output.View{Columns: []string{"CHANNEL", "WHO", "EVENTS", "WHEN", "LAST TOLD", "WAITING", "STATE"}}
	for _, c := range s.Settings.Notify {
		d := s.ChannelStatusOf(c, states[c.Name], all)
		data = append(data, d)
		events, when, state := "all", "at once", d.State
		if len(d.Events) > 0 {
			events = strings.Join(d.Events, ", ")
		}
		if d.Digest != "" {
			when = "daily at " + d.Digest
		}
		if d.Problem != "" {
			state += ": " + d.Problem
		}
		view.Rows = append(view.Rows, []string{d.Name, d.Recipient, events, when, orDash(d.LastTold), strconv.Itoa(len(d.Waiting)), state})
	}
	a := answer{data: data, view: view, message: s.said("")}
	if len(data) == 0 {
		a.message = s.said("nobody is told anything: name channels in the settings, under notify")
	}
	return a, nil
}

type sentData struct {
	Channel string          `json:"channel"`
	Message string          `json:"message_id"`
	Notices []engine.Notice `json:"notices"`
}

func newNoticeSend(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "send [CHANNEL...]",
		Short: "Send now what the channels have yet to be told",
		Long: `Send now what the channels have yet to be told.

The agent and apply do so by themselves. This waits for no digest, and tries
channels that failed at once.`,
		Example: `  orgstore notice send
  orgstore notice send admins`,
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) { return runNoticeSend(ctx, g, args) }),
	}
}

func runNoticeSend(ctx context.Context, g *globals, names []string) (answer, error) {
	s, err := g.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	channels, err := s.Channels(names)
	if err != nil {
		return answer{}, err
	}
	p, in, err := s.LookAndPlan(ctx, nil)
	if err != nil {
		return answer{}, err
	}
	sent, err := s.Deliver(ctx, s.Notices(p, in), channels, true)
	return sentAnswer(s, sent), err
}

func sentAnswer(s *session, sent []engine.Delivery) answer {
	data := []sentData{}
	view := output.View{Columns: []string{"CHANNEL", "EVENT", "NOTICE"}}
	for _, one := range sent {
		d := sentData{one.Channel, one.Message.ID, []engine.Notice{}}
		for _, n := range one.Message.Notices {
			d.Notices = append(d.Notices, engine.NoticeOf(n))
			view.Rows = append(view.Rows, []string{one.Channel, string(n.Event), n.Title})
		}
		data = append(data, d)
	}
	a := answer{data: data, view: view, message: s.said("")}
	if len(data) == 0 {
		a.message = s.said("there was nothing to tell")
	}
	return a
}

func newNoticeTest(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "test CHANNEL",
		Short:   "Send a test notice to one channel",
		Example: "  orgstore notice test admins",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE:    g.answering(func(ctx context.Context, args []string) (answer, error) { return runNoticeTest(ctx, g, args[0]) }),
	}
}

func runNoticeTest(ctx context.Context, g *globals, name string) (answer, error) {
	s, err := g.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	channels, err := s.Channels([]string{name})
	if err != nil {
		return answer{}, err
	}
	channels[0].Events = nil // whatever it is told of otherwise
	sent, err := s.Deliver(ctx, []notify.Notice{notify.Trial(s.Tx)}, channels, true)
	a := sentAnswer(s, sent)
	if err == nil {
		a.message = s.said("sent: " + channels[0].Recipient())
	}
	return a, err
}
