package firn_test

import (
	"context"
	"errors"
	"iter"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	firn "github.com/firn-db/firn/bindings/go"
)

// silent are the methods that have no error to give; the others must give one when their object is closed.
var silent = map[string][]string{
	"DB":        {"Close"},
	"Namespace": {"ID", "Name"},
	"Txn":       {"Close", "In", "Version"},
	"Snapshot":  {"Close", "In", "Version"},
	"Iterator":  {"All", "Close", "Entry", "Key", "Next", "Value"},
	"Log":       {"Close"},
}

// eachMethod calls every method of object with arguments that are good, but the silent ones, and tells the error of each; a panic is none.
func eachMethod(t *testing.T, object any, ns *firn.Namespace, tell func(method string, err error)) {
	t.Helper()
	value := reflect.ValueOf(object)
	kind := value.Type().Elem().Name()
	for i := range value.NumMethod() {
		name := value.Type().Method(i).Name
		method := value.Method(i)
		var arguments []reflect.Value
		for j := range method.Type().NumIn() {
			if method.Type().IsVariadic() && j == method.Type().NumIn()-1 {
				break
			}
			arguments = append(arguments, argument(t, method.Type().In(j), ns))
		}
		results := method.Call(arguments)
		if !slices.Contains(silent[kind], name) {
			tell(kind+"."+name, outcome(t, results))
		}
	}
}

func argument(t *testing.T, kind reflect.Type, ns *firn.Namespace) reflect.Value {
	switch kind {
	case reflect.TypeFor[context.Context]():
		return reflect.ValueOf(context.Background())
	case reflect.TypeFor[*firn.Batch]():
		batch := new(firn.Batch)
		batch.Put([]byte("k"), nil)
		return reflect.ValueOf(batch)
	case reflect.TypeFor[*firn.Lookup]():
		lookup := new(firn.Lookup)
		lookup.Add([]byte("k"))
		return reflect.ValueOf(lookup)
	case reflect.TypeFor[*firn.Namespace]():
		return reflect.ValueOf(ns)
	case reflect.TypeFor[[]byte]():
		return reflect.ValueOf([]byte("k"))
	case reflect.TypeFor[[][]byte]():
		return reflect.ValueOf([][]byte{[]byte("k")})
	case reflect.TypeFor[string]():
		return reflect.ValueOf(filepath.Join(t.TempDir(), "new"))
	}
	if kind.Kind() == reflect.Func {
		return reflect.MakeFunc(kind, func([]reflect.Value) []reflect.Value {
			t.Errorf("%v was called", kind)
			return []reflect.Value{reflect.Zero(kind.Out(0))}
		})
	}
	return reflect.Zero(kind)
}

// outcome is the error that a method has returned, or that its range loop has ended with.
func outcome(t *testing.T, results []reflect.Value) error {
	switch last := results[len(results)-1].Interface().(type) {
	case error:
		return last
	case func() error:
		switch entries := results[0].Interface().(type) {
		case iter.Seq2[[]byte, []byte]:
			for range entries {
				t.Error("an entry")
			}
		case iter.Seq[firn.Change]:
			for range entries {
				t.Error("a change")
			}
		case iter.Seq[firn.Record]:
			for range entries {
				t.Error("a record")
			}
		default:
			t.Errorf("%T is not tried", entries)
		}
		return last()
	}
	return nil
}

func TestEveryMethodOfWhatIsClosedTellsSo(t *testing.T) {
	db := letters(t)
	ns, err := db.Namespace("n")
	must(t, err)
	closed := func(method string, err error) {
		if !errors.Is(err, firn.ErrClosed) {
			t.Errorf("%s after Close: %v, want ErrClosed", method, err)
		}
	}
	tx, err := db.Begin()
	must(t, err)
	must(t, tx.Close())
	eachMethod(t, tx, ns, closed)
	snapshot, err := db.Snapshot()
	must(t, err)
	must(t, snapshot.Close())
	eachMethod(t, snapshot, ns, closed)
	it, err := db.NewIterator(firn.ScanOptions{})
	must(t, err)
	must(t, it.Close())
	if it.Next() {
		t.Error("a closed iterator goes on")
	}
	eachMethod(t, it, ns, closed)
	committed, err := db.Begin()
	must(t, err)
	_, err = committed.Commit()
	must(t, err)
	eachMethod(t, committed, ns, func(method string, err error) {
		if !errors.Is(err, firn.ErrMisuse) && !errors.Is(err, firn.ErrClosed) {
			t.Errorf("%s after Commit: %v", method, err)
		}
	})

	open, err := db.Begin()
	must(t, err)
	reading, err := db.Snapshot()
	must(t, err)
	walking, err := db.NewIterator(firn.ScanOptions{})
	must(t, err)
	must(t, db.Close())
	if walking.Next() {
		t.Error("an iterator of a closed database goes on")
	}
	for _, object := range []any{db, ns, open, reading, walking} {
		eachMethod(t, object, ns, closed)
	}
	log := openLog(t, t.TempDir())
	must(t, log.Close())
	eachMethod(t, log, ns, closed)
}

