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
	Attempt  int           // of its operation, from 1
	Status   int           // of the answer; 0: none came
	Answer   Answer
}

// A TransportOption says what a Transport is to do besides.
type TransportOption func(*Transport)

// MaxBody bounds the length of request bodies, in bytes. Bodies that are attributed or signed are read
// whole into memory first.
func MaxBody(bytes int64) TransportOption {
	return func(t *Transport) { t.maxBody = min(bytes, math.MaxInt64-1) }
}

// OnExchange has a function called once for each exchange when it has ended: by whoever reads or closes
// the answer to its end. It must not panic.
func OnExchange(ended func(Exchange)) TransportOption {
	return func(t *Transport) { t.onExchange = ended }
}

// A Transport is an http.RoundTripper that attributes, signs and observes what goes through it. Each
// round trip is one attempt, with a signature of its own; it is two when the service refuses the first
// one's credentials, token or time, and others are to be had.
type Transport struct {
	client     *Client
	base       http.RoundTripper
	maxBody    int64
	onExchange func(Exchange)
}

// NewTransport makes a Transport that sends through another; nil is http.DefaultTransport. One client
// may be under many transports, and one transport under many HTTP clients.
func NewTransport(client *Client, base http.RoundTripper, options ...TransportOption) *Transport {
	if base == nil {
		base = http.DefaultTransport
	}
	t := &Transport{client: client, base: base, maxBody: DefaultMaxBody}
	for _, option := range options {
		option(t)
	}
	return t
}

// CloseIdleConnections does so in the transport below, if that can.
func (t *Transport) CloseIdleConnections() {
	if closer, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// RoundTrip prepares the request, sends a copy of it, and observes the answer. The request is not
// changed. An answer of status 401 or 403 that blames the credentials, the token or the time is read to
// its end, and the request is prepared anew and sent once more, if its body can be and if that may help.
//
// Errors are those of Client.Prepare, before anything was sent, and those of the transport below. A
// request that was redirected is refused if it, or the one before it, was signed.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	sending, err := t.prepare(request)
	if err != nil {
		return nil, err
	}
	response, err := sending.send()
	if err != nil || !sending.mayBeMended(response) {
		sending.content = nil // the answer may be long, and its reader holds on to this
		return response, err
	}
	if next := sending.mended(response); next != nil {
		return next.send()
	}
	return response, nil
}

// send makes the attempt.
func (x *exchange) send() (*http.Response, error) {
	// Should the transport below panic, nothing came of the attempt.
	defer x.abandon()
	response, err := x.transport.base.RoundTrip(x.outgoing)
	if err != nil {
		x.fail(outcomeOf(x.incoming.Context(), err, OutcomeError))
		return nil, err
	}
	x.answered(response)
	return response, nil
}

// exchange is one attempt on its way.
type exchange struct {
	transport   *Transport
	incoming    *http.Request
	outgoing    *http.Request
	content     []byte // the caller's body; nil where it streams
	streams     bool   // the body passes without being read first
	prepared    *Prepared
	observation *Observation
	attempt     uint32
	status      int
	handedOver  bool // to the reader of the answer
}
