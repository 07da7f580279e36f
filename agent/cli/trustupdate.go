package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
)

type trustUpdateOptions struct {
	*globals
	name string
	confirmation
}

func newTrustUpdate(g *globals) *cobra.Command {
	o := &trustUpdateOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "update BUNDLE",
		Short: "Take a vendor's next trust bundle in place of the one in force",
		Long: `Take a vendor's next trust bundle in place of the one in force.

The new bundle is the next version, signed by the root keys of both: nothing has
to be compared with the vendor. Shows what changes (keys added, retired or
compromised, visuals narrowed) and what could not be put any more, and asks. The
bundle is written beside the old one under a name of its own, and the settings
then name it: interrupted at any moment, one of the two is in force, and the same
command goes on.`,
		Example: `  orgstore trust update mail/aurora.trust
  orgstore trust update mail/aurora.trust --dry-run`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) { return o.run(ctx, args[0]) }),
	}
	cmd.Flags().StringVar(&o.name, "name", "", "the vendor's `NAME` in the settings, where the bundle does not tell whose it is")
	o.confirmation.flags(cmd, "take the bundle without asking")
	return cmd
}

// A trustStep is a vendor's bundle that is to take the place of another.
type trustStep struct {
	vendor   config.Vendor
	old, new license.Bundle
	text     []byte
	file     string // where it goes
}

type trustUpdateData struct {
	Name        string             `json:"name"`
	Bundle      string             `json:"bundle"`
	Fingerprint string             `json:"fingerprint"`
	From        int64              `json:"from_version"`
	Version     int64              `json:"version"`
	Changes     []changeData       `json:"changes"`
	Lost        []engine.LostTrust `json:"no_longer"` // what could not be put any more
}

func (o *trustUpdateOptions) run(ctx context.Context, file string) (answer, error) {
	text, err := o.Read(file, engine.MaxBundle)
	if err != nil {
		return answer{}, err
	}
	s, err := o.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	step, err := o.step(s.Settings, file, text)
	if err != nil {
		return answer{}, err
	}
	a, err := s.describeUpdate(step)
	switch {
	case err != nil:
		return a, err
	case step.new.Fingerprint() == step.old.Fingerprint():
		a.message = fmt.Sprintf("version %d is in force already; nothing was changed", step.old.Version())
		return a, o.settle(step.vendor.Bundle)
	}
	edit := func(text []byte) ([]byte, error) {
		return config.UpdateVendor(text, step.vendor.Name, o.besideSettings(step.file), step.new.Fingerprint())
	}
	if err := o.edit(true, edit); err != nil {
		return a, err
	}
	if o.dryRun {
		a.message = "nothing was done: this was a dry run"
		return a, nil
	}
	question := fmt.Sprintf("believe version %d of the trust bundle of %s in place of version %d", step.new.Version(), safetext.Line(step.vendor.Name), step.old.Version())
	if err := o.confirm(ctx, o.globals, func() error { return s.show(a) }, question); err != nil {
		return answer{}, err
	}
	return a, s.takeBundle(ctx, step, edit)
}

// takeBundle writes the bundle, records who decided it, and changes the settings
// last: until then the old bundle is in force and whole, and from then on the new
// one is. Who was stopped between them begins again, and records nothing twice.
func (s *session) takeBundle(ctx context.Context, step trustStep, edit func([]byte) ([]byte, error)) error {
	have, err := disk.ReadFile(s.Disk, step.file, engine.MaxBundle)
	if err != nil || !bytes.Equal(have, step.text) {
		err = s.Write(step.file, 0o644, step.text)
	} else {
		err = s.Disk.SyncDir(filepath.Dir(step.file))
	}
	if err != nil {
		return unwritable(step.file, err)
	}
	if _, known := s.Journal.Book().Updated(step.new.Fingerprint()); !known {
		err := s.Journal.Append(ctx, s.Tx, journal.TrustChanged{
			Change: journal.TrustUpdated, Vendor: step.vendor.Name,
			From: step.old.Fingerprint(), To: step.new.Fingerprint(), Version: step.new.Version(),
		})
		if err != nil {
			return err
		}
	}
	return s.edit(false, edit)
}

