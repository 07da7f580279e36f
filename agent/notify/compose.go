package notify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/drift"
	"github.com/orgstore/orgstore/policies/plan"
	"github.com/orgstore/orgstore/policies/runway"
)

// thresholds are the days before an end on which it is told of, the last first.
var thresholds = [...]int{1, 3, 7, 14, 30}

// ahead is how long before the last chance it is told of.
const ahead = 48 * time.Hour

// threshold is the nearest of the days that has come; false where none has.
func threshold(daysLeft int) (int, bool) {
	for _, n := range thresholds {
		if daysLeft < n || daysLeft == n {
			return n, true
		}
	}
	return 0, false
}

func dateText(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// Licenses are the notices of licenses that end.
func Licenses(all []runway.Runway, now time.Time) []Notice {
	var notices []Notice
	for _, r := range all {
		notices = append(notices, licenseNotices(r)...)
		if n, due := lastChance(r, now); due {
			notices = append(notices, n)
		}
	}
	return notices
}

func licenseNotices(r runway.Runway) []Notice {
	n := Notice{GUID: r.Key.GUID.String(), Name: r.Name, Store: r.Key.Store, Text: asSentence(r.Message), Hint: r.Hint}
	if len(r.Findings) > 0 {
		n.Code = r.Findings[0].Code
	}
	about := strings.Join([]string{r.Key.Store, n.GUID, dateText(r.Ends)}, "/")
	if r.State == runway.Ended {
		n.Event, n.Level, n.Key = LicenseEnded, Alarm, string(LicenseEnded)+"/"+about
		n.Title = fmt.Sprintf("%s: its license ended on %s", visualTitle(r.Key, r.Name), dateText(r.Ends))
		return []Notice{n}
	}
	days, due := threshold(r.DaysLeft)
	// A renewal that time alone holds back is no news until the end is near, or at all
	// before it begins; and one that waits for people was told to them.
	quiet := r.State != runway.Late && (r.Renewal == runway.Here && (days > 3 || !r.Begins.IsZero()) || r.Renewal == runway.Waiting && days > 14)
	if !due || quiet {
		return nil
	}
	n.Event, n.Level, n.Key = LicenseEnding, Info, fmt.Sprintf("%s/%s/%dd", LicenseEnding, about, days)
	switch {
	case days <= 3 || r.State == runway.Late:
		n.Level = Alarm
	case days <= 14:
		n.Level = Warning
	}
	n.Title = fmt.Sprintf("%s: its license ends in %s, on %s", visualTitle(r.Key, r.Name), countText(r.DaysLeft, "day"), dateText(r.Ends))
	return []Notice{n}
}

// lastChance tells that the last time that policy allows is about to pass, or has.
func lastChance(r runway.Runway, now time.Time) (Notice, bool) {
	helpless := r.Renewal == runway.Missing || r.Renewal == runway.Refused
	from := r.By
	if r.Last.Name != "" && r.Last.From.Before(from) {
		from = r.Last.From
	}
	if r.State == runway.Ended || !helpless || r.DaysLeft > 45 || !r.By.IsZero() && now.Before(from.Add(-ahead)) {
		return Notice{}, false
	}
	n := Notice{
		Event: LastWindow, Level: Alarm, GUID: r.Key.GUID.String(), Name: r.Name, Store: r.Key.Store, Code: runway.CodeMissing,
		Title: fmt.Sprintf("%s: the last chance to renew its license is about to pass", visualTitle(r.Key, r.Name)),
		Text:  asSentence(r.Message), Hint: r.Hint,
	}
	passed := ""
	if r.By.IsZero() {
		n.Title, passed = fmt.Sprintf("%s: the last chance to renew its license has passed", visualTitle(r.Key, r.Name)), "/passed"
	}
	n.Key = strings.Join([]string{string(LastWindow), r.Key.Store, n.GUID, dateText(r.Ends)}, "/") + passed
	return n, true
}

// Instructions say what a task asks a person to do; empty where nobody can tell.
type Instructions func(store.Key, store.StepID) string

// Tasks are the notices of changes that wait for a person: what they ask for,
// and what was said of them since.
func Tasks(book journal.Book, instructions Instructions) []Notice {
	var notices []Notice
	for _, k := range book.Keys() {
		open := book.Open(k)
		if open == nil || !open.Waiting {
			continue
		}
		revisions := book.Revisions(k)
		r := revisions[len(revisions)-1]
		text := instructions(k, open.Step.ID)
		n := revisionNotice(r, TaskOpened, Warning)
		n.Title = fmt.Sprintf("%s: %s for you to make", revisionTitle(r), changeText(r))
		n.Text, n.Hint = cmp.Or(text, r.Receipt.Note), "then confirm: orgstore store confirm "+n.GUID+inStore(k)
		notices = append(notices, n)
		for _, event := range book.Reminded(k) {
			n.Event, n.Level = Event(event), Warning
			n.Title = fmt.Sprintf("%s: %s still waits since %s", revisionTitle(r), changeText(r), dateText(open.Since))
			if n.Event == TaskEscalated {
				n.Level = Alarm
			}
			n.Key = revisionKey(n.Event, r)
			notices = append(notices, n)
		}
	}
	return notices
}

// Changes are the notices of changes that ended, and of those of which nobody can
// tell whether they did.
func Changes(book journal.Book) []Notice {
	notices := unclearChanges(book)
	for _, r := range book.History() {
		if r.Step == "" || r.Closed.IsZero() {
			continue
		}
		var n Notice
		switch r.Status {
		case journal.StatusDone:
			n = revisionNotice(r, ChangeDone, Info)
			n.Title = fmt.Sprintf("%s: %s is done (%s)", revisionTitle(r), changeText(r), r.Claim)
		case journal.StatusFailed, journal.StatusUndone:
			n = revisionNotice(r, ChangeFailed, Alarm)
			n.Title, n.Hint = fmt.Sprintf("%s: %s failed", revisionTitle(r), changeText(r)), "see what happened: orgstore history "+n.GUID
		case journal.StatusWithdrawn:
			n = revisionNotice(r, TaskWithdrawn, Warning)
			n.Title = fmt.Sprintf("%s: %s is not to be made any more", revisionTitle(r), changeText(r))
		default:
			continue
		}
		n.At = r.Closed
		n.Text = strings.Join(slices.DeleteFunc([]string{withFullStop(r.Message), withFullStop(r.Reason), licensedUntil(r)}, func(s string) bool { return s == "" }), "\n")
		notices = append(notices, n)
	}
	return notices
}

// unclearChanges tells of changes that a person must look at. Once somebody has, they
// count as failed, and were told of.
func unclearChanges(book journal.Book) []Notice {
	var notices []Notice
	for _, open := range book.Unclear() {
		revisions := book.Revisions(open.Step.Key)
		r := revisions[len(revisions)-1]
		n := revisionNotice(r, ChangeFailed, Alarm)
		n.Title = fmt.Sprintf("%s: nobody can tell what came of %s", revisionTitle(r), changeText(r))
		n.Text, n.Hint = withFullStop(open.Unclear), open.Look()
		notices = append(notices, n)
	}
	return notices
}

func licensedUntil(r journal.Revision) string {
	if r.After.License.Ends.IsZero() {
		return ""
	}
	return "It is licensed until " + dateText(r.After.License.Ends) + "."
}

func revisionNotice(r journal.Revision, e Event, l Level) Notice {
	return Notice{Event: e, Level: l, GUID: r.Key.GUID.String(), Name: r.Name, Store: r.Key.Store, Key: revisionKey(e, r)}
}

// revisionKey names one try at a change: one step may be made again later.
func revisionKey(e Event, r journal.Revision) string {
	return strings.Join([]string{string(e), r.Key.Store, r.Key.GUID.String(), strconv.Itoa(r.Revision)}, "/")
}

func revisionTitle(r journal.Revision) string { return visualTitle(r.Key, r.Name) }

// onlyStore is what the store is called where there is one, as config.OnlyStore has
// it; that imports this package.
const onlyStore = "store"

// inStore is the flag of a command that is about one of several stores.
func inStore(k store.Key) string {
	if k.Store == onlyStore {
		return ""
	}
	return " --store " + k.Store
}

// visualTitle names a visual, and the store where that is not the only one's name.
func visualTitle(k store.Key, name string) string {
	name = cmp.Or(name, k.GUID.String())
	if k.Store != "" && k.Store != onlyStore {
		name += " in " + k.Store
	}
	return name
}

// changeText names a change in few words.
func changeText(r journal.Revision) string {
	if !r.Kind.Puts() || r.After.Release == nil {
		return string(r.Kind)
	}
	from, to := r.Before.Release, r.After.Release
	if from == nil || from.Version.Equal(to.Version) {
		return fmt.Sprintf("%s %s", r.Kind, to.Version)
	}
	return fmt.Sprintf("%s from %s to %s", r.Kind, from.Version, to.Version)
}

// Drift are the notices of what somebody else changed.
func Drift(report drift.Report) []Notice {
	var notices []Notice
	for _, f := range report.Findings {
		if !f.Counts {
			continue
		}
		name := cmp.Or(f.Name, f.Key.GUID.String(), "the store")
		if !f.Key.GUID.IsZero() {
			name = visualTitle(f.Key, f.Name)
		}
		notices = append(notices, Notice{
			Event: DriftFound, Level: Warning, GUID: f.Key.GUID.String(), Name: f.Name, Store: f.Key.Store, Code: f.Code,
			Key: strings.Join([]string{string(DriftFound), f.Key.Store, f.Key.GUID.String(), string(f.Class),
				shortDigest(releaseText(f.Believed.Release), releaseText(f.Found.Release), string(f.Found.Presence), f.Event)}, "/"),
			Title: fmt.Sprintf("%s: it is not as it was left (%s)", name, f.Class), Text: withFullStop(f.Message), Hint: f.Hint,
		})
	}
	return notices
}

func releaseText(r *visual.Release) string {
	if r == nil {
		return ""
	}
	return r.String()
}

// A Held is a change that nothing but a person can let pass.
type Held struct {
	Step plan.Step
	Gate plan.Gate
}

// Gates are the notices of changes that wait until a person decides.
func Gates(all []Held) []Notice {
	var notices []Notice
	for _, h := range all {
		g := h.Step.Key.GUID.String()
		notices = append(notices, Notice{
			Event: GateWaiting, Level: Warning, GUID: g, Name: h.Step.Name, Store: h.Step.Key.Store, Code: h.Gate.Code(),
			Key:   strings.Join([]string{string(GateWaiting), h.Step.Key.Store, g, string(h.Step.ID), h.Gate.Kind}, "/"),
			Title: fmt.Sprintf("%s: %s waits for a person (%s)", visualTitle(h.Step.Key, h.Step.Name), h.Step.Kind, h.Gate.Kind),
			Text:  withFullStop(h.Gate.Message) + "\n" + withFullStop(h.Step.Reason.Message), Hint: h.Gate.Hint,
		})
	}
	return notices
}

// An Expiry is an end that is known: of a certificate, a client secret, a trust
// bundle.
type Expiry struct {
	Event Event  // SignInEnding or TrustEnding
	What  string // as in "the certificate that signs in"
	Ends  time.Time
	Hint  string
}

// Expiries are the notices of ends that come near.
func Expiries(all []Expiry, now time.Time) []Notice {
	var notices []Notice
	for _, e := range all {
		left := int(e.Ends.Sub(now) / (24 * time.Hour))
		days, due := threshold(left)
		if !due {
			continue
		}
		n := Notice{Event: e.Event, Level: Warning, Hint: e.Hint, Title: fmt.Sprintf("%s ends in %s, on %s", e.What, countText(left, "day"), dateText(e.Ends))}
		when := strconv.Itoa(days) + "d"
		switch {
		case !now.Before(e.Ends):
			n.Level, n.Title, when = Alarm, fmt.Sprintf("%s ended on %s", e.What, dateText(e.Ends)), "ended"
		case days <= 3:
			n.Level = Alarm
		}
		n.Key = strings.Join([]string{string(e.Event), shortDigest(e.What), dateText(e.Ends), when}, "/")
		notices = append(notices, n)
	}
	return notices
}

// UnreachableStore is the notice of a store, by its name, that cannot be read.
func UnreachableStore(name string, u plan.Unread) Notice {
	r := u.Reason(name)
	return Notice{
		Event: StoreUnreachable, Level: Alarm, Code: r.Code, Store: name,
		Key:   strings.Join([]string{string(StoreUnreachable), name, u.Since.UTC().Format(time.RFC3339)}, "/"),
		Title: plan.StoreText(name) + " cannot be read", Text: withFullStop(r.Message), Hint: r.Hint,
	}
}

// Unsigned is the notice that nobody could sign in: once a day, for it may stay so.
func Unsigned(message, hint string, code verdict.Code, now time.Time) Notice {
	return Notice{
		Event: SignInFailed, Level: Alarm, Code: code, Key: string(SignInFailed) + "/" + dateText(now),
		Title: "signing in to the tenant failed", Text: withFullStop(message), Hint: hint,
	}
}

// Trial is the notice that somebody asked for to see whether a channel works.
func Trial(tx journal.TxID) Notice {
	return Notice{
		Event: Test, Level: Info, Key: string(Test) + "/" + string(tx),
		Title: "a test of this channel", Text: "Somebody asked for this to see whether notices arrive. Nothing is to be done.",
	}
}

// shortDigest stands for words in a key: it is short, and says nothing of them.
func shortDigest(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\n")))
	return hex.EncodeToString(sum[:6])
}

// asSentence turns a message of ours into one.
func asSentence(s string) string {
	if s == "" {
		return ""
	}
	return withFullStop(strings.ToUpper(s[:1]) + s[1:])
}

// withFullStop ends a message that may begin with a name.
func withFullStop(s string) string {
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

func countText(n int, what string) string {
	switch n {
	case 0:
		return "less than a " + what
	case 1:
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
