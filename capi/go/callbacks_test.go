package costmark

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestCredentialsRotate(t *testing.T) {
	var asked atomic.Int64
	client := newClient(t, Set("project", "proj_c"),
		WithCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
			n := asked.Add(1)
			return Credentials{
				AccessKeyID:     fmt.Sprintf("AKID%d", n),
				SecretAccessKey: secretKey,
				SessionToken:    fmt.Sprintf("token-%d", n),
				Expires:         time.Now().Add(3 * time.Second),
			}, nil
		})))
	sign := func() (key, token string) {
		t.Helper()
		prepared, err := client.Prepare(context.Background(), chatRequest(plainChat))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(prepared.value("Authorization"), "Credential=")
		key, _, _ = strings.Cut(rest, "/")
		return key, prepared.value("X-Amz-Security-Token")
	}
	first, token := sign()
	if first != "AKID1" || token != "token-1" {
		t.Fatalf("signed by %s with %s", first, token)
	}
	deadline := time.Now().Add(20 * time.Second)
	for key := first; key == first; {
		if key, token = sign(); token != "token-"+strings.TrimPrefix(key, "AKID") {
			t.Fatalf("signed by %s with %s", key, token)
		}
		if time.Now().After(deadline) {
			t.Fatal("credentials that expired are still used")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestCredentialsAreFetchedOnce(t *testing.T) {
	var asked atomic.Int64
	client := newClient(t, Set("project", "proj_c"),
		WithCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
			asked.Add(1)
			time.Sleep(20 * time.Millisecond)
			return Credentials{AccessKeyID: "AKID", SecretAccessKey: secretKey}, nil
		})))
	together(50, func(int) {
		if _, err := client.Prepare(context.Background(), chatRequest(plainChat)); err != nil {
			t.Error(err)
		}
	})
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// together runs a function on many goroutines at once.
func together(count int, run func(int)) {
	var wait sync.WaitGroup
	begin := make(chan struct{})
	for i := range count {
		wait.Add(1)
		go func() {
			defer wait.Done()
			<-begin
			run(i)
		}()
	}
	close(begin)
	wait.Wait()
}

func TestACallbackKnowsItsCall(t *testing.T) {
	type key struct{}
	got := make(chan any, 2)
	client := newClient(t, Set("project", "proj_c"), Set("auth", "bearer"),
		WithBearerToken(BearerTokenFunc(func(ctx context.Context) (string, error) {
			got <- ctx.Value(key{})
			return "token", nil
		})))
	prepared, err := client.Prepare(context.WithValue(context.Background(), key{}, 17), chatRequest(plainChat))
	if err != nil {
		t.Fatal(err)
	}
	if value := <-got; value != 17 {
		t.Errorf("the callback's context says %v", value)
	}
	if prepared.value("Authorization") != "Bearer token" {
		t.Error(prepared.value("Authorization"))
	}
}

var errOurs = errors.New("the vault is closed")

func failing(err error) Option {
	return WithCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
		return Credentials{}, err
	}))
}

func TestACallbackFails(t *testing.T) {
	for _, test := range []struct {
		name   string
		option Option
		code   Code
		cause  error
	}{
		{"its own error", failing(errOurs), ErrStoppedByCallback, errOurs},
		{"a code", failing(ErrNoCredentials), ErrNoCredentials, ErrNoCredentials},
		{"a wrapped code", failing(fmt.Errorf("no: %w", ErrExpiredCredentials)), ErrExpiredCredentials, ErrExpiredCredentials},
		{"no code", failing(Code(999)), ErrStoppedByCallback, Code(999)},
		{"success for a code", failing(Code(0)), ErrStoppedByCallback, Code(0)},
		{"nothing", failing(nil), ErrNoCredentials, nil},
		{"an empty token", WithBearerToken(BearerTokenFunc(func(context.Context) (string, error) { return "", nil })), ErrNoCredentials, nil},
		{"a token's error", WithBearerToken(BearerTokenFunc(func(context.Context) (string, error) { return "", errOurs })), ErrStoppedByCallback, errOurs},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := newClient(t, Set("project", "proj_c"), test.option)
			_, err := client.Prepare(context.Background(), chatRequest(plainChat))
			if !errors.Is(err, test.code) || (test.cause != nil && !errors.Is(err, test.cause)) {
				t.Errorf("%v", err)
			}
			if _, err := client.Begin(context.Background(), chatRequest(plainChat)); err != nil {
				t.Errorf("Begin asks for credentials: %v", err)
			}
		})
	}
}

