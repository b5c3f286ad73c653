package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"bytes"
	"context"
	"net/http"
	"runtime"
	"sync"
	"time"
)

// An Operation is one call of the user: its project, its attempts, and what each of them used. Begin
// makes it; then, for each attempt:
//
//	Prepare ─► Sent ─► Head ─► Feed, as often as there are pieces ─► Finish, or Fail
//	   ▲                                                                │
//	   └────────────── for as long as Next says so, or you wish ◄───────┘
//
// A Transport does all of that under an http.Client. Methods may be called by any goroutine. Close ends
// the operation; one that is forgotten ends when the garbage collector finds it. An attempt that is open
// then counts as cancelled, or as an error if its status was 400 or more; one that was not sent leaves no
// trace.
type Operation struct {
	core      *core
	state     *operationState
	forgotten runtime.Cleanup
}

// operationState is what outlives a forgotten Operation, to be ended.
type operationState struct {
	operationHandle
	core  *core
	begun bool
	holds bool // the operation is a user of the core

	busy    bool     // an attempt has it; guarded by the joint's mu
	request *Request // the last one that was passed, for Prepare without one
	passed  []byte
}

// operationHandle is one of C's, with who may use it: one goroutine at a time.
type operationHandle struct {
	mu     sync.Mutex
	handle *C.costmark_operation // nil before the first run, and after the end
}

// newOperation makes an operation that is not begun.
func newOperation(core *core) *Operation {
	o := &Operation{core: core, state: &operationState{core: core}}
	o.forgotten = runtime.AddCleanup(o, (*operationState).close, o.state)
	return o
}

// hold makes the operation a user of the core while an attempt may be open, so that the counters are
// complete when the last user has left.
func (s *operationState) hold() {
	if !s.holds {
		s.holds = s.core.join()
	}
}

func (s *operationState) unhold() {
	if s.holds {
		s.holds = false
		s.core.release()
	}
}

func (s *operationState) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handle != nil {
		C.costmark_operation_free(s.handle)
	}
	s.handle, s.request = nil, nil
	s.unhold()
}

// Begin decides which project pays for a request, and makes its operation. The scope is the context's.
// It does no I/O, and counts nothing. Errors are those of Prepare that concern the request.
func (c *Client) Begin(ctx context.Context, request *Request) (*Operation, error) {
	if err := checkCall(ctx, request); err != nil {
		return nil, err
	}
	core, work, err := c.enter()
	if err != nil {
		return nil, err
	}
	defer core.leave(work)
	work.putOwn(ctx, request)
	o := newOperation(core)
	state := o.state
	work.run(ctx, core, &state.operationHandle, beginStep, request.Body)
	runtime.KeepAlive(request)
	if work.c.status != C.COSTMARK_OK {
		err := work.failure(core)
		o.Close()
		return nil, err
	}
	state.begun, state.request = true, request
	state.hold()
	return o, nil
}

// zero tells whether the operation was not made by Begin.
func (o *Operation) zero() bool { return o == nil || o.state == nil }

var errNoOperation = notMade("Operation", "Client.Begin")

var errEnded = refusal(ErrInvalidArgument, "the operation has ended")

// Prepare prepares the next attempt: writes the project into the request and signs it. Call it for
// every attempt. The request is as it is for this attempt; nil: the same as before, which must not have
// changed. What Begin was told beside the request (Project, and the scope) stays. Errors are those of
// Client.Prepare; after StepAgain, an error means: pass on the answer that you have.
func (o *Operation) Prepare(ctx context.Context, request *Request) (*Prepared, error) {
	if err := checkContext(ctx); err != nil {
		return nil, err
	}
	if o.zero() {
		return nil, errNoOperation
	}
	core := o.core
	if !core.enter() {
		return nil, ErrClosed
	}
	work, err := core.borrow()
	if err != nil {
		core.release()
		return nil, err
	}
	defer core.leave(work)
	if request, err = o.state.prepare(ctx, work, request); err != nil {
		return nil, err
	}
	prepared, err := work.settle(ctx, core, &o.state.operationHandle, request.Body)
	runtime.KeepAlive(o)
	return prepared, err
}

// prepare makes the one call into C that most requests need, and returns the request that it made it for.
func (s *operationState) prepare(ctx context.Context, work *workspace, request *Request) (*Request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handle == nil {
		return nil, errEnded
	}
	if request == nil {
		request = s.request
	}
	s.request = request
	work.putOwn(ctx, request)
	s.hold()
	work.run(ctx, s.core, &s.operationHandle, prepareStep|noWait, request.Body)
	return request, nil
}

