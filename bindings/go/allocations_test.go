package firn_test

import "testing"

func TestCallsWithCallersMemoryDoNotAllocate(t *testing.T) {
	db := open(t)
	key, value, counter, missing := []byte("key"), make([]byte, 100), []byte("counter"), []byte("missing")
	must(t, db.Put(key, value))
	buffer := make([]byte, 0, 256)
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, call := range map[string]func(){
		"GetAppend":        func() { _, err := db.GetAppend(buffer, key); check(err) },
		"GetAppend, miss":  func() { _, _ = db.GetAppend(buffer, missing) },
		"GetEntry":         func() { _, _, err := db.GetEntry(buffer, key); check(err) },
		"Put":              func() { check(db.Put(key, value)) },
		"Has":              func() { _, err := db.Has(key); check(err) },
		"Has, miss":        func() { _, err := db.Has(missing); check(err) },
		"Add":              func() { _, err := db.Add(counter, 1); check(err) },
		"CompareAndSwap":   func() { _, err := db.CompareAndSwap(key, value, value, 0); check(err) },
		"CompareAndSwap 0": func() { _, err := db.CompareAndSwap(key, buffer, value, 0); check(err) },
		"View":             func() { check(db.View(key, func([]byte) error { return nil })) },
		"TTL":              func() { _, err := db.TTL(key); check(err) },
		"Delete":           func() { check(db.Delete(missing)) },
	} {
		if n := testing.AllocsPerRun(1000, call); n != 0 {
			t.Errorf("%s: %v allocations a call", name, n)
		}
	}
}
