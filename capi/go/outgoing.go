//go:build cgo

package costmark

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Bodies up to this length are read without asking whether that is needed.
const smallBody = 1 << 20

// prepare makes of a request what is to be sent. It closes the request's body, unless that is sent as
// it is, and the transport below closes it.
func (t *Transport) prepare(request *http.Request) (x *exchange, err error) {
	if request == nil {
		return nil, refusal(ErrInvalidArgument, "the request is nil")
	}
	x = &exchange{transport: t, incoming: request}
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
	if err := checkOpaque(request.URL); err != nil {
		return nil, err
	}
	x.joint = jointOf(request.Context())
	if before := redirectOf(request); before != nil {
		if before.authorized {
			return nil, refuseRedirect(request)
		}
		x.joint = before.joint
	}
	if t == nil {
		return nil, notMade("Transport", "NewTransport")
	}
	core, work, err := t.client.enter()
	if err != nil {
		return nil, err
	}
	defer core.leave(work)
	work.putRequest(request)
	if err = x.prepareBody(core, work); err != nil {
		return nil, err
	}
	if err = x.rebuild(work); err != nil {
		x.drop()
		return nil, err
	}
	return x, nil
}

// checkOpaque refuses a URL whose request line would name another host than the one that net/http
// connects to, or no path.
func checkOpaque(of *url.URL) error {
	if of.Opaque == "" {
		return nil
	}
	if !strings.HasPrefix(of.Opaque, "/") {
		return refusal(ErrInvalidURL, "the Opaque of a request's URL is to begin with / or //")
	}
	named, has := strings.CutPrefix(of.Opaque, "//")
	if !has {
		return nil
	}
	if end := strings.IndexAny(named, "/?#"); end >= 0 {
		named = named[:end]
	}
	if !strings.EqualFold(named, of.Host) {
		return refusal(ErrInvalidURL,
			"the URL's Opaque names the host %q, and the request is sent to %q", named, of.Host)
	}
	return nil
}

// prepareBody reads the body if it is short, or if C asks for it.
func (x *exchange) prepareBody(core *core, work *workspace) error {
	x.streams = isLong(x.incoming)
	if x.streams {
		work.streams = true
		err := x.prepareFirst(core, work)
		if !errors.Is(err, ErrBodyNeeded) {
			return err
		}
		x.streams, work.streams = false, false
	}
	var err error
	if x.content, err = readBody(x.incoming, x.transport.bodyLimit()); err != nil {
		return err
	}
	return x.prepareFirst(core, work)
}

// isLong tells whether a body is long, or may be.
func isLong(request *http.Request) bool {
	return request.Body != nil && request.Body != http.NoBody &&
		(request.ContentLength <= 0 || request.ContentLength > smallBody)
}

// prepareFirst begins an operation, or takes the one that the attempt belongs to, and prepares.
func (x *exchange) prepareFirst(core *core, work *workspace) error {
	x.ask(core, work)
	err := x.settle(core, work)
	if err == nil && x.prepared.Authorized && x.incoming.Response != nil {
		err = refuseRedirect(x.incoming)
	}
	if err != nil {
		x.drop()
	}
	return err
}

// ask makes the one call into C that most requests need. Attempts of one operation wait for each other
// here, so that it begins once.
func (x *exchange) ask(core *core, work *workspace) {
	var beside *Operation
	if x.joint != nil {
		x.joint.mu.Lock()
		defer x.joint.mu.Unlock()
		x.operation, beside = x.joint.take(core)
	} else {
		x.operation = newOperation(core)
	}
	state := x.operation.state
	state.mu.Lock()
	defer state.mu.Unlock()
	if beside != nil {
		beside.state.mu.Lock()
		defer beside.state.mu.Unlock()
		work.c.beside = beside.state.handle
	}
	state.hold()
	steps := prepareStep
	if !state.begun {
		steps |= beginStep
	}
	work.run(x.incoming.Context(), core, &state.operationHandle, steps|noWait, x.content)
	if !state.begun && bool(work.c.begun) {
		state.begun = true
		if x.joint != nil {
			x.joint.keep(x.operation)
		}
	}
}

// prepareAgain prepares the next attempt of the operation that the exchange has.
func (x *exchange) prepareAgain(core *core, work *workspace) error {
	state := x.operation.state
	state.mu.Lock()
	state.hold()
	work.run(x.incoming.Context(), core, &state.operationHandle, prepareStep|noWait, x.content)
	state.mu.Unlock()
	return x.settle(core, work)
}

// settle waits, if the call into C would have had to.
func (x *exchange) settle(core *core, work *workspace) (err error) {
	x.prepared, err = work.settle(x.incoming.Context(), core, &x.operation.state.operationHandle, x.content)
	return err
}

// drop gives up an attempt that is not sent: it leaves no trace.
func (x *exchange) drop() {
	if !x.operation.state.begun {
		x.operation.Close()
		return
	}
	x.operation.Fail(OutcomeError)
	x.release()
}

// putRequest begins the request in the workspace, spelled as it will be on the wire.
func (w *workspace) putRequest(request *http.Request) {
	w.put(request.Context(), request.Method, "")
	w.addURL(request.URL)
	if request.Host != "" && request.Host != request.URL.Host {
		w.add("Host")
		w.add(request.Host)
	}
	w.addHeader(request.Header)
}

// addURL spells a URL without allocating, and without what is not sent: user and fragment. Opaque is
// the path that is sent, in place of Path, and may begin with the host.
func (t *texts) addURL(from *url.URL) {
	path := from.Opaque
	if path == "" {
		path = from.EscapedPath()
	}
	if path == "" {
		path = "/"
	}
	t.add(from.Scheme)
	if strings.HasPrefix(from.Opaque, "//") {
		t.extend(":")
	} else {
		t.extend("://")
		t.extend(from.Host)
	}
	t.extend(path)
	if from.ForceQuery || from.RawQuery != "" {
		t.extend("?")
		t.extend(from.RawQuery)
	}
}

// rebuild makes the request to send: a copy, as a RoundTripper must not change the caller's.
func (x *exchange) rebuild(work *workspace) error {
	out := x.incoming.WithContext(x.incoming.Context())
	out.Header = x.incoming.Header.Clone()
	if out.Header == nil {
		out.Header = make(http.Header, len(x.prepared.Set))
	}
	if work.hasOddNames {
		x.dropOddNames(out.Header)
	}
	x.prepared.Apply(out.Header)
	x.outgoing = out
	if x.prepared.URL != string(work.requestURL()) {
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

// dropOddNames takes out fields that are removed or replaced, and not spelled in the canonical way.
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
