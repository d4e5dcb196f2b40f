package firn_test

import (
	"bytes"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	firn "github.com/firn-db/firn/bindings/go"
)

// keys joins the keys of a scan, and fails the test when the scan failed.
func keys(t testing.TB, entries iter.Seq2[[]byte, []byte], failure func() error) string {
	t.Helper()
	var all []string
	for key := range entries {
		all = append(all, string(key))
	}
	must(t, failure())
	return strings.Join(all, " ")
}

var letterKeys = []string{"a", "b", "ba", "bb", "c"}

func letters(t testing.TB) *firn.DB {
	t.Helper()
	db := open(t)
	for _, key := range letterKeys {
		must(t, db.Put([]byte(key), []byte(key+"!")))
	}
	return db
}

func TestAScanKeepsToItsOptions(t *testing.T) {
	db := letters(t)
	b := []byte("b")
	for want, options := range map[string]firn.ScanOptions{
		"a b ba bb c": {},
		"c bb ba b a": {Reverse: true},
		"b ba bb":     {Prefix: b},
		"b ba bb c":   {Lower: b},
		"a":           {Upper: b},
		"ba":          {Lower: []byte("ba"), Upper: []byte("bb"), Prefix: b},
		"a b":         {Limit: 2},
		"ba bb":       {Glob: []byte("b?")},
		"":            {Prefix: []byte("x")},
	} {
		if got := keys2(t, db, options); got != want {
			t.Errorf("%+v: %q, want %q", options, got, want)
		}
	}
	_, failure := db.Scan(firn.ScanOptions{})
	must(t, failure())
	entries, failure := db.Scan(firn.ScanOptions{Glob: []byte("[")})
	for range entries {
		t.Error("a bad pattern matches")
	}
	wantError(t, failure(), firn.ErrInvalid)
}

func keys2(t testing.TB, db *firn.DB, options firn.ScanOptions) string {
	t.Helper()
	entries, failure := db.Scan(options)
	return keys(t, entries, failure)
}

func TestAScanCanBeLeftAndBegunAgain(t *testing.T) {
	db := letters(t)
	entries, failure := db.Scan(firn.ScanOptions{})
	for range 2 {
		for key, value := range entries {
			if string(key) == "b" {
				if string(value) != "b!" {
					t.Errorf("%q", value)
				}
				break
			}
		}
		must(t, failure())
	}
	must(t, db.Put([]byte("d"), nil))
	if got := keys(t, entries, failure); got != "a b ba bb c d" {
		t.Errorf("%q", got)
	}
}

func TestChunksOfAllSizesGiveEveryEntry(t *testing.T) {
	db := open(t)
	var batch firn.Batch
	const count = 5000
	for i := range count {
		length := i % 97
		if i%1000 == 999 {
			length = 100_000 // larger than any chunk
		}
		batch.Put(fmt.Appendf(nil, "%08d", i), bytes.Repeat([]byte{byte(i)}, length))
	}
	_, err := db.Write(&batch)
	must(t, err)
	for _, entriesToo := range []bool{false, true} {
		i := 0
		it, err := db.NewIterator(firn.ScanOptions{Entries: entriesToo})
		must(t, err)
		for key, value := range it.All() {
			if string(key) != fmt.Sprintf("%08d", i) || bytes.Count(value, []byte{byte(i)}) != len(value) {
				t.Fatalf("entry %d is %q with %d bytes", i, key, len(value))
			}
			if got := it.Entry().Version != 0; got != entriesToo {
				t.Fatalf("entry %d: version %d", i, it.Entry().Version)
			}
			i++
		}
		must(t, it.Err())
		must(t, it.Close())
		if i != count {
			t.Fatalf("%d entries", i)
		}
	}
}

