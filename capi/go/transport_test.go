package costmark

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

func TestTransportAttributesSignsAndCounts(t *testing.T) {
	server := newServer(t, answerJSON)
	client := server.signing(t)
	request := post(t, WithProject(context.Background(), "proj_scope"), server.URL, plainChat)
	request.Header["x-amz-date"] = []string{"of an earlier attempt"}
	header, length := request.Header.Clone(), request.ContentLength
	response, body := do(t, NewTransport(client, nil), request)
	if body != chatAnswer || response.ContentLength != int64(len(chatAnswer)) {
		t.Errorf("the answer is %s", body)
	}
	got := server.received()[0]
	if !strings.Contains(got.body, `"project_id":"proj_scope"`) || got.ContentLength != int64(len(got.body)) {
		t.Errorf("%d bytes: %s", got.ContentLength, got.body)
	}
	if !strings.HasPrefix(got.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") || len(got.Header["X-Amz-Date"]) != 1 {
		t.Errorf("the header is %v", got.Header)
	}
	if !maps.EqualFunc(header, request.Header, slices.Equal) || request.ContentLength != length {
		t.Error("the request was changed")
	}
	if response.Request.Header.Get("Authorization") != "" {
		t.Error("the answer shows the signature")
	}
	if usage := usageOf(t, client, "proj_scope"); usage != oneCall {
		t.Errorf("%+v", usage)
	}
}

func TestTransportRefusesBeforeAnythingIsSent(t *testing.T) {
	server := newServer(t, answerJSON)
	client := server.signing(t, Set("allowed_projects", "proj_client"))
	closed := make(chan struct{})
	request := post(t, WithProject(context.Background(), "proj_other"), server.URL, plainChat)
	request.Body = &closing{request.Body, closed}
	_, err := (&http.Client{Transport: NewTransport(client, nil)}).Do(request)
	var typed *Error
	if !errors.Is(err, ErrProjectNotAllowed) || !errors.As(err, &typed) {
		t.Error(err)
	}
	<-closed
	if got := server.received(); len(got) != 0 {
		t.Errorf("%d requests were sent", len(got))
	}
	if usage, _ := client.Usage(); len(usage) != 0 {
		t.Errorf("%v", usage)
	}
	_ = client.Close()
	_, err = (&http.Client{Transport: NewTransport(client, nil)}).Do(post(t, context.Background(), server.URL, plainChat))
	if !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

type closing struct {
	io.ReadCloser
	closed chan struct{}
}

func (c *closing) Close() error {
	close(c.closed)
	return c.ReadCloser.Close()
}

func TestStreamsHideWhatWasNotAskedFor(t *testing.T) {
	for _, test := range []struct{ name, request, want string }{
		{"not asked", streamedChat, textChunks + doneChunk},
		{"asked", askingChat, chatStream},
	} {
		for _, room := range []int{1, 7, 64, 4096} {
			t.Run(fmt.Sprintf("%s, %d bytes", test.name, room), func(t *testing.T) {
				server := newServer(t, answerStream)
				client := server.signing(t)
				request := post(t, context.Background(), server.URL, test.request)
				response, err := NewTransport(client, nil).RoundTrip(request)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				var got bytes.Buffer
				for piece := make([]byte, room); ; {
					n, err := response.Body.Read(piece)
					got.Write(piece[:n])
					if err == io.EOF {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					if n == 0 {
						t.Fatal("an empty read")
					}
				}
				if got.String() != test.want {
					t.Errorf("passed on:\n%s", got.String())
				}
				if usage := usageOf(t, client, "proj_client"); usage != oneCall {
					t.Errorf("%+v", usage)
				}
			})
		}
	}
}

func TestReadersOfEveryKind(t *testing.T) {
	for name, reader := range map[string]func(io.Reader) io.Reader{
		"one byte": iotest.OneByteReader, "half": iotest.HalfReader, "data with EOF": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			base := roundTripper(func(*http.Request) (*http.Response, error) {
				return &http.Response{
					StatusCode: 200, ContentLength: -1,
					Header: http.Header{"Content-Type": {"text/event-stream; charset=utf-8"}},
					Body:   io.NopCloser(reader(strings.NewReader(chatStream))),
				}, nil
			})
			client := newClient(t, staticKeys, Set("project", "proj_client"))
			_, body := do(t, NewTransport(client, base), post(t, context.Background(), "https://"+testHost, streamedChat))
			if body != textChunks+doneChunk {
				t.Errorf("passed on:\n%s", body)
			}
			if usage := usageOf(t, client, "proj_client"); usage != oneCall {
				t.Errorf("%+v", usage)
			}
		})
	}
}

