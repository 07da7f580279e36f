package issuer

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/packages/license"
)

// A Revocation is what a vendor wants to take back before its end.
type Revocation struct {
	Issuer        string // as the trust bundle names it
	Sequence      int64  // 1 for the first list, then always one more
	Issued        time.Time
	Next          time.Time // when the next list is due at the latest
	Statements    []string  // IDs (jti)
	Subscriptions []string  // with all their statements (lid)
}

type statusClaims struct {
	V             int      `json:"v"`
	Issuer        string   `json:"iss"`
	Sequence      int64    `json:"seq"`
	Issued        int64    `json:"iat"`
	Next          int64    `json:"nxt"`
	Statements    []string `json:"revoked_jti"`
	Subscriptions []string `json:"revoked_lid"`
}

// Revoke signs a status list, with everything that is still revoked: each list
// replaces the one before. The key is one that the trust bundle lists for the
// use license.UseStatus; one that signs licenses is not believed.
func Revoke(r Revocation, k Key) ([]byte, error) {
	record, err := k.Record(r.Issued)
	if err != nil {
		return nil, err
	}
	payload, err := json.Marshal(statusClaims{
		license.ClaimsVersion, r.Issuer, r.Sequence, r.Issued.Unix(), r.Next.Unix(), r.Statements, r.Subscriptions,
	}) // empty lists as [], never null
	if err != nil {
		return nil, fmt.Errorf("cannot write the status list: %w", err)
	}
	list, err := signDocument(k, record, license.StatusType, payload)
	if err != nil {
		return nil, err
	}
	if _, err := license.ReadStatus(list, r.Issuer, record.For(license.UseStatus)); err != nil {
		return nil, fmt.Errorf("cannot issue this status list: %w", err)
	}
	return list, nil
}
