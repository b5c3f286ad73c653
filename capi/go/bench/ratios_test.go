package bench

import (
	"flag"
	"fmt"
	"math"
	"testing"
	"time"
)

var wantRatios = flag.Bool("ratios", false, "measure, and print how many times faster costmark is")

const (
	rounds = 9
	turn   = 30 * time.Millisecond
)

// TestRatios prints ratios of processor time, garbage collection included. The ways take turns, and of
// each the fastest turn counts, so that a busy machine makes no difference.
func TestRatios(t *testing.T) {
	if !*wantRatios {
		t.Skip("asked for with -ratios")
	}
	for _, size := range sizes {
		body := conversation(size.bytes)
		var runs []func([]byte) error
		best := make([]float64, len(ways))
		for i, way := range ways {
			runs = append(runs, way.make(t))
			best[i] = math.Inf(1)
		}
		for range rounds {
			for i, run := range runs {
				took, err := takeTurn(t, run, body)
				if err != nil {
					t.Fatal(err)
				}
				best[i] = min(best[i], took)
			}
		}
		for i, way := range ways[1:] {
			name := fmt.Sprintf("Go: %s over prepare through cgo, %s", way.name, size.name)
			fmt.Printf("%-66s%9.2f   >= 5\n", name, best[i+1]/best[0])
		}
	}
}

// takeTurn is the processor time of one call, in nanoseconds.
func takeTurn(t *testing.T, run func([]byte) error, body []byte) (float64, error) {
	calls := 0
	before := processorTime(t)
	for begin := time.Now(); time.Since(begin) < turn; calls++ {
		if err := run(body); err != nil {
			return 0, err
		}
	}
	return float64(processorTime(t)-before) / float64(calls), nil
}
