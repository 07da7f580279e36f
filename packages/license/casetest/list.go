package casetest

import "github.com/orgstore/orgstore/packages/verdict"

// The packages that hold cases beside packages/license.
const (
	pbivizHome     = "packages/pbiviz"
	tenantHome     = "packages/tenant"
	planHome       = "policies/plan"
	runwayHome     = "policies/runway"
	windowHome     = "policies/window"
	applyHome      = "agent/apply"
	intakeHome     = "agent/intake"
	cliHome        = "agent/cli"
	programHome    = "agent/cmd/orgstore"
	sharepointHome = "graph/sharepoint"
	graphHome      = "graph"
)

func reject(codes ...verdict.Code) []Outcome { return outcomes(verdict.Reject, codes) }
func review(codes ...verdict.Code) []Outcome { return outcomes(verdict.Review, codes) }
func warn(codes ...verdict.Code) []Outcome   { return outcomes(verdict.Warn, codes) }

// accept takes no code for an acceptance that has none.
func accept(codes ...verdict.Code) []Outcome {
	if len(codes) == 0 {
		return []Outcome{{Verdict: verdict.Accept}}
	}
	return outcomes(verdict.Accept, codes)
}

func outcomes(v verdict.Verdict, codes []verdict.Code) []Outcome {
	all := make([]Outcome, len(codes))
	for i, c := range codes {
		all[i] = Outcome{v, c}
	}
	return all
}

// both joins the outcomes of a case that has several.
func both(all ...[]Outcome) []Outcome {
	var joined []Outcome
	for _, o := range all {
		joined = append(joined, o...)
	}
	return joined
}

func homes(paths ...string) []string { return paths }

// Cases returns the list, line by line. agent/doc/decisions/0019-license-codes.md
// says which codes of the first draft are not used, and why.
func Cases() []Case {
	var all []Case
	for _, section := range [][]Case{
		envelopeCases(), claimCases(), entitlementCases(), packageCases(), timeCases(), lifeCases(), trustCases(), operationCases(),
	} {
		all = append(all, section...)
	}
	return all
}

func envelopeCases() []Case {
	return []Case{
		{Number: "A1", About: "a token of 17 KiB, of 100 MB, of a million dots", Wants: reject("lic.too_large")},
		{Number: "A2", About: "alg none in any spelling, an empty signature", Wants: reject("lic.alg")},
		{Number: "A3", About: "HS256 keyed with the public key", Wants: reject("lic.alg")},
		{Number: "A4", About: "the algorithm of another key, both ways", Wants: reject("lic.alg_key_mismatch")},
		{Number: "A5", About: "RS256, PS256, ES384, ML-DSA-44", Wants: reject("lic.alg")},
		{Number: "A6", About: "a duplicate header member, Alg next to alg", Wants: reject("lic.header")},
		{Number: "A7", About: "crit known, unknown, and empty", Wants: reject("lic.header")},
		{Number: "A8", About: "b64 false, zip DEF", Wants: reject("lic.header")},
		{Number: "A9", About: "jwk, jku, x5u, x5c", Wants: reject("lic.header")},
		{Number: "A10", About: "kid unknown, missing, a number, a path, SQL", Wants: reject("lic.kid")},
		{Number: "A11", About: "typ missing, JWT, or that of a status list", Wants: reject("lic.typ")},
		{Number: "A12", About: "two or four parts, JSON serialization, two signatures", Wants: reject("lic.form")},
		{Number: "A13", About: "padding, the standard alphabet, a line feed inside, unused bits", Wants: reject("lic.base64")},
		{Number: "A14", About: "a byte order mark, white space, CRLF; one line feed is allowed", Wants: both(accept(), reject("lic.form"))},
		{Number: "A15", About: "one bit flipped", Wants: reject("lic.signature")},
		{Number: "A16", About: "Ed25519: S >= L, cut, 65 bytes, zero, R of low order", Wants: reject("lic.signature")},
		{Number: "A17", About: "ES256: DER, r or s zero, n, above n, 63 and 65 bytes", Wants: reject("lic.signature")},
		{Number: "A18", About: "ES256: (r, n-s) of a valid token", Wants: accept()},
		{Number: "A19", About: "a token that is valid for the key of another product", Wants: reject("lic.issuer_scope")},
	}
}