func TestACallbackPanics(t *testing.T) {
	for name, option := range map[string]Option{
		"credentials": WithCredentials(CredentialsFunc(func(context.Context) (Credentials, error) { panic(errOurs) })),
		"token":       WithBearerToken(BearerTokenFunc(func(context.Context) (string, error) { panic(errOurs) })),
	} {
		client := newClient(t, Set("project", "proj_c"), option)
		for range 3 { // and leaves everything in order
			_, err := client.Prepare(context.Background(), chatRequest(plainChat))
			var panicked *PanicError
			if !errors.As(err, &panicked) || !errors.Is(err, errOurs) || !errors.Is(err, ErrStoppedByCallback) {
				t.Fatalf("%s: %v", name, err)
			}
			if !strings.Contains(string(panicked.Stack), "callbacks_test.go") {
				t.Errorf("%s: the stack does not show where:\n%s", name, panicked.Stack)
			}
		}
	}
}

func TestACallbackMayUseAnotherClientOnly(t *testing.T) {
	other := newClient(t, staticKeys, Set("project", "proj_other"))
	var self *Client
	var fromSelf error
	self = newClient(t, Set("project", "proj_c"),
		WithCredentials(CredentialsFunc(func(ctx context.Context) (Credentials, error) {
			if _, err := other.Prepare(ctx, chatRequest(plainChat)); err != nil {
				return Credentials{}, err
			}
			_, fromSelf = self.Prepare(ctx, chatRequest(plainChat))
			_ = self.Close()
			return Credentials{AccessKeyID: "AKID", SecretAccessKey: secretKey}, nil
		})))
	if _, err := self.Prepare(context.Background(), chatRequest(plainChat)); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(fromSelf, ErrInvalidArgument) {
		t.Errorf("the client that asks can be used: %v", fromSelf)
	}
	if _, err := self.Prepare(context.Background(), chatRequest(plainChat)); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// waiting tells how many wait for the fetch that is running.
func (c *Client) waiting() int {
	c.core.fetches.mu.Lock()
	defer c.core.fetches.mu.Unlock()
	if c.core.fetches.running == nil {
		return 0
	}
	return c.core.fetches.running.waiters
}

func TestOneWhoLeavesAFetchLeavesItToTheOthers(t *testing.T) {
	release := make(chan struct{})
	var asked atomic.Int64
	client := newClient(t, Set("project", "proj_c"),
		WithCredentials(CredentialsFunc(func(ctx context.Context) (Credentials, error) {
			asked.Add(1)
			select {
			case <-release:
				return Credentials{AccessKeyID: "AKID", SecretAccessKey: secretKey}, nil
			case <-ctx.Done():
				return Credentials{}, ctx.Err()
			}
		})))
	first, cancel := context.WithCancel(context.Background())
	left := make(chan error)
	go func() {
		_, err := client.Prepare(first, chatRequest(plainChat))
		left <- err
	}()
	eventually(t, "a fetch is running", func() bool { return client.waiting() == 1 })
	var wait sync.WaitGroup
	for range 10 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			if _, err := client.Prepare(context.Background(), chatRequest(plainChat)); err != nil {
				t.Error(err)
			}
		}()
	}
	eventually(t, "all of them wait", func() bool { return client.waiting() == 11 })
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(release)
	wait.Wait()
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestTheLastOneToLeaveCancelsTheFetch(t *testing.T) {
	stuck := make(chan struct{}) // a provider that does not notice at once
	var asked atomic.Int64
	cancelled := make(chan error, 1)
	client := newClient(t, Set("project", "proj_c"),
		WithCredentials(CredentialsFunc(func(ctx context.Context) (Credentials, error) {
			if asked.Add(1) > 1 {
				return Credentials{AccessKeyID: "AKID", SecretAccessKey: secretKey}, nil
			}
			<-ctx.Done()
			cancelled <- ctx.Err()
			<-stuck
			return Credentials{}, ctx.Err()
		})))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	request := post(t, ctx, "https://"+testHost, plainChat)
	begun := time.Now()
	_, err := NewTransport(client, nil).RoundTrip(request)
	if took := time.Since(begun); !errors.Is(err, context.DeadlineExceeded) || took > 5*time.Second {
		t.Errorf("%v after %s", err, took)
	}
	if err := <-cancelled; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	// Those who come meanwhile wait for its end, and then for a fetch of their own.
	done := make(chan error)
	go func() {
		_, err := client.Prepare(context.Background(), chatRequest(plainChat))
		done <- err
	}()
	eventually(t, "one waits", func() bool { return client.waiting() == 1 })
	close(stuck)
	if err := <-done; err != nil || asked.Load() != 2 {
		t.Errorf("%v after %d fetches", err, asked.Load())
	}
}

