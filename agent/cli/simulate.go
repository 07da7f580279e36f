package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/pbiviz"
)

// A Simulation is a tenant on this machine that answers as Microsoft's does.
type Simulation interface {
	// CA is the authority that its certificates are signed by, as PEM.
	CA() []byte
	// Reached is where its services answer.
	Reached() config.Endpoints
	// Page is the address of its page Organizational visuals.
	Page() string
	// Upload puts a file into its library, as people do.
	Upload(name string, file []byte) error
	// Held are the files in its library's top folder, by name.
	Held() map[string][]byte
	// Shown is what stands beside a file in its library, by column.
	Shown(name string) map[string]string
	// Mailed is what was mailed from its mailbox, in order.
	Mailed() []engine.Mail
	// Calls counts what it was asked.
	Calls() int
	Close() error
}

// Simulated says which tenant is simulated.
type Simulated struct {
	Addr           string // loopback address of the first of consecutive ports; empty: the system chooses
	Tenant         string
	Client, Secret string // of the app registration
	Site, Library  string
	Faults         []byte            // rules, as YAML; empty for none
	Quotas         bool              // 429 beyond Microsoft's published quotas
	Told           func(call string) // is told each call, one after another; nil: nobody
	Now            func() time.Time
}

// simulated is the tenant that simulator and demo begin with.
func (g *globals) simulated() Simulated {
	return Simulated{
		Tenant: demoTenant, Client: "3f0a51c4-7a1d-4a52-9f5e-2b8f0a4c6d17", Secret: rand.Text(),
		Site: "https://contoso.sharepoint.com/sites/bi", Library: "Visuals", Now: g.Now,
	}
}

// settings writes the settings of a folder that works with a simulation.
func (o Simulated) settings(e config.Endpoints) []byte {
	text := config.TemplateIn(o.Tenant, config.SharePoint{Site: o.Site, Library: o.Library}, config.SignIn{Type: config.BySecret, Client: o.Client, SecretFile: "secret.txt"})
	return fmt.Appendf(text, `
# The tenant that orgstore simulates on this machine.
endpoints:
  login: %s
  graph: %s
  powerbi: %s
  fabric: %s
  portal: %s
network:
  ca: ca.pem
`, e.Login, e.Graph, e.PowerBI, e.Fabric, e.Portal)
}

// simulate starts a tenant.
func (g *globals) simulate(o Simulated) (Simulation, error) {
	if g.Simulate == nil {
		return nil, fault.New("simulator.unsupported", "use a build of orgstore that has it", "this program was built without the simulator")
	}
	s, err := g.Simulate(o)
	if err != nil {
		return nil, fault.New("simulator.failed", "name another address with --addr, or mend the rules of --faults", "cannot simulate a tenant: %w", err)
	}
	return s, nil
}

// equip writes into a folder what orgstore needs to work with a simulation. The
// authority and the secret are new each time; settings that are there stay.
func (g *globals) equip(folder string, o Simulated, s Simulation) (kept bool, err error) {
	if err := disk.MakeDir(g.Disk, folder, 0o755); err != nil {
		return false, unwritable(folder, err)
	}
	settings := filepath.Join(folder, config.FileName)
	_, err = g.Disk.Stat(settings)
	kept = err == nil
	files := []newFile{{filepath.Join(folder, "ca.pem"), 0o644, s.CA()}, {filepath.Join(folder, "secret.txt"), 0o600, []byte(o.Secret + "\n")}}
	if !kept {
		files = append(files, newFile{filepath.Join(folder, config.SchemaName), 0o644, config.Schema()}, newFile{settings, 0o644, o.settings(s.Reached())})
	}
	for _, f := range files {
		if err := g.Write(f.name, f.perm, f.text); err != nil {
			return kept, unwritable(f.name, err)
		}
	}
	return kept, disk.MakeDir(g.Disk, filepath.Join(folder, "store"), 0o755)
}

type simulatorOptions struct {
	*globals
	addr, state, faults string
	quotas              bool
}

