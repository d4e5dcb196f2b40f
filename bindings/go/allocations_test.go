package firn_test

import (
	"context"
	"errors"
	"testing"

	firn "github.com/firn-db/firn/bindings/go"
)

func TestCallsWithCallersMemoryDoNotAllocate(t *testing.T) {
	db := open(t)
	key, value, counter, missing := []byte("key"), make([]byte, 100), []byte("counter"), []byte("missing")
	must(t, db.Put(key, value))
	buffer := make([]byte, 0, 256)
	var batch firn.Batch
	var lookup firn.Lookup
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, call := range map[string]func(){
		"GetAppend":        func() { _, err := db.GetAppend(buffer, key); check(err) },
		"GetAppend, miss":  func() { _, _ = db.GetAppend(buffer, missing) },
		"GetEntry":         func() { _, _, err := db.GetEntry(buffer, key); check(err) },
		"Put":              func() { check(db.Put(key, value)) },
		"Has":              func() { _, err := db.Has(key); check(err) },
		"Has, miss":        func() { _, err := db.Has(missing); check(err) },
		"Add":              func() { _, err := db.Add(counter, 1); check(err) },
		"CompareAndSwap":   func() { _, err := db.CompareAndSwap(key, value, value, 0); check(err) },
		"CompareAndSwap 0": func() { _, err := db.CompareAndSwap(key, buffer, value, 0); check(err) },
		"View":             func() { check(db.View(key, func([]byte) error { return nil })) },
		"TTL":              func() { _, err := db.TTL(key); check(err) },
		"Batch": func() {
			batch.Reset()
			batch.Put(key, value)
			batch.Add(counter, 1)
			_, err := db.Write(&batch)
			check(err)
		},
		"Lookup": func() {
			lookup.Reset()
			lookup.Add(key)
			lookup.Add(missing)
			check(db.Lookup(&lookup))
		},
		"Delete": func() { check(db.Delete(missing)) },
	} {
		if n := testing.AllocsPerRun(1000, call); n != 0 {
			t.Errorf("%s: %v allocations a call", name, n)
		}
	}
}

func TestASyncedWriteThatIsAloneDoesNotAllocate(t *testing.T) {
	db := open(t, firn.WithDurability(firn.DurabilitySync))
	key, value := []byte("key"), make([]byte, 100)
	var batch firn.Batch
	batch.Put(key, value)
	for name, call := range map[string]func() error{
		"Put":     func() error { return db.Put(key, value) },
		"PutWith": func() error { _, err := db.PutWith(key, value, firn.PutOptions{Sync: true}); return err },
		"Write":   func() error { _, err := db.Write(&batch); return err },
		"Delete":  func() error { return db.Delete(key) },
	} {
		var failed error
		if n := testing.AllocsPerRun(50, func() { failed = errors.Join(failed, call()) }); n != 0 || failed != nil {
			t.Errorf("%s: %v allocations, %v", name, n, failed)
		}
	}
}

func TestATransactionIsOneAllocation(t *testing.T) {
	db := open(t)
	key, ctx := []byte("key"), context.Background()
	must(t, db.Put(key, make([]byte, 100)))
	buffer := make([]byte, 0, 256)
	change := func(tx *firn.Txn) error {
		value, err := tx.GetAppend(buffer, key)
		if err != nil {
			return err
		}
		return tx.Put(key, value)
	}
	read := func(s *firn.Snapshot) error {
		_, err := s.GetAppend(buffer, key)
		return err
	}
	for name, call := range map[string]func() error{
		"Update": func() error { return db.Update(ctx, change) },
		"ReadTx": func() error { return db.ReadTx(ctx, read) },
	} {
		var failed error
		if n := testing.AllocsPerRun(1000, func() { failed = errors.Join(failed, call()) }); n != 1 || failed != nil {
			t.Errorf("%s: %v allocations, %v", name, n, failed)
		}
	}
}
