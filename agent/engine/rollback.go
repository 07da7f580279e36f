package engine

import (
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// accessOffText says what nobody sees any more once a visual's access is off.
func (e *Engine) accessOffText(step plan.Step) string {
	text := fmt.Sprintf("reports that use %s show nothing in its place until its access is on again; nothing is deleted", Title(step.Name, step.Key))
	use := e.facts.Use(step.Key.GUID)
	viewers, seen := e.facts.Number(use.Viewers).Get()
	designers, made := e.facts.Number(use.Designers).Get()
	switch {
	case seen && made:
		return fmt.Sprintf("%s (known: %s who look at such reports, %s who make them)", text, Count(int(viewers), "person"), Count(int(designers), "person"))
	case seen:
		return fmt.Sprintf("%s (known: %s who look at such reports)", text, Count(int(viewers), "person"))
	}
	return text + " (how many people that concerns is not known)"
}

// previousRelease is what was installed before the last change of code; where there was
// none but a renewal it refuses: going back would only shorten the license. Nil
// where the installed package is the first there was. What was there before a
// baseline nobody knows, so that refuses, too. What a rollback left and blocked is passed over, so that
// a second rollback goes further back; where no older code is left it refuses,
// since the same command, sent twice by mistake, must not cost a renewal or
// darken reports.
func (e *Engine) previousRelease(key store.Key, now visual.Release) (*visual.Release, error) {
	book := e.Journal.Book()
	content := e.codeOf(now.Digest)
	var renewed *visual.Release
	passed := map[pbiviz.Content]bool{}
	var after change.Kind // what followed
	for _, r := range slices.Backward(book.Stood(key)) {
		was, followed := r.After.Release, after
		after = r.Kind
		if was == nil || was.Digest == now.Digest {
			continue
		}
		code := e.codeOf(was.Digest)
		switch {
		// What was left and then upgraded from had been accepted again.
		case passed[code], followed != change.Upgrade && wasLeft(book, key, *was):
			passed[code] = true
		case was.Version.Compare(now.Version) > 0: // going back is never going up, unless somebody says so
			passed[code] = true
		case code != content:
			return was, nil
		case renewed == nil:
			renewed = was
		}
	}
	if len(passed) > 0 {
		return nil, fault.New("rollback.oldest",
			"say where to with --to and a revision of orgstore history (0 turns access off); what is blocked comes back with orgstore unblock "+key.GUID.String(),
			"cannot roll back %s: %s is what earlier rollbacks went back to, and nothing older was installed", key.GUID, now.Version)
	}
	if renewed != nil {
		return nil, fault.New("rollback.renewal",
			"to go back to a package with the license of before, name it with --to and a revision of orgstore history; 0 turns access off",
			"cannot roll back %s: only its license changed since %s was installed, not its code", key.GUID, now.Version)
	}
	if startsWithBaseline(book, key) {
		return nil, fault.New("rollback.baseline", "`--to 0` turns it off", "cannot roll back %s: nothing is known from before the baseline", key.GUID)
	}
	return nil, nil
}

// startsWithBaseline says whether what is known of a visual starts with what a
// person said was installed.
func startsWithBaseline(book journal.Book, key store.Key) bool {
	stood := book.Stood(key)
	return len(stood) > 0 && stood[0].Status == journal.StatusBaseline && stood[0].After.Presence == store.Present
}

// wasLeft says whether a rollback left a release. Another pin has lifted the block
// since, perhaps, and still nobody goes back to it without saying so.
func wasLeft(book journal.Book, key store.Key, r visual.Release) bool {
	return slices.ContainsFunc(book.Blocks(), func(b plan.Block) bool {
		return b.Key == key && b.Covers(r, contentOf(book, r.Digest))
	})
}

// pinOf is a visual's pin as it is written; empty if it has none.
func (e *Engine) pinOf(key store.Key) string {
	v, _ := e.Settings.Visual(key.GUID)
	return v.Pin.String()
}

func contentOf(book journal.Book, d visual.Digest) pbiviz.Content {
	p, _ := book.Package(d)
	return p.Content
}

// codeOf names the code of a package: by the content of the first package that
// came with it. What differs in the vendor's own license only is the same code.
func (e *Engine) codeOf(d visual.Digest) pbiviz.Content {
	book, o := e.Journal.Book(), e.Observer()
	known, ok := book.Package(d)
	if !ok {
		return ""
	}
	identity := o.CodeIdentity(book, known)
	for _, p := range book.Packages() {
		if p.Manifest.GUID == known.Manifest.GUID && p.Manifest.Version.Equal(known.Manifest.Version) && o.CodeIdentity(book, p).IsSame(identity) {
			return p.Content
		}
	}
	return known.Content
}

// BlockFor says what a rollback leaves behind.
func (e *Engine) BlockFor(step plan.Step) *plan.Block {
	w := plan.WayBack{Key: step.Key, From: step.From, To: step.To, Pin: e.pinOf(step.Key), Reason: step.Reason.Message}
	if from, to := step.From.Release, step.To.Release; from != nil {
		w.Content = contentOf(e.Journal.Book(), from.Digest)
		w.KeepsCode = to != nil && e.codeOf(to.Digest) == e.codeOf(from.Digest)
	}
	return w.Block()
}
