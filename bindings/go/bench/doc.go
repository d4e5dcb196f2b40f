// Package bench puts Firn, as a Go program sees it, beside Badger, Pebble and bbolt, and does the workloads of the earlier systems again.
// README.md has the figures and tells how they came about. A module of its own, so that these engines are nobody's dependencies but the benchmarks'.
package bench
