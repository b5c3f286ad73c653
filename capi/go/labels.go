package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"maps"
	"slices"
)

// Labels are a caller's own names and values, which the rows of the ledger then carry: at most 16 in all, of
// 2,048 bytes, names and values together; a name has 1 to 128 bytes. Texts hold no control characters.
type Labels map[string]string

type labelsKey struct{}

// labelSet is what a context holds: labels in the order of their names, and the same as texts for C.
type labelSet struct {
	all   Labels
	texts []string
}

// WithLabels returns a context whose calls have labels, beside those of the context: of a name that is given
// twice the new one counts. The labels are checked here: ErrInvalidArgument tells which one is not as
// Labels are, and does not repeat its value.
func WithLabels(ctx context.Context, labels Labels) (context.Context, error) {
	ctx = notNil(ctx)
	set := &labelSet{all: maps.Clone(labelsOf(ctx).all)}
	if set.all == nil {
		set.all = make(Labels, len(labels))
	}
	maps.Copy(set.all, labels)
	for _, name := range slices.Sorted(maps.Keys(set.all)) {
		set.texts = append(set.texts, name, set.all[name])
	}
	if err := checkLabels(set.texts); err != nil {
		return nil, err
	}
	return context.WithValue(ctx, labelsKey{}, set), nil
}

// LabelsFrom is the labels that calls with the context have; the caller's own copy.
func LabelsFrom(ctx context.Context) Labels {
	return maps.Clone(labelsOf(notNil(ctx)).all)
}

var noLabels = new(labelSet)

func labelsOf(ctx context.Context) *labelSet {
	if set, has := ctx.Value(labelsKey{}).(*labelSet); has {
		return set
	}
	return noLabels
}

func checkLabels(pairs []string) error {
	var block texts
	for _, text := range pairs {
		block.add(text)
	}
	var failure *C.costmark_error
	text, lengths, count := block.blocks()
	if status := C.cmgo_labels_check(text, lengths, count, &failure); status != C.COSTMARK_OK {
		return takeError(status, failure)
	}
	return nil
}
