//go:build cgo

package firn

import (
	"context"
	"runtime"
	"sync"
)

// A syncGroup lets many goroutines wait for one sync: one of them is in the engine, with a thread, the others wait in a channel. Any goroutine.
type syncGroup struct {
	mutex    sync.Mutex
	next     *syncRound // that those join who come now; nil: none has come
	running  bool       // a round is in the engine, or about to be
	expected int        // so many waited when the last round ended, for it or for the next
}

// A synced is what a group is of: a DB or a Log.
type synced interface {
	syncInEngine() int64 // everything acknowledged before is durable when it returns 0; else a code
}

// A syncRound is one call of the engine and those who wait for it.
type syncRound struct {
	done  chan struct{}
	count int   // of those who wait; the group's mutex is held
	code  int64 // what the engine returned; read it after done
}

// Before a round those whom the last one has released, and who are about to come back, are given so many turns: a sync costs more than they do.
const gatheringTurns = 4

// join takes part in the next round, which begins when the one that runs has ended: that one may have begun before what the caller wants to be durable. leads: nobody does the
// round yet; the caller calls run.
func (g *syncGroup) join() (round *syncRound, leads bool) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.next == nil {
		g.next = &syncRound{done: make(chan struct{})}
	}
	g.next.count++
	leads = !g.running
	g.running = true
	return g.next, leads
}

// begin gives the next round, which nobody joins any more.
func (g *syncGroup) begin() (round *syncRound) {
	for turn := 0; ; turn++ {
		g.mutex.Lock()
		if g.next.count >= g.expected || turn == gatheringTurns {
			break
		}
		g.mutex.Unlock()
		runtime.Gosched()
	}
	defer g.mutex.Unlock()
	round, g.next = g.next, nil
	return round
}

// run does the next round, and leaves later ones to a goroutine of their own.
func (g *syncGroup) run(of synced) {
	round := g.begin()
	round.code = of.syncInEngine()

	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.expected = round.count
	g.running = g.next != nil
	if g.running {
		g.expected += g.next.count
		go g.run(of)
	}
	close(round.done)
}

// wait returns what a sync has returned that began after wait was called. Alone it calls it itself, without another goroutine.
func (g *syncGroup) wait(of synced) (code int64) {
	round, leads := g.join()
	if leads {
		g.run(of)
	} else {
		<-round.done
	}
	return round.code
}

// waitContext is wait that ends when ctx is done; a sync that has begun goes on for the others.
func (g *syncGroup) waitContext(ctx context.Context, of synced) (code int64, err error) {
	round, leads := g.join()
	if leads {
		go g.run(of)
	}
	select {
	case <-round.done:
		return round.code, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
