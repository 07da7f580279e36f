package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/rule"
)

var update = flag.Bool("update", false, "write generated files anew")

// leaves says what each scalar of the file takes.
func leaves(t reflect.Type) *jsonschema.Schema {
	str := func(pattern string) *jsonschema.Schema {
		return &jsonschema.Schema{Type: "string", Pattern: pattern, MinLength: new(uint64(1))}
	}
	switch t {
	case reflect.TypeFor[formatNumber]():
		return &jsonschema.Schema{Const: 1}
	case reflect.TypeFor[tenantID]():
		return str(tenantForm.String())
	case reflect.TypeFor[folderPath]():
		return str(`^[^\t\r\n]+$`)
	case reflect.TypeFor[driverName]():
		return &jsonschema.Schema{Enum: anyOf(Drivers())}
	case reflect.TypeFor[acceptance]():
		return &jsonschema.Schema{Enum: []any{byWord}}
	case reflect.TypeFor[remindPeriod]():
		s := str(periodForm.String())
		s.Default = "2d"
		return s
	case reflect.TypeFor[termPeriod]():
		s := str(periodForm.String())
		s.Default = "400d"
		return s
	case reflect.TypeFor[escalatePeriod]():
		s := str(periodForm.String())
		s.Default = "5d"
		return s
	case reflect.TypeFor[unreachablePeriod]():
		s := str(periodForm.String())
		s.Default = "1h"
		return s
	case reflect.TypeFor[leastGrade]():
		return &jsonschema.Schema{Enum: []any{"signed", "attested", "readable"}, Default: string(defaultLeast)}
	case reflect.TypeFor[ownGrade]():
		return &jsonschema.Schema{Enum: []any{"signed", "attested", "readable"}}
	case reflect.TypeFor[publicKey]():
		return str(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}:(Ed25519|ES256):[A-Za-z0-9_-]+$`)
	case reflect.TypeFor[label]():
		s := str(`^\S(.*\S)?$`)
		s.MaxLength = new(uint64(maxLabel))
		return s
	case reflect.TypeFor[fingerprint]():
		return str(fingerprintForm.String())
	case reflect.TypeFor[guidText]():
		s := str(`^[A-Za-z0-9_]+$`)
		s.MaxLength = new(uint64(128))
		return s
	case reflect.TypeFor[enforcement]():
		return &jsonschema.Schema{Enum: []any{"package", "statement"}, Default: string(defaultEnforced)}
	case reflect.TypeFor[pinText]():
		// A number is read as it is written, so 1.10 stays 1.10.
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{str(""), {Type: "number"}}}
	case reflect.TypeFor[cloudName]():
		return &jsonschema.Schema{Enum: anyOf(Clouds()), Default: "public"}
	case reflect.TypeFor[signInType]():
		return &jsonschema.Schema{Enum: anyOf(SignInTypes())}
	case reflect.TypeFor[webAddress]():
		return str(`^https://[^/?#@\s]+$`)
	case reflect.TypeFor[audience]():
		return str(`^https://[^?#@\s]+[^/?#@\s]$`)
	case reflect.TypeFor[driveID]():
		return str(driveForm.String())
	case reflect.TypeFor[siteAddress]():
		return str(`^https://[^?#@\s]+[^/?#@\s]$`)
	case reflect.TypeFor[proxyAddress]():
		return str(`^https?://[^/?#@\s]+$`)
	case reflect.TypeFor[clientID]():
		return str(tenantForm.String())
	case reflect.TypeFor[variable]():
		return str(variableForm.String())
	case reflect.TypeFor[cronText]():
		return str(`^\S+(\s+\S+){4}$`)
	case reflect.TypeFor[period](), reflect.TypeFor[windowLength]():
		return str(periodForm.String())
	case reflect.TypeFor[zoneName](), reflect.TypeFor[windowName]():
		return str("")
	case reflect.TypeFor[storeName]():
		return str(storeForm.String())
	case reflect.TypeFor[wallTime]():
		return str(`^\d{4}-\d\d-\d\d([T ]\d\d:\d\d)?$`)
	case reflect.TypeFor[changeKind]():
		s := &jsonschema.Schema{}
		for _, k := range change.Kinds() {
			s.Enum = append(s.Enum, string(k))
		}
		return s
	case reflect.TypeFor[checkedKind]():
		s := &jsonschema.Schema{}
		for _, k := range checkable() {
			s.Enum = append(s.Enum, string(k))
		}
		return s
	case reflect.TypeFor[argument]():
		return str(`^[^\r\n]+$`)
	case reflect.TypeFor[checkPeriod]():
		s := str(periodForm.String())
		s.Default = "2m"
		return s
	case reflect.TypeFor[renewMode]():
		return &jsonschema.Schema{Enum: []any{"automatic", "in-window", "manual"}, Default: "automatic"}
	case reflect.TypeFor[driftMode]():
		return &jsonschema.Schema{Enum: []any{"report", "adopt", "restore"}, Default: "report"}
	case reflect.TypeFor[licensing]():
		return &jsonschema.Schema{Enum: []any{byVendor, byHybrid}, Default: byVendor}
	case reflect.TypeFor[noticeEvent]():
		return &jsonschema.Schema{Enum: anyOf(noticeEvents())}
	case reflect.TypeFor[clockTime]():
		return str(clockForm.String())
	case reflect.TypeFor[mailAddress]():
		return str(`^[^\s@]+@[^\s@]+$`)
	case reflect.TypeFor[lastDay]():
		return str(`^\d{4}-\d\d-\d\d$`)
	case reflect.TypeFor[roundPeriod]():
		s := str(periodForm.String())
		s.Default = "5m"
		return s
	case reflect.TypeFor[listenAddress]():
		return str(`^\S*:[0-9]{1,5}$`)
	case reflect.TypeFor[logForm]():
		return &jsonschema.Schema{Enum: []any{LogText, LogJSON}, Default: LogText}
	case reflect.TypeFor[approvalCount]():
		return &jsonschema.Schema{Type: "integer", Minimum: "0", Maximum: json.Number(strconv.Itoa(approval.MaxApprovals))}
	case reflect.TypeFor[expression]():
		return str("")
	case reflect.TypeFor[otherwiseWord]():
		return &jsonschema.Schema{Enum: []any{string(rule.Deny), string(rule.Approval)}, Default: string(rule.Deny)}
	case reflect.TypeFor[outcomeWord]():
		return &jsonschema.Schema{Enum: anyOf(rule.Outcomes())}
	case reflect.TypeFor[shippedRule]():
		s := &jsonschema.Schema{}
		for _, r := range rule.Ready() {
			s.Enum = append(s.Enum, r.Name)
		}
		return s
	case reflect.TypeFor[limitVersion]():
		return str(`^[0-9]+(\.[0-9]+){0,3}$`)
	case reflect.TypeFor[factsTree]():
		return &jsonschema.Schema{Type: "object"}
	case reflect.TypeFor[truth]():
		return &jsonschema.Schema{Type: "boolean", Default: false}
	}
	return nil
}

