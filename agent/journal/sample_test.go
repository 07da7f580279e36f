package journal_test

import (
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

var day = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)

func version(t testing.TB, s string) visual.Version {
	t.Helper()
	v, err := visual.ParseVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func digest(s string) visual.Digest { return visual.DigestOf([]byte(s)) }

func received(t testing.TB, v string) journal.Received {
	return journal.Received{
		Package: digest(v),
		Manifest: pbiviz.Manifest{
			GUID: journaltest.Key().GUID, Version: version(t, v), Name: "auroraGauge", DisplayName: "Aurora Gauge",
			Description: "a gauge", ClassName: "Gauge", AuthorName: "Aurora Visuals", AuthorEmail: "support@aurora.example",
			SupportURL: "https://aurora.example", SourceURL: "https://aurora.example/src", APIVersion: "5.11.0",
			Generation: pbiviz.New, Tier: pbiviz.Strict,
		},
		Content:      pbiviz.Content("h1:" + v),
		Reservations: []verdict.Finding{{Code: "pkg.debug", Verdict: verdict.Review, Message: "it is a debug build", Hint: "ask for a release build"}},
		Carries:      digest("embedded"),
		Size:         12345,
		Source:       "inbox/gauge-" + v + ".pbiviz",
	}
}

func terms(sequence int64) license.Terms {
	return license.Terms{
		Grade: license.Signed, Vendor: "Aurora Visuals", Issuer: "https://aurora.example", Licensee: "contoso", ID: "lic-7",
		Subscription: "sub-1", Sequence: sequence, Kind: license.User, Quantity: 50, SKUs: []string{"P1"},
		CapacityIDs: []string{"c1"}, Sites: []string{"contoso.sharepoint.com"}, Tenants: []string{"8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11"},
		Issued: day.AddDate(-1, 0, 0), Begins: day.AddDate(-1, 0, 0), Ends: day, KeyID: "k1", Trial: true,
	}
}

func readable() license.Terms {
	r := terms(3)
	r.Grade = license.Readable
	return r
}

func bound(t testing.TB, v, statement string) journal.Bound {
	r := received(t, v)
	return journal.Bound{Bound: license.Bound{
		GUID: r.Manifest.GUID, Version: r.Manifest.Version, Package: r.Package, Content: r.Content,
		Statement: digest(statement), Embedded: statement == "embedded", Key: "sha256:key", Terms: terms(3),
	}}
}

func state(t testing.TB, v string) store.State {
	if v == "" {
		return store.State{Presence: store.Absent}
	}
	yes := true
	return store.State{
		Presence: store.Present, Release: &visual.Release{Version: version(t, v), Digest: digest(v)},
		License: terms(3), Enabled: &yes,
	}
}

func seen(s store.State) store.State {
	s.Claim = store.Verified
	return s
}

func step(t testing.TB, id store.StepID, k change.Kind, from, to string) plan.Step {
	return plan.Step{
		ID: id, Key: journaltest.Key(), Name: "Aurora Gauge", Kind: k, From: state(t, from), To: state(t, to),
		Reason: plan.Reason{Code: "plan.newer", Message: "the pin allows it", Hint: "none needed"},
		Back:   plan.Back{Possible: true, Message: "it is in the archive"}, Review: "a way back needs a look", Asked: true,
	}
}

func begun(t testing.TB, id store.StepID, k change.Kind, from, to string) journal.Begun {
	return journal.Begun{Step: step(t, id, k, from, to), Attempt: 1}
}

func findings() []verdict.Finding {
	return []verdict.Finding{{Code: "lic.signature", Verdict: verdict.Reject, Message: "its signature is wrong", Hint: "ask the vendor"}}
}

// samples has one fact of every kind, each of its members set.
func samples(t testing.TB) []journal.Fact {
	key := journaltest.Key()
	undoing := begun(t, "step-2", change.Restore, "1.4.0.0", "1.3.0.0")
	undoing.Undoes = "step-1"
	undoing.Leaves = &plan.Block{
		Key: key, Version: version(t, "1.4.0.0"), Content: "h1:1.4.0.0", Digest: digest("1.4.0.0"), Pin: "~> 1.4", Reason: "totals are wrong",
	}
	return []journal.Fact{
		received(t, "1.4.0.0"),
		journal.StatementReceived{
			Statement: digest("s"), GUID: key.GUID, Contents: []pbiviz.Content{"h1:1.4.0.0"}, Source: "inbox/gauge.license",
		},
		bound(t, "1.4.0.0", "embedded"),
		journal.StatementRefused{Statement: digest("s"), Package: digest("1.4.0.0"), Findings: findings(), Trust: "sha256:trust"},
		journal.ItemRefused{Source: "inbox/readme.txt", Digest: digest("x"), Findings: findings()},
		journal.Baselined{Key: key, Name: "Aurora Gauge", State: seen(state(t, "1.3.0.0")), Evidence: "portal, 2026-03-02"},
		undoing,
		journal.Accepted{Step: "step-2", Receipt: store.Receipt{Waiting: true, Reference: "task-9", Note: "upload it"}},
		journal.Done{Step: "step-2", State: seen(state(t, "1.3.0.0")), Message: "read back"},
		journal.Failed{Step: "step-2", Code: "store.refused", Message: "the store refused it", Hint: "try again", StoreState: journal.Uncertain},
		journal.Withdrawn{Step: "step-2", Reason: "a newer plan"},
		journal.Held{Key: key, Until: day, Except: []change.Kind{change.Renew}, Failed: &visual.Release{Version: version(t, "1.4.0.0"), Digest: digest("1.4.0.0")}, Reason: "quarter's end"},
		journal.Unheld{Key: key, Reason: "done early"},
		journal.Blocked{Block: plan.Block{Key: key, Version: version(t, "1.4.0.0"), Content: "h1:x", Digest: digest("x"), Pin: "~> 1.4", Reason: "tooltips are gone", Cause: plan.CodeCheckFailed}},
		journal.Unblocked{Key: key, Reason: "fixed"},
		journal.Overridden{Step: "step-2", Key: key, Gate: plan.GateTries, GateKey: "tries", About: "it failed 3 times", Reason: "the share is back"},
		journal.TimeMarked{Trusted: day, Source: "statement"},
		journal.SettingsSeen{Policy: "sha256:policy"},
		journal.Profiled{
			Package: digest("1.4.0.0"), Profile: "aurora-key", Fingerprint: "sha256:profile",
			Terms: readable(), Token: digest("key"), Masked: "m1:x", Findings: findings(),
		},
		journal.StatusReceived{List: digest("list"), Issuer: "https://aurora.example", Sequence: 3, Source: "inbox/aurora-status.license"},
		verified("list", 3, "three"),
		journal.StatusRefused{List: digest("list"), Findings: findings(), Trust: "sha256:trust"},
		trustChanged(),
		journal.Attested{Package: digest("1.4.0.0"), Statement: digest("s"), Attester: "Ada Lovelace", Accounts: []string{"ada"}},
		exported(day.AddDate(-2, 0, 0)),
		journal.Reminded{Step: "step-2", Event: journal.TaskReminded, Message: "it waits since 2026-03-02"},
		changed("event-1"),
		journal.DriftSettled{Event: "event-1", Key: key, Reason: "agreed with the vendor"},
		journal.Unclear{Step: "step-1", Code: "recorded.shape", Message: "it was answered with the status 202, and 200 was recorded", Hint: "look"},
		journal.Observed{Step: "step-2", Key: key, Version: "2.1.0.0", Access: "on", SHA256: "0f3c9a7be1d2", Evidence: "About box", Reason: "the list is of before", Refused: "confirm.version"},
		journal.Checking{Step: "step-1", State: seen(state(t, "1.4.0.0")), Message: "read back"},
		journal.Checked{Step: "step-1", By: "command", Answer: journal.Refused, Message: "it ended with 7", Output: "totals are wrong", TookMS: 1234},
		journal.Notified{Channel: "admins", Message: "msg_1", Notices: []journal.ToldNotice{{Key: "license.ending/x/14d", Event: "license.ending", Title: "it ends"}}},
		journal.Pinned{Visual: key.GUID, Pin: "~> 1.4"},
		journal.Requested{Step: "step-3", Key: key, Version: version(t, "1.3.0.0"), Content: "h1:1.3.0.0", Not: digest("1.4.0.0"), Reason: "totals are wrong"},
		journal.Approved{Step: "step-3", Key: key, About: "downgrade of Aurora Gauge: 1.4.0.0 -> 1.3.0.0", Reason: "seen"},
		journal.Rejected{Step: "step-3", Key: key, About: "downgrade of Aurora Gauge: 1.4.0.0 -> 1.3.0.0", Reason: "not today"},
		journal.Revoked{List: digest("list"), Mark: "https://aurora.example aurora-status", Statements: []string{"lic-7"}, Subscriptions: []string{"sub-1"}},
		bundleSeen("roots-a", 2),
		bundleAllowed("roots-a", 1),
	}
}

func verified(list string, sequence int64, claims string) journal.StatusVerified {
	return journal.StatusVerified{
		List: digest(list), Issuer: "https://aurora.example", KeyID: "aurora-status", Mark: "https://aurora.example aurora-status",
		Sequence: sequence, Issued: day, Next: day.AddDate(0, 3, 0), Claims: digest(claims),
	}
}

func exported(taken time.Time) journal.Exported {
	yes, no := true, false
	return journal.Exported{
		Store: journaltest.Key().Store, File: "OrganizationalVisuals.csv", List: digest("csv"), Taken: taken,
		Entries: []journal.ExportedEntry{{GUID: journaltest.Key().GUID, Name: "Aurora Gauge", Source: store.FromFile, Enabled: &yes, Pane: &no, Changed: "2026-02-28"}},
	}
}

func changed(event string) journal.StoreChanged {
	return journal.StoreChanged{
		Event: event, Time: day, Operation: tenant.Updated, User: "bob@contoso.com", Item: "Aurora Gauge", Object: "obj-1", Failed: true,
	}
}

// trustChanged has every member set, which no real one has.
func trustChanged() journal.TrustChanged {
	return journal.TrustChanged{
		Change: journal.TrustUpdated, Vendor: "Aurora Visuals", Attester: "Ada", From: "sha256:one", To: "sha256:two", Version: 2,
	}
}

func bundleSeen(roots string, version int64) journal.BundleSeen {
	return journal.BundleSeen{Vendor: "Aurora Visuals", Roots: roots, Version: version, Fingerprint: "sha256:bundle"}
}

func bundleAllowed(roots string, version int64) journal.BundleAllowed {
	return journal.BundleAllowed{
		Vendor: "Aurora Visuals", Roots: roots, Version: version, Fingerprint: "sha256:bundle", Newest: version + 1, Reason: "the vendor took version 2 back",
	}
}
