package license_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/verdict"
)

// An attempt is one try at a case of the list, which its name begins with, or at
// something that the list does not have. It checks all that is to be checked,
// and returns what was found.
type attempt struct {
	name string
	run  func(t *testing.T) verdict.Judgment
}

// attempts are all those of this room.
func attempts(t testing.TB) []attempt {
	var all []attempt
	for _, room := range []func(testing.TB) []attempt{
		envelopeAttempts, signatureAttempts, algorithmAttempts, claims, bindingAttempts, timeAttempts, factAttempts, sameBytesAttempts, renewalAttempts,
		keyAttempts, statusAttempts, bundleTexts, bundleFiles, bundleUpdates, attestationAttempts,
	} {
		all = append(all, room(t)...)
	}
	return all
}

// A kase is one line of the list of cases: what is tried, and what comes of it.
type kase struct {
	number  string
	what    string
	wants   []outcome
	in      string // the test of another room, as file:text in it; empty for this room alone
	pending string // the room that will have it, where that is not built
}

// An outcome is a verdict with its code; Accept has none.
type outcome struct {
	verdict verdict.Verdict
	code    verdict.Code
}

func reject(codes ...verdict.Code) []outcome { return outcomes(verdict.Reject, codes) }
func review(codes ...verdict.Code) []outcome { return outcomes(verdict.Review, codes) }
func warn(codes ...verdict.Code) []outcome   { return outcomes(verdict.Warn, codes) }
func accept() []outcome                      { return []outcome{{verdict: verdict.Accept}} }

func outcomes(v verdict.Verdict, codes []verdict.Code) []outcome {
	var all []outcome
	for _, c := range codes {
		all = append(all, outcome{v, c})
	}
	return all
}

func either(all ...[]outcome) []outcome {
	var joined []outcome
	for _, o := range all {
		joined = append(joined, o...)
	}
	return joined
}

