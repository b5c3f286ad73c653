//go:build cgo

package costmark

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// aheadBody is a body whose beginning was read before it is known who reads the rest. A goroutine reads
// it, so that one that stalls can be passed on; after that moment it reads no further than the piece that
// it is waiting for.
type aheadBody struct {
	source io.ReadCloser
	limit  int
	stop   atomic.Bool
	idle   chan struct{} // closed when the goroutine has let go of the source

	mu    sync.Mutex
	ahead []byte
	err   error // follows what was read ahead; nil: the source does
}

// readAhead reads as far as a plan says.
func readAhead(source io.ReadCloser, plan Plan) *aheadBody {
	b := &aheadBody{source: source, limit: plan.ReadAhead, idle: make(chan struct{})}
	go b.read()
	timer := time.NewTimer(plan.ReadAheadTime)
	defer timer.Stop()
	select {
	case <-b.idle:
	case <-timer.C:
		b.stop.Store(true)
	}
	if b.isWhole() {
		_ = source.Close() // which lets go of the connection
	}
	return b
}

func (b *aheadBody) read() {
	defer close(b.idle)
	piece := make([]byte, 4<<10)
	for total := 0; total <= b.limit && !b.stop.Load(); {
		n, err := b.source.Read(piece)
		total += n
		b.mu.Lock()
		b.ahead, b.err = append(b.ahead, piece[:n]...), err
		b.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// isWhole tells whether all of the body was read.
func (b *aheadBody) isWhole() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err == io.EOF
}

func (b *aheadBody) Read(into []byte) (int, error) {
	for {
		idle := b.isIdle() // asked first: what was read until then is there
		if n := b.take(into); n > 0 || len(into) == 0 {
			return n, nil
		}
		switch {
		case !idle:
			<-b.idle
		case b.err != nil:
			return 0, b.err
		default:
			return b.source.Read(into)
		}
	}
}

func (b *aheadBody) isIdle() bool {
	select {
	case <-b.idle:
		return true
	default:
		return false
	}
}

func (b *aheadBody) take(into []byte) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := copy(into, b.ahead)
	b.ahead = b.ahead[n:]
	return n
}

func (b *aheadBody) Close() error { return b.source.Close() }
