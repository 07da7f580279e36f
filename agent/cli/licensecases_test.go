package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/lock"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/casetest"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/store/folder"
	"github.com/orgstore/orgstore/packages/verdict"
)

// TestLicenseCases tries the cases of the list in which a command as a whole
// decides, by what it prints for other programs.
func TestLicenseCases(t *testing.T) {
	casetest.Run(t, "E6", restoredFromABackup)
	casetest.Run(t, "F12", twoAtOnce)
	casetest.Run(t, "G12", unsafeFiles)
	casetest.Run(t, "H1", tamperedLog)
	casetest.Run(t, "H5", secondOfTwoFails)
}

// refused runs a command that must fail with an exit code, and reports its code.
func (x *tenant) refused(report casetest.Report, exit int, args ...string) {
	x.Helper()
	out, _ := x.run(exit, append(args, "-o", "json")...)
	var envelope struct {
		Result struct {
			Code verdict.Code `json:"error_code"`
		}
	}
	if err := json.Unmarshal([]byte(out), &envelope); err != nil {
		x.Fatal(err)
	}
	report(verdict.Reject, envelope.Result.Code)
}

func (x *tenant) read(name string) []byte {
	x.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		x.Fatal(err)
	}
	return text
}

const (
	journalFile    = ".orgstore/journal.db"
	checkpointFile = ".orgstore/checkpoint"
)

// warnings finds the codes of warnings on standard error.
var warnings = regexp.MustCompile(`warning ([a-z_]+\.[a-z_]+): `)

// restoredFromABackup puts an older journal back. The next command says so, once.
func restoredFromABackup(t *testing.T, report casetest.Report) {
	x := newTenant(t)
	backup := x.read(journalFile)
	x.add(example.Gauge1500)
	x.run(0, "apply", "--force")
	x.file(journalFile, backup)
	_, errs := x.run(0, "history")
	for _, m := range warnings.FindAllStringSubmatch(errs, -1) {
		report(verdict.Warn, verdict.Code(m[1]))
	}
	if _, errs = x.run(0, "history"); warnings.MatchString(errs) {
		t.Errorf("it is said again:\n%s", errs)
	}
}

// twoAtOnce runs a command while another process changes the tenant.
func twoAtOnce(t *testing.T, report casetest.Report) {
	x := newTenant(t)
	x.add(example.Gauge1500)
	held, err := lock.Acquire(t.Context(), disk.OS(), ".orgstore", lock.Holder{Command: "apply", Since: time.Now()}, 0)
	if err != nil {
		t.Fatal(err)
	}
	x.refused(report, 15, "apply", "--force")
	x.installed(example.Gauge1400)
	if err := held.Release(); err != nil {
		t.Fatal(err)
	}
	x.run(0, "apply", "--force")
	x.installed(example.Gauge1500)
}

