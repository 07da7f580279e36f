package cli

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/service"
)

// Services is the service manager of the machine. Each method lists what is to
// be done, which is nothing where all is so already; nothing is done by it.
type Services interface {
	Install(ctx context.Context, d service.Definition) ([]service.Act, error)
	Uninstall(ctx context.Context) ([]service.Act, error)
	Start(ctx context.Context) ([]service.Act, error)
	Stop(ctx context.Context) ([]service.Act, error)
	Status(ctx context.Context) (service.Status, error)
	// Rights says what is missing to this process for doing any of it.
	Rights() error
}

func newService(g *globals) *cobra.Command {
	return group("service", "Let the agent run as a service of this machine", `Let the agent run as a service of this machine.

On Linux it is one of systemd, on Windows one of the service manager. Everything
but status takes the rights of an administrator; --dry-run shows what would be done
and takes none. Repeating a command is harmless.`,
		newServiceInstall(g), newServiceUninstall(g), newServiceStart(g), newServiceStop(g), newServiceStatus(g))
}

type serviceOptions struct {
	*globals
	dryRun      bool
	credentials []string
}

// serviceCommand makes a command that changes the machine.
func serviceCommand(g *globals, use, short, long, example string, run func(*serviceOptions, context.Context) (answer, error)) (*cobra.Command, *serviceOptions) {
	o := &serviceOptions{globals: g}
	cmd := &cobra.Command{Use: use, Short: short, Long: short + ".\n\n" + long, Example: example, Args: arguments(cobra.NoArgs),
		RunE: g.answering(func(ctx context.Context, _ []string) (answer, error) { return run(o, ctx) })}
	dryRunFlags(cmd, &o.dryRun)
	return cmd, o
}

func newServiceInstall(g *globals) *cobra.Command {
	cmd, o := serviceCommand(g, "install", "Set the agent up as a service that starts with the machine", `The service runs this program, where it is now, with the settings that --config
names. On Linux: the account orgstore, the folders it writes to, and a hardened
unit in /etc/systemd/system. On Windows: a service under the virtual account
NT SERVICE\orgstore, which has no password, started again when it fails; that
account may read the folders of settings and library, write to store and tasks, and
only it and administrators may open the data folder; its log is the event log
Application.

Run it again after moving the program or changing folders in the settings. It does
not start the service. Where the settings name a socket (agent: {socket:
/run/orgstore/orgstore.sock}), the members of the group orgstore approve, hold and
look under accounts of their own, through the agent. What --credential hands over, the settings name as
/run/credentials/orgstore.service/NAME (certificate, secret_file and the like).`, `  orgstore service install --config /etc/orgstore/orgstore.yaml --dry-run
  sudo orgstore service install --config /etc/orgstore/orgstore.yaml --credential orgstore.pem=/etc/orgstore/orgstore.pem`, (*serviceOptions).install)
	cmd.Flags().StringArrayVar(&o.credentials, "credential", nil, "hand the service a secret file: `NAME=FILE`; with systemd, repeatable")
	return cmd
}

func newServiceUninstall(g *globals) *cobra.Command {
	cmd, _ := serviceCommand(g, "uninstall", "Remove the service, and keep its settings and data", `A running one is stopped first, between two changes. Settings, data folder, store
and account stay as they are.`, "  sudo orgstore service uninstall", (*serviceOptions).uninstall)
	return cmd
}

func newServiceStart(g *globals) *cobra.Command {
	cmd, _ := serviceCommand(g, "start", "Start the service", "It waits until the agent says that it runs.", "  sudo orgstore service start",
		func(o *serviceOptions, ctx context.Context) (answer, error) {
			acts, err := o.Services.Start(ctx)
			return o.carry(ctx, acts, err, "the service runs already", "see what it does: orgstore service status")
		})
	return cmd
}

func newServiceStop(g *globals) *cobra.Command {
	cmd, _ := serviceCommand(g, "stop", "Stop the service between two changes", "It waits until a change that has begun is done: two minutes at most.", "  sudo orgstore service stop",
		func(o *serviceOptions, ctx context.Context) (answer, error) {
			acts, err := o.Services.Stop(ctx)
			return o.carry(ctx, acts, err, "the service does not run", "it starts again with the machine, unless it is uninstalled")
		})
	return cmd
}

func newServiceStatus(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show whether the service is installed and runs, and how its agent is",
		Long: `Show whether the service is installed and runs, and how its agent is.

The agent is asked by the settings that the service was installed with; --config
names others. It leaves with 0 while the service runs and the agent's last look
went well, and with 1 otherwise.`,
		Example: "  orgstore service status\n  orgstore service status -o json --query service.state",
		Args:    arguments(cobra.NoArgs),
		RunE:    g.answering(func(ctx context.Context, _ []string) (answer, error) { return serviceStatus(ctx, g) }),
	}
}

// actData is one thing that was done, or would be.
type actData struct {
	Act  string `json:"act"`
	Done bool   `json:"done"`
}

