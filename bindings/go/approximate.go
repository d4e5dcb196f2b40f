package firn

/*
#include "firn_go.h"
#cgo noescape firn_approximate_count
#cgo nocallback firn_approximate_count
#cgo noescape firn_approximate_bytes
#cgo nocallback firn_approximate_bytes
*/
import "C"

import "runtime"

// ApproximateCount is about how many keys lie from lower to below upper; nil is an open bound. It costs a few look-ups, however many there are. Keys that were
// written several times or deleted count until compaction.
func (k *Keyspace) ApproximateCount(lower, upper []byte) (uint64, error) {
	n := int64(C.firn_approximate_count(k.h, k.ns, in(lower), size(lower), in(upper), size(upper)))
	return k.approximated("approximate count", n)
}

// ApproximateBytes is about how much of the disk the keys from lower to below upper take; nil is an open bound.
func (k *Keyspace) ApproximateBytes(lower, upper []byte) (uint64, error) {
	n := int64(C.firn_approximate_bytes(k.h, k.ns, in(lower), size(lower), in(upper), size(upper)))
	return k.approximated("approximate bytes", n)
}

func (k *Keyspace) approximated(op string, n int64) (uint64, error) {
	runtime.KeepAlive(k)
	if n < 0 {
		return 0, k.failure(op, n)
	}
	return uint64(n), nil
}
