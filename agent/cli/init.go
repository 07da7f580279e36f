package cli

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
)

type initOptions struct {
	*globals
	tenant string
	dryRun bool
}

func newInit(g *globals) *cobra.Command {
	o := &initOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "init [FOLDER]",
		Short: "Write commented settings that work as they are",
		Long: `Write commented settings that work as they are.

Makes orgstore.yaml, its schema for editors, an inbox for packages and a store.
Existing files are never overwritten.`,
		Example: `  orgstore init --tenant 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11
  orgstore init visuals`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: g.answering(func(_ context.Context, args []string) (answer, error) { return o.run(args) }),
	}
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "the tenant's `ID`, as the Azure portal shows it")
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

type initData struct {
	Settings string `json:"settings"`
	Library  string `json:"library"`
	Store    string `json:"store"`
}

func (o *initOptions) run(args []string) (answer, error) {
	if o.tenant != "" && !license.ValidTenant(o.tenant) {
		return answer{}, usage("copy it from the Azure portal, in lower case: 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11", "--tenant: %q is not a tenant's id", o.tenant)
	}
	name, err := o.place(args)
	if err != nil {
		return answer{}, err
	}
	text := config.Template(o.tenant)
	s, err := config.Parse(name, text)
	if err != nil {
		return answer{}, err
	}
	data := initData{name, s.Library.Folder, s.Store.Path}
	a := answer{
		data:    data,
		view:    facts([2]string{"settings", data.Settings}, [2]string{"library", data.Library}, [2]string{"store", data.Store}),
		message: "next: put packages into " + s.Library.Folder + ", then `orgstore package list`",
	}
	if o.tenant == "" {
		a.message = "next: write your tenant's id into " + name + "; licenses name the tenant they are for"
	}
	// The settings come last: who was stopped before them can begin again.
	var files []newFile
	if schema := filepath.Join(filepath.Dir(name), config.SchemaName); !o.holds(schema, config.Schema()) {
		files = append(files, newFile{schema, 0o644, config.Schema()})
	}
	files = append(files, newFile{name, 0o644, text})
	if err := o.allNew(files); err != nil {
		return answer{}, err
	}
	if o.dryRun {
		a.message = "nothing was written: this was a dry run"
		return a, nil
	}
	for _, dir := range []string{s.Library.Folder, s.Store.Path} {
		if err := disk.MakeDir(o.Disk, dir, 0o755); err != nil {
			return answer{}, unwritable(dir, err)
		}
	}
	if err := o.createAll(files); err != nil {
		return answer{}, err
	}
	return a, nil
}

// holds says whether a file has this text already, as from an earlier init.
func (o *initOptions) holds(name string, text []byte) bool {
	found, err := disk.ReadFile(o.Disk, name, int64(len(text)))
	return err == nil && bytes.Equal(found, text)
}

// place is where the settings go: into a folder, or to the file that --config
// names.
func (o *initOptions) place(args []string) (string, error) {
	switch {
	case len(args) == 0:
		return filepath.Abs(o.settingsFile)
	case o.settingsFile != config.FileName:
		return "", usage("leave out one of them", "FOLDER and --config (or ORGSTORE_CONFIG) both say where the settings go")
	}
	return filepath.Abs(filepath.Join(args[0], config.FileName))
}

// write puts a file in place in one piece: synced, then renamed.
func (g *globals) write(name string, perm fs.FileMode, text []byte) error {
	return disk.Replace(g.Disk, name, perm, func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(text))
		return err
	})
}
