package firn_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"
	"time"

	firn "github.com/firn-db/firn/bindings/go"
)

func TestAnEmptyValueIsNotAMissingOne(t *testing.T) {
	db := open(t)
	for _, empty := range [][]byte{nil, {}} {
		must(t, db.Put([]byte("k"), empty))
		value, err := db.Get([]byte("k"))
		if err != nil || value == nil || len(value) != 0 {
			t.Fatalf("%v, %v", value, err)
		}
		has, err := db.Has([]byte("k"))
		if err != nil || !has {
			t.Fatalf("%v, %v", has, err)
		}
		must(t, db.View([]byte("k"), func(value []byte) error {
			if value == nil || len(value) != 0 {
				t.Fatalf("%v", value)
			}
			return nil
		}))
		values, err := db.MultiGet([][]byte{[]byte("k"), []byte("none")})
		must(t, err)
		if values[0] == nil || len(values[0]) != 0 || values[1] != nil {
			t.Fatalf("%v", values)
		}
	}
	wantMissing(t, db, "none")
}

func TestAnEmptyKeyAndALongKeyAreRefused(t *testing.T) {
	db := open(t)
	long := make([]byte, firn.MaxKeyLen+1)
	for _, c := range []struct {
		key  []byte
		want error
	}{{nil, firn.ErrInvalid}, {[]byte{}, firn.ErrInvalid}, {long, firn.ErrTooLarge}} {
		wantError(t, db.Put(c.key, nil), c.want)
		_, err := db.Get(c.key)
		wantError(t, err, c.want)
		_, err = db.MultiGet([][]byte{c.key})
		wantError(t, err, c.want)
		var batch firn.Batch
		batch.Put(c.key, nil)
		_, err = db.Write(&batch)
		wantError(t, err, c.want)
	}
	must(t, db.Put(long[1:], []byte("v")))
}

func TestValuesOfAllSizesComeBack(t *testing.T) {
	db := open(t)
	for _, length := range []int{1, 255, 256, 257, 4095, 65536, 5 << 20} {
		value := bytes.Repeat([]byte{byte(length)}, length)
		must(t, db.Put([]byte("k"), value))
		got, err := db.Get([]byte("k"))
		must(t, err)
		if !bytes.Equal(got, value) {
			t.Fatalf("%d bytes came back as %d", length, len(got))
		}
		got, err = db.GetAppend([]byte("before "), []byte("k"))
		must(t, err)
		if !bytes.Equal(got, append([]byte("before "), value...)) {
			t.Fatalf("appended: %d bytes", len(got))
		}
		must(t, db.View([]byte("k"), func(got []byte) error {
			if !bytes.Equal(got, value) {
				t.Fatalf("in place: %d bytes", len(got))
			}
			return nil
		}))
		values, err := db.MultiGet([][]byte{[]byte("k"), []byte("none"), []byte("k")})
		must(t, err)
		if !bytes.Equal(values[0], value) || values[1] != nil || !bytes.Equal(values[2], value) {
			t.Fatalf("multi-get of %d bytes", length)
		}
	}
}

func TestAFailedGetAppendLeavesDstAsItWas(t *testing.T) {
	db := open(t)
	dst, err := db.GetAppend([]byte("dst"), []byte("none"))
	wantError(t, err, firn.ErrNotFound)
	if string(dst) != "dst" {
		t.Fatalf("%q", dst)
	}
}

func TestTheCallersBufferMayBeUsedAgain(t *testing.T) {
	db := open(t)
	buffer := []byte("value")
	must(t, db.Put([]byte("k"), buffer))
	copy(buffer, "other")
	wantValue(t, db, "k", "value")
}

func TestAViewOutlivesTheDatabase(t *testing.T) {
	db := open(t)
	must(t, db.Put([]byte("k"), []byte("value")))
	wantError(t, db.View([]byte("none"), nil), firn.ErrNotFound)
	failure := errors.New("of the reader")
	err := db.View([]byte("k"), func(value []byte) error {
		must(t, db.Delete([]byte("k")))
		must(t, db.Flush())
		must(t, db.Close())
		if string(value) != "value" {
			t.Errorf("%q", value)
		}
		return failure
	})
	wantError(t, err, failure)
}

