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
		situation{"250 seats, 310 users", userTerms(250), factsWith(useBy(10, 300)), automatic},
		situation{"250 seats, 251 users", userTerms(250), factsWith(useBy(10, 241)), automatic},
		situation{"250 seats, 310 users, the policy is strict", userTerms(250), factsWith(useBy(10, 300)), strict},
	))
	casetest.Run(t, "C7", check(
		situation{"the inventory could not be read", userTerms(250), unread, automatic},
		situation{"the inventory could not be read, a person asks", userTerms(250), unread, asked},
		situation{"nobody knows the viewers", userTerms(250), factsWith(tenant.Use{Designers: peopleCount(1)}), automatic},
		situation{"nobody knows the capacities, a person asks", capacityTerms(nil, "F64"), factsWith(tenant.Use{}), asked},
	))
	casetest.Run(t, "C8", check(
		situation{"F64 licensed, used on F128", capacityTerms(nil, "F64"), factsWith(useOnCapacities(prod), withCapacities("F128")), automatic},
		situation{"used on an id that is not listed", capacityTerms([]string{test}, "F64"), factsWith(useOnCapacities(prod), withCapacities("F64")), automatic},
		situation{"used on a SKU that nobody knows", capacityTerms(nil, "F64"), factsWith(useOnCapacities(prod), withCapacities("F4096")), automatic},
		situation{"used on a SKU that nobody knows, a person asks", capacityTerms(nil, "F64"), factsWith(useOnCapacities(prod), withCapacities("F4096")), asked},
	))
}
