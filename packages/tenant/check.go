package tenant

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// The codes of findings about entitlement.
const (
	codeOverQuantity verdict.Code = "ent.over_quantity" // more people than licensed
	codeUnknownUsage verdict.Code = "ent.unknown_usage" // asked for, and could not be told
	codeSKU          verdict.Code = "ent.sku"
	codeSite         verdict.Code = "ent.site"
	codeKind         verdict.Code = "ent.kind"
	codeQuantity     verdict.Code = "ent.qty"
)

// Unchecked says that a license was not held against the tenant, since nobody
// was asked or the license does not say what it counts. Whoever shows a license
// shows this, too.
const Unchecked verdict.Code = "ent.unchecked"

// dateForm is how messages write days.
const dateForm = "2006-01-02"

// A Need is how strictly usage is held against a license. The zero Need is that
// of changes made automatically.
type Need struct {
	// Asked says that a person asked for this release by name: what is unknown
	// then only warns.
	Asked bool
	// Strict makes more users than licensed a person's decision, not a warning.
	Strict bool
}

// Check holds what a license counts against how its visual is used. Nothing
// found means that all of the use is known and covered. What is unknown is
// always a finding: with the code Unchecked and the verdict Accept where nobody
// was asked for facts or the license does not say what it counts, and otherwise
// as ent.unknown_usage.
//
// The verdicts are those of the cases C6 to C9. A fact that was not told is
// unknown usage; a SKU that was told and is none known here is refused.
func Check(terms license.Terms, guid visual.GUID, f Facts, n Need) []verdict.Finding {
	c := &usageCheck{terms: terms, facts: f, use: f.Use(guid), need: n, largestSKU: largestOf(terms.SKUs)}
	if !c.hasCountableTerms() {
		return c.findings
	}
	if f.IsZero() {
		c.addFinding(Unchecked, verdict.Accept, "write facts.yaml, which says how the visual is used",
			"%s is licensed for %s; whether more is used was not checked, since no facts of the tenant are at hand", guid, c.licensedText())
		return c.findings
	}
	switch terms.Kind {
	case license.User:
		c.checkUsers()
	case license.Capacity:
		c.checkCapacities()
	case license.Site:
		c.checkSites()
	}
	return c.findings
}

// usageCheck collects findings about the use of one visual.
type usageCheck struct {
	terms      license.Terms
	facts      Facts
	use        Use
	need       Need
	largestSKU SKU // the largest, for licenses of capacities
	findings   []verdict.Finding
}

