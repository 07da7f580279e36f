package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/cli"
)

// command runs one command line with the real adapters.
func command(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = cli.Run(ctx, args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, adapters())
	tell(out.String(), errs.String())
	return code, out.String(), errs.String()
}

// TestTheDemoInATenant plays the whole story through a library in SharePoint,
// over real sign-in, TLS and HTTP.
func TestTheDemoInATenant(t *testing.T) {
	t.Parallel()
	code, out, told := command(t.Context(), "demo", "--tenant", "-o", "json")
	if code != 0 || !strings.Contains(out, `"surprises": []`) {
		t.Fatalf("left with %d:\n%s\n%s", code, out, told)
	}
	for _, want := range []string{"library.read        ready", "capacity Production", "OrgstoreInstalled     yes, since", "OrgstoreVerdict       accepted"} {
		if !strings.Contains(told, want) {
			t.Errorf("the story does not tell %q:\n%s", want, told)
		}
	}
}

// An answer is written to when a command says something.
type answer struct {
	bytes.Buffer
	said chan struct{}
}

func (s *answer) Write(b []byte) (int, error) {
	n, err := s.Buffer.Write(b)
	select {
	case <-s.said:
	default:
		close(s.said)
	}
	return n, err
}

// TestTheSimulatorForOtherCommands starts the simulator as one process would,
// and works with the settings it wrote as another.
func TestTheSimulatorForOtherCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	state := filepath.Join(dir, "simulated")
	sent := mail(t)
	for name, text := range map[string][]byte{
		"library/gauge.pbiviz": sent["gauge.pbiviz"], "library/broken.pbiviz": []byte("PK, and nothing else"),
		"aurora.trust": sent["aurora.trust"],
	} {
		file := filepath.Join(state, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rules := filepath.Join(dir, "faults.yaml")
	if err := os.WriteFile(rules, []byte("faults:\n  - {kind: error, service: graph, method: GET, status: 503}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	out := &answer{said: make(chan struct{})}
	ended := make(chan int)
	var told bytes.Buffer
	go func() {
		ended <- cli.Run(ctx, []string{"simulator", "--addr", "127.0.0.1:0", "--state", state, "--faults", rules, "-o", "json"},
			cli.Streams{In: strings.NewReader(""), Out: out, Err: &told}, adapters())
	}()
	select {
	case <-out.said:
	case code := <-ended:
		t.Fatalf("the simulator left with %d: %s", code, told.String())
	}
	defer func() {
		stop()
		code := <-ended
		tell(told.String())
		if code != 0 || !strings.Contains(told.String(), "the simulator answered") {
			t.Errorf("the simulator left with %d: %s", code, told.String())
		}
		if !strings.Contains(told.String(), "graph GET /v1.0/sites/contoso.sharepoint.com:/sites/bi 503 fault=error") {
			t.Errorf("the simulator does not tell what it was asked: %s", told.String())
		}
		if kept, err := os.ReadFile(filepath.Join(state, "library", "late.pbiviz")); err != nil || !bytes.Equal(kept, sent["timeline.pbiviz"]) {
			t.Errorf("what was put into the library is lost: %v", err)
		}
	}()
	settings := "--config=" + filepath.Join(state, "orgstore.yaml")
	if code, out, told := command(t.Context(), settings, "trust", "add", filepath.Join(state, "aurora.trust"), "--name", "Aurora Visuals",
		"--guid", "auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E", "--force"); code != 0 {
		t.Fatalf("left with %d: %s%s", code, out, told)
	}
	code, listed, said := command(t.Context(), settings, "package", "list", "-o", "json")
	if code != 0 || !strings.Contains(listed, "Aurora Gauge") || !strings.Contains(listed, "broken.pbiviz") {
		t.Fatalf("left with %d: %s%s", code, listed, said)
	}

	late := filepath.Join(dir, "late.pbiviz")
	if err := os.WriteFile(late, sent["timeline.pbiviz"], 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, said := command(t.Context(), settings, "package", "upload", late); code != 0 {
		t.Fatalf("left with %d: %s", code, said)
	}

	// What is mailed lies in a folder, as in a mailbox.
	file := filepath.Join(state, "orgstore.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("notify: []\n"), []byte("notify: [{name: admins, mail: {from: orgstore@contoso.com, to: [ada@contoso.com]}}]\n"), 1)
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, out, told := command(t.Context(), settings, "notice", "test", "admins"); code != 0 {
		t.Fatalf("left with %d: %s%s", code, out, told)
	}
	mailed := ""
	for end := time.Now().Add(time.Minute); !strings.Contains(mailed, "a test of this channel"); time.Sleep(50 * time.Millisecond) {
		b, _ := os.ReadFile(filepath.Join(state, "mail", "0001.txt")) // not there yet
		if mailed = string(b); time.Now().After(end) {
			t.Fatalf("nothing was mailed: %q", mailed)
		}
	}
	if !strings.HasPrefix(mailed, "From: orgstore@contoso.com\nTo: ada@contoso.com\nSubject: [orgstore] ") {
		t.Errorf("mailed %s", mailed)
	}

	// A secret that is wrong: everything goes on without the library, and says so.
	if err := os.WriteFile(filepath.Join(state, "secret.txt"), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, planned, said := command(t.Context(), settings, "plan", "-o", "json")
	var envelope struct {
		Result struct {
			Code string `json:"error_code"`
			Hint string `json:"hint"`
		} `json:"result"`
	}
	if err := json.Unmarshal([]byte(planned), &envelope); err != nil {
		t.Fatal(err)
	}
	if code != 4 || !strings.HasPrefix(envelope.Result.Code, "signin.") || envelope.Result.Hint == "" || strings.Contains(planned+said, "another\"") {
		t.Errorf("left with %d: %s%s", code, planned, said)
	}
	if code, _, said := command(t.Context(), settings, "doctor"); code != 4 {
		t.Errorf("doctor left with %d: %s", code, said)
	}
	if code, _, _ := command(t.Context(), settings, "status"); code != 0 {
		t.Errorf("status left with %d", code)
	}
}
