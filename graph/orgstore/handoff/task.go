package handoff

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// taskFormat numbers the layout of task.json. It never goes backwards.
const taskFormat = 1

// The files of a task, beside the package.
const (
	taskFile   = "task.json"
	readmeFile = "README.txt"
	sumsFile   = "SHA256SUMS"
)

// maxTask bounds task.json, in bytes: a real one has about one thousand.
const maxTask = 64 << 10

// What a person does in the portal. Other programs read the words.
const (
	actionAdd    = "add"
	actionUpdate = "update"
	actionEither = "add-or-update" // nobody knows whether the visual is there
	actionOn     = "access-on"
	actionOff    = "access-off"
)

// A task is what task.json says. Members are never renamed.
type task struct {
	Format  int       `json:"orgstore_task"`
	Step    string    `json:"step"`
	Created time.Time `json:"created"`
	GUID    string    `json:"guid"`
	Name    string    `json:"name,omitempty"`
	// Listed is the name of the visual's entry in the newest list, where there is
	// one; Others are the IDs of entries that have its name or the package's.
	Listed  string    `json:"listed_name,omitempty"`
	Others  []string  `json:"others_of_that_name,omitempty"`
	Store   string    `json:"store,omitempty"` // where there are several
	Tenant  string    `json:"tenant,omitempty"`
	Kind    string    `json:"kind,omitempty"`
	Action  string    `json:"action"`
	Reason  string    `json:"reason,omitempty"`
	File    string    `json:"file,omitempty"` // the package's, in the task's folder
	Version string    `json:"version,omitempty"`
	Digest  string    `json:"digest,omitempty"`
	Ends    time.Time `json:"license_ends,omitzero"`
	// Access is what the visual's access is to be afterwards, where the task
	// changes that too.
	Access      *bool     `json:"access,omitempty"`
	FromVersion string    `json:"from_version,omitempty"`
	FromDigest  string    `json:"from_digest,omitempty"`
	FromEnds    time.Time `json:"from_license_ends,omitzero"`
}

func newTask(id store.StepID, b store.Brief, action string, now time.Time) task {
	t := task{
		Format: taskFormat, Step: string(id), Created: now.UTC(), GUID: b.Key.GUID.String(),
		Name: printable(b.Name), Kind: b.Kind, Action: action, Reason: printable(b.Reason),
	}
	if r := b.From.Release; r != nil {
		t.FromVersion, t.FromDigest, t.FromEnds = r.Version.String(), r.Digest.String(), b.From.License.Ends
	}
	r := b.To.Release
	if r == nil || action == actionOn || action == actionOff {
		return t
	}
	t.Version, t.Digest, t.Ends = r.Version.String(), r.Digest.String(), b.To.License.Ends
	t.File = fileName(t.called()) + " " + t.Version + ".pbiviz"
	if to, from := b.To.Enabled, b.From.Enabled; to != nil && (from != nil && *from != *to || from == nil && !*to) {
		t.Access = to
	}
	return t
}

func (t task) guid() visual.GUID {
	g, _ := visual.ParseGUID(t.GUID) // it was one when the task was made
	return g
}

// called is what people call the visual.
func (t task) called() string {
	if t.Name == "" {
		return t.GUID
	}
	return t.Name
}

// entry names the visual's entry in the portal's list, as the list has it; with its
// ID where the name alone may mislead.
func (t task) entry() string {
	switch {
	case t.Listed == "" && len(t.Others) == 0:
		return t.called()
	case t.Listed == t.called() && len(t.Others) == 0:
		return t.Listed
	case t.Listed == "":
		return fmt.Sprintf("%s (ID %s)", t.called(), t.installed())
	}
	return fmt.Sprintf("%q (ID %s)", t.Listed, t.installed())
}

// title is the task in one line; it names the store where there are several.
func (t task) title() string { return t.what() + t.in() }

// in names the store; empty where there is no other.
func (t task) in() string {
	if t.Store == "" {
		return ""
	}
	return " in " + t.Store
}

func (t task) what() string {
	switch t.Action {
	case actionAdd:
		return fmt.Sprintf("add %s %s", t.called(), t.Version)
	case actionUpdate:
		if t.FromVersion == t.Version {
			return fmt.Sprintf("update %s %s to another package of the same version", t.called(), t.Version)
		}
		return fmt.Sprintf("update %s to %s", t.called(), t.Version)
	case actionOn:
		return "turn the access of " + t.called() + " on"
	case actionOff:
		return "turn the access of " + t.called() + " off"
	}
	return fmt.Sprintf("add or update %s %s", t.called(), t.Version)
}

// folderName sorts by day and reads well. It ends with a part of the step's id,
// so that two tasks never have one name.
func (t task) folderName() string {
	words := []string{t.Created.Format(time.DateOnly), fileName(t.called())}
	if t.Version != "" {
		words = append(words, t.Version)
	}
	if t.Store != "" {
		words = append(words, t.Store)
	}
	return strings.Join(append(words, t.Action, "["+tag(store.StepID(t.Step))+"]"), " ")
}

// tag is the end of the names of a step's tasks.
func tag(id store.StepID) string {
	const n = 10
	if short := strings.TrimPrefix(string(id), "st_"); len(short) > n && fileName(short) == short {
		return short[:n]
	}
	return visual.DigestOf([]byte(id)).Hex()[:n]
}

// maxName bounds what a stranger's name adds to a file's, in bytes or a few more.
const maxName = 60

// fileName makes a name that every file system takes, in letters, digits and a
// few signs.
func fileName(s string) string {
	var b strings.Builder
	for _, r := range s {
		if b.Len() >= maxName {
			break
		}
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), strings.ContainsRune("-_.()", r):
			b.WriteRune(r)
		case !strings.HasSuffix(b.String(), " "):
			b.WriteByte(' ')
		}
	}
	if name := strings.Trim(b.String(), " ."); name != "" {
		return name
	}
	return "visual"
}

// printable keeps a stranger's text to one line of characters that can be seen.
func printable(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s))
}

func (t task) encode() ([]byte, error) {
	text, err := json.Marshal(t, jsontext.WithIndent("  "))
	return append(text, '\n'), err
}

func decodeTask(text []byte) (task, error) {
	var t task
	if err := json.Unmarshal(text, &t, json.RejectUnknownMembers(true)); err != nil {
		return task{}, err
	}
	if t.Format != taskFormat {
		return task{}, fmt.Errorf("this orgstore does not know the format %d of a task", t.Format)
	}
	return t, nil
}

// hexOf is a digest as other programs print it.
func hexOf(digest string) string { return strings.TrimPrefix(digest, "sha256:") }

// files are the task's files. Their order makes no difference: the folder appears
// at once.
func (t task) files(pkg []byte) ([]file, error) {
	about, err := t.encode()
	if err != nil {
		return nil, err
	}
	all := []file{{readmeFile, t.readme()}, {taskFile, about}}
	if t.File != "" {
		all = append(all, file{sumsFile, []byte(hexOf(t.Digest) + "  " + t.File + "\n")}, file{t.File, pkg})
	}
	return all, nil
}

type file struct {
	name  string
	bytes []byte
}

func (f file) write(w io.Writer) error {
	_, err := bytes.NewReader(f.bytes).WriteTo(w)
	return err
}
