package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
)

type trustKeygenOptions struct {
	*globals
	name   string
	out    string
	secret passphrase
	dryRun bool
}

func newTrustKeygen(g *globals) *cobra.Command {
	o := &trustKeygenOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "keygen",
		Short: "Make the key with which a person of this tenant attests licenses",
		Long: `Make the key with which a person of this tenant attests licenses.

Run it on that person's own machine: the private half is written to --out, under
a passphrase, and must never lie where the agent runs. The public half is printed,
with what to put into the settings. Existing files are never overwritten, and
nobody can find out a forgotten passphrase: then make a new key.`,
		Example: `  orgstore trust keygen --name "Ada Lovelace" --out ada.key`,
		Args:    arguments(cobra.NoArgs),
		RunE:    g.answering(func(ctx context.Context, _ []string) (answer, error) { return o.run(ctx) }),
	}
	cmd.Flags().StringVar(&o.name, "name", "", "the person's `NAME`, as attestations and messages show it (required)")
	cmd.Flags().StringVar(&o.out, "out", "", "the `FILE` that takes the private half (required)")
	o.secret.flags(cmd)
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

type trustKeygenData struct {
	Name        string `json:"name"`
	File        string `json:"file"`
	Key         string `json:"key"` // the public half, as settings hold it
	Fingerprint string `json:"fingerprint"`
}

func (o *trustKeygenOptions) run(ctx context.Context) (answer, error) {
	o.name = strings.TrimSpace(o.name)
	if o.name == "" || o.out == "" {
		return answer{}, fault.Usage(`such as: orgstore trust keygen --name "Ada Lovelace" --out ada.key`, "a key needs the --name of its person and an --out to be written to")
	}
	key, attester, err := newAttesterKey(o.name)
	if err != nil {
		return answer{}, err
	}
	if err := o.allNew([]newFile{{name: o.out}}); err != nil {
		return answer{}, err
	}
	data := trustKeygenData{Name: o.name, File: o.out}
	if o.dryRun { // another key would be made: what this one is must not be told
		return answer{data: data, view: trustKeygenView(data), message: "nothing was written: this was a dry run"}, nil
	}
	secret, err := o.secret.ask(ctx, o.globals, fmt.Sprintf("A passphrase for the key of %s: ", safetext.Line(o.name)), true)
	if err != nil {
		return answer{}, err
	}
	sealed, err := o.Seal(key, secret)
	if err != nil {
		return answer{}, fault.New("passphrase.short", "choose a longer one, such as some words", "%w", err)
	}
	text := append([]byte(keyFileHead(attester)), sealed...)
	if err := o.createAll([]newFile{{o.out, 0o600, text}}); err != nil {
		return answer{}, err
	}
	data.Key, data.Fingerprint = attester.Key.Text(), attester.Key.Fingerprint()
	return answer{data: data, view: trustKeygenView(data), message: fmt.Sprintf(
		"next, where the agent runs: orgstore trust attester add %s %s\nkeep %s and its passphrase away from there",
		inQuotes(o.name), data.Key, o.out)}, nil
}

func trustKeygenView(d trustKeygenData) output.View {
	return facts(
		[2]string{"person", d.Name},
		[2]string{"private key", d.File + " (attests; its passphrase opens it)"},
		[2]string{"public key", d.Key},
		[2]string{"fingerprint", d.Fingerprint},
		[2]string{"in the settings", fmt.Sprintf("trust: {attesters: [{name: %q, key: %q}]}", d.Name, d.Key)},
	)
}

// newAttesterKey makes a key named after its person. The end of its name is
// taken from the key itself, so that no two keys of a person have one name.
func newAttesterKey(person string) (issuer.Key, license.Attester, error) {
	key, err := issuer.GenerateKey("new", license.Ed25519)
	if err != nil {
		return key, license.Attester{}, err
	}
	attester, err := key.Attester(person)
	if err != nil {
		return key, attester, err
	}
	key.ID = keyIDOf(person, attester.Key)
	attester.Key.ID = key.ID
	if _, err := license.NewTrust(anyTenant, nil, attester); err != nil {
		return key, attester, fault.Usage("give a name of one line, such as \"Ada Lovelace\"", "--name: %w", err)
	}
	return key, attester, nil
}

// keyIDOf names a key after its person and by its own fingerprint.
func keyIDOf(person string, k license.Key) string {
	return keyNameOf(person) + "-" + strings.TrimPrefix(k.Fingerprint(), "sha256:")[:6]
}

// anyTenant is where any will do.
const anyTenant = "00000000-0000-0000-0000-000000000000"

// keyNameOf makes of a person's name what keys may be called.
func keyNameOf(person string) string {
	words := strings.FieldsFunc(strings.ToLower(person), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
	name := strings.Join(words, "-")
	if name == "" {
		name = "attester"
	}
	return name[:min(len(name), 40)]
}

// inQuotes writes a name for a command line; NAME stands for what shells would
// read in a way of their own.
func inQuotes(name string) string {
	if strings.ContainsAny(name, "\"$`\\!%") {
		return "NAME"
	}
	return `"` + name + `"`
}

// A key file begins with lines that say whose key it is; the rest is the private
// half under its passphrase, in the form of age.
const (
	keyFilePerson = "# attester: "
	keyFilePublic = "# public key: "
)

func keyFileHead(a license.Attester) string {
	return keyFilePerson + a.Name + "\n" + keyFilePublic + a.Key.Text() + "\n"
}

// A keyFile is a private key that is still closed. What it says of whose it is
// nobody verified.
type keyFile struct {
	name   string
	person string
	public license.Key
	sealed []byte
}

func (g *globals) readKeyFile(name string) (keyFile, error) {
	k := keyFile{name: name}
	text, err := g.Read(name, maxKey)
	if err != nil {
		return k, err
	}
	for bytes.HasPrefix(text, []byte("# ")) {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		said := strings.TrimSuffix(string(line), "\r")
		if person, is := strings.CutPrefix(said, keyFilePerson); is {
			k.person = person
		}
		if public, is := strings.CutPrefix(said, keyFilePublic); is {
			if k.public, err = license.ParseKey(public, license.UseAttestation); err != nil {
				return k, k.bad("%w", err)
			}
		}
		text = rest
	}
	k.sealed = text
	switch {
	case !issuer.IsSealed(text):
		return k, k.bad("it holds no private key under a passphrase")
	case k.person == "" || k.public.ID == "":
		return k, k.bad("it does not say at its beginning whose key it is")
	}
	return k, nil
}

func (k keyFile) bad(format string, args ...any) error {
	return fault.New("key.form", "name the file that `orgstore trust keygen` wrote", "cannot attest with %s: %w", k.name, fmt.Errorf(format, args...))
}

// open opens the private half and makes sure that it is the one the file says.
func (k keyFile) open(secret string) (issuer.Key, error) {
	key, err := issuer.OpenKey(k.public.ID, k.sealed, secret)
	if errors.Is(err, issuer.ErrPassphrase) {
		return key, fault.New("passphrase.wrong", "try again; a forgotten passphrase cannot be found out: make a new key with `orgstore trust keygen`",
			"cannot open %s: %w; nothing was written", k.name, err)
	}
	if err != nil {
		return key, k.bad("%w", err)
	}
	attester, err := key.Attester(k.person)
	if err != nil {
		return key, k.bad("%w", err)
	}
	if attester.Key.Text() != k.public.Text() {
		return key, k.bad("its first lines name another key than the one inside")
	}
	return key, nil
}