func newSimulator(g *globals) *cobra.Command {
	o := &simulatorOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "simulator",
		Short: "Run a tenant on this machine, to try orgstore or another client on",
		Long: `Run a tenant on this machine, to try orgstore or another client on.

Entra sign-in, Microsoft Graph with a document library, Power BI and Fabric
answer on https with an authority of their own, until Ctrl-C. It is strict: what
Microsoft does not document is an error. The page Organizational visuals is there
too, for a browser; what it sends is made up, since Microsoft documents none of
it. Settings, authority and secret are
written into the folder of --state; the files in its folder library are in the
document library from the start, and what is put there is kept in it for the next
time. What is mailed from orgstore@contoso.com (notify: in the settings) is put into
its folder mail. Each call is told on standard error, without anything secret.`,
		Example: `  orgstore simulator
  orgstore simulator --state elsewhere --quotas --faults faults.yaml`,
		Args: arguments(cobra.NoArgs),
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return o.run(cmd) }
	cmd.Flags().StringVar(&o.addr, "addr", "127.0.0.1:8443", "the loopback `ADDRESS` of the first service; the others take the ports after it")
	cmd.Flags().StringVar(&o.state, "state", "simulated", "the `FOLDER` for settings, authority and secret")
	cmd.Flags().BoolVar(&o.quotas, "quotas", false, "refuse what is beyond Microsoft's published quotas")
	cmd.Flags().StringVar(&o.faults, "faults", "", "a `FILE` of rules (YAML) for what is to go wrong")
	return cmd
}

type simulatorData struct {
	Settings  string            `json:"settings"`
	CA        string            `json:"ca"`
	Secret    string            `json:"secret_file"`
	Tenant    string            `json:"tenant"`
	Client    string            `json:"client"`
	Site      string            `json:"site"`
	Library   string            `json:"library"`
	Endpoints map[string]string `json:"endpoints"`
}

// maxRules bounds a file of faults, in bytes.
const maxRules = 1 << 20

func (o *simulatorOptions) run(cmd *cobra.Command) error {
	with := o.simulated()
	with.Addr, with.Quotas = o.addr, o.quotas
	with.Told = func(call string) { o.note("%s", call) }
	if o.faults != "" {
		var err error
		if with.Faults, err = o.Read(o.faults, maxRules); err != nil {
			return err
		}
	}
	s, err := o.simulate(with)
	if err != nil {
		return err
	}
	defer s.Close()
	folder, err := filepath.Abs(o.state)
	if err != nil {
		return err
	}
	kept, err := o.equip(folder, with, s)
	if err != nil {
		return err
	}
	if err := o.fill(s, filepath.Join(folder, "library")); err != nil {
		return err
	}
	if err := o.print(cmd, o.answer(folder, with, s, kept)); err != nil {
		return err
	}
	if err := o.deliver(cmd.Context(), s, filepath.Join(folder, "mail")); err != nil {
		return err
	}
	o.note("the simulator answered %s", engine.Count(s.Calls(), "call"))
	return errors.Join(s.Close(), o.keep(s, filepath.Join(folder, "library")))
}

