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
	// Ours carries the authorization, and the caller's own is what callers expect here.
	response.Request = x.incoming
	x.tellNext(response)
	coding := codingOf(response)
	x.plan = x.operation.Head(response.StatusCode, response.Header, coding == codingUnknown)
	x.mayRepeat = x.plan.ReadAhead > 0 && (!x.streams || x.incoming.GetBody != nil)
	if !x.mayRepeat {
		x.content = nil // the answer may be long, and its reader holds on to this
	}
	if response.StatusCode == http.StatusSwitchingProtocols || response.Body == nil ||
		response.Body == http.NoBody || response.ContentLength == 0 || x.incoming.Method == "HEAD" {
		x.end(OutcomeOK)
		return
	}
	response.Body = x.observed(response, coding)
}

// coding is what a body is encoded with.
type coding int

const (
	codingNone coding = iota
	codingGzip
	codingUnknown
)

// codingOf is the coding of a body as it comes from the transport below, which has decoded what it asked
// to be encoded; what is left the caller asked for.
func codingOf(response *http.Response) coding {
	switch strings.ToLower(strings.TrimSpace(response.Header.Get("Content-Encoding"))) {
	case "", "identity":
		return codingNone
	case "gzip", "x-gzip":
		return codingGzip
	}
	return codingUnknown
}
