package bench

import (
	"context"
	"errors"

	firn "github.com/firn-db/firn/bindings/go"
)

type firnStore struct {
	*firn.DB
	batch firn.Batch
}

func openFirn(directory string, durable bool) (store, error) {
	durability := firn.DurabilityProcess
	if durable {
		durability = firn.DurabilitySync
	}
	db, err := firn.Open(directory, firn.WithDurability(durability))
	return &firnStore{DB: db}, err
}

func (s *firnStore) Batch(keys, values [][]byte) error {
	s.batch.Reset()
	for i, key := range keys {
		s.batch.Put(key, values[i])
	}
	_, err := s.Write(&s.batch)
	return err
}

func (s *firnStore) Get(dst, key []byte) ([]byte, bool, error) {
	value, err := s.GetAppend(dst[:0], key)
	if errors.Is(err, firn.ErrNotFound) {
		return nil, false, nil
	}
	return value, err == nil, err
}

func (s *firnStore) View(key []byte, read func(value []byte)) error {
	return s.DB.View(key, func(value []byte) error {
		read(value)
		return nil
	})
}

func (s *firnStore) Scan(from []byte, limit int, visit func(key, value []byte)) (int, error) {
	count := 0
	entries, failure := s.DB.Scan(firn.ScanOptions{Lower: from, Limit: uint64(limit)})
	for key, value := range entries {
		visit(key, value)
		count++
	}
	return count, failure()
}

func (s *firnStore) Change(key []byte, change func(value []byte) []byte) error {
	return s.Update(context.Background(), func(tx *firn.Txn) error {
		value, err := tx.Get(key)
		if err != nil {
			return err
		}
		return tx.Put(key, change(value))
	})
}

func (s *firnStore) Count(key []byte) error {
	_, err := s.Add(key, 1)
	return err
}

func (s *firnStore) Settle() error { return s.Compact() }