// unsafeFiles lets everybody write to the files on which trust rests, and puts a
// link in their place that leads to where everybody may write.
func unsafeFiles(t *testing.T, report casetest.Report) {
	if runtime.GOOS == "windows" {
		t.Skip("the modes of files say nothing there")
	}
	for file, args := range map[string][]string{"aurora.trust": {"trust", "list"}, "orgstore.yaml": {"plan"}} {
		x := newTenant(t)
		if err := os.Chmod(file, 0o646); err != nil {
			t.Fatal(err)
		}
		x.refused(report, 10, args...)
		for _, err := range []error{
			os.Mkdir("everybodys", 0o700), os.Chmod("everybodys", 0o777),
			os.Rename(file, "everybodys/elsewhere"), os.Chmod("everybodys/elsewhere", 0o644), os.Symlink("everybodys/elsewhere", file),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		x.refused(report, 10, args...)
	}
}

// tamperedLog edits an entry of the audit log, cuts its end off, and puts the log
// of another history in its place.
func tamperedLog(t *testing.T, report casetest.Report) {
	x := newTenant(t)
	before := x.read(journalFile)
	x.run(0, "hold", example.GaugeGUID, "--reason", "totals are wrong")
	good, checkpoint := x.read(journalFile), x.read(checkpointFile)
	x.file(journalFile, before)
	if err := os.Remove(checkpointFile); err != nil {
		t.Fatal(err)
	}
	x.run(0, "hold", example.GaugeGUID, "--reason", "another history")
	branched := x.read(journalFile)
	edited := bytes.Replace(good, []byte("totals are wrong"), []byte("totals are right"), 1)
	if bytes.Equal(edited, good) {
		t.Fatal("the reason is not in the log")
	}
	x.file(checkpointFile, checkpoint)
	for _, log := range [][]byte{edited, good[:len(good)/2], branched} {
		x.file(journalFile, log)
		x.refused(report, 17, "apply", "--force")
		if !bytes.Equal(x.read(journalFile), log) {
			t.Error("a log that is broken was written to")
		}
	}
	x.file(journalFile, good)
	x.run(0, "history")
}

// secondOfTwoFails upgrades two visuals in a store that holds other bytes than
// the second's. That one is undone, and the first stays.
func secondOfTwoFails(t *testing.T, report casetest.Report) {
	x := newTenant(t)
	x.run(0, "trust", "remove", "Aurora Visuals", "--force")
	x.run(0, "trust", "add", "aurora.trust", "--name", "Aurora Visuals", "--guid", example.GaugeGUID, "--guid", example.TimelineGUID, "--force")
	x.run(0, "pin", "set", example.TimelineGUID, "~> 2.0")
	old, newer := x.addTimeline(example.Timeline2000, 7), []byte(nil)
	x.run(0, "apply", "--force")
	x.add(example.Gauge1500)
	newer = x.addTimeline(example.Timeline2100, 8)
	inStore := "store/" + example.TimelineGUID + ".pbiviz"
	if !bytes.Equal(x.read(inStore), old) {
		t.Fatal("the store does not hold the first timeline")
	}
	x.Drivers = engine.StoreDrivers{config.FolderDriver: func(r engine.StoreRequest) (store.Store, error) {
		return &faultyFor{folder.Open(r.Disk, r.Settings.Path), example.TimelineGUID, func() error {
			return os.WriteFile(inStore, timeline(t, example.Timeline2000, 9), 0o644)
		}}, nil
	}}
	out, _ := x.run(13, "apply", "--force", "-o", "json")
	var envelope struct {
		Result struct {
			Data struct {
				Steps []struct {
					Outcome string
					Code    verdict.Code
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &envelope); err != nil {
		t.Fatal(err)
	}
	for _, s := range envelope.Result.Data.Steps {
		v := verdict.Reject
		if s.Outcome == string(store.Verified) {
			v = verdict.Accept
		}
		report(v, s.Code)
	}
	x.installed(example.Gauge1500)
	if got := x.read(inStore); !bytes.Equal(got, old) || bytes.Equal(got, newer) {
		t.Error("the store does not hold the first timeline again")
	}
}

// addTimeline takes in a version of the timeline with a license inside.
func (x *tenant) addTimeline(version string, sequence int64) []byte {
	x.Helper()
	file := timeline(x, version, sequence)
	x.file("timeline.pbiviz", file)
	x.run(0, "package", "add", "timeline.pbiviz")
	return file
}

// timeline is a package of the timeline with a license inside.
func timeline(t testing.TB, version string, sequence int64) []byte {
	t.Helper()
	p, err := pbiviz.Read(example.Timeline(version), pbiviz.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return licensetest.Aurora().Embedded(p, func(r *issuer.Request) { r.Subscription, r.Sequence = "sub-timeline", sequence }).File()
}

// A faultyFor store does something else than it is asked, for one visual, once.
type faultyFor struct {
	store.Store
	guid string
	put  func() error
}

func (s *faultyFor) Put(ctx context.Context, id store.StepID, l license.Licensed, at moment.Moment) (store.Receipt, error) {
	if put := s.put; put != nil && l.GUID().String() == s.guid {
		s.put = nil
		return store.Receipt{}, put()
	}
	return s.Store.Put(ctx, id, l, at)
}
