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

	// To takes the pieces of the body of such an answer as they come, such as a PieceFunc. It must not
	// keep them. An error stops the operation. Nil: the body is gathered in the Response.
	To io.Writer

	Timeout     time.Duration // for the whole operation; 0: option timeout_ms
	MaxAttempts int           // from 1 to 100; 0: option max_attempts
}

// A PieceFunc is a function that takes the pieces of an answer, for SendOptions.To. A piece is good
// until it returns.
type PieceFunc func(piece []byte) error

// Write calls the function.
func (f PieceFunc) Write(piece []byte) (int, error) {
	if err := f(piece); err != nil {
		return 0, err
	}
	return len(piece), nil
}

// A Response is the last answer of an operation.
type Response struct {
	Status    int // 0: there was no answer
	Header    http.Header
	Body      []byte // what was gathered: without SendOptions.To, and of answers with a status from 300 on
	RequestID string // the service's
	Attempts  int    // how many were begun

	Answer  Answer // what the last attempt told
	Project string // that was named to the service; empty: none
	Source  ProjectSource
	Hint    string // what is probably wrong, where the status is 400 or 404; mostly empty
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
// The callbacks run on this goroutine. They must not use the client; a panic becomes an error that wraps
// a *PanicError. Send holds on to a thread of the operating system for as long as it runs: for thousands
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
	work.bodyLen = len(request.Body)
	work.sink = &sink{options}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		response, failure := work.send(ctx, core, request.Body, options)
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
func (w *workspace) send(ctx context.Context, core *core, body []byte, options *SendOptions) (*Response,
	*Error,
) {
	w.ctx, w.cause = ctx, nil
	stop, done, err := stopWith(ctx)
	if err != nil {
		return &Response{}, err
	}
	defer done()
	var sent C.cmgo_sent
	texts, lengths := w.texts()
	C.cmgo_send(core.client, w.handle, texts, lengths, C.size_t(len(w.lengths)), chars(body),
		C.size_t(len(body)), stop, timeoutOf(ctx, options.Timeout), C.uint32_t(options.MaxAttempts),
		C.bool(options.OnHead != nil), C.bool(options.To != nil), &sent)
	defer C.costmark_response_free(sent.response)
	response := readResponse(sent.response)
	if sent.status != C.COSTMARK_OK {
		return response, w.takeError(core.hooks, sent.status, sent.error)
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
		C.costmark_cancel_request(stop)
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

// readResponse copies everything that C says of an answer.
func readResponse(from *C.costmark_response) *Response {
	var told C.cmgo_response
	C.cmgo_response_read(from, &told)
	response := &Response{
		Status:    int(told.http_status),
		Header:    headerFrom(told.headers, told.header_count),
		Body:      bytes.Clone(view(told.body.data, told.body.len)),
		RequestID: goString(told.request_id),
		Attempts:  int(told.attempts),
		Answer: Answer{
			Outcome:     Outcome(told.outcome),
			Usage:       usageFrom(&told.usage),
			ResponseID:  goString(told.response_id),
			Model:       goString(told.model),
			ServiceTier: goString(told.service_tier),
		},
		Project: goString(told.project),
		Source:  ProjectSource(told.source),
		Hint:    goString(told.hint),
	}
	return response
}

func headerFrom(fields *C.costmark_header, count C.size_t) http.Header {
	header := make(http.Header, int(count))
	for _, field := range unsafe.Slice(fields, int(count)) {
		header.Add(goString(field.name), goString(field.value))
	}
	return header
}
