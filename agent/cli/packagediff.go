package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/comparison"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/packages/diff"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/pbiviz"
)

func newPackageDiff(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "diff FROM TO",
		Short: "Show what changed between two packages, and what of it can break reports",
		Long: `Show what changed between two packages, and what of it can break reports.

Each is a file, or a package of the archive by the start of its digest or as
VISUAL@VERSION. The class says how far the change goes: identical, license-only,
metadata, code or capabilities. A vendor profile that is about the visual takes
the vendor's own license out of the comparison. Values of properties are never shown.`,
		Example: `  orgstore package diff gauge-1.4.pbiviz gauge-1.5.pbiviz
  orgstore package diff auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E@1.4.0.0 new.pbiviz -o json`,
		Args: arguments(cobra.ExactArgs(2)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) {
			if g.isArchived(args[0]) && g.isArchived(args[1]) {
				return g.diffArchived(ctx, args[0], args[1])
			}
			from, err := g.find(ctx, args[0])
			if err != nil {
				return answer{}, err
			}
			to, err := g.find(ctx, args[1])
			if err != nil {
				return answer{}, err
			}
			var profiles profile.Set
			if settings, err := g.settings(); err == nil { // files need none
				profiles, _ = g.ProfilesInForce(settings)
			}
			return diffAnswer(comparison.Compare(profiles, from, to), args), nil
		}),
	}
}

// diffAnswer shows a difference. The names are those that the sides were given by.
func diffAnswer(d diff.Diff, names []string) answer {
	view := output.View{Columns: []string{"SEVERITY", "WHAT", "CODE"}}
	for _, f := range d.Findings {
		view.Rows = append(view.Rows, []string{string(f.Severity), f.Message, string(f.Code)})
	}
	view.Text = fmt.Sprintf("from:  %s\nto:    %s\nclass: %s", sideText(d.From, names[0]), sideText(d.To, names[1]), d.Class)
	return answer{data: d, view: view}
}

// sideText names one of two compared packages.
func sideText(s diff.Side, name string) string {
	return fmt.Sprintf("%s %s, %s (%s)", s.Name, s.Version, s.Digest.Short(), name)
}

// isArchived says whether a name is that of no file, and so of a package of the archive.
func (g *globals) isArchived(name string) bool {
	_, err := g.Disk.Stat(name)
	return errors.Is(err, fs.ErrNotExist)
}

// diffArchived compares two packages of the archive, which it reads only if nobody
// compared them before.
func (g *globals) diffArchived(ctx context.Context, from, to string) (answer, error) {
	s, err := g.openArchive(ctx, from)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	d, err := s.CompareArchived(from, to)
	if err != nil {
		return answer{}, err
	}
	return diffAnswer(d, []string{from, to}), nil
}

// find reads a package: a file, or one of the archive by digest or as
// VISUAL@VERSION. It never guesses between several. Files need no settings.
func (g *globals) find(ctx context.Context, name string) (*pbiviz.Package, error) {
	limits := pbiviz.DefaultLimits()
	text, err := g.Read(name, limits.FileSize)
	if f := (*fault.Fault)(nil); errors.As(err, &f) && f.Code == files.CodeMissing {
		text, err = g.archived(ctx, name)
	}
	if err != nil {
		return nil, err
	}
	p, err := pbiviz.Read(text, limits)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, err)
	}
	return p, nil
}

// openArchive opens the installation in whose archive a package is to be.
func (g *globals) openArchive(ctx context.Context, name string) (*session, error) {
	s, err := g.open(ctx)
	if f := (*fault.Fault)(nil); errors.As(err, &f) && f.Code == codeNoSettings {
		return nil, fault.New(files.CodeMissing, "check the name; packages of the archive are known where the settings are: see --config",
			"cannot read %s: there is no such file", name)
	}
	return s, err
}

func (g *globals) archived(ctx context.Context, name string) ([]byte, error) {
	s, err := g.openArchive(ctx, name)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.ArchivedPackage(name)
}
