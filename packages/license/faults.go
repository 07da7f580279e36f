package license

import (
	"fmt"

	"github.com/orgstore/orgstore/packages/verdict"
)

// The codes of findings about statements and trust. They are stable: other
// programs branch on them. Those that other packages branch on are exported.
const (
	codeTooLarge     verdict.Code = "lic.too_large"
	codeForm         verdict.Code = "lic.form"
	codeBase64       verdict.Code = "lic.base64"
	codeHeader       verdict.Code = "lic.header"
	codeAlg          verdict.Code = "lic.alg"
	codeAlgKey       verdict.Code = "lic.alg_key_mismatch"
	CodeUnknownKey   verdict.Code = "lic.kid" // the key is nobody's today, or somebody else's than it was
	codeTyp          verdict.Code = "lic.typ"
	codeSignature    verdict.Code = "lic.signature"
	codeIssuer       verdict.Code = "lic.issuer"
	codeIssuerScope  verdict.Code = "lic.issuer_scope"
	codePayload      verdict.Code = "lic.payload"
	codeDuplicate    verdict.Code = "lic.duplicate"
	codeUnknownClaim verdict.Code = "lic.unknown_claim"
	codeMissing      verdict.Code = "lic.missing"
	codeType         verdict.Code = "lic.type"
	codeUnsupported  verdict.Code = "lic.unsupported"
	codeInconsistent verdict.Code = "lic.inconsistent"
	codeAudience     verdict.Code = "lic.audience"
	codeLifetime     verdict.Code = "lic.lifetime"
	codeExtended     verdict.Code = "lic.same_bytes_extended"
	codeAmbiguous    verdict.Code = "lic.ambiguous"
	CodeUnlicensed   verdict.Code = "lic.none"
	CodeGrade        verdict.Code = "lic.grade"
	codeAttester     verdict.Code = "lic.attester"

	codeTenant     verdict.Code = "ent.tenant"
	codeTenantForm verdict.Code = "ent.tenant_form"
	codeKind       verdict.Code = "ent.kind"
	codeQuantity   verdict.Code = "ent.qty"
	codeSKU        verdict.Code = "ent.sku"
	codeSite       verdict.Code = "ent.site"
	codeTrial      verdict.Code = "ent.trial"

	codeDigest  verdict.Code = "pkg.digest"
	codeVersion verdict.Code = "pkg.version"
	codeGUID    verdict.Code = "pkg.guid"
	codeToctou  verdict.Code = "pkg.toctou" // the bytes changed after the judgment

	codeTolerant verdict.Code = "zip.tolerant" // of packages/pbiviz

	CodeExpired      verdict.Code = "time.expired"
	codeExpiring     verdict.Code = "time.expiring"
	CodeNotYet       verdict.Code = "time.not_yet"
	codeIssuedFuture verdict.Code = "time.issued_future"
	CodeClockBack    verdict.Code = "time.clock_back"
	codeClockAhead   verdict.Code = "time.clock_ahead"

	CodeSuperseded verdict.Code = "life.superseded"
	codeSeqJump    verdict.Code = "life.seq_jump"
	CodeRevoked    verdict.Code = "life.revoked"
	codeFork       verdict.Code = "life.fork"
	codeReduced    verdict.Code = "life.reduced"
	codeKindChange verdict.Code = "life.kind_change"
	codeTransfer   verdict.Code = "life.transfer"
	codeBackdated  verdict.Code = "life.backdated"
	codeOlder      verdict.Code = "life.version_down"

	codeTrustForm      verdict.Code = "trust.form"
	codeTrustVersion   verdict.Code = "trust.version"
	codeThreshold      verdict.Code = "trust.threshold"
	codeTrustExpired   verdict.Code = "trust.expired"
	codeKeyRetired     verdict.Code = "trust.key_retired"
	codeKeyNotYet      verdict.Code = "trust.key_not_yet"
	codeKeyCompromised verdict.Code = "trust.key_compromised"
	codeKeyUse         verdict.Code = "trust.key_use"
	codeKeyForm        verdict.Code = "trust.key_form"
	codeDuplicateKid   verdict.Code = "trust.duplicate_kid"
	codeFingerprint    verdict.Code = "trust.fingerprint"
	codeOverlap        verdict.Code = "trust.overlap"
	CodeStatus         verdict.Code = "trust.status"
)

// faults collects what a reader finds wrong. Messages lack their subject, which
// only the caller of the reader knows: "has no claim exp".
type faults []verdict.Finding

func (f *faults) add(code verdict.Code, format string, args ...any) {
	f.addWithHint(code, "", format, args...)
}

func (f *faults) addWithHint(code verdict.Code, hint, format string, args ...any) {
	*f = append(*f, verdict.Finding{
		Code: code, Verdict: verdict.Reject, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// fault makes faults of a single one, for readers that stop at the first.
func fault(code verdict.Code, format string, args ...any) faults {
	var f faults
	f.add(code, format, args...)
	return f
}

// about makes the refusal that names its subject, with a hint wherever none is
// given yet. It returns nil, as an error, if nothing is wrong.
func (f faults) about(subject, hint string) error {
	if len(f) == 0 {
		return nil
	}
	r := &verdict.Refusal{}
	for _, found := range f {
		found.Message = subject + " " + found.Message
		if found.Hint == "" {
			found.Hint = hint
		}
		r.Findings = append(r.Findings, found)
	}
	return r
}
