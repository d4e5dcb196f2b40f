package firn_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	firn "github.com/firn-db/firn/bindings/go"
)

// inJSON gives the name that the engine has for a field of Stats.
func inJSON(field reflect.StructField) string {
	var name strings.Builder
	for i, c := range field.Name {
		if i > 0 && c < 'a' {
			name.WriteByte('_')
		}
		name.WriteString(strings.ToLower(string(c)))
	}
	switch field.Type {
	case reflect.TypeFor[time.Duration]():
		name.WriteString("_ms")
	case reflect.TypeFor[float64]():
		name.WriteString("_permille")
	}
	return name.String()
}

// used gives a database on which everything has happened that is counted.
func used(t *testing.T) *firn.DB {
	db := open(t)
	for i := range 300 {
		must(t, db.Put([]byte{byte(i >> 8), byte(i)}, make([]byte, 1000)))
	}
	must(t, db.Flush())
	must(t, db.Delete([]byte{0, 0}))
	must(t, db.Sync())
	must(t, db.Compact())
	buffer := make([]byte, 0, 1000) // with room: else a value is asked for twice
	for i := range 600 {
		_, err := db.GetAppend(buffer, []byte{1, byte(i)})
		if err != nil && !errors.Is(err, firn.ErrNotFound) {
			t.Fatal(err)
		}
	}
	must(t, db.Update(context.Background(), func(tx *firn.Txn) error { return tx.Put([]byte("k"), nil) }))
	_, err := db.Namespace("n")
	must(t, err)
	return db
}

func TestStatsAreWhatTheEngineSaysInJSON(t *testing.T) {
	db := used(t)
	encoded, err := db.StatsJSON()
	must(t, err)
	stats, err := db.Stats()
	must(t, err)
	var want map[string]any
	must(t, json.Unmarshal(encoded, &want))
	got := reflect.ValueOf(stats)
	taken := map[string]bool{}
	for i := range got.NumField() {
		name, field := inJSON(got.Type().Field(i)), got.Field(i)
		taken[name] = true
		var value float64
		switch figure := field.Interface().(type) {
		case uint64:
			value = float64(figure)
		case float64:
			value = math.Round(figure * 1000)
		case time.Duration:
			continue // moves between the two calls
		default:
			continue // flags and latencies: below
		}
		if value != want[name] {
			t.Errorf("%s is %v, in JSON %v", got.Type().Field(i).Name, value, want[name])
		}
	}
	for name, value := range want {
		if _, isNumber := value.(float64); isNumber && !taken[name] {
			t.Errorf("%s is in no field of Stats", name)
		}
	}
	for name, latency := range map[string]firn.Latency{"get": stats.Get, "commit": stats.Commit, "sync": stats.Sync, "flush": stats.Flush,
		"compaction": stats.Compaction, "stall": stats.Stall} {
		in := want["latencies"].(map[string]any)[name].(map[string]any)
		if float64(latency.Count) != in["count"] || float64(latency.Sum) != in["sum_ns"] || float64(latency.P50) != in["p50_ns"] ||
			float64(latency.P99) != in["p99_ns"] || float64(latency.P999) != in["p999_ns"] || float64(latency.Max) != in["max_ns"] {
			t.Errorf("%s is %+v, in JSON %v", name, latency, in)
		}
	}
}

func TestStatsCountWhatWasDone(t *testing.T) {
	stats, err := used(t).Stats()
	must(t, err)
	if stats.Gets != 600 || stats.GetMisses == 0 || stats.Puts < 301 || stats.Deletes != 1 || stats.Transactions != 1 || stats.Namespaces != 1 {
		t.Errorf("%+v", stats)
	}
	if stats.Flush.Count == 0 || stats.Flush.Max < stats.Flush.P50/2 || stats.TableBytes == 0 || stats.WriteAmplification < 1 || stats.ReadOnly {
		t.Errorf("%+v", stats)
	}
	path := t.TempDir()
	must(t, openAt(t, path).Close())
	stats, err = openAt(t, path, firn.WithReadOnly()).Stats()
	if must(t, err); !stats.ReadOnly {
		t.Error("a database that was opened read-only says that it takes writes")
	}
}

func TestStatsDoNotAllocate(t *testing.T) {
	db := open(t)
	if n := testing.AllocsPerRun(100, func() { _, _ = db.Stats() }); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}

func TestStatsForPrometheusAreText(t *testing.T) {
	db := used(t)
	text, err := db.StatsPrometheus()
	must(t, err)
	for _, line := range []string{"# TYPE firn_gets_total counter\n", "\nfirn_gets_total{db=", "\nfirn_get_seconds_bucket{db="} {
		if !strings.Contains(string(text), line) {
			t.Errorf("no %q in\n%s", line, text)
		}
	}
}

func TestACheckpointIsTheDatabaseAsItWas(t *testing.T) {
	for name, path := range map[string]string{"on disk": t.TempDir(), "in memory": ":memory:"} {
		t.Run(name, func(t *testing.T) {
			db := openAt(t, path)
			must(t, db.Put([]byte("k"), []byte("then")))
			directory := filepath.Join(t.TempDir(), "checkpoint")
			must(t, db.Checkpoint(directory))
			must(t, db.Put([]byte("k"), []byte("now")))
			must(t, firn.Check(directory))
			wantValue(t, openAt(t, directory), "k", "then")
			wantValue(t, db, "k", "now")

			wantError(t, db.Checkpoint(directory), firn.ErrExists)
			wantError(t, db.Checkpoint(filepath.Join(directory, "no", "parent")), firn.ErrNotFound)
			wantError(t, db.Checkpoint("with\x00NUL"), firn.ErrInvalid)
		})
	}
}

func TestEventsTellOfBackgroundWork(t *testing.T) {
	db := used(t)
	events, err := db.Events(0)
	must(t, err)
	var flushes int
	for i, event := range events {
		if event.Number != uint64(i)+1 || event.Err != nil || event.Time.IsZero() {
			t.Errorf("%+v", event)
		}
		if event.Kind == firn.EventFlush {
			flushes++
			if event.BytesWritten == 0 || event.Kind.String() != "flush" {
				t.Errorf("%+v", event)
			}
		}
	}
	if flushes == 0 {
		t.Errorf("no flush in %+v", events)
	}
	stats, err := db.Stats()
	must(t, err)
	if stats.Events != uint64(len(events)) {
		t.Errorf("%d events, the last has the number %d", len(events), stats.Events)
	}
	rest, err := db.Events(stats.Events + 1)
	if must(t, err); len(rest) != 0 {
		t.Errorf("%+v", rest)
	}
}

func TestWhereThereWasNoFailureThereIsNothingToResume(t *testing.T) {
	db := open(t)
	must(t, db.Resume())
	must(t, db.Put([]byte("k"), nil))
}

func TestOperatingAClosedDatabaseIsAnError(t *testing.T) {
	db := open(t)
	must(t, db.Close())
	_, err := db.Stats()
	wantError(t, err, firn.ErrClosed)
	_, err = db.StatsJSON()
	wantError(t, err, firn.ErrClosed)
	_, err = db.StatsPrometheus()
	wantError(t, err, firn.ErrClosed)
	_, err = db.Events(0)
	wantError(t, err, firn.ErrClosed)
	wantError(t, db.Checkpoint(filepath.Join(t.TempDir(), "c")), firn.ErrClosed)
	wantError(t, db.Resume(), firn.ErrClosed)
}
