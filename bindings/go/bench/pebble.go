package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
)

// Pebble has no transactions that notice conflicts: a lock around reading and writing stands in for them.
type pebbleStore struct {
	db      *pebble.DB
	write   *pebble.WriteOptions
	changes *sync.Mutex
}

// Without durable Pebble hands a write to a goroutine that will write it to the log: what was acknowledged last is lost with the process.
func openPebble(directory string, durable bool) (store, error) {
	cache := pebble.NewCache(256 << 20)
	defer cache.Unref()
	settings := &pebble.Options{Logger: silent{}, MemTableSize: 64 << 20, Cache: cache}
	for i := range settings.Levels {
		settings.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		settings.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
	}
	db, err := pebble.Open(directory, settings)
	write := pebble.NoSync
	if durable {
		write = pebble.Sync
	}
	return pebbleStore{db: db, write: write, changes: new(sync.Mutex)}, err
}

type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) {}

func (s pebbleStore) Close() error { return s.db.Close() }

func (s pebbleStore) Settle() error {
	return s.db.Compact(context.Background(), []byte{0}, []byte{0xff, 0xff, 0xff}, true)
}

func (s pebbleStore) Put(key, value []byte) error { return s.db.Set(key, value, s.write) }

func (s pebbleStore) Batch(keys, values [][]byte) error {
	batch := s.db.NewBatch()
	for i, key := range keys {
		if err := batch.Set(key, values[i], nil); err != nil {
			return err
		}
	}
	if err := batch.Commit(s.write); err != nil {
		return err
	}
	return batch.Close()
}

func (s pebbleStore) Get(dst, key []byte) ([]byte, bool, error) {
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	dst = append(dst[:0], value...)
	return dst, true, closer.Close()
}

func (s pebbleStore) View(key []byte, read func(value []byte)) error {
	value, closer, err := s.db.Get(key)
	if err != nil {
		return err
	}
	read(value)
	return closer.Close()
}

func (s pebbleStore) Scan(from []byte, limit int, visit func(key, value []byte)) (int, error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from})
	if err != nil {
		return 0, err
	}
	count := 0
	for it.First(); it.Valid() && count < limit; it.Next() {
		visit(it.Key(), it.Value())
		count++
	}
	return count, it.Close()
}

func (s pebbleStore) Change(key []byte, change func(value []byte) []byte) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	value, found, err := s.Get(nil, key)
	if err != nil || !found {
		return errors.Join(err, pebble.ErrNotFound)
	}
	return s.Put(key, change(value))
}

func (s pebbleStore) Count(key []byte) error {
	return s.Change(key, func(value []byte) []byte {
		binary.LittleEndian.PutUint64(value, binary.LittleEndian.Uint64(value)+1)
		return value
	})
}
