package costmark

/*
#include "bridge.h"
*/
import "C"

import "time"

// Outcome is how an attempt ended.
type Outcome int32

// The outcomes.
const (
	OutcomeUnknown    Outcome = 0 // it has not ended, or the answer could not be read
	OutcomeOK         Outcome = 1 // a complete answer
	OutcomeError      Outcome = 2 // an error of the service, or the connection failed
	OutcomeCancelled  Outcome = 3 // the caller gave up
	OutcomeIncomplete Outcome = 4 // the answer was cut short, or says that it is not complete
	OutcomeOpen       Outcome = 5 // a background response, which is still at work
)

// String is the name of an outcome, such as "incomplete".
func (o Outcome) String() string { return C.GoString(C.costmark_outcome_name(C.costmark_outcome(o))) }

// Step is what to do after an attempt has ended.
type Step int32

// The steps.
const (
	StepNone       Step = 0 // no attempt has ended
	StepDone       Step = 1 // this was the last attempt
	StepAgain      Step = 2 // prepare again and send, at once
	StepAfterPause Step = 3 // the same after a pause, if your HTTP client does not do that
)

// String is the name of a step, such as "after_pause".
func (s Step) String() string { return C.GoString(C.costmark_step_name(C.costmark_step(s))) }

// Reason is why a Step is to be taken.
type Reason int32

// The reasons.
const (
	ReasonNone        Reason = 0
	ReasonAnswered    Reason = 1 // done: a complete answer
	ReasonCancelled   Reason = 2 // done: the caller gave up
	ReasonFinalAnswer Reason = 3 // done: repeating would bring the same answer
	ReasonNotRenewed  Reason = 4 // done: only the credentials or the token that were refused are to be had
	ReasonExhausted   Reason = 5 // done: as many attempts as option max_attempts allows
	ReasonRefused     Reason = 6 // again: the credentials, the token or the clock were refused; once
	ReasonBusy        Reason = 7 // after a pause: status 408, 409, 429 or at least 500
	ReasonNoAnswer    Reason = 8 // after a pause: the connection failed
	ReasonCutShort    Reason = 9 // after a pause, if you passed nothing on: the answer broke off
)

// String is the name of a reason, such as "refused".
func (r Reason) String() string { return C.GoString(C.costmark_reason_name(C.costmark_reason(r))) }

// Next is what to do after an attempt, and why.
type Next struct {
	Step   Step
	Reason Reason
	Pause  time.Duration // of StepAfterPause: what Retry-After asks for, else a backoff
}

// A Plan says how to read the body of an answer.
type Plan struct {
	// More than 0: the service refuses what authenticated the request. Read up to so many bytes, and for
	// no longer than ReadAheadTime, before you pass anything on; if the answer ends within them, finish
	// it and look at what is next.
	ReadAhead     int
	ReadAheadTime time.Duration
	// Feed may return other bytes than it takes: drop Content-Length.
	BodyMayChange bool
}

// Bits of Usage.Known.
const (
	UsageInput       = 0x01
	UsageCachedInput = 0x02
	UsageCacheWrite  = 0x04
	UsageOutput      = 0x08
	UsageReasoning   = 0x10
	UsageTotal       = 0x20
)

// Bits of Usage.Flags: reported as it came, and doubtful.
const (
	UsageFlagPartExceedsWhole = 0x01 // or a count was not an integer
	UsageFlagDecreasing       = 0x02 // a later report was smaller: it was not taken
	UsageFlagTotal            = 0x04 // the total is not the sum of its parts
	UsageFlagUnread           = 0x08 // a report could not be read
	UsageFlagOtherModel       = 0x10 // counts include work of another model
)

// Usage is the tokens that the service reported for one answer; never estimated.
type Usage struct {
	InputTokens       uint64 // with the cached and the cache-written ones
	CachedInputTokens uint64
	CacheWriteTokens  uint64
	OutputTokens      uint64 // with the reasoning ones
	ReasoningTokens   uint64
	TotalTokens       uint64 // as reported
	Known             uint32 // UsageInput and so on: what was reported; the others are 0
	Flags             uint32 // UsageFlagTotal and so on
}

// An Answer is one attempt: what is known so far, and all of it after its end.
type Answer struct {
	Operation string // id: a UUID of version 7; empty for a settlement of another process's response
	Attempt   int    // of its operation, from 1; 0 before one was sent
	// It began while another attempt of the operation was open.
	Concurrent bool
	// It is no attempt, but the end of a background response that a poll of it has seen.
	Settlement bool

	Project       string // "default" when the request named none
	Source        ProjectSource
	API           API
	Model         string // that the request named; empty for none
	ModelAnswered string // empty when not seen, as the next five
	ResponseID    string // such as "resp_..."
	RequestID     string // the service's
	ServiceTier   string // of the answer
	ErrorCode     string // that the body of an error named
	UsageJSON     string // the server's usage object as it came, up to 4,096 bytes

	Outcome    Outcome
	HTTPStatus int // 0: there was no answer
	Usage      Usage
	Latency    time.Duration // from sending to the end; 0 before that
	FirstByte  time.Duration // from sending to the first byte of the body; -1 before that
}

const (
	answerOfAttempt    = 1
	answerOfSettlement = 2
)

// answerFrom copies everything that C says of an attempt.
func answerFrom(told *C.costmark_answer) Answer {
	answer := Answer{
		Operation:     goString(told.operation),
		Attempt:       int(told.attempt),
		Concurrent:    told.concurrent != 0,
		Settlement:    told.kind == answerOfSettlement,
		Project:       goString(told.project),
		Source:        ProjectSource(told.project_source),
		API:           API(told.api),
		Model:         goString(told.model),
		ModelAnswered: goString(told.model_answered),
		ResponseID:    goString(told.response_id),
		RequestID:     goString(told.request_id),
		ServiceTier:   goString(told.service_tier),
		ErrorCode:     goString(told.error_code),
		UsageJSON:     goString(told.usage_json),
		Outcome:       Outcome(told.outcome),
		HTTPStatus:    int(told.http_status),
		Latency:       time.Duration(told.latency_us) * time.Microsecond,
		FirstByte:     -1,
	}
	if told.first_byte_us >= 0 && told.attempt != 0 {
		answer.FirstByte = time.Duration(told.first_byte_us) * time.Microsecond
	}
	if usage := told.usage; usage != nil {
		answer.Usage = Usage{
			InputTokens:       uint64(usage.input_tokens),
			CachedInputTokens: uint64(usage.cached_input_tokens),
			CacheWriteTokens:  uint64(usage.cache_write_tokens),
			OutputTokens:      uint64(usage.output_tokens),
			ReasoningTokens:   uint64(usage.reasoning_tokens),
			TotalTokens:       uint64(usage.total_tokens),
			Known:             uint32(usage.known),
			Flags:             uint32(usage.flags),
		}
	}
	return answer
}
