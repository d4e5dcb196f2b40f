package bench

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	firn "github.com/firn-db/firn/bindings/go"
)

// The workloads of the earlier systems, again: same keys, values and order as theirs, formatting inside of the loop where theirs was.

func openSeed(b *testing.B, path string, durability firn.Durability) *firn.DB {
	b.Helper()
	if path == "" {
		path = newDirectory(b)
	}
	db, err := firn.Open(path, firn.WithDurability(durability))
	check(b, err)
	b.Cleanup(func() { check(b, db.Close()) })
	b.ReportAllocs()
	return db
}

func numbered(dst []byte, prefix string, i int) []byte {
	return strconv.AppendInt(append(dst[:0], prefix...), int64(i), 10)
}

func preload(b *testing.B, db *firn.DB, keyPrefix, valuePrefix string, count, bytes int) {
	b.Helper()
	for i := range count {
		value := numbered(nil, valuePrefix, i)
		if bytes > 0 {
			value = make([]byte, bytes)
		}
		check(b, db.Put(numbered(nil, keyPrefix, i), value))
	}
}

func putNumbered(b *testing.B, db *firn.DB, keyPrefix, valuePrefix string, bytes int) {
	k, v := make([]byte, 0, 64), make([]byte, bytes, max(bytes, 64))
	i := 0
	for b.Loop() {
		k = numbered(k, keyPrefix, i)
		if bytes == 0 {
			v = numbered(v, valuePrefix, i)
		}
		check(b, db.Put(k, v))
		i++
	}
}

func getNumbered(b *testing.B, db *firn.DB, prefix string, count int) {
	k, buffer := make([]byte, 0, 64), make([]byte, 0, 4096)
	i := 0
	for b.Loop() {
		k = numbered(k, prefix, i%count)
		_, err := db.GetAppend(buffer, k)
		check(b, err)
		i++
	}
}

