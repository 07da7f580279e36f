// Package mail sends notices as mail from a mailbox of the tenant.
package mail

import (
	"context"
	"fmt"
	"strings"

	"github.com/orgstore/orgstore/agent/notify"
)

// Mail is one mail.
type Mail struct {
	From          string
	To            []string
	Subject, Text string
}

// A Sender mails each message to the same people.
type Sender struct {
	From string // the mailbox
	To   []string
	// Mail sends one mail.
	Mail func(context.Context, Mail) error
}

// Send implements notify.Sender.
func (s Sender) Send(ctx context.Context, m notify.Message) error {
	return s.Mail(ctx, Mail{From: s.From, To: s.To, Subject: m.Subject(), Text: textOf(m)})
}

// textOf is a message in plain lines.
func textOf(m notify.Message) string {
	var b strings.Builder
	for i, n := range m.Notices {
		if i > 0 {
			b.WriteString("\n" + strings.Repeat("-", 60) + "\n\n")
		}
		b.WriteString(n.Title + "\n")
		for _, part := range []string{n.Text, n.Hint} {
			if part != "" {
				b.WriteString("\n" + part + "\n")
			}
		}
		fmt.Fprintf(&b, "\n%s", n.Event)
		if n.Code != "" {
			fmt.Fprintf(&b, ", %s", n.Code)
		}
		if n.GUID != "" {
			fmt.Fprintf(&b, ", %s", n.GUID)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "\n-- \norgstore, %s, %s\n", m.At.Format("2006-01-02 15:04 UTC"), m.ID)
	return b.String()
}
