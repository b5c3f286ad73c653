package costmark

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func (s *server) chat(body string) *Request {
	return &Request{
		Method: "POST", URL: s.URL + chatPath, Header: http.Header{"Content-Type": {"application/json"}},
		Body: []byte(body),
	}
}

func TestSend(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Twice"] = []string{"a", "b"}
		w.Header().Set("X-Amzn-Requestid", "req_17")
		answerJSON(w, r)
	})
	client := server.signing(t)
	ctx := WithProject(context.Background(), "proj_scope")
	response, err := client.Send(ctx, server.chat(plainChat), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer := response.Answer
	if answer.Outcome != OutcomeOK || answer.ResponseID != "chatcmpl-1" || !isOneUsage(answer.Usage) ||
		answer.ModelAnswered != "openai.gpt-oss-120b" || answer.Project != "proj_scope" ||
		answer.Source != SourceScope || answer.Attempt != 1 || answer.RequestID != "req_17" {
		t.Errorf("%+v", answer)
	}
	if response.Status != 200 || string(response.Body) != chatAnswer || response.Attempts != 1 ||
		response.RequestID != "req_17" || response.Hint != "" {
		t.Errorf("%+v", response)
	}
	if fmt.Sprint(response.Header.Values("X-Twice")) != "[a b]" ||
		response.Header.Get("Content-Type") != "application/json" {
		t.Error(response.Header)
	}
	got := server.received()[0]
	if !strings.Contains(got.body, `"project_id":"proj_scope"`) ||
		!strings.HasPrefix(got.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		t.Errorf("%v: %s", got.Header, got.body)
	}
	if usage := usageOf(t, client, "proj_scope"); usage != oneCall {
		t.Errorf("%+v", usage)
	}
}

func TestSendStreams(t *testing.T) {
	for _, test := range []struct{ name, request, want string }{
		{"not asked", streamedChat, textChunks + doneChunk},
		{"asked", askingChat, chatStream},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				for i := range len(chatStream) {
					_, _ = io.WriteString(w, chatStream[i:i+1])
					w.(http.Flusher).Flush()
				}
			})
			client := server.signing(t)
			var got bytes.Buffer
			var heads []int
			response, err := client.Send(context.Background(), server.chat(test.request), &SendOptions{
				To: &got,
				OnHead: func(response *Response) error {
					heads = append(heads, response.Status)
					if got.Len() != 0 || response.Header.Get("Content-Type") != "text/event-stream" {
						t.Errorf("%+v", response)
					}
					return nil
				},
			})
			if err != nil || got.String() != test.want || len(response.Body) != 0 || fmt.Sprint(heads) != "[200]" {
				t.Errorf("%v, heads %v, passed on:\n%s", err, heads, got.String())
			}
			if usage := usageOf(t, client, "proj_client"); usage != oneCall {
				t.Errorf("%+v", usage)
			}
		})
	}
}

func TestSendComesAsItIsSent(t *testing.T) {
	next := make(chan struct{})
	server := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, piece := range []string{textChunks, doneChunk} {
			_, _ = io.WriteString(w, piece)
			w.(http.Flusher).Flush()
			<-next // until the piece has arrived
		}
	})
	var pieces int
	_, err := server.signing(t).Send(context.Background(), server.chat(streamedChat), &SendOptions{
		To: pieceFunc(func([]byte) error {
			if pieces++; pieces <= 2 {
				next <- struct{}{}
			}
			return nil
		}),
	})
	if err != nil || pieces != 2 {
		t.Errorf("%d pieces, %v", pieces, err)
	}
}

