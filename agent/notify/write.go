package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Subject is the first line of a message.
func (m Message) Subject() string {
	if len(m.Notices) == 1 {
		return "[orgstore] " + m.Notices[0].Title
	}
	return fmt.Sprintf("[orgstore] %d notices: %s", len(m.Notices), m.Notices[0].Title)
}

// Text is a message in plain lines, for mail.
func (m Message) Text() string {
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

// maxCard bounds a card: Teams takes messages of 28 KB.
const maxCard = 24 << 10

// Card is a message as a workflow of Teams takes it: an Adaptive Card in a
// message (documented: "Create incoming webhooks with Workflows for Microsoft
// Teams"). Its texts are runs of plain text, in which nothing is a link.
func (m Message) Card() ([]byte, error) {
	body := []any{}
	size := 0
	for i, n := range m.Notices {
		part := cardPart(n)
		b, err := json.Marshal(part)
		if err != nil {
			return nil, err
		}
		if size += len(b); size > maxCard && i > 0 {
			body = append(body, runs("", "", fmt.Sprintf("and %d more: orgstore status", len(m.Notices)-i)))
			break
		}
		body = append(body, part...)
	}
	card := map[string]any{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
		"msteams": map[string]any{"width": "Full"}, "body": body,
	}
	return json.Marshal(map[string]any{
		"type":        "message",
		"attachments": []any{map[string]any{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card}},
	}, json.Deterministic(true))
}

func cardPart(n Notice) []any {
	color := map[Level]string{Info: "default", Warning: "warning", Alarm: "attention"}[n.Level]
	part := []any{runs("bolder", color, n.Title)}
	if n.Text != "" {
		part = append(part, runs("", "", bounded(n.Text, 16<<10)))
	}
	if n.Hint != "" {
		part = append(part, runs("", "accent", n.Hint))
	}
	return append(part, map[string]any{"type": "TextBlock", "text": string(n.Event), "size": "small", "isSubtle": true, "spacing": "small"})
}

// runs is text that a card shows as it is written.
func runs(weight, color, text string) any {
	run := map[string]any{"type": "TextRun", "text": text}
	if weight != "" {
		run["weight"] = weight
	}
	if color != "" {
		run["color"] = color
	}
	return map[string]any{"type": "RichTextBlock", "inlines": []any{run}}
}

func bounded(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + " ..."
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

// Hook is a message as a webhook's body. Its type is the event, or notice.digest
// where it holds several notices.
func (m Message) Hook() ([]byte, error) {
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

// The bounds of a secret that signs webhooks, in bytes, as Standard Webhooks has
// them.
const (
	leastKey = 24
	mostKey  = 64
)

// Sign returns the headers under which a webhook's body is sent: those of
// Standard Webhooks, HMAC-SHA256 over id, time and body. A secret that begins
// with whsec_ is base64 beyond; any other is taken as it is.
func (m Message) Sign(secret string, body []byte, at time.Time) (map[string]string, error) {
	return Sign(m.ID, secret, body, at)
}

// Sign does so for any body that is sent under an id: the same whenever it is
// sent again.
func Sign(id, secret string, body []byte, at time.Time) (map[string]string, error) {
	key := []byte(secret)
	if coded, ok := strings.CutPrefix(secret, "whsec_"); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(coded); err != nil {
			return nil, errors.New("the webhook's secret begins with whsec_ and is no base64 beyond")
		}
	}
	if len(key) < leastKey || len(key) > mostKey {
		return nil, fmt.Errorf("the webhook's secret has %d bytes; from %d to %d are needed", len(key), leastKey, mostKey)
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.", id, stamp)
	h.Write(body)
	return map[string]string{
		"webhook-id": id, "webhook-timestamp": stamp,
		"webhook-signature": "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil)),
	}, nil
}
