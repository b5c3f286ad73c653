package costmark

/*
#include "bridge.h"
*/
import "C"

import "slices"

// Totals are the sums of one project and one model: counts over operations, tokens over attempts, as the
// service reported them.
type Totals struct {
	Project string // "default" for calls that named none
	Model   string // that requests named; empty for none

	Operations         uint64 // calls of the user
	Attempts           uint64 // HTTP exchanges
	FailedAttempts     uint64 // outcome OutcomeError
	IncompleteAttempts uint64 // outcome OutcomeCancelled, OutcomeIncomplete or OutcomeUnknown
	OpenAttempts       uint64 // outcome open: background responses; their tokens count when a poll shows their end
	InputTokens        uint64 // with the cached and the cache-written ones
	CachedInputTokens  uint64
	CacheWriteTokens   uint64
	OutputTokens       uint64 // with the reasoning ones
	ReasoningTokens    uint64
	Flagged            uint64 // attempts whose usage has a UsageFlag

	// Not one project, but all that came after the first 10,000 pairs of project and model.
	Overflow bool
}

func (t *Totals) add(other *Totals) {
	t.Operations += other.Operations
	t.Attempts += other.Attempts
	t.FailedAttempts += other.FailedAttempts
	t.IncompleteAttempts += other.IncompleteAttempts
	t.OpenAttempts += other.OpenAttempts
	t.InputTokens += other.InputTokens
	t.CachedInputTokens += other.CachedInputTokens
	t.CacheWriteTokens += other.CacheWriteTokens
	t.OutputTokens += other.OutputTokens
	t.ReasoningTokens += other.ReasoningTokens
	t.Flagged += other.Flagged
}

// A UsageReport is the counters of a client at one moment, sorted by project, then model.
type UsageReport []Totals

// Project sums what one project has used, over all models.
func (r UsageReport) Project(project string) Totals {
	sum := Totals{Project: project}
	for i := range r {
		if r[i].Project == project && !r[i].Overflow {
			sum.add(&r[i])
		}
	}
	return sum
}

// RequestCounts counts requests that tell of a gap in the attribution: each that was prepared, each
// attempt, and each that was only observed.
type RequestCounts struct {
	Unattributed uint64 // that may cost money and named no project, or "default"
	Unrecognized uint64 // to no known route: passed unedited, at an unknown cost
}

// Requests counts the client's requests that went out with a gap in their attribution. After Close it
// returns the counts as they stood when the last answer had been read.
func (c *Client) Requests() (RequestCounts, error) {
	core := c.core
	if !core.join() {
		<-core.ended
		return core.finalRequests, nil
	}
	defer core.release()
	_, counts, err := readUsage(core.client)
	return counts, err
}

// Usage takes the counters of the client. After Close it returns them as they stood when the last answer
// had been read.
func (c *Client) Usage() (UsageReport, error) {
	if c == nil || c.core == nil {
		return nil, errNoClient
	}
	core := c.core
	if !core.join() {
		<-core.ended // another goroutine may be about to end it
		return slices.Clone(core.final), nil
	}
	defer core.release()
	report, _, err := readUsage(core.client)
	return report, err
}

// ResetUsage sets the counters of the client to zero. Attempts that are open count when they end.
func (c *Client) ResetUsage() {
	core, err := c.use()
	if err != nil {
		return
	}
	defer core.release()
	C.costmark_client_usage_reset(core.client)
}

func readUsage(client *C.costmark_client) (UsageReport, RequestCounts, error) {
	var from *C.costmark_usage_report
	var failure *C.costmark_error
	if status := C.costmark_client_usage(client, &from, &failure); status != C.COSTMARK_OK {
		return nil, RequestCounts{}, takeError(status, failure)
	}
	defer C.costmark_usage_report_free(from)
	counts := C.costmark_request_counts{struct_size: C.sizeof_costmark_request_counts}
	C.costmark_usage_report_requests(from, &counts)
	count := C.costmark_usage_report_count(from)
	report := make(UsageReport, 0, int(count))
	for i := range count {
		sums := C.costmark_usage_totals{struct_size: C.sizeof_costmark_usage_totals}
		C.costmark_usage_report_read(from, i, &sums)
		report = append(report, Totals{
			Project:            goString(sums.project),
			Model:              goString(sums.model),
			Operations:         uint64(sums.operations),
			Attempts:           uint64(sums.attempts),
			FailedAttempts:     uint64(sums.failed_attempts),
			IncompleteAttempts: uint64(sums.incomplete_attempts),
			OpenAttempts:       uint64(sums.open_attempts),
			InputTokens:        uint64(sums.input_tokens),
			CachedInputTokens:  uint64(sums.cached_input_tokens),
			CacheWriteTokens:   uint64(sums.cache_write_tokens),
			OutputTokens:       uint64(sums.output_tokens),
			ReasoningTokens:    uint64(sums.reasoning_tokens),
			Flagged:            uint64(sums.flagged),
			Overflow:           sums.overflow != 0,
		})
	}
	return report, RequestCounts{uint64(counts.unattributed), uint64(counts.unrecognized)}, nil
}
