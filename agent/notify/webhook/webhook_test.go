package webhook_test

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/notify"
	"github.com/orgstore/orgstore/agent/notify/webhook"
)

var end = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)

// A server keeps what was posted to it.
type server struct {
	header map[string]string
	body   string
	err    error
}

func (s *server) post(_ context.Context, header map[string]string, body []byte) error {
	s.header, s.body = header, string(body)
	return s.err
}

func (s *server) sender(secret string, err error) webhook.Sender {
	return webhook.Sender{Post: s.post, Secret: func() (string, error) { return secret, err }, Now: func() time.Time { return end }}
}

// The example of Standard Webhooks.
func TestSign(t *testing.T) {
	const id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	body := []byte(`{"test": 2432232314}`)
	header, err := webhook.Sign(id, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", body, time.Unix(1614265330, 0))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := header["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; !hmac.Equal([]byte(got), []byte(want)) {
		t.Errorf("signed %s, want %s", got, want)
	}
	if header["webhook-id"] != id || header["webhook-timestamp"] != "1614265330" {
		t.Errorf("headers %v", header)
	}
	for secret, ok := range map[string]bool{
		"": false, "hush": false, "whsec_????": false, "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23)): false,
		strings.Repeat("x", 24): true, strings.Repeat("x", 65): false,
	} {
		if _, err := webhook.Sign(id, secret, body, end); (err == nil) != ok || err != nil && secret != "" && strings.Contains(err.Error(), secret) {
			t.Errorf("the secret %q: %v", secret, err)
		}
	}
}

func TestMessagesArePostedAndSigned(t *testing.T) {
	m := notify.Messages("x", []notify.Notice{{Key: "k", Event: notify.ChangeFailed, Level: notify.Alarm, GUID: "auroraGauge", Name: "Aurora Gauge", Code: "op.readback", Title: "t", Text: "x", Hint: "h"}}, false, end)[0]
	s := &server{}
	secret := strings.Repeat("x", 24)
	if err := s.sender(secret, nil).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	want := `{"type":"change.failed","timestamp":"2027-03-01T00:00:00Z","data":{"schema_version":1,"level":"alarm","message":"[orgstore] t","notices":[` +
		`{"id":"k","event":"change.failed","level":"alarm","code":"op.readback","visual":{"guid":"auroraGauge","name":"Aurora Gauge"},"title":"t","message":"x","hint":"h"}]}}`
	if s.body != want {
		t.Errorf("%s", s.body)
	}
	if signed, err := webhook.Sign(m.ID, secret, []byte(want), end); err != nil || s.header["webhook-id"] != m.ID || s.header["webhook-signature"] != signed["webhook-signature"] {
		t.Errorf("headers %v, %v", s.header, err)
	}
}

func TestSeveralNoticesAreOneDigest(t *testing.T) {
	s := &server{}
	m := notify.Messages("x", []notify.Notice{{Key: "a", Event: notify.ChangeDone}, {Key: "b", Event: notify.ChangeDone}}, true, end)[0]
	if err := s.sender(strings.Repeat("x", 24), nil).Send(t.Context(), m); err != nil || !strings.HasPrefix(s.body, `{"type":"notice.digest"`) || strings.Contains(s.body, `"visual"`) {
		t.Errorf("%v; %s", err, s.body)
	}
}

// Without a secret that is good nothing is sent.
func TestNothingIsSentUnsigned(t *testing.T) {
	m := notify.Message{ID: "msg", Notices: []notify.Notice{{Key: "a"}}}
	unread := errors.New("the file is absent")
	s := &server{}
	if err := s.sender("", unread).Send(t.Context(), m); !errors.Is(err, unread) || s.body != "" {
		t.Errorf("got %v; sent %q", err, s.body)
	}
	if err := s.sender("short", nil).Send(t.Context(), m); fault.Of(err).Code != "notice.secret" || strings.Contains(err.Error(), "short") || s.body != "" {
		t.Errorf("got %v; sent %q", err, s.body)
	}
}

func TestWhatTheServerAnswersIsTheError(t *testing.T) {
	s := &server{err: errors.New("hooks.contoso.com answered 500")}
	if err := s.sender(strings.Repeat("x", 24), nil).Send(t.Context(), notify.Message{Notices: []notify.Notice{{}}}); !errors.Is(err, s.err) {
		t.Errorf("got %v", err)
	}
}
