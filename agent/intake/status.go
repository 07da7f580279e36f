package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// takeStatus takes a vendor's status list in. It is kept whether or not it is
// believed today: its vendor's trust bundle may still come.
func (im Importer) takeStatus(ctx context.Context, tx journal.TxID, name string, file []byte) (Result, error) {
	claimed, err := license.PeekStatus(file)
	if err != nil {
		return im.recordIfRefused(ctx, tx, name, visual.DigestOf(file), err)
	}
	list, err := im.Archive.KeepStatement(bytes.TrimSuffix(file, []byte("\n")))
	if err != nil {
		return Result{}, err
	}
	t := Result{Source: name, Status: list}
	err = im.Journal.AppendFor(ctx, tx, func(b journal.Book) []journal.Fact {
		if t.New = !b.HasStatusList(list); !t.New {
			return nil
		}
		return []journal.Fact{journal.StatusReceived{List: list, Issuer: claimed.Issuer(), Sequence: claimed.Sequence(), Source: filepath.Base(name)}}
	})
	if err != nil {
		return t, err
	}
	if err := im.verifyStatus(ctx, tx, list); err != nil {
		return t, err
	}
	if r, refused := im.Journal.Book().StatusRefusal(list); refused {
		t.Refused = &verdict.Refusal{Findings: r.Findings}
		t.Waits = t.Refused.Code() == license.CodeUnknownKey
	}
	return t, nil
}

// Restatus tries again to verify the status lists that were not believed under
// the trust of then. One that cannot be read is in the error, and keeps no other
// from being tried.
func (im Importer) Restatus(ctx context.Context, tx journal.TxID) error {
	var missed []error
	for _, l := range im.Journal.Book().StatusLists() {
		if err := ctx.Err(); err != nil {
			return err
		}
		missed = append(missed, im.verifyStatus(ctx, tx, l.List))
	}
	return errors.Join(missed...)
}

// verifyStatus verifies a status list of the archive, unless that was tried
// under today's trust, and records the outcome.
func (im Importer) verifyStatus(ctx context.Context, tx journal.TxID, list visual.Digest) error {
	if im.isStatusVerified(im.Journal.Book(), list) {
		return im.recordRevoked(ctx, tx, list)
	}
	file, err := im.Archive.Statement(list)
	if err != nil {
		return err
	}
	s, unbelieved := im.Trust.ReadStatus(file)
	if r := (*verdict.Refusal)(nil); unbelieved != nil && !errors.As(unbelieved, &r) {
		return unbelieved
	}
	return im.Journal.AppendFor(ctx, tx, func(b journal.Book) []journal.Fact {
		if im.isStatusVerified(b, list) {
			return nil // another process was faster
		}
		return im.statusFacts(b, list, s, unbelieved)
	})
}

// recordRevoked records what a status list revoked that was verified by a program which
// did not. Where the list is lost or its key is not trusted any more, there is nothing to
// record: evaluating a license says that it is missing.
func (im Importer) recordRevoked(ctx context.Context, tx journal.TxID, list visual.Digest) error {
	if !im.Journal.Book().LacksRevoked(list) {
		return nil
	}
	file, err := im.Archive.Statement(list)
	if err != nil {
		return nil
	}
	s, err := im.Trust.ReadStatus(file)
	if err != nil {
		return nil
	}
	return im.Journal.AppendFor(ctx, tx, func(b journal.Book) []journal.Fact {
		if !b.LacksRevoked(list) {
			return nil // another process was faster
		}
		return []journal.Fact{revokedBy(list, s)}
	})
}

func revokedBy(list visual.Digest, s license.StatusList) journal.Revoked {
	return journal.Revoked{List: list, Mark: s.MarkKey(), Statements: s.Statements(), Subscriptions: s.Subscriptions()}
}

// isStatusVerified says whether a status list was tried under today's trust.
func (im Importer) isStatusVerified(book journal.Book, list visual.Digest) bool {
	if r, refused := book.StatusRefusal(list); refused {
		return r.Trust == im.Trust.Fingerprint()
	}
	return book.StatusSettled(list)
}

// inTurn refuses a list older than one that is known, and a second one of the
// same number: it would give back what was revoked.
func inTurn(book journal.Book, s license.StatusList) error {
	now, known := book.Status(s.MarkKey())
	if !known || s.Sequence() > now.Sequence || s.Sequence() == now.Sequence && s.Digest() == now.Claims {
		return nil
	}
	what := fmt.Sprintf("and number %d of %s is known already", now.Sequence, now.Issued.UTC().Format("2006-01-02"))
	if s.Sequence() == now.Sequence {
		what = "and another list of that number is known already"
	}
	return verdict.Refuse(license.CodeStatus, fmt.Sprintf("the status list of %s is number %d, %s", s.Issuer(), s.Sequence(), what),
		"keep the newer one, or ask the vendor which is right")
}

// statusFacts records a list that is believed, or why it is not. Its time of issue is a
// trusted time, as that of a statement is.
func (im Importer) statusFacts(book journal.Book, list visual.Digest, s license.StatusList, unbelieved error) []journal.Fact {
	if unbelieved == nil {
		unbelieved = inTurn(book, s)
	}
	if r := (*verdict.Refusal)(nil); errors.As(unbelieved, &r) {
		return []journal.Fact{journal.StatusRefused{List: list, Findings: r.Findings, Trust: im.Trust.Fingerprint()}}
	}
	facts := []journal.Fact{journal.StatusVerified{
		List: list, Issuer: s.Issuer(), KeyID: s.KeyID(), Mark: s.MarkKey(), Sequence: s.Sequence(),
		Issued: s.Issued(), Next: s.Next(), Claims: s.Digest(),
	}, revokedBy(list, s)}
	if at := s.Issued(); at.After(book.TimeMark().Trusted) && !at.After(im.Now()) {
		facts = append(facts, journal.TimeMarked{Trusted: at, Source: fmt.Sprintf("status list %d of %s", s.Sequence(), s.Issuer())})
	}
	return facts
}
