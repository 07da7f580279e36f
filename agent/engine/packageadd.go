package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// RefusedPackages turns rejected packages into an error, which is
// about the first.
func RefusedPackages(packages []Package) error { return refusedError(packages, "") }

// refusedError is RefusedPackages with a tally of all files instead of the number of
// those that are refused, too.
func refusedError(packages []Package, tally string) error {
	refused := slices.DeleteFunc(slices.Clone(packages), func(p Package) bool {
		return p.Verdict != string(verdict.Reject) || len(p.Reasons) == 0
	})
	if len(refused) == 0 {
		return nil
	}
	p, r, because, message := refused[0], refused[0].Reasons[0], fault.CodeLicense, ""
	if p.GUID == "" || r.Code == codeVersionForm { // no package at all, or none that a license helps
		because = verdict.Code(r.Code)
	}
	if strings.HasPrefix(r.Code, "file.") {
		message = r.Message
	} else {
		message = fmt.Sprintf("%s is refused: %s", p.File, r.Message)
	}
	if n := len(refused); tally != "" {
		message += " (" + tally + ")"
	} else if n > 1 {
		message += fmt.Sprintf(" (and %d more)", n-1)
	}
	f := fault.New(r.Code, cmp.Or(r.Hint, "ask the vendor for the file, exactly as it was made"), "%s", message)
	f.Because = because
	return f
}

// TryPackages says what AddPackages would take in, and takes nothing in.
func (v *Verifier) TryPackages(files []string) (PackagesResult, error) {
	data := []Package{}
	for _, file := range files {
		if !license.IsStatementName(file) {
			data = append(data, withWaits(v.Verify(file)))
			continue
		}
		text, err := v.Read(file, license.MaxStatus)
		switch {
		case err == nil && license.IsStatus(text):
			_, err = license.PeekStatus(text)
		case err == nil:
			_, err = license.Peek(text)
		}
		if err != nil {
			data = append(data, unreadablePackage(file, refusalOf(err)))
		}
	}
	message := "nothing was taken in: this was a dry run"
	if kept, refused := countKept(data); len(data) > 1 {
		message = fmt.Sprintf("%d would be kept, %d refused; %s", kept, refused, message)
	}
	return PackagesResult{Packages: data, Message: message}, RefusedPackages(data)
}

// AddPackages takes files in: packages, license statements, and status lists. What
// is well formed is kept; the error is about the first that is refused.
func (e *Engine) AddPackages(ctx context.Context, files []string) (PackagesResult, error) {
	var here []visual.Digest            // the packages that the files are, or are about
	named := map[visual.Digest]string{} // the file of each package, as it was given
	var waiting []string                // what is kept and waits for something else
	data := []Package{}
	for _, file := range e.withSidecars(files) {
		text, err := e.Read(file, pbiviz.DefaultLimits().FileSize)
		if err != nil {
			data = append(data, unreadablePackage(file, refusalOf(err)))
			continue
		}
		taken, err := e.importer().Take(ctx, e.Tx, file, text)
		if err != nil {
			return PackagesResult{Packages: data}, err
		}
		switch about := e.Journal.Book().PackagesAbout(taken.Statement); {
		case taken.Waits:
			waiting = append(waiting, file+" is kept and waits for its vendor's trust bundle")
		case taken.Refused != nil:
			data = append(data, unreadablePackage(file, taken.Refused))
		case !taken.Status.IsZero():
			waiting = append(waiting, file+" is the status list of its vendor from now on: see `orgstore trust list`")
		case !taken.Package.IsZero():
			here, named[taken.Package] = append(here, taken.Package), file
		case len(about) == 0 && !slices.Contains(files, strings.TrimSuffix(file, license.StatementSuffix)):
			waiting = append(waiting, file+" is kept and waits for its package")
		default:
			here = append(here, about...)
		}
	}
	for _, p := range e.Packages(func(p journal.Package) bool { return slices.Contains(here, p.Package) }) {
		if d, err := visual.ParseDigest(p.Digest); err == nil {
			p.File = cmp.Or(named[d], p.File)
		}
		data = append(data, p)
	}
	tally := ""
	if kept, refused := countKept(data); len(files) > 1 {
		tally = fmt.Sprintf("%d kept, %d refused", kept+len(waiting), refused)
	}
	return PackagesResult{Packages: data, Message: addedText(tally, data, waiting)}, refusedError(data, tally)
}

// VerdictWaits is the verdict on a package that is kept and only lacks a license: nothing
// is wrong with it.
const VerdictWaits = "waits"

// withWaits gives a package that only lacks a license the verdict that says so.
func withWaits(p Package) Package {
	if p.GUID == "" || p.Verdict != string(verdict.Reject) || len(p.Reasons) == 0 {
		return p
	}
	code := p.Reasons[0].Code
	if code == string(license.CodeUnlicensed) || code == string(plan.CodeGrade) && p.License.Grade == string(license.Readable) {
		p.Verdict = VerdictWaits
	}
	return p
}

// codeVersionForm is the code of the finding that a version cannot be installed.
const codeVersionForm = "pkg.version_form"

// defectFirst puts what keeps a package out of every store before the lack of a
// license: a version of an odd form, a debug build. No license helps there.
func defectFirst(reasons []Reason) []Reason {
	i := slices.IndexFunc(reasons, func(r Reason) bool {
		return r.Code == codeVersionForm || reasons[0].Code == string(license.CodeUnlicensed) && verdict.Code(r.Code).Family() == "pkg"
	})
	if i <= 0 {
		return reasons
	}
	return slices.Insert(slices.Delete(slices.Clone(reasons), i, i+1), 0, reasons[i])
}

// maxWaitingLines is how many packages that wait for a license are named one by one.
const maxWaitingLines = 5

// addedText says what became of the files: how many were kept, and what still needs
// something to come.
func addedText(tally string, data []Package, others []string) string {
	var lines, waits []string
	for _, p := range data {
		if p.Verdict == VerdictWaits {
			waits = append(waits, p.File+" is kept and waits for its license")
		}
	}
	if tally != "" {
		lines = append(lines, tally)
	}
	if n := len(waits); n > maxWaitingLines {
		waits = []string{fmt.Sprintf("%d of them wait for their licenses", n)}
	}
	return strings.Join(slices.Concat(lines, waits, others), "\n")
}

// countKept counts packages and refused files, each once, however many licenses they have.
func countKept(data []Package) (kept, refused int) {
	isKept := map[string]bool{}
	for _, p := range data {
		key := cmp.Or(p.Digest, "file "+p.File)
		isKept[key] = isKept[key] || p.Verdict != string(verdict.Reject)
	}
	for _, is := range isKept {
		if is {
			kept++
		} else {
			refused++
		}
	}
	return kept, refused
}

// withSidecars puts the statement beside each package before it, unless it was
// named too: then the package's license is known when it is shown.
func (p Ports) withSidecars(files []string) []string {
	var out []string
	for _, file := range files {
		sidecar := file + license.StatementSuffix
		if _, err := p.Disk.Stat(sidecar); err == nil && intake.IsPackage(file) && !slices.Contains(files, sidecar) {
			out = append(out, sidecar)
		}
		out = append(out, file)
	}
	return out
}
