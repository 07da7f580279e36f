package engine

import (
	"io/fs"

	"github.com/orgstore/orgstore/agent/localapi"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/policies/approval"
)

// checkApprovals grades what keeps one person from speaking as another: the kernel, through the
// agent's socket; or nothing but who may write to the data folder.
func (c *checkup) checkApprovals() {
	const (
		name, what = "approvals", "who says who approves"
		useSocket  = "let people call the agent under their own accounts: agent: {socket: /run/orgstore/orgstore.sock} in the settings, see install/linux.md"
	)
	isSocket := c.settings.Agent.Socket != ""
	actor, err := c.Actor()
	switch {
	case !asksForApprovals(c.settings):
		c.add(name, what, tenant.Off, "the settings ask for no approvals", "")
	case err != nil:
		c.result(name, what, "", err, "")
	case approval.Person(actor).IsUnknown():
		c.add(name, what, tenant.Limited, "nobody can tell who this is: "+actor.String()+"; what is said from here is no approval", approval.HintUnknown)
	case isSocket && c.isOwnersAlone(c.settings.Data):
		c.add(name, what, tenant.Ready, "the kernel, through the agent's socket; root, and the account of the data folder, approve nothing", "")
	case isSocket:
		c.add(name, what, tenant.Limited, "the kernel, through the agent's socket; but others than its owner may write to the data folder, and so approvals under any name",
			"take that right away: chmod go-rwx "+c.settings.Data)
	case localapi.Supported() != nil:
		c.add(name, what, tenant.Limited, "the data folder alone: whoever may write there may write approvals under any name", "give only those a right to the data folder who may approve")
	default:
		c.add(name, what, tenant.Limited, "the data folder alone: whoever may write there, "+writersOf(c.isOwnersAlone(c.settings.Data))+", may write approvals under any name", useSocket)
	}
}

// writersOf names those who may write to the data folder.
func writersOf(isOwnersAlone bool) string {
	if isOwnersAlone {
		return "which is its owner alone"
	}
	return "which others than its owner may"
}

// isOwnersAlone says whether only its owner may write to a folder, as far as modes tell.
func (c *checkup) isOwnersAlone(folder string) bool {
	const others fs.FileMode = 0o022
	info, err := c.Disk.Stat(folder)
	return err == nil && info.Mode().Perm()&others == 0
}
