package ownership

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// A descriptor says whose something is on Windows, and who may do what with it.
type descriptor struct {
	owner   string
	entries []accessEntry
	// isOpen: there is no list, so everybody may do everything.
	isOpen bool
}

// An accessEntry lets an account do something. Entries that refuse are left out: what
// they take away is not counted on.
type accessEntry struct {
	account string
	rights  uint32
}

// Rights on files and folders, as Windows numbers them ("Access Mask Format", "File
// Access Rights Constants").
const (
	readData        = 0x1
	writeData       = 0x2 // in a folder: add a file
	appendData      = 0x4 // in a folder: add a folder
	writeAttributes = 0x100
	writeExtended   = 0x10
	deleteChild     = 0x40
	deleteIt        = 0x10000
	writeDAC        = 0x40000
	writeOwner      = 0x80000
	genericAll      = 0x10000000
	genericWrite    = 0x40000000
	genericRead     = 0x80000000

	// replacing is what lets somebody put another thing in the place of a folder or of
	// what is in it. Adding something beside it is not.
	replacing = deleteChild | deleteIt | writeDAC | writeOwner | genericAll
	writing   = replacing | writeData | appendData | genericWrite
	reading   = readData | genericRead | genericAll
)

// sddlRights are the rights that SDDL writes with letters.
var sddlRights = map[string]uint32{
	"GA": genericAll, "GR": genericRead, "GW": genericWrite, "GX": 0x20000000,
	"RC": 0x20000, "SD": deleteIt, "WD": writeDAC, "WO": writeOwner,
	"CC": readData, "DC": writeData, "LC": appendData, "SW": 0x8, "RP": writeExtended, "WP": 0x20, "DT": deleteChild, "LO": 0x80, "CR": writeAttributes,
	"FA": 0x1f01ff, "FR": 0x120089, "FW": 0x120116, "FX": 0x1200a0,
	"KA": 0xf003f, "KR": 0x20019, "KW": 0x20006, "KX": 0x20019,
}

// Accounts that SDDL writes with letters, and one of Windows' own.
const (
	sidSystem           = "SY"
	sidAdministrators   = "BA"
	sidAdministrator    = "LA"
	sidOwnerRights      = "OW"
	sidTrustedInstaller = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
)

// longForms are how the same accounts are written without letters.
var longForms = map[string]string{
	"S-1-5-18": sidSystem, "S-1-5-32-544": sidAdministrators, "S-1-3-4": sidOwnerRights,
}

func account(sid string) string {
	if short, ok := longForms[sid]; ok {
		return short
	}
	return sid
}

// parseSDDL reads a security descriptor as Windows writes it in text. What it cannot read
// is an error: then nothing is known.
func parseSDDL(text string) (descriptor, error) {
	var d descriptor
	sections := sddlSections(text)
	d.owner = account(sections['O'])
	dacl, has := sections['D']
	flags, list, _ := strings.Cut(dacl, "(")
	if !has || strings.Contains(flags, "NO_ACCESS_CONTROL") {
		d.isOpen = true
		return d, nil
	}
	if list == "" {
		return d, nil
	}
	for ace := range strings.SplitSeq(strings.TrimSuffix(list, ")"), ")(") {
		ace, _, _ = strings.Cut(ace, "(") // conditions have brackets of their own
		f := strings.Split(ace, ";")
		if len(f) < 6 {
			return d, fmt.Errorf("cannot read the access entry %q", ace)
		}
		kind, flags, rights, who := f[0], f[1], f[2], account(f[5])
		mask, err := parseRights(rights)
		if err != nil {
			return d, err
		}
		if kind != "A" && kind != "OA" && kind != "XA" && kind != "ZA" || hasFlag(flags, "IO") {
			continue
		}
		d.entries = append(d.entries, accessEntry{who, mask})
	}
	return d, nil
}

