//go:build !cgo

package firn

// Without cgo, or without a C compiler, when Go leaves cgo out by itself, there is nothing of the engine to build: this line ends the build with a name that says so.
var _ = firn_needs_cgo_and_a_C_compiler__build_with_CGO_ENABLED_1
