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

	// There is a body, and it is not in Body. Where its bytes are needed, the error is ErrBodyNeeded:
	// read all of it and ask again.
	BodyIsStream bool
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
	SourceNone        ProjectSource = 0 // none is named: the endpoint's default project pays
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
	APIConverse        API = 6
	APIInvokeModel     API = 7
)

// String is the name of an API, such as "chat_completions".
func (a API) String() string { return C.GoString(C.costmark_api_name(C.costmark_api(a))) }

// Prepared says what to send for an attempt.
type Prepared struct {
	// Where to send it: the request's URL, or with the option route=auto the one that serves the model.
	// The signature is good for this URL alone.
	URL         string
	Remove      []string // header fields to take out, before the others are set
	Set         []Header // header fields to set; they carry the signature or token: do not log them
	Body        []byte   // the body to send: the request's own if nothing had to change
	BodyChanged bool

	Project string // that the request now names; empty: none
	Source  ProjectSource
	Model   string // that the body names, or the path; empty: none
	API     API
	Hint    string // what is probably wrong, to be shown with a status of 400 or 404; mostly empty

	Streamed bool // the request asks for a streamed answer
	// The library signed the request, or gave it a token: do not follow redirects.
	Authorized bool
	// The request may cost money and names no project, or "default": the endpoint's default project pays.
	Unattributed bool
	// No known route is like the request's: it is not edited, and its cost is not known.
	Unrecognized bool

	// Space for the usual number of headers, so that they need no memory of their own.
	remove [6]string
	set    [6]Header
}

// Apply changes a header as Remove and Set say.
func (p *Prepared) Apply(header http.Header) {
	if p == nil {
		return
	}
	for _, name := range p.Remove {
		header.Del(name)
	}
	for _, field := range p.Set {
		header[field.Name] = []string{field.Value}
	}
}

// Prepare attributes a request and signs it, in one call into C, for programs that need no more. It is
// not counted: see Begin for that. The scope is the context's. It does no I/O, unless credentials must
// be fetched. Call it for every attempt: a signature is good for some minutes.
//
// Errors: ErrInvalidURL, ErrInvalidJSON (fix the request, at the error's Offset); ErrBodyNeeded (of a
// request whose body is a stream); ErrEndpointMismatch (the request goes elsewhere than the client);
// ErrInvalidProject, ErrUnattributed, ErrConflict, ErrProjectNotAllowed (name another project, or change
// the policy); ErrNoCredentials, ErrExpiredCredentials, ErrUnusableCredentials (authenticate again);
// ErrTransport, ErrTimeout, ErrThrottled, ErrService (credentials could not be fetched);
// ErrStoppedByCallback (which wraps what the callback returned); ErrClosed; and what the context says
// when it is done.
func (c *Client) Prepare(ctx context.Context, request *Request) (*Prepared, error) {
	if err := checkCall(ctx, request); err != nil {
		return nil, err
	}
	core, work, err := c.enter()
	if err != nil {
		return nil, err
	}
	defer core.leave(work)
	work.putOwn(ctx, request)
	work.run(ctx, core, &work.own, beginStep|prepareStep|noWait, request.Body)
	prepared, err := work.settle(ctx, core, &work.own, request.Body)
	runtime.KeepAlive(request)
	return prepared, err
}

// Ready fetches what requests to the client's endpoint need before they can be sent: credentials, or a
// bearer token. It sends nothing to the endpoint and counts nothing. Call it when a program starts: an
// error then comes before the first request, and the first request need not wait. The endpoint is that of
// the option base_url, else the bedrock-mantle host of the option region.
//
// Errors are those of Prepare that concern credentials, and what the context says when it is done.
func (c *Client) Ready(ctx context.Context) error {
	if c == nil || c.core == nil {
		return errNoClient
	}
	_, err := c.Prepare(ctx, &Request{Method: http.MethodGet, URL: c.core.readyURL})
	return err
}
