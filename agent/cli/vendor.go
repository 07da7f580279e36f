package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/visual"
)

func newVendor(g *globals) *cobra.Command {
	return group("vendor", "For vendors: make keys, license statements and what follows them",
		`For vendors: make keys, license statements and what follows them.

A vendor makes keys once, gives the trust bundle to customers, and issues one
statement for each customer and renewal. What must end before its day is revoked
by a status list; when keys change, customers get the next trust bundle. Nothing
here needs settings or a network.`,
		newKeygen(g), newIssue(g), newRevoke(g), newRotate(g))
}

type keygenOptions struct {
	*globals
	name      string
	issuer    string
	guids     []string
	algorithm string
	years     int
	out       string
	dryRun    bool
}

func newKeygen(g *globals) *cobra.Command {
	o := &keygenOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "keygen",
		Short: "Make the keys of a vendor and the trust bundle for customers",
		Long: `Make the keys of a vendor and the trust bundle for customers.

Writes four files: NAME.key signs statements, NAME-status.key signs lists of what
was revoked and nothing else, NAME-root.key signs trust bundles and belongs in a
safe, NAME.trust is what customers get. Tell customers the fingerprint by another
way than you send the bundle. Existing files are never overwritten.`,
		Example: `  orgstore vendor keygen --name aurora --issuer https://licenses.auroravisuals.example \
      --guid auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --out keys`,
		Args: arguments(cobra.NoArgs),
		RunE: g.answering(func(context.Context, []string) (answer, error) { return o.run() }),
	}
	f := cmd.Flags()
	f.StringVar(&o.name, "name", "", "a short `NAME` for keys and files: letters, digits, - (required)")
	f.StringVar(&o.issuer, "issuer", "", "the `URL` that names the vendor in statements (required)")
	f.StringSliceVar(&o.guids, "guid", nil, "a `VISUAL` of the vendor; repeatable (required)")
	f.StringVar(&o.algorithm, "algorithm", string(license.Ed25519), "`Ed25519`, or ES256 for key vaults that know no other")
	f.IntVar(&o.years, "years", 3, "for how many `YEARS` the bundle holds")
	f.StringVar(&o.out, "out", ".", "the `FOLDER` to write to")
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

var keyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,39}$`)

func (o *keygenOptions) check() error {
	switch {
	case !keyName.MatchString(o.name):
		return fault.Usage("give --name, such as aurora", "a key's name has letters, digits and -, and at most 40 of them, not %q", o.name)
	case o.issuer == "" || len(o.guids) == 0:
		return fault.Usage("give --issuer and at least one --guid", "a trust bundle names its issuer and the visuals it speaks for")
	case o.years < 1 || o.years > 20:
		return fault.Usage("choose 1 to 20", "--years: %d is out of range", o.years)
	}
	return nil
}

type keygenData struct {
	Key         string `json:"key"`
	StatusKey   string `json:"status_key"`
	RootKey     string `json:"root_key"`
	Bundle      string `json:"bundle"`
	KeyID       string `json:"key_id"`
	Fingerprint string `json:"fingerprint"`
}

func (o *keygenOptions) run() (answer, error) {
	if err := o.check(); err != nil {
		return answer{}, err
	}
	made, err := o.generate()
	if err != nil {
		return answer{}, err
	}
	read, err := license.ParseBundle(made.bundle)
	if err != nil {
		return answer{}, err
	}
	at := func(end string) string { return filepath.Join(o.out, o.name+end) }
	data := keygenData{
		Key: at(".key"), StatusKey: at("-status.key"), RootKey: at("-root.key"),
		Bundle: at(".trust"), KeyID: made.id, Fingerprint: read.Fingerprint(),
	}
	files := []newFile{
		{data.Key, 0o600, made.key}, {data.StatusKey, 0o600, made.status},
		{data.RootKey, 0o600, []byte(made.root + "\n")}, {data.Bundle, 0o644, made.bundle},
	}
	if o.dryRun { // other keys would be made: what these are must not be told
		data.Fingerprint = ""
		return answer{data: data, view: keygenView(data), message: "nothing was written: this was a dry run"}, o.allNew(files)
	}
	if err := o.createAll(files); err != nil {
		return answer{}, err
	}
	return answer{data: data, view: keygenView(data)}, nil
}

func keygenView(data keygenData) output.View {
	return facts(
		[2]string{"license key", data.Key + " (signs statements; keep it secret)"},
		[2]string{"status key", data.StatusKey + " (signs lists of what was revoked; keep it secret)"},
		[2]string{"root key", data.RootKey + " (signs trust bundles; keep it in a safe)"},
		[2]string{"trust bundle", data.Bundle + " (for customers)"},
		[2]string{"fingerprint", data.Fingerprint},
	)
}

// vendorFiles are what a vendor begins with: private keys, and the bundle that
// names their public halves.
type vendorFiles struct {
	key, status []byte // PEM
	root        string
	bundle      []byte
	id          string // of the license key
}

func (o *keygenOptions) generate() (vendorFiles, error) {
	now := o.Now().UTC()
	made := vendorFiles{id: fmt.Sprintf("%s-%d", o.name, now.Year())}
	speaker := license.Issuer{Name: o.issuer}
	var err error
	if speaker.GUIDs, err = visualsNamed(o.guids); err != nil {
		return made, err
	}
	for _, k := range []struct {
		id  string
		use license.Use
		pem *[]byte
	}{{made.id, license.UseLicense, &made.key}, {made.id + "-status", license.UseStatus, &made.status}} {
		record, text, err := newVendorKey(k.id, license.Algorithm(o.algorithm), k.use, now)
		if err != nil {
			return made, err
		}
		speaker.Keys, *k.pem = append(speaker.Keys, record), text
	}
	root, public, err := issuer.GenerateRoot(o.name + "-root")
	if err != nil {
		return made, err
	}
	made.root = root
	made.bundle, err = issuer.NewBundle(issuer.Draft{
		Version: 1, Expires: now.AddDate(o.years, 0, 0), Threshold: 1,
		Roots: []string{public}, Issuers: []license.Issuer{speaker},
	}, root)
	return made, err
}

// newVendorKey makes a key that signs from today on: its record for the trust
// bundle, and the private half in PEM.
func newVendorKey(id string, alg license.Algorithm, use license.Use, now time.Time) (license.Key, []byte, error) {
	key, err := issuer.GenerateKey(id, alg)
	if err != nil {
		return license.Key{}, nil, fault.Usage("choose Ed25519 or ES256", "%w", err)
	}
	record, err := key.Record(now.Truncate(24 * time.Hour))
	if err != nil {
		return license.Key{}, nil, err
	}
	text, err := key.PEM()
	return record.For(use), text, err
}

// visualsNamed reads the visuals that flags name.
func visualsNamed(texts []string) ([]visual.GUID, error) {
	var all []visual.GUID
	for _, text := range texts {
		g, err := visual.ParseName(text)
		if err != nil {
			return nil, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
		}
		all = append(all, g)
	}
	return all, nil
}

// A newFile is one that must not exist yet.
type newFile struct {
	name string
	perm fs.FileMode
	text []byte
}

// allNew refuses where one of the files exists already.
func (g *globals) allNew(files []newFile) error {
	for _, f := range files {
		_, err := g.Disk.Stat(f.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return unwritable(f.name, err)
		}
		return fault.New("file.exists", "choose another name or folder, or move it away", "%s exists already; nothing was written", f.name)
	}
	return nil
}

// createAll writes files, none of which may exist yet, in folders that need not.
func (g *globals) createAll(files []newFile) error {
	if err := g.allNew(files); err != nil {
		return err
	}
	for _, f := range files {
		if err := g.Disk.MkdirAll(filepath.Dir(f.name), 0o755); err != nil {
			return unwritable(f.name, err)
		}
		if err := g.Write(f.name, f.perm, f.text); err != nil {
			return unwritable(f.name, err)
		}
	}
	return nil
}

// unwritable says which file cannot be written, and why.
func unwritable(file string, err error) error {
	return files.Unwritable(file, err)
}
