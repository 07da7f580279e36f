package teams_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/notify"
	"github.com/orgstore/orgstore/agent/notify/teams"
)

var end = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)

// cardOf returns what is posted of a message.
func cardOf(t *testing.T, m notify.Message) (posted []byte) {
	t.Helper()
	s := teams.Sender{Post: func(_ context.Context, header map[string]string, body []byte) error {
		if len(header) > 0 {
			t.Errorf("it is posted with the headers %v", header)
		}
		posted = body
		return nil
	}}
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return posted
}

// A hostile notice cannot be a link, a line of its own, or more than Teams takes.
func TestCard(t *testing.T) {
	n := notify.Notice{
		Key: "k", Event: notify.TaskOpened, Level: notify.Alarm, Title: "[click](https://evil.example)\u202e\x1b[31m\nsecond", Text: "a\nb\r\n**c**\u0007", Hint: "do <at>everyone</at>",
	}
	var card struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     struct {
				Type, Version string
				Body          []struct {
					Type, Text string
					Inlines    []struct{ Type, Text string }
				}
			}
		}
	}
	b := cardOf(t, notify.Messages("x", []notify.Notice{n}, false, end)[0])
	if err := json.Unmarshal(b, &card); err != nil {
		t.Fatal(err)
	}
	if card.Type != "message" || len(card.Attachments) != 1 || card.Attachments[0].Content.Type != "AdaptiveCard" {
		t.Fatalf("%s", b)
	}
	var texts []string
	for _, part := range card.Attachments[0].Content.Body {
		if part.Type == "TextBlock" {
			if part.Text != "task.opened" {
				t.Errorf("%q is read as Markdown", part.Text)
			}
			continue
		}
		texts = append(texts, part.Inlines[0].Text)
	}
	if want := []string{"[click](https://evil.example)  [31m second", "a\nb\n**c**", "do <at>everyone</at>"}; !slices.Equal(texts, want) {
		t.Errorf("%q, want %q", texts, want)
	}
	var long []notify.Notice
	for i := range 400 {
		long = append(long, notify.Notice{Key: fmt.Sprintf("k/%d", i), Event: notify.ChangeDone, Level: notify.Info, Title: fmt.Sprintf("notice %d", i), Text: strings.Repeat("ä", 20<<10)})
	}
	b = cardOf(t, notify.Messages("x", long, true, end)[0])
	if len(b) > 28<<10 || !strings.Contains(string(b), "and 399 more") {
		t.Errorf("%d bytes", len(b))
	}
}

func TestWhatTheWorkflowAnswersIsTheError(t *testing.T) {
	closed := errors.New("flow.contoso.com answered 404")
	s := teams.Sender{Post: func(context.Context, map[string]string, []byte) error { return closed }}
	if err := s.Send(t.Context(), notify.Message{Notices: []notify.Notice{{}}}); !errors.Is(err, closed) {
		t.Errorf("got %v", err)
	}
}
