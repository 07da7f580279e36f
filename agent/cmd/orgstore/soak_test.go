package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/example"
)

var (
	soakFor  = flag.Duration("soak", 0, "how long the agent runs under load in TestSoak; 0 leaves it out")
	soakTick = flag.Duration("soak-tick", 5*time.Second, "how long the load waits before it wakes the agent up again")
)

// A soak is an agent in a process of its own, a simulated tenant in another, and
// a load of renewals.
type soak struct {
	dir, program, metrics string
	seq                   int
}

// renewEvery is how many times the agent is woken up for one renewal: at the
// usual tick an hour holds ten years of a monthly license.
const renewEvery = 6

// A sample is what the agent tells of itself at a moment. What is live is what
// the last collection of garbage left, so far as the next one's target tells;
// what is own is resident and no part of a file: the pages of the program itself
// come in as they are used. Only Linux tells what is own.
type sample struct {
	at                                   time.Duration
	rss, own, fds, goroutines, live, cpu float64
	rounds, renewals                     float64
}

// TestSoak runs the agent under load and prints what it takes. ./check long does so
// for five minutes; by hand:
//
//	go test -run TestSoak ./agent/cmd/orgstore -v -timeout 0 -soak 1h
//
// The first tenth of the time is for warming up: afterwards the least memory,
// descriptors and goroutines of the last fifth may be a fifth above those of the
// first, and memory in any case by what collections of garbage let come and go. In the
// last third nothing is renewed any more: the data stays as it is
// while the rounds go on, so that what grows there is a leak.
func TestSoak(t *testing.T) {
	if *soakFor == 0 {
		t.Skip("is asked for by -soak")
	}
	s := &soak{dir: t.TempDir()}
	s.program = filepath.Join(s.dir, "orgstore")
	s.must(t, "go", "build", "-o", s.program, ".")
	s.begin(t)
	log, err := os.Create(filepath.Join(s.dir, "agent.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	agent := s.start(t, log, "agent", "run")
	var samples []sample
	begun := time.Now()
	tick := 0
	for next := begun; time.Since(begun) < *soakFor; time.Sleep(time.Until(next)) {
		next = next.Add(*soakTick)
		if tick++; tick%renewEvery == 1 && time.Since(begun) < *soakFor*2/3 {
			s.renew(t)
		}
		s.wake(t)
		if x, ok := s.sample(t, time.Since(begun)); ok {
			x.own = own(agent.Process.Pid)
			samples = append(samples, x)
			if len(samples)%20 == 1 {
				t.Log(x)
			}
		}
	}
	if err := agent.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := agent.Wait(); err != nil {
		text, _ := os.ReadFile(log.Name())
		t.Errorf("it ended with %v; its log ends with\n%s", err, text[max(0, len(text)-4000):])
	}
	judged(t, samples)
}

func (x sample) String() string {
	return fmt.Sprintf("%8s  RSS %5.1f MB  own %5.1f MB  live %5.1f MB  %3.0f descriptors  %3.0f goroutines  %6.1f s CPU  %5.0f rounds  %5.0f renewals",
		x.at.Round(time.Second), x.rss/1e6, x.own/1e6, x.live/1e6, x.fds, x.goroutines, x.cpu, x.rounds, x.renewals)
}

// judged compares the end with the beginning by what is always taken: the least.
func judged(t *testing.T, all []sample) {
	t.Helper()
	warm := all[len(all)/10:]
	if len(warm) < 20 {
		t.Fatalf("%d samples tell nothing", len(all))
	}
	first, last := warm[:len(warm)/5], warm[len(warm)-len(warm)/5:]
	least := func(of []sample, what func(sample) float64) float64 {
		return what(slices.MinFunc(of, func(a, b sample) int { return int(what(a) - what(b)) }))
	}
	const memoryNoise = 2 << 20 // a heap this small is not collected for a minute
	flat := func(name string, first, last []sample, of func(sample) float64) {
		before, after := least(first, of), least(last, of)
		t.Logf("%s: %.0f at first, %.0f at last", name, before, after)
		allowed := before * 0.2
		if strings.Contains(name, "bytes") {
			allowed = max(allowed, memoryNoise)
		}
		if after > before+allowed {
			t.Errorf("%s grew from %.0f to %.0f", name, before, after)
		}
	}
	flat("RSS in bytes", first, last, func(s sample) float64 { return s.rss })
	flat("own bytes", first, last, func(s sample) float64 { return s.own })
	flat("descriptors", first, last, func(s sample) float64 { return s.fds })
	flat("goroutines", first, last, func(s sample) float64 { return s.goroutines })
	still := all[len(all)*7/10:] // nothing was renewed any more
	flat("live bytes while the data stayed as it was", still[:len(still)/3], still[len(still)*2/3:], func(s sample) float64 { return s.live })
	if end := all[len(all)-1]; end.renewals < float64(len(all))/15 || end.rounds < end.renewals {
		t.Errorf("there was little load: %s", end)
	}
}

// begin makes a tenant, its settings, and a vendor whose visual is pinned.
func (s *soak) begin(t *testing.T) {
	t.Helper()
	s.metrics = free(t)
	simulated := exec.Command(s.program, "simulator", "--addr", "127.0.0.1:21443", "--state", filepath.Join(s.dir, "sim"))
	simulated.Stderr = os.Stderr
	if err := simulated.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = simulated.Process.Kill(); _ = simulated.Wait() })
	for end := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if _, err := os.Stat(s.settings()); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the simulator wrote no settings")
		}
	}
	s.orgstore(t, "vendor", "keygen", "--name", "aurora", "--issuer", "https://licenses.auroravisuals.example", "--guid", example.GaugeGUID, "--out", s.in("vendor"))
	s.orgstore(t, "trust", "add", s.in("vendor/aurora.trust"), "--name", "Aurora Visuals", "--guid", example.GaugeGUID, "--force")
	s.orgstore(t, "pin", "set", example.GaugeGUID, ">= 1")
	text, err := os.ReadFile(s.settings())
	if err == nil {
		text = bytes.Replace(text, []byte("version: 1\n"), []byte("version: 1\nagent: {every: 1m, listen: "+s.metrics+"}\n"), 1)
		err = os.WriteFile(s.settings(), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.in("gauge.pbiviz"), example.Gauge("1.4.0.0"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *soak) in(name string) string { return filepath.Join(s.dir, name) }

func (s *soak) settings() string { return s.in("sim/orgstore.yaml") }

// renew puts the next renewal into the library.
func (s *soak) renew(t *testing.T) {
	t.Helper()
	s.seq++
	out := s.in("issued/" + strconv.Itoa(s.seq))
	// A license of more than 400 days is a person's to decide.
	ends := time.Now().AddDate(0, 0, 30+s.seq%360).Format(time.DateOnly)
	s.orgstore(t, "vendor", "issue", s.in("gauge.pbiviz"), "--embed", "--out", out, "--seq", strconv.Itoa(s.seq), "--ends", ends,
		"--subscription", "sub-1", "--key", s.in("vendor/aurora.key"), "--bundle", s.in("vendor/aurora.trust"),
		"--tenant", "8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11", "--quantity", "250")
	named := filepath.Join(out, fmt.Sprintf("gauge-%d.pbiviz", s.seq))
	if err := os.Rename(filepath.Join(out, "gauge.pbiviz"), named); err != nil {
		t.Fatal(err)
	}
	s.orgstore(t, "package", "upload", named)
}

// wake puts a hold into the journal, which the agent notices, and takes it away.
func (s *soak) wake(t *testing.T) {
	t.Helper()
	s.orgstore(t, "hold", example.GaugeGUID, "--reason", "a soak")
	s.orgstore(t, "unhold", example.GaugeGUID)
}

// sample asks for the metrics; an agent that still starts has none.
func (s *soak) sample(t *testing.T, at time.Duration) (sample, bool) {
	t.Helper()
	resp, err := http.Get("http://" + s.metrics + "/metrics")
	if err != nil {
		return sample{}, false
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	value := func(name string) float64 {
		m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindSubmatch(text)
		if m == nil {
			return 0
		}
		f, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	return sample{
		at: at, rss: value("process_resident_memory_bytes"), fds: value("process_open_fds"), goroutines: value("go_goroutines"),
		live: value("go_memstats_next_gc_bytes") / 2, cpu: value("process_cpu_seconds_total"), rounds: value("orgstore_rounds_total"),
		renewals: value(`orgstore_changes_total{kind="renew",outcome="verified"}`),
	}, true
}

func own(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	m := regexp.MustCompile(`(?m)^RssAnon:\s+(\d+) kB$`).FindSubmatch(text)
	if m == nil {
		return 0
	}
	kilobytes, _ := strconv.ParseFloat(string(m[1]), 64) // digits, as the expression says
	return kilobytes * 1024
}

func (s *soak) orgstore(t *testing.T, args ...string) {
	t.Helper()
	s.must(t, s.program, append([]string{"--config", s.settings()}, args...)...)
}

func (s *soak) must(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func (s *soak) start(t *testing.T, log io.Writer, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(s.program, append([]string{"--config", s.settings()}, args...)...)
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}
