package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
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

func newNoticeTest(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "test CHANNEL",
		Short:   "Send a test notice to one channel",
		Example: "  orgstore notice test admins",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE:    g.answering(func(ctx context.Context, args []string) (answer, error) { return runNoticeTest(ctx, g, args[0]) }),
	}
}

func runNoticeList(ctx context.Context, g *globals) (answer, error) {
	out, err := carryOut(ctx, g, operation.NoticeChannels, engine.NoticeChannelsRequest{})
	if err != nil {
		return answer{}, err
	}
	view := output.View{Columns: []string{"CHANNEL", "WHO", "EVENTS", "WHEN", "LAST TOLD", "WAITING", "STATE"}}
	for _, c := range out.Result.Channels {
		events, when, state := "all", "at once", c.State
		if len(c.Events) > 0 {
			events = strings.Join(c.Events, ", ")
		}
		if c.Digest != "" {
			when = "daily at " + c.Digest
		}
		if c.Problem != "" {
			state += ": " + c.Problem
		}
		view.Rows = append(view.Rows, []string{c.Name, c.Recipient, events, when, orDash(c.LastTold), strconv.Itoa(len(c.Waiting)), state})
	}
	return answer{data: out.Result.Channels, view: view, message: g.withIncomplete(out.Result.Message, out.Incomplete)}, nil
}

func runNoticeSend(ctx context.Context, g *globals, names []string) (answer, error) {
	s, err := g.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	sent, err := s.SendNotices(ctx, names)
	return sentAnswer(s, sent), err
}

func runNoticeTest(ctx context.Context, g *globals, name string) (answer, error) {
	s, err := g.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	sent, to, err := s.TestChannel(ctx, name)
	a := sentAnswer(s, sent)
	if err == nil {
		a.message = s.said("sent: " + to)
	}
	return a, err
}

func sentAnswer(s *session, sent []engine.SentMessage) answer {
	view := output.View{Columns: []string{"CHANNEL", "EVENT", "NOTICE"}}
	for _, m := range sent {
		for _, n := range m.Notices {
			view.Rows = append(view.Rows, []string{m.Channel, n.Event, n.Title})
		}
	}
	if sent == nil {
		return answer{}
	}
	a := answer{data: sent, view: view, message: s.said("")}
	if len(sent) == 0 {
		a.message = s.said("there was nothing to tell")
	}
	return a
}
