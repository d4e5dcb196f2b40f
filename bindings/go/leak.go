//go:build cgo

package firn

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// A Leak is an iterator, a transaction, a snapshot, a database or a log that was forgotten: it was collected as garbage without having been closed. It is closed
// then, so that nothing stays behind, but until the collector came by it held the files of its snapshot.
type Leak struct {
	Kind  string // "iterator", "transaction", "snapshot", "database" or "log"
	Stack string // where it was made
}

// String tells the leak and where it was made.
func (l Leak) String() string {
	return fmt.Sprintf("firn: a forgotten %s, never closed, made at:\n%s", l.Kind, l.Stack)
}

// WithLeakReports is the debug mode: every iterator, transaction and snapshot remembers the stack that made it, and report is called for each one that is
// collected without having been closed. nil writes to the standard error output. Without this option forgotten ones are closed silently. report
// runs on a goroutine of the runtime and must not block.
func WithLeakReports(report func(Leak)) Option {
	if report == nil {
		report = func(l Leak) { fmt.Fprintln(os.Stderr, l) }
	}
	return func(c *configuration) { c.reports = report }
}

// A watch closes what was forgotten, and reports it in debug mode.
type watch struct {
	report  func(Leak) // nil: not in debug mode
	cleanup runtime.Cleanup
}

// forgotten is what is left of a watched object when it has been collected.
type forgotten struct {
	kind    string
	callers []uintptr // nil: not in debug mode
	report  func(Leak)
	close   func()
}

// begin watches object; skip counts the callers above begin that are not worth telling. close must not refer to object.
func (w *watch) begin(object any, kind string, skip int, close func()) {
	f := forgotten{kind: kind, report: w.report, close: close}
	if w.report != nil {
		callers := make([]uintptr, 32)
		f.callers = callers[:runtime.Callers(skip+1, callers)]
	}
	switch object := object.(type) {
	case *DB:
		w.cleanup = runtime.AddCleanup(object, release, f)
	case *Log:
		w.cleanup = runtime.AddCleanup(object, release, f)
	case *Iterator:
		w.cleanup = runtime.AddCleanup(object, release, f)
	case *txnState:
		w.cleanup = runtime.AddCleanup(object, release, f)
	}
}

// end says that the object was closed in order.
func (w *watch) end() { w.cleanup.Stop() }

func release(f forgotten) {
	f.close()
	if f.report == nil {
		return
	}
	var stack strings.Builder
	frames := runtime.CallersFrames(f.callers)
	for {
		frame, more := frames.Next()
		fmt.Fprintf(&stack, "  %s\n      %s:%d\n", frame.Function, frame.File, frame.Line)
		if !more {
			break
		}
	}
	f.report(Leak{Kind: f.kind, Stack: stack.String()})
}