func claimCases() []Case {
	return []Case{
		{Number: "B1", About: "signed by vendor X, with the iss of vendor Y", Wants: reject("lic.issuer")},
		{Number: "B2", About: "the key of vendor X for a visual of vendor Y", Wants: reject("lic.issuer_scope")},
		{Number: "B3", About: "a payload that is not JSON, an array, two documents, too deep", Wants: reject("lic.payload")},
		{Number: "B4", About: "a duplicate claim, also escaped", Wants: reject("lic.duplicate")},
		{Number: "B5", About: "EXP next to exp", Wants: reject("lic.unknown_claim")},
		{Number: "B6", About: "claims that are missing or null", Wants: reject("lic.missing")},
		{Number: "B7", About: "exp as text, fraction, 1e10, negative, above 2^53", Wants: reject("lic.type")},
		{Number: "B8", About: "v 2", Wants: reject("lic.unsupported")},
		{Number: "B9", About: "an unknown claim, ext of 5 KiB", Wants: reject("lic.unknown_claim")},
		{Number: "B10", About: "invalid UTF-8, NUL, U+202E", Wants: reject("lic.payload")},
		{Number: "B11", About: "next_payment and exp disagree, exp is not at midnight", Wants: reject("lic.inconsistent")},
		{Number: "B12", About: "aud of another visual, aud as an array", Wants: reject("lic.audience")},
		{Number: "B13", About: "a lifetime of 40 years", Wants: review("lic.lifetime")},
		{Number: "B14", About: "markup and formulas in texts are kept; what shows them escapes them", Wants: accept()},
	}
}

func entitlementCases() []Case {
	return []Case{
		{Number: "C1", About: "the tenant is not in tid", Wants: reject("ent.tenant")},
		{Number: "C2", About: "tid in capitals, with braces, empty, *, common", Wants: reject("ent.tenant_form")},
		{Number: "C3", About: "settings for tenant A, sign-in to tenant B", Wants: reject("ent.tenant")},
		{Number: "C4", About: "two kinds, a kind without its object", Wants: reject("ent.kind")},
		{Number: "C5", About: "qty 0, negative, 2^63", Wants: reject("ent.qty")},
		{Number: "C6", About: "more users than licensed", Wants: both(warn("ent.over_quantity"), review("ent.over_quantity")), Homes: homes(tenantHome)},
		{Number: "C7", About: "usage that cannot be read", Wants: both(review("ent.unknown_usage"), warn("ent.unknown_usage")), Homes: homes(tenantHome)},
		{Number: "C8", About: "a larger capacity, an id that is not listed, an unknown SKU", Wants: both(review("ent.sku"), reject("ent.sku")), Homes: homes(tenantHome)},
		{Number: "C9", About: "a site as the beginning of another, a wildcard, a homograph, a port", Wants: reject("ent.site")},
		{Number: "C10", About: "a trial license, a policy for production", Wants: reject("ent.trial")},
	}
}

