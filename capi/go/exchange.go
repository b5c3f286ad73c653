//go:build cgo

package costmark

import (
	"io"
	"net/http"
)

// exchange is one attempt on its way.
type exchange struct {
	transport *Transport
	incoming  *http.Request
	outgoing  *http.Request
	content   []byte // the caller's body; nil where it streams
	streams   bool   // the body passes without being read first

	operation *Operation
	joint     *joint // that the operation belongs to; nil: to this exchange alone
	prepared  *Prepared

	handedOver bool // to the reader of the answer
	plan       Plan

	// A refusal is read ahead, and the operation kept for the attempt after it. The rest is guarded by
	// the operation's mu, together with the operation itself: another exchange may have it after the end.
	mayRepeat bool
	ended     bool
	next      Next
}

// feed passes a piece of the answer through the operation.
func (x *exchange) feed(piece []byte) []byte {
	state := x.operation.state
	state.mu.Lock()
	defer state.mu.Unlock()
	if x.ended {
		return piece
	}
	return state.feed(piece)
}

// end ends the exchange, the first time, and returns what was held back.
func (x *exchange) end(outcome Outcome) []byte {
	rest, answer, isLast := x.endOnce(outcome)
	if answer != nil {
		x.transport.onExchange(Exchange{Request: x.incoming, Prepared: x.prepared, Answer: *answer})
	}
	if isLast {
		x.release()
	}
	return rest
}

// endOnce tells besides whether the operation may go now.
func (x *exchange) endOnce(outcome Outcome) (rest []byte, answer *Answer, isLast bool) {
	state := x.operation.state
	state.mu.Lock()
	defer state.mu.Unlock()
	if x.ended {
		return nil, nil, false
	}
	x.ended = true
	rest, x.next = state.end(outcome)
	if x.transport.onExchange != nil {
		told := state.answer()
		answer = &told
	}
	return rest, answer, !x.mayRepeat
}

// abandon ends an exchange that came to nothing; it does nothing to one that was handed over.
func (x *exchange) abandon() {
	if !x.handedOver {
		x.end(OutcomeError)
	}
}

// release gives the operation back to those it belongs to.
func (x *exchange) release() {
	if x.joint == nil {
		x.operation.Close()
		return
	}
	x.operation.state.mu.Lock()
	x.operation.state.unhold()
	x.operation.state.mu.Unlock()
	x.joint.give(x.operation)
}

// passOn leaves a refusal to its reader: the exchange ends with it, if it has not ended.
func (x *exchange) passOn() {
	state := x.operation.state
	state.mu.Lock()
	x.mayRepeat = false
	ended := x.ended
	state.mu.Unlock()
	if ended {
		x.release()
	}
}

// again reads a refusal ahead and prepares the next attempt; nil, when the refusal is the answer.
func (x *exchange) again(response *http.Response) *exchange {
	if response.Body != nil && !x.ended {
		body := readAhead(response.Body, x.plan)
		response.Body = body
		if !body.isWhole() {
			x.passOn()
			return nil
		}
	}
	if x.next.Step != StepAgain {
		x.passOn()
		return nil
	}
	next, err := x.repeat()
	if err != nil {
		x.passOn()
		return nil
	}
	return next
}

// repeat prepares the next attempt. After any error the caller has an answer.
func (x *exchange) repeat() (next *exchange, err error) {
	core, work, err := x.transport.client.enter()
	if err != nil {
		return nil, err
	}
	defer core.leave(work)
	work.putRequest(x.incoming)
	work.streams = x.streams
	next = &exchange{
		transport: x.transport, incoming: x.incoming, content: x.content, streams: x.streams,
		operation: x.operation, joint: x.joint,
	}
	var stream io.ReadCloser
	if x.streams {
		if stream, err = x.incoming.GetBody(); err != nil {
			return nil, err
		}
	}
	if err = next.prepareAgain(core, work); err == nil {
		if err = next.rebuild(work); err != nil {
			next.operation.Fail(OutcomeError) // it was not sent
		}
	}
	if stream != nil {
		if err != nil {
			_ = stream.Close()
			return nil, err
		}
		next.outgoing.Body = stream
	}
	return next, err
}