func TestZeroAndNilValuesAreErrorsAndNoPanics(t *testing.T) {
	ns, err := open(t).Namespace("n")
	must(t, err)
	for _, object := range []any{&firn.DB{}, &firn.Namespace{}, &firn.Keyspace{}, &firn.Txn{}, &firn.Snapshot{}, &firn.Iterator{}, &firn.Log{}} {
		if it, ok := object.(*firn.Iterator); ok && it.Next() {
			t.Error("a zero iterator has an entry")
		}
		eachMethod(t, object, ns, func(method string, err error) {
			if err == nil {
				t.Errorf("%s of a zero value is no error", method)
			}
		})
	}
	must(t, (*firn.DB)(nil).Close())
	must(t, (*firn.Txn)(nil).Close())
	must(t, (*firn.Snapshot)(nil).Close())
	must(t, (*firn.Iterator)(nil).Close())
	must(t, (*firn.Log)(nil).Close())

	db := open(t)
	_, err = db.Write(nil)
	wantError(t, err, firn.ErrInvalid)
	wantError(t, db.Lookup(nil), firn.ErrInvalid)
	_, err = firn.Open(t.TempDir(), firn.WithMemtableBytes(8<<20), nil)
	wantError(t, err, firn.ErrInvalid)
	_, err = firn.OpenLog(t.TempDir(), nil)
	wantError(t, err, firn.ErrInvalid)
}

func TestALookupThatHasFailedHasNoAnswers(t *testing.T) {
	db := open(t)
	must(t, db.Put([]byte("k"), []byte("v")))
	var l firn.Lookup
	l.Add([]byte("k"))
	_, err := l.Value(0)
	wantError(t, err, firn.ErrInvalid) // not asked yet
	must(t, db.Lookup(&l))
	for _, i := range []int{-1, 1, math.MaxInt} {
		_, err = l.Value(i)
		wantError(t, err, firn.ErrInvalid)
	}
	l.Add(nil)
	wantError(t, db.Lookup(&l), firn.ErrInvalid)
	_, err = l.Value(0)
	wantError(t, err, firn.ErrInvalid)
}

func TestTheLongestTimeToLiveStaysPositive(t *testing.T) {
	db := open(t)
	key := []byte("k")
	_, err := db.PutWith(key, nil, firn.PutOptions{TTL: math.MaxInt64})
	must(t, err)
	left, err := db.TTL(key)
	if err != nil || left < math.MaxInt64-time.Hour {
		t.Errorf("%v left, %v", left, err)
	}
	must(t, db.Expire(key, math.MaxInt64))
	left, err = db.TTL(key)
	if err != nil || left < math.MaxInt64-time.Hour {
		t.Errorf("%v left, %v", left, err)
	}
}

func TestASnapshotServesManyGoroutines(t *testing.T) {
	db := letters(t)
	ns, err := db.Namespace("n")
	must(t, err)
	must(t, ns.Put([]byte("b"), []byte("in n")))
	snapshot, err := db.Snapshot()
	must(t, err)
	var group sync.WaitGroup
	for range 8 {
		start(&group, func() {
			for range 100 {
				value, err := snapshot.Get([]byte("b"))
				if err != nil || string(value) != "b!" {
					t.Errorf("get: %q, %v", value, err)
				}
				if value, err = snapshot.In(ns).Get([]byte("b")); err != nil || string(value) != "in n" {
					t.Errorf("get in n: %q, %v", value, err)
				}
				values, err := snapshot.MultiGet([][]byte{[]byte("a"), []byte("none")})
				if err != nil || string(values[0]) != "a!" || values[1] != nil {
					t.Errorf("multi-get: %q, %v", values, err)
				}
				if err := snapshot.View([]byte("c"), func([]byte) error { _, err := snapshot.Has([]byte("a")); return err }); err != nil {
					t.Errorf("view: %v", err)
				}
				count := 0
				entries, failure := snapshot.Scan(firn.ScanOptions{})
				for range entries {
					count++
				}
				if err := failure(); err != nil || count != 5 {
					t.Errorf("scan: %d entries, %v", count, err)
				}
				it, err := snapshot.NewIterator(firn.ScanOptions{Reverse: true})
				if err != nil {
					t.Error(err)
					return
				}
				if err := it.Seek([]byte("b")); err != nil || !it.Next() || string(it.Key()) != "b" || !it.Next() || it.Next() {
					t.Errorf("iterator: %v, %v", err, it.Err())
				}
				_ = it.Close()
				if snapshot.Version() == 0 {
					t.Error("no version")
				}
			}
		})
	}
	group.Wait()

	for range 8 { // closing it meanwhile is no harm either
		start(&group, func() {
			for {
				if _, err := snapshot.Get([]byte("b")); err != nil {
					wantClosed(t, err)
					return
				}
			}
		})
	}
	start(&group, func() { _ = snapshot.Close() })
	group.Wait()
}

// start runs work on a goroutine that group waits for.
func start(group *sync.WaitGroup, work func()) {
	group.Add(1)
	go func() {
		defer group.Done()
		work()
	}()
}

func wantClosed(t *testing.T, err error) {
	if !errors.Is(err, firn.ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
}