func packageCases() []Case {
	return []Case{
		{Number: "D1", About: "one byte of JavaScript changed", Wants: reject("pkg.digest")},
		{Number: "D2", About: "an entry added, removed, renamed", Wants: reject("pkg.digest")},
		{Number: "D3", About: "the license entry replaced by another valid one", Wants: reject("pkg.digest")},
		{Number: "D4", About: "a second license entry", Wants: reject("zip.duplicate"), Homes: homes(pbivizHome)},
		{Number: "D5", About: "a duplicate package.json", Wants: reject("zip.duplicate"), Homes: homes(pbivizHome)},
		{Number: "D6", About: "two ZIPs in one file", Wants: reject("zip.layout"), Homes: homes(pbivizHome)},
		{Number: "D7", About: "./package.json, a//b, a/../b", Wants: reject("zip.name"), Homes: homes(pbivizHome)},
		{Number: "D8", About: "../, absolute, drive, UNC, CON, trailing dot", Wants: reject("zip.name"), Homes: homes(pbivizHome)},
		{Number: "D9", About: "names that are equal after folding", Wants: reject("zip.duplicate"), Homes: homes(pbivizHome)},
		{Number: "D10", About: "a local header that differs from the directory", Wants: reject("zip.mismatch"), Homes: homes(pbivizHome)},
		{Number: "D11", About: "a hidden entry, a gap, an overlap, a reordered directory", Wants: reject("zip.layout"), Homes: homes(pbivizHome)},
		{Number: "D12", About: "a prefix, trailing bytes, a comment", Wants: reject("zip.layout"), Homes: homes(pbivizHome)},
		{Number: "D13", About: "the extra field with a Unicode path", Wants: reject("zip.extra"), Homes: homes(pbivizHome)},
		{Number: "D14", About: "encryption, an unknown method, several disks, ZIP64", Wants: reject("zip.feature"), Homes: homes(pbivizHome)},
		{Number: "D15", About: "a symlink, a device, setuid", Wants: reject("zip.type"), Homes: homes(pbivizHome)},
		{Number: "D16", About: "200 MB of zeros in 204 KB", Wants: reject("zip.bomb"), Homes: homes(pbivizHome)},
		{Number: "D17", About: "65,535 entries", Wants: reject("zip.limit"), Homes: homes(pbivizHome)},
		{Number: "D18", About: "a deflate stream that is longer or shorter than declared", Wants: reject("zip.stream"), Homes: homes(pbivizHome)},
		{Number: "D19", About: "a wrong checksum", Wants: reject("zip.crc"), Homes: homes(pbivizHome)},
		{Number: "D20", About: "package.json as a directory", Wants: reject("zip.name"), Homes: homes(pbivizHome)},
		{Number: "D21", About: "another version inside", Wants: reject("pkg.inconsistent"), Homes: homes(pbivizHome)},
		{Number: "D22", About: "another GUID in the license; inside the package, see packages/pbiviz", Wants: reject("pkg.guid")},
		{Number: "D23", About: "a digest that is listed for another version", Wants: reject("pkg.version")},
		{Number: "D24", About: "a GUID in another case; homoglyphs, see packages/pbiviz", Wants: reject("pkg.guid")},
		{Number: "D25", About: "versions that are not four plain numbers", Wants: reject("pkg.version_form"), Homes: homes(pbivizHome)},
		{Number: "D26", About: "a duplicate member guid", Wants: reject("pkg.json"), Homes: homes(pbivizHome)},
		{Number: "D27", About: "bytes that change between the judgment and the upload", Wants: reject("pkg.toctou")},
		{Number: "D28", About: "a resource outside the package", Wants: reject("pkg.json"), Homes: homes(pbivizHome)},
		{Number: "D29", About: "the license beside the package and the one inside differ", Wants: reject("lic.ambiguous")},
	}
}

func timeCases() []Case {
	return []Case{
		{Number: "E1", About: "a second before the end, at it, a second after", Wants: both(warn("time.expiring"), reject("time.expired"))},
		{Number: "E2", About: "nbf in the future", Wants: review("time.not_yet")},
		{Number: "E3", About: "iat more than five minutes in the future", Wants: reject("time.issued_future")},
		{Number: "E4", About: "the clock set back by a year", Wants: both(review("time.clock_back"), reject("time.expired"))},
		{Number: "E5", About: "the clock set to 2099 once, then corrected", Wants: both(accept(), warn("time.clock_ahead"))},
		{Number: "E6", About: "the database restored from a backup", Wants: warn("time.mark_restored"), Homes: homes(cliHome)},
		{Number: "E7", About: "a license that ends between plan and apply", Wants: reject("time.expired")},
		{Number: "E8", About: "a license that ends before the next window", Wants: review("gate.review"), Homes: homes(planHome)},
		{Number: "E9", About: "a leap day", Wants: accept()},
		{Number: "E10", About: "one day left", Wants: warn("time.expiring")},
		{Number: "E11", About: "a window in the gap and in the fold of summer time", Wants: accept(), Homes: homes(windowHome)},
	}
}

