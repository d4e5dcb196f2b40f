package bench

import (
	"encoding/binary"
	"errors"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

type badgerStore struct{ db *badger.DB }

// Without durable Badger writes into a mapped file, as Firn does: what was acknowledged survives a crash of the process.
func openBadger(directory string, durable bool) (store, error) {
	settings := badger.DefaultOptions(directory).WithSyncWrites(durable).WithLogger(nil).WithCompression(options.None)
	db, err := badger.Open(settings)
	return badgerStore{db}, err
}

func (s badgerStore) Close() error { return s.db.Close() }

func (s badgerStore) Settle() error { return s.db.Flatten(2) }

func (s badgerStore) Put(key, value []byte) error {
	return s.db.Update(func(tx *badger.Txn) error { return tx.Set(key, value) })
}

func (s badgerStore) Batch(keys, values [][]byte) error {
	return s.db.Update(func(tx *badger.Txn) error {
		for i, key := range keys {
			if err := tx.Set(key, values[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s badgerStore) Get(dst, key []byte) (value []byte, found bool, err error) {
	err = s.db.View(func(tx *badger.Txn) error {
		item, err := tx.Get(key)
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		found = true
		value, err = item.ValueCopy(dst)
		return err
	})
	return value, found, err
}

func (s badgerStore) View(key []byte, read func(value []byte)) error {
	return s.db.View(func(tx *badger.Txn) error {
		item, err := tx.Get(key)
		if err != nil {
			return err
		}
		return item.Value(func(value []byte) error {
			read(value)
			return nil
		})
	})
}

func (s badgerStore) Scan(from []byte, limit int, visit func(key, value []byte)) (int, error) {
	count := 0
	err := s.db.View(func(tx *badger.Txn) error {
		settings := badger.DefaultIteratorOptions
		settings.PrefetchSize = min(limit, 100)
		it := tx.NewIterator(settings)
		defer it.Close()
		for it.Seek(from); it.Valid() && count < limit; it.Next() {
			item := it.Item()
			err := item.Value(func(value []byte) error {
				visit(item.Key(), value)
				return nil
			})
			if err != nil {
				return err
			}
			count++
		}
		return nil
	})
	return count, err
}

func (s badgerStore) Change(key []byte, change func(value []byte) []byte) error {
	for {
		err := s.db.Update(func(tx *badger.Txn) error {
			item, err := tx.Get(key)
			if err != nil {
				return err
			}
			value, err := item.ValueCopy(nil)
			if err != nil {
				return err
			}
			return tx.Set(key, change(value))
		})
		if !errors.Is(err, badger.ErrConflict) {
			return err
		}
	}
}

func (s badgerStore) Count(key []byte) error {
	return s.Change(key, func(value []byte) []byte {
		binary.LittleEndian.PutUint64(value, binary.LittleEndian.Uint64(value)+1)
		return value
	})
}
