package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

// The limits of a check: nobody knows whether a change is good while it goes on.
const (
	defaultCheckTime = 2 * time.Minute
	maxCheckTime     = time.Hour
)

// maxArgument bounds one word of a command, in bytes.
const maxArgument = 4 << 10

// A Check is what is asked after a change whether it is good: a command, a
// webhook, or both in this order. The zero Check is none.
type Check struct {
	// Command is a program and its arguments; a program with a separator in it is
	// taken from the settings file's folder.
	Command []string
	// Env names variables of orgstore's own environment that the command sees.
	Env             []string
	Webhook, Secret Secret
	Timeout         time.Duration // of each
	On              []change.Kind // after which changes
}

// Named says whether there is anything to ask.
func (c Check) Named() bool { return len(c.Command) > 0 || c.Webhook.Named() }

// CheckAfter returns what is asked after a change of a visual: what its own entry
// says, else what holds for all. False where nothing is.
func (s Settings) CheckAfter(g visual.GUID, k change.Kind) (Check, bool) {
	v, _ := s.Visual(g)
	c := s.checkOf(v)
	return c, c.Named() && slices.Contains(c.On, k)
}

// CheckedAfter lists the changes of a visual after which a check is asked.
func (s Settings) CheckedAfter(v Visual) []change.Kind {
	if c := s.checkOf(v); c.Named() {
		return slices.Clone(c.On)
	}
	return nil
}

func (s Settings) checkOf(v Visual) Check {
	if v.Check.Named() {
		return v.Check
	}
	return s.Check
}

// Words says for people what must come of the check, as in "pwsh must end with 0
// within 5m". A command's arguments are nobody else's business.
func (c Check) Words() string {
	var must []string
	if len(c.Command) > 0 {
		must = append(must, filepath.Base(c.Command[0])+" must end with 0")
	}
	if c.Webhook.Named() {
		must = append(must, "the webhook must accept it")
	}
	each := ""
	if len(must) > 1 {
		each = " each"
	}
	return fmt.Sprintf("%s within %s%s", strings.Join(must, " and "), strings.TrimSuffix(c.Timeout.String(), "0s"), each)
}

// checkable are the changes that may go wrong: what goes back to what stood, and
// access alone, is not asked about.
func checkable() []change.Kind {
	return []change.Kind{change.Install, change.Upgrade, change.Downgrade, change.Replace, change.Renew}
}

func (c *Check) resolve(from func(string) string) {
	c.Webhook.File, c.Secret.File = from(c.Webhook.File), from(c.Secret.File)
	if len(c.Command) > 0 && strings.ContainsAny(c.Command[0], `/\`) {
		c.Command = slices.Clone(c.Command)
		c.Command[0] = from(c.Command[0])
	}
}

func (r *reader) checkAfter(f checkSection) Check {
	if f.first() == nil {
		return Check{}
	}
	c := Check{
		Timeout: r.period(text(f.Timeout), defaultCheckTime),
		Webhook: r.secretAt(text(f.Webhook.URLFile), text(f.Webhook.URLEnv), "the check's address"),
		Secret:  r.secretAt(text(f.Webhook.SecretFile), text(f.Webhook.SecretEnv), "the check's secret"),
	}
	for i, t := range f.Command {
		c.Command = append(c.Command, r.argument(text(t), i == 0))
	}
	for _, t := range f.Env {
		c.Env = append(c.Env, r.variable(text(t)))
	}
	for _, t := range f.On {
		var known []string
		for _, k := range checkable() {
			known = append(known, string(k))
		}
		c.On = append(c.On, change.Kind(r.oneOf(text(t), known...)))
	}
	if len(c.On) == 0 {
		c.On = checkable()
	}
	if c.Timeout > maxCheckTime {
		r.addAt(text(f.Timeout).node, "a check takes from one minute to one hour", "2m is usual: until it has answered nobody knows whether the change is good")
	}
	r.askable(f, c)
	return c
}

// argument reads one word of a command.
func (r *reader) argument(t text, program bool) string {
	switch {
	case !t.given():
	case len(t.value) > maxArgument || strings.ContainsAny(t.value, "\x00\r\n"):
		r.addAt(t.node, fmt.Sprintf("a word of the command is longer than %d bytes, or has a line break in it", maxArgument), "put what is long into a script")
	case program && strings.ContainsAny(t.value, " \t") && !strings.ContainsAny(t.value, `/\`):
		r.addAt(t.node, quote(t.value)+" is not a program", "no shell is asked: write each word by itself, command: [pwsh, -File, check.ps1]")
	case program:
		return r.path(t)
	}
	return t.value
}

// askable checks that a check has all that it needs.
func (r *reader) askable(f checkSection, c Check) {
	at := f.first()
	switch {
	case !c.Named() && !c.Secret.Named():
		r.addAt(at, "the check asks nothing", "add command: [program, argument] or webhook: {url_file: ..., secret_file: ...}")
	case c.Webhook.Named() && !c.Secret.Named():
		r.addAt(at, "the webhook of the check has no secret to sign with", "add secret_file or secret_env; whoever gets it checks by it that it is from orgstore")
	case c.Secret.Named() && !c.Webhook.Named():
		r.addAt(at, "the webhook of the check has no address", "add url_file or url_env; the address itself is not written into this file")
	case len(c.Env) > 0 && len(c.Command) == 0:
		r.addAt(at, "the check lets variables through and runs no command", "add command: [program, argument], or remove env")
	}
}

// first is a place to point at for what is wrong with several values together.
func (f checkSection) first() *yaml.Node {
	all := []text{text(f.Timeout), text(f.Webhook.URLFile), text(f.Webhook.URLEnv), text(f.Webhook.SecretFile), text(f.Webhook.SecretEnv)}
	for _, t := range f.Command {
		all = append(all, text(t))
	}
	for _, t := range f.Env {
		all = append(all, text(t))
	}
	for _, t := range f.On {
		all = append(all, text(t))
	}
	for _, t := range all {
		if t.given() {
			return t.node
		}
	}
	return nil
}
