package firn_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	firn "github.com/firn-db/firn/bindings/go"
)

func FuzzAnyKeyAndValueComesBack(f *testing.F) {
	f.Add([]byte("key"), []byte("value"))
	f.Add([]byte{0}, []byte{})
	f.Add([]byte{}, []byte{1})
	f.Add(bytes.Repeat([]byte{0xff}, 70000), bytes.Repeat([]byte{7}, 300))
	db := open(f, firn.WithMemtableBytes(1<<20))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		err := db.Put(key, value)
		if len(key) == 0 || len(key) > firn.MaxKeyLen {
			if !errors.Is(err, firn.ErrInvalid) && !errors.Is(err, firn.ErrTooLarge) {
				t.Fatalf("a key of %d bytes: %v", len(key), err)
			}
			return
		}
		must(t, err)
		got, err := db.Get(key)
		must(t, err)
		if !bytes.Equal(got, value) {
			t.Fatalf("%d bytes came back as %d", len(value), len(got))
		}
		entries, failure := db.Scan(firn.ScanOptions{Lower: key, Limit: 1})
		for k, v := range entries {
			if !bytes.Equal(k, key) || !bytes.Equal(v, value) {
				t.Fatalf("the scan gives %q", k)
			}
		}
		must(t, failure())
		must(t, db.Delete(key))
	})
}

func FuzzAnyGlobAndBoundsAreAnswered(f *testing.F) {
	f.Add([]byte("a*"), []byte("a"), []byte("b"), []byte("a"), true)
	f.Add([]byte("["), []byte{}, []byte{}, []byte{}, false)
	f.Add([]byte("\\"), []byte(nil), []byte{0xff}, []byte("x"), false)
	db := letters(f)
	f.Fuzz(func(t *testing.T, glob, lower, upper, prefix []byte, reverse bool) {
		it, err := db.NewIterator(firn.ScanOptions{Glob: glob, Lower: lower, Upper: upper, Prefix: prefix, Reverse: reverse})
		if err != nil {
			if !errors.Is(err, firn.ErrInvalid) && !errors.Is(err, firn.ErrTooLarge) {
				t.Fatal(err)
			}
			return
		}
		defer it.Close()
		var found []string
		for key := range it.All() {
			if !bytes.HasPrefix(key, prefix) || bytes.Compare(key, lower) < 0 {
				t.Fatalf("%q is outside of %q, %q", key, lower, prefix)
			}
			found = append(found, string(key))
		}
		must(t, it.Err())
		if reverse {
			slices.Reverse(found)
		}
		if !slices.IsSorted(found) {
			t.Fatalf("%q", found)
		}
	})
}

func FuzzABatchDoesWhatItsOperationsDo(f *testing.F) {
	f.Add([]byte("abcabcabc"))
	f.Add([]byte{0, 1, 2, 3, 250, 251, 252})
	f.Fuzz(func(t *testing.T, program []byte) {
		db := openAt(t, ":memory:")
		want := model{}
		var batch firn.Batch
		for i := 0; i+2 < len(program); i += 3 {
			key, value := []byte{program[i+1]%8 + 'a'}, bytes.Repeat(program[i+2:i+3], int(program[i+2]))
			if program[i]%3 == 0 {
				batch.Delete(key)
				delete(want, string(key))
			} else {
				batch.Put(key, value)
				want[string(key)] = value
			}
		}
		_, err := db.Write(&batch)
		must(t, err)
		var got []string
		entries, failure := db.Scan(firn.ScanOptions{})
		for key, value := range entries {
			got = append(got, string(key)+"="+string(value))
		}
		must(t, failure())
		if !slices.Equal(got, want.scan(firn.ScanOptions{})) {
			t.Fatalf("%q", got)
		}
		must(t, db.Close())
	})
}
