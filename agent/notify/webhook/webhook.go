// Package webhook posts notices to a server, signed as Standard Webhooks has it.
package webhook

import (
	"context"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/notify"
)

// A Sender posts each message to one server.
type Sender struct {
	// Post posts a body to the server's address.
	Post func(ctx context.Context, header map[string]string, body []byte) error
	// Secret reads the secret that signs.
	Secret func() (string, error)
	Now    func() time.Time
}

// Send implements notify.Sender.
func (s Sender) Send(ctx context.Context, m notify.Message) error {
	body, err := bodyOf(m)
	if err != nil {
		return err
	}
	secret, err := s.Secret()
	if err != nil {
		return err
	}
	header, err := Sign(m.ID, secret, body, s.Now())
	if err != nil {
		return fault.New("notice.secret", "make one: openssl rand -base64 32, and write whsec_ before it", "%w", err)
	}
	return s.Post(ctx, header, body)
}

// The JSON of webhooks. Field names are stable: other programs read them.
type hookData struct {
	Type      string   `json:"type"`
	Timestamp string   `json:"timestamp"`
	Data      hookBody `json:"data"`
}

type hookBody struct {
	SchemaVersion int          `json:"schema_version"`
	Level         string       `json:"level"`
	Message       string       `json:"message"`
	Notices       []hookNotice `json:"notices"`
}

type hookNotice struct {
	ID      string      `json:"id"`
	Event   string      `json:"event"`
	Level   string      `json:"level"`
	Code    string      `json:"code,omitempty"`
	Visual  *hookVisual `json:"visual,omitempty"`
	Title   string      `json:"title"`
	Message string      `json:"message"`
	Hint    string      `json:"hint,omitempty"`
}

type hookVisual struct {
	GUID  string `json:"guid"`
	Name  string `json:"name"`
	Store string `json:"store,omitempty"`
}

// bodyOf is a message as a webhook's body. Its type is the event, or notice.digest
// where it holds several notices.
func bodyOf(m notify.Message) ([]byte, error) {
	h := hookData{Type: "notice.digest", Timestamp: m.At.Format(time.RFC3339), Data: hookBody{1, string(m.Level()), m.Subject(), []hookNotice{}}}
	if len(m.Notices) == 1 {
		h.Type = string(m.Notices[0].Event)
	}
	for _, n := range m.Notices {
		one := hookNotice{ID: n.Key, Event: string(n.Event), Level: string(n.Level), Code: string(n.Code), Title: n.Title, Message: n.Text, Hint: n.Hint}
		if n.GUID != "" {
			one.Visual = &hookVisual{n.GUID, n.Name, n.Store}
		}
		h.Data.Notices = append(h.Data.Notices, one)
	}
	return json.Marshal(h)
}
