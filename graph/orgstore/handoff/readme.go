package handoff

import (
	"fmt"
	"strings"
	"time"
)

// readme says in plain words what to do. The portal's words are those of
// Microsoft's page on organizational visuals; that the About box of a visual
// shows its ID, version and source was observed.
func (t task) readme() []byte {
	var b strings.Builder
	title := strings.ToUpper(t.title()[:1]) + t.title()[1:]
	fmt.Fprintf(&b, "%s\n%s\n\n", title, strings.Repeat("=", len([]rune(title))))
	for _, part := range []struct {
		head  string
		lines []string
	}{
		{"Why", t.why()},
		{"Until when", t.until()},
		{"Take care", t.warning()},
		{"What to do", t.steps()},
		{"How to confirm", t.confirm()},
		{"If it is not done", t.otherwise()},
		{"How to go back", t.back()},
		{"What this is about", t.about()},
	} {
		if len(part.lines) > 0 {
			fmt.Fprintf(&b, "%s\n%s\n\n", part.head, "  "+strings.Join(part.lines, "\n  "))
		}
	}
	// Old editors of Windows know no other line break.
	return []byte(strings.ReplaceAll(b.String(), "\n", "\r\n"))
}

func (t task) why() []string {
	if t.Reason == "" {
		return nil
	}
	return []string{t.Reason}
}

func (t task) until() []string {
	var lines []string
	if !t.FromEnds.IsZero() {
		lines = append(lines, fmt.Sprintf("Before %s: then the license of what is installed ends.", day(t.FromEnds)))
	}
	if !t.Ends.IsZero() {
		lines = append(lines, fmt.Sprintf("The package in this folder is licensed until %s.", day(t.Ends)))
	}
	return lines
}

// warning tells entries apart that a person may take for each other.
func (t task) warning() []string {
	var lines []string
	if t.Listed != "" && t.Listed != t.called() {
		lines = append(lines, fmt.Sprintf("The portal's list calls this visual %q, and its package %q.", t.Listed, t.called()))
	}
	if len(t.Others) > 0 {
		lines = append(lines, "Other entries of the list have that name and are other visuals. Leave these alone:")
		for _, id := range t.Others {
			lines = append(lines, "  "+id)
		}
		lines = append(lines, "Export the list: it shows the ID of each entry. The one to change has the ID",
			"  "+t.installed())
	}
	return lines
}

func (t task) steps() []string {
	all := []string{"Sign in as a Fabric administrator" + t.ofTenant() + ", open the Admin portal and choose Organizational visuals."}
	if t.File != "" {
		all = append([]string{"Check that the file is the one that was verified. In PowerShell:\n" +
			"       Get-FileHash -Algorithm SHA256 \"" + t.File + "\"\n     must show, in upper or lower case,\n       " + hexOf(t.Digest)}, all...)
	}
	switch t.Action {
	case actionAdd:
		all = append(all, t.add()...)
	case actionUpdate:
		all = append(all, t.update()...)
	case actionOn, actionOff:
		return numbered(append(all, t.access(t.Action == actionOn)...))
	default:
		all = append(all, fmt.Sprintf("Look whether %s is in the list (ID %s).\n     If it is, go on as for an update:", t.called(), t.installed()))
		all = append(all, t.update()...)
		all = append(all, "Only if it is not in the list, add it instead:")
		all = append(all, t.add()...)
	}
	if t.Access != nil {
		all = append(all, t.access(*t.Access)...)
	}
	return numbered(all)
}

func (t task) add() []string {
	return []string{
		"Choose Add visual, then From a file, and this folder's file:\n       " + t.File,
		fmt.Sprintf("Name it %q, give it an icon, leave Access on, and choose Add.", t.called()),
		"If the portal answers that it already exists, stop: never delete an entry.\n" +
			"     Export the list of visuals and give it to orgstore: orgstore store import-csv FILE",
	}
}

func (t task) update() []string {
	return []string{
		fmt.Sprintf("Select %s and choose Settings.", t.entry()),
		"Choose Browse and this folder's file, then Update:\n       " + t.File + "\n" +
			"     Do not delete the entry to add it again: that cannot be taken back, and\n" +
			"     reports that use the visual stay broken.",
	}
}

