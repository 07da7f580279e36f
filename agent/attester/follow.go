package attester

import (
	"cmp"
	"time"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/packages/license"
)

// requestAfterLicense completes a request by the license that it follows, if it names one: the
// same order with the next number, the same kind and count, and the term that adjoins.
// What the request says itself stays.
func (p Ports) requestAfterLicense(r Request) (Request, error) {
	if r.After == "" {
		return r, nil
	}
	text, err := files.Read(p.Disk, r.After, license.MaxStatement)
	if err != nil {
		return r, err
	}
	said, err := license.Peek(text)
	if err != nil {
		return r, fault.Usage("name the NAME.pbiviz.license of the package that is installed", "--after: cannot read %s: %w", r.After, err)
	}
	before := said.Terms
	if order, ok := license.OrderOf(before.Subscription, said.GUID); ok && (r.Order == "" || r.Order == order) {
		r.Order = order
		if r.Sequence == 1 {
			r.Sequence = before.Sequence + 1
		}
	}
	r.Kind = cmp.Or(r.Kind, string(before.Kind))
	if license.Kind(r.Kind) == before.Kind && r.Quantity == 0 && len(r.SKUs) == 0 && len(r.Sites) == 0 {
		r.Quantity, r.SKUs, r.Sites = before.Quantity, before.SKUs, before.Sites
	}
	if begins, ends := before.NextTerm(); !begins.IsZero() {
		r.Begins = cmp.Or(r.Begins, begins.Format(time.DateOnly))
		r.Ends = cmp.Or(r.Ends, ends.Format(time.DateOnly))
	}
	return r, nil
}
