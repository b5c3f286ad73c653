package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"log/slog"
	"runtime"
	"time"
)

// A BearerToken is a short-term Bedrock API key. It is good in its region alone, and for no longer than
// the credentials that it was made from. Printing one does not show it.
type BearerToken struct {
	Text    string    // without "Bearer "
	Expires time.Time // the earlier of its own end and that of its credentials
}

// String does not show the token.
func (b BearerToken) String() string {
	return "bearer token until " + b.Expires.UTC().Format(time.RFC3339)
}

// GoString is String, so that %#v does not show it either.
func (b BearerToken) GoString() string { return b.String() }

// LogValue is String, for slog.
func (b BearerToken) LogValue() slog.Value { return slog.StringValue(b.String()) }

// NewBearerToken makes a token that lives from 1 second to 12 hours, without asking AWS. The time is when
// its life begins; zero: now.
//
// Errors: ErrNoCredentials (a required field is empty, or not printable), ErrExpiredCredentials.
func NewBearerToken(credentials Credentials, region string, life time.Duration, at time.Time) (BearerToken,
	error,
) {
	var work workspace
	work.add(credentials.AccessKeyID)
	work.add(credentials.SecretAccessKey)
	work.add(credentials.SessionToken)
	work.add(region)
	defer work.forget()
	texts, lengths := work.texts()
	var token *C.costmark_bearer_token
	var failure *C.costmark_error
	status := C.cmgo_bearer_token_new(texts, lengths, C.size_t(len(work.lengths)),
		unixSeconds(credentials.Expires), C.int64_t(life/time.Second), unixSeconds(at), &token, &failure)
	if status != C.COSTMARK_OK {
		return BearerToken{}, takeError(status, failure)
	}
	return takeToken(token), nil
}

func takeToken(from *C.costmark_bearer_token) BearerToken {
	defer C.costmark_bearer_token_free(from)
	var length C.size_t
	return BearerToken{
		Text:    copied(C.costmark_bearer_token_text(from, &length), &length),
		Expires: timeFrom(C.costmark_bearer_token_expires_unix_s(from)),
	}
}

// A BearerTokenProvider makes bearer tokens, and keeps the newest one. It is safe for use by many
// goroutines at once.
type BearerTokenProvider struct {
	core *tokenCore
}

type tokenCore struct {
	users
	provider *C.costmark_bearer_token_provider
	hooks    *hooks
}

// NewBearerTokenProvider makes a provider of tokens that each live from 1 second to 12 hours; 0: 12
// hours. Its credentials are those of NewCredentialsCache; the region is the option's, else AWS_REGION,
// AWS_DEFAULT_REGION or the profile's. It fetches nothing yet.
//
// ErrInvalidOption: there is no region, or options cannot go together.
func NewBearerTokenProvider(life time.Duration, options ...Option) (*BearerTokenProvider, error) {
	if life < 0 || (life > 0 && life < time.Second) {
		return nil, refusal(ErrInvalidArgument, "the life of a bearer token is %s; it must be from 1 "+
			"second to 12 hours, or 0", life)
	}
	building, err := configure(options)
	if err != nil {
		return nil, err
	}
	defer building.free()
	core := &tokenCore{hooks: building.hooks}
	core.end = func() { C.costmark_bearer_token_provider_release(core.provider) }
	var failure *C.costmark_error
	status := C.costmark_bearer_token_provider_new(building.config, C.int64_t(life/time.Second),
		&core.provider, &failure)
	if status != C.COSTMARK_OK {
		return nil, takeError(status, failure)
	}
	provider := &BearerTokenProvider{core}
	runtime.AddCleanup(provider, func(core *tokenCore) { core.close() }, core)
	return provider, nil
}

// Close wipes what the provider holds. Calls that are running finish; later ones return ErrClosed. A
// provider that is forgotten is closed by the garbage collector, some time.
func (p *BearerTokenProvider) Close() error {
	p.core.close()
	return nil
}

// Token returns the token that is valid now. Another one is made fifteen minutes before it ends, or when
// half of its life is over where that is shorter. Errors are those of CredentialsCache.Credentials.
func (p *BearerTokenProvider) Token(ctx context.Context) (BearerToken, error) {
	core := p.core
	entered := core.enter()
	runtime.KeepAlive(p)
	if !entered {
		return BearerToken{}, ErrClosed
	}
	defer core.release()
	call := newCall(ctx)
	defer call.delete()
	var token *C.costmark_bearer_token
	err := call.repeat(ctx, core.hooks, func() (C.costmark_status, *C.costmark_error) {
		var failure *C.costmark_error
		status := C.cmgo_bearer_token_get(core.provider, call.handle, &token, &failure)
		return status, failure
	})
	if err != nil {
		return BearerToken{}, err
	}
	return takeToken(token), nil
}

// Text is Token's text alone: a TokenFunc, for WithBearerToken.
func (p *BearerTokenProvider) Text(ctx context.Context) (string, error) {
	token, err := p.Token(ctx)
	return token.Text, err
}

// Refused tells that a service refused a token: if it is still the newest, it is forgotten, and so are
// the credentials that it was made from. It returns false when the next one would be the same again.
func (p *BearerTokenProvider) Refused(token string) bool {
	core := p.core
	entered := core.enter()
	runtime.KeepAlive(p)
	if !entered {
		return false
	}
	defer core.release()
	data, length := text(token)
	return bool(C.costmark_bearer_token_provider_refused(core.provider, data, length))
}
