package journal_test

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/sqlite"
)

// A fact that has no kind could not be recorded.
func TestEveryFactHasAKind(t *testing.T) {
	var known []string
	for _, f := range samples(t) {
		known = append(known, reflect.TypeOf(f).Name())
	}
	slices.Sort(known)
	if facts := factTypes(t); !slices.Equal(facts, known) {
		t.Errorf("the types of facts are\n%v\nand those with a kind and a sample\n%v", facts, known)
	}
}

// factTypes finds the names of all types that are facts in the source.
func factTypes(t *testing.T) []string {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "applyTo" {
				continue
			}
			if receiver, ok := f.Recv.List[0].Type.(*ast.Ident); ok { // the writer's is a pointer
				names = append(names, receiver.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

type strangeFact struct{ journal.Held }

func TestAFactWithoutAKindIsRefused(t *testing.T) {
	if _, err := journal.Seal(journal.Entry{Seq: 1, Fact: strangeFact{}}, journal.Hash{}); err == nil {
		t.Error("it was recorded")
	}
}

// What an earlier program wrote is what this one would write, byte for byte.
func TestEarlierEntriesAreWrittenTheSame(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "cli", "testdata", "installation", "files", "data", "journal.db"))
	copied := filepath.Join(t.TempDir(), "journal.db")
	if err := errors.Join(err, os.WriteFile(copied, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	log, err := sqlite.Open(t.Context(), copied)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	kinds, head, seq := map[journal.Kind]bool{}, journal.Hash{}, uint64(0)
	err = log.Read(t.Context(), 0, func(r journal.Record) error {
		e, err := journal.Unseal(r, seq, head)
		if err != nil {
			return err
		}
		again, err := journal.Seal(e, head)
		if err == nil && (!bytes.Equal(again.Body, r.Body) || again.Hash != r.Hash) {
			err = errors.New("it would be written as " + string(again.Body))
		}
		kinds[journal.KindOf(e.Fact)], head, seq = true, r.Hash, r.Seq
		return err
	})
	if err != nil {
		t.Errorf("entry %d: %v", seq, err)
	}
	var missing []journal.Kind
	for _, k := range journal.Kinds() {
		if !kinds[k] {
			missing = append(missing, k)
		}
	}
	// No command records the first, a store of a folder never answers the second, and
	// the log is older than the others.
	if want := []journal.Kind{"settings-seen", "unclear", "observed", "revoked", "bundle-seen", "bundle-allowed"}; !slices.Equal(missing, want) {
		t.Errorf("the earlier log lacks %v", missing)
	}
}
