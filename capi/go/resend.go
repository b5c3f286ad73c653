//go:build cgo

package costmark

import (
	"errors"
	"io"
	"net/http"
	"strings"
)

// Credentials can be refused although they looked good: revoked, rotated, or used by a wrong clock. The
// library tells from the answer, and mends what it can; then the request is sent once more, before the
// caller sees the refusal. An answer that does not lead to that is passed on as it came.

// What is read of a refusal before its reader gets it.
const maxRefusal = 64 << 10

func (x *exchange) mayBeMended(response *http.Response) bool {
	refused := response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden
	return refused && x.prepared.Authorized && x.replayable()
}

// replayable tells whether the request's body can be sent again.
func (x *exchange) replayable() bool { return !x.streams || x.incoming.GetBody != nil }

// mended reads a refusal and returns the next attempt; nil, when the refusal is the answer.
func (x *exchange) mended(response *http.Response) *exchange {
	if response.Body != nil {
		body := &readAhead{rest: response.Body}
		response.Body = body
		if !body.complete() {
			return nil
		}
	}
	if !x.observation.RetryAdvised() {
		return nil
	}
	next, err := x.again()
	if err != nil {
		return nil
	}
	return next
}

// again prepares the next attempt. Any error tells that there is none: the caller has an answer.
func (x *exchange) again() (next *exchange, err error) {
	core, work, err := x.transport.client.enter()
	if err != nil {
		return nil, err
	}
	defer core.leave(work)
	work.putRequest(x.incoming)
	var stream io.ReadCloser
	if x.streams {
		if stream, err = x.incoming.GetBody(); err != nil {
			return nil, err
		}
	}
	next = &exchange{transport: x.transport, incoming: x.incoming, content: x.content, streams: x.streams}
	if err = next.prepareAgain(core, work, x); err == nil {
		if err = next.rebuild(work.hasOddNames); err != nil {
			next.fail(OutcomeError)
		}
	}
	if x.streams {
		if err != nil {
			_ = stream.Close()
			return nil, err
		}
		next.outgoing.Body = stream
	}
	return next, err
}

var errSameToken = errors.New("the token is the one that was refused")

// prepareAgain prepares the attempt after a refused one.
func (x *exchange) prepareAgain(core *core, work *workspace, refused *exchange) error {
	ctx := x.incoming.Context()
	// Not counted before it is known to be sent.
	prepared, _, err := work.prepare(ctx, core, x.content, 0)
	if err != nil {
		return err
	}
	authorization := prepared.value("Authorization")
	if strings.HasPrefix(authorization, "Bearer ") && authorization == refused.prepared.value("Authorization") {
		return errSameToken
	}
	operation := operationOf(ctx)
	x.attempt = operation.begin(refused.attempt + 1)
	x.prepared, x.observation, err = work.prepare(ctx, core, x.content, x.attempt)
	if err != nil {
		operation.giveBack()
	}
	return err
}

// readAhead is a body whose beginning was read before it was known who reads the rest.
type readAhead struct {
	ahead []byte
	err   error // follows what was read ahead; nil: the rest does
	rest  io.ReadCloser
	whole bool // all of it was read ahead, and the rest is closed
}

// complete reads to the end and lets go of the connection. False: the end is far, or did not come.
func (r *readAhead) complete() bool {
	buffer := make([]byte, 0, 1<<10)
	for r.err == nil {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		var n int
		n, r.err = r.rest.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if len(buffer) > maxRefusal {
			break
		}
	}
	r.ahead = buffer
	if r.err != io.EOF {
		return false
	}
	_ = r.rest.Close()
	r.whole = true
	return true
}

func (r *readAhead) Read(into []byte) (int, error) {
	if len(r.ahead) > 0 {
		n := copy(into, r.ahead)
		r.ahead = r.ahead[n:]
		return n, nil
	}
	if r.err != nil {
		return 0, r.err
	}
	return r.rest.Read(into)
}

func (r *readAhead) Close() error {
	if r.whole {
		return nil
	}
	return r.rest.Close()
}
