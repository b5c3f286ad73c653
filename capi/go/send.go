package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// SendOptions say how one operation is sent. Zero values are the client's options, or nothing.
type SendOptions struct {
	// OnHead is called once, before any piece of the body, when an answer with a status below 300 has
	// begun. It shows status and header. An error stops the operation.
	OnHead func(*Response) error

	// To takes the pieces of the body of such an answer as they come, and must not keep
	// them. An error stops the operation. Nil: the body is gathered in the Response.
	To io.Writer

	Timeout     time.Duration // for the whole operation; 0: option timeout_ms
	MaxAttempts int           // from 1 to 100; 0: option max_attempts
}

// A Response is the last answer of an operation.
type Response struct {
	Status    int // 0: there was no answer
	Header    http.Header
	Body      []byte // what was gathered: without SendOptions.To, and of answers with a status from 300 on
	RequestID string // the service's
	Attempts  int    // that were sent
	Hint      string // what is probably wrong, where the status is 400 or 404; mostly empty
	Answer    Answer // what the last attempt told
}

// Send sends a request and receives its answer, through the library's own HTTP client: prepares and
// signs each attempt, tries again where that helps, and counts what was used. It returns when the
// answer is complete, when attempts or time are used up, or when it was stopped. Connections are kept
// and used again.
//
// When the context is done, Send returns, whatever the service, a source of credentials or the name
// server does: the error has the code ErrCancelled, or ErrTimeout, and wraps the context's, so that
// errors.Is(err, context.Canceled) or context.DeadlineExceeded holds. The scope of the context counts, and
// its deadline like Timeout; each Send is an operation of its own, also in a context of WithOperation.
//
// OnHead and To are called one at a time, by a goroutine of Send, and never after Send has returned. A
// panic becomes an error that wraps a *PanicError; they must not end the goroutine. Send holds a thread
// of the operating system while it sends, and none while it waits for credentials: for thousands at once,
// a Transport is cheaper.
//
// The response is nil if there was no attempt. With ErrThrottled (status 429) and ErrService (another
// status from 300 on) it has the answer. Other errors are those of Prepare; ErrTransport and
// ErrTimeout, whose answer, if one had begun, is not complete; and what a callback returned, wrapped
// in ErrStoppedByCallback or in the Code that it chose.
func (c *Client) Send(ctx context.Context, request *Request, options *SendOptions) (*Response, error) {
	if options == nil {
		options = &SendOptions{}
	}
	if options.MaxAttempts < 0 || int64(options.MaxAttempts) > math.MaxUint32 || options.Timeout < 0 {
		return nil, refusal(ErrInvalidArgument, "MaxAttempts is %d and Timeout is %s; neither may be "+
			"negative", options.MaxAttempts, options.Timeout)
	}
	if request == nil {
		return nil, refusal(ErrInvalidArgument, "the request is nil")
	}
	if ctx == nil {
		return nil, checkContext(ctx)
	}
	core, err := c.use()
	if err != nil {
		return nil, err
	}
	defer core.release()
	sending := &sending{core: core, request: request, sink: &sink{options: options}}
	if options.Timeout > 0 {
		sending.deadline = time.Now().Add(options.Timeout)
	}
	if !core.within(ctx, func() { sending.run(ctx) }) {
		sending.sink.leave()
		return nil, stopped(ctx)
	}
	return sending.response, sending.failure
}

// sending is one Send. It belongs to the goroutine that runs it.
type sending struct {
	core      *core
	work      *workspace
	operation operationHandle
	request   *Request
	sink      *sink
	deadline  time.Time // of SendOptions; zero: none

	response *Response
	failure  error
}

func (s *sending) run(ctx context.Context) {
	if s.work, s.failure = s.core.borrow(); s.failure != nil {
		return
	}
	defer s.core.give(s.work)
	defer func() { C.costmark_operation_free(s.operation.handle) }()
	s.work.sink = s.sink
	s.work.putOwn(ctx, s.request)
	for {
		if s.failure = s.ready(ctx); s.failure != nil {
			return
		}
		response, failure := s.send(ctx)
		runtime.KeepAlive(s.request)
		if response.Attempts == 0 && failure != nil && s.work.othersGaveUp(failure) {
			continue
		}
		if response.Attempts > 0 {
			s.response = response
		}
		if failure != nil {
			s.failure = explained(ctx, failure)
		}
		return
	}
}

// ready begins the operation, and waits in Go for what the first attempt needs.
func (s *sending) ready(ctx context.Context) error {
	limited := ctx
	if !s.deadline.IsZero() {
		var cancel context.CancelFunc
		limited, cancel = context.WithDeadline(ctx, s.deadline)
		defer cancel()
	}
	steps := beginStep | prepareStep | noWait
	for fetches := 0; fetches < mostFetches && s.work.token == nil; {
		if ctx.Err() != nil {
			return stopped(ctx)
		}
		s.work.run(ctx, s.core, &s.operation, steps, s.request.Body)
		if s.work.c.status != C.COSTMARK_WOULD_BLOCK {
			return s.begun()
		}
		led, err := s.work.wait(limited, s.core, s.request.Body)
		switch {
		case ctx.Err() != nil:
			return stopped(ctx)
		case limited.Err() != nil:
			return refusal(ErrTimeout, "no credentials came within SendOptions.Timeout")
		case err != nil:
			return err
		}
		if led {
			fetches++
		}
	}
	return nil
}

