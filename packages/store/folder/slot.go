package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

const (
	enabledSuffix  = ".pbiviz"
	disabledSuffix = ".pbiviz.disabled"
)

// A slot is the file of one visual.
type slot struct {
	name    string // in the store's directory
	guid    visual.GUID
	enabled bool
	mode    fs.FileMode // its type only
}

// slotOf returns the slot that a visual should have.
func slotOf(g visual.GUID, enabled bool) slot {
	if enabled {
		return slot{name: g.String() + enabledSuffix, guid: g, enabled: true}
	}
	return slot{name: g.String() + disabledSuffix, guid: g}
}

// parseSlot reads a file's name as that of a visual, however its suffix is
// cased: file systems that fold case take A.PBIVIZ and A.pbiviz for one file.
func parseSlot(name string) (slot, bool) {
	for _, suffix := range []string{enabledSuffix, disabledSuffix} {
		n := len(name) - len(suffix)
		if n <= 0 || !strings.EqualFold(name[n:], suffix) {
			continue
		}
		if g, err := visual.ParseGUID(name[:n]); err == nil {
			return slot{name: name, guid: g, enabled: suffix == enabledSuffix}, true
		}
	}
	return slot{}, false
}

// A group is all files that a file system which folds case may take for one
// visual's. All is well with a group of one.
type group []slot

// problem says what keeps a group from being one visual's one file.
func (g group) problem() string {
	only := g[0]
	switch {
	case len(g) > 1:
		names := make([]string, len(g))
		for i, s := range g {
			names[i] = s.name
		}
		return "there is more than one file: " + strings.Join(names, ", ")
	case only.mode.IsDir():
		return only.name + " is a folder"
	case !only.mode.IsRegular():
		return only.name + " is a link or a device, not a file"
	case only.name != slotOf(only.guid, only.enabled).name:
		return fmt.Sprintf("%s must be called %s", only.name, slotOf(only.guid, only.enabled).name)
	}
	return ""
}

// slots are the groups by their GUIDs in lower case.
type slots map[string]group

// groupOf returns the one group in which a visual is, if it is in any.
func (s slots) groupOf(g visual.GUID) slots {
	key := strings.ToLower(g.String())
	if in, ok := s[key]; ok {
		return slots{key: in}
	}
	return nil
}

func (s slots) equal(t slots) bool {
	return maps.EqualFunc(s, t, func(a, b group) bool { return slices.Equal(a, b) })
}

// scanSlots finds the visuals' files, in the order of their names.
func (s *Store) scanSlots() (slots, error) {
	entries, err := s.disk.ReadDir(s.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the store's folder %s does not exist; if it is new, make it, and if it is a share, it may not be mounted: %w", s.dir, fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("cannot list the store: %w", err)
	}
	all := slots{}
	for _, e := range entries {
		if found, ok := parseSlot(e.Name()); ok {
			found.mode = e.Type()
			key := strings.ToLower(found.guid.String())
			all[key] = append(all[key], found)
		}
	}
	return all, nil
}

// findSlot returns a visual's slot and whether it is held; if not, the slot to add
// it in. It refuses where anything else than that one file is in the way.
func (s *Store) findSlot(g visual.GUID) (found slot, held bool, err error) {
	fresh := slotOf(g, true)
	if disk.ReservedName(fresh.name) {
		return slot{}, false, verdict.Refuse(codeName,
			fmt.Sprintf("cannot keep %s in a folder: Windows does not allow a file to be called %s", g, fresh.name),
			"use another store for this visual")
	}
	all, err := s.scanSlots()
	if err != nil {
		return slot{}, false, err
	}
	in, ok := all[strings.ToLower(g.String())]
	if !ok {
		return fresh, false, nil
	}
	if problem := in.problem(); problem != "" {
		return slot{}, false, conflictRefusal(problem, g)
	}
	if in[0].guid != g {
		return slot{}, false, conflictRefusal(fmt.Sprintf("%s differs only in upper and lower case, which many file systems take for the same", in[0].name), g)
	}
	return in[0], true, nil
}

func conflictRefusal(problem string, g visual.GUID) *verdict.Refusal {
	return verdict.Refuse(codeConflict, fmt.Sprintf("cannot change %s: %s", g, problem),
		"look at what lies in the store's folder and move away what does not belong there; orgstore touches only what is its own")
}
