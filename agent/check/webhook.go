package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/notify/webhook"
)

// ByWebhook is what answers where a webhook does.
const ByWebhook = "webhook"

// A Webhook is a server that says by its answer whether a change is good: 2xx is
// good. It gets the change as JSON, signed as Standard Webhooks has it, under the
// change's own ID.
type Webhook struct {
	// Post posts a body; an error is any answer but 2xx, and none at all.
	Post   func(ctx context.Context, header map[string]string, body []byte) error
	Secret func() (string, error)
	Limit  time.Duration
	Now    func() time.Time
}

// Ready says why the webhook could not be signed; nil where it can.
func (w Webhook) Ready() error {
	_, err := w.header("ready", nil)
	return err
}

func (w Webhook) header(id string, body []byte) (map[string]string, error) {
	secret, err := w.Secret()
	if err != nil {
		return nil, err
	}
	return webhook.Sign(id, secret, body, w.Now())
}

// Check posts the change and waits for the answer.
func (w Webhook) Check(ctx context.Context, change Change) journal.Checked {
	began := w.Now()
	limited, cancel := context.WithTimeout(ctx, w.Limit)
	defer cancel()
	answer := journal.Checked{By: ByWebhook, Answer: journal.Passed, Message: "the webhook answered that it is good"}
	body, err := change.Body(began)
	var header map[string]string
	if err == nil {
		header, err = w.header(change.ID, body)
	}
	if err == nil {
		err = w.Post(limited, header, body)
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		answer.Answer, answer.Message = journal.Stopped, "stopped before it had answered"
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		answer = refused(ByWebhook, fmt.Sprintf("the webhook did not answer within %s", w.Limit))
	default:
		answer = refused(ByWebhook, err.Error())
	}
	answer.TookMS = w.Now().Sub(began).Milliseconds()
	return answer
}