// list is the list of cases, line by line.
func list() []kase {
	const zip, plan = "packages/pbiviz/attack_test.go:", "policies/plan/compute_test.go:"
	return []kase{
		{number: "A1", what: "token of 17 KiB, 100 MB, a million dots", wants: reject("lic.too_large")},
		{number: "A2", what: "alg none in any spelling, empty signature", wants: reject("lic.alg")},
		{number: "A3", what: "HS256 keyed with the public key", wants: reject("lic.alg")},
		{number: "A4", what: "alg of the other key, both ways", wants: reject("lic.alg_key_mismatch")},
		{number: "A5", what: "RS256, PS256, ES384, ML-DSA-44", wants: reject("lic.alg")},
		{number: "A6", what: "duplicate header member, Alg next to alg", wants: reject("lic.header")},
		{number: "A7", what: "crit known, unknown, empty", wants: reject("lic.header")},
		{number: "A8", what: "b64 false, zip DEF", wants: reject("lic.header")},
		{number: "A9", what: "jwk, jku, x5u, x5c", wants: reject("lic.header")},
		{number: "A10", what: "kid unknown, missing, number, path, SQL", wants: reject("lic.kid")},
		{number: "A11", what: "typ missing, JWT, status list's", wants: reject("lic.typ")},
		{number: "A12", what: "two or four parts, JSON serialization, two signatures", wants: reject("lic.form")},
		{number: "A13", what: "padding, standard alphabet, line feed inside, unused bits", wants: reject("lic.base64")},
		{number: "A14", what: "byte order mark, white space, CRLF; one line feed is allowed", wants: either(accept(), reject("lic.form"))},
		{number: "A15", what: "one bit flipped", wants: reject("lic.signature")},
		{number: "A16", what: "Ed25519: S >= L, cut, 65 bytes, zero, R of low order", wants: reject("lic.signature")},
		{number: "A17", what: "ES256: DER, r or s zero, n, above n, 63 and 65 bytes", wants: reject("lic.signature")},
		{number: "A18", what: "ES256 (r, n-s) of a valid token", wants: accept()},
		{number: "A19", what: "token valid for another product's key", wants: reject("lic.issuer_scope")},

		{number: "B1", what: "signed by vendor X, iss of vendor Y", wants: reject("lic.issuer")},
		{number: "B2", what: "vendor X's key for vendor Y's visual", wants: reject("lic.issuer_scope")},
		{number: "B3", what: "payload not JSON, array, second document, depth", wants: reject("lic.payload")},
		{number: "B4", what: "duplicate claim, also escaped", wants: reject("lic.duplicate")},
		{number: "B5", what: "EXP next to exp", wants: reject("lic.unknown_claim")},
		{number: "B6", what: "missing or null claims", wants: reject("lic.missing")},
		{number: "B7", what: "exp as text, fraction, 1e10, negative, above 2^53", wants: reject("lic.type")},
		{number: "B8", what: "v 2", wants: reject("lic.unsupported")},
		{number: "B9", what: "unknown claim, ext of 5 KiB", wants: reject("lic.unknown_claim")},
		{number: "B10", what: "invalid UTF-8, NUL, U+202E", wants: reject("lic.payload")},
		{number: "B11", what: "next_payment and exp disagree, exp not at midnight", wants: reject("lic.inconsistent")},
		{number: "B12", what: "aud of another visual, aud an array", wants: reject("lic.audience")},
		{number: "B13", what: "lifetime of 40 years", wants: review("lic.lifetime")},
		{number: "B14", what: "markup and formulas in texts are kept; what shows them escapes", wants: accept()},

		{number: "C1", what: "tenant not in tid", wants: reject("ent.tenant")},
		{number: "C2", what: "tid in capitals, braces, empty, *, common", wants: reject("ent.tenant_form")},
		{number: "C3", what: "settings say tenant A, the sign-in tenant B", wants: reject("ent.tenant")},
		{number: "C4", what: "two kinds, kind without its object", wants: reject("ent.kind")},
		{number: "C5", what: "qty 0, negative, 2^63", wants: reject("ent.qty")},
		{number: "C6", what: "more users than licensed", wants: warn("ent.over_quantity"), in: "packages/tenant/check_test.go:" + `"C6 250 seats, 310 users"`},
		{number: "C7", what: "inventory cannot be read", wants: either(review("ent.unknown_usage"), warn("ent.unknown_usage")), in: "packages/tenant/check_test.go:" + `"C7 an inventory that could not be read"`},
		{number: "C8", what: "SKU unknown; a larger capacity and an id not listed, see packages/tenant", wants: reject("ent.sku"), in: "packages/tenant/check_test.go:" + `"C8 `},
		{number: "C9", what: "site as prefix of another, wildcard, homograph, port", wants: reject("ent.site")},
		{number: "C10", what: "trial license, policy for production", wants: reject("ent.trial")},

		{number: "D1", what: "one byte of JavaScript changed", wants: reject("pkg.digest")},
		{number: "D2", what: "entry added, removed, renamed", wants: reject("pkg.digest")},
		{number: "D3", what: "license entry replaced by another valid one", wants: reject("pkg.digest")},
		{number: "D4", what: "second license entry", wants: reject("zip.duplicate"), in: zip + `"D4 `},
		{number: "D5", what: "duplicate package.json", wants: reject("zip.duplicate"), in: zip + `"D5 `},
		{number: "D6", what: "two zips concatenated", wants: reject("zip.layout"), in: zip + `"D6 `},
		{number: "D7", what: "./package.json, a//b, a/../b", wants: reject("zip.name"), in: zip + `"D7 `},
		{number: "D8", what: "../, absolute, drive, UNC, CON, trailing dot", wants: reject("zip.name"), in: zip + `"D8 `},
		{number: "D9", what: "names equal after folding", wants: reject("zip.duplicate"), in: zip + `"D9 `},
		{number: "D10", what: "local header differs from directory", wants: reject("zip.mismatch"), in: zip + `"D10 `},
		{number: "D11", what: "hidden entry, gap, overlap, reordered", wants: reject("zip.layout"), in: zip + `"D11 `},
		{number: "D12", what: "prefix, trailing bytes, comment", wants: reject("zip.layout"), in: zip + `"D12 `},
		{number: "D13", what: "unicode-path extra field", wants: reject("zip.extra"), in: zip + `"D13 `},
		{number: "D14", what: "encrypted, unknown method, disks, Zip64", wants: reject("zip.feature"), in: zip + `"D14 `},
		{number: "D15", what: "symlink, device, setuid", wants: reject("zip.type"), in: zip + `"D15 `},
		{number: "D16", what: "200 MB of zeros in 204 KB", wants: reject("zip.bomb"), in: zip + `"D16 `},
		{number: "D17", what: "65,535 entries", wants: reject("zip.limit"), in: zip + `TestAttackD17ManyEntries`},
		{number: "D18", what: "deflate stream longer or shorter", wants: reject("zip.stream"), in: zip + `"D18 `},
		{number: "D19", what: "wrong CRC", wants: reject("zip.crc"), in: zip + `"D19 `},
		{number: "D20", what: "package.json as a directory", wants: reject("zip.name"), in: zip + `"D20 `},
		{number: "D21", what: "version differs inside", wants: reject("pkg.inconsistent"), in: zip + `"D21 `},
		{number: "D22", what: "GUID differs between package and license; inside the package, see packages/pbiviz", wants: reject("pkg.guid")},
		{number: "D23", what: "digest listed for another version", wants: reject("pkg.version")},
		{number: "D24", what: "GUID in another case; homoglyphs, see packages/pbiviz", wants: reject("pkg.guid")},
		{number: "D25", what: "odd versions", wants: reject("pkg.version_form"), in: zip + `"D25 `},
		{number: "D26", what: "duplicate member guid", wants: reject("pkg.json"), in: zip + `"D26 `},
		{number: "D27", what: "bytes swapped between judging and putting", wants: reject("pkg.toctou"), in: "packages/license/evaluate_test.go:" + `"D27 `},
		{number: "D28", what: "resource outside the package", wants: reject("pkg.json"), in: zip + `"D28 `},
		{number: "D29", what: "sidecar and embedded license differ", wants: reject("lic.ambiguous")},

		{number: "E1", what: "a second before the end, at it, a second after", wants: either(warn("time.expiring"), reject("time.expired"))},
		{number: "E2", what: "nbf in the future", wants: review("time.not_yet")},
		{number: "E3", what: "iat in the future by more than five minutes", wants: reject("time.issued_future")},
		{number: "E4", what: "clock set back a year", wants: either(review("time.clock_back"), reject("time.expired"))},
		{number: "E5", what: "clock set to 2099 once, then corrected", wants: either(accept(), warn("time.clock_ahead"))},
		{number: "E6", what: "database restored from a backup", wants: warn("time.mark_restored"), in: "agent/cli/testdata/script/g_checkpoint.txtar:warning time\\.mark_restored"},
		{number: "E7", what: "ends between plan and apply", wants: reject("time.expired")},
		{number: "E8", what: "ends while waiting for the window", wants: review("time.expires_before_window"), in: "policies/plan/schedule_test.go:" + `"E8 `},
		{number: "E9", what: "leap day", wants: accept()},
		{number: "E10", what: "one day left", wants: warn("time.expiring")},
		{number: "E11", what: "gap and fold of summer time in a window", wants: accept(), in: "policies/window/window_test.go:func TestSummerTime"},

		{number: "F1", what: "seq 6 after seq 7", wants: reject("life.superseded")},
		{number: "F2", what: "same lid and seq, other jti", wants: review("life.fork")},
		{number: "F3", what: "fewer seats, smaller SKU, tenant removed", wants: review("life.reduced")},
		{number: "F4", what: "renewal of another kind", wants: review("life.kind_change")},
		{number: "F5", what: "same version, new digest: license only, or code", wants: accept(), in: plan + `"F5 renewal"`},
		{number: "F6", what: "renewal of an older version", wants: review("life.version_down")},
		{number: "F7", what: "rollback to an ended license", wants: reject("life.rollback_expired"), in: plan + `"F7 `},
		{number: "F8", what: "seq 2147483647", wants: review("life.seq_jump")},
		{number: "F9", what: "rollback to a revoked license", wants: reject("life.revoked")},
		{number: "F10", what: "no newer license 14 days before the end", wants: warn("life.renewal_missing"), in: `policies/runway/runway_test.go:"F10 fourteen days`},
		{number: "F11", what: "deployed license ends, nothing to swap to", wants: warn("life.deployed_expired"), in: plan + `"F11 `},
		{number: "F12", what: "two agents at once", wants: reject("life.conflict"), in: "agent/lock/lock_test.go:func TestOneAtATime"},
		{number: "F13", what: "later statement, same bytes", wants: either(accept(), review("lic.same_bytes_extended"))},
		{number: "F14", what: "what a rollback left comes back renewed", wants: reject("life.blocked"), in: plan + `"F14 `},

		{number: "G1", what: "trust N+2 offered at N", wants: reject("trust.version")},
		{number: "G2", what: "N+1 signed by new keys only, old keys only", wants: reject("trust.threshold")},
		{number: "G3", what: "one signature repeated, threshold 0", wants: reject("trust.threshold")},
		{number: "G4", what: "expired bundle", wants: review("trust.expired")},
		{number: "G5", what: "retired key, issued before", wants: accept()},
		{number: "G6", what: "retired key, issued after", wants: reject("trust.key_retired")},
		{number: "G7", what: "compromised key, issued after and before", wants: either(reject("trust.key_compromised"), review("trust.key_compromised"))},
		{number: "G8", what: "status list old, of an older number, for another issuer", wants: either(warn("trust.status"), reject("trust.status"))},
		{number: "G9", what: "status list signed by a license key, and the reverse", wants: reject("trust.key_use")},
		{number: "G10", what: "keys that prove nothing", wants: reject("trust.key_form")},
		{number: "G11", what: "two keys of one name, colliding hashes", wants: reject("trust.duplicate_kid")},
		{number: "G12", what: "trust file a symlink or writable by all", wants: reject("trust.file_mode"), in: "agent/cli/testdata/script/f_filemode.txtar:jq result.error_code trust.file_mode"},

		{number: "H1", what: "log cut, edited, branched", wants: reject("log.inconsistent"), in: "agent/journal/entry_test.go:func TestTamperedChains"},
		{number: "H2", what: "judged by one program, applied by another", in: "agent/apply/apply_test.go:func TestEveryStepAndEveryFault"},
		{number: "H3", what: "put succeeds, answer lost", wants: review("op.unknown_outcome"), in: "agent/apply/apply_test.go:func TestEveryStepAndEveryFault"},
		{number: "H4", what: "store returns other bytes", wants: review("op.readback"), in: "agent/apply/apply_test.go:func TestEveryStepAndEveryFault"},
		{number: "H5", what: "second of two visuals fails", wants: warn("op.partial"), in: "agent/apply/apply_test.go:func TestEveryStepAndEveryFault"},
		{number: "H6", what: "package source drips, resets, cuts", wants: warn("op.source"), in: "agent/cmd/orgstore/tenantstory_test.go:func TestEveryCallFailsInEveryWay"},
		{number: "H7", what: "stored markup, forged requests and hosts", wants: reject("web"), pending: "agent/console"},
		{number: "H8", what: "secrets in logs and reports", wants: reject("op.leak"), in: "agent/cmd/orgstore/tenantstory_test.go:func (w *tenanted) keepsSecrets"},
	}
}

