package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/agent/fault"
)

// confirmation is how a changing command makes sure that a person means it.
type confirmation struct {
	force  bool
	dryRun bool
}

func (c *confirmation) flags(cmd *cobra.Command, force string) {
	cmd.Flags().BoolVar(&c.force, "force", false, force)
	dryRunFlags(cmd, &c.dryRun)
}

// confirm shows what is about to be done and asks. Without a terminal it fails
// at once instead of hanging.
func (c confirmation) confirm(ctx context.Context, g *globals, show func() error, question string) error {
	switch {
	case c.force:
		return nil
	case !g.InTerminal:
		return fault.New(codeConfirmNoTerminal, "add --force to do it without asking, or --dry-run to look first",
			"cannot ask whether to %s: there is no terminal", question)
	}
	g.tellNotes()
	if show != nil {
		if err := show(); err != nil {
			return err
		}
	}
	return g.ask(ctx, question)
}

// showPlan shows what a question about changes in stores is about.
func (g *globals) showPlan(q engine.Question) error {
	if q.Consequence != "" { // the plan was shown with the question before
		g.note("%s", q.Consequence)
		return nil
	}
	return g.show(planAnswer(q.Plan))
}

// maxQuestions bounds how often one command asks: a question that changes each time
// is asked for no good.
const maxQuestions = 8

// askUntilDone carries out an operation of the engine, and puts its questions about
// changes in stores to the person until there are none.
func askUntilDone[Result any](ctx context.Context, g *globals, c confirmation, do func(engine.Consent) (Result, *engine.Question, error)) (Result, error) {
	return askShowing(ctx, g, c, func(_ Result, q engine.Question) error { return g.showPlan(q) }, do)
}

// askShowing carries out an operation of the engine, and puts its questions to the
// person until there are none. Before each, show shows what the result says; it is nil
// if the question says it all.
func askShowing[Result any](ctx context.Context, g *globals, c confirmation, show func(Result, engine.Question) error, do func(engine.Consent) (Result, *engine.Question, error)) (Result, error) {
	defer g.keepTenant()()
	consent := engine.Consent{Anything: c.force}
	for range maxQuestions {
		r, question, err := do(consent)
		if err != nil || question == nil {
			return r, err
		}
		err = c.confirm(ctx, g, func() error {
			if show == nil {
				return nil
			}
			return show(r, *question)
		}, question.Text)
		if err != nil {
			return r, err
		}
		consent.Tokens = append(consent.Tokens, question.Token)
	}
	var none Result
	return none, fault.New("confirm.changing", "look at `orgstore plan`, then run the command again", "what is to be decided changes all the time")
}

// keepTenant keeps the way to the tenant, so that a person who is asked a question
// signs in once. The function that it returns lets go of it.
func (g *globals) keepTenant() (release func()) {
	open := g.OpenTenant
	if open == nil {
		return func() {}
	}
	kept := &keptTenant{open: open}
	g.OpenTenant = kept.connect
	return func() {
		kept.close()
		g.OpenTenant = open
	}
}

// applyUntilDone asks until a run is made. What an interrupted run had left open,
// and was finished before a question, is told with the rest.
func applyUntilDone(ctx context.Context, g *globals, c confirmation, do func(engine.Consent) (operation.Outcome[engine.ApplyResult], error)) (operation.Outcome[engine.ApplyResult], error) {
	var before []engine.AppliedStep
	return askUntilDone(ctx, g, c, func(consent engine.Consent) (operation.Outcome[engine.ApplyResult], *engine.Question, error) {
		out, err := do(consent)
		out.Result.Applied.Steps = slices.Concat(before, out.Result.Applied.Steps)
		before = out.Result.Applied.Steps
		return out, out.Result.Question, err
	})
}

// ask asks a person at a terminal a question that only yes agrees to. Ctrl-C ends
// it at once.
func (g *globals) ask(ctx context.Context, question string) error {
	fmt.Fprintf(g.Err, "%s? [y/N] ", strings.ToUpper(question[:1])+question[1:])
	type typed struct {
		line string
		err  error
	}
	answered := make(chan typed, 1)
	go func() { // nobody can stop a read: where the person stops the command, it ends with the process
		line, err := readLine(g.In)
		answered <- typed{line, err}
	}()
	var a typed
	select {
	case <-ctx.Done():
		return ctx.Err()
	case a = <-answered:
	}
	if a.err != nil && a.line == "" {
		return fault.New("confirm.declined", "", "nothing was done: there was no answer")
	}
	if word := strings.ToLower(strings.TrimSpace(a.line)); word != "y" && word != "yes" {
		return fault.New("confirm.declined", "", "nothing was done, as you answered")
	}
	return nil
}

// maxAnswer bounds an answer, in bytes.
const maxAnswer = 1000

// readLine reads one line and nothing of what follows it: there may be another
// question.
func readLine(r io.Reader) (string, error) {
	var line []byte
	for b := make([]byte, 1); len(line) < maxAnswer; {
		n, err := r.Read(b)
		switch {
		case n == 1 && b[0] == '\n':
			return string(line), nil
		case n == 1:
			line = append(line, b[0])
		case err != nil:
			return string(line), err
		}
	}
	return string(line), nil
}
