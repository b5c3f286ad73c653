package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"runtime"
	"time"
	"unsafe"
)

// A CostState is what is known of a cost.
type CostState int32

// The states of costs. CostUnpriced is not a cost of 0: the book has no price.
const (
	CostUnknown   CostState = 0 // no usage was reported
	CostPriced    CostState = 1 // every count has a price
	CostPartial   CostState = 2 // the cost leaves out counts whose details were not told
	CostUnpriced  CostState = 3 // the book has no price; there is no cost
	CostFree      CostState = 4 // the book says that it costs nothing
	CostElsewhere CostState = 5 // reserved capacity and batch jobs are paid for elsewhere
)

// String is the name of a state, such as "unpriced".
func (s CostState) String() string {
	return C.GoString(C.costmark_cost_state_name(C.costmark_cost_state(s)))
}

// Bits of Cost.Flags. From PriceFlagNoModel on they say why a call is unpriced.
const (
	PriceFlagTierAssumed     = 0x001  // no tier was told; Standard is meant
	PriceFlagPartsAbsent     = 0x002  // cached or cache-written tokens were not told; they count as none
	PriceFlagCacheTimeAbsent = 0x004  // several times to live are priced, and none was told
	PriceFlagCountsAbsent    = 0x008  // the input or the output was not told
	PriceFlagInconsistent    = 0x010  // parts were larger than their whole
	PriceFlagOverflow        = 0x020  // the cost does not fit into 64 bits
	PriceFlagNoModel         = 0x040  // the book does not have the model
	PriceFlagNoRegion        = 0x080  // not the model in that Region
	PriceFlagNoServing       = 0x100  // not served that way
	PriceFlagNoTier          = 0x200  // not in that tier
	PriceFlagNoDay           = 0x400  // there are prices of other days
	PriceFlagNoPrice         = 0x800  // one of the counts has no price
	PriceFlagRegionAbsent    = 0x1000 // the Region is not known
)

// A PriceBook says what usage costs. It is immutable, and safe for use by many goroutines at once.
type PriceBook struct {
	Hash string // SHA-256 of its prices
	Date string // the day on which it was last compared with its sources: "2026-09-30"
	File string // the name that it was given

	book *C.costmark_price_book
}

// ShippedPrices is the book that ships with costmark.
func ShippedPrices() (*PriceBook, error) {
	return openPrices(func(out **C.costmark_price_book, failure **C.costmark_error) C.costmark_status {
		return C.costmark_price_book_shipped(out, failure)
	})
}

// ParsePrices reads the text of a book; name is the file's, for errors. ErrInvalidOption: the message has
// line and column, and what would be right.
func ParsePrices(content, name string) (*PriceBook, error) {
	contentData, contentLength := text(content)
	nameData, nameLength := text(name)
	return openPrices(func(out **C.costmark_price_book, failure **C.costmark_error) C.costmark_status {
		return C.costmark_price_book_parse(contentData, contentLength, nameData, nameLength, out, failure)
	})
}

// LoadPrices reads the file of a book. ErrInvalidOption: it cannot be read, or as in ParsePrices.
func LoadPrices(path string) (*PriceBook, error) {
	data, length := text(path)
	return openPrices(func(out **C.costmark_price_book, failure **C.costmark_error) C.costmark_status {
		return C.costmark_price_book_load(data, length, out, failure)
	})
}

func openPrices(open func(**C.costmark_price_book, **C.costmark_error) C.costmark_status) (*PriceBook, error) {
	var core *C.costmark_price_book
	var failure *C.costmark_error
	if status := open(&core, &failure); status != C.COSTMARK_OK {
		return nil, takeError(status, failure)
	}
	view := C.costmark_price_book_view{struct_size: C.sizeof_costmark_price_book_view}
	C.costmark_price_book_read(core, &view)
	book := &PriceBook{goString(view.hash), goString(view.date), goString(view.file), core}
	runtime.AddCleanup(book, func(core *C.costmark_price_book) { C.costmark_price_book_free(core) }, core)
	return book, nil
}