func TestPutWithKeepsItsConditions(t *testing.T) {
	db := open(t)
	key := []byte("k")
	put := func(o firn.PutOptions) (uint64, error) { return db.PutWith(key, []byte("v"), o) }
	_, err := put(firn.PutOptions{If: firn.IfPresent})
	wantError(t, err, firn.ErrNotFound)
	first, err := put(firn.PutOptions{If: firn.IfAbsent})
	must(t, err)
	_, err = put(firn.PutOptions{If: firn.IfAbsent})
	wantError(t, err, firn.ErrExists)
	second, err := put(firn.PutOptions{If: firn.IfVersion, Version: first, Sync: true})
	must(t, err)
	if second <= first {
		t.Errorf("versions %d, %d", first, second)
	}
	_, err = put(firn.PutOptions{If: firn.IfVersion, Version: first})
	wantError(t, err, firn.ErrConflict)
	_, err = put(firn.PutOptions{If: firn.IfAbsent | firn.IfPresent})
	wantError(t, err, firn.ErrInvalid)
	value, entry, err := db.GetEntry(nil, key)
	must(t, err)
	if string(value) != "v" || entry.Version != second || !entry.Expiry.IsZero() {
		t.Errorf("%q %+v", value, entry)
	}
}

func TestTimesToLive(t *testing.T) {
	db := open(t)
	key := []byte("k")
	_, err := db.TTL(key)
	wantError(t, err, firn.ErrNotFound)
	wantError(t, db.Expire(key, time.Minute), firn.ErrNotFound)
	wantError(t, db.Persist(key), firn.ErrNotFound)
	must(t, db.Put(key, nil))
	ttl, err := db.TTL(key)
	if err != nil || ttl != firn.NoExpiry {
		t.Fatalf("%v, %v", ttl, err)
	}
	wantError(t, db.Expire(key, 0), firn.ErrInvalid)
	must(t, db.Expire(key, time.Hour))
	ttl, err = db.TTL(key)
	if err != nil || ttl <= 59*time.Minute || ttl > time.Hour {
		t.Fatalf("%v, %v", ttl, err)
	}
	_, err = db.PutWith(key, nil, firn.PutOptions{KeepTTL: true})
	must(t, err)
	_, entry, err := db.GetEntry(nil, key)
	must(t, err)
	if until := time.Until(entry.Expiry); until < 59*time.Minute || until > time.Hour+time.Second {
		t.Fatalf("%+v", entry)
	}
	must(t, db.Persist(key))
	ttl, err = db.TTL(key)
	if err != nil || ttl != firn.NoExpiry {
		t.Fatalf("%v, %v", ttl, err)
	}
	_, err = db.PutWith(key, nil, firn.PutOptions{TTL: time.Nanosecond}) // rounded up, not down to never
	must(t, err)
	for has := true; has; { // it ends when the key has expired
		has, err = db.Has(key)
		must(t, err)
	}
}

func TestCompareAndSwapAndSwap(t *testing.T) {
	db := open(t)
	key := []byte("k")
	swapped, err := db.CompareAndSwap(key, nil, []byte("a"), 0)
	if err != nil || swapped {
		t.Fatalf("an absent key was swapped: %v, %v", swapped, err)
	}
	old, loaded, err := db.Swap(key, []byte("a"))
	if err != nil || loaded || old != nil {
		t.Fatalf("%q, %v, %v", old, loaded, err)
	}
	swapped, err = db.CompareAndSwap(key, []byte("a"), bytes.Repeat([]byte("b"), 1000), time.Hour)
	if err != nil || !swapped {
		t.Fatalf("%v, %v", swapped, err)
	}
	old, loaded, err = db.Swap(key, nil)
	if err != nil || !loaded || len(old) != 1000 {
		t.Fatalf("%d bytes, %v, %v", len(old), loaded, err)
	}
	ttl, err := db.TTL(key)
	if err != nil || ttl <= 0 {
		t.Fatalf("the swap took the time to live: %v, %v", ttl, err)
	}
}