// TestCases tries every case of the list: in this room by its attempts, which
// together must reach each verdict with its code; elsewhere by looking for the
// test that does.
func TestCases(t *testing.T) {
	byNumber := map[string][]attempt{}
	for _, a := range attempts(t) {
		for _, n := range numbers(a.name) {
			byNumber[n] = append(byNumber[n], a)
		}
	}
	for _, k := range list() {
		t.Run(k.number, func(t *testing.T) {
			here := byNumber[k.number]
			delete(byNumber, k.number)
			switch {
			case k.in != "":
				isThere(t, k.in)
				if len(here) > 0 {
					k.try(t, here)
				}
			case k.pending != "":
				t.Logf("%s: for %s", k.what, k.pending)
			default:
				k.try(t, here)
			}
		})
	}
	for n := range byNumber {
		t.Errorf("%s is tried, and the list has no such case or sends it elsewhere", n)
	}
}

// try runs the attempts at a case of this room.
func (k kase) try(t *testing.T, all []attempt) {
	reached := map[outcome]bool{}
	for _, a := range all {
		t.Run(a.name, func(t *testing.T) {
			j := a.run(t)
			if j.Verdict == verdict.Accept {
				reached[outcome{verdict: verdict.Accept}] = true
			}
			for _, f := range j.Findings {
				if f.Verdict == j.Verdict {
					reached[outcome{f.Verdict, f.Code}] = true
				}
			}
		})
	}
	for _, o := range k.wants {
		if !reached[o] && !t.Failed() {
			t.Errorf("no attempt at %q was answered by %s %s", k.what, o.verdict, o.code)
		}
	}
}