func (t task) access(on bool) []string {
	word, after := "off", "Reports that use the visual then show that it is no longer available; nothing is deleted."
	if on {
		word, after = "on", "Reports show the visual again."
	}
	return []string{fmt.Sprintf("Select %s, choose Settings and turn Access %s.\n     %s", t.entry(), word, after)}
}

// confirm says how to tell orgstore, and what can be seen at all.
func (t task) confirm() []string {
	command, access := "       "+t.command("store confirm"), ""
	if t.Access != nil {
		access = " --access " + map[bool]string{true: "on", false: "off"}[*t.Access]
	}
	switch {
	case t.Action == actionOn, t.Action == actionOff:
		return []string{"Look at the visual's entry in the list, then:", command + " --access " + strings.TrimPrefix(t.Action, "access-")}
	case t.FromVersion == t.Version:
		return []string{
			"The version stays " + t.Version + ", so nothing in a report shows that it was done. Say that",
			"you uploaded this very file, with the beginning of its SHA-256:",
			command + " --version " + t.Version + " --uploaded --sha256 " + hexOf(t.Digest)[:12] + access,
		}
	}
	return []string{
		"Open a report that uses the visual and look at its About box. It must show",
		"  ID       " + t.installed(),
		"  Version  " + t.Version,
		"Then:",
		command + " --version " + t.Version + access,
		"If it shows another version, do not confirm: say what is installed with",
		"       " + t.command("store baseline") + " --package FILE --evidence TEXT",
	}
}

func (t task) otherwise() []string {
	lines := []string{"Nothing changes: reports go on with what is installed, and orgstore keeps waiting and reminds."}
	if !t.FromEnds.IsZero() && t.File != "" {
		lines = append(lines, fmt.Sprintf("From %s on, the license of what is installed has ended.", day(t.FromEnds)))
	}
	return append(lines, "If this is not to be done at all: "+t.command("hold")+" --reason TEXT")
}

func (t task) back() []string {
	switch {
	case t.Action == actionOn, t.Action == actionOff:
		return []string{"Turn Access the other way in the same place."}
	case t.FromDigest == "" || t.FromDigest == t.Digest:
		return []string{"Turn the visual's Access off: nothing is ever deleted from the store. To have that as a task:",
			"       " + t.command("rollback") + " --to 0 --reason TEXT"}
	}
	return []string{
		fmt.Sprintf("Upload the package of %s again, SHA-256", t.FromVersion),
		"  " + hexOf(t.FromDigest),
		"This lays it out as a task of its own, verified again:",
		"       " + t.command("rollback") + t.wayBack() + " --reason TEXT",
	}
}

// wayBack says where a rollback goes: of one version, two packages are told apart by
// the revision alone, which a renewal is not gone back from without.
func (t task) wayBack() string {
	if t.FromVersion == t.Version {
		return " --to REVISION" // of orgstore history
	}
	return ""
}

func (t task) about() []string {
	lines := []string{"Visual   " + t.called(), "ID       " + t.installed()}
	if t.File != "" {
		lines = append(lines, "File     "+t.File, "Version  "+t.Version, "SHA-256  "+hexOf(t.Digest))
	}
	if t.FromVersion != "" {
		lines = append(lines, "Now      "+t.FromVersion+"  "+hexOf(t.FromDigest))
	}
	if t.Store != "" {
		lines = append(lines, "Store    "+t.Store)
	}
	if t.Tenant != "" {
		lines = append(lines, "Tenant   "+t.Tenant)
	}
	return append(lines, "Step     "+t.Step, "Laid out "+stamp(t.Created))
}

// ofTenant names the tenant where there may be others.
func (t task) ofTenant() string {
	if t.Store == "" || t.Tenant == "" {
		return ""
	}
	return " of the tenant " + t.Tenant
}

// command is what a person runs about the visual.
func (t task) command(verb string) string {
	if t.Store == "" {
		return "orgstore " + verb + " " + t.GUID
	}
	return "orgstore " + verb + " " + t.GUID + " --store " + t.Store
}

// installed is how reports name the visual.
func (t task) installed() string { return t.guid().OrgStore() }

func numbered(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = fmt.Sprintf("%2d. %s", i+1, l)
	}
	return out
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
