//go:build cgo

package firn

import (
	"context"
	"sync"
)

// A syncGroup lets many goroutines wait for one sync: one of them is in the engine, with a thread, the others wait in a channel. Any goroutine.
type syncGroup struct {
	mutex   sync.Mutex
	next    *syncRound // that those join who come now; nil: none has come
	running bool       // a round is in the engine
}

// A syncRound is one call of the engine and those who wait for it.
type syncRound struct {
	done chan struct{}
	code int64 // what the engine returned; read it after done
}

// join takes part in the next round, which begins when the one that runs has ended: that one may have begun before what the caller wants to be durable. leads: nobody does the
// round yet; the caller calls run.
func (g *syncGroup) join() (round *syncRound, leads bool) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.next == nil {
		g.next = &syncRound{done: make(chan struct{})}
	}
	leads = !g.running
	g.running = true
	return g.next, leads
}

// run does the next round, and leaves later ones to a goroutine of their own.
func (g *syncGroup) run(sync func() int64) {
	g.mutex.Lock()
	round := g.next
	g.next = nil
	g.mutex.Unlock()

	round.code = sync()
	close(round.done)

	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.running = g.next != nil
	if g.running {
		go g.run(sync)
	}
}

// wait returns what sync has returned, called after wait has been. Alone it calls sync itself, without another goroutine.
func (g *syncGroup) wait(sync func() int64) (code int64) {
	round, leads := g.join()
	if leads {
		g.run(sync)
	} else {
		<-round.done
	}
	return round.code
}

// waitContext is wait that ends when ctx is done; a sync that has begun goes on for the others.
func (g *syncGroup) waitContext(ctx context.Context, sync func() int64) (code int64, err error) {
	round, leads := g.join()
	if leads {
		go g.run(sync)
	}
	select {
	case <-round.done:
		return round.code, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
