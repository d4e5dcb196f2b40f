package firn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	firn "github.com/firn-db/firn/bindings/go"
)

func openLog(t testing.TB, directory string, options ...firn.Option) *firn.Log {
	t.Helper()
	l, err := firn.OpenLog(directory, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func wantBounds(t testing.TB, l *firn.Log, first, next uint64) {
	t.Helper()
	gotFirst, gotNext, err := l.Bounds()
	if err != nil || gotFirst != first || gotNext != next {
		t.Fatalf("bounds %d, %d, %v; want %d, %d", gotFirst, gotNext, err, first, next)
	}
}

func TestALogKeepsItsRecords(t *testing.T) {
	directory := t.TempDir()
	l := openLog(t, directory)
	for i, record := range []string{"zero", "", "two"} {
		index, err := l.Append([]byte(record))
		if err != nil || index != uint64(i) {
			t.Fatalf("%d, %v; want %d", index, err, i)
		}
	}
	first, err := l.AppendBatch([][]byte{[]byte("three"), nil, bytes.Repeat([]byte("5"), 100_000)})
	if err != nil || first != 3 {
		t.Fatalf("%d, %v", first, err)
	}
	wantBounds(t, l, 0, 6)
	must(t, l.Sync())
	durable, err := l.Durable()
	if err != nil || durable != 6 {
		t.Fatalf("durable %d, %v", durable, err)
	}
	must(t, l.Close())
	must(t, l.Close())
	_, err = l.Append(nil)
	wantError(t, err, firn.ErrClosed)
	_, _, err = l.Bounds()
	wantError(t, err, firn.ErrClosed)

	l = openLog(t, directory)
	recovery, err := l.Recovery()
	if err != nil || !recovery.Clean {
		t.Errorf("%+v, %v", recovery, err)
	}
	for i, want := range map[uint64]int{0: 4, 1: 0, 2: 3, 3: 5, 4: 0, 5: 100_000} {
		record, err := l.Read(i)
		if err != nil || record == nil || len(record) != want {
			t.Errorf("record %d has %d bytes, %v; want %d", i, len(record), err, want)
		}
		must(t, l.View(i, func(record []byte) error {
			if len(record) != want {
				t.Errorf("record %d has %d bytes in place", i, len(record))
			}
			return nil
		}))
	}
	_, err = l.Read(6)
	wantError(t, err, firn.ErrNotFound)
	dst, err := l.ReadAppend([]byte("got "), 2)
	if err != nil || string(dst) != "got two" {
		t.Errorf("%q, %v", dst, err)
	}
}

func TestALogIsTrimmedAtBothEnds(t *testing.T) {
	l := openLog(t, t.TempDir(), firn.WithRetentionBytes(1<<30), firn.WithRetention(time.Hour))
	for i := range 10 {
		_, err := l.Append([]byte{byte(i)})
		must(t, err)
	}
	must(t, l.TrimBefore(3))
	must(t, l.TrimAfter(6))
	wantBounds(t, l, 3, 7)
	_, err := l.Read(2)
	wantError(t, err, firn.ErrNotFound)
	wantError(t, l.TrimBefore(8), firn.ErrInvalid)
	index, err := l.SeekTime(time.Now().Add(time.Hour))
	if err != nil || index != 7 {
		t.Errorf("%d, %v", index, err)
	}
	if index, err = l.SeekTime(time.UnixMilli(0)); err != nil || index != 3 {
		t.Errorf("%d, %v", index, err)
	}
	_, err = l.Retain()
	must(t, err)
	must(t, l.Reset(100))
	wantBounds(t, l, 100, 100)
	if index, err = l.Append(nil); err != nil || index != 100 {
		t.Errorf("%d, %v", index, err)
	}
	must(t, l.Refresh())
}

func TestRecordsGivesAllThatAreThere(t *testing.T) {
	l := openLog(t, t.TempDir())
	const count = 3000
	for i := range count {
		length := i % 200
		if i == count/2 {
			length = 300_000 // larger than a chunk
		}
		_, err := l.Append(bytes.Repeat([]byte{byte(i)}, length))
		must(t, err)
	}
	want := uint64(10)
	records, failure := l.Records(want)
	last := time.Time{}
	for record := range records {
		if record.Index != want || bytes.Count(record.Data, []byte{byte(want)}) != len(record.Data) || record.Time.Before(last) {
			t.Fatalf("record %d at %v, want %d", record.Index, record.Time, want)
		}
		last = record.Time
		want++
	}
	must(t, failure())
	if want != count {
		t.Fatalf("it ended at %d", want)
	}
	for range records {
		break
	}
	must(t, failure())
	must(t, l.TrimBefore(20))
	for range records {
		t.Error("a record that was removed")
	}
	wantError(t, failure(), firn.ErrNotFound)
}

func TestATailFollowsUntilItsContextIsDone(t *testing.T) {
	l := openLog(t, t.TempDir())
	const count = 500
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var group sync.WaitGroup
	for follower := range 4 {
		group.Add(1)
		go func() {
			defer group.Done()
			next := uint64(0)
			records, failure := l.Tail(ctx, 0)
			for record := range records {
				if record.Index != next || string(record.Data) != fmt.Sprint(next) {
					t.Errorf("follower %d: %d is %q", follower, record.Index, record.Data)
				}
				next++
				if next == count && follower == 0 {
					cancel()
				}
			}
			if err := failure(); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}()
	}
	for i := range count {
		_, err := l.Append(fmt.Append(nil, i))
		must(t, err)
	}
	group.Wait()
}

func TestATailEndsWhenTheLogIsClosed(t *testing.T) {
	l := openLog(t, t.TempDir())
	_, err := l.Append([]byte("a"))
	must(t, err)
	seen := make(chan struct{})
	ended := make(chan error)
	go func() {
		records, failure := l.Tail(context.Background(), 0)
		for range records {
			close(seen)
		}
		ended <- failure()
	}()
	<-seen
	must(t, l.Close())
	wantError(t, <-ended, firn.ErrClosed)
}

func TestAReaderTailsTheLogOfAnotherOpening(t *testing.T) {
	directory := t.TempDir()
	writer := openLog(t, directory)
	_, err := writer.Append([]byte("0"))
	must(t, err)
	reader := openLog(t, directory, firn.WithReadOnly())
	_, err = reader.Append(nil)
	wantError(t, err, firn.ErrReadOnly)
	records, failure := reader.Tail(context.Background(), 0)
	for record := range records {
		if record.Index == 5 {
			break
		}
		_, err := writer.Append(fmt.Append(nil, record.Index+1))
		must(t, err)
	}
	must(t, failure())
}

func TestAppendingAndReadingDoNotAllocate(t *testing.T) {
	l := openLog(t, t.TempDir())
	record, buffer := make([]byte, 100), make([]byte, 0, 256)
	if n := testing.AllocsPerRun(1000, func() {
		index, err := l.Append(record)
		must(t, err)
		_, err = l.ReadAppend(buffer, index)
		must(t, err)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestALogDoesNotTakeOptionsOfDatabases(t *testing.T) {
	_, err := firn.OpenLog(t.TempDir(), firn.WithMemtableBytes(1<<20))
	wantError(t, err, firn.ErrInvalid)
	_, err = firn.Open(t.TempDir(), firn.WithSegmentBytes(1<<20))
	wantError(t, err, firn.ErrInvalid)
	_, err = firn.OpenLog("a\x00b")
	wantError(t, err, firn.ErrInvalid)
}
