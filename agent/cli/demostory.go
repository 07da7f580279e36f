package cli

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/pbiviz"
)

// A story is a run of commands as a person would type them, with what came out.
type story struct {
	*globals
	fingerprint string
	commands    int
	surprises   []string
	inCloud     bool       // the library is a tenant's
	tenant      Simulation // nil until it runs
}

// demoTenant is the example tenant's id.
const demoTenant = "8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11"

func (s *story) tell(ctx context.Context) error {
	defer func() {
		if s.tenant != nil {
			s.tenant.Close()
		}
	}()
	for _, chapter := range []func(context.Context) error{
		s.begin, s.install, s.renewal, s.upgrade, s.rollback, s.attack, s.end,
	} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) begin(ctx context.Context) error {
	s.say("The vendor, Aurora Visuals, makes keys once. Customers get the trust bundle.")
	if err := s.play(ctx, exitDone, "vendor", "keygen", "--name", "aurora", "--issuer", "https://licenses.auroravisuals.example",
		"--guid", example.GaugeGUID, "--guid", example.TimelineGUID, "--out", "vendor"); err != nil {
		return err
	}
	bundle, err := s.ReadBundle(filepath.Join("vendor", "aurora.trust"))
	if err != nil {
		return err
	}
	s.fingerprint = bundle.Fingerprint()
	s.say("The administrator of the tenant sets orgstore up and believes the vendor about two visuals.")
	if err := s.play(ctx, exitDone, "init", ".", "--tenant", demoTenant); err != nil {
		return err
	}
	if s.inCloud {
		s.say("Packages arrive in a SharePoint library. The settings say how orgstore signs in, facts.yaml how the visual is used; doctor checks it, and the tenant tells the rest.")
		if err := s.inTenant(ctx); err != nil {
			return err
		}
		if err := s.playAll(ctx, []string{"doctor"}, []string{"facts", "refresh"}); err != nil {
			return err
		}
	}
	return s.play(ctx, exitDone, "trust", "add", "vendor/aurora.trust", "--name", "Aurora Visuals",
		"--guid", example.GaugeGUID, "--guid", example.TimelineGUID, "--fingerprint", s.fingerprint)
}

func (s *story) install(ctx context.Context) error {
	s.say("The first package arrives, with its license inside: it ends in 20 days.")
	if err := s.deliver(ctx, example.Gauge1400, "mail/2026", 1, 20); err != nil {
		return err
	}
	return s.playAll(ctx,
		[]string{"package", "add", "mail/2026/gauge-" + example.Gauge1400 + ".pbiviz"},
		[]string{"pin", "set", example.GaugeGUID, "~> 1.4"},
		[]string{"plan"},
		[]string{"apply", "--force"},
		[]string{"license", "status"},
	)
}

func (s *story) renewal(ctx context.Context) error {
	s.say("The vendor renews: the same version, other bytes, a license for a year. The mail's attachment is put into the library.")
	if err := s.deliver(ctx, example.Gauge1400, "inbox", 2, 385); err != nil {
		return err
	}
	if err := s.arrive(ctx, "gauge-"+example.Gauge1400+".pbiviz"); err != nil {
		return err
	}
	if err := s.playAll(ctx, []string{"plan"}, []string{"apply", "--force"}, []string{"license", "status"}); err != nil || !s.inCloud {
		return err
	}
	s.say("In the library, administrators see beside the file what became of it.")
	s.shown("gauge-" + example.Gauge1400 + ".pbiviz")
	return nil
}

func (s *story) upgrade(ctx context.Context) error {
	s.say("Version 1.5 arrives. What does it change? Then it is planned and applied.")
	if err := s.deliver(ctx, example.Gauge1500, "mail/2027", 3, 385); err != nil {
		return err
	}
	return s.playAll(ctx,
		[]string{"package", "add", "mail/2027/gauge-" + example.Gauge1500 + ".pbiviz"},
		[]string{"package", "diff", "inbox/gauge-" + example.Gauge1400 + ".pbiviz", example.GaugeGUID + "@1.5.0.0"},
		[]string{"plan", "--out", "monday.plan"},
		[]string{"apply", "monday.plan"},
	)
}

func (s *story) rollback(ctx context.Context) error {
	s.say("On Monday at nine the totals are wrong. Back, at once; and nothing brings 1.5 back by itself.")
	return s.playAll(ctx,
		[]string{"rollback", example.GaugeGUID, "--reason", "totals are wrong since 1.5", "--force"},
		[]string{"plan"},
	)
}

func (s *story) attack(ctx context.Context) error {
	s.say("Somebody changes one byte of a package. Its license is not about these bytes.")
	name := filepath.Join("mail", "2027", "gauge-"+example.Gauge1500+".pbiviz")
	forged, err := forge(s.globals, name)
	if err != nil {
		return err
	}
	if err := s.Write("forged.pbiviz", 0o644, forged); err != nil {
		return err
	}
	return s.play(ctx, exitLicense, "package", "verify", "forged.pbiviz")
}

func (s *story) end(ctx context.Context) error {
	s.say("What happened here?")
	return s.playAll(ctx, []string{"history"}, []string{"status"})
}