// However many wait, one thread is in C.
func TestAFetchHoldsOneThread(t *testing.T) {
	release := make(chan struct{})
	client := newClient(t, Set("project", "proj_c"),
		WithCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
			<-release
			return Credentials{AccessKeyID: "AKID", SecretAccessKey: secretKey}, nil
		})))
	before := pprof.Lookup("threadcreate").Count()
	var wait sync.WaitGroup
	for range 200 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			if _, err := client.Prepare(context.Background(), chatRequest(plainChat)); err != nil {
				t.Error(err)
			}
		}()
	}
	eventually(t, "all of them wait", func() bool { return client.waiting() == 200 })
	if more := pprof.Lookup("threadcreate").Count() - before; more > 20 {
		t.Errorf("%d threads for 200 requests", more)
	}
	close(release)
	wait.Wait()
}

func TestAFetchThatFailsFailsForAll(t *testing.T) {
	release := make(chan struct{})
	var asked atomic.Int64
	client := newClient(t, Set("project", "proj_c"),
		WithCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
			asked.Add(1)
			<-release
			return Credentials{}, errOurs
		})))
	errs := make(chan error)
	for range 10 {
		go func() {
			_, err := client.Prepare(context.Background(), chatRequest(plainChat))
			errs <- err
		}()
	}
	eventually(t, "all of them wait", func() bool { return client.waiting() == 10 })
	close(release)
	for range 10 {
		if err := <-errs; !errors.Is(err, errOurs) || !errors.Is(err, ErrStoppedByCallback) {
			t.Error(err)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// Credentials that will soon expire are renewed while those at hand still serve.
func TestCredentialsAreRenewedInTheBackground(t *testing.T) {
	var asked, passed atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
	release := make(chan struct{})
	client := newClient(t, Set("project", "proj_c"), WithClock(now),
		WithCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
			n := asked.Add(1)
			if n > 1 {
				<-release
			}
			return Credentials{
				AccessKeyID: fmt.Sprint("AKID", n), SecretAccessKey: secretKey, Expires: now().Add(time.Hour),
			}, nil
		})))
	signedBy := func(key string) bool {
		t.Helper()
		prepared, err := client.Prepare(context.Background(), chatRequest(plainChat))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(prepared.value("Authorization"), key+"/")
	}
	if !signedBy("AKID1") || !signedBy("AKID1") || asked.Load() != 1 {
		t.Error("not by the first")
	}
	passed.Store(int64(58 * time.Minute))
	eventually(t, "a renewal has begun", func() bool { return signedBy("AKID1") && asked.Load() == 2 })
	close(release)
	eventually(t, "what is new is used", func() bool { return !signedBy("AKID1") })
}

func TestTheLog(t *testing.T) {
	var lines bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&lines, nil))
	client := newClient(t, staticKeys, WithLogger(logger))
	if _, err := client.Prepare(context.Background(), chatRequest(plainChat)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(lines.String(), "level=WARN") || !strings.Contains(lines.String(), "project") {
		t.Errorf("the log says:\n%s", lines.String())
	}
	if strings.Contains(lines.String(), secretKey) {
		t.Error("the log shows a secret")
	}
}

type panickingHandler struct{ slog.Handler }

func (panickingHandler) Enabled(context.Context, slog.Level) bool { panic("no logger") }

func TestALoggerPanics(t *testing.T) {
	client := newClient(t, staticKeys, WithLogger(slog.New(panickingHandler{})))
	if _, err := client.Prepare(context.Background(), chatRequest(plainChat)); err != nil {
		t.Fatal(err)
	}
}

func TestCredentialsPrintNoSecrets(t *testing.T) {
	credentials := Credentials{AccessKeyID: "AKID", SecretAccessKey: secretKey, SessionToken: "session"}
	var line bytes.Buffer
	slog.New(slog.NewTextHandler(&line, nil)).Info("with", "them", credentials)
	for _, text := range []string{
		fmt.Sprint(credentials), fmt.Sprintf("%+v %#v %s", credentials, credentials, &credentials), line.String(),
	} {
		if strings.Contains(text, secretKey) || strings.Contains(text, "session") {
			t.Error(text)
		}
	}
}

func TestHandlesAreGivenBack(t *testing.T) {
	eventually(t, "what earlier tests made is gone", func() bool { return liveHandles.Load() == 0 })
	for range 20 {
		client, err := New(Set("auth", "sigv4"), failing(errOurs), failing(errOurs), WithLogger(slog.Default()),
			WithBearerToken(BearerTokenFunc(func(context.Context) (string, error) { return "", nil })))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = client.Prepare(context.Background(), chatRequest(plainChat))
		_ = client.Close()
		_, _ = New(failing(errOurs), Set("no_such_option", ""))
	}
	if left := liveHandles.Load(); left != 0 {
		t.Errorf("%d handles are left", left)
	}
}

