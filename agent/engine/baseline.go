package engine

import (
	"cmp"
	"context"
	"fmt"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// recordBaseline records a baseline. It closes a step of which nobody could tell whether
// it was made, and takes back one that waits: the baseline says what is there.
func (e *Engine) recordBaseline(ctx context.Context, fact journal.Baselined) error {
	open := e.Journal.Book().Open(fact.Key)
	switch {
	case open == nil:
		return e.Journal.Append(ctx, e.Tx, fact)
	case open.Waiting:
		w := plan.Withdrawal{Key: fact.Key, Open: *open, Reason: "a person said what is installed: " + fact.Evidence}
		if err := e.Applier().Withdraw(ctx, e.Tx, w); err != nil {
			return err
		}
		return e.Journal.Append(ctx, e.Tx, fact)
	}
	facts := []journal.Fact{journal.Failed{
		Step: open.Step.ID, Code: plan.CodeUnclear, StoreState: journal.Uncertain,
		Message: "nobody could tell whether it was made; a person looked: " + fact.Evidence,
	}, fact}
	// What a rollback went back from stays blocked, whether it was made or not.
	if leaves := e.Journal.Book().Leaves(fact.Key); open.Step.Asked && leaves != nil {
		facts = append(facts, journal.Blocked{Block: *leaves})
	}
	return e.Journal.Append(ctx, e.Tx, facts...)
}

// compareBaseline compares what a person says with what the store tells.
func (e *Engine) compareBaseline(ctx context.Context, k store.Key, p *pbiviz.Package) (store.State, error) {
	release := p.Release()
	state := store.State{Presence: store.Present, Release: &release, Claim: store.Confirmed}
	target := e.Stores[k.Store]
	listed, err := target.Installed(ctx)
	if err != nil {
		return state, err
	}
	told, there := listed[k.GUID]
	switch {
	case told.Problem != "":
		return state, fault.New("baseline.unreadable", "put right what the store holds, then say what it is",
			"the store cannot tell what it holds of %s: %s", k.GUID, told.Problem)
	case !there && canList(target):
		return state, fault.New("baseline.absent", "pin it instead: `orgstore pin set`", "the store holds no %s", k.GUID)
	case there && target.Traits().TellsDigest && told.Release != nil:
		if told.Release.Digest != p.Digest() {
			return state, fault.New("baseline.differs", "find the package that is installed; `orgstore status` shows its digest",
				"the store holds %s, and the package given is %s", told.Release, release)
		}
		state.Claim = store.Verified
	case there && target.Traits().TellsVersion && told.Release != nil && !told.Release.Version.Equal(release.Version):
		return state, fault.New("baseline.differs", "find the package that is installed; `orgstore status` shows its version",
			"the store's list shows %s, and the package given is %s", told.Release.Version, release.Version)
	}
	state.Enabled = told.Enabled
	return state, nil
}

// archivedTerms is what is known of an archived package's license: of several
// statements the one that ends first.
func (e *Engine) archivedTerms(p *pbiviz.Package) license.Terms {
	return e.Observer().Facts(e.Journal.Book()).EarliestEnd[p.Digest()]
}

// A BaselineRequest says what is installed of a visual.
type BaselineRequest struct {
	Visual visual.GUID `json:"visual"`
	// Store is where it is, by its name in the settings; it may be empty if the
	// visual goes through one store.
	Store string `json:"store,omitempty"`
	// File is the package that is installed; empty with IsAbsent.
	File     string `json:"file,omitempty"`
	IsAbsent bool   `json:"absent,omitempty"`
	Evidence string `json:"evidence"` // how the person knows
	DryRun   bool   `json:"dry_run,omitempty"`
}

// A BaselineResult is what a baseline recorded.
type BaselineResult struct {
	GUID    string `json:"guid"`
	Version string `json:"version"`
	Digest  string `json:"digest"`
	Claim   string `json:"claim"`
	Tx      string `json:"tx"`
	Summary string `json:"summary"` // one sentence for people
}

// Baseline records what is installed, as a person says and as far as the store can
// tell.
func (e *Engine) Baseline(ctx context.Context, r BaselineRequest) (BaselineResult, error) {
	if err := e.requireKnownActor("say what is installed"); err != nil {
		return BaselineResult{}, err
	}
	if (r.File == "") != r.IsAbsent || isBlank(r.Evidence) {
		return BaselineResult{}, fault.Usage("give --package FILE (or --absent) and --evidence TEXT", "a baseline needs the package that is installed, and how you know")
	}
	k, err := e.storeKey(r.Store, r.Visual, nil)
	if err != nil {
		return BaselineResult{}, err
	}
	if r.IsAbsent {
		return e.baselineOfAbsent(ctx, r, k)
	}
	p, err := e.readInstalled(r)
	if err != nil {
		return BaselineResult{}, err
	}
	state, err := e.compareBaseline(ctx, k, p)
	if err != nil {
		return BaselineResult{}, err
	}
	out := BaselineResult{
		GUID: r.Visual.String(), Version: p.Manifest().Version.String(), Digest: p.Digest().String(), Claim: string(state.Claim), Tx: string(e.Tx),
		Summary: fmt.Sprintf("%s %s is installed (%s)", p.Manifest().DisplayName, p.Release(), state.Claim),
	}
	if r.DryRun {
		return out, nil
	}
	if _, err := e.beginChanging(ctx, "store baseline"); err != nil {
		return BaselineResult{}, err
	}
	// What is installed is so with any license, or none.
	if _, err := e.AddPackages(ctx, []string{r.File}); err != nil && !fault.Of(err).IsLicense() {
		return BaselineResult{}, err
	}
	state.License = e.archivedTerms(p)
	return out, e.recordBaseline(ctx, journal.Baselined{Key: k, Name: p.Manifest().DisplayName, State: state, Evidence: r.Evidence})
}

// baselineOfAbsent records that a store has no such visual, as far as it can tell.
func (e *Engine) baselineOfAbsent(ctx context.Context, r BaselineRequest, k store.Key) (BaselineResult, error) {
	target := e.Stores[k.Store]
	listing, there, err := target.Look(ctx, k.GUID)
	if err != nil {
		return BaselineResult{}, err
	}
	if there {
		return BaselineResult{}, fault.New("baseline.present", "give --package FILE: the package that is installed",
			"the store's list has %s (%s)", k.GUID, cmp.Or(listing.Name, "without a name"))
	}
	state := store.State{Presence: store.Absent, Claim: store.Confirmed}
	if canList(target) {
		state.Claim = store.Verified
	}
	out := BaselineResult{GUID: k.GUID.String(), Claim: string(state.Claim), Tx: string(e.Tx), Summary: fmt.Sprintf("%s is not installed (%s)", k.GUID, state.Claim)}
	if r.DryRun {
		return out, nil
	}
	if _, err := e.beginChanging(ctx, "store baseline"); err != nil {
		return BaselineResult{}, err
	}
	return out, e.recordBaseline(ctx, journal.Baselined{Key: k, State: state, Evidence: r.Evidence})
}

// readInstalled reads the package that a person says is installed.
func (e *Engine) readInstalled(r BaselineRequest) (*pbiviz.Package, error) {
	limits := pbiviz.DefaultLimits()
	text, err := disk.ReadFile(e.Disk, r.File, limits.FileSize)
	if err != nil {
		return nil, files.Unreadable(r.File, err)
	}
	p, err := pbiviz.Read(text, limits)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", r.File, err)
	}
	if p.Manifest().GUID != r.Visual {
		return nil, fault.New("baseline.visual", "name the visual that the package holds",
			"%s is a package of %s, not of %s", r.File, p.Manifest().GUID, r.Visual)
	}
	return p, nil
}
