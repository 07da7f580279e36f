package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/license"
)

type trustRemoveOptions struct {
	*globals
	confirmation
}

func newTrustRemove(g *globals) *cobra.Command {
	o := &trustRemoveOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "remove VENDOR|ATTESTER",
		Short: "Believe a vendor, or one of your own people, no more",
		Long: `Believe a vendor, or one of your own people, no more.

Names a vendor, a person, or one key of a person. Shows what could not be put any
more, and asks. What is installed stays, and so do the files: only the settings
change. A rollback to what they alone licensed is not possible any more either.`,
		Example: `  orgstore trust remove "Aurora Visuals" --dry-run
  orgstore trust remove "Ada Lovelace"
  orgstore trust remove ada-lovelace-0fb4c3   # this key alone`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) {
			return o.run(ctx, strings.TrimSpace(args[0]))
		}),
	}
	o.confirmation.flags(cmd, "remove without asking")
	return cmd
}

type trustRemoveData struct {
	Vendor   string             `json:"vendor,omitempty"`
	Attester string             `json:"attester,omitempty"`
	Keys     []string           `json:"keys,omitempty"` // of the attester
	Lost     []engine.LostTrust `json:"no_longer"`      // what could not be put any more
}

// A removal is whom the settings are to name no more.
type removal struct {
	name     string
	vendor   *config.Vendor
	keys     []config.Attester
	settings config.Settings // without them
}

func (o *trustRemoveOptions) run(ctx context.Context, name string) (answer, error) {
	s, err := o.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	r, err := removalOf(s.Settings, name)
	if err != nil {
		return answer{}, err
	}
	if err := o.edit(true, r.edit); err != nil {
		return answer{}, err
	}
	vendors, attesters := s.TrustParts(r.settings)
	after, err := license.NewTrust(s.Settings.Tenant, vendors, attesters...)
	if err != nil {
		return answer{}, err
	}
	a := r.answer(s.LostTrust(after))
	if o.dryRun {
		a.message = "nothing was done: this was a dry run"
		return a, nil
	}
	if err := o.confirm(ctx, o.globals, func() error { return s.show(a) }, "believe "+safetext.Line(r.name)+" no more"); err != nil {
		return answer{}, err
	}
	// Recorded first: no interruption loses who did it.
	if err := s.Journal.Append(ctx, s.Tx, r.facts()...); err != nil {
		return a, err
	}
	return a, s.edit(false, r.edit)
}

// removalOf finds a vendor, a person or a key in the settings.
func removalOf(s config.Settings, name string) (removal, error) {
	r := removal{name: name, settings: s}
	if i := slices.IndexFunc(s.Trust.Vendors, func(v config.Vendor) bool { return v.Name == name }); i >= 0 {
		r.vendor = &s.Trust.Vendors[i]
		r.settings.Trust.Vendors = slices.Delete(slices.Clone(s.Trust.Vendors), i, i+1)
	}
	for _, a := range s.Trust.Attesters {
		if a.Name == name || a.Key.ID == name {
			r.keys = append(r.keys, a)
		}
	}
	switch {
	case r.vendor == nil && len(r.keys) == 0:
		return r, fault.New("trust.unknown", "look at `orgstore trust list` and `orgstore trust attester list`",
			"the settings believe nobody called %q", name)
	case r.vendor != nil && len(r.keys) > 0:
		return r, fault.New("trust.ambiguous", "name the person's key: "+r.keys[0].Key.ID+"; or change the settings by hand",
			"%q is both a vendor and a person", name)
	}
	r.settings.Trust.Attesters = slices.DeleteFunc(slices.Clone(s.Trust.Attesters), func(a config.Attester) bool {
		return slices.ContainsFunc(r.keys, func(k config.Attester) bool { return k.Key.ID == a.Key.ID })
	})
	return r, nil
}

func (r removal) edit(text []byte) ([]byte, error) {
	if r.vendor != nil {
		return config.RemoveVendor(text, r.vendor.Name)
	}
	var err error
	for _, k := range r.keys {
		if text, err = config.RemoveAttester(text, k.Key.ID); err != nil {
			return nil, err
		}
	}
	return text, nil
}

func (r removal) facts() []journal.Fact {
	if r.vendor != nil {
		return []journal.Fact{journal.TrustChanged{Change: journal.TrustRemoved, Vendor: r.vendor.Name, From: r.vendor.Fingerprint}}
	}
	var all []journal.Fact
	for _, k := range r.keys {
		all = append(all, journal.TrustChanged{Change: journal.TrustRemoved, Attester: k.Name, From: k.Key.Fingerprint()})
	}
	return all
}

func (r removal) answer(lost []engine.LostTrust) answer {
	data := trustRemoveData{Lost: lost}
	message := fmt.Sprintf("%s is believed no more; what is installed stays", r.name)
	if r.vendor != nil {
		data.Vendor = r.vendor.Name
		message += ", and the file " + r.vendor.Bundle + " too"
	}
	for _, k := range r.keys {
		data.Attester = k.Name
		data.Keys = append(data.Keys, k.Key.ID)
	}
	return answer{data: data, view: trustChangeView(nil, lost), message: message}
}
