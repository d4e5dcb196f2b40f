package firn

import (
	"encoding/binary"
	"testing"
)

// What an entry costs on the side of Go, without the engine: the targets are 4 ns in chunks and batches.

func BenchmarkAnEntryOfABatch(b *testing.B) {
	var batch Batch
	key, value := make([]byte, 16), make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		if batch.Len() == 1000 {
			batch.Reset()
		}
		batch.Put(key, value)
	}
}

// What copying the bytes costs by itself, which is part of the benchmark before.
func BenchmarkCopyingAnEntry(b *testing.B) {
	var buffer []byte
	key, value := make([]byte, 16), make([]byte, 100)
	for b.Loop() {
		if len(buffer) >= 116*1000 {
			buffer = buffer[:0]
		}
		buffer = append(append(buffer, key...), value...)
	}
}

func BenchmarkAnEntryOfAChunk(b *testing.B) {
	var chunk []byte
	for range 400 {
		chunk = binary.LittleEndian.AppendUint32(chunk, 16)
		chunk = binary.LittleEndian.AppendUint32(chunk, 100)
		chunk = append(chunk, make([]byte, 116)...)
	}
	it := &Iterator{}
	bytes := 0
	b.ReportAllocs()
	for b.Loop() {
		if it.next == len(it.chunk) {
			it.chunk, it.next = chunk, 0
		}
		it.Next()
		bytes += len(it.Key()) + len(it.Value())
	}
	if bytes != b.N*116 {
		b.Fatal(bytes)
	}
}

func BenchmarkAnEntryOfALookup(b *testing.B) {
	lookup := Lookup{answers: make([]byte, 100*108)}
	for i := range 100 {
		binary.LittleEndian.PutUint64(lookup.answers[i*108:], 100)
	}
	key := make([]byte, 16)
	b.ReportAllocs()
	for b.Loop() {
		lookup.Add(key)
		if lookup.Len() == 100 {
			if err := lookup.answered(100*108, nil); err != nil {
				b.Fatal(err)
			}
			lookup.Reset()
		}
	}
}
