package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
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
// Credentials is called by the goroutine whose request needs them, when those at hand are absent or
// about to expire; for one client never by two at once. It may block: the others go on with
// credentials that are still valid. The context is that of the call that needs them; when that is
// cancelled, the others who wait ask again.
//
// It must not use the client that asks, nor wait for a goroutine that does, nor end its goroutine
// (runtime.Goexit, testing.T.FailNow). A panic becomes an error that wraps a *PanicError.
type CredentialsProvider interface {
	Credentials(ctx context.Context) (Credentials, error)
}

// CredentialsFunc makes a function a CredentialsProvider.
type CredentialsFunc func(ctx context.Context) (Credentials, error)

// Credentials calls the function.
func (f CredentialsFunc) Credentials(ctx context.Context) (Credentials, error) { return f(ctx) }

// TokenFunc supplies a bearer token; what a CredentialsProvider must not do, it must not either.
type TokenFunc func(ctx context.Context) (string, error)

// A UsageEvent is one attempt of an inference request that has ended.
type UsageEvent struct {
	Project     string // "default" when the request named none
	Model       string // that answered; empty when not seen
	ResponseID  string // empty when not seen
	ServiceTier string // empty when not seen
	API         API
	Outcome     Outcome
	Usage       Usage
	HTTPStatus  int // 0: there was no answer
	Attempt     int // of its operation, from 1
}

// hooks is what C calls back into. It is reached through a cgo.Handle, never through a pointer, and
// holds nothing of the client, so that a forgotten client can be collected.
type hooks struct {
	credentials CredentialsProvider
	token       TokenFunc
	logger      *slog.Logger
	now         func() time.Time
	usage       func(UsageEvent)
	lastFailure atomic.Pointer[error] // of the credentials provider, for those who waited for it
}

func (b *building) setCredentials(provider CredentialsProvider) error {
	b.hooks.credentials = provider
	return b.register(func(handle C.uintptr_t, err **C.costmark_error) C.costmark_status {
		return C.cmgo_set_credentials(b.config, handle, err)
	})
}

func (b *building) setBearerToken(token TokenFunc) error {
	b.hooks.token = token
	return b.register(func(handle C.uintptr_t, err **C.costmark_error) C.costmark_status {
		return C.cmgo_set_bearer_token(b.config, handle, err)
	})
}

func (b *building) setLogger(logger *slog.Logger) error {
	b.hooks.logger = logger
	return b.register(func(handle C.uintptr_t, err **C.costmark_error) C.costmark_status {
		return C.cmgo_set_log(b.config, handle, err)
	})
}

func (b *building) setClock(now func() time.Time) error {
	b.hooks.now = now
	return b.register(func(handle C.uintptr_t, err **C.costmark_error) C.costmark_status {
		return C.cmgo_set_clock(b.config, handle, err)
	})
}

func (b *building) setUsage(ended func(UsageEvent)) error {
	b.hooks.usage = ended
	return b.register(func(handle C.uintptr_t, err **C.costmark_error) C.costmark_status {
		return C.cmgo_set_usage(b.config, handle, err)
	})
}

// register hands C a handle that C gives back in the end, even if it refuses it.
func (b *building) register(set func(C.uintptr_t, **C.costmark_error) C.costmark_status) error {
	var err *C.costmark_error
	if status := set(newHandle(b.hooks), &err); status != C.COSTMARK_OK {
		return takeError(status, err)
	}
	return nil
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
	token, err := hooksOf(handle).askToken(contextOf(call))
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

//export cmgoLog
func cmgoLog(handle, call C.uintptr_t, level C.int32_t, message *C.char, length C.size_t) {
	defer func() { _ = recover() }()
	levels := [...]slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}
	at := slog.LevelError
	if level >= 0 && int(level) < len(levels) {
		at = levels[level]
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

// noTime is none that C takes.
const noTime = -1

//export cmgoUsage
func cmgoUsage(handle C.uintptr_t, event *C.costmark_usage_event) {
	defer func() { _ = recover() }()
	hooksOf(handle).usage(UsageEvent{
		Project:     goString(event.project),
		Model:       goString(event.model),
		ResponseID:  goString(event.response_id),
		ServiceTier: goString(event.service_tier),
		API:         API(event.api),
		Outcome:     Outcome(event.outcome),
		Usage:       usageFrom(event.usage),
		HTTPStatus:  int(event.http_status),
		Attempt:     int(event.attempt),
	})
}

func (h *hooks) askCredentials(ctx context.Context) (credentials Credentials, err error) {
	defer catch(&err)
	return h.credentials.Credentials(ctx)
}

func (h *hooks) askToken(ctx context.Context) (token string, err error) {
	defer catch(&err)
	return h.token(ctx)
}

// catch makes a panic an error: it must not unwind through C.
func catch(err *error) {
	if value := recover(); value != nil {
		*err = &PanicError{Value: value, Stack: debug.Stack()}
	}
}

func putCredentials(sink *C.costmark_credentials_sink, credentials Credentials) error {
	key, keyLength := text(credentials.AccessKeyID)
	secret, secretLength := text(credentials.SecretAccessKey)
	token, tokenLength := text(credentials.SessionToken)
	account, accountLength := text(credentials.AccountID)
	var err *C.costmark_error
	status := C.cmgo_put_credentials(sink, key, keyLength, secret, secretLength, token, tokenLength,
		account, accountLength, unixSeconds(credentials.Expires), &err)
	if status != C.COSTMARK_OK {
		return takeError(status, err)
	}
	return nil
}

func hooksOf(handle C.uintptr_t) *hooks {
	return cgo.Handle(handle).Value().(*hooks)
}
