package firn_test

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	firn "github.com/firn-db/firn/bindings/go"
)

// A reader is what a database and a transaction have in common.
type reader interface {
	Get(key []byte) ([]byte, error)
	GetEntry(dst, key []byte) ([]byte, firn.Entry, error)
	Has(key []byte) (bool, error)
	NewIterator(options firn.ScanOptions) (*firn.Iterator, error)
}

// A writer is a reader that writes.
type writer interface {
	reader
	Put(key, value []byte) error
	Delete(key []byte) error
	Add(key []byte, delta int64) (int64, error)
}

type openIterator struct {
	*firn.Iterator
	options firn.ScanOptions
}

type namedVersion struct {
	name    string
	version uint64
}

// A databaseSession runs the commands of one scenario file on a database.
type databaseSession struct {
	opening
	t          *testing.T
	db         *firn.DB
	iterators  map[string]openIterator
	txns       map[string]*firn.Txn
	snapshots  map[string]*firn.Snapshot
	namespaces map[string]uint32
	versions   []namedVersion
}

func (r *databaseSession) open(more map[string]string) error {
	db, err := firn.Open(r.path, r.with(more)...)
	if err == nil {
		r.db = db
		r.iterators, r.txns, r.snapshots = map[string]openIterator{}, map[string]*firn.Txn{}, map[string]*firn.Snapshot{}
	}
	return err
}

func (r *databaseSession) close() error {
	for _, it := range r.iterators {
		_ = it.Close()
	}
	for _, tx := range r.txns {
		_ = tx.Close()
	}
	for _, s := range r.snapshots {
		_ = s.Close()
	}
	return r.db.Close()
}

func (r *databaseSession) check() error { return firn.Check(r.path) }

func (r *databaseSession) answer(c *command) ([]string, error) {
	switch c.name {
	case "scan", "iter_next", "multi_get", "ns_list":
		return r.list(c)
	}
	line, err := r.one(c)
	return []string{line}, err
}

func (r *databaseSession) one(c *command) (answer string, err error) {
	switch c.name {
	case "flush":
		return "ok", r.db.Flush()
	case "compact":
		return "ok", r.db.Compact()
	case "sync":
		return "ok", r.db.Sync()
	case "get", "get_entry", "exists", "delete", "add":
		return r.point(c)
	case "put":
		return r.put(c, firn.Always)
	case "put_if_absent":
		return r.put(c, firn.IfAbsent)
	case "put_if_present":
		return r.put(c, firn.IfPresent)
	case "put_if_version":
		return r.put(c, firn.IfVersion)
	case "swap", "compare_swap", "expire", "persist", "ttl", "wait_expired", "delete_range", "fill":
		return r.keyspace(c)
	case "batch":
		return r.batch(c)
	case "count", "iter_open", "iter_seek", "iter_close":
		return r.iterate(c)
	case "ns_open", "ns_clear", "ns_drop", "same", "order":
		return r.name(c)
	case "begin", "commit", "rollback", "version":
		return r.transact(c)
	}
	return unknown(c), nil
}

// ---- Names

func (r *databaseSession) id(alias string) uint32 {
	if id, there := r.namespaces[alias]; there {
		return id
	}
	n, _ := strconv.ParseUint(alias, 10, 32)
	return uint32(n)
}

func (r *databaseSession) ns(c *command) *firn.Namespace {
	return firn.NamespaceWithID(r.db, r.id(c.named["ns"]))
}

func (r *databaseSession) reader(c *command) reader {
	if s, there := r.snapshots[c.named["txn"]]; there {
		return s.In(r.ns(c))
	}
	return r.writer(c)
}

func (r *databaseSession) writer(c *command) writer {
	if tx, there := r.txns[c.named["txn"]]; there {
		return tx.In(r.ns(c))
	}
	return r.ns(c)
}

func (r *databaseSession) version(name string) uint64 {
	for _, v := range slices.Backward(r.versions) {
		if v.name == name {
			return v.version
		}
	}
	n, _ := strconv.ParseUint(name, 10, 64)
	return n
}

// versioned keeps the version under the name that was asked for.
func (r *databaseSession) versioned(c *command, version uint64, err error) (string, error) {
	if err == nil && c.has("as") {
		r.versions = append(r.versions, namedVersion{c.named["as"], version})
	}
	return "ok", err
}

func (r *databaseSession) showEntry(entry firn.Entry) string {
	version, expiry := "?", "never"
	for _, v := range r.versions {
		if v.version == entry.Version {
			version = v.name
			break
		}
	}
	if entry.Version == 0 {
		version = "0"
	}
	if !entry.Expiry.IsZero() {
		expiry = "set"
	}
	return " version=" + version + " expiry=" + expiry
}

