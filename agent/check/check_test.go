package check

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
)

// TestMain lets the test program play the commands: as itself, on every system.
func TestMain(m *testing.M) {
	switch part := os.Getenv("CHECK_PART"); {
	case part == "":
		os.Exit(m.Run())
	case part == "tree":
		child := exec.Command(os.Args[0])
		child.Env = []string{"CHECK_PART=beat", "CHECK_BEAT=" + os.Getenv("CHECK_BEAT")}
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			os.Exit(3)
		}
		if os.Getenv("CHECK_LEAVES") == "" {
			_ = child.Wait()
		}
	case part == "beat":
		for range 600 {
			_ = os.WriteFile(os.Getenv("CHECK_BEAT"), []byte(time.Now().String()), 0o600)
			time.Sleep(20 * time.Millisecond)
		}
	case part == "tell":
		var told struct {
			Type string
			Data map[string]string
		}
		if err := json.NewDecoder(os.Stdin).Decode(&told); err != nil || told.Type != "change.check" {
			os.Exit(4)
		}
		os.Stdout.WriteString(told.Data["guid"] + " " + os.Getenv("ORGSTORE_CHECK_GUID") + " " + os.Getenv("HOME") + os.Getenv("PASSED_ON") + "\n")
		os.Stderr.WriteString("password=hunter22 and eyJhbGciOi.eyJzdWIiOiIx.c2ln\n" + strings.Repeat("more\n", 100))
	default:
		code, _ := strconv.Atoi(part)
		os.Exit(code)
	}
}

func command(part string, limit time.Duration, env ...string) Command {
	return Command{Args: []string{os.Args[0]}, Env: append(env, "CHECK_PART="+part), Limit: limit, Now: time.Now}
}

func about() Change {
	return Change{ID: "st_1.2", Kind: "upgrade", GUID: "auroraGauge7C1B2E5D", Name: "Aurora Gauge", Version: "1.5.0.0"}
}

func TestExitStatus(t *testing.T) {
	for part, want := range map[string]journal.Answer{"0": journal.Passed, "7": journal.Refused, "255": journal.Refused} {
		got := command(part, time.Minute).Check(t.Context(), about())
		if got.Answer != want || got.By != ByCommand || !strings.Contains(got.Message, "ended with "+part) {
			t.Errorf("%s: %+v", part, got)
		}
	}
}

func TestNotStartable(t *testing.T) {
	for _, args := range [][]string{nil, {"no-such-program-4711"}, {filepath.Join(t.TempDir(), "gone")}} {
		c := Command{Args: args, Limit: time.Minute, Now: time.Now}
		if c.Ready() == nil {
			t.Errorf("%v can be started", args)
		}
		if len(args) > 0 {
			if got := c.Check(t.Context(), about()); got.Answer != journal.Refused || !strings.Contains(got.Message, "cannot be run") {
				t.Errorf("%v: %+v", args, got)
			}
		}
	}
	if err := command("0", time.Minute).Ready(); err != nil {
		t.Error(err)
	}
}

// What a command is told comes by both ways; what it writes is kept in part, and
// never what looks like a secret or was passed on.
func TestWhatACommandIsToldAndSays(t *testing.T) {
	t.Setenv("NOT_PASSED_ON", "x")
	c := command("tell", time.Minute, "PASSED_ON=hush-hush")
	c.Secrets = []string{"hush-hush"}
	got := c.Check(t.Context(), about())
	if got.Answer != journal.Passed || !strings.HasPrefix(got.Output, "auroraGauge7C1B2E5D auroraGauge7C1B2E5D ***\n") {
		t.Errorf("%+v", got)
	}
	for _, secret := range []string{"hunter22", "eyJ", "hush"} {
		if strings.Contains(got.Output, secret) {
			t.Errorf("%s is kept: %s", secret, got.Output)
		}
	}
	if lines := strings.Count(got.Output, "\n"); lines > maxLines || len(got.Output) > maxOutput+4 || !strings.HasSuffix(got.Output, "...") {
		t.Errorf("%d lines, %d bytes are kept", lines, len(got.Output))
	}
}

// beats says whether somebody still writes to a file.
func beats(t *testing.T, file string) bool {
	t.Helper()
	before, _ := os.ReadFile(file) // it may have ended before it wrote
	time.Sleep(300 * time.Millisecond)
	after, _ := os.ReadFile(file)
	return string(before) != string(after)
}

