package costmark

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const prices = `date 2026-09-30
m r in-region standard input - - token - - USD 10 2026-09 its card
m r in-region standard cache_write 1h - token - - USD 20 2026-09 its card
m r in-region standard web_search - - request - - USD 7 2026-09 its card
`

func pricedCall() *PricedCall {
	known := uint32(UsageInput | UsageCachedInput | UsageCacheWrite | UsageOutput)
	return &PricedCall{
		Model: "m", Region: "r", Serving: "in-region", Tier: "default", End: time.Unix(1790000000, 0),
		Usage: Usage{InputTokens: 50, CacheWriteTokens: 20, Known: known},
	}
}

func TestUsageIsPriced(t *testing.T) {
	book, err := ParsePrices(prices, "book.txt")
	if err != nil {
		t.Fatal(err)
	}
	if len(book.Hash) != 64 || book.Date != "2026-09-30" || book.File != "book.txt" {
		t.Errorf("%+v", book)
	}
	if age := book.AgeDays(time.Date(2026, 10, 31, 12, 0, 0, 0, time.UTC)); age != 31 {
		t.Errorf("%d days", age)
	}
	call := pricedCall()
	call.Meters = map[string]uint64{"cache_write_1h": 20, "web_search": 3}
	cost, err := book.Cost(call)
	if want := (Cost{CostPriced, 30*10 + 20*20 + 3*7, true, 0}); err != nil || cost != want {
		t.Errorf("%+v, %v", cost, err)
	}
	call.Tier = ""
	call.Model = "other"
	cost, err = book.Cost(call)
	if want := (Cost{State: CostUnpriced, Flags: PriceFlagTierAssumed | PriceFlagNoModel}); err != nil || cost != want {
		t.Errorf("%+v, %v", cost, err)
	}
	if cost, _ = book.Cost(&PricedCall{}); cost.State != CostUnknown {
		t.Errorf("%+v", cost)
	}
}

func TestPricesOfAFileAndTheShippedOnes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "book.txt")
	if err := os.WriteFile(file, []byte(prices), 0o600); err != nil {
		t.Fatal(err)
	}
	book, err := LoadPrices(file)
	if err != nil || book.File != file {
		t.Error(book, err)
	}
	if shipped, err := ShippedPrices(); err != nil || shipped.Hash == book.Hash {
		t.Error(shipped, err)
	}
	if _, err := LoadPrices(file + "x"); !errors.Is(err, ErrInvalidOption) {
		t.Error(err)
	}
}

func TestPricesThatAreWrongSayWhere(t *testing.T) {
	_, err := ParsePrices(strings.Replace(prices, "USD", "EUR", 1), "book.txt")
	if !errors.Is(err, ErrInvalidOption) || !strings.Contains(err.Error(), "book.txt:2:44: 'EUR'") {
		t.Error(err)
	}
	book, err := ParsePrices(prices, "book.txt")
	if err != nil {
		t.Fatal(err)
	}
	call := pricedCall()
	call.Meters = map[string]uint64{}
	for i := range 17 {
		call.Meters[strings.Repeat("x", i+1)] = 0
	}
	if _, err := book.Cost(call); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
}

func TestCostStatesHaveNames(t *testing.T) {
	if CostElsewhere.String() != "elsewhere" || CostState(99).String() != "unknown" {
		t.Error(CostElsewhere, CostState(99))
	}
}
