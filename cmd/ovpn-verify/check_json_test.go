package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func checkPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/check-json.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// tableOf is the first column of the first table below a heading.
func tableOf(t *testing.T, page, heading string) []string {
	t.Helper()
	_, section, found := strings.Cut(page, "\n"+heading+"\n")
	if !found {
		t.Fatalf("the page has no heading %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n#")
	var column []string
	_, rows, _ := strings.Cut(section, "\n|---|") // the head has a code word, too
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(rows, -1) {
		column = append(column, row[1])
	}
	slices.Sort(column)
	return column
}

// keysOf are all keys that a struct's JSON can have.
func keysOf(of reflect.Type, before string) (keys []string) {
	for field := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		keys = append(keys, before+name)
		inner, path := field.Type, before+name+"."
		if inner.Kind() == reflect.Slice {
			inner, path = inner.Elem(), before+name+"[]."
		}
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			keys = append(keys, keysOf(inner, path)...)
		}
	}
	slices.Sort(keys)
	return keys
}

func TestThePageOfCheckJSONHasEveryField(t *testing.T) {
	page, keys := tableOf(t, checkPage(t), "## Fields"), keysOf(reflect.TypeFor[checkJSON](), "")
	if !slices.Equal(page, keys) {
		t.Errorf("the page has the fields\n%q, the program\n%q", page, keys)
	}
}

func TestThePageOfCheckJSONHasEveryStep(t *testing.T) {
	page, code := tableOf(t, checkPage(t), "### Steps"), stepsInCode(t, "../../backends", "../../verify")
	if !slices.Equal(page, code) {
		t.Errorf("the page has the steps\n%q, the code\n%q", page, code)
	}
}

// stepsInCode are the names that the code gives to trace.Start, trace.Note and
// the step of an LDAP session, which alone passes on a name.
func stepsInCode(t *testing.T, roots ...string) []string {
	t.Helper()
	names, passedOn := map[string]bool{}, 0
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch name, is := stepName(n); {
				case !is:
				case name == nil:
					passedOn++
				default:
					names[*name] = true
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if passedOn != 1 {
		t.Errorf("%d steps have a name that is no constant in place of one", passedOn)
	}
	return slices.Sorted(maps.Keys(names))
}

// stepName is the name in a call that makes a step; nil: it is no literal.
func stepName(n ast.Node) (name *string, is bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) < 2 {
		return nil, false
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil, false
	}
	of, _ := method.X.(*ast.Ident)
	traces := of != nil && of.Name == "trace" && (method.Sel.Name == "Start" || method.Sel.Name == "Note")
	if !traces && method.Sel.Name != "step" {
		return nil, false
	}
	literal, ok := call.Args[1].(*ast.BasicLit)
	if !ok {
		return nil, true
	}
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		return nil, true
	}
	return &text, true
}

// The values that programs decide by.
func TestThePageOfCheckJSONHasEveryValue(t *testing.T) {
	page := checkPage(t)
	for heading, want := range map[string][]string{
		"### Verdicts": verdictValues, "### Stages": stageValues, "### Factors": factorValues, "### Results": resultValues,
	} {
		if got := tableOf(t, page, heading); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%s: the page has %q, the program %q", heading, got, want)
		}
	}
}

func TestTheExamplesOfCheckJSONAreDocuments(t *testing.T) {
	examples := regexp.MustCompile("(?ms)^```json\n(.*?)^```$").FindAllStringSubmatch(checkPage(t), -1)
	verdicts := map[string]bool{}
	steps := tableOf(t, checkPage(t), "### Steps")
	for _, example := range examples {
		doc, err := readCheckJSON(example[1])
		if err != nil {
			t.Errorf("%v:\n%s", err, example[1])
		}
		verdicts[doc.Backend+" "+doc.Verdict] = true
		for _, step := range doc.Steps {
			if !slices.Contains(steps, step.Name) {
				t.Errorf("there is no step %q", step.Name)
			}
		}
	}
	if !verdicts["ldap accepted"] || !verdicts["radius unavailable"] {
		t.Errorf("the examples are %v", verdicts)
	}
}

// The lists that the tests go by are the pipeline's.
func TestTheValuesOfCheckJSONAreAllThereAre(t *testing.T) {
	for prefix, want := range map[string][]string{"Stage": stageValues, "factor": factorValues} {
		if got := constantsOf(t, "../../verify", prefix); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%s…: the code has %q, the tests %q", prefix, got, want)
		}
	}
}

// constantsOf are the values of a folder's string constants with a prefix.
func constantsOf(t *testing.T, folder, prefix string) []string {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`(?m)^(?:\t|const )`+prefix+`[A-Z]\w* += "([^"]+)"`).FindAllSubmatch(content, -1) {
			values = append(values, string(found[1]))
		}
	}
	slices.Sort(values)
	return values
}
