package vendor

import (
	"fmt"
	"path/filepath"
	"regexp"
	"time"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
)

// A KeysRequest asks for the keys with which a vendor begins.
type KeysRequest struct {
	Name      string   // of keys and files
	Issuer    string   // the URL that names the vendor in statements
	Visuals   []string // of the vendor, by their GUIDs
	Algorithm string
	Years     int    // for how many the bundle holds
	Folder    string // to write to
	DryRun    bool
}

// Keys are the files that were written.
type Keys struct {
	Key         string `json:"key"`
	StatusKey   string `json:"status_key"`
	RootKey     string `json:"root_key"`
	Bundle      string `json:"bundle"`
	KeyID       string `json:"key_id"`
	Fingerprint string `json:"fingerprint"` // empty in a dry run: other keys would be made
}

var keyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,39}$`)

func (r KeysRequest) check() error {
	switch {
	case !keyName.MatchString(r.Name):
		return fault.Usage("give --name, such as aurora", "a key's name has letters, digits and -, and at most 40 of them, not %q", r.Name)
	case r.Issuer == "" || len(r.Visuals) == 0:
		return fault.Usage("give --issuer and at least one --guid", "a trust bundle names its issuer and the visuals it speaks for")
	}
	return checkYears(r.Years)
}

func checkYears(years int) error {
	if years < 1 || years > 20 {
		return fault.Usage("choose 1 to 20", "--years: %d is out of range", years)
	}
	return nil
}

// GenerateKeys makes the keys of a vendor and the trust bundle for customers. It
// writes over no file. A dry run whose files exist already tells both.
func (p Ports) GenerateKeys(r KeysRequest) (Keys, error) {
	if err := r.check(); err != nil {
		return Keys{}, err
	}
	made, err := r.generate(p.Now().UTC())
	if err != nil {
		return Keys{}, err
	}
	read, err := license.ParseBundle(made.bundle)
	if err != nil {
		return Keys{}, err
	}
	at := func(end string) string { return filepath.Join(r.Folder, r.Name+end) }
	keys := Keys{
		Key: at(".key"), StatusKey: at("-status.key"), RootKey: at("-root.key"),
		Bundle: at(".trust"), KeyID: made.id, Fingerprint: read.Fingerprint(),
	}
	written := []files.File{
		{Name: keys.Key, Perm: 0o600, Text: made.key}, {Name: keys.StatusKey, Perm: 0o600, Text: made.status},
		{Name: keys.RootKey, Perm: 0o600, Text: []byte(made.root + "\n")}, {Name: keys.Bundle, Perm: 0o644, Text: made.bundle},
	}
	if r.DryRun { // what these keys are must not be told
		keys.Fingerprint = ""
		return keys, files.CheckNew(p.Disk, written...)
	}
	if err := files.Create(p.Disk, written...); err != nil {
		return Keys{}, err
	}
	return keys, nil
}

// firstKeys are what a vendor begins with: private keys, and the bundle that names
// their public halves.
type firstKeys struct {
	key, status []byte // PEM
	root        string
	bundle      []byte
	id          string // of the license key
}

func (r KeysRequest) generate(now time.Time) (firstKeys, error) {
	made := firstKeys{id: fmt.Sprintf("%s-%d", r.Name, now.Year())}
	speaker := license.Issuer{Name: r.Issuer}
	var err error
	if speaker.GUIDs, err = parseVisuals(r.Visuals); err != nil {
		return made, err
	}
	for _, k := range []struct {
		id  string
		use license.Use
		pem *[]byte
	}{{made.id, license.UseLicense, &made.key}, {made.id + "-status", license.UseStatus, &made.status}} {
		record, text, err := newKey(k.id, license.Algorithm(r.Algorithm), k.use, now)
		if err != nil {
			return made, err
		}
		speaker.Keys, *k.pem = append(speaker.Keys, record), text
	}
	root, public, err := issuer.GenerateRoot(r.Name + "-root")
	if err != nil {
		return made, err
	}
	made.root = root
	made.bundle, err = issuer.NewBundle(issuer.Draft{
		Version: 1, Expires: now.AddDate(r.Years, 0, 0), Threshold: 1,
		Roots: []string{public}, Issuers: []license.Issuer{speaker},
	}, root)
	return made, err
}