func TestCounters(t *testing.T) {
	db := open(t)
	key := []byte("n")
	for want := int64(-5); want >= -15; want -= 5 {
		got, err := db.Add(key, -5)
		if err != nil || got != want {
			t.Fatalf("%d, %v; want %d", got, err, want)
		}
	}
	_, err := db.Add(key, math.MinInt64)
	wantError(t, err, firn.ErrOverflow)
	must(t, db.Put([]byte("text"), []byte("text")))
	_, err = db.Add([]byte("text"), 1)
	wantError(t, err, firn.ErrTypeMismatch)
}

func TestDeleteAndDeleteRange(t *testing.T) {
	db := open(t)
	for _, key := range []string{"a", "b", "c", "d"} {
		must(t, db.Put([]byte(key), []byte(key)))
	}
	must(t, db.Delete([]byte("none")))
	must(t, db.Delete([]byte("a")))
	_, err := db.DeleteRange(nil, nil, 2)
	wantError(t, err, firn.ErrTooLarge)
	n, err := db.DeleteRange([]byte("b"), []byte("d"), 0)
	if err != nil || n != 2 {
		t.Fatalf("%d, %v", n, err)
	}
	wantMissing(t, db, "c")
	wantValue(t, db, "d", "d")
}

func TestNamespacesAreApart(t *testing.T) {
	db := open(t)
	a, err := db.Namespace("a")
	must(t, err)
	b, err := db.Namespace("\x00b")
	must(t, err)
	must(t, a.Put([]byte("k"), []byte("in a")))
	must(t, b.Put([]byte("k"), []byte("in b")))
	wantMissing(t, db, "k")
	wantValue(t, a, "k", "in a")
	names, err := db.Namespaces()
	must(t, err)
	if len(names) != 2 || names[0] != "\x00b" || names[1] != "a" || a.Name() != "a" {
		t.Errorf("%q", names)
	}
	must(t, a.Clear())
	wantMissing(t, a, "k")
	must(t, b.Drop())
	wantError(t, b.Put([]byte("k"), nil), firn.ErrInvalid)
	_, err = db.ExistingNamespace("\x00b")
	wantError(t, err, firn.ErrNotFound)
	again, err := db.ExistingNamespace("a")
	must(t, err)
	must(t, again.Put([]byte("k"), []byte("again")))
	wantValue(t, a, "k", "again")
	must(t, db.Put([]byte("k"), nil))
	must(t, db.Clear())
	wantMissing(t, db, "k")
	for _, name := range []string{"", string(make([]byte, 256))} {
		if _, err := db.Namespace(name); err == nil {
			t.Errorf("a name of %d bytes is taken", len(name))
		}
	}
}

