package handoff

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// others may read tasks: an administrator is rarely the agent's user.
const (
	readable  fs.FileMode = 0o644
	browsable fs.FileMode = 0o755
)

// half is what a task's folder is called until all of it is there.
const half = ".orgstore-task-"

var halfForm = regexp.MustCompile(`^\.orgstore-task-[0-9a-f]{16}$`)

// maxEnded bounds how often one task can end on one day.
const maxEnded = 99

// An ending says how a task ended.
type ending struct {
	folder string // in the folder of tasks
	text   string // what its README says then
}

// The endings.
var (
	withdrawn = ending{"Withdrawn", "This task was withdrawn. Do not upload anything for it.\r\n"}
	done      = ending{"Done", "This task is done. Nothing is left to do.\r\n"}
)

// laid is a task as it lies in the folder of tasks.
type laid struct {
	name  string
	task  task
	whole bool // it has its package, byte for byte
}

// of says whether a task is that of a step. A task whose task.json cannot be
// read is recognized by its name.
func (l laid) of(id store.StepID) bool {
	if l.task.Step != "" {
		return l.task.Step == string(id)
	}
	return strings.HasSuffix(l.name, "["+tag(id)+"]")
}

// scan reads the tasks, in the order of their names.
func (s *Store) scan() ([]laid, error) {
	entries, err := s.d.ReadDir(s.folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the folder of tasks %s does not exist; if it is new, make it, and if it is a share, it may not be mounted: %w", s.folder, fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("cannot list the folder of tasks: %w", err)
	}
	var all []laid
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") || e.Name() == withdrawn.folder || e.Name() == done.folder {
			continue
		}
		if l, ok := s.read(e.Name()); ok {
			all = append(all, l)
		}
	}
	return all, nil
}

// read reads one folder; false where it is not a task of ours.
func (s *Store) read(name string) (laid, bool) {
	dir := filepath.Join(s.folder, name)
	text, err := disk.ReadFile(s.d, filepath.Join(dir, taskFile), maxTask)
	if err != nil {
		return laid{name: name}, tagForm.MatchString(name)
	}
	t, err := decodeTask(text)
	if err != nil {
		return laid{name: name}, tagForm.MatchString(name)
	}
	return laid{name: name, task: t, whole: s.whole(dir, t)}, true
}

var tagForm = regexp.MustCompile(` \[[0-9a-z]{10}\]$`)

func (s *Store) whole(dir string, t task) bool {
	if t.File == "" {
		return true
	}
	pkg, err := disk.ReadFile(s.d, filepath.Join(dir, filepath.Base(t.File)), pbiviz.DefaultLimits().FileSize)
	return err == nil && visual.DigestOf(pkg).String() == t.Digest
}

// write lays a folder out at once: whoever looks sees all of it or nothing.
func (s *Store) write(name string, t task, pkg []byte) error {
	files, err := t.files(pkg)
	if err != nil {
		return err
	}
	temp := filepath.Join(s.folder, half+disk.Unique())
	if err := s.d.MkdirAll(temp, browsable); err != nil {
		return err
	}
	err = s.fill(temp, files)
	if err == nil {
		err = s.d.Rename(temp, filepath.Join(s.folder, name))
	}
	if err != nil {
		_ = s.removeAll(temp) // Sweep finds what is left
		return err
	}
	return s.d.SyncDir(s.folder)
}

func (s *Store) fill(dir string, files []file) error {
	for _, f := range files {
		if err := disk.WriteSynced(s.d, filepath.Join(dir, f.name), readable, f.write); err != nil {
			return err
		}
	}
	return s.d.SyncDir(dir)
}

// retire moves a task out of sight first, at once, and then takes its package
// away. Where the folder cannot be moved, since somebody has a file of it open,
// the package goes all the same.
func (s *Store) retire(l laid, how ending) error {
	from, into := filepath.Join(s.folder, l.name), filepath.Join(s.folder, how.folder)
	if err := s.d.MkdirAll(into, browsable); err != nil {
		return err
	}
	to, err := s.free(into, l.name)
	if err == nil {
		err = s.d.Rename(from, to)
	}
	if err != nil {
		return errors.Join(err, s.empty(from, how))
	}
	if err := errors.Join(s.d.SyncDir(into), s.d.SyncDir(s.folder)); err != nil {
		return err
	}
	return s.empty(to, how)
}

// free finds a name that is not taken.
func (s *Store) free(dir, name string) (string, error) {
	for i := range maxEnded {
		next := filepath.Join(dir, name)
		if i > 0 {
			next += fmt.Sprintf(" (%d)", i+1)
		}
		if _, err := s.d.Stat(next); errors.Is(err, fs.ErrNotExist) {
			return next, nil
		}
	}
	return "", fmt.Errorf("%s is full of tasks called %s", dir, name)
}

// empty takes the package out of a task that ended, and says so in its README.
func (s *Store) empty(dir string, how ending) error {
	entries, err := s.d.ReadDir(dir)
	if err != nil {
		return err
	}
	emptied := false
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), ".pbiviz") {
			if err := s.d.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
			emptied = true
		}
	}
	if text, err := disk.ReadFile(s.d, filepath.Join(dir, readmeFile), maxTask); !emptied && err == nil && string(text) == how.text {
		return nil
	}
	return disk.Replace(s.d, filepath.Join(dir, readmeFile), readable, file{bytes: []byte(how.text)}.write)
}

// sweepHalf removes folders that were never laid out whole.
func (s *Store) sweepHalf() error {
	entries, err := s.d.ReadDir(s.folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() && halfForm.MatchString(e.Name()) {
			err = errors.Join(err, s.removeAll(filepath.Join(s.folder, e.Name())))
		}
	}
	return err
}

// sweepEnded takes the packages out of tasks whose ending was interrupted. Only
// those have one left, so the others are not touched.
func (s *Store) sweepEnded(dir string, how ending) error {
	entries, err := s.d.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if e.IsDir() && strings.Contains(e.Name(), "[") {
			err = errors.Join(err, s.emptyLeft(filepath.Join(dir, e.Name()), how))
		}
	}
	return err
}

func (s *Store) emptyLeft(dir string, how ending) error {
	entries, err := s.d.ReadDir(dir)
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), ".pbiviz") {
			return s.empty(dir, how)
		}
	}
	return err
}

// removeAll removes a folder of our own with the files in it.
func (s *Store) removeAll(dir string) error {
	entries, err := s.d.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		err = errors.Join(err, s.d.Remove(filepath.Join(dir, e.Name())))
	}
	return errors.Join(err, s.d.Remove(dir))
}
