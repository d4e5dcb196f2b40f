//go:build firn_bundled

package firn

// The engine is compiled from the sources that this module carries.

// #cgo CFLAGS: -I${SRCDIR}/internal/engine/capi
import "C"

import _ "github.com/firn-db/firn/bindings/go/internal/engine"
