package engine

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// nothingWaits says why there is nothing to confirm.
func (e *Engine) nothingWaits(k store.Key) error {
	if o := e.Journal.Book().Open(k); o != nil && o.Unclear != "" {
		return fault.New(string(plan.CodeUnclear), o.Look(), "no task of %s waits for a person, but somebody is to look at it: %s", k.GUID, o.Unclear)
	}
	for _, r := range e.Journal.Book().Revisions(k) {
		if r.Status == journal.StatusOpen || r.Status == journal.StatusChecking {
			return fault.New("confirm.open", "run `orgstore apply`: it finishes what was interrupted", "a change of %s was interrupted and does not wait for a person", k.GUID)
		}
	}
	if all := e.Journal.Book().Revisions(k); len(all) > 0 {
		if last := all[len(all)-1]; last.Status == journal.StatusDone && last.After.Claim == store.Confirmed {
			return fault.New("confirm.done", "nothing needs to be done; `orgstore history` tells what it rests on",
				"the %s of %s was confirmed at %s already", last.Kind, k.GUID, FormatTime(last.Closed))
		}
	}
	return fault.New("confirm.nothing",
		fmt.Sprintf("`orgstore status` lists what waits; to say what is installed: orgstore store baseline %s --package FILE --evidence TEXT", k.GUID),
		"no change of %s waits for a person", k.GUID)
}

// A ConfirmRequest says that a change which waits for a person was made.
type ConfirmRequest struct {
	Visual visual.GUID `json:"visual"`
	// Store is where the change is, by its name in the settings; it may be empty if
	// changes wait in one store alone.
	Store string `json:"store,omitempty"`
	// Version is what the visual's About box shows, and Access what the store's list
	// shows: "on" or "off".
	Version string `json:"version,omitempty"`
	Access  string `json:"access,omitempty"`
	// Uploaded says that the person uploaded the task's file, whose SHA-256 begins
	// with SHA256: at least 8 hexadecimal digits.
	Uploaded bool   `json:"uploaded,omitempty"`
	SHA256   string `json:"sha256,omitempty"`
	Evidence string `json:"evidence,omitempty"`
	// Reason says why it counts although something speaks against it.
	Reason string `json:"reason,omitempty"`
	DryRun bool   `json:"dry_run,omitempty"`
}

// shaForm is the beginning of a digest, as any program prints it.
var shaForm = regexp.MustCompile(`^[0-9a-f]{8,64}$`)

// check refuses a request that cannot confirm anything.
func (r *ConfirmRequest) check() error {
	r.SHA256 = strings.TrimPrefix(strings.ToLower(r.SHA256), "sha256:")
	switch {
	case r.Version == "" && r.Access == "":
		return fault.Usage("give --version VERSION, as the About box shows it, or --access on|off", "nothing is confirmed without what you saw")
	case r.Access != "" && r.Access != "on" && r.Access != "off":
		return fault.Usage("write on or off", "--access: %q is neither", r.Access)
	case r.SHA256 != "" && !shaForm.MatchString(r.SHA256):
		return fault.Usage("give at least 8 hexadecimal digits, as SHA256SUMS or Get-FileHash shows them", "--sha256: this is not the beginning of a SHA-256")
	case r.Uploaded && r.SHA256 == "":
		return fault.Usage("add --sha256 with the beginning of the file's SHA-256", "--uploaded says which file was uploaded, and none is named")
	}
	return nil
}

// Confirm records that a change which waits was made, as far as the person has seen.
func (e *Engine) Confirm(ctx context.Context, r ConfirmRequest) (ConfirmResult, error) {
	if err := e.requireKnownActor("confirm a change"); err != nil {
		return ConfirmResult{}, err
	}
	if err := r.check(); err != nil {
		return ConfirmResult{}, err
	}
	if !r.DryRun {
		if _, err := e.beginChanging(ctx, "store confirm"); err != nil {
			return ConfirmResult{}, err
		}
	}
	k, err := e.storeKey(r.Store, r.Visual, func(k store.Key) bool { _, _, waits := waitingTask(e.Journal.Book(), k); return waits })
	if err != nil {
		return ConfirmResult{}, err
	}
	open, _, ok := waitingTask(e.Journal.Book(), k)
	if !ok {
		return ConfirmResult{}, e.nothingWaits(k)
	}
	actor, err := e.Actor()
	if err != nil {
		return ConfirmResult{}, err
	}
	evidence := e.evidenceOf(open)
	message, err := r.claim(open.Step, actor)
	if err == nil {
		message, err = weighEvidence(open.Step, message, evidence, r.Reason)
	}
	if fact, wasSeen := r.observation(open.Step, err); wasSeen && !r.DryRun {
		if err := e.Journal.Append(ctx, e.Tx, fact); err != nil {
			return ConfirmResult{}, err
		}
	}
	if err != nil {
		return ConfirmResult{}, err
	}
	out := e.confirmed(open, message)
	out.Evidence = evidence
	if r.DryRun {
		return out, nil
	}
	result, err := e.Applier().Confirm(ctx, e.Tx, open, message)
	if err == nil && !result.OK() { // it was made, and its check found it bad
		err = worstResult([]apply.Result{result}, true)
	}
	return out, err
}

