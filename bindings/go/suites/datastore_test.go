package suites

import (
	"context"
	"errors"
	"testing"

	firn "github.com/firn-db/firn/bindings/go"
	datastore "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"
	dstest "github.com/ipfs/go-datastore/test"
)

// The suite of IPFS' datastores, which its LevelDB, Badger and Pebble stores pass.
func TestTheSuiteOfIPFSDatastores(t *testing.T) {
	for name, path := range map[string]string{"on disk": t.TempDir(), "in memory": ":memory:"} {
		t.Run(name, func(t *testing.T) {
			db, err := firn.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			dstest.SubtestAll(t, blockStore{db})
		})
	}
}

type blockStore struct{ db *firn.DB }

func missing(err error) error {
	if errors.Is(err, firn.ErrNotFound) {
		return datastore.ErrNotFound
	}
	return err
}

func (s blockStore) Put(_ context.Context, key datastore.Key, value []byte) error {
	return s.db.Put(key.Bytes(), value)
}

func (s blockStore) Delete(_ context.Context, key datastore.Key) error {
	return s.db.Delete(key.Bytes())
}

func (s blockStore) Get(_ context.Context, key datastore.Key) ([]byte, error) {
	value, err := s.db.Get(key.Bytes())
	return value, missing(err)
}

func (s blockStore) Has(_ context.Context, key datastore.Key) (bool, error) {
	return s.db.Has(key.Bytes())
}

func (s blockStore) GetSize(_ context.Context, key datastore.Key) (int, error) {
	size := -1
	err := s.db.View(key.Bytes(), func(value []byte) error {
		size = len(value)
		return nil
	})
	return size, missing(err)
}

func (s blockStore) Sync(context.Context, datastore.Key) error { return s.db.Sync() }

func (s blockStore) Close() error { return s.db.Close() }

// Query gives prefix and key order to the engine, and the rest to the naive filters that come with the interface.
func (s blockStore) Query(_ context.Context, q query.Query) (query.Results, error) {
	prefix := datastore.NewKey(q.Prefix).String()
	if prefix != "/" {
		prefix += "/"
	}
	entries, failure := s.db.Scan(firn.ScanOptions{Prefix: []byte(prefix)})
	var found []query.Entry
	for key, value := range entries {
		entry := query.Entry{Key: string(key), Size: len(value)}
		if !q.KeysOnly {
			entry.Value = append([]byte{}, value...)
		}
		found = append(found, entry)
	}
	if err := failure(); err != nil {
		return nil, err
	}
	rest := q
	rest.Prefix = ""
	return query.ResultsReplaceQuery(query.NaiveQueryApply(rest, query.ResultsWithEntries(rest, found)), q), nil
}

func (s blockStore) Batch(context.Context) (datastore.Batch, error) {
	return &blockBatch{db: s.db}, nil
}

type blockBatch struct {
	firn.Batch
	db *firn.DB
}

func (b *blockBatch) Put(_ context.Context, key datastore.Key, value []byte) error {
	b.Batch.Put(key.Bytes(), value)
	return nil
}

func (b *blockBatch) Delete(_ context.Context, key datastore.Key) error {
	b.Batch.Delete(key.Bytes())
	return nil
}

func (b *blockBatch) Commit(context.Context) error {
	_, err := b.db.Write(&b.Batch)
	return err
}
