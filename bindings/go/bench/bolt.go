package bench

import (
	"encoding/binary"
	"errors"
	"path/filepath"

	"go.etcd.io/bbolt"
)

var bucketName = []byte("bench")

type boltStore struct{ db *bbolt.DB }

// Without durable bbolt writes its pages without waiting for them: what was acknowledged survives a crash of the process.
func openBolt(directory string, durable bool) (store, error) {
	db, err := bbolt.Open(filepath.Join(directory, "bolt"), 0o600, &bbolt.Options{NoSync: !durable, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	return boltStore{db}, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucketName)
		return err
	})
}

func (s boltStore) Close() error { return s.db.Close() }

func (s boltStore) Settle() error { return nil }

func (s boltStore) Put(key, value []byte) error {
	return s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketName).Put(key, value) })
}

func (s boltStore) Batch(keys, values [][]byte) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketName)
		for i, key := range keys {
			if err := bucket.Put(key, values[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s boltStore) Get(dst, key []byte) (value []byte, found bool, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		inPlace := tx.Bucket(bucketName).Get(key)
		found = inPlace != nil
		value = append(dst[:0], inPlace...)
		return nil
	})
	return value, found, err
}

func (s boltStore) View(key []byte, read func(value []byte)) error {
	return s.db.View(func(tx *bbolt.Tx) error {
		value := tx.Bucket(bucketName).Get(key)
		if value == nil {
			return errMissing
		}
		read(value)
		return nil
	})
}

func (s boltStore) Scan(from []byte, limit int, visit func(key, value []byte)) (int, error) {
	count := 0
	err := s.db.View(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(bucketName).Cursor()
		for key, value := cursor.Seek(from); key != nil && count < limit; key, value = cursor.Next() {
			visit(key, value)
			count++
		}
		return nil
	})
	return count, err
}

var errMissing = errors.New("bolt: the key is missing")

func (s boltStore) Change(key []byte, change func(value []byte) []byte) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketName)
		value := bucket.Get(key)
		if value == nil {
			return errMissing
		}
		return bucket.Put(key, change(append([]byte{}, value...)))
	})
}

func (s boltStore) Count(key []byte) error {
	return s.Change(key, func(value []byte) []byte {
		binary.LittleEndian.PutUint64(value, binary.LittleEndian.Uint64(value)+1)
		return value
	})
}
