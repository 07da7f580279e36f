package localapi

import (
	"fmt"
	"slices"
	"strings"
)

// JoinHint says how somebody becomes a member of a socket's group, by its name or its
// number. It never tells to join a group whose members may become root or change the
// machine: a socket that has such a group is to get another.
func JoinHint(group string) string {
	if !isHarmlessGroup(group) {
		return fmt.Sprintf("let root give the agent a group of its own, and never add people to %s, which may change the machine: "+
			"groupadd --system orgstore, Group=orgstore in the unit (`orgstore service install` writes it), start the agent again, then: usermod --append --groups orgstore ACCOUNT", group)
	}
	return fmt.Sprintf("let root add your account, then sign in again: usermod --append --groups %s ACCOUNT", group)
}

// isHarmlessGroup says whether membership of a group gives no power over the machine, as
// far as names tell. Numbers below a thousand without a name are the system's.
func isHarmlessGroup(group string) bool {
	name := strings.ToLower(strings.TrimSpace(group))
	if i := strings.LastIndexAny(name, `\/`); i >= 0 {
		name = name[i+1:]
	}
	isNumber := name != "" && strings.Trim(name, "0123456789") == ""
	switch {
	case name == "", isNumber && len(strings.TrimLeft(name, "0")) < 4:
		return false
	}
	return !slices.Contains([]string{
		"root", "wheel", "sudo", "admin", "admins", "administrators", "administrator", "adm", "staff", "operator", "daemon", "bin", "sys",
		"disk", "kmem", "mem", "shadow", "docker", "podman", "lxd", "libvirt", "systemd-journal", "domain admins", "enterprise admins", "sysadmin", "nogroup", "nobody",
	}, name)
}
