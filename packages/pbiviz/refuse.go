package pbiviz

import (
	"fmt"
	"strconv"

	"github.com/orgstore/orgstore/packages/verdict"
)

// The codes of what Read refuses and reserves.
const (
	zipLayout    verdict.Code = "zip.layout"
	zipDuplicate verdict.Code = "zip.duplicate"
	zipName      verdict.Code = "zip.name"
	zipMismatch  verdict.Code = "zip.mismatch"
	zipExtra     verdict.Code = "zip.extra"
	zipFeature   verdict.Code = "zip.feature"
	zipType      verdict.Code = "zip.type"
	zipBomb      verdict.Code = "zip.bomb"
	zipLimit     verdict.Code = "zip.limit"
	zipStream    verdict.Code = "zip.stream"
	zipCRC       verdict.Code = "zip.crc"
	zipTolerant  verdict.Code = "zip.tolerant"

	pkgNested       verdict.Code = "pkg.nested"
	pkgJSON         verdict.Code = "pkg.json"
	pkgGUID         verdict.Code = "pkg.guid"
	pkgInconsistent verdict.Code = "pkg.inconsistent"
	pkgVersionForm  verdict.Code = "pkg.version_form"
)

// hintFor says what the person who has the file can do about a refusal.
func hintFor(code verdict.Code) string {
	switch code {
	case zipLayout, zipMismatch, zipStream, zipCRC:
		return "download the package again; if that does not help, ask the vendor for the file exactly as their packager wrote it"
	case zipBomb, zipLimit:
		return "do not open this file; ask the vendor whether it is theirs"
	case zipTolerant, zipExtra, zipFeature:
		return "the file was zipped by another tool than Microsoft's packager; ask the vendor for the file as their packager wrote it"
	case zipDuplicate, zipName, zipType:
		return "do not unzip this file; ask the vendor for the file exactly as their packager wrote it"
	case pkgVersionForm:
		return "ask the vendor for a package whose version is four numbers, each at most 999999999, such as 1.4.0.0"
	}
	return "ask the vendor for a package built with Microsoft's packager (pbiviz package)"
}

func refuse(code verdict.Code, format string, args ...any) error {
	return verdict.Refuse(code, fmt.Sprintf(format, args...), hintFor(code))
}

// refuseNested refuses a ZIP that is no package and holds one.
func refuseNested(hint, format string, args ...any) error {
	return verdict.Refuse(pkgNested, fmt.Sprintf(format, args...), hint)
}

func reservation(code verdict.Code, v verdict.Verdict, format string, args ...any) verdict.Finding {
	return verdict.Finding{Code: code, Verdict: v, Message: fmt.Sprintf(format, args...), Hint: hintFor(code)}
}

// quote shows text of a stranger: escaped to ASCII, and not too long.
func quote(s string) string {
	const most = 80
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "…"
	}
	return strconv.QuoteToASCII(s)
}