func (r *databaseSession) name(c *command) (string, error) {
	switch c.name {
	case "ns_open":
		open := r.db.Namespace
		if c.has("existing") {
			open = r.db.ExistingNamespace
		}
		ns, err := open(c.word(0))
		if err != nil {
			return "", err
		}
		alias := c.word(0)
		if c.has("as") {
			alias = c.named["as"]
		}
		r.namespaces[alias] = firn.NamespaceID(ns)
		return "ok", nil
	case "ns_clear":
		return "ok", firn.NamespaceWithID(r.db, r.id(c.word(0))).Clear()
	case "ns_drop":
		return "ok", firn.NamespaceWithID(r.db, r.id(c.word(0))).Drop()
	case "order":
		a, b := r.version(c.word(0)), r.version(c.word(1))
		return map[bool]string{a < b: "less", a == b: "equal", a > b: "greater"}[true], nil
	}
	if strings.HasPrefix(c.word(0), "$") {
		return strconv.FormatBool(r.version(c.word(0)) == r.version(c.word(1))), nil
	}
	return strconv.FormatBool(r.id(c.word(0)) == r.id(c.word(1))), nil
}

// ---- Keys and values

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

func (r *databaseSession) point(c *command) (string, error) {
	key := c.bytes(0)
	switch c.name {
	case "get":
		value, err := r.reader(c).Get(key)
		return encodeWord(value), err
	case "get_entry":
		value, entry, err := r.reader(c).GetEntry(nil, key)
		return encodeWord(value) + r.showEntry(entry), err
	case "exists":
		has, err := r.reader(c).Has(key)
		return strconv.FormatBool(has), err
	}
	if s, there := r.snapshots[c.named["txn"]]; there {
		return r.refused(s)
	}
	if c.name == "delete" {
		return "ok", r.writer(c).Delete(key)
	}
	delta, err := strconv.ParseInt(c.word(1), 10, 64)
	must(r.t, err)
	sum, err := r.writer(c).Add(key, delta)
	return strconv.FormatInt(sum, 10), err
}

// refused is what a write on a read-only transaction answers: in Go it does not compile.
func (r *databaseSession) refused(s *firn.Snapshot) (string, error) {
	if s.Version() == 0 {
		return "", firn.ErrMisuse
	}
	return "", firn.ErrReadOnly
}

func (r *databaseSession) put(c *command, condition firn.Condition) (string, error) {
	key, value := c.bytes(0), c.bytes(1)
	if s, there := r.snapshots[c.named["txn"]]; there {
		return r.refused(s)
	}
	if c.has("txn") || (condition == firn.Always && !c.has("ttl") && !c.has("keep_ttl") && !c.has("sync") && !c.has("as")) {
		return "ok", r.writer(c).Put(key, value)
	}
	version, err := r.ns(c).PutWith(key, value, firn.PutOptions{If: condition, TTL: ms(c.number("ttl")), KeepTTL: c.has("keep_ttl"), Sync: c.has("sync"),
		Version: r.version(c.named["version"])})
	return r.versioned(c, version, err)
}

func (r *databaseSession) keyspace(c *command) (string, error) {
	ns, key := r.ns(c), c.bytes(0)
	switch c.name {
	case "swap":
		old, loaded, err := ns.Swap(key, c.bytes(1))
		if err == nil && !loaded {
			err = firn.ErrNotFound
		}
		return encodeWord(old), err
	case "compare_swap":
		swapped, err := ns.CompareAndSwap(key, c.bytes(1), c.bytes(2), ms(c.number("ttl")))
		return strconv.FormatBool(swapped), err
	case "expire":
		n, err := strconv.ParseInt(c.word(1), 10, 64)
		must(r.t, err)
		return "ok", ns.Expire(key, ms(n))
	case "persist":
		return "ok", ns.Persist(key)
	case "ttl":
		left, err := ns.TTL(key)
		if err == nil && left == firn.NoExpiry {
			err = firn.ErrNoExpiry
		}
		return strconv.FormatBool(left >= ms(c.number("least")) && (!c.has("most") || left <= ms(c.number("most")))), err
	case "wait_expired":
		for has := true; has; {
			var err error
			if has, err = ns.Has(key); err != nil {
				return "", err
			}
			runtime.Gosched()
		}
		return "ok", nil
	case "delete_range":
		return counted(ns.DeleteRange(c.optional("lower"), c.optional("upper"), uint64(c.number("limit"))))
	}
	count, err := strconv.Atoi(c.word(1))
	must(r.t, err)
	for i := range count {
		if err := ns.Put(fmt.Appendf(nil, "%s%06d", c.word(0), i), c.bytes(2)); err != nil {
			return "", err
		}
	}
	return "ok", nil
}

func (r *databaseSession) batch(c *command) (string, error) {
	var batch firn.Batch
	for _, o := range c.lines {
		in, key := batch.In(r.ns(o)), o.bytes(0)
		switch o.name {
		case "put":
			in.PutTTL(key, o.bytes(1), ms(o.number("ttl")))
		case "put_keep_ttl":
			in.PutKeepTTL(key, o.bytes(1))
		case "delete":
			in.Delete(key)
		case "delete_range":
			in.DeleteRange(key, o.bytes(1))
		case "add":
			delta, err := strconv.ParseInt(o.word(1), 10, 64)
			must(r.t, err)
			in.Add(key, delta)
		case "expect":
			in.ExpectVersion(key, r.version(o.named["version"]))
		default:
			return unknown(o), nil
		}
	}
	if s, there := r.snapshots[c.named["txn"]]; there {
		return r.refused(s)
	}
	if tx, there := r.txns[c.named["txn"]]; there {
		return "ok", tx.Write(&batch)
	}
	version, err := r.db.WriteWith(&batch, firn.WriteOptions{Sync: c.has("sync")})
	return r.versioned(c, version, err)
}

