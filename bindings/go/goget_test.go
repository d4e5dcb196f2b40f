package firn_test

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const modulePath, moduleFolder = "github.com/firn-db/firn/bindings/go", "bindings/go"

// run runs a command with variables added to the environment and gives what it prints.
func run(t *testing.T, folder string, environment []string, name string, arguments ...string) string {
	t.Helper()
	command := exec.Command(name, arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), environment...)
	var failure bytes.Buffer
	command.Stderr = &failure
	printed, err := command.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, arguments, err, printed, failure.Bytes())
	}
	return strings.TrimSpace(string(printed))
}

// published gives a repository that has the last commit of this one as a release of the module, and the environment in which go get finds it there.
func published(t *testing.T, version string) (environment []string) {
	t.Helper()
	repository := filepath.Join(t.TempDir(), "firn.git")
	run(t, ".", nil, "git", "clone", "-q", "--bare", "../..", repository)
	run(t, repository, nil, "git", "tag", moduleFolder+"/"+version, "HEAD")
	return []string{"GOPROXY=direct", "GOSUMDB=off", "GOFLAGS=-mod=mod -modcacherw", "GOWORK=off", "GOMODCACHE=" + t.TempDir(), "GOPRIVATE=*",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url." + repository + ".insteadOf", "GIT_CONFIG_VALUE_0=https://" + strings.TrimSuffix(modulePath, "/"+moduleFolder)}
}

// TestGoGetBringsTheWholeModule has Go fetch the last commit as it would from its server: a symbolic link, a folder that Go takes for another module, or a file outside of
// the module would be missing then.
func TestGoGetBringsTheWholeModule(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short: the repository is cloned and the module fetched")
	}
	if err := exec.Command("git", "rev-parse", "--verify", "-q", "HEAD:"+moduleFolder).Run(); err != nil {
		t.Skip("SKIPPED: this is no clone of the repository: there is nothing to publish")
	}
	user := t.TempDir()
	environment := published(t, "v0.0.1")
	run(t, user, environment, "go", "mod", "init", "user")
	run(t, user, environment, "go", "get", modulePath+"@v0.0.1")
	fetched := run(t, user, environment, "go", "list", "-m", "-f", "{{.Dir}}", modulePath)

	committed := strings.Split(run(t, ".", nil, "git", "ls-tree", "-r", "--name-only", "HEAD", "."), "\n")
	var others []string // modules of their own
	for _, name := range committed {
		if folder := filepath.Dir(name); filepath.Base(name) == "go.mod" && folder != "." {
			others = append(others, folder+"/")
		}
	}
	want := slices.DeleteFunc(committed, func(name string) bool {
		return slices.ContainsFunc(others, func(other string) bool { return strings.HasPrefix(name, other) })
	})
	got := slices.Collect(maps.Keys(contents(t, fetched)))
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("go get does not bring %s", name)
		}
	}
	if !slices.Contains(got, "internal/engine/capi/firn.h") {
		t.Errorf("the %d files are without the engine", len(got))
	}

	// What the bundled build consists of lies in the module and in Go's own library.
	packages := run(t, user, environment, "go", "list", "-deps", "-tags", "firn_bundled", "-f", "{{if not .Standard}}{{.Dir}}{{end}}", modulePath)
	for _, folder := range strings.Fields(packages) {
		if folder != fetched && !strings.HasPrefix(folder, fetched+"/") {
			t.Errorf("%s is not in the module", folder)
		}
	}
}
