package operation

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/localapi"
)

// members may call these. What is new is not on the list: whoever adds an operation
// decides, and writes it down here too.
var members = []string{
	"agent status", "approve list", "decide", "drift", "drift settle", "facts show", "history", "hold", "license runway",
	"license status", "notice list", "package list", "pin list", "pin request", "plan", "status", "trust attester list", "trust list", "unblock", "unhold",
}

func TestEveryOperationSaysWhoMayCallIt(t *testing.T) {
	var names, served []string
	for _, d := range All() {
		if d.Audience == undecided {
			t.Errorf("%s does not say who may call it", d.Name)
		}
		if d.Audience == Members {
			served = append(served, d.Name)
		}
		if slices.Contains(names, d.Name) {
			t.Errorf("two operations are called %s", d.Name)
		}
		names = append(names, d.Name)
	}
	slices.Sort(served)
	if !slices.Equal(served, members) {
		t.Errorf("members of the group may call %q, want %q", served, members)
	}
}

// A variable of table.go that the table lacks would be refused by the socket alone,
// where few look.
func TestEveryOperationIsInTheTable(t *testing.T) {
	tree, err := parser.ParseFile(token.NewFileSet(), "table.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	for _, d := range tree.Decls {
		d, ok := d.(*ast.GenDecl)
		if !ok || d.Tok != token.VAR {
			continue
		}
		for _, s := range d.Specs {
			if s, ok := s.(*ast.ValueSpec); ok {
				if _, isCall := s.Values[0].(*ast.CallExpr); isCall {
					declared += len(s.Names)
				}
			}
		}
	}
	if declared < 20 || declared != len(All()) {
		t.Errorf("%d operations are declared, and %d are in the table", declared, len(All()))
	}
}

// What members call names no file: the agent would read it with its own rights.
func TestNoFileIsNamedByMembers(t *testing.T) {
	for _, d := range All() {
		for i := range d.Request.NumField() {
			name := strings.ToLower(d.Request.Field(i).Name)
			if d.Audience == Members && (strings.Contains(name, "file") || strings.Contains(name, "saved") || strings.Contains(name, "path")) {
				t.Errorf("%s takes %s", d.Name, name)
			}
		}
	}
}

