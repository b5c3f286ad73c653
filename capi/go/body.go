//go:build cgo

package costmark

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"runtime"
	"sync"
)

// observed makes the body of an answer one that is read along. What is passed on is what came, except
// for a chunk that the caller did not ask for.
func (x *exchange) observed(response *http.Response, coding coding) io.ReadCloser {
	if x.plan.BodyMayChange {
		response.Header.Del("Content-Length")
		response.ContentLength = -1
	}
	switch {
	case coding != codingGzip:
		return endForgotten(&plainBody{exchange: x, source: response.Body, closer: response.Body}, x)
	case x.plan.BodyMayChange:
		response.Header.Del("Content-Encoding")
		response.Uncompressed = true
		return endForgotten(
			&plainBody{exchange: x, source: &gunzip{source: response.Body}, closer: response.Body}, x)
	}
	return endForgotten(&encodedBody{exchange: x, source: response.Body, readable: true}, x)
}

// endForgotten ends the exchange of a body that is forgotten. An operation that no context holds ends by
// itself; one of a context is held by the request, and the connection holds that.
func endForgotten[Body any](body *Body, x *exchange) *Body {
	if x.joint != nil {
		runtime.AddCleanup(body, func(x *exchange) { x.end(OutcomeCancelled) }, x)
	}
	return body
}

// endWith ends an exchange whose body ended with an error, which may be io.EOF.
func (x *exchange) endWith(err error) []byte {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.EOF):
		return x.end(OutcomeOK)
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return x.end(OutcomeUnknown)
	}
	return x.end(outcomeOf(x.incoming.Context(), err, OutcomeIncomplete))
}

// plainBody reads along with a body that is not encoded.
type plainBody struct {
	exchange *exchange
	source   io.Reader
	closer   io.Closer

	// What was read and did not fit: held back earlier, and passed on now.
	rest []byte
	err  error // follows the rest
}

func (b *plainBody) Read(into []byte) (int, error) {
	if len(b.rest) > 0 {
		n := copy(into, b.rest)
		b.rest = b.rest[n:]
		return n, nil
	}
	if b.err != nil || len(into) == 0 {
		return 0, b.err
	}
	for {
		n, err := b.source.Read(into)
		passed := b.exchange.feed(into[:n])
		kept := copy(into, passed)
		if kept < len(passed) {
			b.rest = bytes.Clone(passed[kept:])
		}
		if err != nil {
			b.rest = append(b.rest, b.exchange.endWith(err)...)
			b.err = err
			if kept == 0 {
				return b.Read(into)
			}
			return kept, nil
		}
		if kept > 0 || n == 0 {
			return kept, nil
		}
		// All of it is held back: an empty read would look like a mistake.
	}
}

// Close ends the exchange too: unless the answer said itself that it is complete, it was cancelled.
func (b *plainBody) Close() error {
	b.exchange.end(OutcomeCancelled)
	return b.closer.Close()
}

// gunzip decodes from the first read on, as there may be nothing to decode before.
type gunzip struct {
	source io.Reader
	reader *gzip.Reader
}

func (g *gunzip) Read(into []byte) (int, error) {
	if g.reader == nil {
		reader, err := gzip.NewReader(g.source)
		if err != nil {
			return 0, err
		}
		g.reader = reader
	}
	return g.reader.Read(into)
}

// encodedBody passes a body on as it is, encoded with gzip. It keeps a copy, and decodes that in the end, as it
// can only be decoded by one who may wait for more.
type encodedBody struct {
	exchange *exchange
	source   io.ReadCloser
	readable bool

	mu   sync.Mutex
	copy []byte
}

// Longer answers pass unread.
const maxObserved = 64 << 20

func (b *encodedBody) Read(into []byte) (int, error) {
	n, err := b.source.Read(into)
	b.keep(into[:n])
	if err != nil {
		if !b.decode() {
			b.exchange.end(OutcomeUnknown)
		}
		b.exchange.endWith(err)
	}
	return n, err
}

func (b *encodedBody) Close() error {
	b.decode()
	b.exchange.end(OutcomeCancelled)
	return b.source.Close()
}

func (b *encodedBody) keep(piece []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.readable && len(b.copy)+len(piece) > maxObserved {
		b.readable, b.copy = false, nil
	}
	if b.readable {
		b.copy = append(b.copy, piece...)
	}
}

// decode feeds what can be decoded of the copy, once, and tells whether it could be read at all.
func (b *encodedBody) decode() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	encoded := b.copy
	b.copy = nil
	if len(encoded) == 0 {
		return b.readable
	}
	reader, err := gzip.NewReader(bytes.NewReader(encoded))
	if err != nil {
		b.readable = false
		return false
	}
	piece := make([]byte, 32<<10)
	for total := 0; total <= maxObserved; {
		n, err := reader.Read(piece)
		b.exchange.feed(piece[:n])
		total += n
		if err != nil {
			return true
		}
	}
	b.readable = false
	return false
}