func TestABatchIsAppliedAsAWhole(t *testing.T) {
	db := open(t)
	ns, err := db.Namespace("n")
	must(t, err)
	version, err := db.PutWith([]byte("old"), []byte("x"), firn.PutOptions{TTL: time.Hour})
	must(t, err)
	var batch firn.Batch
	batch.ExpectVersion([]byte("old"), version)
	batch.In(ns).ExpectVersion([]byte("n"), 0)
	batch.Put([]byte("a"), []byte("1"))
	batch.PutTTL([]byte("b"), []byte("2"), time.Hour)
	batch.Add([]byte("n"), 7)
	batch.Put([]byte("a"), []byte("3"))
	batch.PutKeepTTL([]byte("old"), []byte("y"))
	batch.Delete([]byte("none"))
	batch.In(ns).Put([]byte("a"), []byte("in n"))
	batch.In(ns).PutTTL([]byte("t"), []byte("t"), time.Hour)
	batch.In(ns).PutKeepTTL([]byte("t"), []byte("u"))
	batch.In(ns).Add([]byte("n"), 1)
	batch.In(ns).Put([]byte("x"), nil)
	batch.In(ns).Delete([]byte("x"))
	if batch.Len() != 14 || batch.Bytes() == 0 {
		t.Errorf("%d operations in %d bytes", batch.Len(), batch.Bytes())
	}
	_, err = db.Write(&batch)
	must(t, err)
	wantValue(t, db, "a", "3")
	wantValue(t, db, "old", "y")
	wantValue(t, ns, "a", "in n")
	wantValue(t, ns, "t", "u")
	wantMissing(t, ns, "x")
	for _, key := range []string{"b", "old"} {
		if ttl, err := db.TTL([]byte(key)); err != nil || ttl <= 0 {
			t.Errorf("%s lives %v, %v", key, ttl, err)
		}
	}
	_, err = db.WriteWith(&batch, firn.WriteOptions{Sync: true})
	wantError(t, err, firn.ErrConflict) // the version is another one now

	batch.Reset()
	batch.DeleteRange([]byte("a"), []byte("b"))
	batch.In(ns).DeleteRange([]byte("a"), nil)
	_, err = db.Write(&batch)
	must(t, err)
	wantMissing(t, db, "a")
	wantMissing(t, ns, "t")
	wantValue(t, db, "b", "2")

	batch.Reset()
	batch.Put([]byte("c"), nil)
	batch.Put(nil, nil)
	_, err = db.Write(&batch)
	wantError(t, err, firn.ErrInvalid)
	wantMissing(t, db, "c")
}

func TestALookupAnswersKeysOfSeveralNamespaces(t *testing.T) {
	db := open(t)
	ns, err := db.Namespace("n")
	must(t, err)
	must(t, db.Put([]byte("k"), []byte("default")))
	must(t, ns.Put([]byte("k"), bytes.Repeat([]byte("n"), 10_000)))
	must(t, ns.Put([]byte("empty"), nil))
	var l firn.Lookup
	must(t, db.Lookup(&l))
	for range 2 {
		l.Add([]byte("k"))
		l.AddIn(ns, []byte("k"))
		l.AddIn(ns, []byte("empty"))
		l.Add([]byte("none"))
		must(t, db.Lookup(&l))
		if l.Len() != 4 {
			t.Errorf("%d keys", l.Len())
		}
		for i, length := range []int{7, 10_000, 0} {
			value, err := l.Value(i)
			if err != nil || value == nil || len(value) != length {
				t.Errorf("value %d has %d bytes, %v", i, len(value), err)
			}
		}
		value, err := l.Value(3)
		if value != nil || !errors.Is(err, firn.ErrNotFound) {
			t.Errorf("%q, %v", value, err)
		}
		l.Reset()
	}
	l.Add(nil)
	wantError(t, db.Lookup(&l), firn.ErrInvalid)
}

func TestViewShowsValuesOfEveryLength(t *testing.T) {
	db := open(t)
	lengths := []int{0, 1, 100, 1023, 1024, 1025, 100_000}
	for _, length := range lengths {
		must(t, db.Put(fmt.Append(nil, length), bytes.Repeat([]byte{byte(length)}, length)))
	}
	var view func(lengths []int) error
	view = func(lengths []int) error { // one within the other: they are all there at once
		if len(lengths) == 0 {
			return io.EOF
		}
		length := lengths[0]
		return db.View(fmt.Append(nil, length), func(value []byte) error {
			err := view(lengths[1:])
			if value == nil || cap(value) != length || !bytes.Equal(value, bytes.Repeat([]byte{byte(length)}, length)) {
				t.Errorf("%d bytes: got %d of %d, nil: %v", length, len(value), cap(value), value == nil)
			}
			return err
		})
	}
	wantError(t, view(lengths), io.EOF)
	wantError(t, view(append([]int{1025}, 7)), firn.ErrNotFound)
	must(t, db.View([]byte("100000"), func(value []byte) error {
		must(t, db.Close())
		if len(value) != 100_000 || value[99_999] != 160 {
			t.Errorf("%d bytes after Close", len(value))
		}
		return nil
	}))
	wantError(t, view(lengths), firn.ErrClosed)
}
