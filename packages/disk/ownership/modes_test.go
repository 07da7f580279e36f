package ownership

import (
	"io/fs"
	"strings"
	"testing"
)

const (
	caller = "1000"
	other  = "1003"
)

// files are names with what is known of them; a folder that is not named is root's.
type files map[string]node

func (f files) lstat(name string) (node, error) {
	if n, ok := f[name]; ok {
		return n, nil
	}
	for longer := range f {
		if name == "/" || strings.HasPrefix(longer, name+"/") {
			return node{owner: "0", group: "0", mode: fs.ModeDir | 0o755}, nil
		}
	}
	return node{}, fs.ErrNotExist
}

func TestCheck(t *testing.T) {
	const settings = "/etc/orgstore/orgstore.yaml"
	file := func(owner string, mode fs.FileMode) node { return node{owner: owner, group: owner, mode: mode} }
	dir := func(owner string, mode fs.FileMode) node {
		return node{owner: owner, group: owner, mode: fs.ModeDir | mode}
	}
	link := func(owner, target string) node {
		return node{owner: owner, group: owner, mode: fs.ModeSymlink | 0o777, target: target}
	}
	people := func(n node) node { n.group = "7100"; return n }
	for _, c := range []struct {
		name   string
		files  files
		path   string // settings where it is empty
		use    Use
		caller string
		want   string // part of why; empty where nobody else may
	}{
		{name: "of root", files: files{settings: file("0", 0o644)}},
		{name: "of the caller", files: files{settings: file(caller, 0o644), "/etc/orgstore": dir(caller, 0o755)}},
		{name: "not there", files: files{"/etc/orgstore": dir("0", 0o755)}},
		{name: "its own group writes", files: files{settings: file(caller, 0o664), "/etc/orgstore": dir(caller, 0o775)}},
		{name: "in a folder as /tmp", files: files{settings: file(caller, 0o644), "/etc/orgstore": dir("0", fs.ModeSticky|0o777)}},
		{name: "a link within safe folders", files: files{settings: link("0", "../other/o.yaml"), "/etc/other/o.yaml": file("0", 0o644)}},
		{name: "as Kubernetes mounts it", files: files{
			"/etc/orgstore": dir("0", 0o777), settings: link("0", "..data/orgstore.yaml"), "/etc/orgstore/..data": link("0", "..2026_11_29"),
			"/etc/orgstore/..2026_11_29": dir("0", 0o755), "/etc/orgstore/..2026_11_29/orgstore.yaml": file("0", 0o644),
		}, path: "readonly"},
		{name: "whose owner this namespace does not know", files: files{settings: file("65534", 0o644)}},
		{name: "a data folder that a group shares", files: files{settings: people(dir("0", 0o2775))}, use: Use{GroupMayWrite: true}},
		{name: "a data folder of the service, for root", files: files{settings: dir("999", 0o700)}, use: Use{Owners: []string{"999"}}, caller: "0"},
		{name: "a secret", files: files{settings: file(caller, 0o600)}, use: Use{IsSecret: true}},
		{name: "a secret of root that a group reads", files: files{settings: people(file("0", 0o640))}, use: Use{IsSecret: true}},

		{name: "of somebody else", files: files{settings: file(other, 0o644)}, want: "belongs to the account 1003"},
		{name: "of somebody else, for root", files: files{settings: file(other, 0o600)}, caller: "0", want: "belongs to the account 1003"},
		{name: "everybody writes", files: files{settings: file(caller, 0o646)}, want: "everybody on this machine may write to it"},
		{name: "a group writes", files: files{settings: people(file(caller, 0o664))}, want: "the group 7100 may write to it"},
		{name: "in the folder of somebody else", files: files{settings: file(caller, 0o600), "/etc/orgstore": dir(other, 0o755)}, want: "/etc/orgstore belongs to the account 1003"},
		{name: "in a folder of a group", files: files{settings: file(caller, 0o600), "/etc/orgstore": people(dir(caller, 0o775))}, want: "the group 7100 may write to the folder /etc/orgstore"},
		{name: "in an open folder", files: files{settings: file(caller, 0o600), "/etc/orgstore": dir("0", 0o777)}, want: "everybody may write to the folder /etc/orgstore"},
		{name: "in a folder as /tmp, of somebody else", files: files{settings: file(other, 0o600), "/etc/orgstore": dir("0", fs.ModeSticky|0o777)}, want: "belongs to the account 1003"},
		{name: "a link of somebody else", files: files{settings: link(other, "/etc/other"), "/etc/other": file("0", 0o644), "/etc/orgstore": dir("0", fs.ModeSticky|0o777)}, want: "belongs to the account 1003"},
		{name: "a link into an open folder", files: files{settings: link("0", "/open/orgstore.yaml"), "/open": dir("0", 0o777), "/open/orgstore.yaml": file("0", 0o644)}, want: "the folder /open"},
		{name: "a folder that is a link into one of somebody else", files: files{"/etc/orgstore": link("0", "/srv/eve"), "/srv/eve": dir(other, 0o755), "/srv/eve/orgstore.yaml": file("0", 0o644)}, want: "/srv/eve belongs to"},
		{name: "a link up out of an open folder", files: files{settings: link("0", "/open/../etc/x"), "/open": dir("0", 0o777), "/etc/x": file("0", 0o644)}, want: "the folder /open"},
		{name: "a link to itself", files: files{settings: link("0", "orgstore.yaml")}, want: "too many links"},
		{name: "an open data folder", files: files{settings: dir(caller, 0o777)}, use: Use{GroupMayWrite: true}, want: "everybody on this machine may write to it"},
		{name: "an open data folder as /tmp", files: files{settings: dir("0", fs.ModeSticky|0o777)}, use: Use{GroupMayWrite: true}, want: "everybody on this machine may write to it"},
		{name: "a secret that all read", files: files{settings: file(caller, 0o644)}, use: Use{IsSecret: true}, want: "others on this machine may read it"},
		{name: "a secret that a group reads, not of root", files: files{settings: people(file(caller, 0o640))}, use: Use{IsSecret: true}, want: "others on this machine may read it"},
		{name: "a secret of root that all read", files: files{settings: file("0", 0o644)}, use: Use{IsSecret: true}, want: "others on this machine may read it"},
		{name: "a secret of root that a group writes", files: files{settings: people(file("0", 0o660))}, use: Use{IsSecret: true}, want: "the group 7100 may write to it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := modeView{
				caller: caller, lstat: c.files.lstat, isReadOnly: func(string) bool { return c.path == "readonly" },
				isPrivate: func(owner, group string) bool { return owner == group }, isHidden: func(owner string) bool { return owner == "65534" },
			}
			if c.caller != "" {
				v.caller = c.caller
			}
			err := v.check(settings, c.use)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
