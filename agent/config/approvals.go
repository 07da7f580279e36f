package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"github.com/orgstore/orgstore/policies/approval"
)

// groups reads lists of accounts by name.
func (r *reader) groups(entries map[string][]label) map[string][]string {
	groups := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if len(entries[name]) == 0 {
			r.addAt(r.sections[reflect.TypeFor[approvalsSection]()], fmt.Sprintf("nobody is in the group %s", quote(name)), "list the accounts of its people, or remove it")
		}
		for _, account := range entries[name] {
			groups[name] = append(groups[name], r.label(text(account)))
		}
	}
	return groups
}

// approvals reads how many approvals changes need where a visual says nothing.
func (r *reader) approvals(e approvalsSection, groups map[string][]string) approval.Policy {
	p := approval.Policy{From: r.accounts(e.From, groups)}
	if e.From != nil && len(e.From) == 0 {
		r.addAt(r.sections[reflect.TypeFor[approvalsSection]()], "from lists nobody", "list who may approve; without the key anybody may")
	}
	r.count(text(e.Install), &p.Install, p.From)
	r.count(text(e.Upgrade), &p.Upgrade, p.From)
	r.count(text(e.Renewal), &p.Renewal, p.From)
	r.count(text(e.Rollback), &p.Rollback, p.From)
	return p
}

// approved reads how many approvals changes of one visual need.
func (r *reader) approved(e visualEntry, all approval.Policy, groups map[string][]string) approval.Policy {
	p := all
	if e.Approvers != nil {
		if len(e.Approvers) == 0 {
			r.addAt(e.GUID.node, "approvers lists nobody", "list who may approve; without the key those do who are named under approvals")
		}
		p.From = r.accounts(e.Approvers, groups)
	}
	r.count(text(e.Install.Approvals), &p.Install, p.From)
	r.count(text(e.Upgrade.Approvals), &p.Upgrade, p.From)
	r.count(text(e.Renewal.Approvals), &p.Renewal, p.From)
	r.count(text(e.Rollback.Approvals), &p.Rollback, p.From)
	return p
}

// accounts replaces the names of groups by the accounts in them.
func (r *reader) accounts(names []label, groups map[string][]string) []string {
	var all []string
	for _, l := range names {
		name := r.label(text(l))
		members, isGroup := groups[name]
		if !isGroup {
			members = []string{name}
		}
		for _, account := range members {
			if !slices.Contains(all, account) {
				all = append(all, account)
			}
		}
	}
	return all
}

// count reads a number of approvals, if one is given, that so many people can give.
func (r *reader) count(t text, into *int, from []string) {
	if !t.given() {
		return
	}
	n, err := strconv.Atoi(t.value)
	switch {
	case err != nil || n < 0 || n > approval.MaxApprovals || strconv.Itoa(n) != t.value:
		r.addAt(t.node, fmt.Sprintf("%s is not a number of approvals from 0 to %d", quote(t.value), approval.MaxApprovals), "")
	case len(from) > 0 && n > len(from):
		r.addAt(t.node, fmt.Sprintf("%d approvals can never be given: only %d may approve", n, len(from)), "name more people, or ask for fewer approvals")
	}
	*into = n
}
