package tenant_test

import (
	"testing"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/casetest"
	"github.com/orgstore/orgstore/packages/tenant"
)

// TestLicenseCases holds licenses against more use than they allow, and against
// use that nobody knows.
func TestLicenseCases(t *testing.T) {
	automatic, asked, strict := tenant.Need{}, tenant.Need{Asked: true}, tenant.Need{Strict: true}
	unread := tenant.Facts{ID: contoso, Source: "Microsoft Graph"}
	type situation struct {
		name  string
		terms license.Terms
		facts tenant.Facts
		need  tenant.Need
	}
	check := func(all ...situation) func(*testing.T, casetest.Report) {
		return func(t *testing.T, report casetest.Report) {
			for _, s := range all {
				t.Run(s.name, func(t *testing.T) {
					found := tenant.Check(s.terms, gauge, s.facts, s.need)
					if len(found) != 1 {
						t.Errorf("found %+v", found)
					}
					report.Findings(found...)
				})
			}
		}
	}
	casetest.Run(t, "C6", check(
		situation{"250 seats, 310 users", users(250), facts(seats(10, 300)), automatic},
		situation{"250 seats, 251 users", users(250), facts(seats(10, 241)), automatic},
		situation{"250 seats, 310 users, the policy is strict", users(250), facts(seats(10, 300)), strict},
	))
	casetest.Run(t, "C7", check(
		situation{"the inventory could not be read", users(250), unread, automatic},
		situation{"the inventory could not be read, a person asks", users(250), unread, asked},
		situation{"nobody knows the viewers", users(250), facts(tenant.Use{Designers: number(1)}), automatic},
		situation{"nobody knows the capacities, a person asks", capacity(nil, "F64"), facts(tenant.Use{}), asked},
	))
	casetest.Run(t, "C8", check(
		situation{"F64 licensed, used on F128", capacity(nil, "F64"), facts(on(prod), having("F128")), automatic},
		situation{"used on an id that is not listed", capacity([]string{test}, "F64"), facts(on(prod), having("F64")), automatic},
		situation{"used on a SKU that nobody knows", capacity(nil, "F64"), facts(on(prod), having("F4096")), automatic},
		situation{"used on a SKU that nobody knows, a person asks", capacity(nil, "F64"), facts(on(prod), having("F4096")), asked},
	))
}