// Sent tells that the attempt is on its way: it counts, and its time starts. After Begin alone it is an
// attempt that was not prepared here, for programs that only observe.
func (o *Operation) Sent() {
	if o.zero() {
		return
	}
	o.state.mu.Lock()
	defer o.state.mu.Unlock()
	C.costmark_operation_sent(o.state.handle)
	runtime.KeepAlive(o)
}

// Head takes the status and the header of the answer. encoded tells that the body will be fed in a
// Content-Encoding that is not undone: it passes unread.
func (o *Operation) Head(status int, header http.Header, encoded bool) Plan {
	if o.zero() {
		return Plan{}
	}
	o.state.mu.Lock()
	defer o.state.mu.Unlock()
	plan := o.state.head(status, header, encoded)
	runtime.KeepAlive(o)
	return plan
}

func (s *operationState) head(status int, header http.Header, encoded bool) Plan {
	if s.handle == nil {
		return Plan{}
	}
	fields := heads.Get().(*texts)
	defer heads.Put(fields)
	defer fields.forget()
	fields.addHeader(header)
	texts, lengths, count := fields.blocks()
	var plan C.costmark_answer_plan
	C.cmgo_head(s.handle, C.int32_t(status), C.bool(encoded), texts, lengths, count, &plan)
	return Plan{
		ReadAhead:     int(plan.read_ahead_len),
		ReadAheadTime: time.Duration(plan.read_ahead_ms) * time.Millisecond,
		BodyMayChange: plan.body_may_change != 0,
	}
}

// Feed takes the next piece of the body and returns what to pass on to its reader: the piece itself,
// unless the library asked the service for a usage chunk that the caller did not ask for. It may be a
// part of piece, and is good until the next call. Before the head and after the end the piece passes as
// it is.
func (o *Operation) Feed(piece []byte) []byte {
	if o.zero() {
		return piece
	}
	o.state.mu.Lock()
	defer o.state.mu.Unlock()
	passed := o.state.feed(piece)
	runtime.KeepAlive(o)
	return passed
}

func (s *operationState) feed(piece []byte) []byte {
	if s.handle == nil || len(piece) == 0 {
		return piece
	}
	var passed C.cmgo_piece
	C.cmgo_feed(s.handle, chars(piece), C.size_t(len(piece)), &passed)
	if passed.data == nil {
		return piece[passed.offset : passed.offset+passed.len]
	}
	s.passed = append(s.passed[:0], view(passed.data, passed.len)...)
	return s.passed
}

// Finish ends the answer: it is complete. It counts it, and returns bytes that were held back and are
// now to be passed on, and what to do next. After an end of either kind it changes nothing.
func (o *Operation) Finish() ([]byte, Next) { return o.end(OutcomeOK) }

// Fail ends the answer: it was cut short, never arrived, or was abandoned. What the answer said about
// its own end stands. Of a request that never left, nothing counts. The rest is as with Finish.
func (o *Operation) Fail(outcome Outcome) ([]byte, Next) {
	if outcome == OutcomeOK {
		outcome = OutcomeUnknown
	}
	return o.end(outcome)
}

func (o *Operation) end(outcome Outcome) ([]byte, Next) {
	if o.zero() {
		return nil, Next{}
	}
	o.state.mu.Lock()
	defer o.state.mu.Unlock()
	rest, next := o.state.end(outcome)
	o.state.unhold()
	runtime.KeepAlive(o)
	return rest, next
}

func (s *operationState) end(outcome Outcome) ([]byte, Next) {
	if s.handle == nil {
		return nil, Next{}
	}
	var held C.costmark_str
	next := C.costmark_next{struct_size: C.sizeof_costmark_next}
	if outcome == OutcomeOK {
		C.costmark_operation_finish(s.handle, &held, &next)
	} else {
		C.costmark_operation_fail(s.handle, C.costmark_outcome(outcome), &held, &next)
	}
	return bytes.Clone(viewOf(held)), Next{
		Step:   Step(next.step),
		Reason: Reason(next.reason),
		Pause:  time.Duration(next.pause_ms) * time.Millisecond,
	}
}

// Answer shows the last attempt.
func (o *Operation) Answer() Answer {
	if o.zero() {
		return Answer{FirstByte: -1}
	}
	o.state.mu.Lock()
	defer o.state.mu.Unlock()
	answer := o.state.answer()
	runtime.KeepAlive(o)
	return answer
}

func (s *operationHandle) answer() Answer {
	told := C.costmark_answer{struct_size: C.sizeof_costmark_answer}
	C.costmark_operation_answer(s.handle, &told)
	return answerFrom(&told)
}

// Close ends the operation. It does nothing the second time.
func (o *Operation) Close() {
	if o.zero() {
		return
	}
	o.forgotten.Stop()
	o.state.close()
	runtime.KeepAlive(o)
}
