package firn

/*
#include "firn_go.h"
#cgo noescape firn_status_name
#cgo nocallback firn_status_name
#cgo noescape firn_status_text
#cgo nocallback firn_status_text
#cgo noescape firn_status_is_retryable
#cgo nocallback firn_status_is_retryable
#cgo noescape firn_db_error
#cgo nocallback firn_db_error
*/
import "C"

import (
	"errors"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// A Code says how a call of the engine ended. Codes are never reused, so they may be stored.
type Code int32

// The codes of the engine, as firn.h has them.
const (
	CodeNotFound      Code = C.FIRN_NOT_FOUND      // the key, the namespace or the database is not there
	CodeExists        Code = C.FIRN_EXISTS         // it is there already
	CodeConflict      Code = C.FIRN_CONFLICT       // what was read has changed: retry the transaction
	CodeInvalid       Code = C.FIRN_INVALID        // an argument is outside its domain; nothing has changed
	CodeTooLarge      Code = C.FIRN_TOO_LARGE      // over a limit; nothing has changed
	CodeTypeMismatch  Code = C.FIRN_TYPE_MISMATCH  // a counter operation on a value that is not 8 bytes
	CodeClosed        Code = C.FIRN_CLOSED         // the handle, or the database that it came from, was closed
	CodeMisuse        Code = C.FIRN_MISUSE         // a call out of order, or two at a time where one is allowed
	CodeLocked        Code = C.FIRN_LOCKED         // another opening owns the database
	CodeReadOnly      Code = C.FIRN_READ_ONLY      // the database was opened, or has become, read-only
	CodeNoSpace       Code = C.FIRN_NO_SPACE       // the disk is full; what was acknowledged is safe
	CodeIO            Code = C.FIRN_IO             // the operating system reported an error
	CodeCorrupt       Code = C.FIRN_CORRUPT        // bytes on disk do not verify
	CodeNoMemory      Code = C.FIRN_NO_MEMORY      // an allocation failed; nothing has changed
	CodeUnsupported   Code = C.FIRN_UNSUPPORTED    // this build or this version cannot do it
	CodeTimeout       Code = C.FIRN_TIMEOUT        // the time given ran out
	CodeCancelled     Code = C.FIRN_CANCELLED      // a wait was woken on purpose
	CodeForked        Code = C.FIRN_FORKED         // the handle belongs to the parent process
	CodeNoExpiry      Code = C.FIRN_NO_EXPIRY      // the key is there and never expires
	CodeWouldBlock    Code = C.FIRN_WOULD_BLOCK    // NoBlock was given and the call would have waited
	CodeIndeterminate Code = C.FIRN_INDETERMINATE  // the write may or may not survive; the database is now read-only
	CodeNotADatabase  Code = C.FIRN_NOT_A_DATABASE // the path holds something else; nothing was touched
	CodeNewerFormat   Code = C.FIRN_NEWER_FORMAT   // written by a newer Firn
	CodeOverflow      Code = C.FIRN_OVERFLOW       // a counter would leave the range of int64; nothing has changed
	CodeInternal      Code = C.FIRN_INTERNAL       // a defect of Firn: please report it
)

// String is the code's name, "FIRN_NOT_FOUND".
func (c Code) String() string { return C.GoString(C.firn_status_name(C.int32_t(c))) }

// Text is a sentence about the code.
func (c Code) Text() string { return C.GoString(C.firn_status_text(C.int32_t(c))) }

// One value for every code, for errors.Is: it holds for every error with that code, with or without details.
var (
	ErrNotFound      error = sentinel(CodeNotFound)      // the key, the namespace or the database is not there
	ErrExists        error = sentinel(CodeExists)        // it is there already
	ErrConflict      error = sentinel(CodeConflict)      // what was read has changed: retry the transaction
	ErrInvalid       error = sentinel(CodeInvalid)       // an argument is outside its domain; nothing has changed
	ErrTooLarge      error = sentinel(CodeTooLarge)      // over a limit; nothing has changed
	ErrTypeMismatch  error = sentinel(CodeTypeMismatch)  // a counter operation on a value that is not 8 bytes
	ErrClosed        error = sentinel(CodeClosed)        // the handle, or the database that it came from, was closed
	ErrMisuse        error = sentinel(CodeMisuse)        // a call out of order, or two at a time where one is allowed
	ErrLocked        error = sentinel(CodeLocked)        // another opening owns the database
	ErrReadOnly      error = sentinel(CodeReadOnly)      // the database was opened, or has become, read-only
	ErrNoSpace       error = sentinel(CodeNoSpace)       // the disk is full; what was acknowledged is safe
	ErrIO            error = sentinel(CodeIO)            // the operating system reported an error
	ErrCorrupt       error = sentinel(CodeCorrupt)       // bytes on disk do not verify
	ErrNoMemory      error = sentinel(CodeNoMemory)      // an allocation failed; nothing has changed
	ErrUnsupported   error = sentinel(CodeUnsupported)   // this build or this version cannot do it
	ErrTimeout       error = sentinel(CodeTimeout)       // the time given ran out
	ErrCancelled     error = sentinel(CodeCancelled)     // a wait was woken on purpose
	ErrForked        error = sentinel(CodeForked)        // the handle belongs to the parent process
	ErrNoExpiry      error = sentinel(CodeNoExpiry)      // the key is there and never expires
	ErrWouldBlock    error = sentinel(CodeWouldBlock)    // NoBlock was given and the call would have waited
	ErrIndeterminate error = sentinel(CodeIndeterminate) // the write may or may not survive; the database is now read-only
	ErrNotADatabase  error = sentinel(CodeNotADatabase)  // the path holds something else; nothing was touched
	ErrNewerFormat   error = sentinel(CodeNewerFormat)   // written by a newer Firn
	ErrOverflow      error = sentinel(CodeOverflow)      // a counter would leave the range of int64; nothing has changed
	ErrInternal      error = sentinel(CodeInternal)      // a defect of Firn: please report it
)

var sentinels = func() map[Code]error {
	all := make(map[Code]error)
	for _, err := range []error{ErrNotFound, ErrExists, ErrConflict, ErrInvalid, ErrTooLarge, ErrTypeMismatch, ErrClosed, ErrMisuse, ErrLocked,
		ErrReadOnly, ErrNoSpace, ErrIO, ErrCorrupt, ErrNoMemory, ErrUnsupported, ErrTimeout, ErrCancelled, ErrForked, ErrNoExpiry, ErrWouldBlock,
		ErrIndeterminate, ErrNotADatabase, ErrNewerFormat, ErrOverflow, ErrInternal} {
		all[Code(err.(sentinel))] = err
	}
	return all
}()

// A sentinel is an error that is nothing but its code, and that nobody can change: errors.As gives a copy of it as an *Error.
type sentinel Code

func (s sentinel) Error() string { return (&Error{Code: Code(s)}).Error() }

// As makes errors.As give an Error of the caller's own.
func (s sentinel) As(target any) bool {
	asked, ok := target.(**Error)
	if ok {
		*asked = &Error{Code: Code(s)}
	}
	return ok
}

// An Error is what errors.As gives of every error of this package: the details. Ask for the code with errors.Is and one of the Err values.
// Never parse its text. It unwraps to the syscall.Errno when the operating system reported one.
type Error struct {
	Code    Code          // which errors.Is asks for
	Op      string        // what was asked for: "open", "put"; empty: nothing but the code is known
	Errno   syscall.Errno // 0: not from the operating system
	File    string        // empty: not about a file
	Offset  uint64        // in File, when it is about the file's content
	Message string        // a sentence that says what to do; may be empty
}

// Error is a text for people.
func (e *Error) Error() string {
	text := e.Message
	if text == "" {
		text = e.Code.Text()
	}
	var b strings.Builder
	b.WriteString("firn: ")
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	b.WriteString(strings.TrimSuffix(text, "."))
	if e.File != "" && !strings.Contains(text, e.File) {
		b.WriteString(" (" + e.File + " at " + strconv.FormatUint(e.Offset, 10) + ")")
	}
	if e.Errno != 0 {
		b.WriteString(": " + e.Errno.Error())
	}
	b.WriteString(" [" + e.Code.String() + "]")
	return b.String()
}

// Is holds for the Err value of the same code.
func (e *Error) Is(target error) bool {
	asked, ok := target.(sentinel)
	return ok && Code(asked) == e.Code
}

// Unwrap gives the operating system's error, if there was one.
func (e *Error) Unwrap() error {
	if e.Errno == 0 {
		return nil
	}
	return e.Errno
}

// IsRetryable tells whether the same call may succeed later without any other change: after a conflict, a timeout, a lock that another holds.
func IsRetryable(err error) bool {
	var failure *Error
	return errors.As(err, &failure) && C.firn_status_is_retryable(C.int32_t(failure.Code)) == 1
}

// plainError is the error of a code whose name says everything; it does not allocate for known codes.
func plainError(code int64) error {
	if err, known := sentinels[Code(code)]; known {
		return err
	}
	return &Error{Code: Code(code)}
}

// detailedError makes an Error of what a cold call has filled in.
func detailedError(op string, from *C.firn_error) error {
	return &Error{
		Code:    Code(from.code),
		Op:      op,
		Errno:   syscall.Errno(from.os_errno),
		File:    text(from.file[:]),
		Offset:  uint64(from.offset),
		Message: text(from.message[:]),
	}
}

// text is a NUL-terminated array as a string.
func text(array []C.char) string {
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(array))), len(array))
	if end := strings.IndexByte(unsafe.String(unsafe.SliceData(bytes), len(bytes)), 0); end >= 0 {
		bytes = bytes[:end]
	}
	return string(bytes)
}

