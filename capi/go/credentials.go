package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"runtime"
	"sync"
)

// A CredentialsCache supplies the credentials that a client of the same options would sign with: it
// keeps them, and renews them before they end. It is a CredentialsProvider, and close to what other
// packages want of one:
//
//	aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
//		c, err := cache.Credentials(ctx)
//		return aws.Credentials{
//			AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
//			AccountID: c.AccountID, Expires: c.Expires, CanExpire: !c.Expires.IsZero(),
//		}, err
//	})
//
// It is safe for use by many goroutines at once.
type CredentialsCache struct {
	core *credentialsCore
}

type credentialsCore struct {
	users
	cache *C.costmark_credentials_cache
	hooks *hooks
	slots slots

	mu     sync.Mutex
	newest *C.costmark_credentials_set // that was handed out
	values Credentials                 // of it
}

// NewCredentialsCache makes a cache of the credentials that WithCredentials, keys or a profile say, and
// else of the default chain. It fetches nothing yet.
//
// ErrInvalidOption: options that cannot go together, or a bad variable in the environment.
func NewCredentialsCache(options ...Option) (*CredentialsCache, error) {
	building, err := configure(options)
	if err != nil {
		return nil, err
	}
	defer building.free()
	core := &credentialsCore{hooks: building.hooks, slots: newSlots()}
	core.end = core.free
	var failure *C.costmark_error
	status := C.costmark_credentials_cache_new(building.config, &core.cache, &failure)
	if status != C.COSTMARK_OK {
		return nil, takeError(status, failure)
	}
	cache := &CredentialsCache{core}
	runtime.AddCleanup(cache, func(core *credentialsCore) { core.close() }, core)
	return cache, nil
}

func (c *credentialsCore) free() {
	C.costmark_credentials_set_free(c.newest)
	C.costmark_credentials_cache_release(c.cache)
	c.values = Credentials{}
}

// Close wipes what the cache holds. Calls that are running finish; later ones return ErrClosed. A cache
// that is forgotten is closed by the garbage collector, some time.
func (c *CredentialsCache) Close() error {
	if c != nil && c.core != nil {
		c.core.close()
	}
	return nil
}

// use makes a call a user of the cache's core, until release.
func (c *CredentialsCache) use() (*credentialsCore, error) {
	if c == nil || c.core == nil {
		return nil, notMade("CredentialsCache", "NewCredentialsCache")
	}
	core := c.core
	entered := core.enter()
	runtime.KeepAlive(c)
	if !entered {
		return nil, ErrClosed
	}
	return core, nil
}

// Credentials returns those that are valid now. It fetches or renews them first where that is due: one
// goroutine does, while others go on with those that are still valid. It returns when the context is
// done, whatever the source does. The context is the one that the provider of WithCredentials gets.
//
// Errors: ErrNoCredentials, ErrExpiredCredentials, ErrUnusableCredentials; ErrTransport, ErrTimeout,
// ErrThrottled, ErrService: they could not be fetched, and none are left; what the provider returned,
// wrapped; ErrClosed.
func (c *CredentialsCache) Credentials(ctx context.Context) (Credentials, error) {
	if err := checkContext(ctx); err != nil {
		return Credentials{}, err
	}
	core, err := c.use()
	if err != nil {
		return Credentials{}, err
	}
	defer core.release()
	var taken Credentials
	var failure error
	if err := core.slots.within(ctx, &core.users, func() { taken, failure = core.get(ctx) }); err != nil {
		return Credentials{}, err
	}
	return taken, failure
}

func (c *credentialsCore) get(ctx context.Context) (Credentials, error) {
	call := newCall(ctx)
	defer call.delete()
	var set *C.costmark_credentials_set
	err := call.repeat(ctx, c.hooks, func() (C.costmark_status, *C.costmark_error) {
		var failure *C.costmark_error
		status := C.cmgo_credentials_get(c.cache, call.handle, &set, &failure)
		return status, failure
	})
	if err != nil {
		return Credentials{}, err
	}
	return c.keep(set), nil
}

// keep copies a set, and keeps it to tell later that it was refused.
func (c *credentialsCore) keep(set *C.costmark_credentials_set) Credentials {
	seen := C.costmark_credentials{struct_size: C.sizeof_costmark_credentials}
	C.costmark_credentials_set_read(set, &seen)
	values := Credentials{
		AccessKeyID:     goString(seen.access_key_id),
		SecretAccessKey: goString(seen.secret_access_key),
		SessionToken:    goString(seen.session_token),
		AccountID:       goString(seen.account_id),
		Expires:         timeFrom(seen.expires_unix_s),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	C.costmark_credentials_set_free(c.newest)
	c.newest, c.values = set, values
	return values
}

// Source is where the credentials that were handed out last came from, such as "environment"; empty
// before.
func (c *CredentialsCache) Source() string {
	core, err := c.use()
	if err != nil {
		return ""
	}
	defer core.release()
	core.mu.Lock()
	defer core.mu.Unlock()
	seen := C.costmark_credentials{struct_size: C.sizeof_costmark_credentials}
	C.costmark_credentials_set_read(core.newest, &seen)
	return goString(seen.source)
}

// Refused tells the cache that a service refused credentials as expired or invalid: if they are still the
// newest, the next call of Credentials fetches others, at most every five seconds. It returns false when
// the next ones would be the same again.
func (c *CredentialsCache) Refused(refused Credentials) bool {
	core, err := c.use()
	if err != nil {
		return false
	}
	defer core.release()
	core.mu.Lock()
	defer core.mu.Unlock()
	if core.newest == nil || refused != core.values {
		return core.newest != nil
	}
	return bool(C.costmark_credentials_cache_refused(core.cache, core.newest))
}

// A CredentialsReport says how the default chain came to its answer. It holds no secrets.
type CredentialsReport struct {
	Found        bool                // there are credentials
	Sources      []CredentialsSource // that were asked, in the order of the chain
	Region       string              // that the environment or the profile names; empty for none
	RegionOrigin string              // where that region stands, such as "AWS_REGION"
}

// A CredentialsSource is one place where the default chain looks for credentials.
type CredentialsSource struct {
	Name    string
	Failure string // why it has none; empty for the one that has
}

// ExplainCredentials runs the default chain and records each source's result. Of the options the profile
// and the region count, and those of keys, which go before the chain, and of a role, which is asked for
// at its end. It blocks as fetching credentials does.
func ExplainCredentials(options ...Option) (*CredentialsReport, error) {
	building, err := configure(options)
	if err != nil {
		return nil, err
	}
	defer building.free()
	var from *C.costmark_credentials_report
	var failure *C.costmark_error
	status := C.costmark_config_explain_credentials(building.config, &from, &failure)
	if status != C.COSTMARK_OK {
		return nil, takeError(status, failure)
	}
	defer C.costmark_credentials_report_free(from)
	seen := C.costmark_credentials_report_view{struct_size: C.sizeof_costmark_credentials_report_view}
	C.costmark_credentials_report_read(from, &seen)
	report := &CredentialsReport{
		Found: seen.found != 0, Region: goString(seen.region), RegionOrigin: goString(seen.region_origin),
	}
	for i := range seen.source_count {
		var name, failure C.costmark_str
		C.costmark_credentials_report_source(from, i, &name, &failure)
		report.Sources = append(report.Sources, CredentialsSource{goString(name), goString(failure)})
	}
	return report, nil
}