// carry does what is to be done, in order, and says what it did. What came after
// something that failed is left.
func (o *serviceOptions) carry(ctx context.Context, acts []service.Act, err error, nothing, next string) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	if len(acts) == 0 {
		return answer{data: []actData{}, message: nothing}, nil
	}
	if !o.dryRun {
		if err := o.Services.Rights(); err != nil {
			return answer{}, err
		}
	}
	done := make([]actData, len(acts))
	v := output.View{Columns: []string{"ACT", "DONE"}}
	for i, a := range acts {
		if err == nil && !o.dryRun {
			err = a.Do(ctx)
		}
		done[i] = actData{a.What, err == nil && !o.dryRun}
		v.Rows = append(v.Rows, []string{a.What, yes(done[i].Done)})
	}
	if o.dryRun {
		next = "nothing was done"
	}
	return answer{data: done, view: v, message: next}, err
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (o *serviceOptions) install(ctx context.Context) (answer, error) {
	settings, err := o.settings()
	if err != nil {
		return answer{}, err
	}
	d, err := definition(settings)
	if err != nil {
		return answer{}, err
	}
	for _, c := range o.credentials {
		name, file, ok := strings.Cut(c, "=")
		if !ok {
			return answer{}, fault.Usage("write --credential NAME=FILE", "--credential %s names no file", c)
		}
		d.Credentials = append(d.Credentials, service.Credential{Name: name, File: file})
	}
	acts, err := o.Services.Install(ctx, d)
	return o.carry(ctx, acts, err, "the service is installed as the settings want it", "next: orgstore service start")
}

// definition is what the service needs, by the settings.
func definition(s config.Settings) (service.Definition, error) {
	d := service.Definition{Settings: s.File, Reads: []string{filepath.Dir(s.File)}}
	type place struct {
		path string
		to   *[]string
	}
	paths := []place{{s.Library.Folder, &d.Reads}}
	for _, t := range s.Stores {
		paths = append(paths, place{t.Path, &d.Writes})
	}
	for _, p := range paths {
		if p.path == "" {
			continue
		}
		full, err := filepath.Abs(p.path)
		if err != nil {
			return d, err
		}
		*p.to = append(*p.to, full)
	}
	var err error
	if d.Data, err = filepath.Abs(s.Data); err == nil && s.Agent.Socket != "" {
		d.Socket, err = filepath.Abs(s.Agent.Socket)
	}
	return d, err
}

func (o *serviceOptions) uninstall(ctx context.Context) (answer, error) {
	s, err := o.Services.Status(ctx)
	if err != nil {
		return answer{}, err
	}
	kept := "the settings and the data folder that they name stay"
	if g, ok := o.installedWith(s); ok {
		kept = "kept: the settings " + g.settingsFile
		if settings, err := g.settings(); err == nil {
			kept += " and the data in " + settings.Data
		}
	}
	acts, err := o.Services.Uninstall(ctx)
	return o.carry(ctx, acts, err, "the service is not installed", kept)
}

// installedWith looks through the settings that the service was installed with,
// unless the command line names others.
func (g *globals) installedWith(s service.Status) (*globals, bool) {
	other := *g
	if s.Settings != "" && g.settingsFile == config.FileName {
		other.settingsFile = s.Settings
	}
	return &other, s.Installed
}

// serviceData is what service status tells programs.
type serviceData struct {
	Service struct {
		Installed bool   `json:"installed"`
		Running   bool   `json:"running"`
		Automatic bool   `json:"automatic"`
		State     string `json:"state"`
		Settings  string `json:"settings"`
	} `json:"service"`
	Agent any `json:"agent"` // as agent status tells it; null where it cannot
}

func serviceStatus(ctx context.Context, g *globals) (answer, error) {
	s, err := g.Services.Status(ctx)
	if err != nil {
		return answer{}, err
	}
	var data serviceData
	data.Service.Installed, data.Service.Running, data.Service.Automatic = s.Installed, s.Running, s.Automatic
	data.Service.State, data.Service.Settings = s.State, s.Settings
	v := output.View{Columns: []string{"WHAT", "HOW"}, Rows: [][]string{
		{"service", s.State}, {"installed", yes(s.Installed)}, {"starts with the machine", yes(s.Automatic)}, {"settings", s.Settings},
	}}
	a := answer{data: data, view: v}
	if !s.Installed {
		return a, fault.New("service.missing", "orgstore service install --config FILE", "the service is not installed")
	}
	other, _ := g.installedWith(s)
	agent, err := runAgentStatus(ctx, other)
	if agent.data != nil {
		data.Agent = agent.data
		for _, row := range agent.view.Rows {
			v.Rows = append(v.Rows, []string{"agent: " + row[0], row[1]})
		}
		a = answer{data: data, view: v}
	}
	if !s.Running {
		return a, fault.New("service.stopped", "start it: orgstore service start; why it ended, its log says", "the service does not run: %s", s.State)
	}
	return a, err
}