func TestWhatIsHeldBackPassesInTheEnd(t *testing.T) {
	// Half a JSON text might have become the usage chunk.
	cut := textChunks + usageChunk[:len(usageChunk)/2]
	for _, err := range []error{io.EOF, errOurs} {
		base := roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: 200, ContentLength: -1,
				Header: http.Header{"Content-Type": {"text/event-stream"}},
				Body:   io.NopCloser(io.MultiReader(strings.NewReader(cut), iotest.ErrReader(err))),
			}, nil
		})
		client := newClient(t, staticKeys, Set("project", "proj_client"))
		response, failed := NewTransport(client, base).RoundTrip(
			post(t, context.Background(), "https://"+testHost, streamedChat))
		if failed != nil {
			t.Fatal(failed)
		}
		var got bytes.Buffer
		piece := make([]byte, 50)
		var end error
		for end == nil {
			var n int
			n, end = response.Body.Read(piece)
			got.Write(piece[:n])
		}
		_ = response.Body.Close()
		if got.String() != cut || !errors.Is(end, err) {
			t.Errorf("%v after:\n%s", end, got.String())
		}
	}
}

func compressed(text string) []byte {
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	_, _ = io.WriteString(writer, text)
	_ = writer.Close()
	return out.Bytes()
}

func answerEncoded(contentType, encoding string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Encoding", encoding)
		_, _ = w.Write(body)
	}
}

func TestEncodedAnswers(t *testing.T) {
	sse, text := compressed(chatStream), compressed(chatAnswer)
	unread := Totals{Operations: 1, Attempts: 1, IncompleteAttempts: 1}
	flagged := unread
	flagged.Flagged = 1
	for _, test := range []struct {
		name       string
		request    string
		explicitly bool // the caller asked for it, and not the transport below
		answer     http.HandlerFunc
		want       string
		encoding   string
		usage      Totals
	}{
		{"json, transparent", plainChat, false, answerEncoded("application/json", "gzip", text), chatAnswer, "", oneCall},
		{"json", plainChat, true, answerEncoded("application/json", "gzip", text), string(text), "gzip", oneCall},
		{"stream, transparent", streamedChat, false, answerEncoded("text/event-stream", "gzip", sse),
			textChunks + doneChunk, "", oneCall},
		{"stream, hiding", streamedChat, true, answerEncoded("text/event-stream", "gzip", sse),
			textChunks + doneChunk, "", oneCall},
		{"unknown", plainChat, true, answerEncoded("application/json", "br", []byte("?")), "?", "br", flagged},
		{"not gzip", plainChat, true, answerEncoded("application/json", "gzip", []byte("?")), "?", "gzip", unread},
		{"cut", plainChat, true, answerEncoded("application/json", "gzip", text[:len(text)-40]),
			string(text[:len(text)-40]), "gzip", unread},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, test.answer)
			client := server.signing(t)
			request := post(t, context.Background(), server.URL, test.request)
			if test.explicitly {
				request.Header.Set("Accept-Encoding", "gzip, br")
			}
			response, body := do(t, NewTransport(client, nil), request)
			if body != test.want || response.Header.Get("Content-Encoding") != test.encoding {
				t.Errorf("%q: %q", response.Header.Get("Content-Encoding"), body)
			}
			if usage := usageOf(t, client, "proj_client"); usage != test.usage {
				t.Errorf("%+v", usage)
			}
		})
	}
}

func TestEachAttemptIsSignedAfresh(t *testing.T) {
	var tries atomic.Int64
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if tries.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		answerJSON(w, r)
	})
	client := server.signing(t)
	transport := NewTransport(client, nil)
	ctx := WithOperation(context.Background())
	refused := post(t, WithProject(ctx, "not a project"), server.URL, plainChat)
	if _, err := transport.RoundTrip(refused); !errors.Is(err, ErrInvalidProject) {
		t.Error(err)
	}
	for range 3 {
		do(t, transport, post(t, ctx, server.URL, plainChat))
	}
	for _, got := range server.received() {
		if len(got.Header["Authorization"]) != 1 {
			t.Error(got.Header)
		}
	}
	want := Totals{Operations: 1, Attempts: 3, FailedAttempts: 2, InputTokens: 7, OutputTokens: 3}
	if usage := usageOf(t, client, "proj_client"); usage != want {
		t.Errorf("%+v", usage)
	}
}

