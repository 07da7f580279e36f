package output

import (
	"encoding/csv"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"

	"github.com/clipperhouse/displaywidth"
	"golang.org/x/term"

	"github.com/orgstore/orgstore/agent/safetext"
)

// gap stands between two columns of a table.
const gap = "  "

// table lays a view out in columns of equal width, the same on a terminal and
// in a pipe but for the headings' weight; nothing is cut.
func table(v View, styled bool) string {
	if v.Narrow != nil {
		return table(View{Columns: v.Narrow.Columns, Rows: narrowed(*v.Narrow), Text: v.Text}, styled)
	}
	if len(v.Columns) == 0 || len(v.Rows) == 0 {
		return withLineEnd(safetext.Lines(v.Text))
	}
	rows := append([][]string{v.Columns}, v.Rows...)
	widths := make([]int, len(v.Columns))
	for i, r := range rows {
		rows[i] = make([]string, len(widths))
		for j := range min(len(r), len(widths)) {
			rows[i][j] = safetext.Line(r[j])
			widths[j] = max(widths[j], displaywidth.String(rows[i][j]))
		}
	}
	var b strings.Builder
	for i, r := range rows {
		line := tableLine(r, widths)
		if i == 0 && styled {
			line = "\x1b[1m" + line + "\x1b[0m"
		}
		b.WriteString(line + "\n")
	}
	if v.Text != "" {
		b.WriteString("\n" + withLineEnd(safetext.Lines(v.Text)))
	}
	return b.String()
}

const (
	window = 80 // columns of a terminal's window where nobody made it larger
	least  = 30 // columns that the last one has in any case
)

// narrowed breaks the last column's text between words so that lines fit a
// window. A word that is longer stays whole: it may be a path to copy.
func narrowed(v View) (rows [][]string) {
	last := len(v.Columns) - 1
	room := window
	for j := range last {
		widest := displaywidth.String(v.Columns[j])
		for _, r := range v.Rows {
			widest = max(widest, displaywidth.String(safetext.Line(r[j])))
		}
		room -= widest + len(gap)
	}
	for _, r := range v.Rows {
		for i, line := range broken(r[last], max(room, least)) {
			row := make([]string, last+1)
			if i == 0 {
				copy(row, r)
			}
			row[last] = line
			rows = append(rows, row)
		}
	}
	return rows
}

// broken breaks a text into lines.
func broken(text string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(safetext.Line(text)) {
		now := &lines[len(lines)-1]
		switch {
		case *now == "":
			*now = word
		case displaywidth.String(*now)+1+displaywidth.String(word) <= width:
			*now += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}

func tableLine(cells []string, widths []int) string {
	var b strings.Builder
	for j, c := range cells {
		b.WriteString(c + strings.Repeat(" ", widths[j]-displaywidth.String(c)) + gap)
	}
	return strings.TrimRight(b.String(), " ")
}

// styled says whether w is a terminal that understands escape sequences, and
// nobody asked for plain text (no-color.org).
func styled(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	// The older Windows console shows escape sequences as they are.
	return runtime.GOOS != "windows" || os.Getenv("WT_SESSION") != "" || os.Getenv("TERM") != ""
}

// Nothing stands in a cell that has nothing to show, so that people see that it
// was not forgotten. In CSV such a cell is empty.
const Nothing = "-"

// commaSeparated writes RFC 4180 with LF; names of columns as JSON writes them.
func commaSeparated(v View) string {
	switch {
	case len(v.Columns) > 0:
	case len(v.Rows) > 0:
		v.Columns = []string{"value"}
	case v.Text == "":
		return ""
	default:
		v = View{Columns: []string{"message"}, Rows: [][]string{{v.Text}}}
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	head := make([]string, len(v.Columns))
	for i, c := range v.Columns {
		head[i] = harmless(strings.ReplaceAll(strings.ToLower(c), " ", "_"))
	}
	// Writing to memory cannot fail.
	_ = w.Write(head)
	for _, r := range v.Rows {
		cells := make([]string, len(head))
		for i := range min(len(r), len(head)) {
			if r[i] != Nothing {
				cells[i] = harmless(r[i])
			}
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return b.String()
}

// number is what a spreadsheet may take for a number; it computes nothing.
var number = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)

// harmless returns a cell that no spreadsheet takes for a formula: what begins
// like one is marked as text with an apostrophe (owasp.org, CSV injection).
func harmless(cell string) string {
	s := safetext.Line(cell)
	first := strings.TrimLeft(cell, " \u00a0\u3000")
	if first != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(first)[0]) && !number.MatchString(cell) {
		return "'" + s
	}
	return s
}

// markdownEscapes are the characters that mean something inside a table's cell.
var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`,
	`<`, `&lt;`, `>`, `&gt;`, `&`, `&amp;`, `|`, `\|`, `~`, `\~`,
)

func markdown(v View) string {
	if len(v.Columns) == 0 {
		return withLineEnd(markdownEscapes.Replace(safetext.Lines(v.Text)))
	}
	var b strings.Builder
	row := func(cells []string) {
		for i := range v.Columns {
			cell := ""
			if i < len(cells) {
				cell = markdownEscapes.Replace(safetext.Line(cells[i]))
			}
			b.WriteString("| " + cell + " ")
		}
		b.WriteString("|\n")
	}
	row(v.Columns)
	b.WriteString(strings.Repeat("| --- ", len(v.Columns)) + "|\n")
	for _, r := range v.Rows {
		row(r)
	}
	if v.Text != "" {
		b.WriteString("\n" + withLineEnd(markdownEscapes.Replace(safetext.Lines(v.Text))))
	}
	return b.String()
}
