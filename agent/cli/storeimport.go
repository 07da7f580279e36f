package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/store/galleryexport"
	"github.com/orgstore/orgstore/packages/verdict"
)

type importOptions struct {
	*globals
	dryRun bool
	inStore
}

func newStoreImport(g *globals) *cobra.Command {
	o := &importOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "import-csv FILE",
		Short: "Take in the list of organizational visuals that the admin portal exports",
		Long: `Take in the list of organizational visuals that the admin portal exports.

The list proves which visuals the store holds, whether each came from a file or
from AppSource, and whether its access is on, at the time the file was made. It
has no column for the version, so it never confirms one: it only speaks for or
against a change that waits. A visual that is pinned, was never recorded and is
not in the list can be installed. An entry from AppSource updates by itself and is
never touched. A file called OrganizationalVisuals*.csv that is put into the
library is taken in in the same way.`,
		Example: `  orgstore store import-csv OrganizationalVisuals.csv`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE:    g.answering(o.run),
	}
	o.inStore.flag(cmd, "the store that the list is of, where it is not the tenant's own")
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

type listData struct {
	Taken   string          `json:"taken"`
	Entries []listedData    `json:"entries"`
	Missing []engine.Visual `json:"missing"` // pinned, and not in the list
	Skipped []skippedData   `json:"skipped"`
	Tx      string          `json:"tx"`
}

type listedData struct {
	GUID    string `json:"guid"`
	Name    string `json:"name"`
	Source  string `json:"source"`
	Enabled *bool  `json:"enabled"` // null where the list does not tell
	Changed string `json:"changed"` // as the list writes it
	Message string `json:"message"`
}

type skippedData struct {
	Line    int    `json:"line"`
	Message string `json:"message"`
}

func (o *importOptions) run(ctx context.Context, args []string) (answer, error) {
	text, err := disk.ReadFile(o.Disk, args[0], galleryexport.MaxSize)
	if err != nil {
		return answer{}, engine.UnreadableFile(args[0], err)
	}
	info, err := o.Disk.Stat(args[0])
	if err != nil {
		return answer{}, engine.UnreadableFile(args[0], err)
	}
	s, err := o.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	if err := o.known(s); err != nil {
		return answer{}, err
	}
	name := cmp.Or(o.name, s.HomeStore())
	if name == "" || engine.CanList(s.Stores[name]) {
		return answer{}, fault.New("list.unneeded", "nothing needs to be done", "this store tells by itself what it holds: a list of it is not needed")
	}
	if before, ok := s.Journal.Book().Listed(name); ok && before.Taken.After(info.ModTime()) {
		return answer{}, fault.New("list.older", "export the list again",
			"the list %s was made at %s, and one made at %s is known already", args[0], engine.FormatTime(info.ModTime()), engine.FormatTime(before.Taken))
	}
	desk, tx := s.Importer(), s.Tx
	desk.Store = name
	if o.dryRun {
		return o.look(s, args[0], text, info.ModTime(), name)
	}
	fact, skipped, err := desk.TakeList(ctx, tx, args[0], text, info.ModTime())
	if err != nil {
		return answer{}, notAList(args[0], err)
	}
	return s.imported(fact, skipped), nil
}

// look reads a list and records nothing.
func (o *importOptions) look(s *session, name string, text []byte, made time.Time, of string) (answer, error) {
	list, err := galleryexport.Parse(text)
	if err != nil {
		return answer{}, notAList(name, verdict.Refuse("list.form", err.Error(), "export the list of organizational visuals in the admin portal again"))
	}
	fact := journal.Exported{Store: of, Taken: made.UTC()}
	for _, r := range list.Rows {
		fact.Entries = append(fact.Entries, journal.ExportedEntry{GUID: r.GUID, Name: r.Name, Source: r.Source, Enabled: r.Enabled, Changed: r.Changed})
	}
	a := s.imported(fact, list.Skipped)
	a.message = "nothing was recorded: this was a dry run"
	return a, nil
}

func notAList(name string, err error) error {
	var refusal *verdict.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	return fault.New(string(refusal.Code()), refusal.Findings[0].Hint, "cannot read %s: %s", name, refusal.Findings[0].Message).DueTo(fault.CodeUnknown)
}

// imported shows a list, and what each of its entries means here.
func (s *session) imported(fact journal.Exported, skipped []galleryexport.Skipped) answer {
	data := listData{Taken: engine.Timestamp(fact.Taken), Entries: []listedData{}, Missing: []engine.Visual{}, Skipped: []skippedData{}, Tx: string(s.Tx)}
	view := output.View{Columns: []string{"NAME", "ID", "SOURCE", "ACCESS", "CHANGED", "WHAT IT MEANS"}}
	for _, e := range fact.Entries {
		id := e.GUID.String()
		if e.Source == store.FromFile {
			id = e.GUID.OrgStore()
		}
		what := s.MeaningOfEntry(e, fact)
		data.Entries = append(data.Entries, listedData{e.GUID.String(), e.Name, string(e.Source), e.Enabled, e.Changed, what})
		view.Rows = append(view.Rows, []string{orDash(e.Name), id, string(e.Source), engine.OnOff(e.Enabled), orDash(e.Changed), what})
	}
	for _, v := range s.Settings.Visuals {
		listed := slices.ContainsFunc(fact.Entries, func(e journal.ExportedEntry) bool { return e.GUID == v.GUID })
		if listed || !slices.Contains(s.Settings.RingsOf(v), fact.Store) {
			continue
		}
		data.Missing = append(data.Missing, engine.Visual{GUID: v.GUID.String(), Name: v.Name, Store: fact.Store})
		view.Rows = append(view.Rows, []string{orDash(v.Name), v.GUID.OrgStore(), output.Nothing, output.Nothing, output.Nothing, "pinned, and not in the list"})
	}
	for _, l := range skipped {
		data.Skipped = append(data.Skipped, skippedData{l.Line, l.Why})
		s.note("line %d is passed over: %s", l.Line, safetext.Line(l.Why))
	}
	return answer{data: data, view: view, message: fmt.Sprintf(
		"made at %s: it tells what is listed, from where, and whether access is on; it never tells a version", engine.FormatTime(fact.Taken))}
}