// settle makes durable what is in force: whoever put it there may have been
// stopped before that.
func (o *trustUpdateOptions) settle(bundle string) error {
	if o.dryRun {
		return nil
	}
	settings, err := filepath.Abs(o.settingsFile)
	if err != nil {
		return err
	}
	return errors.Join(o.Disk.SyncDir(filepath.Dir(bundle)), o.Disk.SyncDir(filepath.Dir(settings)))
}

// step finds whose next bundle a file is. Where it is nobody's, the error says
// why it is not that of the vendor who issues as it does.
func (o *trustUpdateOptions) step(s config.Settings, file string, text []byte) (trustStep, error) {
	next, err := license.ParseBundle(text)
	if err != nil {
		return trustStep{}, fmt.Errorf("cannot read the trust bundle %s: %w", file, err)
	}
	var refused error
	for _, v := range s.Trust.Vendors {
		if o.name != "" && v.Name != o.name {
			continue
		}
		old, err := o.PinnedBundle(v)
		switch {
		case err == nil && old.Fingerprint() == next.Fingerprint():
			return trustStep{v, old, next, text, v.Bundle}, nil
		case err == nil:
			_, err = old.Update(text)
		case o.name != "" || len(s.Trust.Vendors) == 1:
			return trustStep{}, fault.New(string(fault.Of(err).Verdict()),
				"put the bundle in force back where the settings say, and name the new one from another place; if it is lost, remove the vendor and add it again, comparing the fingerprint",
				"cannot update %s: %w", v.Name, err).DueTo(fault.CodeLicense)
		}
		if err == nil {
			step := trustStep{v, old, next, text, nextBundle(v.Bundle, old.Version(), next.Version())}
			return step, o.free(step)
		}
		if o.name != "" || sharesIssuer(old, next) {
			refused = fmt.Errorf("cannot update %s: %w", v.Name, err)
		}
	}
	if refused != nil {
		return trustStep{}, refused
	}
	return trustStep{}, fault.New("trust.unknown", "name the vendor with --name; or add a new one with `orgstore trust add`",
		"%s is the next trust bundle of no vendor in the settings", file).DueTo(fault.CodeLicense)
}

func sharesIssuer(a, b license.Bundle) bool {
	return slices.ContainsFunc(a.Issuers(), func(i license.Issuer) bool {
		return slices.ContainsFunc(b.Issuers(), func(j license.Issuer) bool { return i.Name == j.Name })
	})
}

// nextBundle names the file of the next version: aurora.trust becomes
// aurora-2.trust, and that aurora-3.trust.
func nextBundle(file string, from, to int64) string {
	suffix := filepath.Ext(file)
	stem := strings.TrimSuffix(strings.TrimSuffix(file, suffix), fmt.Sprintf("-%d", from))
	return fmt.Sprintf("%s-%d%s", stem, to, suffix)
}

// free refuses to write over a file that holds something else.
func (o *trustUpdateOptions) free(step trustStep) error {
	have, err := disk.ReadFile(o.Disk, step.file, engine.MaxBundle)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && bytes.Equal(have, step.text):
		return nil
	case err != nil && !errors.Is(err, disk.ErrTooLarge):
		return engine.UnreadableFile(step.file, err)
	}
	return fault.New("file.exists", "move it away", "%s exists already and is another file; nothing was written", step.file)
}

// describeUpdate says what an update changes. It refuses a bundle under which the
// settings contradict themselves.
func (s *session) describeUpdate(step trustStep) (answer, error) {
	vendors, attesters := s.TrustParts(s.Settings)
	for i, v := range vendors {
		if v.Name == step.vendor.Name {
			vendors[i].Bundle = step.new
		}
	}
	after, err := license.NewTrust(s.Settings.Tenant, vendors, attesters...)
	if err != nil {
		return answer{}, err
	}
	data := trustUpdateData{
		Name: step.vendor.Name, Bundle: step.file, Fingerprint: step.new.Fingerprint(),
		From: step.old.Version(), Version: step.new.Version(),
		Changes: bundleChanges(step.old, step.new, step.vendor.GUIDs), Lost: s.LostTrust(after),
	}
	return answer{data: data, view: trustChangeView(data.Changes, data.Lost), message: fmt.Sprintf(
		"%s is believed by version %d of its trust bundle, in %s", step.vendor.Name, data.Version, step.file)}, nil
}
