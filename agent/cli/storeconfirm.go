package cli

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

type confirmOptions struct {
	*globals
	version  string
	access   string
	uploaded bool
	sha256   string
	evidence string
	dryRun   bool
	inStore
}

func newStoreConfirm(g *globals) *cobra.Command {
	o := &confirmOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "confirm VISUAL",
		Short: "Say that a change which waited for you was made",
		Long: `Say that a change which waited for you was made.

An upgrade is confirmed with the version that the visual's About box shows in a
report (there the ID ends with _OrgStore). If it shows another one, nothing is
confirmed. A renewal has the same version before and after, so nobody can see it:
say with --uploaded that you uploaded this very file, and give the beginning of
its SHA-256. A change of access is confirmed with --access, as the list of
organizational visuals shows it. Who confirmed and what it rests on stays in the
history.`,
		Example: `  orgstore store confirm auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --version 1.5.0.0 --evidence "About box in report Sales"
  orgstore store confirm auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --version 1.4.0.0 --uploaded --sha256 0f3c9a7be1d2
  orgstore store confirm auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --access off`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: g.answering(o.run),
	}
	cmd.Flags().StringVar(&o.version, "version", "", "the `VERSION` that the visual's About box shows")
	cmd.Flags().StringVar(&o.access, "access", "", "`on` or off, as the list of organizational visuals shows it")
	cmd.Flags().BoolVar(&o.uploaded, "uploaded", false, "you uploaded the task's file yourself; for a renewal")
	cmd.Flags().StringVar(&o.sha256, "sha256", "", "the beginning of the uploaded file's SHA-256, at least 8 `DIGITS`")
	cmd.Flags().StringVar(&o.evidence, "evidence", "", "how you know; stays in the history")
	o.inStore.flag(cmd, "the store of the change, where changes wait in several")
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

type confirmData struct {
	GUID    string `json:"guid"`
	Kind    string `json:"kind"`
	Version string `json:"version"`
	Digest  string `json:"digest"`
	Claim   string `json:"claim"`
	Since   string `json:"since"`
	Message string `json:"message"`
	Tx      string `json:"tx"`
}

func (o *confirmOptions) run(ctx context.Context, args []string) (answer, error) {
	g, err := visual.ParseName(args[0])
	if err != nil {
		return answer{}, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
	}
	if err := o.check(); err != nil {
		return answer{}, err
	}
	s, err := o.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	if !o.dryRun {
		if _, err := s.BeginChanging(ctx, "store confirm"); err != nil {
			return answer{}, err
		}
	}
	k, err := o.key(s, g, func(k store.Key) bool { _, _, waits := engine.WaitingTask(s.Journal.Book(), k); return waits })
	if err != nil {
		return answer{}, err
	}
	open, _, ok := engine.WaitingTask(s.Journal.Book(), k)
	if !ok {
		return answer{}, s.NothingWaits(k)
	}
	actor, err := o.Actor()
	if err != nil {
		return answer{}, err
	}
	message, err := o.judge(open.Step, actor)
	if err != nil {
		return answer{}, err
	}
	step := open.Step
	data := confirmData{g.String(), string(step.Kind), "", engine.DigestText(step.To.Release), string(store.Confirmed), engine.Timestamp(open.Since), message, string(s.Tx)}
	if step.To.Release != nil {
		data.Version = step.To.Release.Version.String()
	}
	a := answer{data: data, view: output.View{Text: fmt.Sprintf("%s of %s to %s is confirmed: %s", step.Kind, engine.Title(step.Name, k), engine.VersionText(step.To), message)}}
	if o.dryRun {
		a.message = "nothing was done"
		return a, nil
	}
	r, err := s.Applier().Confirm(ctx, s.Tx, open, message)
	if err == nil && !r.OK() { // it was made, and its check found it bad
		err = worst([]apply.Result{r}, true)
	}
	return a, err
}

// shaForm is the beginning of a digest, as any program prints it.
var shaForm = regexp.MustCompile(`^[0-9a-f]{8,64}$`)

func (o *confirmOptions) check() error {
	o.sha256 = strings.TrimPrefix(strings.ToLower(o.sha256), "sha256:")
	switch {
	case o.version == "" && o.access == "":
		return fault.Usage("give --version VERSION, as the About box shows it, or --access on|off", "nothing is confirmed without what you saw")
	case o.access != "" && o.access != "on" && o.access != "off":
		return fault.Usage("write on or off", "--access: %q is neither", o.access)
	case o.sha256 != "" && !shaForm.MatchString(o.sha256):
		return fault.Usage("give at least 8 hexadecimal digits, as SHA256SUMS or Get-FileHash shows them", "--sha256: this is not the beginning of a SHA-256")
	case o.uploaded && o.sha256 == "":
		return fault.Usage("add --sha256 with the beginning of the file's SHA-256", "--uploaded says which file was uploaded, and none is named")
	}
	return nil
}

