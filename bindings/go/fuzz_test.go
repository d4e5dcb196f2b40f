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
		count := 0
		entries, failure := db.Scan(firn.ScanOptions{Lower: key, Limit: 1})
		for k, v := range entries {
			count++
			if !bytes.Equal(k, key) || !bytes.Equal(v, value) {
				t.Fatalf("the scan gives %q", k)
			}
		}
		must(t, failure())
		if count != 1 {
			t.Fatalf("the scan gives %d entries", count)
		}
		must(t, db.Delete(key))
		wantMissing(t, db, string(key))
	})
}

func FuzzAnyGlobAndBoundsAreAnswered(f *testing.F) {
	f.Add([]byte("a*"), []byte("a"), []byte("b"), []byte("a"), true)
	f.Add([]byte("["), []byte{}, []byte{}, []byte{}, false)
	f.Add([]byte("\\"), []byte(nil), []byte{0xff}, []byte("x"), false)
	f.Add([]byte("*"), []byte("b"), []byte("bb"), []byte(nil), false)
	f.Add([]byte("[b-c]*"), []byte(nil), []byte("z"), []byte(nil), true)
	f.Add([]byte("?[xa]"), []byte(nil), []byte("z"), []byte(nil), false)
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
			found = append(found, string(key))
		}
		must(t, it.Err())
		var want []string
		for _, letter := range letterKeys {
			key := []byte(letter)
			if bytes.Compare(key, lower) >= 0 && (upper == nil || bytes.Compare(key, upper) < 0) && bytes.HasPrefix(key, prefix) && (glob == nil || matches(glob, key)) {
				want = append(want, letter)
			}
		}
		if reverse {
			slices.Reverse(want)
		}
		if !slices.Equal(found, want) {
			t.Fatalf("glob %q from %q to %q, prefix %q: %q, want %q", glob, lower, upper, prefix, found, want)
		}
	})
}

// matches tells whether glob, a good pattern, matches key; written from what firn.h says, to compare with.
func matches(glob, key []byte) bool {
	if len(glob) == 0 {
		return len(key) == 0
	}
	if glob[0] == '*' {
		for skipped := range len(key) + 1 {
			if matches(glob[1:], key[skipped:]) {
				return true
			}
		}
		return false
	}
	if len(key) == 0 {
		return false
	}
	switch glob[0] {
	case '?':
		return matches(glob[1:], key[1:])
	case '\\':
		return glob[1] == key[0] && matches(glob[2:], key[1:])
	case '[':
		in, rest := inSet(glob[1:], key[0])
		return in && matches(rest, key[1:])
	}
	return glob[0] == key[0] && matches(glob[1:], key[1:])
}

// inSet tells whether a set, given from behind its '[' on, has the byte, and what follows the set.
func inSet(set []byte, asked byte) (in bool, rest []byte) {
	take := func() (taken byte) {
		if set[0] == '\\' {
			set = set[1:]
		}
		taken, set = set[0], set[1:]
		return taken
	}
	for set[0] != ']' {
		first := take()
		last := first
		if set[0] == '-' && set[1] != ']' {
			set = set[1:]
			last = take()
		}
		in = in || first <= asked && asked <= last
	}
	return in, set[1:]
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
