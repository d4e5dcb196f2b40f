// Package boundary has a C function that does nothing, called as the binding calls: what is left is the cost of crossing.
package boundary

/*
#include <stddef.h>
#include <stdint.h>
#cgo noescape firn_bench_nothing
#cgo nocallback firn_bench_nothing
static __attribute__((noinline)) int64_t firn_bench_nothing(void *db, uint32_t ns, const uint8_t *key, size_t key_len, uint8_t *buf, size_t cap) {
  __asm__ volatile("" : : "r"(db), "r"(key), "r"(buf) : "memory");
  return (int64_t)(ns + key_len + cap);
}
*/
import "C"

import "unsafe"

// Cross calls a function with the arguments of firn_get that does nothing.
func Cross(key, buffer []byte) int64 {
	return int64(C.firn_bench_nothing(nil, 0, (*C.uint8_t)(unsafe.SliceData(key)), C.size_t(len(key)), (*C.uint8_t)(unsafe.SliceData(buffer)),
		C.size_t(cap(buffer))))
}
