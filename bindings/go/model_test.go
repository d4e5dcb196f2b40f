package firn_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	firn "github.com/firn-db/firn/bindings/go"
)

// A model is a sorted map: what a database has to answer.
type model map[string][]byte

func (m model) scan(o firn.ScanOptions) []string {
	var found []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		k := []byte(key)
		if bytes.HasPrefix(k, o.Prefix) && bytes.Compare(k, o.Lower) >= 0 && (o.Upper == nil || bytes.Compare(k, o.Upper) < 0) {
			found = append(found, key+"="+string(m[key]))
		}
	}
	if o.Reverse {
		slices.Reverse(found)
	}
	if o.Limit > 0 && uint64(len(found)) > o.Limit {
		found = found[:o.Limit]
	}
	return found
}

func (m model) add(key string, delta int64) (int64, error) {
	old, there := m[key]
	var sum int64
	switch {
	case there && len(old) != 8:
		return 0, firn.ErrTypeMismatch
	case there:
		sum = int64(binary.LittleEndian.Uint64(old))
	}
	sum += delta
	m[key] = binary.LittleEndian.AppendUint64(nil, uint64(sum))
	return sum, nil
}

// A walk is one random run of operations against the database and its model.
type walk struct {
	t     *testing.T
	rand  *rand.Rand
	path  string
	db    *firn.DB
	model model
}

func (w *walk) key() []byte { return fmt.Appendf(nil, "%c%02d", 'a'+w.rand.IntN(3), w.rand.IntN(40)) }

func (w *walk) value() []byte {
	return bytes.Repeat([]byte{byte('A' + w.rand.IntN(26))}, w.rand.IntN(3)*w.rand.IntN(300))
}

func (w *walk) options() firn.ScanOptions {
	o := firn.ScanOptions{Reverse: w.rand.IntN(2) == 0, Limit: uint64(w.rand.IntN(3) * 5)}
	if w.rand.IntN(2) == 0 {
		o.Lower = w.key()
	}
	if w.rand.IntN(2) == 0 {
		o.Upper = w.key()
	}
	if w.rand.IntN(3) == 0 {
		o.Prefix = w.key()[:1]
	}
	return o
}

type scanner interface {
	NewIterator(firn.ScanOptions) (*firn.Iterator, error)
}

func (w *walk) compare(s scanner, m model, o firn.ScanOptions) {
	w.t.Helper()
	it, err := s.NewIterator(o)
	must(w.t, err)
	defer it.Close()
	var got []string
	for key, value := range it.All() {
		got = append(got, string(key)+"="+string(value))
	}
	must(w.t, it.Err())
	if want := m.scan(o); !slices.Equal(got, want) {
		w.t.Fatalf("%+v gives\n%q, want\n%q", o, got, want)
	}
}

func (w *walk) point() {
	key := w.key()
	want, there := w.model[string(key)]
	got, err := w.db.Get(key)
	if there != (err == nil) || !bytes.Equal(got, want) || (!there && !errors.Is(err, firn.ErrNotFound)) {
		w.t.Fatalf("%s is %q, %v; want %q, %v", key, got, err, want, there)
	}
	has, err := w.db.Has(key)
	if err != nil || has != there {
		w.t.Fatalf("has %s: %v, %v", key, has, err)
	}
}

func (w *walk) many() {
	var wanted [][]byte
	for range w.rand.IntN(30) {
		wanted = append(wanted, w.key())
	}
	values, err := w.db.MultiGet(wanted)
	must(w.t, err)
	for i, key := range wanted {
		want, there := w.model[string(key)]
		if (values[i] != nil) != there || !bytes.Equal(values[i], want) {
			w.t.Fatalf("%s is %q, want %q", key, values[i], want)
		}
	}
}