func TestAnIteratorSeeksAndEndsAndStaysClosed(t *testing.T) {
	db := letters(t)
	_, err := db.PutWith([]byte("c"), []byte("c!"), firn.PutOptions{TTL: time.Hour})
	must(t, err)
	it, err := db.NewIterator(firn.ScanOptions{Entries: true})
	must(t, err)
	if it.Key() != nil || it.Value() != nil {
		t.Error("an entry before the first step")
	}
	must(t, db.Delete([]byte("bb"))) // not seen: the iterator has its snapshot
	must(t, it.Seek([]byte("baa")))
	for _, want := range []string{"bb", "c"} {
		if !it.Next() || string(it.Key()) != want || string(it.Value()) != want+"!" {
			t.Fatalf("%q, want %q", it.Key(), want)
		}
	}
	if it.Entry().Expiry.IsZero() {
		t.Error("no expiry")
	}
	if it.Next() || it.Next() || it.Err() != nil || it.Key() != nil {
		t.Errorf("after the end: %q, %v", it.Key(), it.Err())
	}
	must(t, it.Seek([]byte("a")))
	if !it.Next() || string(it.Key()) != "a" {
		t.Errorf("after a seek: %q", it.Key())
	}
	must(t, it.Close())
	must(t, it.Close())
	if it.Next() {
		t.Error("a closed iterator goes on")
	}
	wantError(t, it.Err(), firn.ErrClosed)
	wantError(t, it.Seek(nil), firn.ErrClosed)
}

func TestKeysOnlyScansHaveEmptyValues(t *testing.T) {
	db := letters(t)
	count := 0
	entries, failure := db.Scan(firn.ScanOptions{KeysOnly: true})
	for key, value := range entries {
		if count++; string(key) != letterKeys[count-1] {
			t.Errorf("the key %q", key)
		}
		if len(value) != 0 {
			t.Errorf("%q has %q", key, value)
		}
	}
	must(t, failure())
	if count != len(letterKeys) {
		t.Errorf("%d entries", count)
	}
}

// TestWhatAScanShowsStaysWhenTheDatabaseIsClosed: entries are shown in the engine's memory, many for one call.
func TestWhatAScanShowsStaysWhenTheDatabaseIsClosed(t *testing.T) {
	valueOf := func(i int) []byte { return bytes.Repeat([]byte{byte(i), byte(i >> 8)}, i%300) }
	for name, options := range map[string][]firn.Option{
		"memtable": nil,
		"mmap":     {},
		"pread":    {firn.WithTableIO("pread"), firn.WithLogIO("pwrite"), firn.WithCacheBytes(1 << 20)},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, options...)
			const count = 20_000
			var batch firn.Batch
			for i := range count {
				batch.Put(fmt.Appendf(nil, "%06d", i), valueOf(i))
			}
			_, err := db.Write(&batch)
			must(t, err)
			if options != nil {
				must(t, db.Compact())
			}
			snapshot, err := db.Snapshot()
			must(t, err)
			defer snapshot.Close()
			for _, reverse := range []bool{false, true} {
				for reader, scan := range map[string]func(firn.ScanOptions) (iter.Seq2[[]byte, []byte], func() error){"db": db.Scan, "snapshot": snapshot.Scan} {
					i := 0
					entries, failure := scan(firn.ScanOptions{Reverse: reverse})
					for key, value := range entries {
						n := i
						if reverse {
							n = count - 1 - i
						}
						if string(key) != fmt.Sprintf("%06d", n) || value == nil || !bytes.Equal(value, valueOf(n)) {
							t.Fatalf("%s: entry %d is %s with %d bytes", reader, n, key, len(value))
						}
						i++
					}
					if err := failure(); err != nil || i != count {
						t.Errorf("%s: %d entries, %v", reader, i, err)
					}
				}
			}
			entries, failure := db.Scan(firn.ScanOptions{KeysOnly: true})
			for key, value := range entries {
				if value == nil || len(value) != 0 {
					t.Fatalf("%s has %v, want what is empty, not nil", key, value)
				}
			}
			must(t, failure())
			i := 0
			entries, failure = db.Scan(firn.ScanOptions{})
			for key, value := range entries {
				if i == 5000 {
					must(t, db.Close())
				}
				if string(key) != fmt.Sprintf("%06d", i) || !bytes.Equal(value, valueOf(i)) {
					t.Fatalf("entry %d is %s with %d bytes after Close", i, key, len(value))
				}
				i++
			}
			wantError(t, failure(), firn.ErrClosed)
			if i <= 5001 || i == count {
				t.Errorf("%d entries: it is not tried what stays after Close", i)
			}
		})
	}
}
