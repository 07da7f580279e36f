// Package teams posts notices as cards to a workflow of Teams.
package teams

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/agent/notify"
)

// A Sender posts each message to one workflow.
type Sender struct {
	// Post posts a body to the workflow's address.
	Post func(ctx context.Context, header map[string]string, body []byte) error
}

// Send implements notify.Sender.
func (s Sender) Send(ctx context.Context, m notify.Message) error {
	body, err := cardOf(m)
	if err != nil {
		return err
	}
	return s.Post(ctx, nil, body)
}

// maxCard bounds a card: Teams takes messages of 28 KB.
const maxCard = 24 << 10

// cardOf is a message as a workflow of Teams takes it: an Adaptive Card in a
// message (documented: "Create incoming webhooks with Workflows for Microsoft
// Teams"). Its texts are runs of plain text, in which nothing is a link.
func cardOf(m notify.Message) ([]byte, error) {
	body := []any{}
	size := 0
	for i, n := range m.Notices {
		part := cardPart(n)
		b, err := json.Marshal(part)
		if err != nil {
			return nil, err
		}
		if size += len(b); size > maxCard && i > 0 {
			body = append(body, textRuns("", "", fmt.Sprintf("and %d more: orgstore status", len(m.Notices)-i)))
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

func cardPart(n notify.Notice) []any {
	color := map[notify.Level]string{notify.Info: "default", notify.Warning: "warning", notify.Alarm: "attention"}[n.Level]
	part := []any{textRuns("bolder", color, n.Title)}
	if n.Text != "" {
		part = append(part, textRuns("", "", truncate(n.Text, 16<<10)))
	}
	if n.Hint != "" {
		part = append(part, textRuns("", "accent", n.Hint))
	}
	return append(part, map[string]any{"type": "TextBlock", "text": string(n.Event), "size": "small", "isSubtle": true, "spacing": "small"})
}

// textRuns is text that a card shows as it is written.
func textRuns(weight, color, text string) any {
	run := map[string]any{"type": "TextRun", "text": text}
	if weight != "" {
		run["weight"] = weight
	}
	if color != "" {
		run["color"] = color
	}
	return map[string]any{"type": "RichTextBlock", "inlines": []any{run}}
}

func truncate(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + " ..."
}
