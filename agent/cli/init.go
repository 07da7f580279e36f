package cli

import (
	"bytes"
	"cmp"
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
)

type initOptions struct {
	*globals
	tenant, site, library, client string
	dryRun                        bool
}

func newInit(g *globals) *cobra.Command {
	o := &initOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "init [FOLDER]",
		Short: "Write commented settings that work as they are",
		Long: `Write commented settings that work as they are.

Makes orgstore.yaml, its schema for editors, an inbox for packages and a store.
Existing files are never overwritten. With --sharepoint packages arrive in a
document library; with --client orgstore signs in by that application's certificate.`,
		Example: `  orgstore init --tenant 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11
  orgstore init --sharepoint https://contoso.sharepoint.com/sites/bi --library Visuals
  orgstore init visuals`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: g.answering(func(_ context.Context, args []string) (answer, error) { return o.run(args) }),
	}
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "the tenant's `ID`, as the Azure portal shows it")
	cmd.Flags().StringVar(&o.site, "sharepoint", "", "the `ADDRESS` of the site whose library packages arrive in, in place of an inbox")
	cmd.Flags().StringVar(&o.library, "library", "", "the `NAME` of that library; Visuals unless you say otherwise")
	cmd.Flags().StringVar(&o.client, "client", "", "the application's (client) `ID` to sign in with, by the certificate orgstore.pem")
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
		return answer{}, fault.Usage("copy it from the Azure portal, in lower case: 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11", "--tenant: %q is not a tenant's id", o.tenant)
	}
	name, err := o.place(args)
	if err != nil {
		return answer{}, err
	}
	text, err := o.settings()
	if err != nil {
		return answer{}, err
	}
	s, err := config.Parse(name, text)
	if err != nil {
		return answer{}, fault.Usage("correct --sharepoint, --library or --client", "the settings would be wrong: %w", err)
	}
	data := initData{name, s.Library.Place(), s.Stores[0].Path}
	a := answer{
		data:    data,
		view:    facts([2]string{"settings", data.Settings}, [2]string{"library", data.Library}, [2]string{"store", data.Store}),
		message: "next: put packages into " + s.Library.Folder + ", then `orgstore package list`",
	}
	switch {
	case o.site != "" && o.client == "":
		a.message = "next: write how to sign in into " + name + ", then `orgstore doctor`"
	case o.site != "":
		a.message = "next: put the certificate with its private key into " + s.SignIn.Certificate + ", then `orgstore doctor`"
	}
	if o.tenant == "" {
		a.message = "next: write your tenant's id into " + name + "; licenses name the tenant they are for"
	}
	// The settings come last: who was stopped before them can begin again.
	var written []files.File
	if schema := filepath.Join(filepath.Dir(name), config.SchemaName); !o.holds(schema, config.Schema()) {
		written = append(written, files.File{Name: schema, Perm: 0o644, Text: config.Schema()})
	}
	written = append(written, files.File{Name: name, Perm: 0o644, Text: text})
	if err := files.CheckNew(o.Disk, written...); err != nil {
		return answer{}, err
	}
	if o.dryRun {
		a.message = "nothing was written: this was a dry run"
		return a, nil
	}
	for _, dir := range []string{s.Library.Folder, s.Stores[0].Path} {
		if dir == "" { // the library is the tenant's
			continue
		}
		if err := disk.MakeDir(o.Disk, dir, 0o755); err != nil {
			return answer{}, files.Unwritable(dir, err)
		}
	}
	if err := files.Create(o.Disk, written...); err != nil {
		return answer{}, err
	}
	return a, nil
}

// settings are those that the flags ask for.
func (o *initOptions) settings() ([]byte, error) {
	if o.site == "" {
		if o.client != "" || o.library != "" {
			return nil, fault.Usage("name the site with --sharepoint", "--client and --library are for a library in SharePoint, and no site is named")
		}
		return config.Template(o.tenant), nil
	}
	var in config.SignIn
	if o.client != "" {
		in = config.SignIn{Type: config.ByCertificate, Client: o.client, Certificate: "orgstore.pem"}
	}
	return config.TemplateIn(o.tenant, config.SharePoint{Site: o.site, Library: cmp.Or(o.library, "Visuals")}, in), nil
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
		return "", fault.Usage("leave out one of them", "FOLDER and --config (or ORGSTORE_CONFIG) both say where the settings go")
	}
	return filepath.Abs(filepath.Join(args[0], config.FileName))
}
