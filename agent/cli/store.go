package cli

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

func newStore(g *globals) *cobra.Command {
	return group("store", "Tell orgstore what the store holds", "", newBaseline(g), newStoreConfirm(g), newStoreImport(g), newStoreLearn(g), newStoreTry(g))
}

type baselineOptions struct {
	*globals
	file     string
	absent   bool
	evidence string
	dryRun   bool
	inStore
}

func newBaseline(g *globals) *cobra.Command {
	o := &baselineOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "baseline VISUAL",
		Short: "Say which package is installed, for what orgstore did not install",
		Long: `Say which package is installed, for what orgstore did not install.

A visual that was there before orgstore came, or that somebody else changed
since, is left alone until a person says what it is. Where the store tells what
it holds, the package given must be the same; where it does not, your word and
the evidence go into the history. A change that waits for a person is withdrawn:
what you say is installed counts.`,
		Example: `  orgstore store baseline auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E \
      --package gauge-1.4.pbiviz --evidence "About box in report Sales, 2026-11-20"
  orgstore store baseline auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --absent --evidence "not in the portal's list"`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: g.answering(o.run),
	}
	cmd.Flags().StringVar(&o.file, "package", "", "the `FILE` of the package that is installed")
	cmd.Flags().BoolVar(&o.absent, "absent", false, "the store has no such visual; in place of --package")
	cmd.Flags().StringVar(&o.evidence, "evidence", "", "how you know; stays in the history (required)")
	o.inStore.flag(cmd, "the store that holds it, where there are several")
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

type baselineData struct {
	GUID    string `json:"guid"`
	Version string `json:"version"`
	Digest  string `json:"digest"`
	Claim   string `json:"claim"`
	Tx      string `json:"tx"`
}

func (o *baselineOptions) run(ctx context.Context, args []string) (answer, error) {
	g, err := visual.ParseName(args[0])
	if err != nil {
		return answer{}, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
	}
	if (o.file == "") != o.absent || blank(o.evidence) {
		return answer{}, fault.Usage("give --package FILE (or --absent) and --evidence TEXT", "a baseline needs the package that is installed, and how you know")
	}
	s, err := o.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	k, err := o.key(s, g, nil)
	if err != nil {
		return answer{}, err
	}
	if o.absent {
		return o.runAbsent(ctx, s, k)
	}
	p, err := o.read(g)
	if err != nil {
		return answer{}, err
	}
	state, err := s.Baseline(ctx, k, p)
	if err != nil {
		return answer{}, err
	}
	data := baselineData{g.String(), p.Manifest().Version.String(), p.Digest().String(), string(state.Claim), string(s.Tx)}
	view := output.View{Text: fmt.Sprintf("%s %s is installed (%s)", p.Manifest().DisplayName, p.Release(), state.Claim)}
	if o.dryRun {
		return answer{data: data, view: view}, nil
	}
	if _, err := s.BeginChanging(ctx, "store baseline"); err != nil {
		return answer{}, err
	}
	if _, err := s.AddPackages(ctx, []string{o.file}); err != nil && exitOf(fault.Of(err).Verdict()) != exitLicense {
		return answer{}, err // what is installed is so with any license, or none
	}
	state.License = s.LicenseTermsOf(p)
	return answer{data: data, view: view}, s.RecordBaseline(ctx, journal.Baselined{Key: k, Name: p.Manifest().DisplayName, State: state, Evidence: o.evidence})
}

// runAbsent records that a store has no such visual, as far as it can tell.
func (o *baselineOptions) runAbsent(ctx context.Context, s *session, k store.Key) (answer, error) {
	target := s.Stores[k.Store]
	told, there, err := target.Look(ctx, k.GUID)
	if err != nil {
		return answer{}, err
	}
	if there {
		return answer{}, fault.New("baseline.present", "give --package FILE: the package that is installed",
			"the store's list has %s (%s)", k.GUID, cmp.Or(told.Name, "without a name"))
	}
	state := store.State{Presence: store.Absent, Claim: store.Confirmed}
	if t := target.Traits(); t.TellsDigest || t.TellsVersion {
		state.Claim = store.Verified
	}
	a := answer{data: baselineData{GUID: k.GUID.String(), Claim: string(state.Claim), Tx: string(s.Tx)},
		view: output.View{Text: fmt.Sprintf("%s is not installed (%s)", k.GUID, state.Claim)}}
	if o.dryRun {
		return a, nil
	}
	if _, err := s.BeginChanging(ctx, "store baseline"); err != nil {
		return answer{}, err
	}
	return a, s.RecordBaseline(ctx, journal.Baselined{Key: k, State: state, Evidence: o.evidence})
}

func (o *baselineOptions) read(g visual.GUID) (*pbiviz.Package, error) {
	limits := pbiviz.DefaultLimits()
	text, err := disk.ReadFile(o.Disk, o.file, limits.FileSize)
	if err != nil {
		return nil, engine.UnreadableFile(o.file, err)
	}
	p, err := pbiviz.Read(text, limits)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", o.file, err)
	}
	if p.Manifest().GUID != g {
		return nil, fault.New("baseline.visual", "name the visual that the package holds",
			"%s is a package of %s, not of %s", o.file, p.Manifest().GUID, g)
	}
	return p, nil
}
