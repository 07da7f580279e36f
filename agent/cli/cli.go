// Package cli is the command line: one file for each command, options beside
// the constructor, run beside both. Data goes to standard output, everything
// else to standard error. Only this package knows exit codes; it does not know
// which adapters main wired in.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/policies/plan"
)

// Streams is what a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// InTerminal and OutTerminal say whether a person sits at the other end.
	InTerminal, OutTerminal bool
}

// Adapters is what main wires in: the edges that touch the world.
type Adapters struct {
	engine.Ports
	// Simulate starts a tenant on this machine.
	Simulate func(o Simulated) (Simulation, error)
	// Watch says which files in folders change, until the context ends. Nil where
	// the program cannot.
	Watch func(ctx context.Context, folders []string, changed func(name string)) error
	// Ping tells an address, which is a secret, that the agent is alive.
	Ping func(ctx context.Context, s config.Settings, at config.Secret) error
	// Services manages services of this machine.
	Services Services
	// Seal puts a private key under a passphrase. It is an adapter for the sake of
	// tests: what makes a passphrase hard to guess takes a second and 256 MiB.
	Seal  func(k issuer.Key, passphrase string) ([]byte, error)
	Build Build
}

// Build says which program this is.
type Build struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// globals is what every command shares: streams, adapters and the flags of the
// root command.
type globals struct {
	Streams
	Adapters
	settingsFile string
	format       output.Format
	query        string
	exit         int // what main leaves with where no error says otherwise
}

// Run runs one command line and returns the program's exit code.
func Run(ctx context.Context, args []string, s Streams, a Adapters) int {
	g := &globals{Streams: s, Adapters: a}
	g.wire()
	return g.run(ctx, args)
}

// wire collects what the engine notes, and lets it speak at once to whoever reads
// these streams.
func (g *globals) wire() {
	g.Notes = &engine.Notes{}
	g.Announce = func(text string) {
		g.tellNotes()
		g.note("%s", text)
	}
	g.Progress = g.progress
}

func (g *globals) run(ctx context.Context, args []string) int {
	root := newRoot(g)
	root.SetArgs(args)
	root.SetIn(g.In)
	root.SetOut(g.Out)
	root.SetErr(g.Err)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil {
		if g.format == "" { // stopped before the flags were read
			g.format = g.formatIn(args)
		}
		code := g.fail(cmd, err)
		if detailed(args) {
			return exitError
		}
		return code
	}
	return g.exit
}

// An answer is what a command found: data for programs, a view for people.
type answer struct {
	data    any
	view    output.View
	message string // one sentence; to people on standard error, to programs in the envelope
	exit    int
}

// A partial is the error of a command that found something all the same.
type partial struct {
	found answer
	error
}

func (p *partial) Unwrap() error { return p.error }

// answering wraps a command's run, so that each prints its answer in the same way.
func (g *globals) answering(run func(ctx context.Context, args []string) (answer, error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := output.CheckQuery(g.query); err != nil {
			return fault.Usage("see https://jmespath.org for the language", "--query: %w", err)
		}
		a, err := run(cmd.Context(), args)
		g.tellNotes()
		if closed := (*closedError)(nil); errors.As(err, &closed) {
			err = g.explainClosed(name(cmd), closed)
		}
		if err != nil {
			return &partial{a, err}
		}
		g.exit = a.exit
		return g.print(cmd, a)
	}
}

// print writes an answer in the format asked for. What comes next is said to
// people on standard error, and to programs in the envelope.
func (g *globals) print(cmd *cobra.Command, a answer) error {
	if g.format == output.JSON && (a.view.Text == "" || strings.Contains(a.view.Text, "\n")) {
		a.view.Text = a.message // the envelope's message is one sentence
	}
	if err := output.Write(g.Out, g.format, g.query, name(cmd), g.Now(), a.data, a.view); err != nil {
		return err
	}
	if g.format == output.Table && a.message != "" {
		g.note("%s", a.message)
	}
	return nil
}

// show writes a view to a person before a question.
func (g *globals) show(a answer) error {
	return output.Write(g.Err, output.Table, "", "", g.Now(), nil, a.view)
}

// fail tells people what went wrong and what to do, and programs the same.
func (g *globals) fail(cmd *cobra.Command, err error) int {
	f := fault.Of(err)
	failure := output.Failure{Code: f.Code, Message: f.Error(), Hint: f.Hint}
	if p := (*partial)(nil); errors.As(err, &p) {
		failure.Data, failure.View = p.found.data, p.found.view
	}
	if werr := output.WriteFailure(g.Out, g.Err, g.format, name(cmd), g.Now(), failure); werr != nil {
		g.note("cannot write the answer: %v", werr)
	}
	return exitFor(err, f)
}

// name is the command's name as programs know it, without the program's.
func name(cmd *cobra.Command) string {
	return strings.TrimPrefix(cmd.CommandPath(), "orgstore ")
}

// note tells a person something beside the answer. Names that strangers gave
// cannot do anything to a terminal.
func (g *globals) note(format string, args ...any) {
	fmt.Fprintln(g.Err, safetext.Lines(fmt.Sprintf(format, args...)))
}

// tellNotes tells a person what the engine noted.
func (g *globals) tellNotes() {
	for _, text := range g.Notes.Take() {
		g.note("%s", text)
	}
}

// progress says on a terminal which step is being made, and nothing in a pipe.
func (g *globals) progress(n, of int, step plan.Step) {
	g.tellNotes()
	if g.InTerminal && g.OutTerminal {
		g.note("[%d/%d] %s %s: %s -> %s", n, of, step.Kind, safetext.Line(engine.Title(step.Name, step.Key)), engine.VersionText(step.From), engine.VersionText(step.To))
	}
}
