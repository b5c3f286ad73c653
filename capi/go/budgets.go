package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"time"
)

// BudgetSubject is which calls a budget is about.
type BudgetSubject int

const (
	BudgetOfAll     BudgetSubject = 1
	BudgetOfProject BudgetSubject = 2 // those of the project Value
	BudgetOfTag     BudgetSubject = 3 // those whose project has tag Key with Value
	BudgetOfLabel   BudgetSubject = 4 // those with label Key of Value
)

// BudgetUnit is what a budget counts.
type BudgetUnit int

const (
	BudgetPicoUSD BudgetUnit = 1 // a millionth of a millionth of a US dollar
	BudgetTokens  BudgetUnit = 2 // input and output together
	BudgetCalls   BudgetUnit = 3 // not attempts
)

// BudgetPeriod is when a budget begins anew, in UTC.
type BudgetPeriod int

const (
	BudgetDay   BudgetPeriod = 1
	BudgetMonth BudgetPeriod = 2
)

// BudgetAction is what happens to calls beyond the limit of a budget.
type BudgetAction int

const (
	BudgetWarns   BudgetAction = 1 // they are sent; thresholds that are passed are logged
	BudgetRefuses BudgetAction = 2 // they fail with ErrBudgetExceeded
)

// Budget is one budget of the option budgets, and what of it is used in its period of now, by all processes
// that share its ledger. Numbers are in its Unit.
type Budget struct {
	Name     string
	Subject  BudgetSubject
	Key      string // of a tag or label
	Value    string // of these, or the id of a project
	Unit     BudgetUnit
	Period   BudgetPeriod
	Action   BudgetAction
	Limit    int64
	Spent    int64 // by calls that have ended
	Reserved int64 // by calls in flight
	Left     int64 // of the limit; never below 0
	Reset    time.Time
}

// Budgets reads what of each budget is used; nil without any, and after Close. It may read the small files
// of the processes that share them, at most once a second.
func (c *Client) Budgets() []Budget {
	core, err := c.use()
	if err != nil {
		return nil
	}
	defer core.release()
	var all []Budget
	for index := range C.costmark_client_budget_count(core.client) {
		raw := C.costmark_budget{struct_size: C.sizeof_costmark_budget}
		C.costmark_client_budget_read(core.client, index, &raw)
		all = append(all, Budget{
			Name:     goString(raw.name),
			Subject:  BudgetSubject(raw.subject),
			Key:      goString(raw.key),
			Value:    goString(raw.value),
			Unit:     BudgetUnit(raw.unit),
			Period:   BudgetPeriod(raw.period),
			Action:   BudgetAction(raw.action),
			Limit:    int64(raw.limit),
			Spent:    int64(raw.spent),
			Reserved: int64(raw.reserved),
			Left:     int64(raw.left),
			Reset:    time.UnixMicro(int64(raw.reset_us)).UTC(),
		})
	}
	return all
}

type overrideKey struct{}

// OverrideBudgets returns a context whose calls are sent whatever budgets say. They count under them all the
// same.
func OverrideBudgets(ctx context.Context) context.Context {
	return context.WithValue(notNil(ctx), overrideKey{}, true)
}

func overridesBudgets(ctx context.Context) bool {
	return ctx.Value(overrideKey{}) != nil
}
