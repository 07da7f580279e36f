package vendor

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/agent/statements"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
)

// A RevokeRequest asks for the next status list.
type RevokeRequest struct {
	Key, Bundle               string   // files: the status key, and the trust bundle that names it
	Statements, Subscriptions []string // to revoke, by their IDs
	Previous                  string   // the last list's file: what it revoked stays revoked
	Sequence                  int64    // zero for 1, or one more than the last list's
	Next                      string   // the day by which the next list comes
	Folder                    string   // to write to
	DryRun                    bool
}

// A StatusList is one that was written.
type StatusList struct {
	File          string   `json:"file"`
	Issuer        string   `json:"issuer"`
	KeyID         string   `json:"key_id"`
	Sequence      int64    `json:"sequence"`
	Issued        string   `json:"issued"`
	Next          string   `json:"next"`
	Statements    []string `json:"statements"`
	Subscriptions []string `json:"subscriptions"`
}

func (r RevokeRequest) check() error {
	switch {
	case r.Key == "" || r.Bundle == "":
		return fault.Usage("make them with `orgstore vendor keygen`", "signing needs --key and --bundle")
	case r.Next == "":
		return fault.Usage("give --next, such as a day in three months", "a list says by which day the next one comes")
	case r.Sequence < 0:
		return fault.Usage("1 for the first list, one more for each next", "--seq: %d is below 1", r.Sequence)
	}
	return nil
}

// Revoke signs the list of what was revoked before its end. It writes over no file;
// where it must not write, it tells both what and why not.
func (p Ports) Revoke(r RevokeRequest) (StatusList, error) {
	if err := r.check(); err != nil {
		return StatusList{}, err
	}
	bundle, err := p.readBundle(r.Bundle)
	if err != nil {
		return StatusList{}, err
	}
	speaker, key, err := p.readKey(bundle, r.Bundle, r.Key, license.UseStatus)
	if err != nil {
		return StatusList{}, err
	}
	revocation, err := p.revocation(r, speaker)
	if err != nil {
		return StatusList{}, err
	}
	text, err := issuer.Revoke(revocation, key)
	if err != nil {
		return StatusList{}, fault.Usage("mend the flags; see `orgstore vendor revoke --help`", "%w", err)
	}
	list := StatusList{
		File:   filepath.Join(r.Folder, fmt.Sprintf("%s-status-%d%s", bundleStem(r.Bundle, bundle.Version()), revocation.Sequence, license.StatementSuffix)),
		Issuer: revocation.Issuer, KeyID: key.ID, Sequence: revocation.Sequence,
		Issued: statements.Timestamp(revocation.Issued), Next: statements.Timestamp(revocation.Next),
		Statements: revocation.Statements, Subscriptions: revocation.Subscriptions,
	}
	file := files.File{Name: list.File, Perm: 0o644, Text: append(text, '\n')}
	if r.DryRun {
		return list, files.CheckNew(p.Disk, file)
	}
	return list, files.Create(p.Disk, file)
}

// revocation is what a request asks for, with what the list before revoked.
func (p Ports) revocation(r RevokeRequest, speaker license.Issuer) (issuer.Revocation, error) {
	out := issuer.Revocation{Issuer: speaker.Name, Sequence: r.Sequence, Issued: p.Now().UTC().Truncate(time.Second)}
	var err error
	if out.Next, err = issuer.ParseDate(r.Next); err != nil {
		return out, fault.Usage("write the day as 2027-02-20", "--next: %w", err)
	}
	if !out.Next.After(out.Issued) {
		return out, fault.Usage("give a day to come, such as one in three months", "--next: %s is over", r.Next)
	}
	last, err := p.readLastList(r, speaker)
	if err != nil {
		return out, err
	}
	out.Statements, out.Subscriptions = sortedUnique(r.Statements, last.Statements()), sortedUnique(r.Subscriptions, last.Subscriptions())
	if out.Sequence == 0 {
		out.Sequence = last.Sequence() + 1
	}
	if out.Sequence <= last.Sequence() {
		return out, fault.Usage(fmt.Sprintf("give at least %d, or leave it out", last.Sequence()+1), "--seq: %d is not above the last list's %d", out.Sequence, last.Sequence())
	}
	return out, nil
}

// readLastList reads the list before, and makes sure that it is the vendor's own.
func (p Ports) readLastList(r RevokeRequest, speaker license.Issuer) (license.StatusList, error) {
	if r.Previous == "" {
		return license.StatusList{}, nil
	}
	text, err := files.Read(p.Disk, r.Previous, license.MaxStatus)
	if err != nil {
		return license.StatusList{}, err
	}
	peek, err := license.PeekStatus(text)
	if err != nil {
		return peek, fmt.Errorf("cannot read the last list %s: %w", r.Previous, err)
	}
	for _, k := range speaker.Keys {
		if k.ID == peek.KeyID() {
			list, err := license.ReadStatus(text, speaker.Name, k)
			if err != nil {
				err = fmt.Errorf("cannot read the last list %s: %w", r.Previous, err)
			}
			return list, err
		}
	}
	return peek, fault.New("key.unlisted", "name the newest bundle, which still lists it",
		"the last list %s is signed with %q, which %s does not list", r.Previous, peek.KeyID(), r.Bundle)
}

// sortedUnique joins lists; never nil, since programs read an empty list.
func sortedUnique(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return append([]string{}, slices.Compact(all)...)
}