// sddlSections cuts a descriptor into owner, group, and lists. A letter and a colon begin
// one, outside of brackets.
func sddlSections(text string) map[byte]string {
	sections := map[byte]string{}
	depth, begin, name := 0, 0, byte(0)
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '(':
			depth++
		case text[i] == ')':
			depth--
		case depth == 0 && i+1 < len(text) && text[i+1] == ':' && strings.IndexByte("OGDS", text[i]) >= 0:
			if name != 0 {
				sections[name] = text[begin:i]
			}
			name, begin = text[i], i+2
		}
	}
	if name != 0 {
		sections[name] = text[begin:]
	}
	return sections
}

// hasFlag says whether flags of two letters each have one.
func hasFlag(flags, flag string) bool {
	for i := 0; i+2 <= len(flags); i += 2 {
		if flags[i:i+2] == flag {
			return true
		}
	}
	return false
}

func parseRights(text string) (uint32, error) {
	if strings.HasPrefix(text, "0x") || text != "" && strings.Trim(text, "0123456789") == "" {
		n, err := strconv.ParseUint(text, 0, 32)
		return uint32(n), err
	}
	var mask uint32
	for i := 0; i < len(text); i += 2 {
		right, ok := sddlRights[text[i:min(i+2, len(text))]]
		if !ok {
			return 0, fmt.Errorf("cannot read the rights %q", text)
		}
		mask |= right
	}
	return mask, nil
}

// An aclView is a file system of Windows.
type aclView struct {
	caller string // its SID
	// resolve returns the path without links; and sddl the descriptor of a path, as text.
	resolve func(name string) (string, error)
	sddl    func(name string) (string, error)
	// folders are those above a path, the nearest first, up to the volume.
	folders func(name string) []string
}

// check looks at a path and at the folders above it, links resolved first.
func (v aclView) check(name string, use Use) error {
	real, err := v.resolve(name)
	if isUnseen(err) {
		return nil
	}
	if err != nil {
		return err
	}
	forbidden, what := uint32(writing), "write to it"
	if use.IsSecret {
		forbidden, what = writing|reading, "read or write it"
	}
	if err := v.checkOne(real, forbidden, what, use); err != nil {
		return err
	}
	for _, folder := range v.folders(real) {
		if err := v.checkOne(folder, replacing, "replace it: they may change the folder "+folder, use); err != nil {
			return err
		}
	}
	return nil
}

// checkOne says who else may do something that is forbidden.
func (v aclView) checkOne(path string, forbidden uint32, what string, use Use) error {
	text, err := v.sddl(path)
	if isUnseen(err) {
		return nil
	}
	if err != nil {
		return err
	}
	d, err := parseSDDL(text)
	if err != nil {
		return err
	}
	fix := fmt.Sprintf("icacls %q /inheritance:r /grant:r SYSTEM:F Administrators:F", path)
	switch {
	case d.isOpen:
		return exposed(path, fix, "everybody on this machine may %s", what)
	case !v.isTrusted(d.owner, use):
		return exposed(path, fmt.Sprintf("icacls %q /setowner Administrators", path), "%s belongs to the account %s", path, d.owner)
	}
	for _, e := range d.entries {
		if e.rights&forbidden != 0 && e.account != sidOwnerRights && !v.isTrusted(e.account, use) {
			return exposed(path, fix, "the account %s may %s", e.account, what)
		}
	}
	return nil
}

func (v aclView) isTrusted(who string, use Use) bool {
	return who != "" && (who == account(v.caller) || slices.Contains([]string{sidSystem, sidAdministrators, sidAdministrator, sidTrustedInstaller}, who) ||
		slices.ContainsFunc(use.Owners, func(s string) bool { return account(s) == who }))
}

// ServiceSID is the account of a Windows service that runs as NT SERVICE\name: Windows
// derives it from the name.
func ServiceSID(name string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(strings.ToUpper(name))) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	sum := sha1.Sum(b) // Windows' choice: nothing is signed by it
	sid := "S-1-5-80"
	for i := 0; i < len(sum); i += 4 {
		sid += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(sum[i:]))
	}
	return sid
}
