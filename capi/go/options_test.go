package costmark

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"
)

// events keeps what WithUsage tells.
type events struct {
	mu   sync.Mutex
	seen []Answer
}

func (e *events) option() Option {
	return WithUsage(func(event Answer) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.seen = append(e.seen, event)
	})
}

func (e *events) all() []Answer {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Answer(nil), e.seen...)
}

func TestWithUsage(t *testing.T) {
	var told events
	refused := refusing(signedBy("AKID1"))
	server := newServer(t, refused)
	client := newClient(t, rotating(), told.option(), Config{
		"base_url": server.URL, "auth": "sigv4", "region": "us-east-1",
	})
	do(t, NewTransport(client, nil), post(t, WithProject(context.Background(), "proj_scope"), server.URL, plainChat))
	got := told.all()
	if len(got) != 2 || got[0].Operation == "" || got[0].Operation != got[1].Operation {
		t.Fatalf("%+v", got)
	}
	for i, want := range []Answer{
		{Outcome: OutcomeError, HTTPStatus: 403, Attempt: 1},
		{Outcome: OutcomeOK, HTTPStatus: 200, Attempt: 2, ResponseID: "chatcmpl-1"},
	} {
		if got[i].Outcome != want.Outcome || got[i].HTTPStatus != want.HTTPStatus || got[i].Attempt != want.Attempt ||
			got[i].ResponseID != want.ResponseID || isOneUsage(got[i].Usage) != (i == 1) || got[i].Settlement ||
			got[i].Project != "proj_scope" || got[i].API != APIChatCompletions {
			t.Errorf("%+v", got[i])
		}
	}
}

func TestWithUsageOfAForgottenAnswer(t *testing.T) {
	var told events
	client := newClient(t, staticKeys, told.option())
	begin(t, client, plainChat)
	eventually(t, "the attempt is told of", func() bool { return len(told.all()) == 1 })
	if got := told.all()[0]; got.Project != "default" || got.Outcome != OutcomeCancelled || got.Attempt != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAUsageCallbackPanicsOrUsesTheClient(t *testing.T) {
	server := newServer(t, answerJSON)
	var client *Client
	errs := make(chan error, 1)
	client = server.signing(t, WithUsage(func(Answer) {
		_, err := client.Usage()
		errs <- err
		panic(errOurs)
	}))
	_, body := do(t, NewTransport(client, nil), post(t, context.Background(), server.URL, plainChat))
	if err := <-errs; !errors.Is(err, ErrInvalidArgument) || body != chatAnswer {
		t.Error(err, body)
	}
	if usage := usageOf(t, client, "proj_client"); usage != oneCall {
		t.Errorf("%+v", usage)
	}
}

func TestWithClock(t *testing.T) {
	at := time.Date(2030, 2, 3, 4, 5, 6, 7, time.UTC)
	client := newClient(t, staticKeys, Set("project", "proj_c"), WithClock(func() time.Time { return at }))
	prepared, err := client.Prepare(context.Background(), chatRequest(plainChat))
	if err != nil || prepared.value("X-Amz-Date") != "20300203T040506Z" {
		t.Errorf("%s, %v", prepared.value("X-Amz-Date"), err)
	}
}

func TestAClockThatCannotBeRight(t *testing.T) {
	for name, clock := range map[string]func() time.Time{
		"panics": func() time.Time { panic(errOurs) },
		"zero":   func() time.Time { return time.Time{} },
		"far":    func() time.Time { return time.Unix(1<<40, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, staticKeys, Set("project", "proj_c"), WithClock(clock))
			_, err := client.Prepare(context.Background(), chatRequest(plainChat))
			var typed *Error
			if !errors.As(err, &typed) {
				t.Errorf("signed for what time? %v", err)
			}
		})
	}
}

func TestOptionsWithoutAValueAreRefused(t *testing.T) {
	for name, option := range map[string]Option{
		"clock": WithClock(nil), "usage": WithUsage(nil), "credentials": WithCredentials(nil),
		"token": WithBearerToken(nil), "logger": WithLogger(nil),
	} {
		if _, err := New(option); !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheFeaturesOfTheLibrary(t *testing.T) {
	for _, name := range []string{
		"operation", "send", "verify", "usage", "sign", "presign", "json", "bearer_token", "credentials", "routes",
	} {
		if !HasFeature(name) {
			t.Errorf("the library has no %s", name)
		}
	}
	if HasFeature("") || HasFeature("telepathy") || Version() == "" {
		t.Error("the library has what is not there")
	}
}

// What is made and ended leaves nothing behind, whatever became of it.
func TestNothingIsLeftBehind(t *testing.T) {
	eventually(t, "what earlier tests made is gone", func() bool { return LiveHandles() == 0 })
	server := newServer(t, refusing(signedBy("AKID1")))
	for range 3 {
		client, err := New(rotating(), Config{"base_url": server.URL, "auth": "sigv4", "region": "us-east-1"},
			WithUsage(func(Answer) {}), WithClock(time.Now))
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range []string{plainChat, streamedChat, "{"} {
			response, err := NewTransport(client, nil).RoundTrip(post(t, context.Background(), server.URL, body))
			if err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
		}
		_, _ = client.Prepare(context.Background(), &Request{Method: http.MethodPost, URL: "http://"})
		_ = client.Close()
		if left := LiveHandles(); left != 0 {
			t.Errorf("%d handles are left", left)
		}
		if left := liveHandles.Load(); left != 0 {
			t.Errorf("%d handles of Go are left", left)
		}
	}
}
