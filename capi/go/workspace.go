package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"encoding/binary"
	"net/http"
	"net/textproto"
	"unsafe"
)

// workspace is what one call into C needs, kept from call to call: so a call allocates nothing but
// what it returns. It is used by one goroutine at a time.
type workspace struct {
	call
	prepared *C.costmark_prepared

	text    []byte     // the texts of the request, one after the other
	lengths []C.size_t // and how long each is
	arena   []byte     // what C writes
	result  C.cmgo_result

	hasOddNames bool // a header name was not in its canonical form
	bodyLen     int
}

const (
	headerRoom = 4 << 10 // in the arena, for headers: a session token may have 2 KB
	smallBody  = 64 << 10
	keptBody   = 4 << 20 // a workspace that has seen a longer body is not kept
	keptArena  = 1 << 20
)

func newWorkspace() (*workspace, error) {
	work := new(workspace)
	var failure *C.costmark_error
	if status := C.costmark_prepared_new(&work.prepared, &failure); status != C.COSTMARK_OK {
		return nil, takeError(status, failure)
	}
	work.handle = newHandle(&work.call)
	return work, nil
}

func (w *workspace) free() {
	C.costmark_prepared_free(w.prepared)
	w.delete()
}

// forget wipes what may be secret, and tells whether the workspace is worth keeping.
func (w *workspace) forget() bool {
	clear(w.text)
	clear(w.arena)
	w.text, w.lengths, w.arena = w.text[:0], w.lengths[:0], w.arena[:0]
	w.ctx, w.cause, w.sink = nil, nil, nil
	w.hasOddNames = false
	if cap(w.arena) > keptArena {
		w.arena = nil
	}
	return w.bodyLen <= keptBody
}

// put begins a request. Its URL comes next.
func (w *workspace) put(method, project, scope string) {
	if method == "" {
		method = http.MethodGet
	}
	w.add(method)
	w.add(project)
	w.add(scope)
}

func (w *workspace) add(text string) {
	w.text = append(w.text, text...)
	w.lengths = append(w.lengths, C.size_t(len(text)))
}

// extend adds to the last text.
func (w *workspace) extend(text string) {
	w.text = append(w.text, text...)
	w.lengths[len(w.lengths)-1] += C.size_t(len(text))
}

func (w *workspace) addHeader(header http.Header) {
	for name, values := range header {
		if textproto.CanonicalMIMEHeaderKey(name) != name {
			w.hasOddNames = true
		}
		for _, value := range values {
			w.add(name)
			w.add(value)
		}
	}
}

func (w *workspace) texts() (*C.char, *C.size_t) {
	return chars(w.text), unsafe.SliceData(w.lengths)
}

// prepare asks C. If attempt is not 0, the attempt begins, and there is an observation.
func (w *workspace) prepare(ctx context.Context, core *core, body []byte, attempt uint32) (*Prepared,
	*Observation, error,
) {
	err := w.repeat(ctx, core.hooks, func() (C.costmark_status, *C.costmark_error) {
		w.ask(core, body, attempt)
		return w.result.status, w.result.error
	})
	w.result.error = nil
	if err != nil {
		return nil, nil, err
	}
	prepared := w.read(body)
	if w.result.observation == nil {
		return prepared, nil, nil
	}
	return prepared, newObservation(core, w.result.observation), nil
}

// ask is the one call into C; another one follows only where the arena turns out to be too small,
// which it is once at most for bodies of a size and credentials of a length.
func (w *workspace) ask(core *core, body []byte, attempt uint32) {
	w.bodyLen = len(body)
	room := headerRoom
	if len(body) <= smallBody || core.changesBodies.Load() {
		room += len(body)
	}
	for {
		if cap(w.arena) < room {
			w.arena = make([]byte, room)
		}
		w.arena = w.arena[:cap(w.arena)]
		texts, lengths := w.texts()
		C.cmgo_prepare(core.client, w.prepared, w.handle, texts, lengths, C.size_t(len(w.lengths)),
			chars(body), C.size_t(len(body)), C.uint32_t(attempt),
			chars(w.arena), C.size_t(len(w.arena)), &w.result)
		if w.result.status != C.COSTMARK_OK || !bool(w.result.too_small) {
			break
		}
		room = int(w.result.used) + headerRoom
	}
	w.arena = w.arena[:min(int(w.result.used), len(w.arena))] // what is wiped later
	if bool(w.result.body_changed) && !core.changesBodies.Load() {
		core.changesBodies.Store(true)
	}
}

// read makes what C wrote Go's: one block of memory for everything.
func (w *workspace) read(body []byte) *Prepared {
	prepared := &Prepared{
		Body:        body,
		BodyChanged: bool(w.result.body_changed),
		Source:      ProjectSource(w.result.source),
		API:         API(w.result.api),
		Streamed:    bool(w.result.streamed),
		Authorized:  bool(w.result.authorized),

		HidesUsageChunk: bool(w.result.hides_usage_chunk),
	}
	in := reader{append([]byte(nil), w.arena...)}
	if prepared.BodyChanged {
		prepared.Body = in.bytes(int(w.result.body_len))
	}
	prepared.Project = in.text()
	prepared.URL = in.text()
	prepared.Hint = in.text()
	prepared.Remove = prepared.remove[:0]
	for range int(w.result.remove_count) {
		prepared.Remove = append(prepared.Remove, in.name())
	}
	prepared.Set = prepared.set[:0]
	for range int(w.result.set_count) {
		prepared.Set = append(prepared.Set, Header{in.name(), in.text()})
	}
	return prepared
}

// reader takes texts out of a block that nobody writes to any more, except to its own bytes().
type reader struct {
	block []byte
}

func (r *reader) bytes(length int) []byte {
	taken := r.block[:length:length]
	r.block = r.block[length:]
	return taken
}

func (r *reader) text() string {
	length := int(binary.NativeEndian.Uint32(r.bytes(4)))
	if length == 0 {
		return ""
	}
	return unsafe.String(unsafe.SliceData(r.bytes(length)), length)
}

// name reads the name of a header, in its canonical form, which needs no memory for those we know.
func (r *reader) name() string {
	spelt := r.text()
	for _, name := range knownNames {
		if len(spelt) == len(name) && equalFold(spelt, name) {
			return name
		}
	}
	return http.CanonicalHeaderKey(spelt)
}

var knownNames = [...]string{
	"Authorization", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token",
	"Openai-Project", "Anthropic-Workspace-Id",
}

// equalFold compares texts of one length, without regard to ASCII case.
func equalFold(a, b string) bool {
	for i := range len(a) {
		x, y := a[i], b[i]
		if x != y && (x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z') {
			return false
		}
	}
	return true
}
