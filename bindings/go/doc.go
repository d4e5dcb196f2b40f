// Package firn is the Go binding of Firn, an embedded storage engine: ordered keys and values, atomic batches, transactions, snapshots, scans and
// namespaces in one directory, and a durable log in another, from any number of goroutines.
//
// Open a database with Open. Keys and values are byte slices; they are copied in, and what comes out is the caller's, but where View, Scan and Iterator
// say otherwise. errors.As gives an *Error of every error; ask for its code with errors.Is and one of the Err values:
//
//	value, err := db.Get(key)
//	if errors.Is(err, firn.ErrNotFound) {
//		...
//	}
//
// The engine is C++ behind cgo. By default an installed libfirn is used, found by pkg-config. With the build tag firn_bundled its sources, which
// this module carries, are compiled instead: then a C++20 compiler and zlib are all that is needed.
//
// A call of the engine costs some 30 to 50 ns for crossing into C. Batch, MultiGet, Lookup and scans cross once for many entries.
package firn
