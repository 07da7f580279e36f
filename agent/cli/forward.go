package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/localapi"
)

// A closedError is the error of an account that may not open the data folder.
type closedError struct {
	settings config.Settings
	// isServed says that the agent does it for others, if it listens.
	isServed bool
	// without is the flag without which the agent does it; empty if there is none.
	without string
}

func (e *closedError) Error() string {
	return fmt.Sprintf("the data in %s are closed to this account", e.settings.Data)
}

// checkAccess refuses to go on if the data folder is closed to this account.
func checkAccess(s config.Settings) error {
	if localapi.Closed(s.Data) {
		return &closedError{settings: s}
	}
	return nil
}

// carryOut carries out an operation here, or in the agent if the data folder is
// closed to this account, and tells people what they should know beside the result.
func carryOut[Request, Result any](ctx context.Context, g *globals, op operation.Operation[Request, Result], r Request) (operation.Outcome[Result], error) {
	settings, err := g.settings()
	if err != nil {
		return operation.Outcome[Result]{}, err
	}
	var out operation.Outcome[Result]
	if checkAccess(settings) != nil && !op.NeedsNoData {
		out, err = forwardToAgent(ctx, settings, op, r)
	} else {
		out, err = op.Run(ctx, operation.Installation{Ports: g.Ports, Settings: settings, Reread: g.settings}, r)
	}
	for _, text := range out.Notes {
		g.note("%s", text)
	}
	return out, err
}

// forwardToAgent lets the agent carry out an operation that this account cannot.
func forwardToAgent[Request, Result any](ctx context.Context, s config.Settings, op operation.Operation[Request, Result], r Request) (operation.Outcome[Result], error) {
	if s.Agent.Socket == "" || op.Audience != operation.Members {
		return operation.Outcome[Result]{}, &closedError{settings: s, isServed: op.Audience == operation.Members}
	}
	out, err := op.Forward(ctx, s, r)
	return out, explainSocket(err, s.Agent.Socket)
}

// explainClosed says who may do what this account cannot.
func (g *globals) explainClosed(command string, e *closedError) error {
	owner := "the account that they belong to"
	if uid, err := localapi.Owner(e.settings.Data); err == nil {
		if a, err := g.ActorOf(uid); err == nil {
			owner = cmp.Or(a.Name, "#"+a.ID)
		}
	}
	hint := fmt.Sprintf("run it as %s: sudo -u %s orgstore %s", owner, owner, command)
	switch {
	case e.isServed && e.settings.Agent.Socket == "":
		hint += "; so that people can run it under their own accounts, let the agent serve them: agent: {socket: /run/orgstore/orgstore.sock} in the settings"
	case e.without != "":
		hint += "; without " + e.without + " the agent does it for you"
	}
	return fault.New("data.closed", hint, "cannot %s: %w", command, e)
}

// explainSocket says why the agent could not be asked.
func explainSocket(err error, socket string) error {
	switch {
	case errors.Is(err, localapi.ErrNobody):
		return fault.New("socket.nobody", "start it: orgstore service start, as root", "the data are closed to this account, and no agent serves callers at %s", socket)
	case errors.Is(err, localapi.ErrOutside):
		group := localapi.Group(socket)
		return fault.New("socket.outside", localapi.JoinHint(group),
			"the agent serves the members of the group %s at %s, and you are not one", group, socket)
	case errors.Is(err, localapi.ErrStranger):
		return fault.New("socket.stranger", "find out whose process that is: it may want to pass for the agent", "nothing was asked of whoever listens at %s: it is another account than that of the data", socket)
	}
	return err
}