func newCError() (e C.firn_error) {
	e.struct_size = C.uint32_t(unsafe.Sizeof(e))
	return e
}

// failure turns a negative answer of the database into an error. Codes that speak of the disk come with the details that the engine kept.
func (k *Keyspace) failure(op string, code int64) error {
	if !isOfDisk(code) {
		return plainError(code)
	}
	e := newCError()
	C.firn_db_error(k.h, &e)
	return keptError(op, code, &e)
}

// isOfDisk tells whether a code is one whose cause the engine keeps.
func isOfDisk(code int64) bool {
	switch Code(code) {
	case CodeReadOnly, CodeNoSpace, CodeIO, CodeCorrupt, CodeIndeterminate, CodeInternal:
		return true
	}
	return false
}

// keptError is the error of a code with the cause that the engine has kept, if it has kept one.
func keptError(op string, code int64, e *C.firn_error) error {
	kept := detailedError(op, e).(*Error)
	switch kept.Code {
	case 0, CodeNotFound, CodeClosed:
		return &Error{Code: Code(code), Op: op}
	case Code(code):
	default:
		kept.Message = "after " + kept.Code.String() + ": " + kept.Message
		kept.Code = Code(code)
	}
	return kept
}

// lastError is the failure that firn_db_error or firn_log_error has told, nil when there is none. When the handle itself is refused nothing but the code is told.
func lastError(code C.int32_t, e *C.firn_error) error {
	if code == 0 {
		return nil
	}
	if e.code != code {
		return plainError(int64(code))
	}
	return detailedError("background", e)
}
