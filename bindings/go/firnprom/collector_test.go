package firnprom_test

import (
	"fmt"
	"log"
	"strings"
	"sync"
	"testing"

	firn "github.com/firn-db/firn/bindings/go"
	"github.com/firn-db/firn/bindings/go/firnprom"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// registered gives a database with a put and a miss, and a registry that knows it.
func registered(t *testing.T, path string) (*firn.DB, prometheus.Collector, *prometheus.Registry) {
	t.Helper()
	db, err := firn.Open(path)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	must(t, db.Put([]byte("k"), []byte("value")))
	_, err = db.Has([]byte("missing"))
	must(t, err)
	collector, err := firnprom.NewCollector(db)
	must(t, err)
	registry := prometheus.NewPedanticRegistry()
	must(t, registry.Register(collector))
	return db, collector, registry
}

func TestARegistryTellsWhatWasDone(t *testing.T) {
	path := t.TempDir()
	db, _, registry := registered(t, path)
	want := func(misses int) string {
		return fmt.Sprintf(`
# HELP firn_get_misses_total Keys looked up that were not there.
# TYPE firn_get_misses_total counter
firn_get_misses_total{db=%q} %d
# HELP firn_puts_total Entries written.
# TYPE firn_puts_total counter
firn_puts_total{db=%q} 1
# HELP firn_read_only Whether the database takes no writes.
# TYPE firn_read_only gauge
firn_read_only{db=%q} 0
`, path, misses, path, path)
	}
	names := []string{"firn_get_misses_total", "firn_puts_total", "firn_read_only"}
	must(t, testutil.GatherAndCompare(registry, strings.NewReader(want(1)), names...))
	_, err := db.Has([]byte("missing"))
	must(t, err)
	must(t, testutil.GatherAndCompare(registry, strings.NewReader(want(2)), names...))
}

func TestEveryMetricOfTheEngineIsCollected(t *testing.T) {
	db, collector, _ := registered(t, ":memory:")
	text, err := db.StatsPrometheus()
	must(t, err)
	if want := strings.Count(string(text), "# TYPE "); testutil.CollectAndCount(collector) != want || want < 50 {
		t.Errorf("%d metrics, the engine has %d", testutil.CollectAndCount(collector), want)
	}
	if n := testutil.CollectAndCount(collector, "firn_sync_seconds"); n != 1 {
		t.Errorf("%d histograms of syncs", n)
	}
}

func TestTheLinterOfPrometheusHasNothingToSay(t *testing.T) {
	_, collector, _ := registered(t, ":memory:")
	problems, err := testutil.CollectAndLint(collector)
	must(t, err)
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}

func TestTwoDatabasesInOneRegistry(t *testing.T) {
	_, _, registry := registered(t, t.TempDir())
	_, other, _ := registered(t, t.TempDir())
	must(t, registry.Register(other))
	if n, err := testutil.GatherAndCount(registry, "firn_puts_total"); err != nil || n != 2 {
		t.Errorf("%d, %v", n, err)
	}
	for _, name := range []string{"a", "b"} {
		_, inMemory, _ := registered(t, ":memory:")
		must(t, prometheus.WrapRegistererWith(prometheus.Labels{"name": name}, prometheus.NewRegistry()).Register(inMemory))
	}
}

func TestAClosedDatabaseIsSilentAndCanBeUnregistered(t *testing.T) {
	db, collector, registry := registered(t, t.TempDir())
	must(t, db.Close())
	if n, err := testutil.GatherAndCount(registry); err != nil || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
	if !registry.Unregister(collector) {
		t.Error("it was not registered")
	}
	if _, err := firnprom.NewCollector(db); err == nil {
		t.Error("a collector of a closed database")
	}
}

func TestCollectingWhileItIsClosed(t *testing.T) {
	db, _, registry := registered(t, t.TempDir())
	var group sync.WaitGroup
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for range 20 {
				if _, err := registry.Gather(); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	must(t, db.Close())
	group.Wait()
}

func ExampleNewCollector() {
	db, err := firn.Open(":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	collector, err := firnprom.NewCollector(db)
	if err != nil {
		log.Fatal(err)
	}
	registry := prometheus.NewRegistry() // promhttp.HandlerFor serves it
	registry.MustRegister(collector)

	if err := db.Put([]byte("ice"), []byte("old snow")); err != nil {
		log.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		log.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "firn_puts_total" {
			fmt.Println(family.GetMetric()[0].GetCounter().GetValue())
		}
	}
	// Output: 1
}
