//go:build cgo

package costmark

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// prepare makes of a request what is to be sent. It closes the request's body, unless that is sent as
// it is, and the transport below closes it.
func (t *Transport) prepare(request *http.Request) (x *exchange, err error) {
	defer func() {
		if request.Body != nil && !(err == nil && x.streams) {
			_ = request.Body.Close()
		}
	}()
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	if request.URL == nil {
		return nil, refusal(ErrInvalidURL, "the request has no URL")
	}
	if err := refuseRedirect(request); err != nil {
		return nil, err
	}
	core, work, err := t.client.enter()
	if err != nil {
		return nil, err
	}
	defer core.leave(work)
	work.putRequest(request)

	x = &exchange{transport: t, incoming: request}
	operation := operationOf(request.Context())
	x.attempt = operation.begin(attemptNumber(request))
	if x.streams, err = x.prepareStreamed(core, work); err == nil && !x.streams {
		err = x.prepareWhole(core, work)
	}
	if err != nil {
		operation.giveBack()
		return nil, err
	}
	if err = x.rebuild(work.hasOddNames); err != nil {
		x.fail(OutcomeError)
		return nil, err
	}
	return x, nil
}

// prepareStreamed prepares a request whose body may pass without being read first, as if it had none.
// It tells whether that is right: it is unless a signature covers the body.
func (x *exchange) prepareStreamed(core *core, work *workspace) (bool, error) {
	if !streamable(x.incoming) {
		return false, nil
	}
	prepared, _, err := work.prepare(x.incoming.Context(), core, nil, 0)
	if err != nil || prepared.value("X-Amz-Date") != "" {
		return false, err
	}
	x.prepared, x.observation, err = work.prepare(x.incoming.Context(), core, nil, x.attempt)
	return true, err
}

// prepareWhole prepares a request with its body.
func (x *exchange) prepareWhole(core *core, work *workspace) error {
	ctx := x.incoming.Context()
	body, err := readBody(x.incoming, x.transport.maxBody)
	if err != nil {
		return err
	}
	x.content = body
	if x.incoming.Response != nil {
		// Not counted before it is known that it may follow.
		prepared, _, err := work.prepare(ctx, core, body, 0)
		if err != nil {
			return err
		}
		if prepared.Authorized {
			return redirected(x.incoming)
		}
	}
	x.prepared, x.observation, err = work.prepare(ctx, core, body, x.attempt)
	return err
}

// putRequest begins the request in the workspace, spelt as it will be on the wire.
func (w *workspace) putRequest(request *http.Request) {
	w.put(request.Method, "", ProjectFrom(request.Context()))
	w.addURL(request.URL)
	if request.Host != "" && request.Host != request.URL.Host {
		w.add("Host")
		w.add(request.Host)
	}
	w.addHeader(request.Header)
}

// addURL spells a URL without allocating, and without what is not sent: user and fragment.
func (w *workspace) addURL(from *url.URL) {
	if from.Opaque != "" {
		w.add(from.String())
		return
	}
	w.add(from.Scheme)
	w.extend("://")
	w.extend(from.Host)
	path := from.EscapedPath()
	if path == "" {
		path = "/"
	}
	w.extend(path)
	if from.ForceQuery || from.RawQuery != "" {
		w.extend("?")
		w.extend(from.RawQuery)
	}
}

// streamable tells whether a body may pass without being read first: it holds nothing to attribute,
// and is long, or may be.
func streamable(request *http.Request) bool {
	if request.Body == nil || request.Body == http.NoBody || request.Response != nil ||
		(request.ContentLength > 0 && request.ContentLength <= keptArena) {
		return false
	}
	mediaType, _, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
	return err == nil && mediaType != "text/json" && mediaType != "application/json" &&
		!strings.HasSuffix(mediaType, "+json")
}

// rebuild makes the request to send: a copy, as a RoundTripper must not change the caller's.
func (x *exchange) rebuild(hasOddNames bool) error {
	out := x.incoming.WithContext(x.incoming.Context())
	out.Header = x.incoming.Header.Clone()
	if out.Header == nil {
		out.Header = make(http.Header, len(x.prepared.Set))
	}
	if hasOddNames {
		x.dropOddNames(out.Header)
	}
	x.prepared.Apply(out.Header)
	x.outgoing = out
	if x.prepared.URL != "" {
		moved, err := url.Parse(x.prepared.URL)
		if err != nil {
			return refusal(ErrInternal, "the URL that the request was moved to cannot be read")
		}
		out.URL = moved
	}
	if x.streams {
		return nil
	}
	content := x.prepared.Body
	out.ContentLength = int64(len(content))
	out.TransferEncoding = nil
	if len(content) == 0 {
		out.Body, out.GetBody = noBody(x.incoming.Body), nil
		return nil
	}
	if len(out.Trailer) != 0 {
		out.ContentLength = -1 // trailers need a chunked body
	}
	out.GetBody = func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}
	out.Body = io.NopCloser(bytes.NewReader(content))
	return nil
}

func noBody(body io.ReadCloser) io.ReadCloser {
	if body == nil {
		return nil
	}
	return http.NoBody
}

// dropOddNames takes out fields that are removed or replaced, and not spelt in the canonical way.
func (x *exchange) dropOddNames(header http.Header) {
	changed := make(map[string]bool, len(x.prepared.Remove)+len(x.prepared.Set))
	for _, name := range x.prepared.Remove {
		changed[name] = true
	}
	for _, field := range x.prepared.Set {
		changed[field.Name] = true
	}
	for name := range header {
		if changed[http.CanonicalHeaderKey(name)] {
			delete(header, name)
		}
	}
}

// readBody reads a body whole, and tells when it is not what the request says it is. Nil: none.
func readBody(request *http.Request, limit int64) ([]byte, error) {
	if request.Body == nil || request.Body == http.NoBody {
		return nil, nil
	}
	length := request.ContentLength
	if length > limit {
		return nil, tooLarge(limit)
	}
	if length <= 0 {
		content, err := io.ReadAll(io.LimitReader(request.Body, limit+1))
		if err == nil && int64(len(content)) > limit {
			err = tooLarge(limit)
		}
		return content, err
	}
	content := make([]byte, length)
	read, err := io.ReadFull(request.Body, content)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, refusal(ErrInvalidArgument, "the request body ended after %d of the %d bytes that "+
			"ContentLength promises; a body that was sent before cannot be sent again without GetBody",
			read, length)
	}
	if err != nil {
		return nil, err
	}
	var more [1]byte
	if n, _ := io.ReadFull(request.Body, more[:]); n != 0 {
		return nil, refusal(ErrInvalidArgument,
			"the request body is longer than the %d bytes that ContentLength promises", length)
	}
	return content, nil
}

func tooLarge(limit int64) *Error {
	err := refusal(ErrInvalidArgument, "a request is read into memory to be attributed and signed, and "+
		"this one's body is longer than the %d bytes that MaxBody allows", limit)
	err.cause = ErrBodyTooLarge
	return err
}

// attemptNumber is which attempt of its operation a request says it is, from 1.
func attemptNumber(request *http.Request) uint32 {
	attempt := uint32(1)
	// SDKs of one family, openai-go among them, count their retries for the service.
	retries, err := strconv.ParseUint(request.Header.Get("X-Stainless-Retry-Count"), 10, 16)
	if err == nil {
		attempt += uint32(retries)
	}
	for before := request.Response; before != nil && before.Request != nil; attempt++ {
		before = before.Request.Response
	}
	return attempt
}
