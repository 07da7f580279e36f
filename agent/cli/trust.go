package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/visual"
)

func newTrust(g *globals) *cobra.Command {
	return group("trust", "Say whose licenses are believed", `Say whose licenses are believed.

A license is believed if it is signed with a key of a vendor whose trust bundle
the settings pin by its fingerprint, and if it is about a visual for which they
let that vendor speak; or if one of your own people attested it.`, newTrustAdd(g), newTrustUpdate(g), newTrustRemove(g), newTrustList(g), newTrustKeygen(g), newTrustAttester(g))
}

type trustOptions struct {
	*globals
	name        string
	guids       []string
	fingerprint string
	enforced    string
	confirmation
}

func newTrustAdd(g *globals) *cobra.Command {
	o := &trustOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "add BUNDLE",
		Short: "Believe a vendor's licenses for some visuals",
		Long: `Believe a vendor's licenses for some visuals.

Shows the fingerprint of the vendor's trust bundle and asks: compare it with the
vendor by another way than the file came. The settings then pin it, and say for
which visuals the vendor may speak, whatever the bundle itself claims.`,
		Example: `  orgstore trust add aurora.trust --name "Aurora Visuals" --guid auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E
  orgstore trust add aurora.trust --name "Aurora Visuals" --guid auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E \
      --fingerprint sha256:16baf3fa7b0bad16a30278f520994fcde63db99286c0046cbbbcfff6b65c334b   # compared, not asked`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: g.answering(o.run),
	}
	cmd.Flags().StringVar(&o.name, "name", "", "the vendor's `NAME` in the settings (required)")
	cmd.Flags().StringSliceVar(&o.guids, "guid", nil, "a `VISUAL` the vendor may speak for; repeatable (required)")
	cmd.Flags().StringVar(&o.fingerprint, "fingerprint", "", "the `FINGERPRINT` the vendor told you; refuses any other and does not ask")
	cmd.Flags().StringVar(&o.enforced, "enforced", string(license.ByPackage), "whose end the visual itself obeys: `package` or statement")
	o.confirmation.flags(cmd, "believe the bundle without asking")
	return cmd
}

func (o *trustOptions) run(ctx context.Context, args []string) (answer, error) {
	vendor, err := o.vendor(args[0])
	if err != nil {
		return answer{}, err
	}
	if _, err := o.settings(); err != nil { // before a person is asked anything
		return answer{}, err
	}
	bundle, err := o.readBundle(args[0])
	if err != nil {
		return answer{}, err
	}
	if err := speaksFor(bundle, args[0], vendor.GUIDs); err != nil {
		return answer{}, err
	}
	vendor.Fingerprint = bundle.Fingerprint()
	if o.fingerprint != "" && o.fingerprint != vendor.Fingerprint {
		return answer{}, fault.New("trust.fingerprint", "do not use this file; ask the vendor for the right one",
			"the fingerprint of %s is %s, not %s", args[0], vendor.Fingerprint, o.fingerprint)
	}
	vendor.Bundle = o.besideSettings(vendor.Bundle)
	add := func(text []byte) ([]byte, error) { return config.AddVendor(text, vendor) }
	if err := o.edit(true, add); err != nil {
		return answer{}, err
	}
	data := []trustData{trustOf(vendor, bundle, o.Now())}
	a := answer{data: data, view: trustView(data), message: vendor.Name + " is believed about " + engine.Count(len(vendor.GUIDs), "visual")}
	if o.dryRun {
		a.message = vendor.Name + " would be believed about " + engine.Count(len(vendor.GUIDs), "visual")
		return a, nil
	}
	if o.fingerprint == "" {
		question := fmt.Sprintf("believe %s, whose fingerprint is\n  %s\n(compare it with the vendor by another way than the file came),\nabout %s",
			vendor.Name, vendor.Fingerprint, engine.Count(len(vendor.GUIDs), "visual"))
		if err := o.confirm(ctx, o.globals, nil, question); err != nil {
			return answer{}, err
		}
	}
	return a, o.edit(false, add)
}

// readBundle reads a trust bundle that a person named.
func (o *trustOptions) readBundle(file string) (license.Bundle, error) {
	text, err := o.Read(file, engine.MaxBundle)
	if err != nil {
		return license.Bundle{}, err
	}
	bundle, err := license.ParseBundle(text)
	if err != nil {
		return bundle, fmt.Errorf("cannot read the trust bundle %s: %w", file, err)
	}
	return bundle, nil
}

// speaksFor refuses to trust a bundle about a visual that it does not name:
// none of its licenses would be believed, and nobody would see why.
func speaksFor(b license.Bundle, file string, guids []visual.GUID) error {
	var named []visual.GUID
	for _, i := range b.Issuers() {
		if len(i.GUIDs) == 0 { // of all that the settings allow
			return nil
		}
		named = append(named, i.GUIDs...)
	}
	for _, g := range guids {
		if !slices.Contains(named, g) {
			return fault.New("trust.scope", fmt.Sprintf("case counts; it speaks for %s", joined(named)),
				"the bundle %s does not speak for %s", file, g)
		}
	}
	return nil
}

func joined(guids []visual.GUID) string {
	texts := make([]string, len(guids))
	for i, g := range guids {
		texts[i] = g.String()
	}
	return strings.Join(texts, ", ")
}

