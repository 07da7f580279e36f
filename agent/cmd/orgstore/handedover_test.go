package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/graph/simulator/gallery/gallerytest"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/visual"
)

// An uploader is somebody at the page who updates the gauge with a file.
type uploader func(w *replaying, who, file string)

// byHand does what the page's script does.
func byHand(w *replaying, who, file string) {
	w.Helper()
	b := &gallerytest.Browser{Base: w.tenant.Endpoints().Portal, Client: simulatortest.HTTP(w, w.tenant), Shape: w.tenant.Gallery().Shape(), User: who}
	if err := b.Open(w.Context()); err != nil {
		w.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		w.Fatal(err)
	}
	if err := b.Update(w.Context(), w.title(), filepath.Base(file), text); err != nil {
		w.Fatal(err)
	}
}

// A renewal arrives, its task is mailed, a person uploads the file that lies in
// the task on the page and says so, and the task is closed; the activity log
// agrees later. What somebody else uploads there is named.
func TestHandedOverToAPersonAtThePage(t *testing.T) {
	t.Parallel()
	t.Run("script", func(t *testing.T) { handedOver(newReplaying(t, 3), byHand) })
	t.Run("Chromium", func(t *testing.T) {
		chromium := gallerytest.FindChromium(t)
		handedOver(newReplaying(t, 8), func(w *replaying, who, file string) {
			w.Helper()
			shown := chromium.Play(w, gallerytest.Visit{
				Page: w.tenant.PortalPage(who), Actions: []gallerytest.Action{{Kind: "update", Name: w.title(), File: file}},
			})
			if got := fmt.Sprint(shown[0].Messages); got != "[Done Done]" {
				w.Fatalf("the page said %s", got)
			}
		})
	})
}

func handedOver(w *replaying, upload uploader) {
	w.tenant.SetUsers(simulator.User{ID: "11111111-2222-4333-8444-555555555555", Principal: "orgstore@contoso.com"})
	w.settingsOf("driver: handoff, path: To upload", "1.4.0.0")
	w.write("To upload/.keep", nil)
	upload(w, "carol@contoso.com", w.path("gauge.pbiviz"))
	w.now = w.now.Add(time.Hour)
	w.run(0, "store", "baseline", example.GaugeGUID, "--package", w.path("gauge.pbiviz"), "--evidence", "uploaded it by hand")
	w.now = w.now.Add(2 * time.Hour)
	w.drifts(0)

	w.run(0, "package", "add", w.path("renewed.pbiviz"))
	w.run(0, "apply", "--force")
	w.holds("gauge.pbiviz")
	task := w.task()
	mail := w.tenant.Mail()
	if len(mail) != 1 || !strings.Contains(mail[0].Body, "Browse") || !strings.Contains(mail[0].Body, filepath.Base(task)) {
		w.Fatalf("mailed: %+v\n%s", mail, w.run(0, "notice", "list"))
	}
	w.now = w.now.Add(time.Hour)
	upload(w, "carol@contoso.com", task)
	w.run(18, "store", "confirm", example.GaugeGUID, "--version", "1.4.0.0") // a renewal's version tells nothing
	w.run(0, "store", "confirm", example.GaugeGUID, "--version", "1.4.0.0", "--uploaded", "--sha256", visual.DigestOf(w.sent["renewed.pbiviz"]).Hex()[:12])
	w.holds("renewed.pbiviz")
	if _, err := os.Stat(task); !os.IsNotExist(err) {
		w.Errorf("the task still has its package: %v", err)
	}
	if said := w.run(0, "apply", "--force"); !strings.Contains(said, "nothing to do") {
		w.Errorf("after it was confirmed, apply said\n%s", said)
	}
	w.now = w.now.Add(2 * time.Hour) // the log has it by now
	w.drifts(0, "carol task")

	upload(w, "bob@contoso.com", w.path("upgraded.pbiviz"))
	w.now = w.now.Add(2 * time.Hour)
	w.drifts(2, "carol task", "bob drift")
}

// task is the package that a person finds in the one task.
func (w *replaying) task() string {
	w.Helper()
	found, err := filepath.Glob(w.path("To upload/*/*.pbiviz"))
	if err != nil || len(found) != 1 {
		w.Fatalf("the tasks hold %q, %v", found, err)
	}
	return found[0]
}

// drifts asks for drift, and what the activity log's events mean of which it was
// not known before what had become of them.
func (w *replaying) drifts(exit int, want ...string) {
	w.Helper()
	said := w.run(exit, "drift", "-o", "json", "--detailed-exitcode")
	var got watched
	if err := json.Unmarshal([]byte(said[strings.Index(said, "{"):strings.LastIndex(said, "}")+1]), &got); err != nil {
		w.Fatalf("%v:\n%s", err, said)
	}
	var events []string
	for _, e := range got.Result.Data.Events {
		if e.Means == "past" {
			continue
		}
		events = append(events, strings.TrimSuffix(e.User, "@contoso.com")+" "+e.Means)
	}
	if fmt.Sprint(events) != fmt.Sprint(want) {
		w.Errorf("the events mean %q, not %q:\n%s", events, want, said)
	}
}
