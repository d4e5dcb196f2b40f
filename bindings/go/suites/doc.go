// Package suites passes the conformance suites of other projects, unmodified, over the binding: thin adapters, and nothing else. A module of its own, so
// that their dependencies are nobody's but the tests'.
package suites