func (e *Engine) confirmed(open plan.Open, message string) ConfirmResult {
	step := open.Step
	out := ConfirmResult{
		GUID: step.Key.GUID.String(), Kind: string(step.Kind), Digest: digestText(step.To.Release), Claim: string(store.Confirmed),
		Since: Timestamp(open.Since), Message: message, Tx: string(e.Tx),
		Summary: fmt.Sprintf("%s of %s to %s is confirmed: %s", step.Kind, Title(step.Name, step.Key), VersionText(step.To), message),
	}
	if step.To.Release != nil {
		out.Version = step.To.Release.Version.String()
	}
	return out
}

// claim compares what a person saw with what the step was to lead to, and says
// what its being confirmed rests on: never more than was seen.
func (r ConfirmRequest) claim(step plan.Step, by journal.Actor) (string, error) {
	var rests []string
	if step.Kind.Puts() {
		text, err := r.claimOfPackage(step)
		if err != nil {
			return "", err
		}
		rests = append(rests, text)
	} else if r.Version != "" {
		return "", fault.Usage("give --access on or off alone", "the change that waits turns access, and changes no version")
	}
	if turnsAccess(step) {
		want := "off"
		if *step.To.Enabled {
			want = "on"
		}
		switch {
		case r.Access == "":
			return "", stillWaiting(step, "confirm.access", "look at the visual's entry and add --access "+want, "the change is to turn access %s too, and nothing says that it was", want)
		case r.Access != want:
			return "", stillWaiting(step, "confirm.access", "turn Access "+want+", then confirm", "you saw access %s, and the change is to turn it %s", r.Access, want)
		}
		rests = append(rests, "access is "+want+" in the store's list")
	}
	text := fmt.Sprintf("%s says: %s", by, strings.Join(rests, "; "))
	if !isBlank(r.Evidence) {
		text += " (" + strings.TrimSpace(r.Evidence) + ")"
	}
	return text, nil
}

func (r ConfirmRequest) claimOfPackage(step plan.Step) (string, error) {
	to := *step.To.Release
	baseline := fmt.Sprintf("orgstore store baseline %s --package FILE --evidence TEXT", step.Key.GUID)
	v, err := visual.ParseVersion(r.Version)
	switch {
	case r.Version == "":
		return "", fault.Usage("add --version, as the About box shows it", "the change that waits puts %s", to.Version)
	case err != nil:
		return "", fault.Usage("write the version as the About box shows it: 1.5.0.0", "--version: %w", err)
	case !v.Equal(to.Version):
		return "", stillWaiting(step, "confirm.version", "if the upload is not made yet, make it and reload the report; if this version is what shall be known as installed: "+baseline,
			"the About box shows %s, and the change is to put %s", v, to.Version)
	}
	if r.SHA256 != "" && !strings.HasPrefix(to.Digest.Hex(), r.SHA256) {
		hint := "upload the file of the task, whose digest is in its SHA256SUMS; if the other file is what is installed: " + baseline
		if from := step.From.Release; from != nil && strings.HasPrefix(from.Digest.Hex(), r.SHA256) {
			return "", stillWaiting(step, "confirm.digest", hint, "the file with this SHA-256 is the one that was installed before")
		}
		return "", stillWaiting(step, "confirm.digest", hint, "the file that is to be uploaded has the SHA-256 %s…", to.Digest.Hex()[:12])
	}
	named := fmt.Sprintf("this very file was uploaded, SHA-256 %s…", r.SHA256)
	if from := step.From.Release; from != nil && from.Version.Equal(to.Version) {
		if !r.Uploaded {
			return "", stillWaiting(step, "confirm.same_version",
				fmt.Sprintf("if you uploaded the file of the task, say so: --uploaded --sha256 and at least 8 digits of its SHA-256 (%s…)", to.Digest.Hex()[:12]),
				"%s was the version before, too: the About box cannot tell that it was changed", to.Version)
		}
		return named + "; the version is the same before and after, so nobody can see it", nil
	}
	if r.Uploaded {
		return fmt.Sprintf("the About box shows %s, and %s", to.Version, named), nil
	}
	return fmt.Sprintf("the About box shows %s", to.Version), nil
}

// turnsAccess says whether a step is to change the visual's access.
func turnsAccess(step plan.Step) bool {
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
	return fault.New(code, hint, "%s of %s is not confirmed: %s", step.Kind, Title(step.Name, step.Key), fmt.Sprintf(format, args...)).DueTo(plan.CodeWaiting)
}

// A ConfirmResult is what was confirmed, and on what it rests.
type ConfirmResult struct {
	GUID    string `json:"guid"`
	Kind    string `json:"kind"`
	Version string `json:"version"`
	Digest  string `json:"digest"`
	Claim   string `json:"claim"`
	Since   string `json:"since"`
	Message string `json:"message"`
	// Evidence is what was known of it before, for and against.
	Evidence []Evidence `json:"evidence"`
	Tx       string     `json:"tx"`
	Summary  string     `json:"summary"` // one sentence for people
}