func (w *walk) change() {
	key, value := w.key(), w.value()
	switch w.rand.IntN(6) {
	case 0:
		must(w.t, w.db.Delete(key))
		delete(w.model, string(key))
	case 1:
		_, err := w.db.PutWith(key, value, firn.PutOptions{If: firn.IfAbsent})
		if _, there := w.model[string(key)]; there {
			wantError(w.t, err, firn.ErrExists)
			return
		}
		must(w.t, err)
		w.model[string(key)] = value
	case 2:
		want, wantErr := w.model.add(string(key), 3)
		got, err := w.db.Add(key, 3)
		if !errors.Is(err, wantErr) || got != want {
			w.t.Fatalf("add to %s: %d, %v; want %d, %v", key, got, err, want, wantErr)
		}
	case 3:
		old, there := w.model[string(key)]
		got, loaded, err := w.db.Swap(key, value)
		if err != nil || loaded != there || !bytes.Equal(got, old) {
			w.t.Fatalf("swap %s: %q, %v, %v; want %q, %v", key, got, loaded, err, old, there)
		}
		w.model[string(key)] = value
	default:
		must(w.t, w.db.Put(key, value))
		w.model[string(key)] = value
	}
}

func (w *walk) batch() {
	var batch firn.Batch
	for range w.rand.IntN(50) {
		key, value := w.key(), w.value()
		if w.rand.IntN(3) == 0 {
			batch.Delete(key)
			delete(w.model, string(key))
		} else {
			batch.Put(key, value)
			w.model[string(key)] = value
		}
	}
	_, err := w.db.Write(&batch)
	must(w.t, err)
}

func (w *walk) transaction() {
	tx, err := w.db.Begin()
	must(w.t, err)
	defer tx.Close()
	changed := maps.Clone(w.model)
	for range w.rand.IntN(20) {
		key, value := w.key(), w.value()
		if w.rand.IntN(3) == 0 {
			must(w.t, tx.Delete(key))
			delete(changed, string(key))
		} else {
			must(w.t, tx.Put(key, value))
			changed[string(key)] = value
		}
	}
	w.compare(tx, changed, w.options())
	w.compare(w.db, w.model, w.options())
	if w.rand.IntN(2) == 0 {
		_, err = tx.Commit()
		must(w.t, err)
		w.model = changed
	}
}

func (w *walk) snapshot() {
	s, err := w.db.Snapshot()
	must(w.t, err)
	defer s.Close()
	then := maps.Clone(w.model)
	for range 10 {
		w.change()
	}
	w.compare(s, then, w.options())
}

func (w *walk) maintain() {
	switch w.rand.IntN(4) {
	case 0:
		must(w.t, w.db.Flush())
	case 1:
		must(w.t, w.db.Compact())
	case 2:
		n, err := w.db.DeleteRange([]byte("b1"), []byte("b2"), 0)
		must(w.t, err)
		before := len(w.model)
		maps.DeleteFunc(w.model, func(key string, _ []byte) bool { return key >= "b1" && key < "b2" })
		if int(n) != before-len(w.model) {
			w.t.Fatalf("%d keys deleted, want %d", n, before-len(w.model))
		}
	default:
		must(w.t, w.db.Close())
		w.db = openAt(w.t, w.path, firn.WithMemtableBytes(64<<10))
	}
}

func TestTheDatabaseDoesWhatASortedMapDoes(t *testing.T) {
	seeds, steps := uint64(4), 2000
	if testing.Short() {
		seeds, steps = 1, 500
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			path := t.TempDir()
			w := &walk{t: t, rand: rand.New(rand.NewPCG(seed, 0)), path: path, db: openAt(t, path, firn.WithMemtableBytes(64<<10)), model: model{}}
			for range steps {
				switch n := w.rand.IntN(100); {
				case n < 35:
					w.change()
				case n < 55:
					w.point()
				case n < 65:
					w.many()
				case n < 75:
					w.compare(w.db, w.model, w.options())
				case n < 85:
					w.batch()
				case n < 93:
					w.transaction()
				case n < 98:
					w.snapshot()
				default:
					w.maintain()
				}
			}
			w.compare(w.db, w.model, firn.ScanOptions{})
		})
	}
}
