// Package mailbox sends mail from a mailbox of the tenant through Microsoft
// Graph. It knows how to send a mail and nothing about its content.
//
// It requests the path directly instead of using the Graph SDK. The SDK's
// builders for users include most of Graph, and this package needs one path.
package mailbox

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/orgstore/orgstore/graph"
)

// maxText bounds a mail's text, in bytes. A longer text is cut.
const maxText = 512 << 10

// An API sends requests to one tenant; *graph.Connection is one.
type API interface {
	PostJSON(ctx context.Context, s graph.Service, path string, query url.Values, body, into any) (*http.Response, error)
}

// A Mail is one message in plain text.
type Mail struct {
	From          string // the mailbox: its address, or the user's id
	To            []string
	Subject, Text string
}

// The body of sendMail (documented: "user: sendMail").
type (
	sendMailBody struct {
		Message message `json:"message"`
		Save    bool    `json:"saveToSentItems"`
	}
	message struct {
		Subject string      `json:"subject"`
		Body    content     `json:"body"`
		To      []recipient `json:"toRecipients"`
	}
	content struct {
		Type    string `json:"contentType"`
		Content string `json:"content"`
	}
	recipient struct {
		Address emailAddress `json:"emailAddress"`
	}
	emailAddress struct {
		Address string `json:"address"`
	}
)

// Send sends a mail. It needs Mail.Send. If the answer is lost, Send does not
// send again, because the mail may have been sent.
func Send(ctx context.Context, api API, m Mail) error {
	if m.From == "" || len(m.To) == 0 {
		return errors.New("the mail has no sender or no recipient")
	}
	b := sendMailBody{Message: message{Subject: m.Subject, Body: content{"Text", m.Text}}}
	if len(m.Text) > maxText {
		b.Message.Body.Content = strings.ToValidUTF8(m.Text[:maxText], "") + "\n..."
	}
	for _, to := range m.To {
		b.Message.To = append(b.Message.To, recipient{emailAddress{to}})
	}
	_, err := api.PostJSON(ctx, graph.Graph, "/v1.0/users/"+url.PathEscape(m.From)+"/sendMail", nil, b, nil)
	if e := (*graph.Error)(nil); errors.As(err, &e) && e.Status == http.StatusNotFound {
		return &NoMailboxError{m.From, e}
	}
	return err
}

// A NoMailboxError says that the tenant has no such mailbox.
type NoMailboxError struct {
	From string
	err  error
}

func (e *NoMailboxError) Error() string {
	return "the tenant has no mailbox " + e.From + ": " + e.err.Error()
}
func (e *NoMailboxError) Unwrap() error { return e.err }

// Code names the error for programs.
func (e *NoMailboxError) Code() string { return "notice.mailbox" }

// Hint says what to do.
func (e *NoMailboxError) Hint() string {
	return "set an existing mailbox of the tenant, a user's or a shared one: mail: {from: ...}"
}
