package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"errors"
	"log/slog"
	"runtime/cgo"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// Credentials are one set of AWS credentials. Printing one shows no secret.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string    // empty for long-term keys
	AccountID       string    // twelve digits, where known
	Expires         time.Time // zero: they do not expire
}

// String names the access key alone.
func (c Credentials) String() string { return "credentials of " + c.AccessKeyID }

// GoString is String, so that %#v shows no secret either.
func (c Credentials) GoString() string { return c.String() }

// LogValue is String, for slog.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// A CredentialsProvider supplies AWS credentials.
//
// Credentials is called when those at hand are absent or about to expire; for one client never by two
// goroutines at once. It may block: requests go on with credentials that are still valid. The context has
// the values of the request that needs them first. It is cancelled when no request waits any more.
//
// It must not use the client that asks, nor wait for a goroutine that does, nor end its goroutine
// (runtime.Goexit, testing.T.FailNow). A panic becomes an error that wraps a *PanicError.
type CredentialsProvider interface {
	Credentials(ctx context.Context) (Credentials, error)
}

// CredentialsFunc makes a function a CredentialsProvider.
type CredentialsFunc func(ctx context.Context) (Credentials, error)

// Credentials calls the function.
func (f CredentialsFunc) Credentials(ctx context.Context) (Credentials, error) {
	if f == nil {
		return Credentials{}, refusal(ErrNoCredentials, "the CredentialsFunc is nil")
	}
	return f(ctx)
}

// A BearerTokenProvider supplies bearer tokens, without "Bearer ". It is called whenever a request needs
// one, by several goroutines at once if they need one at once, with the context of the request. It must
// not end its goroutine; in Send and Verify it must not use the client that asks.
//
// One that also has the method
//
//	Refused(token string) bool
//
// as BearerTokenCache does, is told of tokens that the service refused: a provider that keeps its token
// drops it.
type BearerTokenProvider interface {
	BearerToken(ctx context.Context) (string, error)
}

// BearerTokenFunc makes a function a BearerTokenProvider.
type BearerTokenFunc func(ctx context.Context) (string, error)

// BearerToken calls the function.
func (f BearerTokenFunc) BearerToken(ctx context.Context) (string, error) {
	if f == nil {
		return "", refusal(ErrNoCredentials, "the BearerTokenFunc is nil")
	}
	return f(ctx)
}

// tokenAnswer is what a BearerTokenProvider said.
type tokenAnswer struct {
	text string
	err  error
}

// hooks is what C calls back into. It is reached through a cgo.Handle, never through a pointer, and
// holds nothing of the client, so that a forgotten client can be collected.
type hooks struct {
	credentials CredentialsProvider
	token       BearerTokenProvider
	logger      *slog.Logger
	now         func() time.Time
	usage       func(Answer)
	lastFailure atomic.Pointer[error] // of the credentials provider, for those who waited for it
}

// register hands C a handle that C gives back in the end, even if it refuses it.
func (b *building) register(which C.cmgo_callback) error {
	var err *C.costmark_error
	if status := C.cmgo_set_callback(b.config, which, newHandle(b.hooks), &err); status != C.COSTMARK_OK {
		return takeError(status, err)
	}
	return nil
}

func (b *building) setCredentials(provider CredentialsProvider) error {
	b.hooks.credentials = provider
	return b.register(C.CMGO_CREDENTIALS)
}

func (b *building) setBearerToken(provider BearerTokenProvider) error {
	b.hooks.token = provider
	return b.register(C.CMGO_BEARER_TOKEN)
}

func (b *building) setLogger(logger *slog.Logger) error {
	b.hooks.logger = logger
	return b.register(C.CMGO_LOG)
}

func (b *building) setClock(now func() time.Time) error {
	b.hooks.now = now
	return b.register(C.CMGO_CLOCK)
}

func (b *building) setUsage(ended func(Answer)) error {
	b.hooks.usage = ended
	return b.register(C.CMGO_USAGE)
}

//export cmgoRelease
func cmgoRelease(handle C.uintptr_t) {
	deleteHandle(handle)
}

