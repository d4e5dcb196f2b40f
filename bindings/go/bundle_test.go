package firn_test

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func contents(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	must(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		files[relative], err = os.ReadFile(path)
		return err
	}))
	return files
}

// inRepository tells whether the engine is beside this module: there, what needs its files is not skipped, also when one of them has another name now.
func inRepository() bool {
	for _, neighbour := range []string{"../../core", "../../capi", "../../tests", "../../CMakeLists.txt"} {
		if _, err := os.Stat(neighbour); err == nil {
			return true
		}
	}
	return false
}

func TestTheBundledSourcesAreThoseOfTheEngine(t *testing.T) {
	if !inRepository() {
		t.Skip("SKIPPED: this is the module alone: there is no engine beside it to compare with")
	}
	folder := t.TempDir()
	if said, err := exec.Command("sh", "bundle.sh", folder).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	want, got := contents(t, folder), contents(t, "internal/engine")
	if len(want) < 100 {
		t.Errorf("the bundle has %d files only", len(want))
	}
	if !maps.EqualFunc(want, got, bytes.Equal) {
		for name := range want {
			if !bytes.Equal(want[name], got[name]) {
				t.Logf("differs: %s", name)
			}
		}
		t.Errorf("the bundle (%d files) is not what the engine is now (%d files): run ./dev bundle and commit bindings/go/internal/engine", len(got), len(want))
	}
}