// TestAttempts runs what the list has no number for.
func TestAttempts(t *testing.T) {
	for _, a := range attempts(t) {
		if len(numbers(a.name)) == 0 {
			t.Run(a.name, func(t *testing.T) { a.run(t) })
		}
	}
}

// numberForm is how cases are numbered.
var numberForm = regexp.MustCompile(`^[A-H][0-9]{1,2}$`)

// numbers returns the cases that an attempt's name begins with.
func numbers(name string) []string {
	var all []string
	for _, word := range strings.Fields(name) {
		if word == "and" && len(all) > 0 {
			continue
		}
		if !numberForm.MatchString(word) {
			break
		}
		all = append(all, word)
	}
	return all
}

// isThere looks for a text in a file of the repository.
func isThere(t *testing.T, place string) {
	t.Helper()
	file, text, _ := strings.Cut(place, ":")
	b, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), text) {
		t.Errorf("%s has no %s any more", file, text)
	}
}

// TestListIsWhole: every case from A1 to H8 has its line, in order.
func TestListIsWhole(t *testing.T) {
	var got, all []string
	for _, k := range list() {
		got = append(got, k.number)
	}
	for _, room := range []struct {
		letter string
		cases  int
	}{{"A", 19}, {"B", 14}, {"C", 10}, {"D", 29}, {"E", 11}, {"F", 14}, {"G", 12}, {"H", 8}} {
		for n := range room.cases {
			all = append(all, room.letter+strconv.Itoa(n+1))
		}
	}
	equal(t, got, all)
}
