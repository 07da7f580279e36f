package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
	"github.com/orgstore/orgstore/policies/window"
)

func newWindow(g *globals) *cobra.Command {
	return group("window", "Show when changes may be made", `Show when changes may be made.

Windows and freezes are in the settings; a visual names its window under upgrade.
A rollback waits for neither.`, newWindowList(g), newWindowNext(g))
}

func newWindowList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the windows and freezes of the settings, and which visuals they are for",
		Example: "  orgstore window list",
		Args:    arguments(cobra.NoArgs),
		RunE:    g.answering(func(context.Context, []string) (answer, error) { return runWindowList(g) }),
	}
}

type windowData struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"` // window or freeze
	When     string   `json:"when"`
	Timezone string   `json:"timezone"`
	Next     string   `json:"next"` // when it comes next, or came and lasts; empty if never
	Until    string   `json:"until"`
	Except   []string `json:"except"`
	Visuals  []string `json:"visuals"` // GUIDs; empty for a freeze, which is for all
}

func runWindowList(g *globals) (answer, error) {
	s, err := g.settings()
	if err != nil {
		return answer{}, err
	}
	data := []windowData{}
	view := output.View{Columns: []string{"NAME", "KIND", "WHEN", "NEXT", "FOR"}}
	add := func(d windowData, w window.Window, whom string) {
		for span := range w.Spans(g.Now()) {
			d.Next, d.Until = engine.Timestamp(span.From), engine.Timestamp(span.Until)
			view.Rows = append(view.Rows, []string{d.Name, d.Kind, d.When, spanText(span, w.Zone), whom})
			data = append(data, d)
			return
		}
		view.Rows = append(view.Rows, []string{d.Name, d.Kind, d.When, "never again", whom})
		data = append(data, d)
	}
	for _, w := range s.Windows {
		guids := []string{}
		for _, v := range s.Visuals {
			if v.Window == w.Name {
				guids = append(guids, v.GUID.String())
			}
		}
		add(windowData{Name: w.Name, Kind: "window", When: whenText(w), Timezone: zoneText(w.Zone), Except: []string{}, Visuals: guids}, w, engine.Count(len(guids), "visual"))
	}
	for _, f := range s.Freezes {
		except := []string{}
		for _, k := range f.Except {
			except = append(except, string(k))
		}
		whom := "all"
		if len(except) > 0 {
			whom += " but for " + strings.Join(except, ", ")
		}
		add(windowData{Name: f.Name, Kind: "freeze", When: whenText(f.Window), Timezone: zoneText(f.Zone), Except: except, Visuals: []string{}}, f.Window, whom)
	}
	a := answer{data: data, view: view}
	if len(data) == 0 {
		a.message = "the settings have no windows and no freezes: changes are made at once"
	}
	return a, nil
}

type windowNextOptions struct {
	*globals
	visual string
	change string
	number int
}

// maxNext bounds -n: nobody reads more.
const maxNext = 1000

func newWindowNext(g *globals) *cobra.Command {
	o := &windowNextOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "next",
		Short: "Show when changes may be made next, and why not now",
		Long: `Show when changes may be made next, and why not now.

Times are those of the window's time zone. Freezes are taken out.`,
		Example: `  orgstore window next
  orgstore window next --visual auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E -n 10
  orgstore window next --change renew`,
		Args: arguments(cobra.NoArgs),
		RunE: g.answering(o.run),
	}
	cmd.Flags().StringVar(&o.visual, "visual", "", "only for this `VISUAL`")
	cmd.Flags().StringVar(&o.change, "change", string(change.Upgrade), "for changes of this `KIND`: upgrade, replace, downgrade, renew, install, enable or disable")
	cmd.Flags().IntVarP(&o.number, "number", "n", 5, "how many to show")
	return cmd
}

type nextData struct {
	Visual engine.Visual `json:"visual"`
	Window string        `json:"window"` // empty where changes may be made at any time
	From   string        `json:"from"`
	Until  string        `json:"until"` // empty where it has no end
	Open   bool          `json:"open"`
}

