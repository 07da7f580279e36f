package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/disk/ownership"
)

// ByCommand is what answers where a command does.
const ByCommand = "command"

// lingers is how long a command's output is waited for after its end: a program
// that it left behind may hold it open.
const lingers = 3 * time.Second

// A Command is a program that says by its exit status whether a change is good:
// 0 is good. No shell is asked. It reads the change as JSON, and finds it in its
// environment.
type Command struct {
	Args []string // the program first: a path, or a name to be found on the PATH
	Dir  string   // where it runs
	Env  []string // NAME=VALUE, all that it sees beside the change
	// Secrets are texts that its output must not show when it is kept.
	Secrets []string
	Limit   time.Duration
	Now     func() time.Time
}

// Ready says why the command could not be started; nil where it can.
func (c Command) Ready() error {
	if len(c.Args) == 0 {
		return errors.New("no program is named")
	}
	program, err := exec.LookPath(c.Args[0])
	if errors.Is(err, exec.ErrDot) { // the working directory is never searched
		err = fmt.Errorf("%s is not on the PATH", c.Args[0])
	}
	if err != nil {
		return err
	}
	return c.guard(program)
}

// guard refuses to run what others may change: the program, and what its arguments name,
// such as a script.
func (c Command) guard(program string) error {
	for i, name := range append([]string{program}, c.Args[1:]...) {
		if i > 0 && !filepath.IsAbs(name) {
			name = filepath.Join(c.Dir, name)
		}
		if info, err := os.Stat(name); i > 0 && (err != nil || !info.Mode().IsRegular()) {
			continue
		}
		if why := ownership.Check(name, ownership.Use{}); why != nil {
			return fmt.Errorf("%s is not safe to run: %w", name, why)
		}
	}
	return nil
}

// Check runs the command. It is stopped with all that it started, where its time
// is over or the context ends; the latter is no answer.
func (c Command) Check(ctx context.Context, change Change) journal.Checked {
	began := c.Now()
	if program, err := exec.LookPath(c.Args[0]); err == nil { // else starting it says why not
		if why := c.guard(program); why != nil {
			return refused(ByCommand, why.Error())
		}
	}
	body, err := change.Body(began)
	if err != nil {
		return refused(ByCommand, err.Error())
	}
	limited, cancel := context.WithTimeout(ctx, c.Limit)
	defer cancel()
	out := &beginning{}
	cmd := exec.CommandContext(limited, c.Args[0], c.Args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin = c.Dir, slices.Concat(c.Env, change.variables()), bytes.NewReader(body)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = out, out, lingers
	err = runTree(cmd)
	answer := c.answer(ctx, limited, cmd, err)
	answer.Output = out.text(c.Secrets)
	answer.TookMS = c.Now().Sub(began).Milliseconds()
	return answer
}

// answer says what an ended command said.
func (c Command) answer(ctx, limited context.Context, cmd *exec.Cmd, err error) journal.Checked {
	var exit *exec.ExitError
	switch {
	case cmd.ProcessState != nil && cmd.ProcessState.Success():
		return journal.Checked{By: ByCommand, Answer: journal.Passed, Message: c.Args[0] + " ended with 0"}
	case ctx.Err() != nil:
		return journal.Checked{By: ByCommand, Answer: journal.Stopped, Message: "stopped before it had answered"}
	case limited.Err() != nil:
		return refused(ByCommand, fmt.Sprintf("%s took longer than %s and was stopped", c.Args[0], c.Limit))
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return refused(ByCommand, fmt.Sprintf("%s ended with %d", c.Args[0], exit.ExitCode()))
	case errors.As(err, &exit):
		return refused(ByCommand, fmt.Sprintf("%s was killed: %v", c.Args[0], exit))
	}
	return refused(ByCommand, fmt.Sprintf("%s cannot be run: %v", c.Args[0], err))
}
