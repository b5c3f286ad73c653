package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"runtime"
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
// A context that is done stops it at once: the error has the code ErrCancelled, or ErrTimeout, and wraps
// the context's, so that errors.Is(err, context.Canceled) or context.DeadlineExceeded holds. (While
// credentials are fetched, or the name of a host is looked up, that may have to wait.) The scope of the
// context counts, and its deadline like Timeout; each Send is an operation of its own, also in a context
// of WithOperation.
//
// The callbacks run on this goroutine; a panic becomes an error that wraps a *PanicError. Send holds on to a thread of the operating system for as long as it runs: for thousands
// at once, a Transport is cheaper.
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
	core, work, err := c.enter()
	if err != nil {
		return nil, err
	}
	defer core.leave(work)
	work.putOwn(ctx, request)
	work.sink = &sink{options}
	var operation operationHandle
	defer func() { C.costmark_operation_free(operation.handle) }()
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		response, failure := work.send(ctx, core, &operation, request.Body, options)
		runtime.KeepAlive(request)
		switch {
		case response.Attempts > 0:
		case failure != nil && work.othersGaveUp(failure):
			continue
		default:
			response = nil
		}
		if failure != nil {
			return response, explained(ctx, failure)
		}
		return response, nil
	}
}

// send is the one call into C, which calls back.
func (w *workspace) send(ctx context.Context, core *core, operation *operationHandle, body []byte,
	options *SendOptions,
) (*Response, *Error) {
	stop, done, err := stopWith(ctx)
	if err != nil {
		return &Response{}, err
	}
	defer done()
	steps := beginStep | C.uint32_t(C.CMGO_SEND)
	if options.OnHead != nil {
		steps |= C.CMGO_WANTS_HEAD
	}
	if options.To != nil {
		steps |= C.CMGO_WANTS_BODY
	}
	w.c.cancel, w.c.timeout_ms = stop, timeoutOf(ctx, options.Timeout)
	w.c.max_attempts = C.uint32_t(options.MaxAttempts)
	w.run(ctx, core, operation, steps, body)
	w.c.cancel = nil
	received := C.costmark_response{struct_size: C.sizeof_costmark_response}
	C.costmark_operation_response(operation.handle, &received)
	response := readResponse(&received)
	response.Answer = operation.answer()
	if w.c.status != C.COSTMARK_OK {
		return response, w.failure(core)
	}
	return response, nil
}

// stopWith makes of a context what stops C; nil for one that cannot be done. Call done in the end.
func stopWith(ctx context.Context) (stop *C.costmark_cancel, done func(), err *Error) {
	if ctx.Done() == nil {
		return nil, func() {}, nil
	}
	var failure *C.costmark_error
	if status := C.costmark_cancel_new(&stop, &failure); status != C.COSTMARK_OK {
		return nil, nil, takeError(status, failure)
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
	}, nil
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
}

//export cmgoHead
func cmgoHead(call C.uintptr_t, response *C.costmark_response) C.costmark_status {
	return answer(call, callOf(call).sink.head(readResponse(response)))
}

//export cmgoBody
func cmgoBody(call C.uintptr_t, data *C.char, length C.size_t) C.costmark_status {
	return answer(call, callOf(call).sink.body(view(data, length)))
}

func (s *sink) head(response *Response) (err error) {
	defer catch(&err)
	return s.options.OnHead(response)
}

func (s *sink) body(piece []byte) (err error) {
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
