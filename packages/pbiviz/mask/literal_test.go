package mask_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/mask"
)

// literalTexts returns the interiors of a script's literals.
func literalTexts(script string) ([]string, error) {
	found, err := mask.Literals([]byte(script), len(script)+1)
	interiors := []string{}
	for _, l := range found {
		interiors = append(interiors, script[l.Start:l.End])
	}
	return interiors, err
}

// TestLiterals lists scripts with the interiors of their literals; K stands for
// a key that somebody wants to be taken for one.
func TestLiterals(t *testing.T) {
	for _, c := range []struct {
		name, script string
		want         []string
	}{
		{"nothing", ``, nil},
		{"both quotes", `a="K";b='K'`, []string{"K", "K"}},
		{"template without substitution", "a=`K`", []string{"K"}},
		{"template with substitution", "a=`K${b}K`;c='d'", []string{"d"}},
		{"literal inside a substitution", "a=`x${f('K')}y`", []string{"K"}},
		{"template inside a substitution", "a=`x${`K`}y${`z${1}`}`", []string{"K"}},
		{"braces inside a substitution", "a=`${{b:'K'}.b}'`+'L'", []string{"K", "L"}},
		{"tagged template", "tag`K`", []string{"K"}},
		{"nested quotes", `a='"K"';b="'K'"`, []string{`"K"`, `'K'`}},
		{"escaped quote", `a="\"";b="K"`, []string{`\"`, "K"}},
		{"escaped backslash before the end", `a="\\";b="K"`, []string{`\\`, "K"}},
		{"line continuation", "a='x\\\ny';b='K'", []string{"x\\\ny", "K"}},
		{"line continuation of CR LF", "a='x\\\r\n\\'y';b='K'", []string{"x\\\r\n\\'y", "K"}},
		{"line separator inside a string", "a='x\u2028y';b='K'", []string{"x\u2028y", "K"}},
		{"unicode escape of a quote is no quote", `a="\u0022";b="K"`, []string{`\u0022`, "K"}},
		{"quote in a line comment", "//\"\na='K'", []string{"K"}},
		{"quote in a line comment that a line separator ends", "//\"\u2028a='K'", []string{"K"}},
		{"quote in a block comment", `/*"*/a='K'/*'*/`, []string{"K"}},
		{"comment that looks like two", `/*/"*/a='K'`, []string{"K"}},
		{"comment inside a string is none", `a="/*";b='K';c="*/"`, []string{"/*", "K", "*/"}},
		{"slashes inside a string are no comment", `a="http://x";b='K'`, []string{"http://x", "K"}},
		{"quote in a regular expression", `a=/"/;b="K"`, []string{"K"}},
		{"quote in a class with a slash", `a=/[/"]/;b="K"`, []string{"K"}},
		{"escaped slash and bracket", `a=/\/[\]"]"/g;b="K"`, []string{"K"}},
		{"brackets in a class", `a=/[[/]"]/v.test(b);c="K"`, []string{"K"}},
		{"regular expression after return", `return/"/.test("K")`, []string{"K"}},
		{"regular expression after a condition", `if(a)/"/.test("K")`, []string{"K"}},
		{"regular expression after a block", `if(a){}/"/.test("K")`, []string{"K"}},
		{"regular expression after a function", `function f(){}/"/.test("K")`, []string{"K"}},
		{"regular expression after a class", `class A extends B({}){m(){}}/"/.test("K")`, []string{"K"}},
		{"regular expression after do while", `do{}while(a)/"/.test("K")`, []string{"K"}},
		{"regular expression after for await", `async()=>{for await(a of b)/"/.test("K");}`, []string{"K"}},
		{"regular expression after prefix ++", "a\n++/\"/.lastIndex;b='K'", []string{"K"}},
		{"division after a call", `a=f(b)/"K".length/c`, []string{"K"}},
		{"division after a method called if", `a.if(b)/"K".length/c`, []string{"K"}},
		{"division after a private method called if", `this.#if(b)/"K".length/c`, []string{"K"}},
		{"division after a member called return", `a.return/"K".length/c`, []string{"K"}},
		{"division after an optional member called typeof", `a?.typeof/"K".length/c`, []string{"K"}},
		{"division after an index", `a[0]/"K".length/b`, []string{"K"}},
		{"division after an object", `a={b:1}/"K".length/c`, []string{"K"}},
		{"division after an object in a call", `f({b:{}/"K".length/c})`, []string{"K"}},
		{"division after an object called class", `a={class:{}/"K".length/c}`, []string{"K"}},
		{"division after an object called function", `a={function:{}/"K".length/c}`, []string{"K"}},
		{"regular expression behind an object called function", `a={b:1,function:2};if(c){}/"/.test("K")`, []string{"K"}},
		{"division after a function expression", `a=function(){}/"K".length/c`, []string{"K"}},
		{"division after an async function expression", `a=async function*(){}/"K".length/c`, []string{"K"}},
		{"division after a class expression", `a=class{}/"K".length/c`, []string{"K"}},
		{"division after postfix ++", `a++/"K".length/b`, []string{"K"}},
		{"division after a number", `1./"K".length/.5/2e3/0xe+"K"`, []string{"K", "K"}},
		{"division after a template", "`${a}`/'K'.length/b", []string{"K"}},
		{"division after a string", `"K"/"K"/2`, []string{"K", "K"}},
		{"assignment by division", `a/="K".length/b`, []string{"K"}},
		{"division after an escaped name", `\u0069f(b)/"K".length/c`, []string{"K"}},
		{"division after a name beyond ASCII", `é/"K".length/c`, []string{"K"}},
		{"division behind a space beyond ASCII", "a\u00a0/'K'.length/c", []string{"K"}},
		{"adjacent literals", `"K""K"`, []string{"K", "K"}},
		{"code between literals", `"K"+evil()+"K"`, []string{"K", "K"}},
		{"decrement before greater", `while(n-->0)a="K"`, []string{"K"}},
		{"HTML-like comment inside a string", `a="<!--";b="-->";c="K"`, []string{"<!--", "-->", "K"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := literalTexts(c.script)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("literals %q, want %q", got, c.want)
			}
		})
	}
}