func TestRedirectsOfSignedRequestsAreRefused(t *testing.T) {
	elsewhere := newServer(t, answerJSON)
	for _, status := range []int{301, 302, 303, 307, 308} {
		var server *server
		server = newServer(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/here" {
				answerJSON(w, r)
				return
			}
			target := elsewhere.URL + chatPath
			if r.Header.Get("To") != "" {
				target = server.URL + "/here"
			}
			http.Redirect(w, r, target, status)
		})
		for _, to := range []string{"", "here"} {
			client := server.signing(t)
			request := post(t, context.Background(), server.URL, plainChat)
			request.Header.Set("To", to)
			_, err := (&http.Client{Transport: NewTransport(client, nil)}).Do(request)
			var typed *Error
			if !errors.As(err, &typed) || typed.Code != ErrEndpointMismatch || typed.HTTPStatus != status {
				t.Errorf("%d: %v", status, err)
			}
			if usage := usageOf(t, client, "proj_client"); usage.Attempts != 1 || usage.Operations != 1 {
				t.Errorf("%d: %+v", status, usage)
			}
		}
		last := &http.Client{
			Transport:     NewTransport(server.signing(t), nil),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		response, err := last.Do(post(t, context.Background(), server.URL, plainChat))
		if err != nil || response.StatusCode != status {
			t.Fatal(response, err)
		}
		_ = response.Body.Close()
	}
	if got := elsewhere.received(); len(got) != 0 {
		t.Errorf("%d requests went elsewhere", len(got))
	}
}

func TestARedirectDoesNotGetASignature(t *testing.T) {
	base := roundTripper(func(request *http.Request) (*http.Response, error) {
		if request.URL.Host == testHost {
			t.Errorf("it was sent with %v", request.Header)
		}
		return &http.Response{
			StatusCode: 307, Body: http.NoBody, Header: http.Header{"Location": {chatURL}},
		}, nil
	})
	client := newClient(t, staticKeys, Set("project", "proj_client"))
	_, err := (&http.Client{Transport: NewTransport(client, base)}).Do(
		post(t, context.Background(), "https://gateway.example.com", plainChat))
	if !errors.Is(err, ErrEndpointMismatch) {
		t.Error(err)
	}
	if usage := usageOf(t, client, "proj_client"); usage.Attempts != 1 {
		t.Errorf("%+v", usage)
	}
}

func TestRedirectsOfUnsignedRequestsAreFollowed(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == chatPath {
			http.Redirect(w, r, "/v2/chat/completions", http.StatusTemporaryRedirect)
			return
		}
		answerJSON(w, r)
	})
	client := newClient(t, Config{"base_url": server.URL, "auth": "none", "project": "proj_client"})
	_, body := do(t, NewTransport(client, nil), post(t, context.Background(), server.URL, plainChat))
	if body != chatAnswer {
		t.Error(body)
	}
	for _, got := range server.received() {
		if !strings.Contains(got.body, "proj_client") {
			t.Errorf("%s: %s", got.URL, got.body)
		}
	}
	usage := usageOf(t, client, "proj_client")
	if usage.Operations != 1 || usage.Attempts != 2 {
		t.Errorf("%+v", usage)
	}
}