// ---- Scans and lists

func (r *databaseSession) openIterator(c *command) (openIterator, error) {
	options := firn.ScanOptions{Lower: c.optional("lower"), Upper: c.optional("upper"), Prefix: c.optional("prefix"), Glob: c.optional("glob"),
		Limit: uint64(c.number("limit")), Reverse: c.has("reverse"), KeysOnly: c.has("keys_only"), Entries: c.has("entries")}
	it, err := r.reader(c).NewIterator(options)
	if err == nil && c.has("seek") {
		err = it.Seek(c.optional("seek"))
	}
	return openIterator{it, options}, err
}

// next gives up to limit entries as lines.
func (r *databaseSession) next(it openIterator, limit int) (lines []string, err error) {
	for len(lines) < limit && it.Next() {
		line := encodeWord(it.Key())
		if !it.options.KeysOnly {
			line += " " + encodeWord(it.Value())
		}
		if it.options.Entries {
			line += r.showEntry(it.Entry())
		}
		lines = append(lines, line)
	}
	return lines, it.Err()
}

func (r *databaseSession) list(c *command) (lines []string, err error) {
	switch c.name {
	case "scan":
		it, err := r.openIterator(c)
		if err != nil {
			return nil, err
		}
		defer it.Close()
		return r.next(it, 1<<30)
	case "iter_next":
		limit, err := strconv.Atoi(c.word(1))
		must(r.t, err)
		lines, err = r.next(r.iterators[c.word(0)], limit)
		if len(lines) < limit {
			lines = append(lines, "end")
		}
		return lines, err
	case "ns_list":
		names, err := r.db.Namespaces()
		for _, name := range names {
			lines = append(lines, encodeWord([]byte(name)))
		}
		return lines, err
	}
	var lookup firn.Lookup
	for _, line := range c.lines {
		lookup.AddIn(r.ns(line), []byte(decodeWord(r.t, line.name)))
	}
	look := r.db.Lookup
	if tx, there := r.txns[c.named["txn"]]; there {
		look = tx.Lookup
	} else if s, there := r.snapshots[c.named["txn"]]; there {
		look = s.Lookup
	}
	if err := look(&lookup); err != nil {
		return nil, err
	}
	for i := range lookup.Len() {
		value, err := lookup.Value(i)
		if err != nil {
			lines = append(lines, failed(err))
		} else {
			lines = append(lines, encodeWord(value))
		}
	}
	return lines, nil
}

func (r *databaseSession) iterate(c *command) (string, error) {
	switch c.name {
	case "iter_open":
		it, err := r.openIterator(c)
		if err == nil {
			r.iterators[c.word(0)] = it
		}
		return "ok", err
	case "iter_seek":
		return "ok", r.iterators[c.word(0)].Seek(c.bytes(1))
	case "iter_close":
		defer delete(r.iterators, c.word(0))
		return "ok", r.iterators[c.word(0)].Close()
	}
	it, err := r.openIterator(c)
	if err != nil {
		return "", err
	}
	defer it.Close()
	lines, err := r.next(it, 1<<30)
	return strconv.Itoa(len(lines)), err
}

// ---- Transactions

func (r *databaseSession) transact(c *command) (string, error) {
	name := c.word(0)
	tx, isTxn := r.txns[name]
	s, isSnapshot := r.snapshots[name]
	switch c.name {
	case "version":
		if isSnapshot {
			return r.versioned(c, s.Version(), nil)
		}
		return r.versioned(c, tx.Version(), nil)
	case "commit":
		if isSnapshot { // in Go there is nothing to commit: it is closed
			version := s.Version()
			if version == 0 {
				return "", firn.ErrMisuse
			}
			return r.versioned(c, version, s.Close())
		}
		version, err := tx.CommitWith(firn.WriteOptions{Sync: c.has("sync")})
		return r.versioned(c, version, err)
	}
	if isTxn {
		must(r.t, tx.Close())
		delete(r.txns, name)
	}
	if isSnapshot {
		must(r.t, s.Close())
		delete(r.snapshots, name)
	}
	if c.name == "rollback" {
		return "ok", nil
	}
	var err error
	switch {
	case c.has("read_only"):
		if s, err = r.db.Snapshot(); err == nil {
			r.snapshots[name] = s
		}
	case c.has("serializable"):
		if tx, err = r.db.Begin(firn.Serializable); err == nil {
			r.txns[name] = tx
		}
	default:
		if tx, err = r.db.Begin(); err == nil {
			r.txns[name] = tx
		}
	}
	return "ok", err
}
