package main

import (
	"encoding/json"
	"io"
	"sync"

	costmark "github.com/costmark/costmark/capi/go"
)

// lines prints one JSON object a line. An answer that was forgotten is reported by a goroutine of its own.
type lines struct {
	mu   sync.Mutex
	out  io.Writer
	name string // of the case
	rows int    // that were printed
	err  error  // the first
}

type object map[string]any

func (l *lines) print(kind string, members object) {
	members["line"], members["case"], members["way"] = kind, l.name, way
	text, err := json.Marshal(members)
	l.mu.Lock()
	defer l.mu.Unlock()
	if kind == "row" {
		l.rows++
	}
	if err == nil {
		_, err = l.out.Write(append(text, '\n'))
	}
	if l.err == nil {
		l.err = err
	}
}

// fail keeps an error for the end of the case.
func (l *lines) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
}

func (l *lines) printed() (rows int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rows, l.err
}

// error prints why a client was not made, or a call not sent.
func (l *lines) error(kind string, err *costmark.Error, members object) {
	members["code"], members["offset"] = err.Code.String(), nil
	if err.Offset >= 0 {
		members["offset"] = err.Offset
	}
	l.print(kind, members)
}

func (l *lines) row(told costmark.Answer) {
	kind := "attempt"
	if told.Settlement {
		kind = "settlement"
	}
	l.print("row", object{
		"kind":           kind,
		"operation":      told.Operation,
		"attempt":        told.Attempt,
		"concurrent":     told.Concurrent,
		"project":        told.Project,
		"project_source": told.Source.String(),
		"api":            told.API.String(),
		"model":          told.Model,
		"status":         told.HTTPStatus,
		"outcome":        told.Outcome.String(),
		"request_id":     told.RequestID,
		"response_id":    told.ResponseID,
		"usage":          usageOf(&told.Usage),
		"flags":          flagsOf(told.Usage.Flags),
	})
}

func usageOf(usage *costmark.Usage) object {
	counts := object{}
	for _, count := range []struct {
		name  string
		known uint32
		value uint64
	}{
		{"input", costmark.UsageInput, usage.InputTokens},
		{"cached", costmark.UsageCachedInput, usage.CachedInputTokens},
		{"cache_write", costmark.UsageCacheWrite, usage.CacheWriteTokens},
		{"output", costmark.UsageOutput, usage.OutputTokens},
		{"reasoning", costmark.UsageReasoning, usage.ReasoningTokens},
		{"total", costmark.UsageTotal, usage.TotalTokens},
	} {
		if usage.Known&count.known != 0 {
			counts[count.name] = count.value
		}
	}
	return counts
}

func flagsOf(flags uint32) []string {
	names := []string{}
	for _, flag := range []struct {
		name string
		bit  uint32
	}{
		{"inconsistent", costmark.UsageFlagPartExceedsWhole},
		{"decreasing", costmark.UsageFlagDecreasing},
		{"total", costmark.UsageFlagTotal},
		{"unread", costmark.UsageFlagUnread},
		{"other_model", costmark.UsageFlagOtherModel},
	} {
		if flags&flag.bit != 0 {
			names = append(names, flag.name)
		}
	}
	return names
}

func (l *lines) counters(report costmark.UsageReport) {
	projects := object{}
	for i := range report {
		sums := report.Project(report[i].Project)
		projects[sums.Project] = object{
			"operations":   sums.Operations,
			"attempts":     sums.Attempts,
			"failed":       sums.FailedAttempts,
			"incomplete":   sums.IncompleteAttempts,
			"open":         sums.OpenAttempts,
			"input":        sums.InputTokens,
			"cached":       sums.CachedInputTokens,
			"cache_write":  sums.CacheWriteTokens,
			"output":       sums.OutputTokens,
			"reasoning":    sums.ReasoningTokens,
			"inconsistent": sums.Flagged,
		}
	}
	l.print("counters", object{"projects": projects})
}