func TestBodies(t *testing.T) {
	server := newServer(t, answerJSON)
	transport := NewTransport(server.signing(t), nil, MaxBody(1000))
	send := func(body io.Reader, length int64) error {
		request, err := http.NewRequest("POST", server.URL+chatPath, body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		if length != 0 {
			request.ContentLength = length
		}
		response, err := transport.RoundTrip(request)
		if err == nil {
			_ = response.Body.Close()
		}
		return err
	}
	unsized := struct{ io.Reader }{strings.NewReader(plainChat)}
	if err := send(unsized, 0); err != nil {
		t.Errorf("of unknown length: %v", err)
	}
	long := `{"model":"` + strings.Repeat("x", 1000) + `"}`
	for name, body := range map[string]io.Reader{
		"known": strings.NewReader(long), "unknown": struct{ io.Reader }{strings.NewReader(long)},
	} {
		if err := send(body, 0); !errors.Is(err, ErrBodyTooLarge) || !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("too large, of %s length: %v", name, err)
		}
	}
	consumed := strings.NewReader(plainChat)
	_, _ = io.ReadAll(consumed)
	if err := send(struct{ io.Reader }{consumed}, int64(len(plainChat))); !errors.Is(err, ErrInvalidArgument) ||
		!strings.Contains(err.Error(), "GetBody") {
		t.Errorf("sent before: %v", err)
	}
	if err := send(strings.NewReader(plainChat), 10); !errors.Is(err, ErrInvalidArgument) {
		t.Errorf("longer than promised: %v", err)
	}
	if err := send(brokenReader{}, 0); !errors.Is(err, errOurs) {
		t.Errorf("unreadable: %v", err)
	}
	if got := server.received(); len(got) != 1 {
		t.Errorf("%d requests were sent", len(got))
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errOurs }

func TestUploadsPassWithoutBeingRead(t *testing.T) {
	server := newServer(t, answerJSON)
	unsigned := newClient(t, Config{"base_url": server.URL, "auth": "none", "project": "proj_client"})
	for _, test := range []struct {
		client  *Client
		refused bool
	}{{unsigned, false}, {server.signing(t), true}} {
		content := strings.Repeat("x", 100_000)
		body := struct{ io.Reader }{strings.NewReader(content)}
		request, _ := http.NewRequest("POST", server.URL+"/v1/files", body)
		request.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		response, err := NewTransport(test.client, nil, MaxBody(1000)).RoundTrip(request)
		if test.refused {
			if !errors.Is(err, ErrBodyTooLarge) {
				t.Error(err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if got := server.received()[0]; got.body != content || got.Header.Get("Openai-Project") != "proj_client" {
			t.Errorf("%d bytes, %v", len(got.body), got.Header)
		}
	}
}

func TestAnswersWithoutABody(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	var ended atomic.Int64
	client := server.signing(t)
	transport := NewTransport(client, nil, OnExchange(func(Exchange) { ended.Add(1) }))
	for i, method := range []string{"HEAD", "GET", "DELETE", "POST"} {
		request, _ := http.NewRequest(method, server.URL+"/v1/models/x", nil)
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatal(method, err)
		}
		if ended.Load() != int64(i+1) {
			t.Errorf("%s: not ended before the body is closed", method)
		}
		_ = response.Body.Close()
	}
	if ended.Load() != 4 {
		t.Errorf("%d exchanges ended", ended.Load())
	}
}

func TestAnUpgradedConnectionStaysWritable(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer connection.Close()
		_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		var line [4]byte
		_, _ = io.ReadFull(connection, line[:])
		_, _ = connection.Write(line[:])
	})
	request, _ := http.NewRequest("GET", server.URL+"/v1/realtime", nil)
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", "echo")
	response, err := NewTransport(server.signing(t), nil).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	connection, ok := response.Body.(io.ReadWriteCloser)
	if !ok {
		t.Fatalf("%T cannot be written to", response.Body)
	}
	_, _ = io.WriteString(connection, "ping")
	var line [4]byte
	if _, err := io.ReadFull(connection, line[:]); err != nil || string(line[:]) != "ping" {
		t.Error(string(line[:]), err)
	}
}

// slowly streams until the caller goes away.
func slowly(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for range 10_000 {
		if _, err := io.WriteString(w, textChunks); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(time.Millisecond):
		}
	}
}

func TestGivingUpIsCountedOnce(t *testing.T) {
	cancelled := Totals{Operations: 1, Attempts: 1, IncompleteAttempts: 1}
	for name, giveUp := range map[string]func(*http.Response, context.CancelFunc){
		"cancel, then read": func(response *http.Response, cancel context.CancelFunc) {
			cancel()
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		},
		"close": func(response *http.Response, _ context.CancelFunc) {
			_ = response.Body.Close()
			_ = response.Body.Close()
		},
		"close while reading": func(response *http.Response, _ context.CancelFunc) {
			done := make(chan struct{})
			go func() {
				_, _ = io.Copy(io.Discard, response.Body)
				close(done)
			}()
			time.Sleep(5 * time.Millisecond)
			_ = response.Body.Close()
			<-done
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t, slowly)
			client := server.signing(t)
			var outcomes sync.Map
			transport := NewTransport(client, nil, OnExchange(func(ended Exchange) {
				if _, twice := outcomes.LoadOrStore("one", ended.Answer.Outcome); twice {
					t.Error("ended twice")
				}
			}))
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			response, err := transport.RoundTrip(post(t, ctx, server.URL, streamedChat))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(response.Body, make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
			giveUp(response, cancel)
			if usage := usageOf(t, client, "proj_client"); usage != cancelled {
				t.Errorf("%+v", usage)
			}
			if outcome, _ := outcomes.Load("one"); outcome != OutcomeCancelled {
				t.Error(outcome)
			}
		})
	}
}

