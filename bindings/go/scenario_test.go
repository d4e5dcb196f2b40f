package firn_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	firn "github.com/firn-db/firn/bindings/go"
)

// A session is what the commands of one scenario file run on: a database or a log.
type session interface {
	open(more map[string]string) error
	close() error
	check() error
	answer(c *command) (lines []string, err error) // of a command that is none of these
}

// An opening is where a session opens, and with which options each time.
type opening struct {
	path    string
	options []string
}

func (o *opening) with(more map[string]string) (options []firn.Option) {
	for _, option := range o.options {
		name, value, _ := strings.Cut(option, "=")
		options = append(options, firn.Set(name, value))
	}
	for name, value := range more {
		options = append(options, firn.Set(name, value))
	}
	return options
}

func TestTheScenariosOfAllLanguages(t *testing.T) {
	const folder = "../../tests/scenarios"
	for _, pattern := range []string{"*.txt", "log/*.txt"} {
		files, err := filepath.Glob(filepath.Join(folder, pattern))
		must(t, err)
		if len(files) == 0 {
			if inRepository() {
				t.Fatalf("there are no scenarios %s in %s", pattern, folder)
			}
			t.Skip("SKIPPED: there are no scenario files beside this module")
		}
		for _, file := range files {
			runFile(t, file)
		}
	}
}

// runFile runs a file in each of its modes with each of its sets of options.
func runFile(t *testing.T, file string) {
	name := strings.TrimSuffix(filepath.Base(file), ".txt")
	if strings.Contains(name, "chunk_too_small") {
		return // about the buffers of the C header
	}
	s := readScenario(t, file)
	for _, mode := range s.modes {
		for _, options := range s.options {
			t.Run(name+"/"+mode+"/"+options, func(t *testing.T) { runScenario(t, s, mode, options) })
		}
	}
}

func newSession(t *testing.T, mode, options string) session {
	o := opening{path: filepath.Join(t.TempDir(), mode), options: strings.Fields(options)}
	switch mode {
	case "log":
		return &logSession{t: t, opening: o, pins: map[string][]byte{}}
	case "memory":
		o.path = ":memory:"
	case "single_threaded":
		o.options = append(o.options, "single_threaded=true")
	}
	return &databaseSession{t: t, opening: o, namespaces: map[string]uint32{}}
}

func runScenario(t *testing.T, s scenario, mode, options string) {
	r := newSession(t, mode, options)
	if err := r.open(nil); errors.Is(err, firn.ErrUnsupported) {
		t.Skip("SKIPPED: this build does not know ", options)
	} else {
		must(t, err)
	}
	defer r.close()
	for _, b := range s.blocks {
		var got []string
		for _, c := range b.commands {
			got = append(got, runCommand(r, c)...)
		}
		if !slices.Equal(got, b.want) {
			t.Fatalf("line %d: got\n%s\nwant\n%s", b.line, strings.Join(got, "\n"), strings.Join(b.want, "\n"))
		}
	}
}

// runCommand gives the lines of a command's answer.
func runCommand(r session, c *command) []string {
	lines := []string{"ok"}
	var err error
	switch c.name {
	case "open":
		err = r.open(c.named)
	case "close":
		err = r.close()
	case "reopen":
		err = errors.Join(r.close(), r.open(c.named))
	case "check":
		err = r.check()
	default:
		lines, err = r.answer(c)
	}
	if err != nil {
		return []string{failed(err)}
	}
	return lines
}

func failed(err error) string {
	var failure *firn.Error
	if !errors.As(err, &failure) {
		return "not an error of firn: " + err.Error()
	}
	return "error " + failure.Code.String()
}

func unknown(c *command) string { return "unknown: " + c.line }

func counted(n uint64, err error) (string, error) { return strconv.FormatUint(n, 10), err }
