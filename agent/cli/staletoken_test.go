package cli_test

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/localapi"
	"github.com/orgstore/orgstore/packages/example"
)

// decide asks an agent, as a caller of its socket, to approve what is planned for the
// gauge.
func (x *tenant) decide(consent string) engine.DecisionsResult {
	x.Helper()
	read := func() (config.Settings, error) {
		name, err := filepath.Abs("orgstore.yaml")
		if err != nil {
			return config.Settings{}, err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return config.Settings{}, err
		}
		return config.Parse(name, text)
	}
	settings, err := read()
	if err != nil {
		x.Fatal(err)
	}
	ports := x.Adapters.Ports
	ports.ActorOf = func(uid uint32) (journal.Actor, error) {
		return journal.Actor{Name: fmt.Sprint("account", uid), ID: fmt.Sprint(uid)}, nil
	}
	server := operation.Server{Ports: ports, ReadSettings: read, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	reply := server.Answer(x.Context(), localapi.Caller{UID: 7001}, localapi.Request{
		Settings: settings.Digest(), Operation: "decide",
		Request: []byte(`{"subject":"` + example.GaugeGUID + `","approve":true,"reason":"tried","consent":` + consent + `}`),
	})
	var answer struct {
		Result engine.DecisionsResult
		Fault  *operation.Fault
	}
	if err := json.Unmarshal(reply.Answer, &answer, json.MatchCaseInsensitiveNames(true)); err != nil || answer.Fault != nil {
		x.Fatal(err, reply, answer.Fault)
	}
	return answer.Result
}

// The token of a question answers that question alone: once something else is
// planned, it approves nothing.
func TestAStaleTokenIsAskedAgain(t *testing.T) {
	x := newTenant(t)
	x.edit("pin: ", "upgrade: {approvals: 1}\n    pin: ")
	x.add(example.Gauge1410)
	asked := x.decide(`{}`)
	if asked.Question == nil || asked.Question.Token == "" || len(asked.Question.Plan.Steps) != 1 {
		t.Fatalf("a caller is not asked: %+v", asked)
	}
	yes := `{"tokens":["` + asked.Question.Token + `"]}`
	x.add(example.Gauge1500)
	again := x.decide(yes)
	if again.Question == nil || again.Question.Token == asked.Question.Token || len(again.Changes) != 0 {
		t.Fatalf("a stale token approves: %+v", again)
	}
	done := x.decide(`{"tokens":["` + again.Question.Token + `"]}`)
	if done.Question != nil || len(done.Changes) != 1 {
		t.Errorf("the right token approves nothing: %+v", done)
	}
}