func TestConnectionsThatFail(t *testing.T) {
	failed := Totals{Operations: 1, Attempts: 1, FailedAttempts: 1}
	cut := Totals{Operations: 1, Attempts: 1, IncompleteAttempts: 1}
	t.Run("refused", func(t *testing.T) {
		server := newServer(t, answerJSON)
		client := server.signing(t)
		at := server.URL
		server.Close()
		if _, err := NewTransport(client, nil).RoundTrip(post(t, context.Background(), at, plainChat)); err == nil {
			t.Error("an answer came")
		}
		if usage := usageOf(t, client, "proj_client"); usage != failed {
			t.Errorf("%+v", usage)
		}
	})
	t.Run("cut", func(t *testing.T) {
		server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, textChunks)
			w.(http.Flusher).Flush()
			connection, _, _ := w.(http.Hijacker).Hijack()
			_ = connection.Close()
		})
		client := server.signing(t)
		response, err := NewTransport(client, nil).RoundTrip(post(t, context.Background(), server.URL, streamedChat))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if !errors.Is(err, io.ErrUnexpectedEOF) || string(body) != textChunks {
			t.Errorf("%v after %s", err, body)
		}
		_ = response.Body.Close()
		if usage := usageOf(t, client, "proj_client"); usage != cut {
			t.Errorf("%+v", usage)
		}
	})
	t.Run("too slow", func(t *testing.T) {
		server := newServer(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		client := server.signing(t)
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		_, err := NewTransport(client, nil).RoundTrip(post(t, ctx, server.URL, plainChat))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if usage := usageOf(t, client, "proj_client"); usage != cut {
			t.Errorf("%+v", usage)
		}
		if _, err := NewTransport(client, nil).RoundTrip(post(t, ctx, server.URL, plainChat)); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if usage := usageOf(t, client, "proj_client"); usage != cut {
			t.Errorf("what was given up before it was sent is counted: %+v", usage)
		}
	})
	t.Run("panicking", func(t *testing.T) {
		client := newClient(t, staticKeys, Set("project", "proj_client"))
		func() {
			defer func() { _ = recover() }()
			base := roundTripper(func(*http.Request) (*http.Response, error) { panic("below") })
			_, _ = NewTransport(client, base).RoundTrip(post(t, context.Background(), "https://"+testHost, plainChat))
			t.Error("the panic did not pass")
		}()
		if usage := usageOf(t, client, "proj_client"); usage != failed {
			t.Errorf("%+v", usage)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func TestTheTransportBelowMaySendTwice(t *testing.T) {
	var bodies []string
	base := roundTripper(func(request *http.Request) (*http.Response, error) {
		for range 2 {
			body, _ := io.ReadAll(request.Body)
			bodies = append(bodies, string(body))
			request.Body, _ = request.GetBody()
		}
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("x"))}, nil
	})
	client := newClient(t, staticKeys, Config{"project": "proj_client", "carrier": "body"})
	response, err := NewTransport(client, base).RoundTrip(post(t, context.Background(), "https://"+testHost, plainChat))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if bodies[0] != bodies[1] || !strings.Contains(bodies[0], "proj_client") {
		t.Errorf("%q", bodies)
	}
}

func TestTheHostIsTheOneOnTheWire(t *testing.T) {
	base := roundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("it was sent")
		return nil, errOurs
	})
	client := newClient(t, staticKeys, Set("project", "proj_client"))
	request := post(t, context.Background(), "https://"+testHost, plainChat)
	request.Host = "elsewhere.example.com"
	if _, err := NewTransport(client, base).RoundTrip(request); !errors.Is(err, ErrEndpointMismatch) {
		t.Error(err)
	}
}