// started says whether what writes to a file has been started.
func started(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Size() > 0
}

func TestTheTimeLimitEndsTheWholeTree(t *testing.T) {
	beat := filepath.Join(t.TempDir(), "beat")
	for limit := time.Second; !started(beat) && limit < time.Minute; limit *= 2 { // a slow machine needs longer to start it
		got := command("tree", limit, "CHECK_BEAT="+beat).Check(t.Context(), about())
		if got.Answer != journal.Refused || !strings.Contains(got.Message, "longer than "+limit.String()) {
			t.Errorf("%+v", got)
		}
	}
	if beats(t, beat) {
		t.Error("what it started still runs")
	}
}

// A program that ends well and leaves another behind, which holds its output
// open, has answered.
func TestWhatIsLeftBehindIsNotWaitedFor(t *testing.T) {
	beat := filepath.Join(t.TempDir(), "beat")
	began := time.Now()
	got := command("tree", time.Minute, "CHECK_BEAT="+beat, "CHECK_LEAVES=1").Check(t.Context(), about())
	if got.Answer != journal.Passed || time.Since(began) > 15*time.Second {
		t.Errorf("after %s: %+v", time.Since(began), got)
	}
	if beats(t, beat) {
		t.Error("what it left behind still runs")
	}
}

func TestStoppedIsNoAnswer(t *testing.T) {
	beat := filepath.Join(t.TempDir(), "beat")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for !started(beat) && t.Context().Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
	}()
	if got := command("tree", time.Minute, "CHECK_BEAT="+beat).Check(ctx, about()); got.Answer != journal.Stopped {
		t.Errorf("%+v", got)
	}
	if beats(t, beat) {
		t.Error("what it started still runs")
	}
}

func hook(limit time.Duration, post func(context.Context, map[string]string, []byte) error) Webhook {
	return Webhook{Post: post, Secret: func() (string, error) { return "0123456789abcdef0123456789", nil }, Limit: limit, Now: time.Now}
}

func TestWebhook(t *testing.T) {
	sent := map[string]string{}
	good := hook(time.Minute, func(_ context.Context, header map[string]string, body []byte) error {
		sent = header
		if !strings.Contains(string(body), `"guid": "auroraGauge7C1B2E5D"`) {
			t.Errorf("the body is %s", body)
		}
		return nil
	})
	if got := good.Check(t.Context(), about()); got.Answer != journal.Passed || got.By != ByWebhook {
		t.Errorf("%+v", got)
	}
	if sent["webhook-id"] != "st_1.2" || !strings.HasPrefix(sent["webhook-signature"], "v1,") {
		t.Errorf("the headers are %v", sent)
	}
	bad := hook(time.Minute, func(context.Context, map[string]string, []byte) error {
		return errors.New("checks.contoso.com answered 422")
	})
	if got := bad.Check(t.Context(), about()); got.Answer != journal.Refused || !strings.Contains(got.Message, "422") {
		t.Errorf("%+v", got)
	}
	waits := func(ctx context.Context, _ map[string]string, _ []byte) error { <-ctx.Done(); return ctx.Err() }
	if got := hook(time.Millisecond, waits).Check(t.Context(), about()); got.Answer != journal.Refused || !strings.Contains(got.Message, "within 1ms") {
		t.Errorf("%+v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := hook(time.Minute, waits).Check(ctx, about()); got.Answer != journal.Stopped {
		t.Errorf("%+v", got)
	}
	short := good
	short.Secret = func() (string, error) { return "short", nil }
	if short.Ready() == nil || good.Ready() != nil {
		t.Error("a secret that is too short is ready, or a good one is not")
	}
}

func TestAllStopAtTheFirstThatFails(t *testing.T) {
	posts := 0
	webhook := hook(time.Minute, func(context.Context, map[string]string, []byte) error { posts++; return nil })
	if got := (All{command("7", time.Minute), webhook}).Check(t.Context(), about()); got.Answer != journal.Refused || posts > 0 {
		t.Errorf("%+v after %d posts", got, posts)
	}
	got := All{command("0", time.Minute), webhook}.Check(t.Context(), about())
	if got.Answer != journal.Passed || got.By != "command, webhook" || posts != 1 {
		t.Errorf("%+v after %d posts", got, posts)
	}
}
