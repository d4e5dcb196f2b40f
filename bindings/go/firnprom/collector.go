// Package firnprom gives the statistics of a Firn database to a registry of Prometheus. It is the only package of its module that needs other modules: who does
// not import it gets none of them.
//
//	db, err := firn.Open("notes")
//	...
//	collector, err := firnprom.NewCollector(db)
//	...
//	prometheus.MustRegister(collector)
//
// The metrics are those of firn.DB.StatsPrometheus, and so those that the command firn serves: counters, gauges and histograms whose names begin with
// firn_, with the label db, which is the path.
package firnprom

import (
	"bytes"
	"errors"
	"fmt"

	firn "github.com/firn-db/firn/bindings/go"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// A collector holds no figure: it asks the database whenever it is collected. Any goroutine.
type collector struct {
	db     *firn.DB
	labels prometheus.Labels
	descs  map[string]*prometheus.Desc // of a metric's name
}

// NewCollector gives a collector of the statistics of an open database, to be registered once. Every collection asks the database, which costs well below a
// millisecond and holds nobody up. When the database is closed the collector goes silent; unregister it then. Databases are told apart by their paths: two that
// have none (":memory:") are registered with prometheus.WrapRegistererWith and a label of their own.
func NewCollector(db *firn.DB) (prometheus.Collector, error) {
	families, err := read(db)
	if err != nil {
		return nil, err
	}
	c := &collector{db: db, labels: prometheus.Labels{}, descs: make(map[string]*prometheus.Desc, len(families))}
	for name, family := range families {
		for _, label := range family.GetMetric()[0].GetLabel() {
			c.labels[label.GetName()] = label.GetValue()
		}
		c.descs[name] = prometheus.NewDesc(name, family.GetHelp(), nil, c.labels)
	}
	return c, nil
}

// read gives what the engine says, metric by metric.
func read(db *firn.DB) (map[string]*dto.MetricFamily, error) {
	text, err := db.StatsPrometheus()
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("firnprom: the engine's statistics cannot be read: %w", err)
	}
	return families, nil
}

// Describe is for the registry.
func (c *collector) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range c.descs {
		descs <- desc
	}
}

// Collect is for the registry.
func (c *collector) Collect(metrics chan<- prometheus.Metric) {
	families, err := read(c.db)
	switch {
	case errors.Is(err, firn.ErrClosed):
		return // one database that is gone shall not fail the whole scrape
	case err != nil:
		metrics <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
		return
	}
	for name, desc := range c.descs {
		metrics <- newMetric(desc, families[name])
	}
}

func newMetric(desc *prometheus.Desc, family *dto.MetricFamily) prometheus.Metric {
	from := family.GetMetric()[0]
	switch family.GetType() {
	case dto.MetricType_COUNTER:
		return prometheus.MustNewConstMetric(desc, prometheus.CounterValue, from.GetCounter().GetValue())
	case dto.MetricType_HISTOGRAM:
		histogram := from.GetHistogram()
		buckets := make(map[float64]uint64, len(histogram.GetBucket()))
		for _, bucket := range histogram.GetBucket() {
			buckets[bucket.GetUpperBound()] = bucket.GetCumulativeCount()
		}
		return prometheus.MustNewConstHistogram(desc, histogram.GetSampleCount(), histogram.GetSampleSum(), buckets)
	default:
		return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, from.GetGauge().GetValue())
	}
}
