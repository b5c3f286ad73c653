//go:build cgo

package costmark

import (
	"math"
	"net/http"
)

// DefaultMaxBody is how long a request body may be unless MaxBody says otherwise.
const DefaultMaxBody = 128 << 20

// An Exchange is one HTTP exchange that has ended, for OnExchange.
type Exchange struct {
	Request  *http.Request // as it came from the caller, without our signature
	Prepared *Prepared     // its Set carries the signature: do not log it
	Answer   Answer
}

// A TransportOption says what a Transport is to do besides.
type TransportOption func(*Transport)

// MaxBody bounds the length of request bodies, in bytes; 0 or less: DefaultMaxBody. Bodies that are
// attributed or signed are read whole into memory first.
func MaxBody(bytes int64) TransportOption {
	return func(t *Transport) { t.maxBody = bytes }
}

// OnExchange has a function called once for each exchange when it has ended, on the goroutine that reads
// or closes the answer to its end. It must not panic.
func OnExchange(ended func(Exchange)) TransportOption {
	return func(t *Transport) { t.onExchange = ended }
}

// A Transport is an http.RoundTripper that attributes, signs and observes what goes through it. Each
// round trip is one attempt, with a signature of its own; it is two when the service refuses the first
// one's credentials, token or time, and others are to be had. What the transport below repeats unseen,
// such as net/http on a connection that was closed, is one attempt.
type Transport struct {
	client     *Client
	base       http.RoundTripper
	maxBody    int64
	onExchange func(Exchange)
}

// NewTransport makes a Transport that sends through another; nil is http.DefaultTransport. One client
// may be under many transports, and one transport under many HTTP clients.
func NewTransport(client *Client, base http.RoundTripper, options ...TransportOption) *Transport {
	t := &Transport{client: client, base: base}
	for _, option := range options {
		if option != nil {
			option(t)
		}
	}
	return t
}

// below is what sends the requests.
func (t *Transport) below() http.RoundTripper {
	if t.base == nil {
		return http.DefaultTransport
	}
	return t.base
}

// bodyLimit is how long a body may be. One more than it is a number, too.
func (t *Transport) bodyLimit() int64 {
	if t.maxBody <= 0 {
		return DefaultMaxBody
	}
	return min(t.maxBody, math.MaxInt64-1)
}

// CloseIdleConnections does so in the transport below, if that can.
func (t *Transport) CloseIdleConnections() {
	if t == nil {
		return
	}
	if closer, ok := t.below().(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// RoundTrip prepares the request, sends a copy of it, and observes the answer. The request is not
// changed. A refusal of the credentials, the token or the time is read ahead, for a moment; if it ends
// and others are to be had, the request is prepared anew and sent once more, if its body can be.
//
// Errors are those of Client.Prepare, before anything was sent, and those of the transport below. A
// request that was redirected is refused if it, or the one before it, was authorized by this package.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	x, err := t.prepare(request)
	if err != nil {
		return nil, err
	}
	response, err := x.send()
	if err != nil || !x.mayRepeat {
		return response, err
	}
	if next := x.again(response); next != nil {
		return next.send()
	}
	return response, nil
}

// send makes the attempt.
func (x *exchange) send() (*http.Response, error) {
	// Should the transport below panic, nothing came of the attempt.
	defer x.abandon()
	x.operation.Sent()
	response, err := x.transport.below().RoundTrip(x.outgoing)
	if err != nil {
		x.end(outcomeOf(x.incoming.Context(), err, OutcomeError))
		return nil, err
	}
	x.answered(response)
	return response, nil
}
