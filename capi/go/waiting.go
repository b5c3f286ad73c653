package costmark

/*
#include "bridge.h"

static bool cmgo_in_callback(void) { return cmgo_current_call != 0; }
#cgo noescape cmgo_in_callback
#cgo nocallback cmgo_in_callback
*/
import "C"

import (
	"context"
	"time"
)

// Some calls into C may wait, and hold a thread while they do. They run on goroutines of their own, so
// that who made one can leave when its context is done:
//
//	caller ── within ──► goroutine ──► C
//	   │                     │
//	   ◄───── its end ───────┤
//	   ◄── context is done   └──► ends later, by itself; what it uses belongs to it

// For so long a call into C that was stopped may come back with an account of what it did.
const farewell = 100 * time.Millisecond

// within runs a call, and tells whether it has ended; false: the context was done first, and the caller
// must not touch what the call uses. The call is a user until its end.
func (u *users) within(ctx context.Context, call func()) bool {
	// C knows by the thread that a callback calls what is calling it.
	if ctx.Done() == nil || bool(C.cmgo_in_callback()) {
		call()
		return true
	}
	u.join()
	ended := make(chan struct{})
	go func() {
		defer u.release()
		defer close(ended)
		call()
	}()
	select {
	case <-ended:
		return true
	case <-ctx.Done():
	}
	timer := time.NewTimer(farewell)
	defer timer.Stop()
	select {
	case <-ended:
		return true
	case <-timer.C:
		return false
	}
}

// slots bound how many goroutines wait in C at once. The others wait for a slot, in Go.
type slots chan struct{}

const slotCount = 2

func newSlots() slots { return make(slots, slotCount) }

// within is that of users, for a call that needs a slot. An error: it was not run, or has not ended.
func (s slots) within(ctx context.Context, u *users, call func()) error {
	if bool(C.cmgo_in_callback()) {
		call()
		return nil
	}
	select {
	case s <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if !u.within(ctx, func() {
		defer func() { <-s }()
		call()
	}) {
		return ctx.Err()
	}
	return nil
}
