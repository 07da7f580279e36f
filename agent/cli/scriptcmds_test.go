package cli_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/visual"
)

// exampleFile writes a package of the example vendor:
//
//	example gauge-1.4.0.0|gauge-1.4.0.0-recut|gauge-1.0.0|timeline-2.0.0.0|… FILE
func exampleFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: example NAME FILE")
	}
	visual, version, _ := strings.Cut(args[0], "-")
	switch visual {
	case "gauge":
		create(ts, args[1], example.Gauge(version))
	case "timeline":
		create(ts, args[1], example.Timeline(version))
	default:
		ts.Fatalf("there is no example %s", args[0])
	}
}

// makePackage writes a package as a stranger could:
//
//	make FILE [guid|version|name|display|description|script=TEXT]...
//
// TEXT is as between the quotes of a string in Go.
func makePackage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: make FILE [NAME=TEXT]...")
	}
	var p pbiviztest.Package
	fields := map[string]*string{
		"guid": &p.GUID, "version": &p.Version, "name": &p.Name, "display": &p.DisplayName,
		"description": &p.Description, "script": &p.Script,
	}
	for _, arg := range args[1:] {
		name, text, _ := strings.Cut(arg, "=")
		if fields[name] == nil {
			ts.Fatalf("make knows no %s", name)
		}
		*fields[name] = unquoted(ts, text)
	}
	create(ts, args[0], p.Bytes())
}

// auroraBundle writes the trust bundle of the vendor who signs what statement
// forges. Its fingerprint is always the same. The words after the file change it:
// status lists a key for status lists, 2 and 3 are the versions that come after,
// retired and compromised say so of the license key, narrow leaves one visual.
//
//	aurora FILE [WORD]...
func auroraBundle(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: aurora FILE [WORD]...")
	}
	var changes []func(*issuer.Draft)
	vendor := licensetest.Aurora()
	for _, word := range args[1:] {
		change, known := map[string]func(*issuer.Draft){
			"status":  vendor.WithStatusKey,
			"2":       func(d *issuer.Draft) { d.Version = 2 },
			"3":       func(d *issuer.Draft) { d.Version = 3 },
			"expired": func(d *issuer.Draft) { d.Expires = licensetest.Time("2026-11-20") },
			"retired": func(d *issuer.Draft) {
				d.Issuers[0].Keys[0].Status, d.Issuers[0].Keys[0].NotAfter = license.Retired, licensetest.Time("2026-11-20")
			},
			"compromised": func(d *issuer.Draft) {
				d.Issuers[0].Keys[0].Status, d.Issuers[0].Keys[0].CompromisedAt = license.Compromised, licensetest.Time("2026-10-01")
			},
			"newkey": func(d *issuer.Draft) {
				record, err := licensetest.Key("aurora-2027", license.Ed25519).Record(licensetest.Time("2026-11-20"))
				ts.Check(err)
				d.Issuers[0].Keys = append(d.Issuers[0].Keys, record)
			},
			"narrow": func(d *issuer.Draft) {
				g, err := visual.ParseGUID(example.TimelineGUID)
				ts.Check(err)
				d.Issuers[0].GUIDs = []visual.GUID{g}
			},
		}[word]
		if !known {
			ts.Fatalf("aurora knows no %s", word)
		}
		changes = append(changes, change)
	}
	create(ts, args[0], vendor.BundleFile(changes...))
}

// statusList writes a status list of the vendor: number 3 of 2026-11-15, the
// next one due on 2027-02-15, which revokes nothing.
//
//	statuslist FILE [seq=N|issued=DAY|next=DAY|jti=ID|lid=ID]...
func statusList(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: statuslist FILE [NAME=VALUE]...")
	}
	create(ts, args[0], append(licensetest.Aurora().Status(func(r *issuer.Revocation) {
		for _, arg := range args[1:] {
			switch name, value, _ := strings.Cut(arg, "="); name {
			case "seq":
				n, err := strconv.ParseInt(value, 10, 64)
				ts.Check(err)
				r.Sequence = n
			case "issued":
				r.Issued = licensetest.Time(value)
			case "next":
				r.Next = licensetest.Time(value)
			case "jti":
				r.Statements = append(r.Statements, value)
			case "lid":
				r.Subscriptions = append(r.Subscriptions, value)
			default:
				ts.Fatalf("statuslist knows no %s", name)
			}
		}
	}), '\n'))
}

// statement signs a good statement about a package with claims changed as no
// issuer would: each TEXT is JSON, an empty one takes the claim out.
//
//	statement PACKAGE FILE [CLAIM=TEXT]...
func statement(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: statement PACKAGE FILE [CLAIM=JSON]...")
	}
	p, err := pbiviz.Read([]byte(ts.ReadFile(args[0])), pbiviz.DefaultLimits())
	ts.Check(err)
	vendor := licensetest.Aurora()
	claims := vendor.Claims(p)
	for _, arg := range args[2:] {
		if name, value, _ := strings.Cut(arg, "="); value == "" {
			claims = claims.Drop(name)
		} else {
			claims = claims.Set(name, value)
		}
	}
	create(ts, args[1], vendor.Forge(vendor.Header().String(), claims.String()))
}