func parallel(b *testing.B, step func(i int, k []byte) error) {
	b.RunParallel(func(pb *testing.PB) {
		k := make([]byte, 0, 64)
		for i := 0; pb.Next(); i++ {
			if err := step(i, k); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkGoLite(b *testing.B) {
	// "buffered" of the ladder: a sync in the background every second, and what is acknowledged is readable and survives the process besides.
	durability := firn.DurabilityInterval(time.Second)
	b.Run("InsertSequential", func(b *testing.B) { putNumbered(b, openSeed(b, "", durability), "users:key", "value", 0) })
	b.Run("InsertConcurrent", func(b *testing.B) {
		db := openSeed(b, "", durability)
		var next atomic.Int64
		parallel(b, func(_ int, k []byte) error {
			i := int(next.Add(1))
			return db.Put(numbered(k, "users:key", i), []byte("value1"))
		})
	})
	b.Run("InsertBatch", func(b *testing.B) {
		db := openSeed(b, "", durability)
		var batch firn.Batch
		k, v := make([]byte, 0, 64), make([]byte, 0, 64)
		i := 0
		for b.Loop() {
			k, v = numbered(k, "users:key", i), numbered(v, "value", i)
			batch.Put(k, v)
			if i++; i%1000 == 0 {
				_, err := db.Write(&batch)
				check(b, err)
				batch.Reset()
			}
		}
	})
	b.Run("GetSequential", func(b *testing.B) {
		db := openSeed(b, "", durability)
		preload(b, db, "users:key", "value", 1000, 0)
		getNumbered(b, db, "users:key", 1000)
	})
	b.Run("GetConcurrent", func(b *testing.B) {
		db := openSeed(b, "", durability)
		preload(b, db, "users:key", "value", 1000, 0)
		parallel(b, func(i int, k []byte) error {
			var buffer [64]byte
			_, err := db.GetAppend(buffer[:0], numbered(k, "users:key", i%1000))
			return err
		})
	})
	// The wish: insert at least 2 M/s, get at least 5 M/s. Keys that are made before, one at a time and in batches.
	b.Run("WishInsert", func(b *testing.B) { wishInsert(b, openSeed(b, "", durability)) })
	b.Run("WishGet", func(b *testing.B) { wishGet(b, openSeed(b, "", durability)) })
	b.Run("WishGetLookup100", func(b *testing.B) { wishLookup(b, openSeed(b, "", durability)) })
}

func wishKeys(count int) [][]byte {
	keys := make([][]byte, count)
	for i := range keys {
		keys[i] = numbered(nil, "users:key", i)
	}
	return keys
}

func wishInsert(b *testing.B, db *firn.DB) {
	keys := wishKeys(1 << 20)
	value := []byte("value12345")
	i := 0
	for b.Loop() {
		check(b, db.Put(keys[i&(1<<20-1)], value))
		i++
	}
}

func wishGet(b *testing.B, db *firn.DB) {
	preload(b, db, "users:key", "value", 1024, 0)
	keys, buffer := wishKeys(1024), make([]byte, 0, 64)
	i := 0
	for b.Loop() {
		_, err := db.GetAppend(buffer, keys[i&1023])
		check(b, err)
		i++
	}
}

func wishLookup(b *testing.B, db *firn.DB) {
	preload(b, db, "users:key", "value", 1000, 0)
	keys := wishKeys(1000)
	var lookup firn.Lookup
	i := 0
	for b.Loop() {
		lookup.Add(keys[i%1000])
		if i++; i%100 == 0 {
			check(b, db.Lookup(&lookup))
			lookup.Reset()
		}
	}
}

func BenchmarkBitcask(b *testing.B) {
	const durability = firn.DurabilityProcess // "os" of the ladder
	b.Run("PutSmall", func(b *testing.B) { putNumbered(b, openSeed(b, "", durability), "key-", "val-", 0) })
	b.Run("Put1KB", func(b *testing.B) { putNumbered(b, openSeed(b, "", durability), "key-", "", 1024) })
	b.Run("GetSmall", func(b *testing.B) {
		db := openSeed(b, "", durability)
		preload(b, db, "key-", "val-", 1000, 0)
		getNumbered(b, db, "key-", 1000)
	})
	b.Run("Get1KB", func(b *testing.B) {
		db := openSeed(b, "", durability)
		preload(b, db, "key-", "", 10_000, 1024)
		getNumbered(b, db, "key-", 10_000)
	})
	b.Run("PutParallel", func(b *testing.B) {
		db := openSeed(b, "", durability)
		parallel(b, func(i int, k []byte) error { return db.Put(numbered(k, "key-", i), []byte("val-12345")) })
	})
	b.Run("GetParallel", func(b *testing.B) {
		db := openSeed(b, "", durability)
		preload(b, db, "key-", "", 10_000, 128)
		parallel(b, func(i int, k []byte) error {
			var buffer [128]byte
			_, err := db.GetAppend(buffer[:0], numbered(k, "key-", i%10_000))
			return err
		})
	})
	b.Run("Recovery", func(b *testing.B) {
		path := newDirectory(b)
		db, err := firn.Open(path)
		check(b, err)
		value := make([]byte, 4096)
		for i := range 10_000 {
			check(b, db.Put(fmt.Appendf(nil, "key-%09d", i), value))
		}
		check(b, db.Compact())
		check(b, db.Close())
		for b.Loop() {
			db, err := firn.Open(path)
			check(b, err)
			check(b, db.Close())
		}
	})
}

func BenchmarkNamestore(b *testing.B) {
	// "mem" of the ladder, which is what namestore is, and what a service would use.
	for name, path := range map[string]string{"memory": ":memory:", "process": ""} {
		b.Run(name, func(b *testing.B) { namestore(b, path) })
	}
}

func namestore(b *testing.B, path string) {
	const durability = firn.DurabilityProcess
	value := []byte("benchmark-value")
	loaded := func(b *testing.B) *firn.DB {
		db := openSeed(b, path, durability)
		for i := range 1000 {
			check(b, db.Put(numbered(nil, "key:", i), value))
		}
		return db
	}
	on := func(name string, step func(db *firn.DB, i int, k []byte) error) {
		b.Run(name, func(b *testing.B) {
			db := loaded(b)
			k := make([]byte, 0, 64)
			i := 0
			for b.Loop() {
				check(b, step(db, i, k))
				i++
			}
		})
	}
	on("Set", func(db *firn.DB, i int, k []byte) error { return db.Put(numbered(k, "new:", i), value) })
	on("Get", func(db *firn.DB, i int, k []byte) error {
		var buffer [64]byte
		_, err := db.GetAppend(buffer[:0], numbered(k, "key:", i%1000))
		return err
	})
	on("Delete", func(db *firn.DB, i int, k []byte) error { return db.Delete(numbered(k, "key:", i%1000)) })
	on("SetNX", func(db *firn.DB, i int, k []byte) error {
		_, err := db.PutWith(numbered(k, "new:", i), value, firn.PutOptions{If: firn.IfAbsent})
		return err
	})
	on("Exists", func(db *firn.DB, i int, k []byte) error {
		_, err := db.Has(numbered(k, "key:", i%1000))
		return err
	})
	counter, one := []byte("counter"), []byte("one key")
	on("Incr", func(db *firn.DB, _ int, _ []byte) error {
		_, err := db.Add(counter, 1)
		return err
	})
	on("TTL", func(db *firn.DB, i int, k []byte) error {
		_, err := db.TTL(numbered(k, "key:", i%1000))
		return err
	})
	on("Expire", func(db *firn.DB, i int, k []byte) error { return db.Expire(numbered(k, "key:", i%1000), time.Hour) })
	on("Persist", func(db *firn.DB, i int, k []byte) error { return db.Persist(numbered(k, "key:", i%1000)) })
	on("GetSet", func(db *firn.DB, _ int, _ []byte) error {
		_, _, err := db.Swap(one, value)
		return err
	})
	on("CAS", func(db *firn.DB, i int, k []byte) error {
		_, err := db.CompareAndSwap(numbered(k, "key:", i%1000), value, value, 0)
		return err
	})
	ten := make([][]byte, 10)
	for i := range ten {
		ten[i] = numbered(nil, "key:", i)
	}
	var lookup firn.Lookup
	on("MGet10", func(db *firn.DB, _ int, _ []byte) error {
		lookup.Reset()
		for _, key := range ten {
			lookup.Add(key)
		}
		return db.Lookup(&lookup)
	})
	var batch firn.Batch
	on("MSet10", func(db *firn.DB, _ int, _ []byte) error {
		batch.Reset()
		for _, key := range ten {
			batch.Put(key, value)
		}
		_, err := db.Write(&batch)
		return err
	})
	on("MDel10", func(db *firn.DB, i int, k []byte) error {
		batch.Reset()
		for j := range 10 {
			batch.Delete(numbered(k, "key:", i*10+j))
		}
		_, err := db.Write(&batch)
		return err
	})
	for _, bytes := range []int{5, 1 << 10, 1 << 20} {
		large := make([]byte, bytes)
		on(fmt.Sprintf("SetValue%d", bytes), func(db *firn.DB, _ int, _ []byte) error { return db.Put(one, large) })
	}
	on("Keys1000", func(db *firn.DB, _ int, _ []byte) error {
		entries, failure := db.Scan(firn.ScanOptions{KeysOnly: true, Prefix: []byte("key:")})
		for range entries {
		}
		return failure()
	})
	b.Run("ConcurrentReads", func(b *testing.B) {
		db := loaded(b)
		parallel(b, func(i int, k []byte) error {
			var buffer [64]byte
			_, err := db.GetAppend(buffer[:0], numbered(k, "key:", i%1000))
			return err
		})
	})
	b.Run("ConcurrentWrites", func(b *testing.B) {
		db := openSeed(b, path, durability)
		parallel(b, func(i int, k []byte) error { return db.Put(numbered(k, "key:", i), value) })
	})
	b.Run("Mixed", func(b *testing.B) {
		db := loaded(b)
		parallel(b, func(i int, k []byte) error {
			k = numbered(k, "key:", i%1000)
			if i%2 == 1 {
				return db.Put(k, value)
			}
			var buffer [64]byte
			_, err := db.GetAppend(buffer[:0], k)
			return err
		})
	})
}

func BenchmarkStrata(b *testing.B) {
	b.Run("ReadModifyWrite", func(b *testing.B) {
		db := openSeed(b, "", firn.DurabilityProcess)
		check(b, db.Put([]byte("k"), make([]byte, 8)))
		for b.Loop() {
			check(b, db.Update(context.Background(), func(tx *firn.Txn) error {
				value, err := tx.Get([]byte("k"))
				if err != nil {
					return err
				}
				value[0]++
				return tx.Put([]byte("k"), value)
			}))
		}
	})
	b.Run("CASByVersion", func(b *testing.B) {
		db := openSeed(b, "", firn.DurabilityProcess)
		version, err := db.PutWith([]byte("k"), nil, firn.PutOptions{})
		check(b, err)
		for b.Loop() {
			version, err = db.PutWith([]byte("k"), nil, firn.PutOptions{If: firn.IfVersion, Version: version})
			check(b, err)
		}
	})
	b.Run("SnapshotRead10", func(b *testing.B) {
		db := openSeed(b, "", firn.DurabilityProcess)
		preload(b, db, "snap_key_", "v", 1000, 0)
		k, buffer := make([]byte, 0, 64), make([]byte, 0, 64)
		for b.Loop() {
			check(b, db.ReadTx(context.Background(), func(s *firn.Snapshot) error {
				for i := range 10 {
					if _, err := s.GetAppend(buffer, numbered(k, "snap_key_", i*97)); err != nil {
						return err
					}
				}
				return nil
			}))
		}
	})
}
