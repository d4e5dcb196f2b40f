//go:build !firn_bundled

package firn

// The engine is an installed libfirn, found by pkg-config.

// #cgo pkg-config: firn
import "C"
