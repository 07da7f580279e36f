package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The bounds of a secret that signs webhooks, in bytes, as Standard Webhooks has
// them.
const (
	leastKey = 24
	mostKey  = 64
)

// Sign returns the headers under which a body is sent under an ID, the same whenever
// it is sent again: those of Standard Webhooks, HMAC-SHA256 over ID, time, and body. A
// secret that begins with whsec_ is base64 beyond; any other is taken as it is.
func Sign(id, secret string, body []byte, at time.Time) (map[string]string, error) {
	key := []byte(secret)
	if coded, ok := strings.CutPrefix(secret, "whsec_"); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(coded); err != nil {
			return nil, errors.New("the webhook's secret begins with whsec_ and is no base64 beyond")
		}
	}
	if len(key) < leastKey || len(key) > mostKey {
		return nil, fmt.Errorf("the webhook's secret has %d bytes; from %d to %d are needed", len(key), leastKey, mostKey)
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.", id, stamp)
	h.Write(body)
	return map[string]string{
		"webhook-id": id, "webhook-timestamp": stamp,
		"webhook-signature": "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil)),
	}, nil
}
