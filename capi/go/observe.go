package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"bytes"
	"net/http"
	"runtime"
	"sync"
)

// Outcome is how an attempt ended.
type Outcome int32

// The outcomes.
const (
	OutcomeOK         Outcome = 0 // a complete answer
	OutcomeError      Outcome = 1 // an error of the service, or the connection failed
	OutcomeCancelled  Outcome = 2 // the caller gave up
	OutcomeIncomplete Outcome = 3 // the answer broke off, or says that it is not complete
	OutcomeUnknown    Outcome = 4 // the answer could not be read
)

// String is the name of an outcome, such as "incomplete".
func (o Outcome) String() string { return C.GoString(C.costmark_outcome_name(C.costmark_outcome(o))) }

// Counts are bits that say which counts of a Usage were reported.
type Counts uint32

// The counts.
const (
	CountInput       Counts = 0x01
	CountCachedInput Counts = 0x02
	CountCacheWrite  Counts = 0x04
	CountOutput      Counts = 0x08
	CountReasoning   Counts = 0x10
)

// Usage is the tokens that the service reported for one answer; never estimated.
type Usage struct {
	InputTokens       uint64 // with the cached and the cache-written ones
	CachedInputTokens uint64
	CacheWriteTokens  uint64
	OutputTokens      uint64 // with the reasoning ones
	ReasoningTokens   uint64
	Known             Counts // what was reported; the others are 0
	Inconsistent      bool   // a part exceeds its whole, or a count was no integer
}

// An Answer is what one answer told.
type Answer struct {
	Outcome     Outcome
	Usage       Usage
	ResponseID  string // such as "resp_..."; empty when not seen
	Model       string // that answered
	ServiceTier string
}

// An Observation reads one answer and counts it with its client. Head comes first, then Feed as often
// as there are pieces, then Finish or Fail. Methods may be called by any goroutine; an observation
// that is forgotten counts as cancelled when the garbage collector finds it.
type Observation struct {
	mu       sync.Mutex
	held     held // zero after the end
	passed   []byte
	answer   Answer
	advised  bool
	fallback runtime.Cleanup
}

// held is what C holds for an observation.
type held struct {
	observation *C.costmark_observation
	core        *core
}

func (h held) free() {
	C.costmark_observation_free(h.observation)
	h.core.release()
}

// newObservation takes over one of C's. The core has a user while this is called.
func newObservation(core *core, observation *C.costmark_observation) *Observation {
	core.join()
	o := &Observation{held: held{observation, core}}
	o.fallback = runtime.AddCleanup(o, held.free, o.held)
	return o
}

// Head takes the status, from 100 to 599, and the header of the answer, of which Content-Type, Date
// and X-Amzn-Errortype count. A body with a Content-Encoding must be decoded before it is fed.
func (o *Observation) Head(status int, header http.Header) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held.observation == nil {
		return refusal(ErrInvalidArgument, "this answer has ended")
	}
	contentType, contentTypeLength := text(header.Get("Content-Type"))
	date, dateLength := text(header.Get("Date"))
	errorType, errorTypeLength := text(header.Get("X-Amzn-Errortype"))
	var failure *C.costmark_error
	result := C.cmgo_head(o.held.observation, C.int32_t(status), contentType, contentTypeLength,
		date, dateLength, errorType, errorTypeLength, &failure)
	if result != C.COSTMARK_OK {
		return takeError(result, failure)
	}
	return nil
}

// Feed takes the next piece of the body and returns what to pass on to its reader: the piece itself,
// unless the library asked the service for a usage chunk that the caller did not ask for. It may be a
// part of piece, and is good until the next call. After the end the piece passes as it is.
func (o *Observation) Feed(piece []byte) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held.observation == nil || len(piece) == 0 {
		return piece
	}
	var passed C.cmgo_piece
	C.cmgo_feed(o.held.observation, chars(piece), C.size_t(len(piece)), &passed)
	if passed.data == nil {
		return piece[passed.offset : passed.offset+passed.len]
	}
	o.passed = append(o.passed[:0], view(passed.data, passed.len)...)
	return o.passed
}

// Finish ends the answer: it is complete. It counts it, and returns bytes that were held back and are
// now to be passed on. After an end of either kind it does nothing.
func (o *Observation) Finish() []byte {
	rest, _ := o.end(OutcomeOK)
	return rest
}

// Fail ends the answer: it broke off, never came, or nobody wants it any more. What the answer said
// about its own end stands. The rest is as with Finish.
func (o *Observation) Fail(outcome Outcome) []byte {
	if outcome <= OutcomeOK || outcome > OutcomeUnknown {
		outcome = OutcomeUnknown
	}
	rest, _ := o.end(outcome)
	return rest
}

// Answer is what the answer told, after its end.
func (o *Observation) Answer() Answer {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.answer
}

// RetryAdvised tells, after the end, whether to prepare the request anew and send it once more, as the
// next attempt: when the service refused what the library signed with, though other credentials,
// another token or the right time may be accepted. At most once in a call. A Transport and Send do so
// by themselves.
func (o *Observation) RetryAdvised() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.advised
}

// end tells besides whether it was this call that ended the answer.
func (o *Observation) end(outcome Outcome) (rest []byte, first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	held := o.held
	if held.observation == nil {
		return nil, false
	}
	o.held.observation, o.held.core = nil, nil
	o.fallback.Stop()
	var told C.cmgo_answer
	C.cmgo_end(held.observation, C.costmark_outcome(outcome), &told)
	rest = bytes.Clone(view(told.held_back.data, told.held_back.len))
	o.advised = bool(told.retry_advised)
	o.answer = Answer{
		Outcome:     Outcome(told.outcome),
		Usage:       usageFrom(&told.usage),
		ResponseID:  goString(told.response_id),
		Model:       goString(told.model),
		ServiceTier: goString(told.service_tier),
	}
	held.free()
	runtime.KeepAlive(o)
	return rest, true
}

func usageFrom(told *C.costmark_usage) Usage {
	return Usage{
		InputTokens:       uint64(told.input_tokens),
		CachedInputTokens: uint64(told.cached_input_tokens),
		CacheWriteTokens:  uint64(told.cache_write_tokens),
		OutputTokens:      uint64(told.output_tokens),
		ReasoningTokens:   uint64(told.reasoning_tokens),
		Known:             Counts(told.known),
		Inconsistent:      told.inconsistent != 0,
	}
}
