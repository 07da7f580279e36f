package mailbox_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/mailbox"
	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
)

const client = "5a5a5a5a-1111-4222-8333-444444444444"

// startMailbox starts a tenant with a mailbox, and an application with roles.
func startMailbox(t *testing.T, roles ...string) (*simulator.Simulator, *graph.Connection) {
	t.Helper()
	s := simulatortest.Start(t)
	s.SetUsers(simulator.User{ID: "11111111-2222-4333-8444-555555555555", Principal: "orgstore@contoso.com"})
	if err := s.AddApp(simulator.App{Client: client, Secret: "app~secret", Roles: roles}); err != nil {
		t.Fatal(err)
	}
	e := s.Endpoints()
	cloud, err := graph.CloudNamed("")
	if err != nil {
		t.Fatal(err)
	}
	cloud.Login, cloud.Graph, cloud.PowerBI, cloud.Fabric = e.Login, e.Graph, e.PowerBI, e.Fabric
	c, err := graph.Connect(graph.Options{
		Cloud: cloud, Tenant: s.Tenant(), CAs: [][]byte{s.CA()}, Program: "orgstore/test",
		SignIn: graph.SignIn{Method: graph.BySecret, Client: client, Secret: func() (string, error) { return "app~secret", nil }},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return s, c
}

func TestSend(t *testing.T) {
	s, c := startMailbox(t, "Mail.Send")
	long := strings.Repeat("ä", 300<<10)
	for _, m := range []mailbox.Mail{
		{From: "orgstore@contoso.com", To: []string{"ada@contoso.com", "bob@contoso.com"}, Subject: "it ends <soon>", Text: "line one\nline & two\n"},
		{From: "orgstore@contoso.com", To: []string{"ada@contoso.com"}, Subject: "long", Text: long},
	} {
		if err := mailbox.Send(context.Background(), c, m); err != nil {
			t.Fatal(err)
		}
	}
	got := s.Mail()
	if len(got) != 2 {
		t.Fatalf("%d mails", len(got))
	}
	if m := got[0]; m.From != "orgstore@contoso.com" || !slices.Equal(m.To, []string{"ada@contoso.com", "bob@contoso.com"}) || m.Subject != "it ends <soon>" ||
		m.Body != "line one\nline & two\n" || !strings.EqualFold(m.ContentType, "text") || m.Saved {
		t.Errorf("got %+v", m)
	}
	if n := len(got[1].Body); n > 520<<10 || !strings.HasSuffix(got[1].Body, "ä\n...") {
		t.Errorf("the long one has %d bytes", n)
	}
	for _, call := range s.UnexpectedCalls() {
		t.Error(call)
	}
}

func TestSendRefused(t *testing.T) {
	good := mailbox.Mail{From: "orgstore@contoso.com", To: []string{"ada@contoso.com"}, Subject: "s", Text: "t"}
	for _, c := range []struct {
		name   string
		roles  []string
		change func(*mailbox.Mail)
		status int
		hint   string
	}{
		{"without the permission", []string{"User.Read.All"}, func(*mailbox.Mail) {}, 403, "Mail.Send"},
		{"from a mailbox that is none", []string{"Mail.Send"}, func(m *mailbox.Mail) { m.From = "nobody@contoso.com" }, 404, "mailbox"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, api := startMailbox(t, c.roles...)
			m := good
			c.change(&m)
			err := mailbox.Send(context.Background(), api, m)
			var e *graph.Error
			var hinted interface{ Hint() string }
			if !errors.As(err, &e) || e.Status != c.status || !errors.As(err, &hinted) || !strings.Contains(hinted.Hint(), c.hint) {
				t.Errorf("%v", err)
			}
			if len(s.Mail()) > 0 {
				t.Error("it was sent")
			}
		})
	}
	s, api := startMailbox(t, "Mail.Send")
	if err := mailbox.Send(context.Background(), api, mailbox.Mail{From: "orgstore@contoso.com"}); err == nil || len(s.LoggedCalls()) > 0 {
		t.Errorf("a mail to nobody: %v", err)
	}
}
