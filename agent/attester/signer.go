package attester

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/agent/statements"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/verdict"
)

// maxSignature bounds what a signer prints, in bytes: a signature has a hundred.
const maxSignature = 4 << 10

// A Signer is a command that signs with a key which this program never sees: of a key
// vault, a smart card, a hardware module. It reads the text on its standard input and
// prints the signature in base64.
type Signer struct {
	// Command is the program with its arguments, in which {digest} stands for the
	// text's SHA-256 in base64, and {digest-hex} in hex.
	Command string
	Public  string // its public half: NAME:ALGORITHM:KEY, or a PEM file
	Person  string // whose key it is
}

// check asks that the flags belong together.
func (s Signer) check() error {
	switch {
	case s.Command == "" && (s.Public != "" || s.Person != ""):
		return fault.Usage("leave them out with --key, whose file says both", "--public and --name belong to --signer")
	case s.Command != "" && (s.Public == "" || strings.TrimSpace(s.Person) == ""):
		return fault.Usage("give --public NAME:ALGORITHM:KEY and --name, as the settings list that person", "--signer needs --public and --name")
	}
	_, err := splitCommand(s.Command)
	return err
}

// signerKey is a signer's key as if it were read from a file, closed until it signs.
func (p Ports) signerKey(s Signer) (keyFile, error) {
	person := strings.TrimSpace(s.Person)
	public, err := ReadPublicKey(p.Disk, s.Public, person)
	return keyFile{name: s.Command, person: person, public: public}, err
}

// ReadPublicKey reads the public half of a person's key: as keygen prints it, or the
// PEM file that openssl and key vaults write, which names no key.
func ReadPublicKey(d disk.Disk, text, person string) (license.Key, error) {
	text = strings.TrimSpace(text)
	key, err := license.ParseKey(text, license.UseAttestation)
	if _, missing := d.Stat(text); err == nil || missing != nil {
		if err != nil {
			err = fault.Usage("give the public key as `orgstore trust keygen` prints it, NAME:ALGORITHM:KEY, or a PEM file", "%w", err)
		}
		return key, err
	}
	file, err := files.Read(d, text, statements.MaxKey)
	if err != nil {
		return key, err
	}
	public, err := issuer.ParsePublic(file)
	if err != nil {
		return key, fault.New("key.form", "name a PEM file of one public key, such as `openssl pkey -pubout` writes", "%s: %w", text, err)
	}
	if key, err = license.NewKey("new", public, time.Time{}); err != nil {
		return key, fault.New("key.form", "use an Ed25519 key, or ECDSA on P-256", "%s: %w", text, err)
	}
	key.ID = keyIDOf(person, key)
	return key.For(license.UseAttestation), nil
}

// openSigner makes a key of which a command has the private half.
func (p Ports) openSigner(ctx context.Context, s Signer, k keyFile) (issuer.Key, error) {
	return issuer.NewExternalKeyOf(k.public, func(text []byte) ([]byte, error) {
		p.Announce(fmt.Sprintf("signing with the key %s: %s", k.public.ID, s.Command))
		return s.run(ctx, p.Messages, text)
	})
}

// run gives the command the text and reads the signature. What the command says to a
// person goes to messages. No shell is between.
func (s Signer) run(ctx context.Context, messages io.Writer, text []byte) ([]byte, error) {
	args, err := splitCommand(s.Command)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(text)
	for i, a := range args {
		a = strings.ReplaceAll(a, "{digest}", base64.StdEncoding.EncodeToString(digest[:]))
		args[i] = strings.ReplaceAll(a, "{digest-hex}", hex.EncodeToString(digest[:]))
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var out limited
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(text), &out, messages
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fault.New("signer.failed", "run the command by hand to see what it needs; nothing was written", "the signer %s failed: %w", args[0], err)
	}
	sig, err := decodeSignature(out.Bytes())
	if err != nil {
		return nil, fault.New("signer.answer", "let it print the signature alone, in base64", "the signer %s answered no signature: %w", args[0], err)
	}
	return sig, nil
}

// limited takes what a command prints, up to maxSignature.
type limited struct{ bytes.Buffer }

func (l *limited) Write(b []byte) (int, error) {
	if l.Len()+len(b) > maxSignature {
		return 0, io.ErrShortWrite
	}
	return l.Buffer.Write(b)
}

// decodeSignature reads base64 in either alphabet, padded or not, on any lines.
func decodeSignature(text []byte) ([]byte, error) {
	line := strings.Join(strings.Fields(string(text)), "")
	line = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(line, "="))
	sig, err := base64.RawStdEncoding.DecodeString(line)
	switch {
	case err != nil:
		return nil, errors.New("it is not base64")
	case len(sig) == 0:
		return nil, errors.New("it is empty")
	}
	return sig, nil
}

// notSigned says which of the two is wrong where a signature does not fit.
func (s Signer) notSigned(err error) error {
	var refusal *verdict.Refusal
	if errors.As(err, &refusal) && s.Command != "" {
		return fault.New("signer.signature", "check that --public is the public half of the key with which the command signs, and that it signs what it gets; nothing was written",
			"what the signer answered is no signature by the key of --public: %w", err)
	}
	return err
}

// splitCommand takes a command apart at its spaces. Quotes, single or double, keep
// spaces; nothing else means anything, so that Windows paths need no care.
func splitCommand(command string) ([]string, error) {
	var all []string
	var word strings.Builder
	quote, begun := rune(0), false
	for _, c := range command {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, begun = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if begun {
				all = append(all, word.String())
				word.Reset()
			}
			begun = false
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if begun {
		all = append(all, word.String())
	}
	if quote != 0 {
		return nil, fault.Usage("close the quotes", "--signer: %s", fmt.Sprintf("%q has an open quote", command))
	}
	return all, nil
}
