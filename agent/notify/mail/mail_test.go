package mail_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/notify"
	"github.com/orgstore/orgstore/agent/notify/mail"
)

func TestMessagesAreMailed(t *testing.T) {
	at := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	var all []notify.Notice
	for i := range 7 {
		all = append(all, notify.Notice{Key: fmt.Sprintf("k/%d", i), Event: notify.ChangeDone, Title: fmt.Sprintf("notice %d", i)})
	}
	all[0].Text, all[0].Hint, all[0].Code, all[0].GUID = "more of it", "look", "op.readback", "auroraGauge"
	m := notify.Messages("x", all, false, at)[0]
	var got mail.Mail
	s := mail.Sender{From: "orgstore@contoso.com", To: []string{"ada@contoso.com", "bob@contoso.com"}, Mail: func(_ context.Context, m mail.Mail) error {
		got = m
		return nil
	}}
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got.From != s.From || !slices.Equal(got.To, s.To) || got.Subject != "[orgstore] 7 notices: notice 0" {
		t.Errorf("mailed %+v", got)
	}
	for _, part := range []string{
		"notice 0\n\nmore of it\n\nlook\n\nchange.done, op.readback, auroraGauge\n", "notice 6\n\nchange.done\n", "\n-- \norgstore, 2027-03-01 00:00 UTC, " + m.ID + "\n",
	} {
		if !strings.Contains(got.Text, part) {
			t.Errorf("the text lacks %q:\n%s", part, got.Text)
		}
	}
}

func TestWhatTheTenantAnswersIsTheError(t *testing.T) {
	closed := errors.New("there is no such mailbox")
	s := mail.Sender{Mail: func(context.Context, mail.Mail) error { return closed }}
	if err := s.Send(t.Context(), notify.Message{Notices: []notify.Notice{{}}}); !errors.Is(err, closed) {
		t.Errorf("got %v", err)
	}
}
