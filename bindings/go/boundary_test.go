package firn

import (
	"encoding/binary"
	"runtime"
	"testing"
	"unsafe"
)

// What an entry costs on the side of Go, without the engine. The targets are 4 ns an entry in chunks and batches, besides copying its bytes.

const benchEntries = 400

func perEntry(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchEntries), "ns/entry")
}

func BenchmarkEntriesOfABatch(b *testing.B) {
	var batch Batch
	key, value := make([]byte, 16), make([]byte, 100)
	for b.Loop() {
		batch.Reset()
		for range benchEntries {
			batch.Put(key, value)
		}
	}
	perEntry(b)
}

// What copying the bytes costs by itself, which is part of the benchmark before.
func BenchmarkCopyingEntries(b *testing.B) {
	var buffer []byte
	key, value := make([]byte, 16), make([]byte, 100)
	for b.Loop() {
		buffer = buffer[:0]
		for range benchEntries {
			buffer = append(append(buffer, key...), value...)
		}
	}
	perEntry(b)
}

func benchChunk() (chunk []byte) {
	for range benchEntries {
		chunk = binary.LittleEndian.AppendUint32(chunk, 16)
		chunk = binary.LittleEndian.AppendUint32(chunk, 100)
		chunk = append(chunk, make([]byte, 116)...)
	}
	return chunk
}

func BenchmarkEntriesOfAnIterator(b *testing.B) {
	chunk, bytes := benchChunk(), 0
	it := &Iterator{}
	for b.Loop() {
		it.chunk, it.next = chunk, 0
		for range benchEntries {
			it.Next()
			bytes += len(it.Key()) + len(it.Value())
		}
	}
	if bytes != b.N*benchEntries*116 {
		b.Fatal(bytes)
	}
	perEntry(b)
}

func BenchmarkEntriesOfAScan(b *testing.B) {
	chunk, bytes := benchChunk(), 0
	for b.Loop() {
		eachEntry(chunk, func(key, value []byte) bool {
			bytes += len(key) + len(value)
			return true
		})
	}
	if bytes != b.N*benchEntries*116 {
		b.Fatal(bytes)
	}
	perEntry(b)
}

func BenchmarkEntriesOfALookup(b *testing.B) {
	lookup := Lookup{answers: make([]byte, benchEntries*108)}
	for i := range benchEntries {
		binary.LittleEndian.PutUint64(lookup.answers[i*108:], 100)
	}
	key := make([]byte, 16)
	for b.Loop() {
		lookup.Reset()
		for range benchEntries {
			lookup.Add(key)
		}
		if err := lookup.answered(benchEntries*108, nil); err != nil || len(lookup.found) != benchEntries {
			b.Fatal(err)
		}
	}
	perEntry(b)
}

func BenchmarkEntriesInPlace(b *testing.B) {
	memory := make([]byte, 116) // in place of the engine's
	batch := places.New().(*[placesCount]enginePlace)
	for i := range batch {
		address := (*[4]uint64)(unsafe.Pointer(&batch[i]))
		*address = [4]uint64{uint64(uintptr(unsafe.Pointer(&memory[0]))), 16, uint64(uintptr(unsafe.Pointer(&memory[16]))), 100}
	}
	bytes := 0
	for b.Loop() {
		eachPlace(batch[:], func(key, value []byte) bool {
			bytes += len(key) + len(value)
			return true
		})
	}
	if bytes != b.N*placesCount*116 {
		b.Fatal(bytes)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*placesCount), "ns/entry")
	runtime.KeepAlive(memory)
}