func TestAForgottenClientIsClosed(t *testing.T) {
	eventually(t, "what earlier tests made is gone", func() bool { return LiveHandles() == 0 })
	for range 10 {
		client, err := New(staticKeys, failing(errOurs))
		if err != nil {
			t.Fatal(err)
		}
		runtime.KeepAlive(client)
	}
	eventually(t, "ten clients are gone", func() bool { return LiveHandles() == 0 })
}

func TestCloseWhileInUse(t *testing.T) {
	for range 20 {
		client, err := New(staticKeys, Config{"project": "proj_c", "carrier": "body"})
		if err != nil {
			t.Fatal(err)
		}
		var counted atomic.Uint64
		together(20, func(i int) {
			if i == 0 {
				time.Sleep(time.Millisecond)
				_ = client.Close()
				_ = client.Close()
				return
			}
			for {
				operation, err := client.Begin(context.Background(), chatRequest(plainChat))
				if err != nil {
					if !errors.Is(err, ErrClosed) {
						t.Error(err)
					}
					return
				}
				prepared, err := operation.Prepare(context.Background(), nil)
				if err == nil {
					if !prepared.BodyChanged {
						t.Error("not attributed")
					}
					counted.Add(1)
					operation.Sent()
					operation.Fail(OutcomeError)
				} else if !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
				operation.Close()
			}
		})
		if usage := usageOf(t, client, "proj_c"); usage.Attempts != counted.Load() || usage.FailedAttempts != counted.Load() {
			t.Fatalf("%+v, not %d", usage, counted.Load())
		}
		if _, err := client.Prepare(context.Background(), chatRequest(plainChat)); !errors.Is(err, ErrClosed) {
			t.Fatal(err)
		}
		if _, err := client.Begin(context.Background(), chatRequest(plainChat)); !errors.Is(err, ErrClosed) {
			t.Fatal(err)
		}
	}
}

func TestAnOperationOutlivesItsClient(t *testing.T) {
	client := newClient(t, staticKeys, Set("project", "proj_c"))
	operation, _ := begin(t, client, plainChat)
	defer operation.Close()
	_ = client.Close()
	operation.Head(200, http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {"req_17"}}, false)
	for _, piece := range []string{chatAnswer[:50], chatAnswer[50:]} {
		if passed := operation.Feed([]byte(piece)); string(passed) != piece {
			t.Errorf("passed on: %s", passed)
		}
	}
	_, next := operation.Finish()
	if _, again := operation.Fail(OutcomeError); next != again || next != (Next{StepDone, ReasonAnswered, 0}) {
		t.Errorf("next: %+v, then %+v", next, again)
	}
	answer := operation.Answer()
	if len(answer.Operation) != 36 || answer.Latency <= 0 || answer.FirstByte < 0 || !isOneUsage(answer.Usage) {
		t.Errorf("%+v", answer)
	}
	answer.Operation, answer.Latency, answer.FirstByte, answer.UsageJSON, answer.Usage = "", 0, 0, "", Usage{}
	want := Answer{
		Attempt: 1, Project: "proj_c", Source: SourceClient, API: APIChatCompletions,
		Model: "openai.gpt-oss-120b", ModelAnswered: "openai.gpt-oss-120b", ResponseID: "chatcmpl-1",
		RequestID: "req_17", Outcome: OutcomeOK, HTTPStatus: 200,
	}
	if answer != want {
		t.Errorf("%+v", answer)
	}
	if got := usageOf(t, client, "proj_c"); got != oneCall {
		t.Errorf("%+v", got)
	}
	if passed := operation.Feed([]byte("late")); string(passed) != "late" {
		t.Error("a late piece does not pass")
	}
	if _, err := operation.Prepare(context.Background(), nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestAForgottenOperationCounts(t *testing.T) {
	client := newClient(t, staticKeys, Set("project", "proj_c"))
	begin(t, client, plainChat)
	eventually(t, "the attempt is counted as cancelled", func() bool {
		return usageOf(t, client, "proj_c") == Totals{Operations: 1, Attempts: 1, IncompleteAttempts: 1}
	})
	if _, err := client.Begin(context.Background(), chatRequest(plainChat)); err != nil { // never sent
		t.Fatal(err)
	}
	eventually(t, "it is gone without a trace", func() bool { return LiveHandles() <= 2 })
	if usage := usageOf(t, client, "proj_c"); usage.Attempts != 1 {
		t.Errorf("%+v", usage)
	}
}