// judge compares what a person saw with what the step was to lead to, and says
// what its being confirmed rests on: never more than was seen.
func (o *confirmOptions) judge(step plan.Step, by journal.Actor) (string, error) {
	var rests []string
	if step.Kind.Puts() {
		text, err := o.judgePackage(step)
		if err != nil {
			return "", err
		}
		rests = append(rests, text)
	} else if o.version != "" {
		return "", fault.Usage("give --access on or off alone", "the change that waits turns access, and changes no version")
	}
	if turns(step) {
		want := "off"
		if *step.To.Enabled {
			want = "on"
		}
		switch {
		case o.access == "":
			return "", stillWaiting(step, "confirm.access", "look at the visual's entry and add --access "+want, "the change is to turn access %s too, and nothing says that it was", want)
		case o.access != want:
			return "", stillWaiting(step, "confirm.access", "turn Access "+want+", then confirm", "you saw access %s, and the change is to turn it %s", o.access, want)
		}
		rests = append(rests, "access is "+want+" in the store's list")
	}
	text := fmt.Sprintf("%s says: %s", by, strings.Join(rests, "; "))
	if !blank(o.evidence) {
		text += " (" + strings.TrimSpace(o.evidence) + ")"
	}
	return text, nil
}

func (o *confirmOptions) judgePackage(step plan.Step) (string, error) {
	to := *step.To.Release
	baseline := fmt.Sprintf("orgstore store baseline %s --package FILE --evidence TEXT", step.Key.GUID)
	v, err := visual.ParseVersion(o.version)
	switch {
	case o.version == "":
		return "", fault.Usage("add --version, as the About box shows it", "the change that waits puts %s", to.Version)
	case err != nil:
		return "", fault.Usage("write the version as the About box shows it: 1.5.0.0", "--version: %w", err)
	case !v.Equal(to.Version):
		return "", stillWaiting(step, "confirm.version", "if the upload is not made yet, make it and reload the report; if this version is what shall be known as installed: "+baseline,
			"the About box shows %s, and the change is to put %s", v, to.Version)
	}
	if o.sha256 != "" && !strings.HasPrefix(to.Digest.Hex(), o.sha256) {
		hint := "upload the file of the task, whose digest is in its SHA256SUMS; if the other file is what is installed: " + baseline
		if r := step.From.Release; r != nil && strings.HasPrefix(r.Digest.Hex(), o.sha256) {
			return "", stillWaiting(step, "confirm.digest", hint, "the file with this SHA-256 is the one that was installed before")
		}
		return "", stillWaiting(step, "confirm.digest", hint, "the file that is to be uploaded has the SHA-256 %s…", to.Digest.Hex()[:12])
	}
	named := fmt.Sprintf("this very file was uploaded, SHA-256 %s…", o.sha256)
	if from := step.From.Release; from != nil && from.Version.Equal(to.Version) {
		if !o.uploaded {
			return "", stillWaiting(step, "confirm.same_version",
				fmt.Sprintf("if you uploaded the file of the task, say so: --uploaded --sha256 and at least 8 digits of its SHA-256 (%s…)", to.Digest.Hex()[:12]),
				"%s was the version before, too: the About box cannot tell that it was changed", to.Version)
		}
		return named + "; the version is the same before and after, so nobody can see it", nil
	}
	if o.uploaded {
		return fmt.Sprintf("the About box shows %s, and %s", to.Version, named), nil
	}
	return fmt.Sprintf("the About box shows %s", to.Version), nil
}

// turns says whether a step is to change the visual's access.
func turns(step plan.Step) bool {
	switch to, from := step.To.Enabled, step.From.Enabled; {
	case to == nil:
		return false
	case step.Kind == change.Enable, step.Kind == change.Disable:
		return true
	case step.From.Presence == store.Absent: // the portal adds a visual with access on
		return !*to
	default:
		return from != nil && *from != *to
	}
}

// stillWaiting refuses to confirm a step: it goes on waiting.
func stillWaiting(step plan.Step, code, hint, format string, args ...any) error {
	return fault.New(code, hint, "%s of %s is not confirmed: %s", step.Kind, engine.Title(step.Name, step.Key), fmt.Sprintf(format, args...)).DueTo(plan.CodeWaiting)
}
