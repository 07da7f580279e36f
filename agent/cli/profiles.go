package cli

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/license/profile"
)

func newLicenseProfiles(g *globals) *cobra.Command {
	var examples string
	cmd := &cobra.Command{
		Use:   "profiles",
		Short: "List the vendor profiles in force, or write examples of them",
		Long: `List the vendor profiles in force, or write examples of them.

A vendor profile is a YAML file in the folder profiles of the data folder. It says
where in a vendor's packages the vendor's own license sits, what its fields mean
and whether two packages may be compared without it. What it finds is of the grade
readable: shown with its end, and put into a store only where least in the
settings says readable. Two packages of one version that are equal without their
license are a renewal.`,
		Example: "  orgstore license profiles\n  orgstore license profiles --examples examples",
		Args:    arguments(cobra.NoArgs),
		RunE: g.answering(func(context.Context, []string) (answer, error) {
			if examples != "" {
				return g.writeExamples(examples)
			}
			return g.listProfiles()
		}),
	}
	cmd.Flags().StringVar(&examples, "examples", "", "write the example profiles into the folder `DIR`; nothing there is overwritten")
	return cmd
}

type profileData struct {
	File        string   `json:"file"`
	Name        string   `json:"name"`
	Vendor      string   `json:"vendor"`
	Visuals     []string `json:"visuals"` // empty: all
	Verifies    bool     `json:"verifies"`
	Masks       bool     `json:"masks"`
	Fingerprint string   `json:"fingerprint"`
}

func (g *globals) listProfiles() (answer, error) {
	settings, err := g.settings()
	if err != nil {
		return answer{}, err
	}
	read, err := g.ReadProfiles(settings)
	data := []profileData{}
	view := output.View{Columns: []string{"PROFILE", "VENDOR", "VISUALS", "SIGNATURE", "RENEWALS", "FILE"}}
	for _, p := range read {
		d := profileData{p.File, p.Name(), p.Vendor(), []string{}, p.Verifies(), p.Masks(), p.Fingerprint()}
		for _, v := range p.Visuals() {
			d.Visuals = append(d.Visuals, v.String())
		}
		data = append(data, d)
		visuals, signature, renewals := strings.Join(d.Visuals, ", "), "not checked", "not proven"
		if len(d.Visuals) == 0 {
			visuals = "any"
		}
		if d.Verifies {
			signature = "checked"
		}
		if d.Masks {
			renewals = "proven"
		}
		view.Rows = append(view.Rows, []string{d.Name, d.Vendor, visuals, signature, renewals, d.File})
	}
	a := answer{data: data, view: view}
	if len(data) == 0 && err == nil {
		a.message = "no vendor profiles: put them into " + filepath.Join(settings.Data, engine.ProfileFolder) + "; `orgstore license profiles --examples DIR` writes some to begin with"
	}
	return a, err
}

func (g *globals) writeExamples(folder string) (answer, error) {
	for _, e := range profile.Examples() {
		if _, err := g.Disk.Stat(filepath.Join(folder, e.Name)); !errors.Is(err, fs.ErrNotExist) {
			return answer{}, fault.New("file.exists", "name another folder", "cannot write %s: it is there already", filepath.Join(folder, e.Name))
		}
	}
	if err := g.Disk.MkdirAll(folder, 0o755); err != nil {
		return answer{}, err
	}
	data := []string{}
	view := output.View{Columns: []string{"FILE"}}
	for _, e := range profile.Examples() {
		name := filepath.Join(folder, e.Name)
		if err := g.Write(name, 0o644, e.Text); err != nil {
			return answer{}, err
		}
		data, view.Rows = append(data, name), append(view.Rows, []string{name})
	}
	return answer{data: data, view: view}, nil
}
