package costmark

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

const refusalText = `{"message":"The security token included in the request is expired"}`

// refusing answers with a refusal for as long as a request is one to refuse.
func refusing(isRefused func(*http.Request) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !isRefused(r) {
			answerJSON(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Amzn-Errortype", "ExpiredTokenException:http://internal.amazon.com/")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, refusalText)
	}
}

func always(*http.Request) bool { return true }

func signedBy(key string) func(*http.Request) bool {
	return func(r *http.Request) bool { return strings.Contains(r.Header.Get("Authorization"), key+"/") }
}

// rotating gives out AKID1, AKID2, ...
func rotating() Option {
	var asked atomic.Int64
	return WithCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
		return Credentials{AccessKeyID: fmt.Sprint("AKID", asked.Add(1)), SecretAccessKey: secretKey}, nil
	}))
}

func (s *server) rotating(t testing.TB) *Client {
	return newClient(t, rotating(), Config{
		"base_url": s.URL, "auth": "sigv4", "region": "us-east-1", "project": "proj_client",
	})
}

// tracking sees that every answer of the transport below is closed.
type tracking struct {
	opened, closed atomic.Int64
}

func (t *tracking) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	if err == nil {
		t.opened.Add(1)
		response.Body = &trackedBody{response.Body, t, atomic.Bool{}}
	}
	return response, err
}

type trackedBody struct {
	io.ReadCloser
	in     *tracking
	closed atomic.Bool
}

func (b *trackedBody) Close() error {
	if !b.closed.Swap(true) {
		b.in.closed.Add(1)
	}
	return b.ReadCloser.Close()
}

func TestRefusedCredentialsAreReplacedWithinTheRoundTrip(t *testing.T) {
	for name, request := range map[string]struct {
		body   string
		answer http.HandlerFunc
		want   string
	}{
		"plain":    {plainChat, answerJSON, chatAnswer},
		"streamed": {streamedChat, answerStream, textChunks + doneChunk},
	} {
		t.Run(name, func(t *testing.T) {
			refused := refusing(always)
			server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
				if signedBy("AKID1")(r) {
					refused(w, r)
					return
				}
				request.answer(w, r)
			})
			client := server.rotating(t)
			var exchanges []Exchange
			below := new(tracking)
			transport := NewTransport(client, below, OnExchange(func(ended Exchange) {
				exchanges = append(exchanges, ended)
			}))
			response, body := do(t, transport, post(t, context.Background(), server.URL, request.body))
			if response.StatusCode != 200 || body != request.want {
				t.Errorf("%s: %s", response.Status, body)
			}
			got := server.received()
			if len(got) != 2 || !signedBy("AKID2")(got[1].Request) || got[0].body != got[1].body {
				t.Fatalf("%d requests: %v", len(got), got)
			}
			want := oneCall
			want.Attempts, want.FailedAttempts = 2, 1
			if usage := usageOf(t, client, "proj_client"); usage != want {
				t.Errorf("%+v", usage)
			}
			if len(exchanges) != 2 || exchanges[0].Answer.Attempt != 1 || exchanges[0].Answer.HTTPStatus != 403 ||
				exchanges[1].Answer.Attempt != 2 || exchanges[1].Answer.HTTPStatus != 200 {
				t.Errorf("%+v", exchanges)
			}
			if below.opened.Load() != 2 || below.closed.Load() != 2 {
				t.Errorf("of %d answers %d were closed", below.opened.Load(), below.closed.Load())
			}
			// The next call begins with what is good.
			do(t, transport, post(t, context.Background(), server.URL, request.body))
			if got := server.received(); len(got) != 3 {
				t.Errorf("%d requests", len(got))
			}
		})
	}
}

func TestARefusalIsRepeatedOnceAtMost(t *testing.T) {
	server := newServer(t, refusing(always))
	client := server.rotating(t)
	response, body := do(t, NewTransport(client, nil), post(t, context.Background(), server.URL, plainChat))
	if response.StatusCode != 403 || body != refusalText || response.ContentLength != int64(len(refusalText)) {
		t.Errorf("%s, %d bytes: %s", response.Status, response.ContentLength, body)
	}
	if got := server.received(); len(got) != 2 {
		t.Errorf("%d requests", len(got))
	}
	if usage := usageOf(t, client, "proj_client"); usage != (Totals{Operations: 1, Attempts: 2, FailedAttempts: 2}) {
		t.Errorf("%+v", usage)
	}
}

