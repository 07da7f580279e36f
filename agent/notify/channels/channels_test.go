package channels

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/notify"
	"github.com/orgstore/orgstore/agent/notify/mail"
)

// channelOf is one channel of each kind.
var channelOf = map[string]config.Channel{
	"mail":    {Mail: config.Mail{From: "orgstore@contoso.com", To: []string{"ada@contoso.com"}}},
	"teams":   {Teams: config.Secret{Env: "FLOW"}},
	"webhook": {Webhook: config.Secret{Env: "HOOK"}, Secret: config.Secret{Env: "KEY"}},
}

// The kinds of the settings' schema are those of the table.
func TestTheTableHasTheKindsOfTheSettings(t *testing.T) {
	var schema struct {
		Defs map[string]struct {
			Properties map[string]json.RawMessage `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(config.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	keys := schema.Defs["notifyEntry"].Properties
	for _, common := range []string{"name", "events", "digest"} {
		delete(keys, common)
	}
	names := slices.Sorted(maps.Keys(kinds))
	if inSchema := slices.Sorted(maps.Keys(keys)); !slices.Equal(inSchema, names) {
		t.Errorf("the schema has the kinds %v, the table %v", inSchema, names)
	}
}

func TestEachKindSendsByItsWay(t *testing.T) {
	var sent []string
	w := Wire{
		Post: func(_ context.Context, to config.Secret, header map[string]string, _ []byte) error {
			sent = append(sent, fmt.Sprintf("post to %s with %d headers", to, len(header)))
			return nil
		},
		Secret: func(at config.Secret) (string, error) { return strings.Repeat("x", 24), nil },
		Mail: func(_ context.Context, m mail.Mail) error {
			sent = append(sent, "mail to "+m.To[0])
			return nil
		},
		Now: time.Now,
	}
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		c, ok := channelOf[name]
		if !ok || c.Kind() != name {
			t.Fatalf("no channel of the kind %s is tried", name)
		}
		s, err := Open(c, w)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := s.Send(t.Context(), notify.Message{Notices: []notify.Notice{{Title: "t"}}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	want := []string{"mail to ada@contoso.com", fmt.Sprintf("post to %s with 0 headers", channelOf["teams"].Teams), fmt.Sprintf("post to %s with 3 headers", channelOf["webhook"].Webhook)}
	if !slices.Equal(sent, want) {
		t.Errorf("sent %q, want %q", sent, want)
	}
}

func TestAProgramThatCannotPost(t *testing.T) {
	for _, c := range []config.Channel{channelOf["teams"], channelOf["webhook"]} {
		var f *fault.Fault
		if _, err := Open(c, Wire{}); !errors.As(err, &f) || f.Code != "notice.unsupported" {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := Open(channelOf["mail"], Wire{}); err != nil {
		t.Errorf("mail: %v", err)
	}
}
