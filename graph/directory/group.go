package directory

import (
	"context"
	"errors"
	"net/url"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/packages/tenant"
)

// ErrHiddenMembers says that a group hides its members. A count of them would
// be zero. Microsoft documents the permission Member.Read.Hidden for such
// groups; orgstore does not request it.
var ErrHiddenMembers = errors.New("the group hides its members, so GroupMember.Read.All cannot count them")

// errGroupID says that a text is not a group's id.
var errGroupID = errors.New("name a group by its object id, such as 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11")

// Group counts the users in a group and in the groups within it. Devices,
// contacts, and applications do not count. It needs GroupMember.Read.All. With
// an error about the members, Group still returns the group, without their
// number.
func (d Directory) Group(ctx context.Context, id string) (tenant.Group, error) {
	id, ok := tenant.ID(id)
	if !ok {
		return tenant.Group{}, errGroupID
	}
	g := tenant.Group{ID: id}
	var a struct {
		Name       string `json:"displayName"`
		Visibility string `json:"visibility"`
	}
	query := url.Values{"$select": {"id,displayName,visibility"}}
	if err := d.api.GetJSON(ctx, graph.Graph, "/v1.0/groups/"+id, query, nil, &a); err != nil {
		return g, err
	}
	g.Name = tenant.Clean(a.Name)
	if a.Visibility == "HiddenMembership" {
		return g, ErrHiddenMembers
	}
	// A cast is an advanced query, which also needs $count (documented:
	// "Advanced query capabilities").
	n, err := d.countPeople(ctx, "/v1.0/groups/"+id+"/transitiveMembers/microsoft.graph.user/$count", url.Values{"$count": {"true"}})
	if err != nil {
		return g, err
	}
	g.Members = tenant.Number(n)
	return g, nil
}
