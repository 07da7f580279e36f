package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license/profile"
)

const (
	// ProfileFolder is where vendor profiles lie, in the data folder.
	ProfileFolder = "profiles"
	profileSuffix = ".yaml"
	// maxProfiles bounds how many are read: each is tried on every package that
	// it may be about.
	maxProfiles = 100
)

// codeProfile is the code of the fault that a vendor profile cannot be read.
const codeProfile = "profile.invalid"

// A ProfileFile is a vendor profile and the file it was read from.
type ProfileFile struct {
	File string
	profile.Profile
}

// ReadProfiles reads the vendor profiles of the data folder, in the order of their
// names. An error tells every one that cannot be read, with its place; the
// others are returned all the same.
func (p Ports) ReadProfiles(s config.Settings) ([]ProfileFile, error) {
	folder := filepath.Join(s.Data, ProfileFolder)
	entries, err := p.Disk.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var read []ProfileFile
	var broken []error
	names := map[string]string{}
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), profileSuffix) || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if len(read) == maxProfiles {
			broken = append(broken, fmt.Errorf("%s holds more than %d profiles", folder, maxProfiles))
			break
		}
		p, err := p.profile(s, filepath.Join(folder, e.Name()))
		if first := names[p.Name()]; err == nil && first != "" {
			err = fmt.Errorf("%s: the profile is called %s, as the one in %s is", filepath.Join(folder, e.Name()), p.Name(), first)
		}
		if err != nil {
			broken = append(broken, err)
			continue
		}
		names[p.Name()] = e.Name()
		read = append(read, ProfileFile{e.Name(), p})
	}
	if err := errors.Join(append(broken, err)...); err != nil {
		code := codeProfile
		if f := (*fault.Fault)(nil); errors.As(err, &f) && f.Code == CodeFileMode {
			code = f.Code
		}
		return read, fault.New(code,
			"mend the profile, or take it away; until then nothing is changed in the store, since profiles decide what is a renewal",
			"cannot read the vendor profiles: %w", err)
	}
	return read, nil
}

func (p Ports) profile(s config.Settings, file string) (profile.Profile, error) {
	if err := guardInData("the vendor profile", file, s); err != nil {
		return profile.Profile{}, err
	}
	text, err := disk.ReadFile(p.Disk, file, profile.MaxSize)
	if err != nil {
		return profile.Profile{}, files.Unreadable(file, err)
	}
	return profile.Parse(filepath.Base(file), text)
}

// ProfilesInForce reads the profiles and says which of them cannot be read. Whoever only
// looks goes on with the others.
func (p Ports) ProfilesInForce(s config.Settings) (profile.Set, error) {
	read, err := p.ReadProfiles(s)
	if err != nil {
		p.note("%v", err)
	}
	var set profile.Set
	for _, p := range read {
		set = append(set, p.Profile)
	}
	return set, err
}
