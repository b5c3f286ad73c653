//go:build cgo

package costmark

import (
	"errors"
	"net/http"
	"sync"
)

type (
	roundTrip  = func(*http.Request) (*http.Response, error)
	middleware = func(*http.Request, roundTrip) (*http.Response, error)
)

// JoinRetries is an option of an SDK of openai-go's family, anthropic-sdk-go among them: it makes what
// the SDK sends for one call of the user attempts of one operation. It takes the SDK's own way to set a
// middleware:
//
//	openai.NewClient(
//		option.WithHTTPClient(&http.Client{Transport: costmark.NewTransport(client, nil)}),
//		costmark.JoinRetries(option.WithMiddleware),
//	)
//
// It also keeps the SDK from sending again what this package refuses, which would be refused again: such
// an SDK retries every error that a transport returns.
func JoinRetries[Option requestOption[Config], Config any](withMiddleware func(...middleware) Option) Option {
	// An SDK applies its options anew for each call, and runs its middleware for each attempt.
	each := eachCall[Option, Config]{withMiddleware}
	if option, ok := any(each).(Option); ok {
		return option
	}
	return withMiddleware(noRetry)
}

type requestOption[Config any] interface{ Apply(*Config) error }

type eachCall[Option requestOption[Config], Config any] struct {
	withMiddleware func(...middleware) Option
}

// Apply gives a call a middleware of its own.
func (e eachCall[Option, Config]) Apply(config *Config) error {
	return e.withMiddleware(new(calls).join).Apply(config)
}

// calls are those that share a middleware: the pages of a list do, one after the other.
type calls struct {
	mu    sync.Mutex
	of    string // method and URL of the last one
	joint *joint
}

func (c *calls) join(request *http.Request, next roundTrip) (*http.Response, error) {
	if ctx := request.Context(); jointOf(ctx) == nil {
		request = request.WithContext(withJoint(ctx, c.jointOf(request)))
	}
	return noRetry(request, next)
}

// jointOf is that of the last request, unless this one is for something else.
func (c *calls) jointOf(request *http.Request) *joint {
	of := request.Method + " " + request.URL.String()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.joint == nil || c.of != of {
		c.of, c.joint = of, new(joint)
	}
	return c.joint
}

// noRetry has an SDK return what this package refuses.
func noRetry(request *http.Request, next roundTrip) (*http.Response, error) {
	response, err := next(request)
	var refused *Error
	if response == nil && errors.As(err, &refused) && !refused.Retryable {
		// The SDK looks into the answer first, and returns the error all the same.
		response = &http.Response{
			Header:  http.Header{"X-Should-Retry": {"false"}},
			Body:    http.NoBody,
			Request: request,
		}
	}
	return response, err
}