func TestARefusalWithoutRemedyIsTheAnswer(t *testing.T) {
	long := strings.Repeat("x", 200<<10)
	denied := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, refusalText[:10])
	}
	tooLong := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-Errortype", "ExpiredTokenException")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, long)
	}
	var same *Client
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		client func(*server) *Client
		want   string
	}{
		{"a missing permission", denied, func(s *server) *Client { return s.rotating(t) }, refusalText[:10]},
		{"too long to wait for", tooLong, func(s *server) *Client { return s.rotating(t) }, long},
		{"the caller's own", refusing(always), func(s *server) *Client {
			return newClient(t, Config{"base_url": s.URL, "auth": "none", "project": "proj_client"})
		}, refusalText},
		{"a token that stays", refusing(always), func(s *server) *Client {
			return newClient(t, Config{"base_url": s.URL, "auth": "bearer", "project": "proj_client"},
				WithBearerToken(BearerTokenFunc(func(context.Context) (string, error) { return "token", nil })))
		}, refusalText},
		{"closed meanwhile", func(w http.ResponseWriter, r *http.Request) {
			_ = same.Close()
			refusing(always)(w, r)
		}, func(s *server) *Client {
			same = s.rotating(t)
			return same
		}, refusalText},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, test.answer)
			client := test.client(server)
			response, body := do(t, NewTransport(client, nil), post(t, context.Background(), server.URL, plainChat))
			if response.StatusCode != 403 || body != test.want {
				t.Errorf("%s: %d bytes", response.Status, len(body))
			}
			if got := server.received(); len(got) != 1 {
				t.Errorf("%d requests", len(got))
			}
			want := Totals{Operations: 1, Attempts: 1, FailedAttempts: 1}
			if usage := usageOf(t, client, "proj_client"); usage != want {
				t.Errorf("%+v", usage)
			}
		})
	}
}

func TestARefusalThatBreaksOffIsPassedOn(t *testing.T) {
	base := roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: 403, ContentLength: -1, Header: http.Header{"X-Amzn-Errortype": {"ExpiredToken"}},
			Body: io.NopCloser(io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errOurs))),
		}, nil
	})
	client := newClient(t, rotating(), Set("project", "proj_client"))
	response, err := NewTransport(client, base).RoundTrip(post(t, context.Background(), "https://"+testHost, plainChat))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if string(body) != "half" || !errors.Is(err, errOurs) {
		t.Errorf("%s, %v", body, err)
	}
	_ = response.Body.Close()
}

func TestAConnectionThatFailsTheSecondTime(t *testing.T) {
	var trips int
	base := roundTripper(func(*http.Request) (*http.Response, error) {
		if trips++; trips == 2 {
			return nil, errOurs
		}
		return &http.Response{
			StatusCode: 403, Header: http.Header{"X-Amzn-Errortype": {"ExpiredToken"}},
			Body: io.NopCloser(strings.NewReader(refusalText)),
		}, nil
	})
	client := newClient(t, rotating(), Set("project", "proj_client"))
	response, err := NewTransport(client, base).RoundTrip(post(t, context.Background(), "https://"+testHost, plainChat))
	if response != nil || !errors.Is(err, errOurs) {
		t.Error(response, err)
	}
	if usage := usageOf(t, client, "proj_client"); usage != (Totals{Operations: 1, Attempts: 2, FailedAttempts: 2}) {
		t.Errorf("%+v", usage)
	}
}

func TestARefusedTokenIsReplaced(t *testing.T) {
	var asked atomic.Int64
	server := newServer(t, refusing(func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer token-0" }))
	client := newClient(t, Config{"base_url": server.URL, "auth": "bearer", "project": "proj_client"},
		WithBearerToken(BearerTokenFunc(func(context.Context) (string, error) { return fmt.Sprint("token-", asked.Load()), nil })))
	base := roundTripper(func(request *http.Request) (*http.Response, error) {
		response, err := http.DefaultTransport.RoundTrip(request)
		asked.Store(1) // another one is put where the callback looks
		return response, err
	})
	response, _ := do(t, NewTransport(client, base), post(t, context.Background(), server.URL, plainChat))
	if got := server.received(); response.StatusCode != 200 || len(got) != 2 {
		t.Errorf("%s after %d requests", response.Status, len(got))
	}
}

func TestUploadsAreSentAgainIfTheyCanBe(t *testing.T) {
	content := strings.Repeat("x", 100_000)
	for _, replayable := range []bool{false, true} {
		t.Run(fmt.Sprint(replayable), func(t *testing.T) {
			var asked atomic.Int64
			server := newServer(t, refusing(func(r *http.Request) bool {
				return r.Header.Get("Authorization") == "Bearer token-0"
			}))
			client := newClient(t, Config{"base_url": server.URL, "auth": "bearer", "project": "proj_client"},
				WithBearerToken(BearerTokenFunc(func(context.Context) (string, error) { return fmt.Sprint("token-", asked.Load()), nil })))
			base := roundTripper(func(request *http.Request) (*http.Response, error) {
				response, err := http.DefaultTransport.RoundTrip(request)
				asked.Store(1)
				return response, err
			})
			open := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }
			body, _ := open()
			request, _ := http.NewRequest("POST", server.URL+"/v1/files", body)
			request.Header.Set("Content-Type", "multipart/form-data; boundary=x")
			if replayable {
				request.GetBody = open
			}
			response, err := NewTransport(client, base, MaxBody(1000)).RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			got := server.received()
			if replayable && (response.StatusCode != 200 || len(got) != 2 || got[1].body != content) {
				t.Errorf("%s after %d requests", response.Status, len(got))
			}
			if !replayable && (response.StatusCode != 403 || len(got) != 1) {
				t.Errorf("%s after %d requests", response.Status, len(got))
			}
		})
	}
}

func TestAnEncodedRefusalIsReadToo(t *testing.T) {
	refused := answerEncoded("application/json", "gzip",
		compressed(`{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}`))
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if signedBy("AKID1")(r) {
			w = &statusWriter{w, http.StatusForbidden}
			refused(w, r)
			return
		}
		answerJSON(w, r)
	})
	request := post(t, context.Background(), server.URL, plainChat)
	request.Header.Set("Accept-Encoding", "gzip")
	response, body := do(t, NewTransport(server.rotating(t), nil), request)
	if response.StatusCode != 200 || body != chatAnswer {
		t.Errorf("%s: %s", response.Status, body)
	}
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) Write(body []byte) (int, error) {
	w.WriteHeader(w.status)
	return w.ResponseWriter.Write(body)
}

