package config

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/orgstore/orgstore/agent/notify"
)

// maxRecipients bounds who gets one mail: more is what a group's address is for.
const maxRecipients = 50

// A Channel is one way to tell people: exactly one of Mail, Teams and Webhook.
type Channel struct {
	notify.Channel
	Mail Mail
	// Teams is where the address of a workflow is, Webhook that of a webhook, and
	// Secret the secret that signs it.
	Teams, Webhook, Secret Secret
}

// Mail is who is written to, and from which mailbox.
type Mail struct {
	From string
	To   []string
}

// The kinds of channels, by the keys under which their settings are. How each sends is
// in the table of agent/notify/channels.
const (
	MailChannel    = "mail"
	TeamsChannel   = "teams"
	WebhookChannel = "webhook"
)

// Kind is the kind of the channel.
func (c Channel) Kind() string {
	switch {
	case c.Mail.From != "":
		return MailChannel
	case c.Teams.Named():
		return TeamsChannel
	}
	return WebhookChannel
}

// Recipient says who is told, without any secret.
func (c Channel) Recipient() string {
	switch c.Kind() {
	case MailChannel:
		return "mail to " + strings.Join(c.Mail.To, ", ")
	case TeamsChannel:
		return "Teams, by the address in " + c.Teams.String()
	}
	return "webhook, by the address in " + c.Webhook.String()
}

// Channel returns the channel of a name.
func (s Settings) Channel(name string) (Channel, bool) {
	i := slices.IndexFunc(s.Notify, func(c Channel) bool { return c.Name == name })
	if i < 0 {
		return Channel{}, false
	}
	return s.Notify[i], true
}

func (c *Channel) resolve(from func(string) string) {
	for _, s := range []*Secret{&c.Teams, &c.Webhook, &c.Secret} {
		s.File = from(s.File)
	}
}

// noticeEvents are the words by which a channel chooses.
func noticeEvents() []string {
	var words []string
	for _, e := range notify.Events() {
		if !slices.Contains(words, e.Group()) {
			words = append(words, e.Group())
		}
	}
	for _, e := range notify.Events() {
		words = append(words, string(e))
	}
	return words
}

func (r *reader) notify(entries []notifyEntry) []Channel {
	var all []Channel
	names := map[string]*yaml.Node{}
	for _, e := range entries {
		c := Channel{
			Channel: notify.Channel{Name: r.label(text(e.Name)), Digest: r.digest(e.Digest)},
			Mail:    r.mail(e.Mail),
			Teams:   r.secretAt(text(e.Teams.URLFile), text(e.Teams.URLEnv), "the workflow's address"),
			Webhook: r.secretAt(text(e.Webhook.URLFile), text(e.Webhook.URLEnv), "the webhook's address"),
			Secret:  r.secretAt(text(e.Webhook.SecretFile), text(e.Webhook.SecretEnv), "the webhook's secret"),
		}
		for _, t := range e.Events {
			c.Events = append(c.Events, r.oneOf(text(t), noticeEvents()...))
		}
		if t := text(e.Name); t.given() {
			if first := names[c.Name]; first != nil {
				r.addAt(t.node, fmt.Sprintf("the channel %q is given twice; first at line %d", c.Name, first.Line), "keep one of them, or give it another name")
			}
			names[c.Name] = t.node
			r.way(e, c)
		}
		all = append(all, c)
	}
	return all
}

// way checks that a channel has one way to tell people, and all that it needs.
func (r *reader) way(e notifyEntry, c Channel) {
	ways := 0
	for _, is := range []bool{text(e.Mail.From).given() || len(e.Mail.To) > 0, c.Teams.Named(), c.Webhook.Named() || c.Secret.Named()} {
		if is {
			ways++
		}
	}
	at := text(e.Name).node
	switch {
	case ways == 0:
		r.addAt(at, fmt.Sprintf("the channel %q does not say how people are told", c.Name), "add mail: {from: ..., to: [...]}, teams: {url_file: ...} or webhook: {url_file: ..., secret_file: ...}")
	case ways > 1:
		r.addAt(at, fmt.Sprintf("the channel %q has several ways to tell people", c.Name), "keep one; a channel of another name may have the other")
	case c.Webhook.Named() && !c.Secret.Named():
		r.addAt(at, fmt.Sprintf("the webhook of the channel %q has no secret to sign with", c.Name), "add secret_file or secret_env; whoever gets it checks by it that it is from orgstore")
	case c.Secret.Named() && !c.Webhook.Named():
		r.addAt(at, fmt.Sprintf("the webhook of the channel %q has no address", c.Name), "add url_file or url_env; the address itself is not written into this file")
	}
}

// secretAt reads where a secret is: in a file, or in the environment.
func (r *reader) secretAt(file, env text, what string) Secret {
	s := Secret{File: r.path(file), Env: r.variable(env)}
	if file.given() && env.given() {
		r.addAt(env.node, what+" is said to be in two places", "keep one of them")
	}
	return s
}

func (r *reader) mail(s mailSection) Mail {
	m := Mail{From: r.mailbox(text(s.From))}
	for _, t := range s.To {
		m.To = append(m.To, r.mailbox(text(t)))
	}
	switch {
	case len(m.To) > maxRecipients:
		r.addAt(text(s.To[maxRecipients]).node, fmt.Sprintf("a mail goes to at most %d addresses", maxRecipients), "write to a group's address")
	case text(s.From).given() && len(m.To) == 0:
		r.addAt(text(s.From).node, "the mail goes to nobody", "add to: [name@contoso.com]")
	}
	return m
}

func (r *reader) mailbox(t text) string {
	if !t.given() {
		return ""
	}
	if a, err := mail.ParseAddress(t.value); err != nil || a.Address != t.value || strings.ContainsAny(t.value, "\"/?#% ") {
		r.addAt(t.node, quote(t.value)+" is not a mail address", "write it alone: name@contoso.com")
	}
	return t.value
}

// clockForm is a time of the day.
var clockForm = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

func (r *reader) digest(s digestSection) *notify.Digest {
	t, zone := text(s.At), r.zone(text(s.Timezone))
	if !t.given() {
		return nil
	}
	at, err := time.Parse("15:04", t.value)
	if err != nil || !clockForm.MatchString(t.value) {
		r.addAt(t.node, quote(t.value)+" is not a time of the day", "write it as 08:00, in quotes")
		return nil
	}
	return &notify.Digest{Hour: at.Hour(), Minute: at.Minute(), Zone: zone}
}

// misplacedHook refuses an address or a secret that is written down.
func (r *reader) misplacedHook(key, value *yaml.Node) bool {
	if key.Value != "url" && key.Value != "secret" {
		return false
	}
	r.hide(key.Line, key.Column+len(key.Value)+1)
	r.hide(value.Line, value.Column)
	what := map[string]string{"url": "the address, which is a secret,", "secret": "a secret"}[key.Value]
	r.addAt(key, what+" does not belong in the settings file; change it, since whoever could read the file has it",
		fmt.Sprintf("put it into a file that only orgstore's user may read and name that: %s_file: PATH; or name an environment variable: %s_env: NAME", key.Value, key.Value))
	return true
}
