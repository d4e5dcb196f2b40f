package firn

/*
#include "firn_go.h"
#cgo noescape firn_events_poll
#cgo nocallback firn_events_poll
#cgo nocallback firn_resume
*/
import "C"

import (
	"runtime"
	"time"
)

// An EventKind says what an Event is about.
type EventKind uint32

// The kinds of events.
const (
	EventFlush      EventKind = C.FIRN_EVENT_FLUSH      // memtables became tables
	EventCompaction EventKind = C.FIRN_EVENT_COMPACTION // tables became fewer
	EventStall      EventKind = C.FIRN_EVENT_STALL      // a writer had to wait for a flush or a compaction; told when the wait is over
	EventError      EventKind = C.FIRN_EVENT_ERROR      // the database has become read-only: Err tells why, Resume ends it
	EventResumed    EventKind = C.FIRN_EVENT_RESUMED    // and takes writes again
)

var eventNames = map[EventKind]string{
	EventFlush: "flush", EventCompaction: "compaction", EventStall: "stall", EventError: "error", EventResumed: "resumed",
}

// String is the kind in a word: "flush".
func (k EventKind) String() string {
	if name, known := eventNames[k]; known {
		return name
	}
	return "unknown"
}

// An Event tells of something that the database has done by itself, or that has happened to it.
type Event struct {
	Number       uint64        // 1, 2, 3 and so on since the opening; a gap: older events gave way to newer ones
	Time         time.Time     // of its end
	Kind         EventKind     // what it tells of
	Err          error         // of a flush or a compaction: why it failed (it is tried again); of EventError: the code
	Duration     time.Duration // of flush, compaction (work alone, not the pauses) and stall
	BytesRead    uint64        // by a compaction
	BytesWritten uint64        // by a flush or a compaction
}

const keptEvents = 256

// Events gives the events from number from on, oldest first; 0 and 1 mean all that are kept, which are the last 256. To go on, pass the last number + 1: readers
// do not disturb each other.
func (db *DB) Events(from uint64) ([]Event, error) {
	var kept [keptEvents]C.firn_event
	n := int64(C.firn_events_poll(db.h, C.uint64_t(from), &kept[0], keptEvents))
	runtime.KeepAlive(db)
	if n < 0 {
		return nil, db.failure("events", n)
	}
	events := make([]Event, n)
	for i := range events {
		c := &kept[i]
		events[i] = Event{
			Number:       uint64(c.number),
			Time:         time.UnixMilli(int64(c.time_ms)),
			Kind:         EventKind(c.kind),
			Duration:     time.Duration(c.duration_us) * time.Microsecond,
			BytesRead:    uint64(c.bytes_read),
			BytesWritten: uint64(c.bytes_written),
		}
		if c.code != 0 {
			events[i].Err = plainError(int64(c.code))
		}
	}
	return events, nil
}

// Resume takes writes again after a failed write or sync has made the database read-only, and its cause is gone (space was freed): it makes everything that readers
// see durable first. Does nothing where there was no failure. After an error the database is as before: call again.
func (db *DB) Resume() error { return db.ended("resume", C.firn_resume(db.h)) }
