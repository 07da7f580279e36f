package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/localapi"
)

// served lists the commands that the agent carries out for callers, each with the
// flags that it takes from them. What is not here is refused, so that a new command
// or flag is, until somebody decides. Nothing here names a file or other settings,
// and nothing changes the settings or a store.
func served() map[string][]string {
	word := func(more ...string) []string { return append(more, "reason", "dry-run", "what-if") }
	return map[string][]string{
		"agent status":   {},
		"approve":        word("force"),
		"drift":          {"detailed-exitcode", "store"},
		"drift settle":   word("store"),
		"facts show":     {},
		"history":        {"all", "store"},
		"hold":           word("store", "until"),
		"license runway": {},
		"license status": {"detailed-exitcode", "warn"},
		"notice list":    {},
		"package list":   {},
		"pin set":        {"dry-run", "what-if"}, // says who asked; the pin itself is in the settings
		"plan":           {"detailed-exitcode", "store"},
		"reject":         word("force"),
		"status":         {"store"},
		"trust list":     {},
		"unblock":        word("store"),
		"unhold":         word("store"),
	}
}

// serves says whether a command is carried out for callers with all of some flags.
// The form of the answer is a caller's to choose. A query is not on it: one can ask
// for more than all memory, so the caller's own program makes it.
func serves(command string, flags []localapi.Flag) bool {
	taken, known := served()[command]
	taken = append(taken, "output")
	return known && !slices.ContainsFunc(flags, func(f localapi.Flag) bool { return !slices.Contains(taken, f.Name) })
}

// commandLine puts a request together again. Each flag is one word with its value,
// and arguments come where none is a flag or a command any more.
func commandLine(q localapi.Request, settings string) ([]string, *localapi.Refusal) {
	if !serves(q.Command, q.Flags) {
		return nil, localapi.Refuse("not_served", "let both be of one version of orgstore", "the agent does not do this for callers: %q", q.Command)
	}
	line := append(strings.Fields(q.Command), "--config="+settings)
	for _, f := range q.Flags {
		line = append(line, "--"+f.Name+"="+f.Value)
	}
	return slices.Concat(line, []string{"--"}, q.Args), nil
}

// A caller is somebody for whom the agent carries out a command.
type caller struct {
	settings string   // digest of those the caller goes by
	agreed   []string // sums of the questions that the caller said yes to
	said     *bounded // on standard error, so far
	ask      *localapi.Ask
}

var errAsked = errors.New("the caller is asked first")

// confirmed says whether the caller agreed to a question and to all that was shown
// with it. If not, the command ends, the caller's own program asks, and the command
// begins again: nothing of the agent waits for a person, and what the person saw is
// what is done.
func (c *caller) confirmed(question string) error {
	sum := sha256.Sum256(slices.Concat(c.said.text, []byte("\x00"+question)))
	if name := hex.EncodeToString(sum[:]); !slices.Contains(c.agreed, name) {
		c.ask = &localapi.Ask{Question: question, Sum: name}
		c.said.full = true // what follows is not the caller's to read yet
		return errAsked
	}
	c.said.text = nil // shown before
	return nil
}

// same refuses a caller who goes by other settings than the agent.
func (c *caller) same(s config.Settings) error {
	if c == nil || c.settings == s.Digest() {
		return nil
	}
	return fault.New("socket.settings", "name that file with --config; if it was changed a moment ago, try again",
		"these are not the settings by which the agent works, %s", s.File)
}

// A bounded keeps what a command writes, up to a size.
type bounded struct {
	text []byte
	full bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.full = b.full || len(b.text)+len(p) > localapi.MaxOutput; b.full {
		return 0, errTooLong
	}
	b.text = append(b.text, p...)
	return len(p), nil
}

var errTooLong = fmt.Errorf("the answer is longer than %d bytes", localapi.MaxOutput)

// A clerk carries out commands for callers, each on its own, while the agent works.
type clerk struct {
	Adapters
	settings string // the file
	log      *slog.Logger
}

func (c clerk) answer(ctx context.Context, by localapi.Caller, q localapi.Request) localapi.Reply {
	line, refused := commandLine(q, c.settings)
	if refused != nil {
		return localapi.Reply{Refused: refused}
	}
	actor, err := c.ActorOf(by.UID)
	if err != nil {
		return localapi.Reply{Refused: localapi.Refuse("who", "see what is amiss with the accounts of this machine", "%v", err)}
	}
	out, said := &bounded{}, &bounded{}
	g := &globals{Adapters: c.Adapters, Streams: Streams{In: strings.NewReader(""), Out: out, Err: said, InTerminal: q.Terminal}}
	g.wire()
	g.caller = &caller{settings: q.Settings, agreed: q.Agreed, said: said}
	g.Actor = func() (journal.Actor, error) { return actor, nil }
	exit := g.run(ctx, line)
	switch {
	case g.caller.ask != nil:
		return localapi.Reply{Err: said.text, Ask: g.caller.ask}
	case out.full || said.full:
		return localapi.Reply{Refused: localapi.Refuse("too_long", "ask for less: one visual, or a --query", "%v", errTooLong)}
	}
	c.log.Info("served", "command", q.Command, "by", actor.String(), "uid", actor.ID, "process", by.PID, "exit", exit)
	return localapi.Reply{Out: out.text, Err: said.text, Exit: exit}
}

// takenEvery is how often an agent looks whether another one that serves callers
// has ended.
const takenEvery = 10 * time.Second

// receive begins to serve callers where the settings say so.
func (a *agent) receive(ctx context.Context, running *sync.WaitGroup, with Adapters) error {
	file := a.settings.Agent.Socket
	if file == "" {
		return nil
	}
	s, err := localapi.Listen(file)
	if err != nil && !errors.Is(err, localapi.ErrTaken) {
		return fault.New("agent.socket", "make its folder, for the agent's account alone to write to (under systemd: orgstore service install), or take agent: {socket} out of the settings", "cannot serve callers: %w", err)
	}
	c := clerk{with, a.settings.File, a.log}
	running.Go(func() {
		if s == nil {
			a.note("another agent serves callers at %s, and this one does when that ends", file)
			s = awaited(ctx, file)
		}
		if s == nil {
			return
		}
		a.log.Info("serving", "socket", file)
		if err := s.Serve(ctx, c.answer, a.Err); err != nil {
			a.note("callers are not served any more: %v", err)
		}
	})
	return nil
}

// awaited waits until no other agent listens; nil where ctx ends before that.
func awaited(ctx context.Context, file string) *localapi.Server {
	tick := time.NewTicker(takenEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if s, err := localapi.Listen(file); err == nil {
			return s
		}
	}
}