// deliver is the vendor's part: a package with a license inside, in a folder.
func (s *story) deliver(ctx context.Context, version, to string, sequence, days int) error {
	plain := filepath.Join("vendor", "gauge-"+version+".pbiviz")
	if err := s.Write(plain, 0o644, example.Gauge(version)); err != nil {
		return err
	}
	ends := s.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly)
	return s.play(ctx, exitDone, "vendor", "issue", "vendor/gauge-"+version+".pbiviz",
		"--key", "vendor/aurora.key", "--bundle", "vendor/aurora.trust", "--tenant", demoTenant,
		"--licensee", "customer:4711", "--subscription", "sub-88213", "--seq", fmt.Sprint(sequence),
		"--kind", "user", "--quantity", "250", "--ends", ends, "--embed", "--out", to)
}

// arrive puts a file that lies in the inbox where packages arrive.
func (s *story) arrive(ctx context.Context, name string) error {
	if !s.inCloud {
		s.settle(ctx)
		return nil
	}
	text, err := s.Read(filepath.Join("inbox", name), pbiviz.DefaultLimits().FileSize)
	if err != nil {
		return err
	}
	return s.tenant.Upload(name, text)
}

// settle waits until the library takes the file in the inbox for complete.
func (s *story) settle(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(2200 * time.Millisecond):
	}
}

func (s *story) say(text string) { fmt.Fprintf(s.Out, "\n# %s\n", text) }

func (s *story) playAll(ctx context.Context, lines ...[]string) error {
	for _, args := range lines {
		if err := s.play(ctx, exitDone, args...); err != nil {
			return err
		}
	}
	return nil
}

// play types one command in the story's folder and shows what came out.
func (s *story) play(ctx context.Context, want int, args ...string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	shown := make([]string, len(args))
	for i, a := range args {
		shown[i] = quoted(a)
	}
	var out bytes.Buffer
	streams := Streams{In: strings.NewReader(""), Out: &out, Err: &out}
	fmt.Fprintf(s.Out, "\n$ orgstore %s\n", strings.Join(shown, " "))
	code := Run(ctx, args, streams, s.Adapters)
	fmt.Fprint(s.Out, out.String())
	s.commands++
	switch {
	case code != want:
		s.surprises = append(s.surprises, fmt.Sprintf("`orgstore %s` left with %d instead of %d", strings.Join(shown, " "), code, want))
	case code != exitDone:
		fmt.Fprintf(s.Out, "(exit %d)\n", code)
	}
	return nil
}

// quoted writes an argument as a person would type it in a shell.
func quoted(arg string) string {
	if strings.ContainsAny(arg, " ~><,") {
		return `"` + arg + `"`
	}
	return cmp.Or(arg, `""`)
}

// forge changes one byte of a package's script and makes the archive whole
// again, as somebody would who wants it to be read.
func forge(g *globals, name string) ([]byte, error) {
	file, err := disk.ReadFile(g.Disk, name, pbiviz.DefaultLimits().FileSize)
	if err != nil {
		return nil, err
	}
	p, err := pbiviz.Read(file, pbiviz.DefaultLimits())
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range p.Entries() {
		body, _ := p.Entry(e.Name)
		body = bytes.Replace(body, []byte("use strict"), []byte("use Strict"), 1)
		h := &zip.FileHeader{Name: e.Name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(body), ReaderVersion: 20}
		h.CompressedSize64, h.UncompressedSize64 = uint64(len(body)), uint64(len(body))
		entry, err := w.CreateRaw(h)
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(body); err != nil {
			return nil, err
		}
	}
	err = w.Close()
	return out.Bytes(), err
}

// inTenant starts the tenant in which the story plays, and has the settings
// name its library.
func (s *story) inTenant(context.Context) error {
	with := s.simulated()
	tenant, err := s.globals.simulate(with)
	if err != nil {
		return err
	}
	s.tenant = tenant
	if err := os.Remove(config.FileName); err != nil {
		return err
	}
	if _, err = s.equip(".", with, tenant); err != nil {
		return err
	}
	text := fmt.Sprintf("version: 1\ntenant: %s\nas_of: %s\nsource: counted by hand\nuses:\n  - { guid: %s, designers: 12, viewers: 200 }\n",
		with.Tenant, s.Now().UTC().Format(time.DateOnly), example.GaugeGUID)
	if err := disk.MakeDir(s.Disk, ".orgstore", 0o700); err != nil {
		return err
	}
	return s.Write(filepath.Join(".orgstore", "facts.yaml"), 0o644, []byte(text))
}

// shown tells what administrators see beside a file in the library.
func (s *story) shown(name string) {
	view := output.View{Columns: []string{"COLUMN", "WHAT IT SAYS"}}
	columns := s.tenant.Shown(name)
	for _, c := range slices.Sorted(maps.Keys(columns)) {
		view.Rows = append(view.Rows, []string{c, orDash(columns[c])})
	}
	// A story that cannot be shown is told all the same.
	_ = output.Write(s.Out, output.Table, "", "", s.Now(), nil, view)
}
