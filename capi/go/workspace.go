package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"net/http"
	"unsafe"
)

// workspace is what one call into C needs, kept from call to call: so a call allocates nothing but
// what it returns. It is used by one goroutine at a time.
type workspace struct {
	call
	c   *C.cmgo_call    // in C's memory
	own operationHandle // for requests that belong to no operation of the caller's

	texts        // of the request
	streams bool // there is a body that is not passed
	bodyLen int
}

// A workspace that has seen a longer body is not kept.
const keptBody = 4 << 20

func newWorkspace() (*workspace, error) {
	c := (*C.cmgo_call)(C.calloc(1, C.sizeof_cmgo_call))
	if c == nil {
		return nil, refusal(ErrOutOfMemory, "out of memory")
	}
	work := &workspace{c: c}
	work.handle = newHandle(&work.call)
	c.call = work.handle
	return work, nil
}

func (w *workspace) free() {
	C.costmark_operation_free(w.own.handle)
	C.free(unsafe.Pointer(w.c))
	w.delete()
}

// forget wipes what may be secret, and tells whether the workspace is worth keeping.
func (w *workspace) forget() bool {
	w.texts.forget()
	w.ctx, w.cause, w.sink, w.token = nil, nil, nil, nil
	w.streams = false
	return w.bodyLen <= keptBody
}

func (w *workspace) putOwn(ctx context.Context, request *Request) {
	w.put(notNil(ctx), request.Method, request.Project)
	w.add(request.URL)
	w.addHeader(request.Header)
	w.streams = request.BodyIsStream
}

// Steps of a run, and how to take them.
const (
	beginStep   = C.uint32_t(C.CMGO_BEGIN)
	readyStep   = C.uint32_t(C.CMGO_READY)
	prepareStep = C.uint32_t(C.CMGO_PREPARE)
	noWait      = C.uint32_t(C.CMGO_NO_WAIT)
)

// run is one call into C: it takes steps with an operation, which is made if there is none, and which the
// caller has locked. Where it may wait, the context stops it.
func (w *workspace) run(ctx context.Context, core *core, operation *operationHandle, steps C.uint32_t,
	body []byte,
) {
	w.ctx, w.cause = ctx, nil
	w.bodyLen = max(w.bodyLen, len(body))
	if w.streams {
		steps |= C.CMGO_BODY_IS_STREAM
	}
	if overridesBudgets(ctx) {
		steps |= C.CMGO_OVERRIDES_BUDGETS
	}
	w.c.client, w.c.operation, w.c.steps = core.client, operation.handle, steps
	if steps&noWait == 0 {
		stop, done := stopWith(ctx)
		defer done()
		w.c.cancel = stop
	}
	w.c.label_count = C.size_t(w.labels)
	texts, lengths, count := w.blocks()
	C.cmgo_run(w.c, texts, lengths, count, chars(body), C.size_t(len(body)))
	operation.handle, w.c.operation, w.c.beside, w.c.cancel = w.c.operation, nil, nil, nil
}

// failure takes the error of the last run.
func (w *workspace) failure(core *core) *Error {
	from := w.c.error
	w.c.error = nil
	return w.takeError(core.hooks, w.c.status, from)
}

func (w *workspace) runLocked(ctx context.Context, core *core, operation *operationHandle,
	steps C.uint32_t, body []byte,
) error {
	operation.mu.Lock()
	defer operation.mu.Unlock()
	if operation.handle == nil {
		return errEnded
	}
	w.run(ctx, core, operation, steps, body)
	return nil
}

// Led fetches after which a call waits in C: credentials that expire as they are fetched never are at
// hand.
const mostFetches = 2

// settle ends a prepare whose first run did not wait.
func (w *workspace) settle(ctx context.Context, core *core, operation *operationHandle, body []byte) (
	*Prepared, error,
) {
	steps := prepareStep | noWait
	for fetches := 0; w.c.status == C.COSTMARK_WOULD_BLOCK; {
		led, err := w.wait(ctx, core, body)
		if err != nil {
			return nil, err
		}
		if led {
			fetches++
		}
		if w.token != nil || fetches == mostFetches {
			steps = prepareStep
		}
		if err := w.runLocked(ctx, core, operation, steps, body); err != nil {
			return nil, err
		}
	}
	if w.c.status != C.COSTMARK_OK {
		return nil, explained(ctx, w.failure(core))
	}
	if w.c.prepared.renewal_due != 0 {
		core.renew(ctx, w, body)
	}
	return w.read(body), nil
}

// wait waits in Go for what the last run would have waited for in C. It tells whether that was fetched
// for this very request.
func (w *workspace) wait(ctx context.Context, core *core, body []byte) (led bool, err error) {
	_ = w.failure(core)
	if core.hooks.token != nil {
		err = w.fetchToken(ctx, core.hooks)
	} else {
		led, err = core.wait(ctx, w, body)
	}
	if err == nil {
		err = ctx.Err()
	}
	return led, err
}

// read makes what C wrote Go's: one block of memory for everything.
func (w *workspace) read(body []byte) *Prepared {
	from := &w.c.prepared
	removed := unsafe.Slice(from.remove_headers, int(from.remove_header_count))
	set := unsafe.Slice(from.set_headers, int(from.set_header_count))
	length := from.url.len + from.project.len + from.model.len + from.hint.len
	changed := from.body_changed != 0
	if changed {
		length += from.body.len
	}
	for i := range set {
		length += set[i].value.len
	}
	in := copier{make([]byte, 0, int(length))}
	prepared := &Prepared{
		Body:         body,
		BodyChanged:  changed,
		URL:          in.text(from.url),
		Project:      in.text(from.project),
		Model:        in.text(from.model),
		Hint:         in.text(from.hint),
		Source:       ProjectSource(from.project_source),
		API:          API(from.api),
		Streamed:     from.streamed != 0,
		Authorized:   from.authorized != 0,
		Unattributed: from.unattributed != 0,
		Unrecognized: from.unrecognized != 0,
	}
	if changed {
		prepared.Body = in.bytes(from.body)
	}
	prepared.Remove, prepared.Set = prepared.remove[:0], prepared.set[:0]
	for _, name := range removed {
		prepared.Remove = append(prepared.Remove, canonicalName(viewOf(name)))
	}
	for i := range set {
		prepared.Set = append(prepared.Set, Header{canonicalName(viewOf(set[i].name)), in.text(set[i].value)})
	}
	return prepared
}

// copier copies C's texts to a block that has room for them all.
type copier struct {
	block []byte
}

func (c *copier) bytes(from C.costmark_str) []byte {
	begin := len(c.block)
	c.block = append(c.block, viewOf(from)...)
	return c.block[begin:len(c.block):len(c.block)]
}

func (c *copier) text(from C.costmark_str) string {
	copied := c.bytes(from)
	return unsafe.String(unsafe.SliceData(copied), len(copied))
}

// canonicalName is the name of a header as net/http spells it, which needs no memory for those we know.
func canonicalName(spelled []byte) string {
	for _, name := range knownNames {
		if len(spelled) == len(name) && equalFold(spelled, name) {
			return name
		}
	}
	return http.CanonicalHeaderKey(string(spelled))
}

var knownNames = [...]string{
	"Authorization", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token",
	"Openai-Project", "Anthropic-Workspace-Id",
}

// equalFold compares texts of one length, without regard to ASCII case.
func equalFold(a []byte, b string) bool {
	for i := range len(a) {
		x, y := a[i], b[i]
		if x != y && (x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z') {
			return false
		}
	}
	return true
}
