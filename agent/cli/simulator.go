package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/pbiviz"
)

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
					return files.Unwritable(folder, err)
				}
			}
			file := filepath.Join(folder, fmt.Sprintf("%04d.txt", n))
			text := fmt.Sprintf("From: %s\nTo: %s\nSubject: %s\n\n%s", m.From, strings.Join(m.To, ", "), m.Subject, m.Text)
			if err := o.Write(file, 0o600, []byte(text)); err != nil {
				return files.Unwritable(file, err)
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
		return files.Unwritable(folder, err)
	}
	for _, name := range slices.Sorted(maps.Keys(held)) {
		file := filepath.Join(folder, name)
		if old, err := disk.ReadFile(o.Disk, file, int64(len(held[name]))); err == nil && bytes.Equal(old, held[name]) {
			continue
		}
		if err := o.Write(file, 0o644, held[name]); err != nil {
			return files.Unwritable(file, err)
		}
	}
	return nil
}
