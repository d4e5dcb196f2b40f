//go:build cgo

package firn

import (
	"context"
	"os"
	"sync"
	"syscall"
	"time"
)

// A notifier lets goroutines wait for what the engine tells by a descriptor of its own (firn_notify_fd, firn_log_notify_fd). They wait in channels, and one goroutine
// for all of them in the netpoller of Go: so nobody who waits holds a thread, however many they are. It does not refer to the DB or the Log that it is of, which may be
// collected meanwhile. Any goroutine. A nil notifier is that of a zero DB or Log, which is as one that is closed.
type notifier struct {
	mutex  sync.Mutex
	copied *os.File      // a copy of the engine's descriptor, which the engine may close; nil: nobody has waited so far
	moved  chan struct{} // closed when something happens; nil: nobody listens
	closed bool
}

// listen gives a channel that is closed when something happens from now on. Listen first, then look: what happens in between is told. descriptor is the
// engine's function; it is called once.
func (n *notifier) listen(descriptor func() (fd int, err error)) (<-chan struct{}, error) {
	if n == nil {
		return nil, ErrClosed
	}
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if n.closed {
		return nil, ErrClosed
	}
	if n.copied == nil {
		fd, err := descriptor()
		if err != nil {
			return nil, err
		}
		own, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, 0)
		if errno != 0 {
			return nil, &Error{Code: CodeIO, Op: "wait", Errno: errno}
		}
		n.copied = os.NewFile(own, "eventfd of firn") // it is non-blocking, so Read parks the goroutine
		go n.tell(n.copied)
	}
	if n.moved == nil {
		n.moved = make(chan struct{})
	}
	return n.moved, nil
}

// tell wakes the listeners whenever the descriptor is readable, until it is closed.
func (n *notifier) tell(copied *os.File) {
	var count [8]byte
	for {
		if _, err := copied.Read(count[:]); err != nil {
			return
		}
		n.mutex.Lock()
		n.wake()
		n.mutex.Unlock()
	}
}

// wake is called with the mutex.
func (n *notifier) wake() {
	if n.moved != nil {
		close(n.moved)
		n.moved = nil
	}
}

// close wakes the listeners for the last time: they get ErrClosed. Call it before the engine's handle is closed, and its descriptor with it: the number might be
// something else's when it is copied.
func (n *notifier) close() {
	if n == nil {
		return
	}
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.closed = true
	n.wake()
	if n.copied != nil {
		_ = n.copied.Close()
	}
}

// await calls look, at once and after everything that happens, until it is done or fails, or ctx is done. look must not wait.
func (n *notifier) await(ctx context.Context, descriptor func() (fd int, err error), look func() (done bool, err error)) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		moved, err := n.listen(descriptor)
		if err != nil {
			return err
		}
		if done, err := look(); done || err != nil {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// How often a read-only opening looks for what its writer, in another process, has made.
const pollPause = 10 * time.Millisecond

// poll is await where nobody tells that something has happened: it calls refresh between the looks, and lets a little time go by.
func poll(ctx context.Context, look func() (done bool, err error), refresh func() error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if done, err := look(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollPause):
		}
		if err := refresh(); err != nil {
			return err
		}
	}
}