func lifeCases() []Case {
	return []Case{
		{Number: "F1", About: "seq 6 after seq 7", Wants: reject("life.superseded")},
		{Number: "F2", About: "the same lid and seq, another jti", Wants: review("life.fork")},
		{Number: "F3", About: "fewer seats, a smaller SKU, a tenant removed", Wants: review("life.reduced")},
		{Number: "F4", About: "a renewal of another kind", Wants: review("life.kind_change")},
		{Number: "F5", About: "the same version, a new digest: another license only, or other code", Wants: accept("life.renewal", "life.replace"), Homes: homes(planHome)},
		{Number: "F6", About: "a renewal of an older version", Wants: review("life.version_down")},
		{Number: "F7", About: "a rollback to an expired license", Wants: reject("life.rollback_expired"), Homes: homes(planHome)},
		{Number: "F8", About: "seq 2147483647", Wants: review("life.seq_jump")},
		{Number: "F9", About: "a rollback to a revoked license", Wants: reject("life.revoked")},
		{Number: "F10", About: "no newer license 14 days before the end", Wants: warn("life.renewal_missing"), Homes: homes(runwayHome)},
		{Number: "F11", About: "an installed license expires, and there is nothing to replace it", Wants: warn("keep.license_ended"), Homes: homes(planHome)},
		{Number: "F12", About: "two agents at once", Wants: reject("locked"), Homes: homes(cliHome)},
		{Number: "F13", About: "a later statement about the same bytes", Wants: both(accept(), review("lic.same_bytes_extended"))},
		{Number: "F14", About: "the version that a rollback removed comes back renewed", Wants: reject("keep.newer_blocked", "blocked.rolled_back"), Homes: homes(planHome)},
	}
}

func trustCases() []Case {
	return []Case{
		{Number: "G1", About: "trust version N+2 offered at N", Wants: reject("trust.version")},
		{Number: "G2", About: "N+1 signed by new keys only, by old keys only", Wants: reject("trust.threshold")},
		{Number: "G3", About: "one signature repeated, threshold 0", Wants: reject("trust.threshold")},
		{Number: "G4", About: "an expired bundle", Wants: review("trust.expired")},
		{Number: "G5", About: "a retired key, issued before", Wants: accept()},
		{Number: "G6", About: "a retired key, issued after", Wants: reject("trust.key_retired")},
		{Number: "G7", About: "a compromised key, issued after and before", Wants: both(reject("trust.key_compromised"), review("trust.key_compromised"))},
		{Number: "G8", About: "a status list that is old, of an older number, for another issuer", Wants: both(warn("trust.status"), reject("trust.status"))},
		{Number: "G9", About: "a status list signed by a license key, and the reverse", Wants: reject("trust.key_use")},
		{Number: "G10", About: "keys that prove nothing", Wants: reject("trust.key_form")},
		{Number: "G11", About: "two keys of one name, colliding hashes", Wants: reject("trust.duplicate_kid")},
		{Number: "G12", About: "a trust file that is a symlink to where all may write, or writable by all", Wants: reject("trust.file_mode"), Homes: homes(cliHome)},
	}
}

func operationCases() []Case {
	return []Case{
		{Number: "H1", About: "the log cut, edited, branched", Wants: reject("log.inconsistent"), Homes: homes(cliHome)},
		{Number: "H2", About: "judged by one program, applied by another", Wants: both(accept(), reject("pkg.version")), Homes: homes(applyHome)},
		{Number: "H3", About: "the upload succeeds, and the answer is lost", Wants: both(accept(), review("op.unknown_outcome")), Homes: homes(applyHome)},
		{Number: "H4", About: "the store holds other bytes than were uploaded", Wants: reject("op.undone"), Homes: homes(applyHome)},
		{Number: "H5", About: "the second of two visuals fails", Wants: both(accept(), reject("op.undone")), Homes: homes(cliHome)},
		{Number: "H6", About: "a source of packages that drips, resets, cuts", Wants: accept(), Homes: homes(intakeHome, sharepointHome, graphHome)},
		{Number: "H7", About: "stored markup, forged requests and hosts", Pending: "agent/console"},
		{Number: "H8", About: "secrets in logs and reports", Wants: accept(), Homes: homes(programHome)},
	}
}
