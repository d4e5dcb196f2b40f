package firn_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// notBound are the functions of firn.h that the binding does without.
var notBound = map[string]string{
	"firn_add_to":          "the twin of firn_add for runtimes that cannot take a struct",
	"firn_log_bounds_to":   "the twin of firn_log_bounds for such runtimes",
	"firn_get_api":         "for those who load the library at run time",
	"firn_version":         "Version is read from firn_build_info",
	"firn_options_parse":   "options are set one by one, so that an error names the one",
	"firn_options_set_u64": "options are set as texts",
	"firn_txn_commit":      "firn_txn_commit_ex without flags",
	"firn_multi_pin":       "Lookup copies once, into memory of its own that is used again; values in place are not offered",
	"firn_txn_multi_pin":   "as firn_multi_pin",
	"firn_wake":            "nobody waits in the engine: see notifier",
	"firn_log_wake":        "nobody waits in the engine",
	"firn_inspect":         "for people: the command firn does it, of a database that no program can open",
	"firn_explain_key":     "as firn_inspect",
	"firn_salvage":         "as firn_inspect: to give up data is the decision of a person",
}

// goFiles are the files of the packages in folders, without tests, by name.
func goFiles(t *testing.T, folders ...string) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	for _, folder := range folders {
		names, err := filepath.Glob(filepath.Join(folder, "*.go"))
		must(t, err)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			files[name], err = parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			must(t, err)
		}
	}
	return files
}

func TestEveryFunctionOfTheHeaderIsBoundOrLeftOutForAReason(t *testing.T) {
	header, err := os.ReadFile("internal/engine/capi/firn.h")
	must(t, err)
	helpers, err := os.ReadFile("firn_go.h")
	must(t, err)
	called := map[string]bool{}
	for _, match := range regexp.MustCompile(`\b(firn_\w+)\(`).FindAllStringSubmatch(string(helpers), -1) {
		called[match[1]] = true
	}
	for _, file := range goFiles(t, ".") {
		ast.Inspect(file, func(node ast.Node) bool {
			if expression, ok := node.(ast.Expr); ok {
				if name, ok := cName(expression); ok {
					called[name] = true
				}
			}
			return true
		})
	}
	functions := regexp.MustCompile(`(?m)^FIRN_API [^(]*\b(firn_\w+)\(`).FindAllStringSubmatch(string(header), -1)
	if len(functions) < 100 {
		t.Fatalf("the header has %d functions only", len(functions))
	}
	known := map[string]bool{}
	for _, match := range functions {
		name := match[1]
		known[name] = true
		if reason := notBound[name]; called[name] == (reason != "") {
			t.Errorf("%s is called: %v; left out because: %q", name, called[name], reason)
		}
	}
	for name := range notBound {
		if !known[name] {
			t.Errorf("%s is not in the header", name)
		}
	}
}

// TestEveryCallIsDeclaredToCgo: no function of the engine calls back or keeps a pointer, and cgo is told so for every one: else a call costs some 20 ns more, and its
// arguments are allocated. It is told of functions that fill in or read memory of the caller; handles are numbers.
func TestEveryCallIsDeclaredToCgo(t *testing.T) {
	var prototypes strings.Builder
	for _, name := range []string{"internal/engine/capi/firn.h", "firn_go.h"} {
		text, err := os.ReadFile(name)
		must(t, err)
		prototypes.Write(text)
	}
	const handles = `\bfirn_(db|txn|iter|log|options|backup)\s*\*\s*\w*`
	told := map[string]bool{}
	calls := map[string]bool{}
	for _, file := range goFiles(t, ".") {
		for _, comments := range file.Comments {
			for _, match := range regexp.MustCompile(`(?m)^#cgo (noescape|nocallback) (\w+)$`).FindAllStringSubmatch(comments.Text(), -1) {
				told[match[1]+" "+match[2]] = true
			}
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok {
				if name, ok := cName(call.Fun); ok && strings.HasPrefix(name, "firn_") {
					calls[name] = true
				}
			}
			return true
		})
	}
	for name := range calls {
		prototype := regexp.MustCompile(`(?s)\b` + name + `\(([^)]*)\)`).FindStringSubmatch(prototypes.String())
		if prototype == nil {
			continue // the conversion to a type
		}
		if !told["nocallback "+name] {
			t.Errorf("#cgo nocallback %s", name)
		}
		arguments := regexp.MustCompile(handles).ReplaceAllString(prototype[1], "")
		if strings.Contains(arguments, "*") && !told["noescape "+name] {
			t.Errorf("#cgo noescape %s", name)
		}
	}
}

// cName is the name in C of an expression C.name.
func cName(expression ast.Expr) (string, bool) {
	selected, ok := expression.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	from, ok := selected.X.(*ast.Ident)
	return selected.Sel.Name, ok && from.Name == "C"
}
