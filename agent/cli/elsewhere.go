package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/localapi"
)

// A closed is the error of who may not open the data folder.
type closed struct{ settings config.Settings }

func (c *closed) Error() string {
	return fmt.Sprintf("the data in %s are closed to this account", c.settings.Data)
}

// shut refuses to go on where the data folder is closed to this account.
func shut(s config.Settings) error {
	if localapi.Closed(s.Data) {
		return &closed{s}
	}
	return nil
}

// request takes a command line apart. Which settings it names is not the agent's
// to hear: it goes by its own.
func (g *globals) request(cmd *cobra.Command, args []string) localapi.Request {
	q := localapi.Request{Command: name(cmd), Args: args, Terminal: g.InTerminal}
	add := func(name, value string) { q.Flags = append(q.Flags, localapi.Flag{Name: name, Value: value}) }
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains([]string{"config", "output", "query"}, f.Name) {
			add(f.Name, f.Value.String())
		}
	})
	form := g.format // also where a variable said so
	if g.query != "" {
		form = output.JSON
	}
	add("output", string(form))
	return q
}

// elsewhere lets the agent carry out a command that this account cannot, since the
// data folder is closed to it.
func (g *globals) elsewhere(ctx context.Context, cmd *cobra.Command, args []string, c *closed) error {
	q, s := g.request(cmd, args), c.settings
	if !serves(q.Command, q.Flags) || s.Agent.Socket == "" {
		return g.closedTo(q, c)
	}
	q.Settings = s.Digest()
	owner, err := localapi.Owner(s.Data)
	if err != nil {
		return err
	}
	for range maxQuestions {
		r, err := localapi.Call(ctx, s.Agent.Socket, owner, q)
		if err != nil {
			return g.unanswered(err, s.Agent.Socket)
		}
		if err := written(g.Err, r.Err); err != nil {
			return err
		}
		if r.Ask == nil {
			return g.answered(cmd, r)
		}
		if err := g.ask(ctx, r.Ask.Question); err != nil {
			return err
		}
		q.Agreed = append(q.Agreed, r.Ask.Sum)
	}
	return fault.New("socket.questions", "look at orgstore plan, then name the change by its step", "what is to be decided changes all the time")
}

// answered passes on what the agent answered. A query is asked here, as it would be
// of one's own answer.
func (g *globals) answered(cmd *cobra.Command, r localapi.Reply) error {
	g.exit = r.Exit
	var e output.Envelope
	switch {
	case g.query == "":
		return written(g.Out, r.Out)
	case json.Unmarshal(r.Out, &e) != nil:
		return fault.New("socket.answer", "let both be of one version of orgstore", "the agent's answer cannot be read")
	case e.Status != output.Success && g.format == output.JSON:
		return written(g.Out, r.Out)
	case e.Status != output.Success:
		return nil // standard error says why
	}
	return g.print(cmd, answer{data: e.Result.Data, message: e.Result.Message})
}

// closedTo says who may do what this account cannot.
func (g *globals) closedTo(q localapi.Request, c *closed) error {
	owner := "the account that they belong to"
	if uid, err := localapi.Owner(c.settings.Data); err == nil {
		if a, err := g.ActorOf(uid); err == nil {
			owner = cmp.Or(a.Name, "#"+a.ID)
		}
	}
	hint := fmt.Sprintf("run it as %s: sudo -u %s orgstore %s", owner, owner, q.Command)
	switch known := serves(q.Command, nil); {
	case known && c.settings.Agent.Socket == "":
		hint += "; so that people can run it under their own accounts, let the agent serve them: agent: {socket: /run/orgstore/orgstore.sock} in the settings"
	case known:
		for _, f := range q.Flags {
			if !serves(q.Command, []localapi.Flag{f}) {
				hint += "; without --" + f.Name + " the agent does it for you"
			}
		}
	}
	return fault.New("data.closed", hint, "cannot %s: %w", q.Command, c)
}

// unanswered says why the agent did nothing.
func (g *globals) unanswered(err error, socket string) error {
	switch {
	case errors.Is(err, localapi.ErrNobody):
		return fault.New("socket.nobody", "start it: orgstore service start, as root", "the data are closed to this account, and no agent serves callers at %s", socket)
	case errors.Is(err, localapi.ErrOutside):
		group := localapi.Group(socket)
		return fault.New("socket.outside", fmt.Sprintf("let root add your account, then sign in again: usermod --append --groups %s ACCOUNT", group),
			"the agent serves the members of the group %s at %s, and you are not one", group, socket)
	case errors.Is(err, localapi.ErrStranger):
		return fault.New("socket.stranger", "find out whose process that is: it may want to pass for the agent", "nothing was asked of whoever listens at %s: it is another account than that of the data", socket)
	}
	return err
}

func written(w io.Writer, text []byte) error {
	_, err := w.Write(text)
	return err
}
