package suites

import (
	"testing"

	"github.com/ethereum/go-ethereum/ethdb"
	"github.com/ethereum/go-ethereum/ethdb/dbtest"
	firn "github.com/firn-db/firn/bindings/go"
)

// The suite that go-ethereum passes its LevelDB and Pebble stores through.
func TestTheSuiteOfGoEthereum(t *testing.T) {
	for name, durability := range map[string]firn.Durability{"process": firn.DurabilityProcess, "sync": firn.DurabilitySync} {
		t.Run(name, func(t *testing.T) {
			dbtest.TestDatabaseSuite(t, func() ethdb.KeyValueStore {
				db, err := firn.Open(t.TempDir(), firn.WithDurability(durability))
				if err != nil {
					t.Fatal(err)
				}
				return chainStore{db}
			})
		})
	}
}

type chainStore struct{ *firn.DB }

func (s chainStore) Stat() (string, error) {
	stats, err := s.StatsJSON()
	return string(stats), err
}

func (s chainStore) DeleteRange(start, end []byte) error {
	_, err := s.DB.DeleteRange(start, end, 0)
	return err
}

func (s chainStore) Compact(_, _ []byte) error { return s.DB.Compact() }

func (s chainStore) NewBatch() ethdb.Batch { return &chainBatch{store: s} }

func (s chainStore) NewBatchWithSize(int) ethdb.Batch { return s.NewBatch() }

func (s chainStore) NewIterator(prefix, start []byte) ethdb.Iterator {
	it, err := s.DB.NewIterator(firn.ScanOptions{Prefix: prefix, Lower: append(append([]byte{}, prefix...), start...)})
	return &chainIterator{Iterator: it, err: err}
}

type chainIterator struct {
	*firn.Iterator
	err error
}

func (it *chainIterator) Next() bool { return it.err == nil && it.Iterator.Next() }

func (it *chainIterator) Error() error {
	if it.err != nil {
		return it.err
	}
	return it.Err()
}

func (it *chainIterator) Release() {
	if it.err == nil {
		_ = it.Close()
	}
}

type operation struct {
	key, value []byte
	isDelete   bool
}

type chainBatch struct {
	firn       firn.Batch
	operations []operation // for Replay
	store      chainStore
}

func (b *chainBatch) Put(key, value []byte) error {
	b.firn.Put(key, value)
	b.operations = append(b.operations, operation{key: append([]byte{}, key...), value: append([]byte{}, value...)})
	return nil
}

func (b *chainBatch) Delete(key []byte) error {
	b.firn.Delete(key)
	b.operations = append(b.operations, operation{key: append([]byte{}, key...), isDelete: true})
	return nil
}

func (b *chainBatch) ValueSize() int { return b.firn.Bytes() }

func (b *chainBatch) Write() error {
	_, err := b.store.Write(&b.firn)
	return err
}

func (b *chainBatch) Reset() {
	b.firn.Reset()
	b.operations = nil
}

func (b *chainBatch) Replay(w ethdb.KeyValueWriter) error {
	for _, o := range b.operations {
		var err error
		if o.isDelete {
			err = w.Delete(o.key)
		} else {
			err = w.Put(o.key, o.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
