package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"errors"
	"runtime/cgo"
	"sync/atomic"
	"time"
)

// call is what a callback has to know of the call into C that it is for. C carries its handle; a
// callback runs on the goroutine of its call, further in.
type call struct {
	handle C.uintptr_t
	ctx    context.Context
	cause  error        // what a callback returned during the call
	sink   *sink        // of Send
	token  *tokenAnswer // of the program's source, asked before the call
}

// newCall makes a call to be used for one; delete ends it.
func newCall(ctx context.Context) *call {
	c := &call{ctx: ctx}
	c.handle = newHandle(c)
	return c
}

func (c *call) delete() { deleteHandle(c.handle) }

// callOf is the call that a callback is for, nil for none.
func callOf(handle C.uintptr_t) *call {
	if handle == 0 {
		return nil
	}
	return cgo.Handle(handle).Value().(*call)
}

func contextOf(handle C.uintptr_t) context.Context {
	if call := callOf(handle); call != nil && call.ctx != nil {
		return call.ctx
	}
	return context.Background()
}

// answer is the status for what a callback returned; the call keeps the error to wrap it.
func answer(handle C.uintptr_t, err error) C.costmark_status {
	if err == nil {
		return C.COSTMARK_OK
	}
	if call := callOf(handle); call != nil {
		call.cause = err
	}
	return C.costmark_status(codeOf(err))
}

// codeOf lets a callback choose what its failure means by returning an error with a Code.
func codeOf(err error) Code {
	var code Code
	var typed *Error
	if errors.As(err, &typed) {
		code = typed.Code
	} else if !errors.As(err, &code) {
		return ErrStoppedByCallback
	}
	if code <= 0 || code.String() == "unknown" {
		return ErrStoppedByCallback
	}
	return code
}

// takeError is the error of a call, with what a callback had to say about it.
func (c *call) takeError(hooks *hooks, status C.costmark_status, from *C.costmark_error) *Error {
	err := takeError(status, from)
	switch {
	case c.cause != nil && err.Code == codeOf(c.cause):
		err.cause = c.cause
	case c.cause == nil && err.Code == ErrStoppedByCallback:
		// This call waited for another one's callback.
		if last := hooks.lastFailure.Load(); last != nil {
			err.cause = *last
		}
	}
	return err
}

// othersGaveUp tells whether a call failed only because the one that fetched the credentials for it
// was cancelled.
func (c *call) othersGaveUp(err *Error) bool {
	return c.cause == nil && err.Code == ErrStoppedByCallback &&
		(errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

// repeat makes a call again for as long as it fails only because others gave up.
func (c *call) repeat(ctx context.Context, hooks *hooks,
	once func() (C.costmark_status, *C.costmark_error),
) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.ctx, c.cause = ctx, nil
		status, failure := once()
		if status == C.COSTMARK_OK {
			return nil
		}
		if err := c.takeError(hooks, status, failure); !c.othersGaveUp(err) {
			return err
		}
	}
}

// liveHandles counts what C carries around for this package; tests see that it goes back to nothing.
var liveHandles atomic.Int64

// newHandle makes of a Go value what C may carry around: a number, never a pointer.
func newHandle(value any) C.uintptr_t {
	liveHandles.Add(1)
	return C.uintptr_t(cgo.NewHandle(value))
}

func deleteHandle(handle C.uintptr_t) {
	cgo.Handle(handle).Delete()
	liveHandles.Add(-1)
}

// unixSeconds is a time as C takes it: 0 for none.
func unixSeconds(at time.Time) C.int64_t {
	if at.IsZero() {
		return 0
	}
	return C.int64_t(at.Unix())
}

// timeFrom is the opposite.
func timeFrom(unixSeconds C.int64_t) time.Time {
	if unixSeconds == 0 {
		return time.Time{}
	}
	return time.Unix(int64(unixSeconds), 0)
}

// timeoutOf is the time that is left, in milliseconds; 0 for as long as C thinks best. It is longer than
// the context's own by a little, so that the context is who says that it is over.
func timeoutOf(ctx context.Context, timeout time.Duration) C.int64_t {
	if deadline, has := ctx.Deadline(); has {
		left := max(0, time.Until(deadline)) + 2*time.Millisecond
		if timeout == 0 || left < timeout {
			timeout = left
		}
	}
	if timeout == 0 {
		return 0
	}
	return C.int64_t(max(1, timeout.Milliseconds()))
}
