package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
)

// A Code says what can be done about an error. Each is an error itself, to ask for with errors.Is:
//
//	if errors.Is(err, costmark.ErrUnattributed) { ... }
type Code int32

// Fix the request.
const (
	ErrInvalidArgument Code = 1 // a value is outside its documented range
	ErrInvalidJSON     Code = 2 // the body is not the JSON object it should be; see Offset
	ErrInvalidURL      Code = 3 // no host, an impossible port, ...
	ErrBodyNeeded      Code = 4 // the body is a stream, and its bytes are needed
)

// Fix the configuration.
const (
	ErrInvalidOption    Code = 10 // an unknown option, or a value that it does not take
	ErrEndpointMismatch Code = 11 // region, service, scheme or origin disagree with the host
	ErrUnsupported      Code = 12 // this build of the library lacks what the call needs
)

// Fix the attribution.
const (
	ErrInvalidProject    Code = 20 // the text is not a project id
	ErrUnattributed      Code = 21 // no project is named, and the policy refuses such calls
	ErrConflict          Code = 22 // two sources name different projects
	ErrProjectNotAllowed Code = 23 // the project is outside allowed_projects
)

// ErrBudgetExceeded is the code of an error for a call that a budget has no place for: wait for its next
// period, or raise it. Nothing was sent. The message says what is spent and reserved, and until when.
const ErrBudgetExceeded Code = 24

// Authenticate again.
const (
	ErrNoCredentials       Code = 30 // nothing to sign with was found
	ErrExpiredCredentials  Code = 31 // what was found has expired and could not be renewed
	ErrUnusableCredentials Code = 32 // a source is set up and cannot be used; see the message
)

// Try again, or report.
const (
	ErrTransport Code = 40 // the connection failed
	ErrTimeout   Code = 41 // a deadline passed
	ErrThrottled Code = 42 // the service asked to slow down
	ErrService   Code = 43 // the service answered with an error
)

// Report.
const (
	ErrOutOfMemory Code = 50
	ErrInternal    Code = 51 // a bug in costmark, or a failing system library
)

// ErrStoppedByCallback is the code of an error that a callback of this program caused; the callback's
// own error is what it wraps.
const ErrStoppedByCallback Code = 60

// ErrCancelled is the code of an error of Send whose context was cancelled; it wraps the context's.
const ErrCancelled Code = 61

// ErrWouldBlock is the code for a call that may not wait, and would have to. No function of this package
// returns it: they wait in Go.
const ErrWouldBlock Code = 62

// String is the stable name of a code, such as "invalid_json"; "unknown" for another number.
func (c Code) String() string {
	return C.GoString(C.costmark_status_name(C.costmark_status(c)))
}

// Error makes a code an error, for errors.Is.
func (c Code) Error() string { return "costmark: " + c.String() }

// ErrClosed is the error of a client or a cache after its Close.
var ErrClosed = refusal(ErrInvalidArgument, "the client or the cache is closed")

// ErrBodyTooLarge is wrapped by the error for a request body that is longer than MaxBody allows.
var ErrBodyTooLarge = errors.New("body too large")

// An Error says why a call failed. Nothing was sent if it comes from before the sending, as all errors
// of this package do but those of Send and Verify. Messages hold no secrets.
type Error struct {
	Code       Code
	Message    string // one line: what happened, where, and what would have been right
	Offset     int64  // the byte in the input at which the mistake is; -1 without one
	HTTPStatus int    // of the answer that caused the error; 0 without one
	RequestID  string // the service's, in that answer
	Retryable  bool   // the same call may succeed later without a change

	cause error
}

func (e *Error) Error() string {
	if e == nil {
		return "costmark: no error"
	}
	message := "costmark: " + e.Code.String() + ": " + e.Message
	if e.cause != nil {
		message += ": " + e.cause.Error()
	}
	return message
}

// Is matches the error's Code.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && e != nil && code == e.Code
}

// Unwrap is the error of the callback or the context that caused this one, or nil.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.cause
}

// Timeout tells whether a deadline passed. It is the method that os.IsTimeout and net/http look for.
func (e *Error) Timeout() bool {
	return e != nil &&
		(e.Code == ErrTimeout || (e.Code == ErrCancelled && errors.Is(e.cause, context.DeadlineExceeded)))
}

// RetryableError is the field Retryable, for code that asks errors through an interface.
func (e *Error) RetryableError() bool { return e != nil && e.Retryable }

// A PanicError is what a panic in a callback of this program became, as panics cannot pass C. An
// *Error wraps it.
type PanicError struct {
	Value any    // what the callback panicked with
	Stack []byte // where
}

func (e *PanicError) Error() string {
	if e == nil {
		return "panic"
	}
	return fmt.Sprintf("panic: %v", e.Value)
}

// Unwrap is the panic's value, if that is an error.
func (e *PanicError) Unwrap() error {
	if e == nil {
		return nil
	}
	err, _ := e.Value.(error)
	return err
}

// notMade is the error of a method whose receiver is nil or zero.
func notMade(what, maker string) *Error {
	return refusal(ErrInvalidArgument, "the %s is nil, or a zero value; make it with %s", what, maker)
}

// checkContext is why a call with a context is not begun; nil: it may begin.
func checkContext(ctx context.Context) error {
	if ctx == nil {
		return refusal(ErrInvalidArgument, "the context is nil; use context.Background()")
	}
	return ctx.Err()
}

// checkCall does the same for a call that also takes a request.
func checkCall(ctx context.Context, request *Request) error {
	if request == nil {
		return refusal(ErrInvalidArgument, "the request is nil")
	}
	return checkContext(ctx)
}

func refusal(code Code, format string, arguments ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, arguments...), Offset: -1}
}

// takeError makes a failed call's error Go's, and frees C's.
func takeError(status C.costmark_status, from *C.costmark_error) *Error {
	err := &Error{Code: Code(status), Offset: -1}
	if from == nil {
		err.Message = "no more is known"
		return err
	}
	defer C.costmark_error_free(from)
	read := C.costmark_error_view{struct_size: C.sizeof_costmark_error_view}
	C.costmark_error_read(from, &read)
	err.Message = goString(read.message)
	err.RequestID = goString(read.request_id)
	err.HTTPStatus = int(read.http_status)
	err.Retryable = read.retryable != 0
	if read.has_offset != 0 {
		err.Offset = int64(read.offset)
	}
	return err
}
