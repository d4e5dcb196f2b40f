//go:build !firn_bundled

package firn_test

// buildTags are those with which this test was built.
const buildTags = ""
