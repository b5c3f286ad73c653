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

// NewBearerToken makes a token that lives from 1 second to 12 hours (0: 12 hours), without asking AWS.
// The time is when its life begins; zero: now.
//
// Errors: ErrNoCredentials (a required field is empty, or not printable), ErrExpiredCredentials.
func NewBearerToken(credentials Credentials, region string, life time.Duration, at time.Time) (BearerToken,
	error,
) {
	if err := checkLife(life); err != nil {
		return BearerToken{}, err
	}
	var pins pins
	defer pins.Unpin()
	from := pins.credentials(&credentials)
	regionData, regionLength := text(region)
	var token *C.costmark_bearer_token
	var failure *C.costmark_error
	status := C.costmark_bearer_token_new(&from, regionData, regionLength, C.int64_t(life/time.Second),
		unixSeconds(at), &token, &failure)
	if status != C.COSTMARK_OK {
		return BearerToken{}, takeError(status, failure)
	}
	return takeToken(token), nil
}

// checkLife refuses what would count as the default, as 0 does.
func checkLife(life time.Duration) error {
	if life < 0 || (life > 0 && life < time.Second) {
		return refusal(ErrInvalidArgument, "the life of a bearer token is %s; it must be from 1 "+
			"second to 12 hours, or 0", life)
	}
	return nil
}

func takeToken(from *C.costmark_bearer_token) BearerToken {
	defer C.costmark_bearer_token_free(from)
	seen := C.costmark_bearer_token_view{struct_size: C.sizeof_costmark_bearer_token_view}
	C.costmark_bearer_token_read(from, &seen)
	return BearerToken{Text: goString(seen.text), Expires: timeFrom(seen.expires_unix_s)}
}

// A BearerTokenCache makes bearer tokens, and keeps the newest one. It is a BearerTokenProvider, and safe
// for use by many goroutines at once.
type BearerTokenCache struct {
	core *tokenCore
}

type tokenCore struct {
	users
	cache *C.costmark_bearer_token_cache
	hooks *hooks
	slots slots
}

// NewBearerTokenCache makes a cache of tokens that each live from 1 second to 12 hours; 0: 12
// hours. Its credentials are those of NewCredentialsCache; the region is the option's, else AWS_REGION,
// AWS_DEFAULT_REGION or the profile's. It fetches nothing yet.
//
// ErrInvalidOption: there is no region, or options cannot go together.
func NewBearerTokenCache(life time.Duration, options ...Option) (*BearerTokenCache, error) {
	if err := checkLife(life); err != nil {
		return nil, err
	}
	building, err := configure(options)
	if err != nil {
		return nil, err
	}
	defer building.free()
	core := &tokenCore{hooks: building.hooks, slots: newSlots()}
	core.end = func() { C.costmark_bearer_token_cache_release(core.cache) }
	var failure *C.costmark_error
	status := C.costmark_bearer_token_cache_new(building.config, C.int64_t(life/time.Second),
		&core.cache, &failure)
	if status != C.COSTMARK_OK {
		return nil, takeError(status, failure)
	}
	cache := &BearerTokenCache{core}
	runtime.AddCleanup(cache, func(core *tokenCore) { core.close() }, core)
	return cache, nil
}

// Close wipes what the cache holds. Calls that are running finish; later ones return ErrClosed. A
// cache that is forgotten is closed by the garbage collector, some time.
func (c *BearerTokenCache) Close() error {
	if c != nil && c.core != nil {
		c.core.close()
	}
	return nil
}

// use makes a call a user of the cache's core, until release.
func (c *BearerTokenCache) use() (*tokenCore, error) {
	if c == nil || c.core == nil {
		return nil, notMade("BearerTokenCache", "NewBearerTokenCache")
	}
	core := c.core
	entered := core.enter()
	runtime.KeepAlive(c)
	if !entered {
		return nil, ErrClosed
	}
	return core, nil
}

// Token returns the token that is valid now. Another one is made fifteen minutes before it ends, or when
// half of its life is over where that is shorter. It returns when the context is done, whatever the source
// of the credentials does. Errors are those of CredentialsCache.Credentials.
func (c *BearerTokenCache) Token(ctx context.Context) (BearerToken, error) {
	if err := checkContext(ctx); err != nil {
		return BearerToken{}, err
	}
	core, err := c.use()
	if err != nil {
		return BearerToken{}, err
	}
	defer core.release()
	var taken BearerToken
	var failure error
	if err := core.slots.within(ctx, &core.users, func() { taken, failure = core.get(ctx) }); err != nil {
		return BearerToken{}, err
	}
	return taken, failure
}

func (c *tokenCore) get(ctx context.Context) (BearerToken, error) {
	call := newCall(ctx)
	defer call.delete()
	var token *C.costmark_bearer_token
	err := call.repeat(ctx, c.hooks, func() (C.costmark_status, *C.costmark_error) {
		var failure *C.costmark_error
		status := C.cmgo_bearer_token_get(c.cache, call.handle, &token, &failure)
		return status, failure
	})
	if err != nil {
		return BearerToken{}, err
	}
	return takeToken(token), nil
}

// BearerToken is Token's text alone, for WithBearerToken.
func (c *BearerTokenCache) BearerToken(ctx context.Context) (string, error) {
	token, err := c.Token(ctx)
	return token.Text, err
}

// Refused tells that a service refused a token: if it is still the newest, it is forgotten, and so are
// the credentials that it was made from. It returns false when the next one would be the same again.
func (c *BearerTokenCache) Refused(token string) bool {
	core, err := c.use()
	if err != nil {
		return false
	}
	defer core.release()
	data, length := text(token)
	return bool(C.costmark_bearer_token_cache_refused(core.cache, data, length))
}
