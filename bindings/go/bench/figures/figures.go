// Command figures MEASURED README writes what measure.sh has measured as tables into README.md, between the marks that are there.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"strconv"
	"strings"
)

const (
	beginMark = "<!-- figures: written by measure.sh -->\n"
	endMark   = "<!-- end of figures -->\n"
)

var engines = []string{"firn", "badger", "pebble", "bbolt"}

// measured has all samples of a benchmark by its unit: measured["Put/engine=firn"]["ns/op"].
type measured map[string]map[string][]float64

// parse reads what go test -bench prints.
func parse(text string) measured {
	all := measured{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(fields[0], "Benchmark")
		if dash := strings.LastIndexByte(name, '-'); dash >= 0 {
			name = name[:dash]
		}
		if all[name] == nil {
			all[name] = map[string][]float64{}
		}
		for i := 2; i+1 < len(fields); i += 2 {
			if value, err := strconv.ParseFloat(fields[i], 64); err == nil {
				all[name][fields[i+1]] = append(all[name][fields[i+1]], value)
			}
		}
	}
	return all
}

// median of a benchmark; one that was not measured ends the program: no row is left out in silence.
func (m measured) median(name, unit string) float64 {
	samples := slices.Sorted(slices.Values(m[name][unit]))
	if len(samples) == 0 {
		log.Fatalf("%s was not measured in %s", name, unit)
	}
	middle := len(samples) / 2
	if len(samples)%2 == 0 {
		return (samples[middle-1] + samples[middle]) / 2
	}
	return samples[middle]
}

// number has three figures that count, at least, and no more behind the point than they ask for.
func number(x float64) string {
	if x >= 100 {
		whole := strconv.FormatFloat(x, 'f', 0, 64)
		for at := len(whole) - 3; at > 0; at -= 3 {
			whole = whole[:at] + "," + whole[at:]
		}
		return whole
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

// A peerRow is a benchmark that every engine has run.
type peerRow struct{ title, name, unit string }

var peerRows = []peerRow{
	{"put", "Put", "ns/op"},
	{"batch of 1000, an entry", "Batch1000", "ns/entry"},
	{"get, hit", "GetHit", "ns/op"},
	{"get, miss", "GetMiss", "ns/op"},
	{"view", "View", "ns/op"},
	{"get, a goroutine a core", "GetParallel", "ns/op"},
	{"scan of 100,000, an entry", "Scan", "ns/entry"},
	{"seek and 10, an entry", "SeekAnd10", "ns/entry"},
	{"transaction", "Transaction", "ns/op"},
	{"counter", "Counter", "ns/op"},
	{"sync put", "SyncPut/goroutines=1", "ns/op"},
	{"sync put, 16 goroutines", "SyncPut/goroutines=16", "ns/op"},
}

func (m measured) peers(to *strings.Builder) {
	fmt.Fprint(to, "| ns | Firn | Badger | Pebble | bbolt | best of the others / Firn | allocations of each |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	var behind, close []string
	for _, row := range peerRows {
		var times, allocations []string
		var least, own float64
		for _, engine := range engines {
			name := row.name + "/engine=" + engine
			x := m.median(name, row.unit)
			switch {
			case engine == "firn":
				own = x
			case least == 0 || x < least:
				least = x
			}
			times = append(times, number(x))
			allocations = append(allocations, number(m.median(name, "allocs/op")))
		}
		ratio := least / own
		switch {
		case ratio < 1:
			behind = append(behind, row.title)
		case ratio < 2:
			close = append(close, row.title)
		}
		fmt.Fprintf(to, "| %s | %s | %.2f | %s |\n", row.title, strings.Join(times, " | "), ratio, strings.Join(allocations, " / "))
	}
	fmt.Fprint(to, "| resident after reading all, MB: anonymous + mapped |")
	for _, engine := range engines {
		name := "Memory/engine=" + engine
		fmt.Fprintf(to, " %.0f + %.0f |", m.median(name, "anonymous-MB"), m.median(name, "mapped-MB"))
	}
	fmt.Fprintf(to, " | |\n\nBehind the best of the others: %s. Ahead by less than 2: %s.\n", listed(behind), listed(close))
}

func listed(names []string) string {
	if len(names) == 0 {
		return "nowhere"
	}
	return strings.Join(names, ", ")
}

// A seedRow is one of an earlier system: what it said of itself, and what does the same here.
type seedRow struct {
	title, theirs string
	names         []string // a column each
}

type seedTable struct {
	head string
	rows []seedRow
}

func (m measured) seeds(to *strings.Builder) {
	for _, table := range seedTables {
		columns := strings.Count(table.head, "|") - 1
		fmt.Fprintf(to, "\n%s\n|%s\n", table.head, strings.Repeat(" --- |", columns))
		for _, row := range table.rows {
			fmt.Fprintf(to, "| %s | %s |", row.title, row.theirs)
			for _, name := range row.names {
				fmt.Fprintf(to, " %s |", number(m.median(name, "ns/op")))
			}
			fmt.Fprintln(to)
		}
	}
}

func (m measured) boundary(to *strings.Builder) {
	fmt.Fprint(to, "\n## What the binding costs\n\n| | ns |\n| --- | --- |\n")
	fmt.Fprintf(to, "| a call of an empty C function with the arguments of `firn_get` | %s |\n", number(m.median("BoundaryOfAnEmptyCall", "ns/op")))
	for _, row := range [][2]string{
		{"an entry of a range loop, of a chunk", "EntriesOfAScan"},
		{"an entry of a range loop, in place", "EntriesInPlace"},
		{"an entry of an `Iterator`", "EntriesOfAnIterator"},
		{"an entry of a batch (16 + 100 B)", "EntriesOfABatch"},
		{"of which copying the bytes", "CopyingEntries"},
		{"an entry of a `Lookup`, asked and answered", "EntriesOfALookup"},
	} {
		fmt.Fprintf(to, "| %s | %s |\n", row[0], number(m.median(row[1], "ns/entry")))
	}
}

func main() {
	log.SetFlags(0)
	machine := flag.String("machine", "", "what it was measured on")
	flag.Parse()
	text, err := os.ReadFile(flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	readme, err := os.ReadFile(flag.Arg(1))
	if err != nil {
		log.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(readme), beginMark)
	_, after, ends := strings.Cut(rest, endMark)
	if !begins || !ends {
		log.Fatalf("%s has no place for figures", flag.Arg(1))
	}
	m := parse(string(text))
	var to strings.Builder
	fmt.Fprintf(&to, "%s\n## Figures\n\n%s. Medians; their spreads are in `benchstat.txt`.\n\n", beginMark, *machine)
	m.peers(&to)
	m.boundary(&to)
	fmt.Fprint(&to, "\n## The workloads of the earlier systems\n\nTheir keys, values and order; theirs as they were re-measured on a similar machine (`-`: not, `published`: they say so). ns an operation. "+
		"Firn's gets and puts do not allocate.\n")
	m.seeds(&to)
	fmt.Fprintf(&to, "\n%s", endMark)
	if err := os.WriteFile(flag.Arg(1), []byte(before+to.String()+after), 0o644); err != nil {
		log.Fatal(err)
	}
}
