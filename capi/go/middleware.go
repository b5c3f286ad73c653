//go:build cgo

package costmark

import (
	"errors"
	"net/http"
)

// NoRetry keeps an SDK of openai-go's family from sending again what this package refuses, which would
// be refused again: it retries every error that a transport returns. It is a middleware:
//
//	openai.NewClient(
//		option.WithHTTPClient(&http.Client{Transport: transport}),
//		option.WithMiddleware(costmark.NoRetry),
//	)
func NoRetry(request *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response,
	error,
) {
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