func TestSendTriesAgain(t *testing.T) {
	var tries atomic.Int64
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if tries.Add(1) < 3 {
			w.Header().Set("Retry-After-Ms", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		answerJSON(w, r)
	})
	client := server.signing(t)
	request := server.chat(plainChat)
	request.Header.Set("Idempotency-Key", "key-17")
	response, err := client.Send(context.Background(), request, &SendOptions{MaxAttempts: 3})
	if err != nil || response.Attempts != 3 || string(response.Body) != chatAnswer {
		t.Fatalf("%+v %v", response, err)
	}
	for _, got := range server.received() {
		if got.Header.Get("Idempotency-Key") != "key-17" || len(got.Header["Authorization"]) != 1 {
			t.Error(got.Header)
		}
	}
	want := Totals{Operations: 1, Attempts: 3, FailedAttempts: 2, InputTokens: 7, OutputTokens: 3}
	if usage := usageOf(t, client, "proj_client"); usage != want {
		t.Errorf("%+v", usage)
	}
}

func TestSendRecoversFromARefusal(t *testing.T) {
	server := newServer(t, refusing(signedBy("AKID1")))
	client := server.rotating(t)
	response, err := client.Send(context.Background(), server.chat(plainChat), nil)
	if err != nil || response.Attempts != 2 || response.Status != 200 {
		t.Errorf("%+v %v", response, err)
	}
}

func TestSendFails(t *testing.T) {
	for _, test := range []struct {
		status int
		code   Code
	}{{400, ErrService}, {404, ErrService}, {302, ErrService}, {429, ErrThrottled}, {500, ErrService}} {
		t.Run(fmt.Sprint(test.status), func(t *testing.T) {
			server := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Request-Id", "req_17")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, "why")
			})
			called := pieceFunc(func([]byte) error {
				t.Error("an error was streamed")
				return nil
			})
			response, err := server.signing(t).Send(context.Background(), server.chat(plainChat),
				&SendOptions{MaxAttempts: 1, To: called})
			var typed *Error
			if !errors.Is(err, test.code) || !errors.As(err, &typed) || typed.HTTPStatus != test.status ||
				typed.RequestID != "req_17" {
				t.Errorf("%#v", err)
			}
			if response == nil || response.Status != test.status || string(response.Body) != "why" {
				t.Errorf("%+v", response)
			}
		})
	}
}

func TestSendBeforeAnythingIsSent(t *testing.T) {
	server := newServer(t, answerJSON)
	client := server.signing(t, Set("allowed_projects", "proj_client"))
	notAllowed := server.chat(plainChat)
	notAllowed.Project = "proj_other"
	for _, test := range []struct {
		name    string
		request *Request
		options *SendOptions
		want    error
	}{
		{"not allowed", notAllowed, nil, ErrProjectNotAllowed},
		{"no URL", &Request{}, nil, ErrInvalidArgument},
		{"negative attempts", server.chat(plainChat), &SendOptions{MaxAttempts: -1}, ErrInvalidArgument},
		{"negative time", server.chat(plainChat), &SendOptions{Timeout: -1}, ErrInvalidArgument},
	} {
		if response, err := client.Send(context.Background(), test.request, test.options); response != nil ||
			!errors.Is(err, test.want) {
			t.Errorf("%s: %+v %v", test.name, response, err)
		}
	}
	tooMany := &SendOptions{MaxAttempts: 101}
	if _, err := server.signing(t).Send(context.Background(), server.chat(plainChat), tooMany); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := client.Send(done, server.chat(plainChat), nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	_ = client.Close()
	if _, err := client.Send(context.Background(), server.chat(plainChat), nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if got := server.received(); len(got) != 0 {
		t.Errorf("%d requests were sent", len(got))
	}
}

func TestSendToNobody(t *testing.T) {
	server := newServer(t, answerJSON)
	client := server.signing(t)
	server.Close()
	response, err := client.Send(context.Background(), server.chat(plainChat), &SendOptions{MaxAttempts: 1})
	var typed *Error
	if !errors.Is(err, ErrTransport) || !errors.As(err, &typed) || !typed.Retryable {
		t.Error(err)
	}
	if response == nil || response.Status != 0 || response.Attempts != 1 || response.Answer.Outcome != OutcomeError {
		t.Errorf("%+v", response)
	}
}

func TestSendIsStoppedByItsContext(t *testing.T) {
	for name, makes := range map[string]struct {
		context func() (context.Context, context.CancelFunc)
		want    []error
	}{
		"cancelled": {func() (context.Context, context.CancelFunc) {
			return context.WithCancel(context.Background())
		}, []error{context.Canceled, ErrCancelled}},
		"with a cause": {func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(context.Background())
			return ctx, func() { cancel(errOurs) }
		}, []error{context.Canceled, ErrCancelled, errOurs}},
		"too slow": {func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), 50*time.Millisecond)
		}, []error{context.DeadlineExceeded}},
	} {
		for _, when := range []string{"before the head", "between pieces"} {
			t.Run(name+", "+when, func(t *testing.T) {
				ctx, cancel := makes.context()
				defer cancel()
				waiting := make(chan struct{}, 1)
				server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "text/event-stream")
					if when != "before the head" {
						_, _ = io.WriteString(w, textChunks)
						w.(http.Flusher).Flush()
					}
					waiting <- struct{}{}
					<-r.Context().Done()
				})
				client := server.signing(t)
				go func() {
					<-waiting
					if name != "too slow" {
						cancel()
					}
				}()
				begin := time.Now()
				_, err := client.Send(ctx, server.chat(streamedChat), &SendOptions{To: io.Discard})
				for _, want := range makes.want {
					if !errors.Is(err, want) {
						t.Errorf("%v is not %v", err, want)
					}
				}
				if took := time.Since(begin); took > 5*time.Second {
					t.Errorf("it took %s", took)
				}
				if usage := usageOf(t, client, "proj_client"); usage.Operations != 1 || usage.Attempts != 1 {
					t.Errorf("%+v", usage)
				}
			})
		}
	}
}