func TestAWrongClockIsLearned(t *testing.T) {
	for _, wrong := range []time.Duration{time.Hour, -20 * time.Hour} {
		t.Run(wrong.String(), func(t *testing.T) {
			server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
				signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
				if off := time.Since(signed); err != nil || off.Abs() > 5*time.Minute {
					w.WriteHeader(http.StatusForbidden)
					_, _ = io.WriteString(w, `{"__type":"InvalidSignatureException","message":"Signature expired: it is wrong"}`)
					return
				}
				answerJSON(w, r)
			})
			client := server.signing(t, WithClock(func() time.Time { return time.Now().Add(wrong) }))
			transport := NewTransport(client, nil)
			for _, requests := range []int{2, 3} {
				response, _ := do(t, transport, post(t, context.Background(), server.URL, plainChat))
				if got := server.received(); response.StatusCode != 200 || len(got) != requests {
					t.Errorf("%s after %d requests, not %d", response.Status, len(got), requests)
				}
			}
		})
	}
}

func TestAResendBelongsToItsOperation(t *testing.T) {
	server := newServer(t, refusing(signedBy("AKID1")))
	client := server.rotating(t)
	var attempts []int
	transport := NewTransport(client, nil, OnExchange(func(ended Exchange) { attempts = append(attempts, ended.Answer.Attempt) }))
	ctx := WithOperation(context.Background())
	do(t, transport, post(t, ctx, server.URL, plainChat))
	do(t, transport, post(t, ctx, server.URL, plainChat))
	if fmt.Sprint(attempts) != "[1 2 3]" {
		t.Error(attempts)
	}
	if usage := usageOf(t, client, "proj_client"); usage.Operations != 1 || usage.Attempts != 3 {
		t.Errorf("%+v", usage)
	}
}

func TestManyAreRefusedAtOnce(t *testing.T) {
	server := newServer(t, refusing(signedBy("AKID1")))
	client := server.rotating(t)
	base := http.DefaultTransport.(*http.Transport).Clone()
	defer base.CloseIdleConnections()
	transport := NewTransport(client, base)
	together(50, func(int) {
		response, body := do(t, transport, post(t, context.Background(), server.URL, plainChat))
		if response.StatusCode != 200 || body != chatAnswer {
			t.Errorf("%s: %s", response.Status, body)
		}
	})
	usage := usageOf(t, client, "proj_client")
	if usage.Operations != 50 || usage.Attempts != 50+usage.FailedAttempts || usage.InputTokens != 7*50 {
		t.Errorf("%+v", usage)
	}
}