func (c *usageCheck) addFinding(code verdict.Code, v verdict.Verdict, hint, format string, args ...any) {
	c.findings = append(c.findings, verdict.Finding{Code: code, Verdict: v, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// hasCountableTerms says whether the license says what it counts, and finds fault with
// terms that no reader of statements lets through.
func (c *usageCheck) hasCountableTerms() bool {
	g := c.use.GUID
	switch {
	case c.terms.Kind == "":
		c.addFinding(Unchecked, verdict.Accept, "", "whether %s is used more than licensed was not checked, since nothing says what its license counts", g)
	case c.terms.Grade == license.Attested && leavesAmountOpen(c.terms):
		c.addFinding(Unchecked, verdict.Accept, "if the order says how much is licensed, attest that with --quantity, --sku or --site",
			"whether %s is used more than licensed was not checked, since its attestation does not say how much that is", g)
	case c.terms.Kind == license.User && c.terms.Quantity < 1:
		c.addFinding(codeQuantity, verdict.Reject, c.askVendor("a license that says for how many users it is"), "%s is licensed for %d users", g, c.terms.Quantity)
	case c.terms.Kind == license.Capacity && c.largestSKU.IsZero():
		c.addFinding(codeSKU, verdict.Reject, c.askVendor("a license of a SKU that Microsoft sells")+", or update orgstore if the SKU is new",
			"%s is licensed for %s, which is no size of a capacity known here", g, quoteList(c.terms.SKUs))
	case c.terms.Kind == license.User, c.terms.Kind == license.Capacity, c.terms.Kind == license.Site:
		return true
	default:
		c.addFinding(codeKind, verdict.Reject, "update orgstore", "%s has a license of the kind %s, which is not known here", g, strconv.QuoteToASCII(string(c.terms.Kind)))
	}
	return false
}

// leavesAmountOpen says whether terms leave open how much of their kind is licensed. An
// attestation may: a license that nobody can read may not tell.
func leavesAmountOpen(t license.Terms) bool {
	return t.Quantity == 0 && len(t.SKUs) == 0 && len(t.CapacityIDs) == 0 && len(t.Sites) == 0
}

// largestOf returns the largest of some SKUs, or the zero SKU where no size is
// known.
func largestOf(skus []string) SKU {
	var best SKU
	most := 0
	for _, s := range skus {
		if units, ok := ParseSKU(s).Units(); ok && units > most {
			best, most = ParseSKU(s), units
		}
	}
	return best
}

// licensedText says what is licensed.
func (c *usageCheck) licensedText() string {
	switch c.terms.Kind {
	case license.User:
		return countNoun(c.terms.Quantity, "user")
	case license.Capacity:
		s := "capacities up to " + skuWithSize(c.largestSKU)
		if n := len(c.terms.CapacityIDs); n > 0 {
			s += fmt.Sprintf(", if they are among the %d it lists", n)
		}
		return s
	}
	return "embedding on " + quoteList(c.terms.Sites)
}

// checkUsers holds designers and viewers against the quantity. What is known may
// already be too many while the rest is unknown.
func (c *usageCheck) checkUsers() {
	g, quantity := c.use.GUID, c.terms.Quantity
	designers, viewers := c.facts.Number(c.use.Designers), c.facts.Number(c.use.Viewers)
	all := addKnown(designers, viewers)
	least, atLeast := addKnown(orZero(designers), orZero(viewers)).value, ""
	if !all.known {
		atLeast = "at least "
		missing := unknownNames(designers, "designers", viewers, "viewers")
		c.addUnknownUsage("write the number of its "+missing+" into the facts"+c.plansText(),
			"%s is licensed for %s; the number of %s is not known%s%s", g, c.licensedText(), missing, c.missingUseText(), c.asOfText())
	}
	if least > quantity {
		v := verdict.Warn
		if c.need.Strict {
			v = verdict.Review
		}
		c.addFinding(codeOverQuantity, v, c.askVendor(fmt.Sprintf("%s%s more", atLeast, countNoun(least-quantity, "user"))),
			"%s is licensed for %s, and %s%d use it (%s and %s)%s", g, c.licensedText(), atLeast, least,
			countKnown(designers, "designer"), countKnown(viewers, "viewer"), c.asOfText())
	}
}

// plansText tells how many users the tenant has, for whoever has to count.
func (c *usageCheck) plansText() string {
	if n, ok := c.facts.Users.Total().Get(); ok {
		return fmt.Sprintf("; the tenant has %s with a Power BI plan", countNoun(n, "user"))
	}
	return ""
}

// checkCapacities holds every capacity on which the visual is used against the
// licensed size and, where the license lists some, against its list.
func (c *usageCheck) checkCapacities() {
	used, known := c.use.Capacities.Get()
	if known {
		for _, id := range sortedUnique(used) {
			c.checkCapacity(id)
		}
		return
	}
	const hint = "say in the facts on which capacities the visual is used"
	if all, ok := c.facts.Capacities.Get(); ok {
		whole := *c
		whole.findings = nil
		for _, k := range all {
			whole.checkCapacity(k.ID)
		}
		if len(whole.findings) == 0 {
			c.addFinding(codeUnknownUsage, verdict.Accept, "", "%s is licensed for %s; on which capacities it is used is not known, but all %d of the tenant are covered%s",
				c.use.GUID, c.licensedText(), len(all), c.asOfText())
			return
		}
	}
	c.addUnknownUsage(hint, "%s is licensed for %s; on which capacities it is used is not known%s%s", c.use.GUID, c.licensedText(), c.missingUseText(), c.asOfText())
}

// checkCapacity checks one capacity. It is named by its id alone: what people call
// capacities may hold the name of a person.
func (c *usageCheck) checkCapacity(id string) {
	g := c.use.GUID
	shown := strconv.QuoteToASCII(id)
	if listed := c.terms.CapacityIDs; len(listed) > 0 && !slices.ContainsFunc(listed, func(l string) bool { return strings.EqualFold(l, id) }) {
		c.addFinding(codeSKU, verdict.Review, c.askVendor("a license that lists this capacity"),
			"%s is used on the capacity %s, which is not among the %d that its license lists%s", g, shown, len(listed), c.asOfText())
	}
	k, found := c.facts.findCapacity(id)
	covered, comparable := k.SKU.AtMost(c.largestSKU)
	switch {
	case !found || k.SKU.IsZero():
		c.addUnknownUsage("say in the facts which SKU that capacity has",
			"%s is licensed for %s; the SKU of the capacity %s, on which it is used, is not known%s", g, c.licensedText(), shown, c.asOfText())
	case k.SKU.PerUser():
		c.addFinding(codeSKU, verdict.Review, "ask "+c.vendorName()+" what the license says of Premium Per User",
			"%s is licensed for %s, and is used on %s, which is Premium Per User (%s) and has no size%s", g, c.licensedText(), shown, k.SKU, c.asOfText())
	case !comparable:
		c.addFinding(codeSKU, verdict.Reject, "correct the facts, or update orgstore if the SKU is new",
			"%s is used on the capacity %s of the SKU %s, which is not known here%s", g, shown, strconv.QuoteToASCII(k.SKU.String()), c.asOfText())
	case !covered:
		c.addFinding(codeSKU, verdict.Review, c.askVendor("a license of "+k.SKU.String())+", or move the reports that use it to a smaller capacity",
			"%s is licensed for %s, and is used on the capacity %s of the SKU %s%s", g, c.licensedText(), shown, skuWithSize(k.SKU), c.asOfText())
	}
}

// checkSites checks that the visual is only embedded, and only on licensed hosts.
// Hosts are equal or they are not: no part, port, wildcard or case is forgiven.
func (c *usageCheck) checkSites() {
	g := c.use.GUID
	if viewers, ok := c.facts.Number(c.use.Viewers).Get(); !ok {
		c.addUnknownUsage("say in the facts how many people view it in the Power BI service; 0 if it is embedded only",
			"%s is licensed for %s alone; whether it is also used in the Power BI service is not known%s", g, c.licensedText(), c.asOfText())
	} else if viewers > 0 {
		c.addFinding(codeSite, verdict.Review, c.askVendor("a license of users or of a capacity"),
			"%s is licensed for %s alone, and %s it in the Power BI service%s", g, c.licensedText(), viewersText(viewers), c.asOfText())
	}
	licensed := func(host string) bool { return slices.Contains(c.terms.Sites, host) }
	hosts, known := c.use.Hosts.Get()
	if !known {
		if all, ok := c.facts.Sites.Get(); ok && !slices.ContainsFunc(all, func(h string) bool { return !licensed(h) }) {
			c.addFinding(codeUnknownUsage, verdict.Accept, "", "%s is licensed for %s; on which sites it is embedded is not known, but all %d of the tenant are covered%s",
				g, c.licensedText(), len(all), c.asOfText())
			return
		}
		c.addUnknownUsage("say in the facts on which hosts the visual is embedded",
			"%s is licensed for %s; on which sites it is embedded is not known%s%s", g, c.licensedText(), c.missingUseText(), c.asOfText())
		return
	}
	for _, h := range sortedUnique(hosts) {
		if !licensed(h) {
			c.addFinding(codeSite, verdict.Reject, c.askVendor("a license of this site")+", or take the visual from its reports",
				"%s is licensed for %s, and is embedded on %s%s", g, c.licensedText(), strconv.QuoteToASCII(h), c.asOfText())
		}
	}
}

// addUnknownUsage says that a fact was asked for and could not be told.
func (c *usageCheck) addUnknownUsage(hint, format string, args ...any) {
	v := verdict.Review
	if c.need.Asked {
		v = verdict.Warn
	}
	c.addFinding(codeUnknownUsage, v, hint, format, args...)
}

func (c *usageCheck) askVendor(forWhat string) string {
	return "ask " + c.vendorName() + " for " + forWhat
}

func (c *usageCheck) vendorName() string { return cmp.Or(c.terms.Vendor, "the vendor") }

// missingUseText says where facts lack a visual altogether: only people can tell how it
// is used.
func (c *usageCheck) missingUseText() string {
	if slices.ContainsFunc(c.facts.Uses, func(u Use) bool { return u.GUID == c.use.GUID }) {
		return ""
	}
	return ", since nobody wrote into facts.yaml how this visual is used"
}

func (c *usageCheck) asOfText() string {
	if c.facts.AsOf.IsZero() {
		return ""
	}
	return ", as of " + c.facts.AsOf.UTC().Format(dateForm)
}