// testServer serves with settings and no ports: what gets that far panics.
func testServer() Server {
	ports := engine.Ports{ActorOf: func(uint32) (journal.Actor, error) { return journal.Actor{Name: "alice", ID: "7001"}, nil }}
	return Server{Ports: ports, ReadSettings: func() (config.Settings, error) { return config.Settings{}, nil }, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

func TestRequestsThatAreRefused(t *testing.T) {
	own := config.Settings{}.Digest()
	for name, c := range map[string]struct {
		request localapi.Request
		code    string
	}{
		"an unknown operation":         {localapi.Request{Settings: own, Operation: "approve --force"}, "socket.not_served"},
		"no operation":                 {localapi.Request{Settings: own}, "socket.not_served"},
		"one in capitals":              {localapi.Request{Settings: own, Operation: "Status", Request: []byte(`{}`)}, "socket.not_served"},
		"one that changes stores":      {localapi.Request{Settings: own, Operation: "apply", Request: []byte(`{}`)}, "socket.not_served"},
		"one that names a file":        {localapi.Request{Settings: own, Operation: "store import", Request: []byte(`{"file":"/etc/shadow"}`)}, "socket.not_served"},
		"an unknown member":            {localapi.Request{Settings: own, Operation: "status", Request: []byte(`{"owner":"all"}`)}, "socket.version"},
		"an unknown member below":      {localapi.Request{Settings: own, Operation: "decide", Request: []byte(`{"consent":{"by":"root"}}`)}, "socket.version"},
		"a member in capitals":         {localapi.Request{Settings: own, Operation: "status", Request: []byte(`{"Store":"store"}`)}, "socket.version"},
		"a name that is no visual":     {localapi.Request{Settings: own, Operation: "hold", Request: []byte(`{"visual":"../../etc"}`)}, "socket.version"},
		"no request":                   {localapi.Request{Settings: own, Operation: "status"}, "socket.version"},
		"a list":                       {localapi.Request{Settings: own, Operation: "status", Request: []byte(`[]`)}, "socket.version"},
		"other settings":               {localapi.Request{Settings: "sha256:0", Operation: "status", Request: []byte(`{}`)}, "socket.settings"},
		"other settings, and nonsense": {localapi.Request{Settings: "sha256:0", Operation: "status", Request: []byte(`7`)}, "socket.settings"},
	} {
		t.Run(name, func(t *testing.T) {
			r := testServer().Answer(t.Context(), localapi.Caller{UID: 7001}, c.request)
			got := string(r.Answer)
			if r.Refused != nil {
				got = r.Refused.Code()
			}
			if !strings.Contains(got, c.code) {
				t.Errorf("got %s, want %s", got, c.code)
			}
		})
	}
}

// testOperation answers with what a function returns.
func testOperation[Result any](do func() (Result, error)) Operation[struct{}, Result] {
	return Operation[struct{}, Result]{Name: "test", Audience: Members, run: func(_ context.Context, i *Installation, _ struct{}) (Result, error) {
		i.Notes.Add("a note")
		i.incomplete = []string{"the library"}
		return do()
	}}
}

func TestAnAnswerIsReadAsItWas(t *testing.T) {
	want := engine.StatusResult{Visuals: []engine.VisualStatus{{GUID: "x", Name: "two\xffbytes", Gates: []engine.Gate{}}}, Message: "well"}
	failure := fault.New("agent.failing", "look at it", "it failed").DueTo("lic.ended")
	op := testOperation(func() (engine.StatusResult, error) { return want, failure })
	out, err := op.outcome(op.carryOut(t.Context(), Installation{}, []byte(`{}`)))
	if out.Result.Message != "well" || out.Result.Visuals[0].Name != "two\ufffdbytes" || !slices.Equal(out.Notes, []string{"a note"}) || !slices.Equal(out.Incomplete, []string{"the library"}) {
		t.Errorf("the answer is %+v", out)
	}
	if f := fault.Of(err); f.Code != "agent.failing" || f.Hint != "look at it" || f.Error() != "it failed" || f.Cause() != "lic.ended" {
		t.Errorf("the fault is %+v", f)
	}
}

func TestAnOversizeResultIsRefused(t *testing.T) {
	op := testOperation(func() (string, error) { return strings.Repeat("x", MaxAnswer), nil })
	a := op.carryOut(t.Context(), Installation{}, []byte(`{}`))
	if _, err := op.outcome(a); fault.Of(err).Code != "socket.too_long" || a.Result != nil {
		t.Errorf("got %d bytes, %v", len(a.Result), err)
	}
}

// An agent of a newer version may say what this program would not show.
func TestAnAnswerOfAnotherVersionIsRefused(t *testing.T) {
	op := testOperation(func() (engine.StatusResult, error) { return engine.StatusResult{}, nil })
	_, err := op.outcome(Answer{Result: []byte(`{"visuals":[],"message":"","stop":"do not trust this"}`)})
	if fault.Of(err).Code != "socket.version" {
		t.Errorf("got %v", err)
	}
}

// The log says what came of an operation: one that asks first has changed nothing.
func TestTheLogSaysWhatCameOfAnOperation(t *testing.T) {
	question := engine.DecisionsResult{Question: &engine.Question{}}
	for want, op := range map[string]entry{
		"done":          testOperation(func() (engine.DecisionsResult, error) { return engine.DecisionsResult{Message: "approved"}, nil }),
		"asked":         testOperation(func() (engine.DecisionsResult, error) { return question, nil }),
		"agent.failing": testOperation(func() (engine.DecisionsResult, error) { return question, fault.New("agent.failing", "", "it failed") }),
	} {
		if got := op.carryOut(t.Context(), Installation{}, []byte(`{}`)).word(); got != want {
			t.Errorf("the log says %q, want %q", got, want)
		}
	}
	if got := testOperation(func() (string, error) { return "text", nil }).carryOut(t.Context(), Installation{}, []byte(`{}`)).word(); got != "done" {
		t.Errorf("of a text the log says %q", got)
	}
	for _, d := range All() {
		if d.Result.Kind() != reflect.Struct {
			continue
		}
		if q, has := d.Result.FieldByName("Question"); has && q.Tag.Get("json") != "question,omitempty" {
			t.Errorf("%s asks by the member %s, which the log does not know", d.Name, q.Tag)
		}
	}
}
