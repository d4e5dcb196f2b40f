package bench

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/firn-db/firn/bindings/go/bench/boundary"
)

const (
	valueBytes = 100
	scanCount  = 100_000
)

var (
	loadCount = flag.Int("keys", 1_000_000, "how many keys are loaded before reads are measured")
	directory = flag.String("directory", "", "where the databases lie; default: the directory for temporary files")
)

// key writes the 16 bytes of key number i: the numbers are scattered, so that neighbours are not written one after the other.
func key(dst []byte, i uint64) []byte {
	x := i * 0x9e3779b97f4a7c15
	dst = binary.BigEndian.AppendUint64(dst[:0], x^x>>29)
	return binary.BigEndian.AppendUint64(dst, i)
}

// missing writes a key that nobody has, between those that are there.
func missing(dst []byte, i uint64) []byte {
	dst = key(dst, i)
	dst[15] ^= 0x80
	dst[8] = 0xff
	return dst
}

func newDirectory(b *testing.B) string {
	b.Helper()
	path, err := os.MkdirTemp(*directory, "firn-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(path) })
	return path
}

func open(b *testing.B, e engine, durable bool) store {
	b.Helper()
	s, err := e.open(newDirectory(b), durable)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

// A loaded store is kept for all benchmarks that only read, and closed at the end.
type loadedStore struct {
	store
	path string
}

var loaded = map[string]loadedStore{}

func TestMain(m *testing.M) {
	code := m.Run()
	for name, l := range loaded {
		if err := l.Close(); err != nil {
			fmt.Fprintln(os.Stderr, name, err)
			code = 1
		}
		_ = os.RemoveAll(l.path)
	}
	os.Exit(code)
}

func load(b *testing.B, e engine) store {
	b.Helper()
	if l, there := loaded[e.name]; there {
		return l
	}
	path, err := os.MkdirTemp(*directory, "firn-bench-loaded-")
	if err != nil {
		b.Fatal(err)
	}
	s, err := e.open(path, false)
	if err != nil {
		b.Fatal(err)
	}
	keys, values := newBatch(1000)
	for i := 0; i < *loadCount; i += len(keys) {
		fill(keys, values, uint64(i))
		if err := s.Batch(keys, values); err != nil {
			b.Fatal(err)
		}
	}
	check(b, s.Settle())
	check(b, s.Close()) // what is read lies on disk
	if s, err = e.open(path, false); err != nil {
		b.Fatal(err)
	}
	loaded[e.name] = loadedStore{s, path}
	return s
}

func newBatch(count int) (keys, values [][]byte) {
	for range count {
		keys = append(keys, make([]byte, 0, 16))
		values = append(values, make([]byte, valueBytes))
	}
	return keys, values
}

func fill(keys, values [][]byte, first uint64) {
	for i := range keys {
		keys[i] = key(keys[i], first+uint64(i))
		binary.LittleEndian.PutUint64(values[i], first+uint64(i))
	}
}

// each runs a benchmark for every engine.
func each(b *testing.B, run func(b *testing.B, e engine)) {
	for _, e := range engines {
		b.Run("engine="+e.name, func(b *testing.B) {
			b.ReportAllocs()
			run(b, e)
		})
	}
}

func check(b *testing.B, err error) {
	if err != nil {
		b.Fatal(err)
	}
}

func BenchmarkPut(b *testing.B) {
	each(b, func(b *testing.B, e engine) {
		s := open(b, e, false)
		k, value := make([]byte, 0, 16), make([]byte, valueBytes)
		i := uint64(0)
		for b.Loop() {
			k = key(k, i)
			check(b, s.Put(k, value))
			i++
		}
	})
}

func BenchmarkBatch1000(b *testing.B) {
	each(b, func(b *testing.B, e engine) {
		s := open(b, e, false)
		keys, values := newBatch(1000)
		i := uint64(0)
		for b.Loop() {
			fill(keys, values, i)
			check(b, s.Batch(keys, values))
			i += uint64(len(keys))
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(keys)), "ns/entry")
	})
}

func BenchmarkGetHit(b *testing.B) {
	each(b, func(b *testing.B, e engine) {
		s := load(b, e)
		k, buffer := make([]byte, 0, 16), make([]byte, 0, 256)
		random := rand.New(rand.NewPCG(1, 2))
		for b.Loop() {
			k = key(k, random.Uint64N(uint64(*loadCount)))
			value, found, err := s.Get(buffer, k)
			if err != nil || !found || len(value) != valueBytes {
				b.Fatal(found, len(value), err)
			}
		}
	})
}

func BenchmarkGetMiss(b *testing.B) {
	each(b, func(b *testing.B, e engine) {
		s := load(b, e)
		k, buffer := make([]byte, 0, 16), make([]byte, 0, 256)
		random := rand.New(rand.NewPCG(1, 2))
		for b.Loop() {
			k = missing(k, random.Uint64N(uint64(*loadCount)))
			if _, found, err := s.Get(buffer, k); err != nil || found {
				b.Fatal(found, err)
			}
		}
	})
}

func BenchmarkView(b *testing.B) {
	each(b, func(b *testing.B, e engine) {
		s := load(b, e)
		k := make([]byte, 0, 16)
		random := rand.New(rand.NewPCG(1, 2))
		length := 0
		for b.Loop() {
			k = key(k, random.Uint64N(uint64(*loadCount)))
			check(b, s.View(k, func(value []byte) { length += len(value) }))
		}
		if length != b.N*valueBytes {
			b.Fatal(length)
		}
	})
}

func BenchmarkGetParallel(b *testing.B) {
	each(b, func(b *testing.B, e engine) {
		s := load(b, e)
		b.RunParallel(func(pb *testing.PB) {
			k, buffer := make([]byte, 0, 16), make([]byte, 0, 256)
			random := rand.New(rand.NewPCG(rand.Uint64(), 2))
			for pb.Next() {
				k = key(k, random.Uint64N(uint64(*loadCount)))
				if _, found, err := s.Get(buffer, k); err != nil || !found {
					b.Error(found, err)
					return
				}
			}
		})
	})
}

func benchmarkScan(b *testing.B, limit int, from func(k []byte) []byte) {
	each(b, func(b *testing.B, e engine) {
		s := load(b, e)
		k, bytes, entries := make([]byte, 0, 16), 0, 0
		for b.Loop() {
			n, err := s.Scan(from(k), limit, func(key, value []byte) { bytes += len(key) + len(value) })
			check(b, err)
			entries += n
		}
		if bytes != entries*(16+valueBytes) {
			b.Fatal(bytes, entries)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(entries), "ns/entry")
	})
}

func BenchmarkScan(b *testing.B) {
	benchmarkScan(b, scanCount, func(k []byte) []byte { return append(k[:0], 0x10) })
}

func BenchmarkSeekAnd10(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	benchmarkScan(b, 10, func(k []byte) []byte { return key(k, random.Uint64N(uint64(*loadCount)-1000)) })
}

func BenchmarkTransaction(b *testing.B) {
	each(b, func(b *testing.B, e engine) {
		s := open(b, e, false)
		keys, values := newBatch(1000)
		const count = 100_000
		for i := uint64(0); i < count; i += 1000 {
			fill(keys, values, i)
			check(b, s.Batch(keys, values))
		}
		k := make([]byte, 0, 16)
		random := rand.New(rand.NewPCG(1, 2))
		for b.Loop() {
			k = key(k, random.Uint64N(count))
			check(b, s.Change(k, func(value []byte) []byte {
				value[0]++
				return value
			}))
		}
	})
}

func BenchmarkCounter(b *testing.B) {
	each(b, func(b *testing.B, e engine) {
		s := open(b, e, false)
		k := []byte("counter")
		check(b, s.Put(k, make([]byte, 8)))
		for b.Loop() {
			check(b, s.Count(k))
		}
	})
}

func BenchmarkSyncPut(b *testing.B) {
	for _, goroutines := range []int{1, 16} {
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) {
			each(b, func(b *testing.B, e engine) {
				s := open(b, e, true)
				var next atomic.Uint64
				b.SetParallelism((goroutines + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
				if goroutines == 1 {
					syncPuts(b, s, &next, b.Loop)
					return
				}
				b.RunParallel(func(pb *testing.PB) { syncPuts(b, s, &next, pb.Next) })
			})
		})
	}
}

func syncPuts(b *testing.B, s store, next *atomic.Uint64, more func() bool) {
	k, value := make([]byte, 0, 16), make([]byte, valueBytes)
	for more() {
		k = key(k, next.Add(1))
		if err := s.Put(k, value); err != nil {
			b.Error(err)
			return
		}
	}
}

// Memory is that of the process, so run it for one engine alone: -bench 'Memory/engine=firn'.
func BenchmarkMemory(b *testing.B) {
	each(b, func(b *testing.B, e engine) {
		before := resident(b)
		s := load(b, e)
		k, buffer := make([]byte, 0, 16), make([]byte, 0, 256)
		for b.Loop() {
			for i := range uint64(*loadCount) {
				k = key(k, i)
				if _, found, err := s.Get(buffer, k); err != nil || !found {
					b.Fatal(found, err)
				}
			}
		}
		runtime.GC()
		after := resident(b)
		b.ReportMetric(after["RssAnon"]-before["RssAnon"], "anonymous-MB")
		b.ReportMetric(after["RssFile"]-before["RssFile"], "mapped-MB")
	})
}

// resident reads what of the process is in memory, in MB.
func resident(b *testing.B) map[string]float64 {
	status, err := os.ReadFile(filepath.Join("/proc/self", "status"))
	check(b, err)
	found := map[string]float64{}
	for line := range strings.Lines(string(status)) {
		var name string
		var kB float64
		if n, _ := fmt.Sscanf(line, "%s %f kB", &name, &kB); n == 2 {
			found[strings.TrimSuffix(name, ":")] = kB / 1024
		}
	}
	return found
}

func BenchmarkBoundaryOfAnEmptyCall(b *testing.B) {
	k, buffer := make([]byte, 16), make([]byte, 0, 256)
	for b.Loop() {
		if boundary.Cross(k, buffer) != 16+256 {
			b.Fatal("wrong")
		}
	}
}
