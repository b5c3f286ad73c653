package costmark

/*
#include "bridge.h"
*/
import "C"

// Totals are the sums of one project: counts over operations, tokens over attempts, as the service
// reported them.
type Totals struct {
	Operations         uint64 // calls of the user
	Attempts           uint64 // HTTP exchanges
	FailedAttempts     uint64 // outcome OutcomeError
	IncompleteAttempts uint64 // outcome OutcomeCancelled, OutcomeIncomplete or OutcomeUnknown
	InputTokens        uint64 // with the cached and the cache-written ones
	CachedInputTokens  uint64
	CacheWriteTokens   uint64
	OutputTokens       uint64 // with the reasoning ones
	ReasoningTokens    uint64
	Inconsistent       uint64 // attempts whose usage was flagged
}

// Usage takes the counters of the client, by project id; calls that named none are under "default".
// After Close it returns them as they stood when the last answer had been read.
func (c *Client) Usage() (map[string]Totals, error) {
	core := c.core
	if !core.join() {
		<-core.ended // another goroutine may be about to end it
		copied := make(map[string]Totals, len(core.final))
		for project, sums := range core.final {
			copied[project] = sums
		}
		return copied, nil
	}
	defer core.release()
	return totals(core.client)
}

func totals(client *C.costmark_client) (map[string]Totals, error) {
	var report *C.costmark_usage_report
	var failure *C.costmark_error
	if status := C.costmark_client_usage(client, &report, &failure); status != C.COSTMARK_OK {
		return nil, takeError(status, failure)
	}
	defer C.costmark_usage_report_free(report)
	count := int(C.costmark_usage_report_count(report))
	usage := make(map[string]Totals, count)
	for i := range count {
		var length C.size_t
		project := C.costmark_usage_report_project(report, C.size_t(i), &length)
		var sums C.costmark_usage_totals
		sums.struct_size = C.sizeof_costmark_usage_totals
		status := C.costmark_usage_report_totals(report, C.size_t(i), &sums, &failure)
		if status != C.COSTMARK_OK {
			return nil, takeError(status, failure)
		}
		usage[string(view(project, length))] = Totals{
			Operations:         uint64(sums.operations),
			Attempts:           uint64(sums.attempts),
			FailedAttempts:     uint64(sums.failed_attempts),
			IncompleteAttempts: uint64(sums.incomplete_attempts),
			InputTokens:        uint64(sums.input_tokens),
			CachedInputTokens:  uint64(sums.cached_input_tokens),
			CacheWriteTokens:   uint64(sums.cache_write_tokens),
			OutputTokens:       uint64(sums.output_tokens),
			ReasoningTokens:    uint64(sums.reasoning_tokens),
			Inconsistent:       uint64(sums.inconsistent),
		}
	}
	return usage, nil
}