//export cmgoCredentials
func cmgoCredentials(handle, call C.uintptr_t, sink *C.costmark_credentials_sink) C.costmark_status {
	hooks := hooksOf(handle)
	credentials, err := hooks.askCredentials(contextOf(call))
	if err == nil {
		err = putCredentials(sink, credentials)
	}
	if err != nil {
		hooks.lastFailure.Store(&err)
	}
	return answer(call, err)
}

//export cmgoBearerToken
func cmgoBearerToken(handle, call C.uintptr_t, sink *C.costmark_bearer_token_sink) C.costmark_status {
	token, err := hooksOf(handle).tokenFor(callOf(call))
	if err == nil {
		data, length := text(token)
		var failure *C.costmark_error
		if status := C.costmark_bearer_token_put(sink, data, length, &failure); status != 0 {
			C.costmark_error_free(failure)
			err = refusal(ErrNoCredentials, "the bearer token is empty")
		}
	}
	return answer(call, err)
}

//export cmgoRefused
func cmgoRefused(handle C.uintptr_t, token *C.char, length C.size_t) {
	defer func() { _ = recover() }()
	if told, ok := hooksOf(handle).token.(interface{ Refused(string) bool }); ok {
		told.Refused(string(view(token, length)))
	}
}

//export cmgoLog
func cmgoLog(handle, call C.uintptr_t, level C.int32_t, message *C.char, length C.size_t) {
	defer func() { _ = recover() }()
	levels := [...]slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}
	at := slog.LevelError
	if first := C.int32_t(C.COSTMARK_LOG_DEBUG); level >= first && int(level-first) < len(levels) {
		at = levels[level-first]
	}
	ctx, logger := contextOf(call), hooksOf(handle).logger
	if logger.Enabled(ctx, at) {
		logger.LogAttrs(ctx, at, string(view(message, length)))
	}
}

//export cmgoClock
func cmgoClock(handle C.uintptr_t) (now C.int64_t) {
	defer func() {
		if recover() != nil {
			now = noTime
		}
	}()
	return C.int64_t(hooksOf(handle).now().Unix())
}

// C refuses this time.
const noTime = -1

//export cmgoUsage
func cmgoUsage(handle C.uintptr_t, told *C.costmark_answer) {
	defer func() { _ = recover() }()
	hooksOf(handle).usage(answerFrom(told))
}

func (h *hooks) askCredentials(ctx context.Context) (credentials Credentials, err error) {
	defer catch(&err)
	return h.credentials.Credentials(ctx)
}

func (h *hooks) askToken(ctx context.Context) (token string, err error) {
	defer catch(&err)
	return h.token.BearerToken(ctx)
}

// fetchToken asks for a token before a call into C, which then finds it: so a slow provider holds no
// thread, and no request longer than its context.
func (c *call) fetchToken(ctx context.Context, hooks *hooks) error {
	answered := make(chan *tokenAnswer, 1)
	go func() {
		answer := &tokenAnswer{err: errGoroutineEnded}
		defer func() { answered <- answer }()
		answer.text, answer.err = hooks.askToken(ctx)
	}()
	select {
	case c.token = <-answered:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errGoroutineEnded = errors.New("the provider ended its goroutine")

// tokenFor is the token that was fetched for a call, else one that is asked for now.
func (h *hooks) tokenFor(c *call) (string, error) {
	switch {
	case c == nil:
		return h.askToken(context.Background())
	case c.token != nil:
		answer := c.token
		if c.sink != nil {
			c.token = nil // a Send may need another one for its next attempt
		}
		return answer.text, answer.err
	}
	return h.askToken(c.ctx)
}

// catch makes a panic an error: it must not unwind through C.
func catch(err *error) {
	if value := recover(); value != nil {
		*err = &PanicError{Value: value, Stack: debug.Stack()}
	}
}

func putCredentials(sink *C.costmark_credentials_sink, credentials Credentials) error {
	var pins pins
	defer pins.Unpin()
	from := pins.credentials(&credentials)
	var err *C.costmark_error
	if status := C.costmark_credentials_put(sink, &from, &err); status != C.COSTMARK_OK {
		return takeError(status, err)
	}
	return nil
}

func hooksOf(handle C.uintptr_t) *hooks {
	return cgo.Handle(handle).Value().(*hooks)
}
