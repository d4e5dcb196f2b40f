package bench

// A store is what the benchmarks ask of an engine. Keys exist or not as the benchmark says; an engine that finds otherwise returns an error.
type store interface {
	Put(key, value []byte) error
	// Batch writes all of it as one commit.
	Batch(keys, values [][]byte) error
	// Get copies the value into dst. found is false, and err nil, when there is none.
	Get(dst, key []byte) (value []byte, found bool, err error)
	// View shows the value without a copy, if the engine can.
	View(key []byte, read func(value []byte)) error
	// Scan visits up to limit entries from key on, and returns how many there were.
	Scan(from []byte, limit int, visit func(key, value []byte)) (int, error)
	// Change reads a value and writes another one, as one transaction that may conflict with others.
	Change(key []byte, change func(value []byte) []byte) error
	// Count adds 1 to a counter.
	Count(key []byte) error
	// Settle brings the data to rest: what compaction there is, is done.
	Settle() error
	Close() error
}

// An engine opens a store. With durable every write that has returned survives power loss. Without, what the engine offers at the degree at which no
// write waits for the disk.
type engine struct {
	name string
	open func(directory string, durable bool) (store, error)
}

var engines = []engine{
	{"firn", openFirn},
	{"badger", openBadger},
	{"pebble", openPebble},
	{"bbolt", openBolt},
}
