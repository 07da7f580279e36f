package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/license"
)

// An Attester is a person who may attest licenses, by one key.
type Attester struct {
	Name        string `json:"name"`
	KeyID       string `json:"key_id"`
	Key         string `json:"key"`
	Fingerprint string `json:"fingerprint"`
	Account     string `json:"account"`
}

func attesterOf(a config.Attester) Attester {
	return Attester{a.Name, a.Key.ID, a.Key.Text(), a.Key.Fingerprint(), a.Account}
}

// An AttestersRequest asks who may attest licenses.
type AttestersRequest struct{}

// An AddAttesterRequest asks that a person may attest licenses.
type AddAttesterRequest struct {
	Name string `json:"name"`
	// Key is the public half of the person's key: NAME:ALGORITHM:KEY.
	Key string `json:"key"`
	// Account is the person's where orgstore runs; empty if nobody said.
	Account string  `json:"account,omitempty"`
	DryRun  bool    `json:"dry_run,omitempty"`
	Consent Consent `json:"consent,omitzero"`
}

// An AttestersResult lists people who may attest licenses.
type AttestersResult struct {
	Attesters []Attester `json:"attesters"`
	Message   string     `json:"message"` // one sentence for people
	// Question is asked first: nothing was changed.
	Question *Question `json:"question,omitempty"`
}

// ListAttesters lists the people who may attest licenses, by their keys.
func (p Ports) ListAttesters(_ context.Context, s config.Settings, _ AttestersRequest) (AttestersResult, error) {
	out := AttestersResult{Attesters: []Attester{}}
	for _, a := range s.Trust.Attesters {
		out.Attesters = append(out.Attesters, attesterOf(a))
	}
	if len(out.Attesters) == 0 {
		out.Message = "nobody may attest yet: make a key with `orgstore trust keygen` on the person's own machine"
	}
	return out, nil
}

// AddAttester writes into the settings file that a person may attest licenses.
func (p Ports) AddAttester(_ context.Context, s config.Settings, r AddAttesterRequest) (AttestersResult, error) {
	key, err := license.ParseKey(r.Key, license.UseAttestation)
	if err != nil {
		return AttestersResult{}, fault.Usage("give the public key as `orgstore trust keygen` prints it, NAME:ALGORITHM:KEY", "%w", err)
	}
	a := config.Attester{Name: strings.TrimSpace(r.Name), Key: key, Account: strings.TrimSpace(r.Account)}
	after := s
	after.Trust.Attesters = append(slices.Clone(s.Trust.Attesters), a)
	if _, err := p.readTrust(after, journal.Book{}); err != nil {
		return AttestersResult{}, err
	}
	edit := func(text []byte) ([]byte, error) { return config.AddAttester(text, a) }
	if err := p.checkEdit(s, edit); err != nil {
		return AttestersResult{}, err
	}
	out := AttestersResult{Attesters: []Attester{attesterOf(a)}, Message: a.Name + " may attest licenses with the key " + a.Key.ID}
	if r.DryRun {
		out.Message = "nothing was done: this was a dry run"
		return out, nil
	}
	out.Question, err = askAbout(r.Consent, fmt.Sprintf("let %s attest licenses with the key\n  %s\nwhose fingerprint is\n  %s\n(compare it with that person)",
		safetext.Line(a.Name), a.Key.Text(), a.Key.Fingerprint()), out.Attesters)
	if err != nil || out.Question != nil {
		return out, err
	}
	return out, p.editSettings(s, edit)
}
