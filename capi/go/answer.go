//go:build cgo

package costmark

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// outcomeOf tells a caller who gave up from a connection that failed.
func outcomeOf(ctx context.Context, err error, failed Outcome) Outcome {
	if ctx.Err() != nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return OutcomeCancelled
	}
	return failed
}

// answered takes the answer: counts it at once if it has no body, and else reads along.
func (x *exchange) answered(response *http.Response) {
	x.handedOver = true
	x.status = response.StatusCode
	// Ours carries the authorisation, and the caller's own is what callers expect here.
	response.Request = x.incoming
	if isRedirect(response.StatusCode) && x.prepared.Authorized {
		response.Request =
			x.incoming.WithContext(context.WithValue(x.incoming.Context(), signedKey{}, true))
	}
	if err := x.observation.Head(response.StatusCode, response.Header); err != nil {
		x.fail(OutcomeUnknown)
		return
	}
	if response.StatusCode == http.StatusSwitchingProtocols || response.Body == nil ||
		response.Body == http.NoBody || response.ContentLength == 0 || x.incoming.Method == "HEAD" {
		x.finish()
		return
	}
	response.Body = x.observed(response)
}

// mayHideChunk tells whether something may be taken out of an answer: the usage chunk that the
// library asked for.
func (x *exchange) mayHideChunk(response *http.Response) bool {
	contentType := strings.ToLower(response.Header.Get("Content-Type"))
	return x.prepared.HidesUsageChunk &&
		strings.HasPrefix(strings.TrimSpace(contentType), "text/event-stream")
}

// finish and fail end the exchange, the first time, and return what was held back.
func (x *exchange) finish() []byte { return x.end(OutcomeOK) }

func (x *exchange) fail(outcome Outcome) []byte { return x.end(outcome) }

// abandon ends an exchange that came to nothing; it does nothing to one that was handed over.
func (x *exchange) abandon() {
	if !x.handedOver {
		x.fail(OutcomeError)
	}
}

func (x *exchange) end(outcome Outcome) []byte {
	rest, first := x.observation.end(outcome)
	if first && x.transport.onExchange != nil {
		x.transport.onExchange(Exchange{
			Request:  x.incoming,
			Prepared: x.prepared,
			Attempt:  int(x.attempt),
			Status:   x.status,
			Answer:   x.observation.Answer(),
		})
	}
	return rest
}