func TestAnOperationAdvises(t *testing.T) {
	client := newClient(t, rotating(), Set("project", "proj_c"))
	operation, prepared := begin(t, client, plainChat)
	defer operation.Close()
	if !prepared.Authorized {
		t.Error("not authorized")
	}
	plan := operation.Head(403, http.Header{"X-Amzn-Errortype": {"ExpiredToken"}}, false)
	if plan.ReadAhead <= 0 || plan.ReadAheadTime <= 0 || plan.BodyMayChange {
		t.Errorf("%+v", plan)
	}
	if _, next := operation.Finish(); next.Step != StepAgain || next.Reason != ReasonRefused {
		t.Errorf("%v, %v", next.Step, next.Reason)
	}
	again, err := operation.Prepare(context.Background(), nil)
	if err != nil || again.value("Authorization") == prepared.value("Authorization") {
		t.Error("signed as before", err)
	}
	operation.Sent()
	if plan := operation.Head(403, http.Header{"X-Amzn-Errortype": {"ExpiredToken"}}, false); plan.ReadAhead != 0 {
		t.Errorf("%+v", plan)
	}
	if _, next := operation.Finish(); next.Step != StepDone {
		t.Errorf("%v, %v", next.Step, next.Reason)
	}
	if answer := operation.Answer(); answer.Attempt != 2 || answer.HTTPStatus != 403 {
		t.Errorf("%+v", answer)
	}
}

func TestAnOperationInEveryState(t *testing.T) {
	client := newClient(t, staticKeys, Set("project", "proj_c"))
	operation, err := client.Begin(context.Background(), chatRequest(plainChat))
	if err != nil {
		t.Fatal(err)
	}
	if piece := operation.Feed([]byte("early")); string(piece) != "early" {
		t.Error("an early piece does not pass")
	}
	if _, err := operation.Prepare(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if _, next := operation.Fail(OutcomeError); next.Step != StepNone { // it never left
		t.Errorf("%+v", next)
	}
	if answer := operation.Answer(); answer.Attempt != 0 || answer.FirstByte != -1 {
		t.Errorf("%+v", answer)
	}
	operation.Sent() // observed alone
	operation.Head(100, nil, false)
	operation.Head(500, http.Header{"Retry-After-Ms": {"17"}}, false)
	if _, next := operation.Finish(); next != (Next{StepAfterPause, ReasonBusy, 17 * time.Millisecond}) {
		t.Errorf("%+v", next)
	}
	operation.Close()
	operation.Close()
	operation.Sent()
	if _, err := operation.Prepare(context.Background(), nil); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
	if _, next := operation.Finish(); next != (Next{}) || operation.Answer().Operation != "" ||
		operation.Head(200, nil, false) != (Plan{}) {
		t.Error("an operation that has ended answers")
	}
	if usage := usageOf(t, client, "proj_c"); usage != (Totals{Operations: 1, Attempts: 1, FailedAttempts: 1}) {
		t.Errorf("%+v", usage)
	}
}

func TestTheServiceRefusesATokenOfACache(t *testing.T) {
	cache, err := NewBearerTokenCache(0, rotating(), Set("region", "us-east-1"))
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	first, err := cache.Token(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(t, refusing(func(r *http.Request) bool {
		return r.Header.Get("Authorization") == "Bearer "+first.Text
	}))
	client := newClient(t, Config{"base_url": server.URL, "auth": "bearer", "project": "proj_client"},
		WithBearerToken(cache))
	response, _ := do(t, NewTransport(client, nil), post(t, context.Background(), server.URL, plainChat))
	if got := server.received(); response.StatusCode != 200 || len(got) != 2 {
		t.Errorf("%s after %d requests", response.Status, len(got))
	}
}

// stalling is a refusal whose body stops in the middle, and goes on when it is told to.
func stalling(goOn chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amzn-Errortype", "ExpiredTokenException")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		select {
		case <-goOn:
			_, _ = io.WriteString(w, ", whole")
		case <-r.Context().Done():
		}
	}
}

func TestARefusalThatStallsIsPassedOn(t *testing.T) {
	goOn := make(chan struct{})
	server := newServer(t, stalling(goOn))
	client := server.rotating(t)
	response, err := NewTransport(client, nil).RoundTrip(post(t, context.Background(), server.URL, plainChat))
	if err != nil {
		t.Fatal(err)
	}
	half := make([]byte, 4)
	if _, err := io.ReadFull(response.Body, half); err != nil || string(half) != "half" {
		t.Fatalf("%s %v", half, err)
	}
	close(goOn)
	rest, err := io.ReadAll(response.Body)
	if err != nil || string(rest) != ", whole" {
		t.Errorf("%s %v", rest, err)
	}
	_ = response.Body.Close()
	if got := server.received(); len(got) != 1 {
		t.Errorf("%d requests", len(got))
	}
	if usage := usageOf(t, client, "proj_client"); usage != (Totals{Operations: 1, Attempts: 1, FailedAttempts: 1}) {
		t.Errorf("%+v", usage)
	}
}

func TestARefusalThatStallsIsClosed(t *testing.T) {
	server := newServer(t, stalling(nil))
	client := server.rotating(t)
	response, err := NewTransport(client, nil).RoundTrip(post(t, context.Background(), server.URL, plainChat))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if usage := usageOf(t, client, "proj_client"); usage.Operations != 1 || usage.Attempts != 1 {
		t.Errorf("%+v", usage)
	}
}
