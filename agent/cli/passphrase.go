package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/disk"
)

// maxPassphrase bounds a passphrase, in bytes.
const maxPassphrase = 1 << 10

// passphrase is how a command comes to the passphrase of a private key: asked on
// the terminal, or out of a file. A flag or a variable would show it to whoever
// lists processes, and keep it in the shell's history.
type passphrase struct{ file string }

func (p *passphrase) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.file, "passphrase-file", "", "the `FILE` whose only line is the passphrase; without it the terminal is asked")
}

// ask returns the passphrase, typed twice where it is new.
func (p passphrase) ask(ctx context.Context, g *globals, prompt string, isNew bool) (string, error) {
	if p.file != "" {
		return p.read(g)
	}
	if !g.InTerminal {
		return "", fault.New(codePassphraseNoTerminal, "name a file that holds it with --passphrase-file",
			"cannot ask for the passphrase: there is no terminal")
	}
	first, err := g.secret(ctx, prompt)
	switch {
	case err != nil:
		return "", err
	case first == "":
		return "", fault.New("passphrase.none", "", "nothing was done: there was no passphrase")
	case !isNew:
		return first, nil
	}
	second, err := g.secret(ctx, "The same again: ")
	if err == nil && first != second {
		err = fault.New("passphrase.differs", "run the command again", "nothing was done: the two passphrases differ")
	}
	return first, err
}

func (p passphrase) read(g *globals) (string, error) {
	text, err := g.Read(p.file, maxPassphrase)
	if errors.Is(err, disk.ErrTooLarge) { // its size says something of what it holds
		return "", fault.New("passphrase.file", "check that this is the file you meant", "%s holds no passphrase: it is too large", p.file)
	}
	if err != nil {
		return "", err
	}
	line := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if line == "" || strings.ContainsAny(line, "\r\n") {
		return "", fault.New("passphrase.file", "write the passphrase into it, on one line", "%s does not hold one line", p.file)
	}
	return line, nil
}

// secret asks a person for a line that is not shown. What is no terminal echoes
// nothing by itself.
func (g *globals) secret(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(g.Err, prompt)
	defer fmt.Fprintln(g.Err)
	file, ok := g.In.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return g.line()
	}
	terminal := int(file.Fd())
	before, err := term.GetState(terminal)
	if err != nil {
		return "", fmt.Errorf("cannot ask for the passphrase: %w", err)
	}
	type answer struct {
		text []byte
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(terminal)
		typed <- answer{text, err}
	}()
	select {
	case <-ctx.Done(): // Ctrl-C; the terminal must show again what is typed
		return "", errors.Join(ctx.Err(), term.Restore(terminal, before))
	case a := <-typed:
		if errors.Is(a.err, io.EOF) {
			return "", nil
		}
		return string(a.text), a.err
	}
}

// line reads one line and nothing of the next, which somebody else may read.
func (g *globals) line() (string, error) {
	var text []byte
	for b := make([]byte, 1); len(text) <= maxPassphrase; {
		n, err := g.In.Read(b)
		switch {
		case n == 1 && b[0] == '\n', errors.Is(err, io.EOF):
			return strings.TrimSuffix(string(text), "\r"), nil
		case err != nil:
			return "", fmt.Errorf("cannot read the passphrase: %w", err)
		}
		text = append(text, b[:n]...)
	}
	return "", fault.New("passphrase.none", "", "a passphrase has at most %d characters", maxPassphrase)
}