func TestTheURLIsTheOneOnTheWire(t *testing.T) {
	for _, spelled := range []string{
		"https://" + testHost, "https://" + testHost + "?a=b", "https://" + testHost + "/a%2Fb/%20c?",
		"https://" + testHost + ":8443/a b/ü?q=ü&r=%zz#fragment", "https://user:word@" + testHost + "/a//b/../c",
	} {
		parsed, err := url.Parse(spelled)
		if err != nil {
			t.Fatal(err)
		}
		var work workspace
		work.put(context.Background(), "", "")
		work.addURL(parsed)
		want := "https://" + parsed.Host + parsed.RequestURI()
		if got := string(work.requestURL()); got != want || len(work.text) != len("GET"+want) {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

func TestHTTP2(t *testing.T) {
	server := new(server)
	server.Server = httptest.NewUnstartedServer(server.recording(answerStream))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	client := server.signing(t)
	base := server.Client().Transport.(*http.Transport)
	defer base.CloseIdleConnections()
	response, body := do(t, NewTransport(client, base), post(t, context.Background(), server.URL, streamedChat))
	if response.ProtoMajor != 2 || body != textChunks+doneChunk {
		t.Errorf("%s: %s", response.Proto, body)
	}
	if usage := usageOf(t, client, "proj_client"); usage != oneCall {
		t.Errorf("%+v", usage)
	}
}

func TestManyAtOnce(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept"), "event-stream") {
			answerStream(w, r)
			return
		}
		answerJSON(w, r)
	})
	client := server.signing(t)
	base := http.DefaultTransport.(*http.Transport).Clone()
	defer base.CloseIdleConnections()
	transport := NewTransport(client, base)
	together(200, func(i int) {
		ctx := WithProject(context.Background(), fmt.Sprintf("proj_%d", i%3))
		request := post(t, ctx, server.URL, []string{plainChat, streamedChat}[i%2])
		if i%2 == 1 {
			request.Header.Set("Accept", "text/event-stream")
		}
		do(t, transport, request)
	})
	for i, calls := range []uint64{67, 67, 66} {
		want := Totals{Operations: calls, Attempts: calls, InputTokens: 7 * calls, OutputTokens: 3 * calls}
		if usage := usageOf(t, client, fmt.Sprintf("proj_%d", i)); usage != want {
			t.Errorf("proj_%d: %+v", i, usage)
		}
	}
	for _, got := range server.received() {
		if strings.Count(got.body, `"project_id"`) != 1 {
			t.Error(got.body)
		}
	}
}

func TestClosedWhileStreaming(t *testing.T) {
	server := newServer(t, answerStream)
	client := server.signing(t)
	response, err := NewTransport(client, nil).RoundTrip(post(t, context.Background(), server.URL, streamedChat))
	if err != nil {
		t.Fatal(err)
	}
	_ = client.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || string(body) != textChunks+doneChunk {
		t.Errorf("%v: %s", err, body)
	}
	_ = response.Body.Close()
	if usage := usageOf(t, client, "proj_client"); usage != oneCall {
		t.Errorf("%+v", usage)
	}
}

func TestOnExchange(t *testing.T) {
	server := newServer(t, answerJSON)
	var exchanges []Exchange
	client := server.signing(t)
	transport := NewTransport(client, nil, OnExchange(func(ended Exchange) {
		exchanges = append(exchanges, ended)
	}))
	request := post(t, context.Background(), server.URL, plainChat)
	request.Header.Set("X-Stainless-Retry-Count", "7") // which decides nothing
	do(t, transport, request)
	if len(exchanges) != 1 {
		t.Fatalf("%d exchanges", len(exchanges))
	}
	got := exchanges[0]
	if got.Answer.Attempt != 1 || got.Answer.HTTPStatus != 200 || got.Request.URL.Path != chatPath ||
		got.Prepared.Project != "proj_client" || got.Answer.Usage.InputTokens != 7 ||
		got.Answer.Outcome != OutcomeOK || got.Answer.ModelAnswered != "openai.gpt-oss-120b" {
		t.Errorf("%+v", got)
	}
	// An answer without usage ends as well.
	request, _ = http.NewRequest("GET", server.URL+"/v1/models/x", nil)
	do(t, transport, request)
	if usage := usageOf(t, client, "proj_client"); usage.Attempts != 1 {
		t.Errorf("what uses no tokens is counted: %+v", usage)
	}
	if got := exchanges[len(exchanges)-1]; got.Answer.Outcome != OutcomeOK || got.Request.Method != "GET" {
		t.Errorf("%+v", got)
	}
}

func TestNoRetryOfRefusals(t *testing.T) {
	refused := refusal(ErrUnattributed, "no project")
	response, err := noRetry(nil, func(*http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("Post: %w", refused)
	})
	if !errors.Is(err, ErrUnattributed) || response.Header.Get("X-Should-Retry") != "false" || response.Body == nil {
		t.Error(response, err)
	}
	for _, other := range []error{errOurs, &Error{Code: ErrThrottled, Retryable: true}, nil} {
		response, err := noRetry(nil, func(*http.Request) (*http.Response, error) { return nil, other })
		if response != nil || err != other {
			t.Error(response, err)
		}
	}
}
