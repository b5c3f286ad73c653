package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"bytes"
	"context"
	"sync"
)

// What a prepare would wait for in C (credentials, or proof that the endpoint reads the project) one
// goroutine of a client fetches. Those who need it wait in Go, for it or for their own context: so a
// slow source of credentials holds one thread, and no request longer than its context.
//
//	prepare ── would block ──► a fetch is running? ── no ──► start it, with an operation of its own
//	   ▲                               │ yes                            │
//	   └────── its end ◄───────────────┴────────────────────────────────┘
//	           or the request's context is done: leave; the last one to leave cancels the fetch
type fetch struct {
	done   chan struct{}
	cancel context.CancelFunc
	err    error // read after done

	// Guarded by fetches.mu.
	waiters   int
	abandoned bool
	renewal   bool // started by no one who waits
}

// fetches is the fetch of a client that is running, if one is.
type fetches struct {
	mu      sync.Mutex
	running *fetch
}

// wait waits for what a request needs, which is in the workspace. It tells whether it was fetched for
// this very request. An error concerns this request; without one it may be prepared again.
func (c *core) wait(ctx context.Context, w *workspace, body []byte) (led bool, err error) {
	running, led, err := c.joinFetch(ctx, w, body)
	if err != nil {
		return led, err
	}
	select {
	case <-running.done:
	case <-ctx.Done():
		c.fetches.leave(running)
		return led, ctx.Err()
	}
	if led || running.concernsAll() {
		return led, running.err
	}
	return led, nil
}

// concernsAll tells whether a fetch failed for want of credentials, and not because of the request that
// it was made for, or because that was given up.
func (f *fetch) concernsAll() bool {
	typed, _ := f.err.(*Error)
	return !f.abandoned && typed != nil && typed.Code >= ErrNoCredentials
}

func (c *core) joinFetch(ctx context.Context, w *workspace, body []byte) (running *fetch, started bool,
	err error,
) {
	c.fetches.mu.Lock()
	defer c.fetches.mu.Unlock()
	if running = c.fetches.running; running != nil {
		running.waiters++
		return running, false, nil
	}
	running, err = c.startFetch(ctx, w, body)
	return running, true, err
}

func (f *fetches) leave(running *fetch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if running.waiters--; running.waiters == 0 {
		running.abandoned = true
		running.cancel()
	}
}

// renew has credentials renewed that will soon expire, in the background: those at hand serve still.
func (c *core) renew(ctx context.Context, w *workspace, body []byte) {
	c.fetches.mu.Lock()
	defer c.fetches.mu.Unlock()
	if c.fetches.running != nil {
		return
	}
	if started, err := c.startFetch(ctx, w, body); err == nil {
		started.renewal = true // its first waiter never leaves
	}
}

// stopRenewal cancels a fetch that no request waits for.
func (f *fetches) stopRenewal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running != nil && f.running.renewal && f.running.waiters == 1 {
		f.running.cancel()
	}
}

// startFetch starts the goroutine, which has all it needs: the caller may leave at any time.
func (c *core) startFetch(ctx context.Context, w *workspace, body []byte) (*fetch, error) {
	own, err := c.borrow()
	if err != nil {
		return nil, err
	}
	own.copyFrom(&w.texts)
	own.streams = w.streams
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	started := &fetch{done: make(chan struct{}), cancel: cancel, waiters: 1}
	c.fetches.running = started
	c.join()
	go c.runFetch(ctx, started, own, bytes.Clone(body))
	return started, nil
}

func (c *core) runFetch(ctx context.Context, running *fetch, own *workspace, body []byte) {
	running.err = own.repeat(ctx, c.hooks, func() (C.costmark_status, *C.costmark_error) {
		own.run(ctx, c, &own.own, beginStep|readyStep, body)
		failure := own.c.error
		own.c.error = nil
		return own.c.status, failure
	})
	c.fetches.mu.Lock()
	c.fetches.running = nil
	c.fetches.mu.Unlock()
	running.cancel()
	c.leave(own) // first: those who wait may look for what is left
	close(running.done)
}
