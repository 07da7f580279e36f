package ownership

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

const (
	person   = "S-1-5-21-1-2-3-1001"
	stranger = "S-1-5-21-1-2-3-1002"
)

// TestWindowsDescriptors holds descriptors, as Windows writes them, against the rule.
func TestWindowsDescriptors(t *testing.T) {
	service := ServiceSID("orgstore")
	closed := "O:BAG:SYD:PAI(A;;FA;;;SY)(A;;FA;;;BA)"
	for _, c := range []struct {
		name, file, folder string
		use                Use
		want               string // part of why; empty where nobody else may
	}{
		{name: "administrators alone", file: closed, folder: closed},
		{name: "of the caller", file: "O:" + person + "G:DUD:(A;;FA;;;" + person + ")(A;;FA;;;S-1-5-18)", folder: closed},
		{name: "everybody reads", file: "O:BAD:(A;;FR;;;WD)(A;;0x1200a9;;;BU)", folder: "O:BAD:(A;OICI;0x1200a9;;;BU)"},
		{name: "a system folder", file: closed, folder: "O:" + sidTrustedInstaller + "D:PAI(A;;FA;;;" + sidTrustedInstaller + ")(A;;0x1200a9;;;BU)"},
		{name: "the root of a volume: people may add folders, and inherit", file: closed, folder: "O:SYD:(A;;LC;;;AU)(A;OICIIO;SDGXGWGR;;;AU)(A;;FA;;;BA)"},
		{name: "ProgramData: people may add files", file: closed, folder: "O:SYD:(A;OICI;0x1200a9;;;BU)(A;CI;DCLCRPCR;;;BU)"},
		{name: "rights of the owner", file: "O:BAD:(A;;FA;;;OW)", folder: closed},
		{name: "somebody is refused", file: "O:BAD:(D;;FA;;;" + stranger + ")(A;;FA;;;BA)", folder: closed},
		{name: "the service's account, where it is named", file: "O:" + service + "D:(A;;FA;;;" + service + ")", folder: closed, use: Use{Owners: []string{service}}},
		{name: "a secret of administrators", file: closed, folder: closed, use: Use{IsSecret: true}},

		{name: "the service's account, elsewhere", file: "O:BAD:(A;;FA;;;" + service + ")", folder: closed, want: "may write to it"},
		{name: "another owner", file: "O:" + stranger + "D:(A;;FA;;;BA)", folder: closed, want: "belongs to the account " + stranger},
		{name: "no owner", file: "D:(A;;FA;;;BA)", folder: closed, want: "belongs to"},
		{name: "everybody writes", file: "O:BAD:(A;;FW;;;WD)", folder: closed, want: "the account WD may write to it"},
		{name: "people modify, by number", file: "O:BAD:(A;ID;0x1301bf;;;AU)", folder: closed, want: "the account AU may write to it"},
		{name: "somebody may append", file: "O:BAD:(A;;LC;;;" + stranger + ")", folder: closed, want: "may write to it"},
		{name: "somebody may change the rights", file: "O:BAD:(A;;WD;;;" + stranger + ")", folder: closed, want: "may write to it"},
		{name: "somebody may become the owner", file: "O:BAD:(A;;WO;;;" + stranger + ")", folder: closed, want: "may write to it"},
		{name: "under a condition", file: "O:BAD:(XA;;FA;;;" + stranger + `;(@User.Title=="x"))`, folder: closed, want: "may write to it"},
		{name: "no list", file: "O:BAG:SY", folder: closed, want: "everybody on this machine may write to it"},
		{name: "a list that lets all", file: "O:BAD:NO_ACCESS_CONTROL", folder: closed, want: "everybody on this machine"},
		{name: "people may delete what is in the folder", file: closed, folder: "O:BAD:(A;;DT;;;BU)", want: "replace it: they may change the folder"},
		{name: "people may rename the folder", file: closed, folder: "O:BAD:(A;;SD;;;BU)", want: "replace it"},
		{name: "people have all rights on the folder", file: closed, folder: "O:BAD:(A;OICI;GA;;;AU)", want: "replace it"},
		{name: "the folder of another", file: closed, folder: "O:" + stranger + "D:(A;;FA;;;BA)", want: "belongs to"},
		{name: "a secret that people read", file: "O:BAD:(A;;FR;;;BU)", folder: closed, use: Use{IsSecret: true}, want: "may read or write it"},
		{name: "unreadable rights", file: "O:BAD:(A;;ZZ;;;BA)", folder: closed, want: "cannot read the rights"},
		{name: "half of an entry", file: "O:BAD:(A;;FA", folder: closed, want: "cannot read the access entry"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := aclView{
				caller:  person,
				resolve: func(name string) (string, error) { return strings.Replace(name, "link", "real", 1), nil },
				sddl: func(name string) (string, error) {
					switch name {
					case `C:\real\orgstore.yaml`:
						return c.file, nil
					case `C:\real`:
						return c.folder, nil
					}
					return "", fmt.Errorf("%s: %w", name, fs.ErrNotExist)
				},
				folders: func(string) []string { return []string{`C:\real`} },
			}
			err := v.check(`C:\link\orgstore.yaml`, c.use)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Windows' own installer is a service, too: its account is known.
func TestServiceSID(t *testing.T) {
	if got := ServiceSID("TrustedInstaller"); got != sidTrustedInstaller {
		t.Errorf("got %s", got)
	}
}