func (o *windowNextOptions) run(context.Context, []string) (answer, error) {
	s, err := o.settings()
	if err != nil {
		return answer{}, err
	}
	kind := change.Kind(o.change)
	if !kind.Valid() || kind == change.Restore {
		return answer{}, fault.Usage("the way back of a failed change waits for nothing, and the others are upgrade, replace, downgrade, renew, install, enable and disable", "--change: %q is not a kind of change that waits", o.change)
	}
	if o.number < 1 || o.number > maxNext {
		return answer{}, fault.Usage("", "-n: from 1 to %d can be shown", maxNext)
	}
	visuals, err := o.chosen(s)
	if err != nil {
		return answer{}, err
	}
	data := []nextData{}
	view := output.View{Columns: []string{"VISUAL", "WINDOW", "WHEN", "NOW"}}
	for _, v := range visuals {
		p := s.Policy(v)
		calendar := calendarOf(p, kind)
		now := nowText(calendar.EvaluateAt(o.Now(), kind, 0), o.Now(), zoneOf(s, v.Window))
		if kind == change.Renew && p.Renew == plan.RenewByHand {
			now = "renewals are made by hand"
		}
		n := 0
		for span := range calendar.OpenSpans(o.Now(), kind) {
			if n++; n > o.number {
				break
			}
			data = append(data, nextData{engine.Visual{GUID: v.GUID.String(), Name: v.Name}, span.Name, engine.Timestamp(span.From), engine.Timestamp(span.Until), span.Contains(o.Now())})
			view.Rows = append(view.Rows, []string{engine.OrElse(v.Name, v.GUID.String()), engine.OrElse(span.Name, "any time"), spanText(span, zoneOf(s, span.Name)), now})
			now = ""
		}
		if n == 0 {
			view.Rows = append(view.Rows, []string{engine.OrElse(v.Name, v.GUID.String()), orDash(v.Window), "never", now})
		}
	}
	a := answer{data: data, view: view}
	if len(visuals) == 0 {
		a.message = "nothing is pinned: pin a visual with `orgstore pin set VISUAL PIN`"
	}
	return a, nil
}

// chosen are the pinned visuals that are asked for.
func (o *windowNextOptions) chosen(s config.Settings) ([]config.Visual, error) {
	if o.visual == "" {
		return s.Visuals, nil
	}
	g, err := visual.ParseName(o.visual)
	if err != nil {
		return nil, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
	}
	v, ok := s.Visual(g)
	if !ok {
		return nil, fault.New("visual.unknown", "`orgstore pin list` shows them all", "%s is not pinned", g)
	}
	return []config.Visual{v}, nil
}

// calendarOf leaves out windows for the kinds of change that wait for none.
func calendarOf(p plan.Policy, kind change.Kind) window.Calendar {
	c := p.Calendar
	if !p.Windowed(kind) {
		c.Windows = nil
	}
	return c
}

// nowText says whether a change may be made now, and why not.
func nowText(a window.Answer, now time.Time, zone *time.Location) string {
	switch {
	case a.Open && a.Current.Until.IsZero():
		return "open"
	case a.Open:
		return "open until " + inZone(a.Current.Until, zone)
	case !a.Freeze.From.IsZero() && a.Freeze.Until.IsZero():
		return "frozen by " + a.Freeze.Name
	case !a.Freeze.From.IsZero():
		return fmt.Sprintf("frozen by %s until %s", a.Freeze.Name, inZone(a.Freeze.Until, zone))
	case a.Next.From.IsZero():
		return "closed"
	}
	return "closed for " + inAbout(a.Next.From.Sub(now))
}

// inAbout writes a time to wait for people.
func inAbout(d time.Duration) string {
	if days := d / (24 * time.Hour); days > 1 {
		return engine.Count(int(days), "day")
	}
	return d.Round(time.Minute).String()
}

func zoneOf(s config.Settings, name string) *time.Location {
	i := slices.IndexFunc(s.Windows, func(w window.Window) bool { return w.Name == name })
	if i < 0 {
		return time.UTC
	}
	return s.Windows[i].Zone
}

func zoneText(zone *time.Location) string {
	if zone == nil {
		return "UTC"
	}
	return zone.String()
}

func inZone(t time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format("Mon 2006-01-02 15:04")
}

func spanText(s window.Span, zone *time.Location) string {
	if s.Until.IsZero() {
		return "from " + inZone(s.From, zone) + " " + zoneText(zone)
	}
	until := inZone(s.Until, zone)
	if day := inZone(s.From, zone)[:14]; strings.HasPrefix(until, day) {
		until = until[len(day)+1:]
	}
	return fmt.Sprintf("%s to %s %s", inZone(s.From, zone), until, zoneText(zone))
}

func whenText(w window.Window) string {
	if w.Cron.IsZero() {
		return "once"
	}
	return fmt.Sprintf("%s for %s, %s", w.Cron, w.LengthText(), zoneText(w.Zone))
}
