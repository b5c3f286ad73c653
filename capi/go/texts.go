package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"net/http"
	"net/textproto"
	"sync"
	"unsafe"
)

// texts go to C in one block, with their lengths beside it.
type texts struct {
	text    []byte
	lengths []C.size_t

	labels      int  // how many were put
	urlIs       int  // the place of the URL
	hasOddNames bool // a header name was not in its canonical form
}

// put begins a request. Its URL comes next, then its headers.
func (t *texts) put(ctx context.Context, method, project string) {
	if method == "" {
		method = http.MethodGet
	}
	t.add(method)
	t.add(project)
	t.add(ProjectFrom(ctx))
	labels := labelsOf(ctx).texts
	for _, text := range labels {
		t.add(text)
	}
	t.labels = len(labels) / 2
	t.urlIs = len(t.lengths)
}

// copyFrom puts what others are.
func (t *texts) copyFrom(from *texts) {
	t.text = append(t.text[:0], from.text...)
	t.lengths = append(t.lengths[:0], from.lengths...)
	t.labels, t.urlIs, t.hasOddNames = from.labels, from.urlIs, from.hasOddNames
}

func (t *texts) add(text string) {
	t.text = append(t.text, text...)
	t.lengths = append(t.lengths, C.size_t(len(text)))
}

// extend adds to the last text.
func (t *texts) extend(text string) {
	t.text = append(t.text, text...)
	t.lengths[len(t.lengths)-1] += C.size_t(len(text))
}

func (t *texts) addHeader(header http.Header) {
	for name, values := range header {
		if textproto.CanonicalMIMEHeaderKey(name) != name {
			t.hasOddNames = true
		}
		for _, value := range values {
			t.add(name)
			t.add(value)
		}
	}
}

func (t *texts) blocks() (*C.char, *C.size_t, C.size_t) {
	return chars(t.text), unsafe.SliceData(t.lengths), C.size_t(len(t.lengths))
}

// requestURL is the URL that was put.
func (t *texts) requestURL() []byte {
	begin := C.size_t(0)
	for _, length := range t.lengths[:t.urlIs] {
		begin += length
	}
	return t.text[begin : begin+t.lengths[t.urlIs]]
}

// forget wipes what may be secret.
func (t *texts) forget() {
	clear(t.text)
	t.text, t.lengths, t.hasOddNames = t.text[:0], t.lengths[:0], false
	t.labels, t.urlIs = 0, 0
}

// heads keeps texts for the heads of answers.
var heads = sync.Pool{New: func() any { return new(texts) }}