// AgeDays is how many days before a moment the book was compared with its sources; more than 30 are
// worth a warning.
func (b *PriceBook) AgeDays(at time.Time) int {
	if b == nil || b.book == nil {
		return 0
	}
	defer runtime.KeepAlive(b)
	return int(C.costmark_price_book_age_days(b.book, C.int64_t(at.Unix())))
}

// A PricedCall is a call to be priced.
type PricedCall struct {
	Model   string            // that the request named
	Region  string            // such as "us-east-1"
	Serving string            // "in-region", "geo" or "global"
	Tier    string            // of the answer; empty: not told
	End     time.Time         // when it ended: the prices of that day apply
	Usage   Usage             // with Known, as answers have it
	Meters  map[string]uint64 // what was counted besides, such as "cache_write_1h" and "web_search"
}

// A Cost is what a call costs, in whole pico-USD: 1 pico-USD for a token is 1 micro-USD for a million.
type Cost struct {
	State    CostState
	PicoUSD  int64  // 0 unless the call is priced, partial or free
	HasPrice bool   // whether PicoUSD is a cost
	Flags    uint32 // PriceFlagNoModel and so on
}

// Cost says what a call costs. What the book does not have is not an error, but a state of the cost.
func (b *PriceBook) Cost(call *PricedCall) (Cost, error) {
	if b == nil || b.book == nil {
		return Cost{}, notMade("PriceBook", "ShippedPrices, ParsePrices or LoadPrices")
	}
	if call == nil {
		return Cost{}, refusal(ErrInvalidArgument, "the call is nil")
	}
	defer runtime.KeepAlive(b)
	var pins pins
	defer pins.Unpin()
	usage := usageForC(&call.Usage)
	pins.Pin(&usage)
	priced := C.costmark_priced_call{
		struct_size: C.sizeof_costmark_priced_call,
		model:       pins.text(call.Model),
		region:      pins.text(call.Region),
		serving:     pins.text(call.Serving),
		tier:        pins.text(call.Tier),
		usage:       &usage,
		end_us:      C.int64_t(call.End.UnixMicro()),
	}
	priced.meters, priced.meter_count = pins.counts(call.Meters)
	cost := C.costmark_cost{struct_size: C.sizeof_costmark_cost}
	var failure *C.costmark_error
	if status := C.costmark_price_book_cost(b.book, &priced, &cost, nil, 0, &failure); status != C.COSTMARK_OK {
		return Cost{}, takeError(status, failure)
	}
	return Cost{CostState(cost.state), int64(cost.pico_usd), cost.has_pico_usd != 0, uint32(cost.flags)}, nil
}

func usageForC(usage *Usage) C.costmark_usage {
	return C.costmark_usage{
		struct_size:         C.sizeof_costmark_usage,
		input_tokens:        C.uint64_t(usage.InputTokens),
		cached_input_tokens: C.uint64_t(usage.CachedInputTokens),
		cache_write_tokens:  C.uint64_t(usage.CacheWriteTokens),
		output_tokens:       C.uint64_t(usage.OutputTokens),
		reasoning_tokens:    C.uint64_t(usage.ReasoningTokens),
		total_tokens:        C.uint64_t(usage.TotalTokens),
		known:               C.uint32_t(usage.Known),
		flags:               C.uint32_t(usage.Flags),
	}
}

func (p *pins) counts(meters map[string]uint64) (*C.costmark_count, C.size_t) {
	if len(meters) == 0 {
		return nil, 0
	}
	counts := make([]C.costmark_count, 0, len(meters))
	for kind, count := range meters {
		counts = append(counts, C.costmark_count{kind: p.text(kind), count: C.uint64_t(count)})
	}
	p.Pin(unsafe.SliceData(counts))
	return unsafe.SliceData(counts), C.size_t(len(counts))
}
