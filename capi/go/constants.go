package costmark

/*
#include "bridge.h"
*/
import "C"

// The numbers of this package are C's: a line does not compile where they differ.
const (
	_ = -uint(ErrInvalidArgument ^ C.COSTMARK_INVALID_ARGUMENT)
	_ = -uint(ErrInvalidJSON ^ C.COSTMARK_INVALID_JSON)
	_ = -uint(ErrInvalidURL ^ C.COSTMARK_INVALID_URL)
	_ = -uint(ErrBodyNeeded ^ C.COSTMARK_BODY_NEEDED)
	_ = -uint(ErrInvalidOption ^ C.COSTMARK_INVALID_OPTION)
	_ = -uint(ErrEndpointMismatch ^ C.COSTMARK_ENDPOINT_MISMATCH)
	_ = -uint(ErrUnsupported ^ C.COSTMARK_UNSUPPORTED)
	_ = -uint(ErrInvalidProject ^ C.COSTMARK_INVALID_PROJECT)
	_ = -uint(ErrUnattributed ^ C.COSTMARK_UNATTRIBUTED)
	_ = -uint(ErrConflict ^ C.COSTMARK_CONFLICT)
	_ = -uint(ErrProjectNotAllowed ^ C.COSTMARK_PROJECT_NOT_ALLOWED)
	_ = -uint(ErrNoCredentials ^ C.COSTMARK_NO_CREDENTIALS)
	_ = -uint(ErrExpiredCredentials ^ C.COSTMARK_EXPIRED_CREDENTIALS)
	_ = -uint(ErrUnusableCredentials ^ C.COSTMARK_UNUSABLE_CREDENTIALS)
	_ = -uint(ErrTransport ^ C.COSTMARK_TRANSPORT)
	_ = -uint(ErrTimeout ^ C.COSTMARK_TIMEOUT)
	_ = -uint(ErrThrottled ^ C.COSTMARK_THROTTLED)
	_ = -uint(ErrService ^ C.COSTMARK_SERVICE)
	_ = -uint(ErrOutOfMemory ^ C.COSTMARK_OUT_OF_MEMORY)
	_ = -uint(ErrInternal ^ C.COSTMARK_INTERNAL)
	_ = -uint(ErrStoppedByCallback ^ C.COSTMARK_STOPPED_BY_CALLBACK)
	_ = -uint(ErrCancelled ^ C.COSTMARK_CANCELLED)
	_ = -uint(ErrWouldBlock ^ C.COSTMARK_WOULD_BLOCK)

	_ = -uint(OptionUnknown ^ C.COSTMARK_OPTION_UNKNOWN)
	_ = -uint(OptionText ^ C.COSTMARK_OPTION_TEXT)
	_ = -uint(OptionSecret ^ C.COSTMARK_OPTION_SECRET)
	_ = -uint(OptionBoolean ^ C.COSTMARK_OPTION_BOOLEAN)
	_ = -uint(OptionInteger ^ C.COSTMARK_OPTION_INTEGER)
	_ = -uint(OptionChoice ^ C.COSTMARK_OPTION_CHOICE)
	_ = -uint(OptionList ^ C.COSTMARK_OPTION_LIST)
	_ = -uint(OptionURL ^ C.COSTMARK_OPTION_URL)

	_ = -uint(SourceNone ^ C.COSTMARK_SOURCE_NONE)
	_ = -uint(SourceRequest ^ C.COSTMARK_SOURCE_REQUEST)
	_ = -uint(SourceScope ^ C.COSTMARK_SOURCE_SCOPE)
	_ = -uint(SourceRule ^ C.COSTMARK_SOURCE_RULE)
	_ = -uint(SourceClient ^ C.COSTMARK_SOURCE_CLIENT)
	_ = -uint(SourceEnvironment ^ C.COSTMARK_SOURCE_ENVIRONMENT)

	_ = -uint(APIOther ^ C.COSTMARK_API_OTHER)
	_ = -uint(APIChatCompletions ^ C.COSTMARK_API_CHAT_COMPLETIONS)
	_ = -uint(APIResponses ^ C.COSTMARK_API_RESPONSES)
	_ = -uint(APIMessages ^ C.COSTMARK_API_MESSAGES)
	_ = -uint(APIEmbeddings ^ C.COSTMARK_API_EMBEDDINGS)
	_ = -uint(APIControl ^ C.COSTMARK_API_CONTROL)

	_ = -uint(OutcomeUnknown ^ C.COSTMARK_OUTCOME_UNKNOWN)
	_ = -uint(OutcomeOK ^ C.COSTMARK_OUTCOME_OK)
	_ = -uint(OutcomeError ^ C.COSTMARK_OUTCOME_ERROR)
	_ = -uint(OutcomeCancelled ^ C.COSTMARK_OUTCOME_CANCELLED)
	_ = -uint(OutcomeIncomplete ^ C.COSTMARK_OUTCOME_INCOMPLETE)
	_ = -uint(OutcomeOpen ^ C.COSTMARK_OUTCOME_OPEN)

	_ = -uint(StepNone ^ C.COSTMARK_STEP_NONE)
	_ = -uint(StepDone ^ C.COSTMARK_STEP_DONE)
	_ = -uint(StepAgain ^ C.COSTMARK_STEP_AGAIN)
	_ = -uint(StepAfterPause ^ C.COSTMARK_STEP_AFTER_PAUSE)

	_ = -uint(ReasonNone ^ C.COSTMARK_REASON_NONE)
	_ = -uint(ReasonAnswered ^ C.COSTMARK_REASON_ANSWERED)
	_ = -uint(ReasonCancelled ^ C.COSTMARK_REASON_CANCELLED)
	_ = -uint(ReasonFinalAnswer ^ C.COSTMARK_REASON_FINAL_ANSWER)
	_ = -uint(ReasonNotRenewed ^ C.COSTMARK_REASON_NOT_RENEWED)
	_ = -uint(ReasonExhausted ^ C.COSTMARK_REASON_EXHAUSTED)
	_ = -uint(ReasonRefused ^ C.COSTMARK_REASON_REFUSED)
	_ = -uint(ReasonBusy ^ C.COSTMARK_REASON_BUSY)
	_ = -uint(ReasonNoAnswer ^ C.COSTMARK_REASON_NO_ANSWER)
	_ = -uint(ReasonCutShort ^ C.COSTMARK_REASON_CUT_SHORT)

	_ = -uint(UsageInput ^ C.COSTMARK_USAGE_INPUT)
	_ = -uint(UsageCachedInput ^ C.COSTMARK_USAGE_CACHED_INPUT)
	_ = -uint(UsageCacheWrite ^ C.COSTMARK_USAGE_CACHE_WRITE)
	_ = -uint(UsageOutput ^ C.COSTMARK_USAGE_OUTPUT)
	_ = -uint(UsageReasoning ^ C.COSTMARK_USAGE_REASONING)
	_ = -uint(UsageTotal ^ C.COSTMARK_USAGE_TOTAL)

	_ = -uint(UsageFlagPartExceedsWhole ^ C.COSTMARK_USAGE_FLAG_PART_EXCEEDS_WHOLE)
	_ = -uint(UsageFlagDecreasing ^ C.COSTMARK_USAGE_FLAG_DECREASING)
	_ = -uint(UsageFlagTotal ^ C.COSTMARK_USAGE_FLAG_TOTAL)
	_ = -uint(UsageFlagUnread ^ C.COSTMARK_USAGE_FLAG_UNREAD)
	_ = -uint(UsageFlagOtherModel ^ C.COSTMARK_USAGE_FLAG_OTHER_MODEL)

	_ = -uint(answerOfAttempt ^ C.COSTMARK_ANSWER_ATTEMPT)
	_ = -uint(answerOfSettlement ^ C.COSTMARK_ANSWER_SETTLEMENT)

	_ = -uint(VerdictUnknown ^ C.COSTMARK_VERDICT_UNKNOWN)
	_ = -uint(VerdictHonored ^ C.COSTMARK_VERDICT_HONORED)
	_ = -uint(VerdictNotHonored ^ C.COSTMARK_VERDICT_NOT_HONORED)
)
