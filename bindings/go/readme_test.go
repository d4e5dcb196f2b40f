package firn_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// block gives the first block of a language in a text.
func block(t *testing.T, text, language string) string {
	t.Helper()
	_, after, found := strings.Cut(text, "```"+language+"\n")
	body, _, closed := strings.Cut(after, "```\n")
	if !found || !closed {
		t.Fatalf("no block of %s", language)
	}
	return body
}

func TestTheQuickStartOfTheReadmePrintsWhatItSays(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short: the quick start is compiled as a program of its own")
	}
	readme, err := os.ReadFile("README.md")
	must(t, err)
	module, err := filepath.Abs(".")
	must(t, err)
	directory := t.TempDir()
	goMod := "module quickstart\n\ngo 1.24\n\nrequire github.com/firn-db/firn/bindings/go v0.0.0\n\nreplace github.com/firn-db/firn/bindings/go => " + module + "\n"
	must(t, os.WriteFile(filepath.Join(directory, "go.mod"), []byte(goMod), 0o600))
	must(t, os.WriteFile(filepath.Join(directory, "main.go"), []byte(block(t, string(readme), "go")), 0o600))
	command := exec.Command("go", "run", "-mod=mod", "-tags="+buildTags, ".")
	command.Dir = directory
	printed, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	if want := block(t, string(readme), "text"); string(printed) != want {
		t.Errorf("it prints\n%s\nwant\n%s", printed, want)
	}
}