// deliver puts what is mailed into a folder, as a mailbox would, until it is told
// to stop.
func (o *simulatorOptions) deliver(ctx context.Context, s Simulation, folder string) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; {
		for _, m := range s.Mailed()[n:] {
			n++
			if n == 1 {
				if err := disk.MakeDir(o.Disk, folder, 0o755); err != nil {
					return unwritable(folder, err)
				}
			}
			file := filepath.Join(folder, fmt.Sprintf("%04d.txt", n))
			text := fmt.Sprintf("From: %s\nTo: %s\nSubject: %s\n\n%s", m.From, strings.Join(m.To, ", "), m.Subject, m.Text)
			if err := o.Write(file, 0o600, []byte(text)); err != nil {
				return unwritable(file, err)
			}
			o.note("mailed to %s: %s (%s)", safetext.Line(strings.Join(m.To, ", ")), safetext.Line(m.Subject), file)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (o *simulatorOptions) answer(folder string, with Simulated, s Simulation, kept bool) answer {
	e := s.Reached()
	d := simulatorData{
		Settings: filepath.Join(folder, config.FileName), CA: filepath.Join(folder, "ca.pem"), Secret: filepath.Join(folder, "secret.txt"),
		Tenant: with.Tenant, Client: with.Client, Site: with.Site, Library: with.Library,
		Endpoints: map[string]string{"login": e.Login, "graph": e.Graph, "powerbi": e.PowerBI, "fabric": e.Fabric, "portal": e.Portal},
	}
	message := "try `orgstore --config " + filepath.Join(o.state, config.FileName) + " doctor` in another window; Ctrl-C ends the simulator"
	if kept {
		message = "the settings that were there stay: their endpoints must be those above\n" + message
	}
	return answer{data: d, message: message, view: facts(
		[2]string{"settings", d.Settings}, [2]string{"authority", d.CA}, [2]string{"secret", d.Secret},
		[2]string{"tenant", d.Tenant}, [2]string{"client", d.Client}, [2]string{"site", d.Site}, [2]string{"library", d.Library},
		[2]string{"sign-in", e.Login}, [2]string{"Microsoft Graph", e.Graph}, [2]string{"Power BI", e.PowerBI}, [2]string{"Fabric", e.Fabric},
		[2]string{"Organizational visuals", s.Page()},
	)}
}

// fill puts the files of a folder into the library.
func (o *simulatorOptions) fill(s Simulation, folder string) error {
	entries, err := o.Disk.ReadDir(folder)
	if err = engine.IgnoreError(err, fs.ErrNotExist); err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		text, err := o.Read(filepath.Join(folder, e.Name()), pbiviz.DefaultLimits().FileSize)
		if err != nil {
			return err
		}
		if err := s.Upload(e.Name(), text); err != nil {
			return err
		}
	}
	return nil
}

// keep puts what came into the library into the folder, for the next time. What
// was taken out of the library stays in the folder: it is somebody's file.
func (o *simulatorOptions) keep(s Simulation, folder string) error {
	held := s.Held()
	if len(held) == 0 {
		return nil
	}
	if err := disk.MakeDir(o.Disk, folder, 0o755); err != nil {
		return unwritable(folder, err)
	}
	for _, name := range slices.Sorted(maps.Keys(held)) {
		file := filepath.Join(folder, name)
		if old, err := disk.ReadFile(o.Disk, file, int64(len(held[name]))); err == nil && bytes.Equal(old, held[name]) {
			continue
		}
		if err := o.Write(file, 0o644, held[name]); err != nil {
			return unwritable(file, err)
		}
	}
	return nil
}

// inTenant starts the tenant in which the story plays, and has the settings
// name its library.
func (s *story) inTenant(context.Context) error {
	with := s.simulated()
	tenant, err := s.globals.simulate(with)
	if err != nil {
		return err
	}
	s.tenant = tenant
	if err := os.Remove(config.FileName); err != nil {
		return err
	}
	if _, err = s.equip(".", with, tenant); err != nil {
		return err
	}
	text := fmt.Sprintf("version: 1\ntenant: %s\nas_of: %s\nsource: counted by hand\nuses:\n  - { guid: %s, designers: 12, viewers: 200 }\n",
		with.Tenant, s.Now().UTC().Format(time.DateOnly), example.GaugeGUID)
	if err := disk.MakeDir(s.Disk, ".orgstore", 0o700); err != nil {
		return err
	}
	return s.Write(filepath.Join(".orgstore", "facts.yaml"), 0o644, []byte(text))
}

// shown tells what administrators see beside a file in the library.
func (s *story) shown(name string) {
	view := output.View{Columns: []string{"COLUMN", "WHAT IT SAYS"}}
	columns := s.tenant.Shown(name)
	for _, c := range slices.Sorted(maps.Keys(columns)) {
		view.Rows = append(view.Rows, []string{c, orDash(columns[c])})
	}
	// A story that cannot be shown is told all the same.
	_ = output.Write(s.Out, output.Table, "", "", s.Now(), nil, view)
}
