package firn_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestABuildWithoutCgoTellsWhatIsMissing(t *testing.T) {
	for _, tags := range []string{"", "firn_bundled"} {
		command := exec.Command("go", "build", "-tags="+tags, ".")
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		said, err := command.CombinedOutput()
		lines := strings.Split(strings.TrimSpace(string(said)), "\n")
		if err == nil || len(lines) != 2 || !strings.Contains(lines[1], "firn_needs_cgo_and_a_C_compiler__build_with_CGO_ENABLED_1") {
			t.Errorf("%v: want the package and one line that names cgo\n%s", err, said)
		}
	}
}
