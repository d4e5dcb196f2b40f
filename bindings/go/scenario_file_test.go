package firn_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// A command of a scenario file: tests/scenarios/README.md has the format.
type command struct {
	line  string
	name  string
	words []string
	named map[string]string
	lines []*command // those of batch, multi_get and append_batch
}

func (c *command) word(i int) string {
	if i < len(c.words) {
		return c.words[i]
	}
	return ""
}

func (c *command) bytes(i int) []byte { return []byte(c.word(i)) }

func (c *command) has(name string) bool { _, there := c.named[name]; return there }

func (c *command) number(name string) int64 {
	n, _ := strconv.ParseInt(c.named[name], 10, 64)
	return n
}

// optional is nil when the argument was not given.
func (c *command) optional(name string) []byte {
	if value, there := c.named[name]; there {
		return append([]byte{}, value...)
	}
	return nil
}

type scenarioBlock struct {
	commands []*command
	want     []string
	line     int
}

type scenario struct {
	modes   []string
	options []string // one string a run
	blocks  []scenarioBlock
}

func readScenario(t *testing.T, path string) scenario {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	s := scenario{modes: []string{"directory", "memory", "single_threaded"}}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		switch line := lines[i]; {
		case line == "" || line[0] == '#':
		case strings.HasPrefix(line, "@modes "):
			s.modes = strings.Fields(line)[1:]
		case strings.HasPrefix(line, "@options"):
			s.options = append(s.options, strings.TrimPrefix(strings.TrimPrefix(line, "@options"), " "))
		default:
			b := scenarioBlock{line: i + 1}
			for ; lines[i] != "----"; i++ {
				if strings.HasPrefix(lines[i], "#") {
					continue
				}
				c := parseCommand(t, strings.TrimPrefix(lines[i], "  "))
				if strings.HasPrefix(lines[i], "  ") {
					last := b.commands[len(b.commands)-1]
					last.lines = append(last.lines, c)
				} else {
					b.commands = append(b.commands, c)
				}
			}
			for i++; i < len(lines) && lines[i] != ""; i++ {
				b.want = append(b.want, lines[i])
			}
			s.blocks = append(s.blocks, b)
		}
	}
	if len(s.options) == 0 {
		s.options = []string{""}
	}
	return s
}

func parseCommand(t *testing.T, line string) *command {
	words := strings.Split(line, " ")
	c := &command{line: line, name: words[0], named: map[string]string{}}
	for _, word := range words[1:] {
		if name, value, isNamed := strings.Cut(word, "="); isNamed {
			c.named[name] = decodeWord(t, value)
		} else {
			c.words = append(c.words, decodeWord(t, word))
		}
	}
	return c
}

func decodeWord(t *testing.T, word string) string {
	if word == `""` {
		return ""
	}
	var decoded []byte
	for i := 0; i < len(word); i++ {
		if word[i] != '\\' {
			decoded = append(decoded, word[i])
			continue
		}
		i++
		switch word[i] {
		case '\\':
			decoded = append(decoded, '\\')
		case 'x':
			n, err := strconv.ParseUint(word[i+1:i+3], 16, 8)
			must(t, err)
			decoded = append(decoded, byte(n))
			i += 2
		case '*':
			digits, _, _ := strings.Cut(word[i+1:], ";")
			n, err := strconv.Atoi(digits)
			must(t, err)
			last := decoded[len(decoded)-1]
			for range n - 1 {
				decoded = append(decoded, last)
			}
			i += len(digits) + 1
		default:
			t.Fatalf("%q has an unknown escape", word)
		}
	}
	return string(decoded)
}

func encodeWord(bytes []byte) string {
	if len(bytes) == 0 {
		return `""`
	}
	var encoded strings.Builder
	for i := 0; i < len(bytes); {
		run := 1
		for i+run < len(bytes) && bytes[i+run] == bytes[i] {
			run++
		}
		written := encodeByte(bytes[i])
		if run >= 16 {
			fmt.Fprintf(&encoded, `%s\*%d;`, written, run)
		} else {
			encoded.WriteString(strings.Repeat(written, run))
		}
		i += run
	}
	return encoded.String()
}

func encodeByte(b byte) string {
	switch {
	case b == '\\':
		return `\\`
	case b >= 0x21 && b <= 0x7e && b != '"' && b != '=' && b != '#':
		return string(rune(b))
	}
	return fmt.Sprintf(`\x%02x`, b)
}