func TestSendHasATimeOfItsOwn(t *testing.T) {
	server := newServer(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	_, err := server.signing(t).Send(context.Background(), server.chat(plainChat),
		&SendOptions{Timeout: 20 * time.Millisecond, MaxAttempts: 1})
	var typed *Error
	if !errors.Is(err, ErrTimeout) || !errors.As(err, &typed) || !typed.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestCallbacksOfSendFail(t *testing.T) {
	head := func(err error) *SendOptions {
		return &SendOptions{OnHead: func(*Response) error { return err }}
	}
	body := func(err error) *SendOptions {
		return &SendOptions{To: pieceFunc(func([]byte) error { return err })}
	}
	for _, test := range []struct {
		name    string
		options *SendOptions
		want    []error
	}{
		{"head", head(errOurs), []error{errOurs, ErrStoppedByCallback}},
		{"body", body(errOurs), []error{errOurs, ErrStoppedByCallback}},
		{"a code", body(fmt.Errorf("no: %w", ErrInvalidJSON)), []error{ErrInvalidJSON}},
		{"cancelled by itself", body(ErrCancelled), []error{ErrCancelled}},
		{"a context's error", body(context.Canceled), []error{context.Canceled, ErrStoppedByCallback}},
		{"short", &SendOptions{To: shortWriter{}}, []error{io.ErrShortWrite, ErrStoppedByCallback}},
		{"head panics", &SendOptions{OnHead: func(*Response) error { panic(errOurs) }}, []error{errOurs, ErrStoppedByCallback}},
		{"body panics", &SendOptions{To: pieceFunc(func([]byte) error { panic(errOurs) })}, []error{errOurs, ErrStoppedByCallback}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, answerStream)
			client := server.signing(t)
			_, err := client.Send(context.Background(), server.chat(streamedChat), test.options)
			for _, want := range test.want {
				if !errors.Is(err, want) {
					t.Errorf("%v is not %v", err, want)
				}
			}
			if got := server.received(); len(got) != 1 {
				t.Errorf("%d requests", len(got))
			}
			if usage := usageOf(t, client, "proj_client"); usage.Operations != 1 || usage.Attempts != 1 {
				t.Errorf("%+v", usage)
			}
		})
	}
}