// vendor reads the flags.
func (o *trustOptions) vendor(file string) (config.Vendor, error) {
	v := config.Vendor{Name: strings.TrimSpace(o.name), Enforced: license.Enforced(o.enforced)}
	if v.Name == "" || len(o.guids) == 0 {
		return v, fault.Usage("give --name and at least one --guid", "a vendor needs a name and the visuals it may speak for")
	}
	if v.Enforced != license.ByPackage && v.Enforced != license.ByStatement {
		return v, fault.Usage("say package, unless the vendor told you that the visual asks only the statement", "--enforced is package or statement, not %q", o.enforced)
	}
	for _, text := range o.guids {
		g, err := visual.ParseName(text)
		if err != nil {
			return v, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
		}
		v.GUIDs = append(v.GUIDs, g)
	}
	var err error
	v.Bundle, err = filepath.Abs(file)
	return v, err
}

// besideSettings writes a path as the settings should: relative to their folder where
// it lies inside.
func (g *globals) besideSettings(path string) string {
	settings, err := filepath.Abs(g.settingsFile)
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(filepath.Dir(settings), path)
	if err != nil || !filepath.IsLocal(rel) {
		return path
	}
	return filepath.ToSlash(rel)
}

type trustData struct {
	Name        string   `json:"name"`
	Bundle      string   `json:"bundle"`
	Fingerprint string   `json:"fingerprint"` // as the settings pin it
	Version     int64    `json:"version"`
	Expires     string   `json:"expires"`
	Enforced    string   `json:"enforced"`
	GUIDs       []string `json:"guids"`
	State       string   `json:"state"` // ok, expired, changed, unreadable, unsafe
	Message     string   `json:"message"`
	// StatusLists are the newest that were seen, one for each key that signs them.
	StatusLists []engine.StatusList `json:"status_lists"`
}

func trustOf(v config.Vendor, b license.Bundle, now time.Time) trustData {
	d := trustData{
		Name: v.Name, Bundle: v.Bundle, Fingerprint: v.Fingerprint, Enforced: string(v.Enforced), State: "ok",
		StatusLists: []engine.StatusList{},
	}
	for _, g := range v.GUIDs {
		d.GUIDs = append(d.GUIDs, g.String())
	}
	if b.IsZero() {
		return d
	}
	d.Version, d.Expires = b.Version(), engine.Timestamp(b.Expires())
	if !now.Before(b.Expires()) {
		d.State, d.Message = "expired", "ask the vendor for its current trust bundle"
	}
	return d
}

func newTrustList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the vendors whose licenses are believed",
		Long: `List the vendors whose licenses are believed.

STATE is ok; expired; changed, where the bundle is not the one whose fingerprint
the settings pin; unreadable; or unsafe, where everybody could change the file.
With the last three nothing new of that vendor is put, what is installed stays,
and this command exits with 10. STATUS LIST is the newest list of what the vendor
revoked, where one was taken in.`,
		Example: "  orgstore trust list\n  orgstore trust list -o json",
		Args:    arguments(cobra.NoArgs),
		RunE:    g.answering(func(ctx context.Context, _ []string) (answer, error) { return g.listTrust(ctx) }),
	}
}

// listTrust lists every vendor, whatever is wrong with some: this is where
// people look when something is.
func (g *globals) listTrust(ctx context.Context) (answer, error) {
	s, err := g.settings()
	if err != nil {
		return answer{}, err
	}
	data := []trustData{}
	var wrong error
	issuers := map[string][]string{}
	for _, v := range s.Trust.Vendors {
		b, err := g.PinnedBundle(v)
		d := trustOf(v, b, g.Now())
		if err != nil {
			f := fault.Of(err)
			d.State, d.Message = stateOfBundle(f.Code), f.Error()
			code := "trust." + d.State
			if f.Code == engine.CodeFileMode {
				code = f.Code
			}
			wrong = cmp.Or(wrong, error(fault.New(code, f.Hint, "%s is not trusted: %w", v.Name, err)))
		}
		for _, i := range b.Issuers() {
			issuers[v.Name] = append(issuers[v.Name], i.Name)
		}
		data = append(data, d)
	}
	if err := g.tellStatus(ctx, s, data, issuers); err != nil {
		wrong = cmp.Or(wrong, err)
	}
	a := answer{data: data, view: trustView(data)}
	if len(data) == 0 {
		a.message = "no vendor is believed yet: add one with `orgstore trust add`"
	}
	return a, wrong
}

// stateOfBundle is the word for why a bundle is not trusted.
func stateOfBundle(code string) string {
	switch code {
	case "trust.fingerprint":
		return "changed"
	case engine.CodeFileMode:
		return "unsafe"
	}
	return "unreadable"
}

// tellStatus adds which status lists are in force.
func (g *globals) tellStatus(ctx context.Context, s config.Settings, data []trustData, issuers map[string][]string) error {
	vendors, attesters := g.TrustParts(s)
	trust, err := license.NewTrust(s.Tenant, vendors, attesters...)
	if err != nil {
		return err
	}
	book, err := engine.ReadBook(ctx, s, g.Ports)
	if err != nil {
		return err
	}
	if trust, err = g.TrustWithStatusLists(trust, s, book); err != nil {
		return err
	}
	at := moment.Settle(g.Now(), book.TimeMark(), -1)
	for i, d := range data {
		data[i].StatusLists = engine.StatusLists(trust, book, issuers[d.Name], at)
	}
	return nil
}

func trustView(vendors []trustData) output.View {
	view := output.View{Columns: []string{"VENDOR", "VISUALS", "BUNDLE", "FINGERPRINT", "EXPIRES", "STATUS LIST", "STATE"}}
	for _, v := range vendors {
		view.Rows = append(view.Rows, []string{v.Name, strings.Join(v.GUIDs, ", "), v.Bundle, v.Fingerprint, orDash(dayOf(v.Expires)), listLines(v.StatusLists), v.State})
	}
	return view
}
