package attester

import (
	"strings"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/license"
)

// check asks of a request what an attestation needs.
func (r Request) check() error {
	switch {
	case (r.Key == "") == (r.Signer.Command == ""):
		return fault.Usage("make a key with `orgstore trust keygen`, on your own machine; one in a key vault signs through --signer", "attesting needs either your --key or a --signer")
	case r.Ends == "":
		return fault.Usage("give the day as --ends 2027-11-20", "an attestation needs the end of the license")
	case (r.Evidence == "") == (r.EvidenceFile == ""):
		return fault.Usage("such as --evidence \"invoice 2026-4711\", or --evidence-file invoice.pdf", "an attestation rests on either --evidence or --evidence-file")
	case strings.TrimSpace(r.Reason) == "":
		return fault.Usage("such as --reason \"the vendor's license cannot be read\"", "an attestation needs a --reason")
	case r.Sequence < 1:
		return fault.Usage("1 for the first attestation of an order, one more at each renewal", "--seq: %d is below 1", r.Sequence)
	case r.Quantity < 0:
		return fault.Usage("leave it out if it is not known", "--quantity: %d is below 0", r.Quantity)
	}
	if err := r.Signer.check(); err != nil {
		return err
	}
	return r.checkCounts()
}

// checkCounts refuses what does not belong to the kind. How much is licensed
// need not be said: an opaque license may not tell.
func (r Request) checkCounts() error {
	given := map[license.Kind]bool{license.User: r.Quantity != 0, license.Capacity: len(r.SKUs) > 0, license.Site: len(r.Sites) > 0}
	kind := license.Kind(r.Kind)
	if _, known := given[kind]; !known {
		return fault.Usage("choose user, capacity or site", "--kind: there is no kind %q", r.Kind)
	}
	for _, other := range []license.Kind{license.User, license.Capacity, license.Site} {
		if other != kind && given[other] {
			return fault.Usage("leave out --quantity, --sku or --site, or choose --kind "+string(other), "a license of the kind %s does not count by %s", kind, other)
		}
	}
	return nil
}
