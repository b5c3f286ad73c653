package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"net/http"
	"runtime"
)

// A Request is one that is about to be sent.
type Request struct {
	Method  string      // in upper case; empty: GET
	URL     string      // absolute, http or https, percent-encoded
	Header  http.Header // what will be sent; it is not changed
	Body    []byte      // it is not changed, and not kept
	Project string      // what this very call asks for; empty: nothing
}

// A Header is one header field.
type Header struct {
	Name  string // as http.CanonicalHeaderKey spells it
	Value string
}

// A ProjectSource says where the project of a request came from.
type ProjectSource int32

// In the order in which a project is looked for.
const (
	SourceNone        ProjectSource = 0 // none is named: the endpoint's default project
	SourceRequest     ProjectSource = 1 // the call's argument, a header, or the body
	SourceScope       ProjectSource = 2 // WithProject
	SourceRule        ProjectSource = 3 // a rule of the client
	SourceClient      ProjectSource = 4 // the option "project"
	SourceEnvironment ProjectSource = 5 // COSTMARK_PROJECT or OPENAI_PROJECT_ID
)

// String is the name of a source, such as "scope".
func (s ProjectSource) String() string {
	return C.GoString(C.costmark_project_source_name(C.costmark_project_source(s)))
}

// An API is the family that a request speaks.
type API int32

// The families.
const (
	APIOther           API = 0
	APIChatCompletions API = 1
	APIResponses       API = 2
	APIMessages        API = 3
	APIEmbeddings      API = 4
	APIControl         API = 5
)

// String is the name of an API, such as "chat_completions".
func (a API) String() string { return C.GoString(C.costmark_api_name(C.costmark_api(a))) }

// Prepared says what to change in a request before it is sent.
type Prepared struct {
	Remove      []string // header fields to take out, before the others are set
	Set         []Header // header fields to set; they carry the signature: do not log them
	Body        []byte   // the body to send: the request's own if nothing had to change
	BodyChanged bool
	URL         string // to send to in place of the request's own; empty unless route=auto moves it
	Hint        string // what is probably wrong, to be shown with a status of 400 or 404; mostly empty

	Project  string // what the request now names; empty: none
	Source   ProjectSource
	API      API
	Streamed bool // the request asks for a streamed answer

	// The library signed the request, or gave it a token: a refusal is its own to mend; see
	// Observation.RetryAdvised.
	Authorized bool
	// The library asked for a usage chunk that the caller did not ask for: what Observation.Feed
	// returns is not what it is given.
	HidesUsageChunk bool

	// Room for the usual number of headers, so that they need no memory of their own.
	remove [6]string
	set    [6]Header
}

// Apply changes a header as Remove and Set say.
func (p *Prepared) Apply(header http.Header) {
	for _, name := range p.Remove {
		header.Del(name)
	}
	for _, field := range p.Set {
		header[field.Name] = []string{field.Value}
	}
}

// value is what a header field is set to; empty when it is not.
func (p *Prepared) value(name string) string {
	for _, field := range p.Set {
		if field.Name == name {
			return field.Value
		}
	}
	return ""
}

// Prepare attributes a request, then signs it, in one call into C. The scope is the context's. It does
// no I/O, unless credentials must be fetched. Call it for every attempt: a signature is good for some
// minutes.
//
// Errors: ErrInvalidURL, ErrInvalidJSON (fix the request, at the error's Offset); ErrEndpointMismatch
// (the request goes elsewhere than the client); ErrInvalidProject, ErrUnattributed, ErrConflict,
// ErrProjectNotAllowed (name another project, or change the policy); ErrNoCredentials,
// ErrExpiredCredentials, ErrUnusableCredentials (authenticate again); ErrStoppedByCallback (which
// wraps what the callback returned); ErrClosed; and what the context says when it is done.
func (c *Client) Prepare(ctx context.Context, request *Request) (*Prepared, error) {
	prepared, _, err := c.begin(ctx, request, 0)
	return prepared, err
}

// Begin is Prepare, and begins an attempt: counts it, and its operation with the first one. Attempts
// count from 1. The observation must be ended.
func (c *Client) Begin(ctx context.Context, request *Request, attempt int) (*Prepared, *Observation,
	error,
) {
	if attempt < 1 || int64(attempt) > int64(^uint32(0)) {
		return nil, nil, refusal(ErrInvalidArgument, "attempt %d: attempts count from 1", attempt)
	}
	return c.begin(ctx, request, uint32(attempt))
}

func (c *Client) begin(ctx context.Context, request *Request, attempt uint32) (*Prepared,
	*Observation, error,
) {
	core, work, err := c.enter()
	if err != nil {
		return nil, nil, err
	}
	defer core.leave(work)
	work.putOwn(ctx, request)
	return work.prepare(ctx, core, request.Body, attempt)
}

func (w *workspace) putOwn(ctx context.Context, request *Request) {
	w.put(request.Method, request.Project, ProjectFrom(ctx))
	w.add(request.URL)
	w.addHeader(request.Header)
}

// Check attributes a request without signing it, to tell early what would be refused: its errors are
// those of Prepare, except those of credentials and callbacks.
func (c *Client) Check(ctx context.Context, request *Request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	core, work, err := c.enter()
	if err != nil {
		return err
	}
	defer core.leave(work)
	work.putOwn(ctx, request)
	work.ctx = ctx
	texts, lengths := work.texts()
	C.cmgo_check(core.client, work.prepared, work.handle, texts, lengths,
		C.size_t(len(work.lengths)), chars(request.Body), C.size_t(len(request.Body)), &work.result)
	runtime.KeepAlive(request)
	if work.result.status != C.COSTMARK_OK {
		err := work.takeError(core.hooks, work.result.status, work.result.error)
		work.result.error = nil
		return err
	}
	return nil
}
