// Package channels is the table of the kinds of channels by which people are told.
package channels

import (
	"context"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/notify"
	"github.com/orgstore/orgstore/agent/notify/mail"
	"github.com/orgstore/orgstore/agent/notify/teams"
	"github.com/orgstore/orgstore/agent/notify/webhook"
)

// A Wire is how messages leave this machine.
type Wire struct {
	// Post posts a body to an address that is a secret; nil where this program was
	// built without it.
	Post func(ctx context.Context, to config.Secret, header map[string]string, body []byte) error
	// Secret reads what settings say where it is.
	Secret func(at config.Secret) (string, error)
	// Mail sends a mail from a mailbox of the tenant.
	Mail func(ctx context.Context, m mail.Mail) error
	Now  func() time.Time
}

// kinds is the table of how each kind of channel is opened, by the names of
// config.Channel.Kind: a new one is a package beside this one, a line here, and its
// settings in agent/config.
var kinds = map[string]func(config.Channel, Wire) (notify.Sender, error){
	config.MailChannel:    openMail,
	config.TeamsChannel:   openTeams,
	config.WebhookChannel: openWebhook,
}

// Open opens the sender of a channel. It sends nothing yet, and asks nobody.
func Open(c config.Channel, w Wire) (notify.Sender, error) {
	open, ok := kinds[c.Kind()]
	if !ok {
		return nil, fault.New("notice.unsupported", "use mail", "this program was built without channels of the kind %s", c.Kind())
	}
	return open(c, w)
}

func openMail(c config.Channel, w Wire) (notify.Sender, error) {
	return mail.Sender{From: c.Mail.From, To: c.Mail.To, Mail: w.Mail}, nil
}

func openTeams(c config.Channel, w Wire) (notify.Sender, error) {
	post, err := w.postTo(c.Teams)
	return teams.Sender{Post: post}, err
}

func openWebhook(c config.Channel, w Wire) (notify.Sender, error) {
	post, err := w.postTo(c.Webhook)
	return webhook.Sender{Post: post, Secret: func() (string, error) { return w.Secret(c.Secret) }, Now: w.Now}, err
}

// postTo returns what posts to one address.
func (w Wire) postTo(at config.Secret) (func(context.Context, map[string]string, []byte) error, error) {
	if w.Post == nil {
		return nil, fault.New("notice.unsupported", "use mail", "this program was built without what posts to webhooks")
	}
	return func(ctx context.Context, header map[string]string, body []byte) error {
		return w.Post(ctx, at, header, body)
	}, nil
}
