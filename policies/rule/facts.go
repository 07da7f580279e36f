package rule

import (
	"fmt"
	"reflect"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"

	"github.com/orgstore/orgstore/packages/visual"
)

// Facts is all that rules may speak of. In rules and in examples its members are
// called by their cel tags, which settings hold: they are never renamed.
type Facts struct {
	Change Change `cel:"change"`
	Visual Visual `cel:"visual"`
	// To is the package that comes, From the one in whose place it comes.
	To      Package   `cel:"to"`
	From    Package   `cel:"from"`
	Diff    Diff      `cel:"diff"`
	License License   `cel:"license"` // of the package that comes
	Tenant  Tenant    `cel:"tenant"`
	Now     time.Time `cel:"now"`
}

// A Change is what is to happen.
type Change struct {
	Kind  string `cel:"kind"` // install, upgrade, downgrade, replace or renew
	Store string `cel:"store"`
}

// A Visual is what changes.
type Visual struct {
	GUID string `cel:"guid"`
	Name string `cel:"name"`
	Pin  string `cel:"pin"`
}

// A Package is what one package says of itself. Of one that is not there every
// member is empty.
type Package struct {
	Present     bool    `cel:"present"`
	Version     string  `cel:"version"`
	Author      string  `cel:"author"`
	AuthorEmail string  `cel:"author_email"`
	APIVersion  string  `cel:"api_version"`
	Generation  string  `cel:"generation"` // old or new
	Size        int64   `cel:"size"`       // in bytes
	Privileges  []Right `cel:"privileges"`
}

// A Right is a privilege and one thing it is for: a URL of WebAccess, mostly.
type Right struct {
	Name      string `cel:"name"`
	Parameter string `cel:"parameter"`
}

// A Diff is what changed between the two packages. Of a first install, all that
// the package asks for is added.
type Diff struct {
	Class      string       `cel:"class"` // identical, license-only, metadata, code or capabilities; empty of a first install
	Findings   []Difference `cel:"findings"`
	Privileges Rights       `cel:"privileges"`
	Roles      Names        `cel:"data_roles"`
	Properties Names        `cel:"properties"`
	Hosts      Hosts        `cel:"hosts"` // named by URLs in the code; none of a first install
}

// A Difference is one finding of what changed.
type Difference struct {
	Severity string `cel:"severity"` // breaking, security or note
	Code     string `cel:"code"`
	Message  string `cel:"message"`
}

// Rights are asked for anew, or no more.
type Rights struct {
	Added   []Right `cel:"added"`
	Removed []Right `cel:"removed"`
}

// Names are those of data roles or properties.
type Names struct {
	Added   []string `cel:"added"`
	Removed []string `cel:"removed"`
	Changed []string `cel:"changed"`
}

// Hosts are named anew, or no more.
type Hosts struct {
	Added   []string `cel:"added"`
	Removed []string `cel:"removed"`
}

// A License is what is known of a license; its members are empty where it is not.
type License struct {
	Grade    string    `cel:"grade"` // signed, attested or readable
	Vendor   string    `cel:"vendor"`
	Kind     string    `cel:"kind"` // user, capacity or site
	Quantity int64     `cel:"quantity"`
	Trial    bool      `cel:"trial"`
	Ends     time.Time `cel:"ends"`
	DaysLeft int64     `cel:"days_left"` // whole days until it ends
}

// A Tenant is what is known of the tenant. Numbers that nobody told are -1.
type Tenant struct {
	ID         string   `cel:"id"`
	Cloud      string   `cel:"cloud"`
	Capacities []string `cel:"capacities"` // SKUs
	Designers  int64    `cel:"designers"`  // of this visual
	Viewers    int64    `cel:"viewers"`    // of this visual
}

// given names the facts as rules do.
func (f Facts) given() map[string]any {
	return map[string]any{
		"change": f.Change, "visual": f.Visual, "to": f.To, "from": f.From, "diff": f.Diff,
		"license": f.License, "tenant": f.Tenant, "now": f.Now,
	}
}

// variables declares what rules may speak of.
func variables() []cel.EnvOption {
	object := func(name, of string) cel.EnvOption { return cel.Variable(name, cel.ObjectType("rule."+of)) }
	return []cel.EnvOption{
		ext.NativeTypes(ext.ParseStructTag("cel"),
			reflect.TypeFor[Change](), reflect.TypeFor[Visual](), reflect.TypeFor[Package](),
			reflect.TypeFor[Diff](), reflect.TypeFor[License](), reflect.TypeFor[Tenant]()),
		object("change", "Change"), object("visual", "Visual"), object("to", "Package"), object("from", "Package"),
		object("diff", "Diff"), object("license", "License"), object("tenant", "Tenant"),
		cel.Variable("now", cel.TimestampType),
	}
}

// functions declares what rules may ask of versions: to.version.atLeast("1.5").
func functions() cel.EnvOption {
	versions := []*cel.Type{cel.StringType, cel.StringType}
	return func(env *cel.Env) (*cel.Env, error) {
		for name, holds := range map[string]func(int) bool{
			"atLeast": func(c int) bool { return c >= 0 },
			"atMost":  func(c int) bool { return c <= 0 },
		} {
			declare := cel.Function(name, cel.MemberOverload("string_"+name, versions, cel.BoolType, cel.BinaryBinding(comparing(holds))))
			var err error
			if env, err = declare(env); err != nil {
				return nil, err
			}
		}
		return env, nil
	}
}

func comparing(holds func(int) bool) func(a, b ref.Val) ref.Val {
	return func(a, b ref.Val) ref.Val {
		v, err := version(a)
		if err != nil {
			return types.WrapErr(err)
		}
		w, err := version(b)
		if err != nil {
			return types.WrapErr(err)
		}
		return types.Bool(holds(v.Compare(w)))
	}
}

// version reads a version made of numbers; of others nobody can say which is higher.
func version(of ref.Val) (visual.Version, error) {
	text, _ := of.Value().(string)
	v, err := visual.ParseVersion(text)
	if err != nil || !v.Deployable() {
		return v, fmt.Errorf("%.40q is no version made of numbers", text)
	}
	return v, nil
}
