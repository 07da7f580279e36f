package systemd

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/orgstore/orgstore/agent/service"
)

// The lines of the unit that depend on the machine.
const (
	execStart = "ExecStart=/usr/local/bin/orgstore agent run --config /etc/orgstore/orgstore.yaml"
	stateLine = "StateDirectory=orgstore"
	stateDir  = "/var/lib/orgstore" // what that line makes
	runtime   = "/run/orgstore"     // what RuntimeDirectory=orgstore makes
	runs      = " agent run --config "
)

// hidden is what the unit keeps from the service: ProtectHome and PrivateTmp.
var hidden = []string{"/home", "/root", "/run/user", "/tmp", "/var/tmp"}

// render fills a definition into the unit.
func render(template, program string, d service.Definition) (string, error) {
	for _, p := range slices.Concat([]string{program, d.Settings, d.Data}, d.Reads, places(d)) {
		if err := reachable(p); err != nil {
			return "", err
		}
	}
	for _, line := range []string{execStart, stateLine} {
		if strings.Count(template, "\n"+line+"\n") != 1 {
			return "", fmt.Errorf("the unit does not have the line %q once", line)
		}
	}
	start := "ExecStart=" + command(program) + runs + command(d.Settings)
	var more strings.Builder
	more.WriteString(stateLine + "\n")
	for _, w := range slices.Concat([]string{d.Data}, places(d)) {
		if w != stateDir {
			more.WriteString("ReadWritePaths=" + quoted(w) + "\n")
		}
	}
	for _, c := range d.Credentials {
		if err := named(c); err != nil {
			return "", err
		}
		more.WriteString("LoadCredential=" + c.Name + ":" + quoted(c.File) + "\n")
	}
	filled := strings.Replace(template, execStart, start, 1)
	return strings.Replace(filled, stateLine+"\n", more.String(), 1), nil
}

// places are the folders that the service writes to besides its data. The usual one
// for the socket systemd makes itself.
func places(d service.Definition) []string {
	if at := filepath.Dir(d.Socket); d.Socket != "" && at != runtime {
		return append(slices.Clip(d.Writes), at)
	}
	return d.Writes
}

// reachable refuses what the service could not see, or what no unit can name.
func reachable(path string) error {
	if strings.ContainsFunc(path, unicode.IsControl) || !filepath.IsAbs(path) {
		return service.Refuse("path", fmt.Sprintf("a unit cannot name %q", path), "move it to a path without control characters")
	}
	for _, h := range hidden {
		if path == h || strings.HasPrefix(path, h+"/") {
			return service.Refuse("path", fmt.Sprintf("the service cannot reach %s: it sees nothing below %s", path, h),
				"keep the program in /usr/local/bin, the settings in /etc/orgstore, and what the service writes in /var/lib/orgstore (data: in the settings)")
		}
	}
	return nil
}

// named refuses names of credentials that systemd does not take, and paths that
// would say something else in its line.
func named(c service.Credential) error {
	bad := func(r rune) bool {
		return !(r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) || strings.ContainsRune("._-", r))
	}
	if c.Name == "" || c.Name == "." || c.Name == ".." || strings.ContainsFunc(c.Name, bad) {
		return service.Refuse("credential", fmt.Sprintf("%q cannot be the name of a credential", c.Name), "use letters, digits, dots, dashes and underscores")
	}
	if !filepath.IsAbs(c.File) || strings.ContainsFunc(c.File, unicode.IsControl) {
		return service.Refuse("credential", fmt.Sprintf("the credential %s is not named by a full path: %q", c.Name, c.File), "write NAME=/full/path")
	}
	return nil
}

// quoted writes a path so that systemd reads that path: percent signs begin its
// specifiers.
func quoted(path string) string {
	path = strings.ReplaceAll(path, "%", "%%")
	if !strings.ContainsAny(path, " \"'\\") {
		return path
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(path) + `"`
}

// command writes a path as a word of a command, in which a dollar sign begins a
// variable.
func command(path string) string { return quoted(strings.ReplaceAll(path, "$", "$$")) }

// settingsOf reads from a unit which settings it runs with; empty if it is not
// one of render's.
func settingsOf(unit string) string {
	for line := range strings.Lines(unit) {
		if start, ok := strings.CutPrefix(line, "ExecStart="); ok {
			_, word, _ := strings.Cut(strings.TrimSpace(start), runs)
			return unquoted(word)
		}
	}
	return ""
}

func unquoted(word string) string {
	if inner, ok := strings.CutPrefix(word, `"`); ok {
		word = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(strings.TrimSuffix(inner, `"`))
	}
	return strings.NewReplacer("$$", "$", "%%", "%").Replace(word)
}