// begun is how the last run ended.
func (s *sending) begun() error {
	if s.work.c.status != C.COSTMARK_OK {
		return s.work.failure(s.core)
	}
	return nil
}

// send is the one call into C that sends, and calls back.
func (s *sending) send(ctx context.Context) (*Response, *Error) {
	w, options := s.work, s.sink.options
	steps := beginStep | C.uint32_t(C.CMGO_SEND)
	if options.OnHead != nil {
		steps |= C.CMGO_WANTS_HEAD
	}
	if options.To != nil {
		steps |= C.CMGO_WANTS_BODY
	}
	w.c.timeout_ms, w.c.max_attempts = timeoutOf(ctx, s.timeLeft()), C.uint32_t(options.MaxAttempts)
	w.run(ctx, s.core, &s.operation, steps, s.request.Body)
	w.c.timeout_ms, w.c.max_attempts = 0, 0
	received := C.costmark_response{struct_size: C.sizeof_costmark_response}
	C.costmark_operation_response(s.operation.handle, &received)
	response := readResponse(&received)
	response.Answer = s.operation.answer()
	if w.c.status != C.COSTMARK_OK {
		return response, w.failure(s.core)
	}
	return response, nil
}

// timeLeft is what is left of SendOptions.Timeout; 0: it has none.
func (s *sending) timeLeft() time.Duration {
	if s.deadline.IsZero() {
		return 0
	}
	return max(time.Millisecond, time.Until(s.deadline))
}

// stopped is the error of a Send whose context is done.
func stopped(ctx context.Context) *Error {
	code := ErrCancelled
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		code = ErrTimeout
	}
	return explained(ctx, refusal(code, "the context of the send is done"))
}

// stopWith makes of a context what stops C; nil for one that cannot be done, and for want of memory. Call
// done in the end.
func stopWith(ctx context.Context) (stop *C.costmark_cancel, done func()) {
	if ctx.Done() == nil || C.costmark_cancel_new(&stop, nil) != C.COSTMARK_OK {
		return nil, func() {}
	}
	// The function below may run until after the send is over: it owns a count of its own.
	C.costmark_cancel_retain(stop)
	undo := context.AfterFunc(ctx, func() {
		C.costmark_cancel_stop(stop)
		C.costmark_cancel_release(stop)
	})
	return stop, func() {
		if undo() {
			C.costmark_cancel_release(stop)
		}
		C.costmark_cancel_release(stop)
	}
}

// Timers of C may be early by as much.
const timerSlack = 20 * time.Millisecond

// explained has an error say that the context was its cause, where it was.
func explained(ctx context.Context, failure *Error) *Error {
	if failure.cause != nil || (failure.Code != ErrCancelled && failure.Code != ErrTimeout) {
		return failure
	}
	done, cause := ctx.Err(), context.Cause(ctx)
	if deadline, has := ctx.Deadline(); done == nil && has && time.Until(deadline) < timerSlack {
		done = context.DeadlineExceeded // which the context is about to notice
	}
	failure.cause = done
	if done != nil && cause != nil && cause != done {
		failure.cause = fmt.Errorf("%w: %w", done, cause)
	}
	return failure
}

// sink is where an answer goes, as callbacks see it.
type sink struct {
	options *SendOptions

	mu   sync.Mutex
	left bool // Send has returned
}

// leave waits for a callback that is running: none runs after it.
func (s *sink) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = true
}

// enter begins a callback; exit ends it.
func (s *sink) enter() error {
	s.mu.Lock()
	if s.left {
		return context.Canceled
	}
	return nil
}

func (s *sink) exit() { s.mu.Unlock() }

//export cmgoHead
func cmgoHead(call C.uintptr_t, response *C.costmark_response) C.costmark_status {
	return answer(call, callOf(call).sink.head(readResponse(response)))
}

//export cmgoBody
func cmgoBody(call C.uintptr_t, data *C.char, length C.size_t) C.costmark_status {
	return answer(call, callOf(call).sink.body(view(data, length)))
}

func (s *sink) head(response *Response) (err error) {
	defer s.exit()
	if err := s.enter(); err != nil {
		return err
	}
	defer catch(&err)
	return s.options.OnHead(response)
}

func (s *sink) body(piece []byte) (err error) {
	defer s.exit()
	if err := s.enter(); err != nil {
		return err
	}
	defer catch(&err)
	n, err := s.options.To.Write(piece)
	if err == nil && n < len(piece) {
		err = io.ErrShortWrite
	}
	return err
}

// readResponse copies what C says of a response.
func readResponse(told *C.costmark_response) *Response {
	return &Response{
		Status:    int(told.http_status),
		Header:    headerFrom(told.headers, told.header_count),
		Body:      bytes.Clone(viewOf(told.body)),
		RequestID: goString(told.request_id),
		Attempts:  int(told.attempts),
		Hint:      goString(told.hint),
	}
}

func headerFrom(fields *C.costmark_header, count C.size_t) http.Header {
	header := make(http.Header, int(count))
	for _, field := range unsafe.Slice(fields, int(count)) {
		header.Add(goString(field.name), goString(field.value))
	}
	return header
}