// someBytes writes a file of N bytes: the first of another file, or none that
// mean anything. A size such as 300M makes a file with holes.
//
//	bytes N FILE [FROM]
func someBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: bytes N FILE [FROM]")
	}
	text, mega := strings.CutSuffix(args[0], "M")
	n, err := strconv.ParseInt(text, 10, 64)
	ts.Check(err)
	switch {
	case mega:
		create(ts, args[1], nil)
		ts.Check(os.Truncate(ts.MkAbs(args[1]), n<<20))
	case len(args) == 3:
		create(ts, args[1], []byte(ts.ReadFile(args[2]))[:n])
	default:
		create(ts, args[1], bytes.Repeat([]byte("\xff\x00garbage"), int(n)/9+1)[:n])
	}
}

// listing writes names, kinds and digests of all that is in a folder, to be
// compared before and after.
//
//	listing FOLDER FILE
func listing(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: listing FOLDER FILE")
	}
	var b bytes.Buffer
	root := ts.MkAbs(args[0])
	ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == ts.MkAbs(args[1]) {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil || d.IsDir() && d.Name() == ".tmp" {
			return fs.SkipDir
		}
		var digest [sha256.Size]byte
		if d.Type().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			digest = sha256.Sum256(text)
		}
		_, err = fmt.Fprintf(&b, "%s %x %s\n", d.Type(), digest[:8], filepath.ToSlash(name))
		return err
	}))
	create(ts, args[1], b.Bytes())
}

// laidOut writes what the README.txt of the only task in a folder of tasks says.
//
//	task FOLDER FILE
func laidOut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: task FOLDER FILE")
	}
	found, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*", "README.txt"))
	ts.Check(err)
	if len(found) != 1 {
		ts.Fatalf("%s has %d tasks", args[0], len(found))
	}
	text, err := os.ReadFile(found[0])
	ts.Check(err)
	create(ts, args[1], text)
}

// perm checks who may read and write a file:
//
//	perm 600 FILE
func perm(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: perm OCTAL FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if runtime.GOOS == "windows" {
		return // where modes do not tell
	}
	if got := strconv.FormatInt(int64(info.Mode().Perm()), 8); (got == args[0]) == neg {
		ts.Fatalf("%s has %s", args[1], got)
	}
}

// settle lets the library take what was put there before for complete, as if time
// had passed.
func settle(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: settle")
	}
	ts.Setenv(envSettled, time.Now().Add(2100*time.Millisecond).Format(time.RFC3339Nano))
}

func unquoted(ts *testscript.TestScript, text string) string {
	s, err := strconv.Unquote(`"` + text + `"`)
	ts.Check(err)
	return s
}

func create(ts *testscript.TestScript, name string, text []byte) {
	name = ts.MkAbs(name)
	ts.Check(os.MkdirAll(filepath.Dir(name), 0o755))
	ts.Check(os.WriteFile(name, text, 0o644))
}

// outsideSigner is a program that signs with a key of its own, as key vaults and
// hardware modules do:
//
//	signer pem ALGORITHM       prints the public half
//	signer ALGORITHM           signs what it reads, in base64 (ES256: in ASN.1)
//	signer digest DIGEST       signs a SHA-256 in base64 by ES256, r and s, in base64url
//	signer other|silent|fail   signs something else, prints nothing, leaves with 3
func outsideSigner() {
	text, err := io.ReadAll(os.Stdin)
	check(err)
	alg := license.ES256
	if slices.Contains(os.Args, "Ed25519") {
		alg = license.Ed25519
	}
	key := licensetest.Key("vault", alg).Signer
	switch os.Args[1] {
	case "pem":
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		check(err)
		check(pem.Encode(os.Stdout, &pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	case "digest":
		sum, err := base64.StdEncoding.DecodeString(os.Args[2])
		check(err)
		r, s, err := ecdsa.Sign(rand.Reader, key.(*ecdsa.PrivateKey), sum)
		check(err)
		var raw [64]byte
		r.FillBytes(raw[:32])
		s.FillBytes(raw[32:])
		fmt.Println(base64.RawURLEncoding.EncodeToString(raw[:]))
	case "fail":
		fmt.Fprintln(os.Stderr, "the token is not plugged in")
		os.Exit(3)
	case "silent":
	case "other":
		text = []byte("something else")
		fallthrough
	default:
		sig, err := crypto.SignMessage(key, rand.Reader, text, map[license.Algorithm]crypto.Hash{license.ES256: crypto.SHA256}[alg])
		check(err)
		fmt.Println(base64.StdEncoding.EncodeToString(sig))
	}
	os.Exit(0)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// damage spoils a file in place.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: damage zero|cut|empty|flip FILE")
	}
	name := ts.MkAbs(args[1])
	text, err := os.ReadFile(name)
	ts.Check(err)
	switch args[0] {
	case "zero":
		clear(text)
	case "cut":
		text = text[:len(text)/2]
	case "empty":
		text = nil
	case "flip":
		text[len(text)/2] ^= 0xff
	default:
		ts.Fatalf("unknown damage %s", args[0])
	}
	ts.Check(os.WriteFile(name, text, 0o644))
}