type shortWriter struct{}

func (shortWriter) Write(piece []byte) (int, error) { return len(piece) - 1, nil }

func TestACallbackOfSendMayUseItsClient(t *testing.T) {
	server := newServer(t, answerJSON)
	client := server.signing(t)
	_, err := client.Send(context.Background(), server.chat(plainChat), &SendOptions{OnHead: func(*Response) error {
		if _, err := client.Send(context.Background(), server.chat(plainChat), nil); err != nil {
			t.Error(err)
		}
		if _, err := client.Prepare(context.Background(), chatRequest(plainChat)); err == nil {
			t.Error("a request to elsewhere was prepared")
		}
		runtime.GC()
		return client.Close()
	}})
	if err != nil {
		t.Error(err)
	}
	if usage := usageOf(t, client, "proj_client"); usage.Operations != 2 || usage.Attempts != 2 {
		t.Errorf("%+v", usage)
	}
}

// Sends share a fetch of credentials: one that leaves it leaves it to the others.
func TestASendThatLeavesAFetchLeavesItToTheOthers(t *testing.T) {
	release := make(chan struct{})
	var asked atomic.Int64
	server := newServer(t, answerJSON)
	client := newClient(t, Config{"base_url": server.URL, "auth": "sigv4", "region": "us-east-1"},
		WithCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
			asked.Add(1)
			<-release
			return someCredentials, nil
		})))
	ctx, cancel := context.WithCancel(context.Background())
	together(10, func(i int) {
		if i == 0 {
			_, err := client.Send(ctx, server.chat(plainChat), nil)
			if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrCancelled) {
				t.Error(err)
			}
			close(release)
			return
		}
		if i == 1 {
			eventually(t, "some wait", func() bool { return client.waiting() > 1 })
			cancel()
		}
		if _, err := client.Send(context.Background(), server.chat(plainChat), nil); err != nil {
			t.Error(err)
		}
	})
	if usage := usageOf(t, client, "default"); usage.Operations != 9 || usage.Attempts != 9 || asked.Load() != 1 {
		t.Errorf("%+v, asked %d times", usage, asked.Load())
	}
}

// Many at once, of which a third is cancelled at random: each is counted once, and nothing is left.
func TestSendsAtOnce(t *testing.T) {
	eventually(t, "what earlier tests made is gone", func() bool { return LiveHandles() == 0 })
	calls := 300
	if testing.Short() {
		calls = 60
	}
	server := newServer(t, answerStream)
	client := server.signing(t)
	limit := make(chan struct{}, 16)
	var whole, stopped atomic.Uint64
	together(calls, func(i int) {
		limit <- struct{}{}
		defer func() { <-limit }()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if i%3 == 0 {
			time.AfterFunc(time.Duration(i%7)*100*time.Microsecond, cancel)
		}
		var got bytes.Buffer
		_, err := client.Send(ctx, server.chat(streamedChat), &SendOptions{To: &got})
		switch {
		case err == nil && got.String() == textChunks+doneChunk:
			whole.Add(1)
		case errors.Is(err, context.Canceled) && i%3 == 0:
			stopped.Add(1)
		default:
			t.Errorf("%v after %s", err, got.String())
		}
	})
	usage := usageOf(t, client, "proj_client")
	if whole.Load()+stopped.Load() != uint64(calls) || usage.Operations < whole.Load() ||
		usage.Operations > uint64(calls) || usage.Attempts != usage.Operations ||
		usage.InputTokens < 7*whole.Load() || usage.FailedAttempts != 0 {
		t.Errorf("%d whole, %d stopped, %+v", whole.Load(), stopped.Load(), usage)
	}
	_ = client.Close()
	eventually(t, "everything is given back", func() bool { return LiveHandles() == 0 && liveHandles.Load() == 0 })
}
