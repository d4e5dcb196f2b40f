package firn_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"testing"
	"time"

	firn "github.com/firn-db/firn/bindings/go"
)

// A logSession runs the commands of one scenario file on a durable log.
type logSession struct {
	opening
	t    *testing.T
	log  *firn.Log
	pins map[string][]byte
}

func (r *logSession) open(more map[string]string) error {
	l, err := firn.OpenLog(r.path, r.with(more)...)
	if err == nil {
		r.log = l
	}
	return err
}

func (r *logSession) close() error { return r.log.Close() }

// check verifies every record, and writes nothing.
func (r *logSession) check() error {
	l, err := firn.OpenLog(r.path, firn.WithReadOnly(), firn.Set("verify_on_open", "true"))
	if err != nil {
		return err
	}
	return l.Close()
}

func (r *logSession) answer(c *command) ([]string, error) {
	if c.name == "scan" {
		return r.scan(c)
	}
	line, err := r.one(c)
	return []string{line}, err
}

func (r *logSession) one(c *command) (string, error) {
	switch c.name {
	case "append":
		return counted(r.log.Append(c.bytes(0)))
	case "append_batch":
		var records [][]byte
		for _, line := range c.lines {
			records = append(records, line.bytes(0))
		}
		return counted(r.log.AppendBatch(records))
	case "fill":
		for range r.index(c, 0) {
			if _, err := r.log.Append(c.bytes(1)); err != nil {
				return "", err
			}
		}
		return "ok", nil
	case "read":
		record, err := r.log.Read(r.index(c, 0))
		return encodeWord(record), err
	case "pin":
		return "ok", r.pin(c.word(0), r.index(c, 1))
	case "pinned":
		return encodeWord(r.pins[c.word(0)]), nil
	case "bounds":
		first, next, err := r.log.Bounds()
		return fmt.Sprintf("%d %d", first, next), err
	case "durable":
		return counted(r.log.Durable())
	case "wait":
		return "ok", r.look(r.index(c, 0))
	case "seek_time":
		return counted(r.log.SeekTime(time.UnixMilli(int64(r.index(c, 0)))))
	case "sync":
		return "ok", r.log.Sync()
	case "retain":
		_, err := r.log.Retain()
		return "ok", err
	case "trim_before":
		return "ok", r.log.TrimBefore(r.index(c, 0))
	case "trim_after":
		return "ok", r.log.TrimAfter(r.index(c, 0))
	case "reset":
		return "ok", r.log.Reset(r.index(c, 0))
	}
	return unknown(c), nil
}

func (r *logSession) index(c *command, word int) uint64 {
	n, err := strconv.ParseUint(c.word(word), 10, 64)
	must(r.t, err)
	return n
}

func (r *logSession) scan(c *command) (lines []string, err error) {
	from, _, err := r.log.Bounds()
	if err != nil {
		return nil, err
	}
	if c.has("from") {
		from = uint64(c.number("from"))
	}
	records, failure := r.log.Records(from)
	for record := range records {
		if c.has("limit") && len(lines) == int(c.number("limit")) {
			break
		}
		lines = append(lines, fmt.Sprintf("%d %s", record.Index, encodeWord(record.Data)))
	}
	return lines, failure()
}

// pin stays within a View, which is what a pin is in Go, until the scenario ends.
func (r *logSession) pin(name string, index uint64) (err error) {
	enter, leave := iter.Pull(func(yield func([]byte) bool) {
		err = r.log.View(index, func(record []byte) error {
			yield(record)
			return nil
		})
	})
	r.t.Cleanup(leave)
	if record, entered := enter(); entered {
		r.pins[name] = record
	}
	return err
}

// oneLook is a context that is done when somebody begins to wait for it: however busy the machine, there was a look before.
type oneLook struct {
	context.Context
	cancel context.CancelFunc
}

func (o oneLook) Done() <-chan struct{} {
	o.cancel()
	return o.Context.Done()
}

// look is Wait that does not wait. The end of a wait is that of its context in Go.
func (r *logSession) look(index uint64) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	err := r.log.Wait(oneLook{ctx, cancel}, index)
	if errors.Is(err, context.Canceled) {
		return firn.ErrTimeout
	}
	return err
}
