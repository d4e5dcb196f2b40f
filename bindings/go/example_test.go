package firn_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	firn "github.com/firn-db/firn/bindings/go"
)

// temporary gives the examples a database without files.
func temporary() *firn.DB {
	db, err := firn.Open(":memory:")
	if err != nil {
		log.Fatal(err)
	}
	return db
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func ExampleOpen() {
	directory, err := os.MkdirTemp("", "firn")
	check(err)
	defer os.RemoveAll(directory)

	db, err := firn.Open(directory, firn.WithDurability(firn.DurabilitySync), firn.WithMemtableBytes(16<<20))
	check(err)
	defer db.Close()

	check(db.Put([]byte("ice"), []byte("old snow")))
	value, err := db.Get([]byte("ice"))
	check(err)
	fmt.Printf("%s\n", value)

	_, err = firn.Open(directory)
	fmt.Println(errors.Is(err, firn.ErrLocked))
	// Output:
	// old snow
	// true
}

func ExampleKeyspace_GetAppend() {
	db := temporary()
	defer db.Close()
	check(db.Put([]byte("a"), []byte("one")))

	buffer := make([]byte, 0, 64) // used again and again: no allocation
	buffer, err := db.GetAppend(buffer[:0], []byte("a"))
	check(err)
	fmt.Printf("%s\n", buffer)
	// Output: one
}

func ExampleKeyspace_View() {
	db := temporary()
	defer db.Close()
	check(db.Put([]byte("a"), []byte("a large value")))

	check(db.View([]byte("a"), func(value []byte) error {
		fmt.Println(len(value)) // in place: nothing was copied
		return nil
	}))
	// Output: 13
}

func ExampleKeyspace_PutWith() {
	db := temporary()
	defer db.Close()

	lock := firn.PutOptions{If: firn.IfAbsent, TTL: time.Minute}
	_, err := db.PutWith([]byte("lock"), []byte("me"), lock)
	check(err)
	_, err = db.PutWith([]byte("lock"), []byte("you"), lock)
	fmt.Println(errors.Is(err, firn.ErrExists))
	// Output: true
}

func ExampleKeyspace_Add() {
	db := temporary()
	defer db.Close()
	for range 3 {
		_, err := db.Add([]byte("visits"), 1)
		check(err)
	}
	value, err := db.Get([]byte("visits"))
	check(err)
	fmt.Println(binary.LittleEndian.Uint64(value))
	// Output: 3
}

func ExampleKeyspace_CompareAndSwap() {
	db := temporary()
	defer db.Close()
	check(db.Put([]byte("state"), []byte("new")))
	for range 2 {
		swapped, err := db.CompareAndSwap([]byte("state"), []byte("new"), []byte("taken"), 0)
		check(err)
		fmt.Println(swapped)
	}
	// Output:
	// true
	// false
}

func ExampleKeyspace_Expire() {
	db := temporary()
	defer db.Close()
	check(db.Put([]byte("session"), nil))
	check(db.Expire([]byte("session"), time.Hour))
	ttl, err := db.TTL([]byte("session"))
	check(err)
	fmt.Println(ttl > 59*time.Minute)
	check(db.Persist([]byte("session")))
	ttl, err = db.TTL([]byte("session"))
	check(err)
	fmt.Println(ttl == firn.NoExpiry)
	// Output:
	// true
	// true
}

func ExampleKeyspace_MultiGet() {
	db := temporary()
	defer db.Close()
	check(db.Put([]byte("a"), []byte("1")))
	check(db.Put([]byte("b"), nil))
	values, err := db.MultiGet([][]byte{[]byte("a"), []byte("b"), []byte("c")})
	check(err)
	for _, value := range values {
		fmt.Printf("%q %t\n", value, value != nil)
	}
	// Output:
	// "1" true
	// "" true
	// "" false
}

func ExampleLookup() {
	db := temporary()
	defer db.Close()
	users, err := db.Namespace("users")
	check(err)
	check(db.Put([]byte("a"), []byte("1")))
	check(users.Put([]byte("ann"), []byte("2")))

	var lookup firn.Lookup // used again, it does not allocate
	lookup.Add([]byte("a"))
	lookup.AddIn(users, []byte("ann"))
	check(db.Lookup(&lookup))
	for i := range lookup.Len() {
		value, err := lookup.Value(i)
		check(err)
		fmt.Printf("%s\n", value)
	}
	// Output:
	// 1
	// 2
}

func ExampleBatch() {
	db := temporary()
	defer db.Close()

	var batch firn.Batch // in memory of Go; all of it is written at once, or nothing
	batch.Put([]byte("a"), []byte("1"))
	batch.Put([]byte("b"), []byte("2"))
	batch.Delete([]byte("c"))
	_, err := db.Write(&batch)
	check(err)

	values, err := db.MultiGet([][]byte{[]byte("a"), []byte("b"), []byte("c")})
	check(err)
	fmt.Printf("%s %s %v\n", values[0], values[1], values[2] == nil)
	// Output: 1 2 true
}

func ExampleKeyspace_Scan() {
	db := temporary()
	defer db.Close()
	for _, key := range []string{"snow/1", "snow/2", "ice/1"} {
		check(db.Put([]byte(key), []byte("x")))
	}

	entries, failure := db.Scan(firn.ScanOptions{Prefix: []byte("snow/")})
	for key, value := range entries {
		fmt.Printf("%s %s\n", key, value)
	}
	check(failure())
	// Output:
	// snow/1 x
	// snow/2 x
}

func ExampleIterator() {
	db := temporary()
	defer db.Close()
	for _, key := range []string{"a", "b", "c"} {
		check(db.Put([]byte(key), nil))
	}

	it, err := db.NewIterator(firn.ScanOptions{Reverse: true})
	check(err)
	defer it.Close()
	check(it.Seek([]byte("b")))
	for it.Next() {
		fmt.Printf("%s\n", it.Key())
	}
	check(it.Err())
	// Output:
	// b
	// a
}

func ExampleDB_Update() {
	db := temporary()
	defer db.Close()
	check(db.Put([]byte("from"), []byte{10}))
	check(db.Put([]byte("to"), []byte{0}))

	// Runs again when somebody else has changed what it read.
	err := db.Update(context.Background(), func(tx *firn.Txn) error {
		from, err := tx.Get([]byte("from"))
		if err != nil {
			return err
		}
		to, err := tx.Get([]byte("to"))
		if err != nil {
			return err
		}
		if err := tx.Put([]byte("from"), []byte{from[0] - 3}); err != nil {
			return err
		}
		return tx.Put([]byte("to"), []byte{to[0] + 3})
	})
	check(err)
	to, err := db.Get([]byte("to"))
	check(err)
	fmt.Println(to)
	// Output: [3]
}

func ExampleDB_ReadTx() {
	db := temporary()
	defer db.Close()
	check(db.Put([]byte("a"), []byte("then")))

	check(db.ReadTx(context.Background(), func(s *firn.Snapshot) error {
		check(db.Put([]byte("a"), []byte("now")))
		value, err := s.Get([]byte("a"))
		fmt.Printf("%s\n", value)
		return err
	}))
	// Output: then
}

func ExampleDB_Snapshot() {
	db := temporary()
	defer db.Close()
	check(db.Put([]byte("a"), []byte("then")))
	snapshot, err := db.Snapshot()
	check(err)
	defer snapshot.Close()
	check(db.Put([]byte("a"), []byte("now")))

	value, err := snapshot.Get([]byte("a"))
	check(err)
	fmt.Printf("%s\n", value)
	// Output: then
}

func ExampleDB_Namespace() {
	db := temporary()
	defer db.Close()
	users, err := db.Namespace("users")
	check(err)
	check(users.Put([]byte("1"), []byte("Ada")))
	has, err := db.Has([]byte("1"))
	check(err)
	fmt.Println(has)
	names, err := db.Namespaces()
	check(err)
	fmt.Println(names)
	// Output:
	// false
	// [users]
}

func ExampleDB_FollowChanges() {
	db := temporary()
	defer db.Close()
	_, next, err := db.ChangesBounds()
	check(err)
	go func() {
		check(db.Put([]byte("a"), []byte("one")))
		check(db.Delete([]byte("a")))
	}()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	changes, failure := db.FollowChanges(ctx, firn.ChangesOptions{From: next}) // waits for more, until ctx is done
	for change := range changes {
		fmt.Printf("%s %q\n", change.Key, change.Value)
		if change.Kind == firn.ChangeDelete {
			break
		}
	}
	check(failure())
	// Output:
	// a "one"
	// a ""
}

func ExampleDB_Stats() {
	db := temporary()
	defer db.Close()
	check(db.Put([]byte("a"), []byte("one")))
	_, err := db.Get([]byte("b"))
	fmt.Println(errors.Is(err, firn.ErrNotFound))

	stats, err := db.Stats()
	check(err)
	fmt.Println(stats.Puts, stats.GetMisses, stats.WriteBytes)
	// Output:
	// true
	// 1 1 4
}

func ExampleDB_Events() {
	db := temporary()
	defer db.Close()
	check(db.Put([]byte("a"), []byte("one")))
	check(db.Flush())

	var last uint64 // the last one that was seen
	events, err := db.Events(last + 1)
	check(err)
	for _, event := range events {
		fmt.Println(event.Number, event.Kind, event.Err)
	}
	// Output: 1 flush <nil>
}

func ExampleDB_Resume() {
	db := temporary()
	defer db.Close()
	err := db.Put([]byte("ice"), []byte("old snow"))
	if errors.Is(err, firn.ErrIndeterminate) || errors.Is(err, firn.ErrReadOnly) {
		log.Print(db.Err()) // the disk has failed, or is full: see to that, then
		check(db.Resume())
		err = db.Put([]byte("ice"), []byte("old snow"))
	}
	check(err)
	stats, err := db.Stats()
	check(err)
	fmt.Println(stats.ReadOnly, db.Err())
	// Output: false <nil>
}

func ExampleDB_WaitDurable() {
	db := temporary()
	defer db.Close()
	version, err := db.PutWith([]byte("ice"), []byte("old snow"), firn.PutOptions{})
	check(err)

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	check(db.WaitDurable(ctx, version)) // db.Sync() is the same for all so far
	stats, err := db.Stats()
	check(err)
	fmt.Println(stats.DurableVersion >= version)
	// Output: true
}

func ExampleDB_Checkpoint() {
	directory, err := os.MkdirTemp("", "firn")
	check(err)
	defer os.RemoveAll(directory)
	db := temporary()
	defer db.Close()
	check(db.Put([]byte("a"), []byte("then")))
	check(db.Checkpoint(filepath.Join(directory, "checkpoint")))
	check(db.Put([]byte("a"), []byte("now")))

	before, err := firn.Open(filepath.Join(directory, "checkpoint"))
	check(err)
	defer before.Close()
	value, err := before.Get([]byte("a"))
	check(err)
	fmt.Printf("%s\n", value)
	// Output: then
}

func ExampleDB_Backup() {
	parent, err := os.MkdirTemp("", "firn")
	check(err)
	defer os.RemoveAll(parent)
	db := temporary()
	defer db.Close()
	check(db.Put([]byte("ice"), []byte("old snow")))
	backups, path, ctx := filepath.Join(parent, "backups"), filepath.Join(parent, "restored"), context.Background()
	id, err := db.Backup(ctx, backups, nil) // the next one copies what is new only
	check(err)
	check(firn.Restore(ctx, backups, id, path, nil))

	restored, err := firn.Open(path)
	check(err)
	defer restored.Close()
	value, err := restored.Get([]byte("ice"))
	check(err)
	fmt.Printf("%s\n", value)
	// Output: old snow
}

func ExampleError() {
	_, err := firn.Open("/nowhere", firn.WithCreateIfMissing(false))
	var failure *firn.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Code, failure.Op, errors.Is(err, firn.ErrNotFound))
	}
	// Output: FIRN_NOT_FOUND open true
}

func ExampleLog() {
	directory, err := os.MkdirTemp("", "firn-log")
	check(err)
	defer os.RemoveAll(directory)
	l, err := firn.OpenLog(directory)
	check(err)
	defer l.Close()

	_, err = l.AppendBatch([][]byte{[]byte("first"), []byte("second")})
	check(err)
	records, failure := l.Records(0)
	for record := range records {
		fmt.Printf("%d %s\n", record.Index, record.Data)
	}
	check(failure())
	// Output:
	// 0 first
	// 1 second
}

func ExampleLog_Tail() {
	directory, err := os.MkdirTemp("", "firn-log")
	check(err)
	defer os.RemoveAll(directory)
	l, err := firn.OpenLog(directory)
	check(err)
	defer l.Close()
	go func() {
		for i := range 3 {
			_, err := l.Append(fmt.Append(nil, "record ", i))
			check(err)
		}
	}()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	records, failure := l.Tail(ctx, 0) // waits for more, until ctx is done
	for record := range records {
		fmt.Printf("%s\n", record.Data)
		if record.Index == 2 {
			break
		}
	}
	check(failure())
	// Output:
	// record 0
	// record 1
	// record 2
}