func anyOf(words []string) []any {
	var all []any
	for _, w := range words {
		all = append(all, w)
	}
	return all
}

// orNull admits what is left of a list or section whose lines are commented out.
func orNull(s *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{Description: s.Description, AnyOf: []*jsonschema.Schema{
		{Type: s.Type, Items: s.Items, Ref: s.Ref, AdditionalProperties: s.AdditionalProperties}, {Type: "null"},
	}}
}

// comments finds the comments of the file's types and keys, which the schema
// repeats as descriptions.
func comments(t *testing.T) func(reflect.Type, string) string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), "file.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range s.Fields.List {
				for _, name := range f.Names {
					found[spec.Name.Name+"."+name.Name] = strings.TrimSpace(f.Doc.Text())
				}
			}
		}
		return false
	})
	return func(t reflect.Type, field string) string { return found[t.Name()+"."+field] }
}

func generate(t *testing.T) []byte {
	t.Helper()
	r := &jsonschema.Reflector{
		Anonymous: true, ExpandedStruct: true, FieldNameTag: "yaml",
		RequiredFromJSONSchemaTags: true, Mapper: leaves,
		LookupComment: comments(t),
	}
	s := r.Reflect(file{})
	s.Title, s.Description = FileName, "Settings of orgstore: which Power BI visuals a tenant wants, in which versions, and whose licenses it believes."
	for _, def := range append([]*jsonschema.Schema{s}, s.Definitions["trustSection"], s.Definitions["vendorEntry"], s.Definitions["freezeEntry"], s.Definitions["visualEntry"], s.Definitions["notifyEntry"]) {
		for p := def.Properties.Oldest(); p != nil; p = p.Next() {
			switch p.Key {
			case "visuals", "vendors", "attesters", "guids", "trust", "packages", "endpoints", "network", "windows", "freezes", "except", "upgrade", "agent", "notify", "events", "approvals", "rules", "rule_examples", "install", "renewal", "rollback", "stores", "rings":
				p.Value = orNull(p.Value)
			}
		}
	}
	s.Definitions["notifyEntry"].OneOf = []*jsonschema.Schema{{Required: []string{"mail"}}, {Required: []string{"teams"}}, {Required: []string{"webhook"}}}
	s.Definitions["librarySection"].OneOf = []*jsonschema.Schema{{Required: []string{"folder"}}, {Required: []string{"sharepoint"}}}
	s.AnyOf = []*jsonschema.Schema{{Required: []string{"store"}}, {Required: []string{"stores"}}}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func TestSchemaIsThatOfTheTypes(t *testing.T) {
	want := generate(t)
	if *update {
		schema = want
		if err := os.WriteFile(SchemaName, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(want, Schema()) {
		t.Errorf("%s is not what the types say; go test ./agent/config -run Schema -update writes it anew", SchemaName)
	}
}

func TestSchemaDescribesEveryKey(t *testing.T) {
	var s struct {
		Properties map[string]map[string]any
		Defs       map[string]struct{ Properties map[string]map[string]any } `json:"$defs"`
	}
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	n := 0
	all := map[string]map[string]map[string]any{"the root": s.Properties}
	for name, d := range s.Defs {
		all[name] = d.Properties
	}
	for where, properties := range all {
		for key, p := range properties {
			n++
			if d, _ := p["description"].(string); d == "" {
				t.Errorf("%s of %s has no description", key, where)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d keys found", n)
	}
}

// validate asks the schema about a settings file.
func validate(t *testing.T, text string) error {
	t.Helper()
	doc, err := validator.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := validator.NewCompiler()
	if err := c.AddResource("orgstore.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("orgstore.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := yaml.Load([]byte(text), &tree); err != nil {
		return err
	}
	b, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	instance, err := validator.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(instance)
}

func TestSchemaAgreesWithParse(t *testing.T) {
	for name, text := range accepted {
		if err := validate(t, text); err != nil {
			t.Errorf("%s: the schema refuses what Parse accepts: %v", name, err)
		}
	}
	for _, c := range refused {
		if c.schemaBlind {
			continue
		}
		if err := validate(t, c.text); err == nil {
			t.Errorf("%s: the schema accepts what Parse refuses", c.name)
		}
	}
	if !strings.Contains(string(Template("")), "$schema="+SchemaName) {
		t.Error("the template does not refer to the schema")
	}
}
