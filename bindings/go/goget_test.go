package firn_test

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const modulePath, moduleFolder, moduleVersion = "github.com/firn-db/firn/bindings/go", "bindings/go", "v0.0.1"

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
	return string(printed)
}

// moduleFiles lists what would be committed now, and so published, but for modules in folders of this one.
func moduleFiles(t *testing.T) []string {
	t.Helper()
	listed := strings.Split(strings.TrimSuffix(run(t, ".", nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"), "\x00"), "\x00")
	listed = slices.DeleteFunc(listed, func(name string) bool {
		_, err := os.Lstat(name) // removed, and not yet committed so
		return err != nil
	})
	var others []string
	for _, name := range listed {
		if folder := filepath.Dir(name); filepath.Base(name) == "go.mod" && folder != "." {
			others = append(others, folder+"/")
		}
	}
	return slices.DeleteFunc(listed, func(name string) bool {
		return slices.ContainsFunc(others, func(other string) bool { return strings.HasPrefix(name, other) })
	})
}

// publish makes a repository with the module and has Go fetch it as it would from its server, which packs it by its own rules. It gives the folder of the proxy that
// serves what was fetched.
func publish(t *testing.T, files []string) (proxy string) {
	t.Helper()
	repository := t.TempDir()
	run(t, repository, nil, "git", "init", "-q")
	for _, name := range files {
		to := filepath.Join(repository, moduleFolder, name)
		must(t, os.MkdirAll(filepath.Dir(to), 0o700))
		run(t, ".", nil, "cp", "-P", name, to)
	}
	run(t, repository, nil, "git", "add", "-A", "-f")
	run(t, repository, nil, "git", "-c", "user.name=firn", "-c", "user.email=firn@firn.invalid", "commit", "-q", "-m", "a release")
	run(t, repository, nil, "git", "tag", moduleFolder+"/"+moduleVersion)
	cache := t.TempDir()
	run(t, t.TempDir(), []string{"GOPROXY=direct", "GOSUMDB=off", "GOWORK=off", "GOFLAGS=-modcacherw", "GOMODCACHE=" + cache, "GIT_CONFIG_COUNT=1",
		"GIT_CONFIG_KEY_0=url." + repository + ".insteadOf", "GIT_CONFIG_VALUE_0=https://" + strings.TrimSuffix(modulePath, "/"+moduleFolder)},
		"go", "mod", "download", modulePath+"@"+moduleVersion)
	return filepath.Join(cache, "cache", "download")
}

// A stranger is somebody else's module, who has nothing but proxies to get modules from.
type stranger struct {
	t           *testing.T
	folder      string
	environment []string
}

// cache is where modules come to; in the same one the engine is compiled once.
func newStranger(t *testing.T, program, cache string, proxies ...string) stranger {
	t.Helper()
	s := stranger{t, t.TempDir(), []string{"GOPROXY=" + strings.Join(proxies, ","), "GONOSUMDB=" + modulePath, "GOWORK=off", "GOFLAGS=-mod=mod -modcacherw",
		"GOMODCACHE=" + cache, "PKG_CONFIG_PATH=", "LD_LIBRARY_PATH="}}
	must(t, os.WriteFile(filepath.Join(s.folder, "main.go"), []byte(program), 0o600))
	s.do("mod", "init", "stranger")
	return s
}

func (s stranger) do(arguments ...string) string {
	s.t.Helper()
	return run(s.t, s.folder, s.environment, "go", arguments...)
}

const collectorProgram = `package main

import (
	"fmt"
	"log"

	firn "github.com/firn-db/firn/bindings/go"
	"github.com/firn-db/firn/bindings/go/firnprom"
	"github.com/prometheus/client_golang/prometheus"
)

func main() {
	db, err := firn.Open(":memory:")
	check(err)
	collector, err := firnprom.NewCollector(db)
	check(err)
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector)
	families, err := registry.Gather()
	fmt.Println(len(families) > 50, err)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
`

// TestGoGetIsEnough does what somebody does who has read the README: go get, then a build with the bundled sources, without an installed engine. A symbolic link, a folder
// that Go takes for another module, a file outside of the module, a replace directive would break it.
func TestGoGetIsEnough(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short: the module is fetched and the engine compiled")
	}
	if err := exec.Command("git", "ls-files", "--error-unmatch", "go.mod").Run(); err != nil {
		t.Skip("SKIPPED: this is no clone of the repository: nobody knows which files are to be published")
	}
	files := moduleFiles(t)
	proxy, cache := publish(t, files), t.TempDir()
	readme, err := os.ReadFile("README.md")
	must(t, err)

	t.Run("quick start", func(t *testing.T) {
		// No other proxy: whoever does not import the collector needs none of its dependencies.
		s := newStranger(t, block(t, string(readme), "go"), cache, "file://"+proxy, "off")
		s.do("get", modulePath+"@"+moduleVersion)
		fetched := strings.TrimSpace(s.do("list", "-m", "-f", "{{.Dir}}", modulePath))
		got := slices.Sorted(maps.Keys(contents(t, fetched)))
		for _, name := range files {
			if entry, err := os.Lstat(name); err == nil && entry.Mode()&fs.ModeType == 0 && !slices.Contains(got, name) {
				t.Errorf("go get does not bring %s", name)
			}
		}
		if !slices.Contains(got, "internal/engine/capi/firn.h") {
			t.Errorf("the %d files are without the engine", len(got))
		}
		if got, want := s.do("run", "-tags", "firn_bundled", "."), block(t, string(readme), "text"); got != want {
			t.Errorf("it prints\n%s\nwant\n%s", got, want)
		}
	})
	t.Run("collector", func(t *testing.T) {
		asked := exec.Command("go", "list", "-m", "-versions", "github.com/prometheus/client_golang") // nothing on the disk can answer it
		asked.Env = append(os.Environ(), "GOPROXY=https://proxy.golang.org")
		if asked.Run() != nil || exec.Command("go", "mod", "download").Run() != nil {
			t.Skip("SKIPPED: the dependencies of firnprom cannot be had here")
		}
		known := strings.TrimSpace(run(t, ".", nil, "go", "env", "GOMODCACHE"))
		s := newStranger(t, collectorProgram, cache, "file://"+proxy, "file://"+filepath.Join(known, "cache", "download"), "https://proxy.golang.org")
		s.do("get", modulePath+"/firnprom@"+moduleVersion)
		s.do("get", ".")
		if got, want := s.do("run", "-tags", "firn_bundled", "."), "true <nil>\n"; got != want {
			t.Errorf("it prints %q", got)
		}
	})
}