// TestUnproven lists scripts that this reader and a browser could read in two
// ways, or that are not scripts at all.
func TestUnproven(t *testing.T) {
	for name, script := range map[string]string{
		"HTML-like comment":                    "a<!--\"K\"",
		"HTML-like end of a comment":           "a\n-->\"K\"",
		"HTML-like end at the start":           "-->\"K\"",
		"HTML-like end behind a comment":       "a/*\n*/-->\"K\"",
		"hashbang":                             "#!\"K\"",
		"slash after a label's block or value": `a:{}/"/.test("K")//"`,
		"slash after a case's block or value":  `switch(a){case 1:{}/"/.test("K")}//"`,
		"slash after an arrow function":        "a=()=>{}\n/\"/.test(\"K\")//\"",
		"slash after yield":                    `yield/"/.test("K")//"`,
		"slash after await":                    `await/"/.test("K")//"`,
		"slash after of":                       `for(a of/"/.exec("K")){}//"`,
		"slash after a returned function":      "return\nfunction(){}/\"/.test(\"K\")//\"",
		"string that ends with its line":       "a='b\nc';d='K'",
		"string that does not end":             `a="K`,
		"template that does not end":           "a=`K",
		"comment that does not end":            `/*"K"`,
		"regular expression that does not end": `a=/"K"`,
		"regular expression over two lines":    "a=/\n\"/;b='K'",
		"bracket too many":                     `a="K"}`,
		"brackets crossed":                     `f(a[1)];"K"`,
		"backslash outside of a string":        `a=\"K"`,
		"at sign":                              `@a class B{c="K"}`,
		"control character":                    "a=\x01'K'",
		"not UTF-8":                            "a='\xff'",
		"nested too deep":                      strings.Repeat("[", 20_000),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := literalTexts(script)
			var unproven *mask.Unproven
			if !errors.As(err, &unproven) {
				t.Fatalf("literals %q, error %v", got, err)
			}
			if unproven.Offset > len(script) || strings.Contains(err.Error(), "K") {
				t.Errorf("%v", err)
			}
		})
	}
}

// What comes behind a literal does not change it, so it need not be read.
func TestLiteralsStopsInTime(t *testing.T) {
	script := []byte("a='K';b='L';c='")
	for until, want := range map[int]int{4: 0, 5: 1, 10: 1, 11: 2, 13: 2} {
		found, err := mask.Literals(script, until)
		if err != nil || len(found) != want {
			t.Errorf("until %d: %v, %v", until, found, err)
		}
	}
	if _, err := mask.Literals(script, len(script)); err == nil {
		t.Error("a string that does not end is accepted")
	}
}

// The scripts that Microsoft's packager makes can be taken apart.
func TestLiteralsOfRealScripts(t *testing.T) {
	for _, f := range slices.Concat(example.Packages(), example.OldPackages()) {
		p, err := pbiviz.Read(f.Bytes, pbiviz.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		script := p.Code().Script
		found, err := mask.Literals(script, len(script))
		if err != nil || len(found) == 0 {
			t.Errorf("%s: %d literals, %v", f.Name, len(found), err)
		}
	}
}

// FuzzLiterals: no script makes the reader panic, and every literal is framed
// by its quotes, which do not stand inside it.
func FuzzLiterals(f *testing.F) {
	f.Add("a='K';b=`x${\"y\"}`/2/'z'", 100)
	f.Add("class A{static{if(a)/[/'\"]/.test(`b`)}}", 100)
	f.Add("a<!--\n-->b\u2028/*'*/\\u{61}='\\\r\n'", 20)
	f.Add("async function*f(){}/'/;x=>{}", 20)
	f.Fuzz(func(t *testing.T, script string, until int) {
		found, err := mask.Literals([]byte(script), until)
		if err != nil {
			var unproven *mask.Unproven
			if !errors.As(err, &unproven) || len(found) > 0 {
				t.Fatalf("%v, %v", found, err)
			}
			return
		}
		at := 0
		for _, l := range found {
			if l.Start < at || l.End < l.Start || l.End >= until || l.End >= len(script) {
				t.Fatalf("%+v lies outside", l)
			}
			quote, interior := script[l.Start-1], script[l.Start:l.End]
			if quote != script[l.End] || !strings.ContainsRune("'\"`", rune(quote)) {
				t.Fatalf("%+v has no quotes", l)
			}
			if l.Plain == strings.Contains(interior, `\`) || l.Plain && strings.Contains(interior, string(quote)) {
				t.Fatalf("%+v is plain: %t", l, l.Plain)
			}
			at = l.End + 1
		}
	})
}
