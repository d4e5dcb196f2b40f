package firn_test

import (
	"errors"
	"testing"

	firn "github.com/firn-db/firn/bindings/go"
)

// open gives a database in a directory of the test; it is closed when the test ends.
func open(t testing.TB, options ...firn.Option) *firn.DB {
	t.Helper()
	return openAt(t, t.TempDir(), options...)
}

func openAt(t testing.TB, path string, options ...firn.Option) *firn.DB {
	t.Helper()
	db, err := firn.Open(path, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func wantValue(t testing.TB, reader interface{ Get([]byte) ([]byte, error) }, key, want string) {
	t.Helper()
	got, err := reader.Get([]byte(key))
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	if string(got) != want {
		t.Fatalf("%s is %q, want %q", key, got, want)
	}
}

func wantMissing(t testing.TB, reader interface{ Get([]byte) ([]byte, error) }, key string) {
	t.Helper()
	got, err := reader.Get([]byte(key))
	if !errors.Is(err, firn.ErrNotFound) || got != nil {
		t.Fatalf("%s is %q, %v; want nil, ErrNotFound", key, got, err)
	}
}
