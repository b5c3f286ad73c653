package costmark

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"sync/atomic"
	"testing"
	"time"
)

// What a call may take that is stopped after a short time. Machines may be busy.
const (
	shortTime = 100 * time.Millisecond
	inTime    = 1500 * time.Millisecond
)

// hangingSource answers when the test ends, whatever its context says.
func hangingSource(t testing.TB) CredentialsFunc {
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	return func(context.Context) (Credentials, error) {
		<-release
		return someCredentials, nil
	}
}

// hangingToken does the same for tokens.
func hangingToken(t testing.TB) BearerTokenFunc {
	source := hangingSource(t)
	return func(ctx context.Context) (string, error) {
		_, err := source(ctx)
		return "token", err
	}
}

// slowProgram makes the default chain run a program that takes two seconds.
func slowProgram(t testing.TB) Option {
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte("[profile slow]\ncredential_process = sleep 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	return Set("profile", "slow")
}

// obeys tells when a call outlasts its context.
func obeys(t *testing.T, name string, call func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), shortTime)
	defer cancel()
	begun := time.Now()
	err := call(ctx)
	if took := time.Since(begun); took > inTime || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%s: %v after %s", name, err, took)
	}
}

func TestEveryCallObeysItsContext(t *testing.T) {
	server := newServer(t, answerJSON)
	options := Settings{BaseURL: server.URL, Auth: "sigv4", Region: "us-east-1", Project: "proj_c"}
	bearer := Settings{BaseURL: server.URL, Auth: "bearer", Region: "us-east-1", Project: "proj_c"}
	for name, all := range map[string][]Option{
		"provider": {options, WithCredentials(hangingSource(t))},
		"program":  {options, slowProgram(t)},
		"token":    {bearer, WithBearerToken(hangingToken(t))},
		"minted":   {bearer, WithCredentials(hangingSource(t))},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, all...)
			operation, err := client.Begin(context.Background(), server.chat(plainChat))
			if err != nil {
				t.Fatal(err)
			}
			defer operation.Close()
			for way, call := range map[string]func(context.Context) error{
				"Prepare":           func(ctx context.Context) error { _, err := client.Prepare(ctx, server.chat(plainChat)); return err },
				"Operation.Prepare": func(ctx context.Context) error { _, err := operation.Prepare(ctx, nil); return err },
				"RoundTrip": func(ctx context.Context) error {
					_, err := NewTransport(client, nil).RoundTrip(post(t, ctx, server.URL, plainChat))
					return err
				},
				"Send":   func(ctx context.Context) error { _, err := client.Send(ctx, server.chat(plainChat), nil); return err },
				"Verify": func(ctx context.Context) error { _, err := client.Verify(ctx, nil); return err },
				"Ready":  client.Ready,
			} {
				obeys(t, way, call)
			}
			if usage := usageOf(t, client, "proj_c"); usage != (Totals{}) || len(server.received()) != 0 {
				t.Errorf("counted: %+v", usage)
			}
			if name == "token" {
				return
			}
			cache, err := NewCredentialsCache(all...)
			if err != nil {
				t.Fatal(err)
			}
			defer cache.Close()
			obeys(t, "CredentialsCache", func(ctx context.Context) error { _, err := cache.Credentials(ctx); return err })
			tokens, err := NewBearerTokenCache(0, all...)
			if err != nil {
				t.Fatal(err)
			}
			defer tokens.Close()
			obeys(t, "BearerTokenCache", func(ctx context.Context) error { _, err := tokens.Token(ctx); return err })
		})
	}
}

// The attempt after a refusal may need other credentials, and their source may hang.
func TestSendObeysItsContextAfterARefusal(t *testing.T) {
	var asked atomic.Int64
	hanging := hangingSource(t)
	server := newServer(t, refusing(func(*http.Request) bool { return true }))
	client := newClient(t, Settings{BaseURL: server.URL, Auth: "sigv4", Region: "us-east-1", Project: "proj_c"},
		WithCredentials(CredentialsFunc(func(ctx context.Context) (Credentials, error) {
			if asked.Add(1) == 1 {
				return someCredentials, nil
			}
			return hanging(ctx)
		})))
	obeys(t, "Send", func(ctx context.Context) error {
		_, err := client.Send(ctx, server.chat(plainChat), nil)
		if !errors.Is(err, ErrTimeout) {
			t.Error(err)
		}
		return err
	})
	if asked.Load() != 2 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// A Send that was left writes to no one.
func TestASendThatWasLeftWritesNothing(t *testing.T) {
	var returned atomic.Bool
	flowing := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, "data: {}\n\n")
			w.(http.Flusher).Flush()
			time.Sleep(time.Millisecond)
		}
	})
	client := flowing.signing(t)
	for range 5 {
		returned.Store(false)
		obeys(t, "Send", func(ctx context.Context) error {
			_, err := client.Send(ctx, flowing.chat(streamedChat), &SendOptions{To: pieceFunc(func([]byte) error {
				if returned.Load() {
					t.Error("a piece came after the return")
				}
				return nil
			})})
			returned.Store(true)
			return err
		})
	}
}

// alone runs a test in a process of its own, where other tests have made no threads. It tells whether
// this is that process.
func alone(t *testing.T) bool {
	const mark = "TEST_ALONE"
	if os.Getenv(mark) != "" {
		return true
	}
	run := exec.Command(os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
	run.Env = append(os.Environ(), mark+"=1")
	said, err := run.CombinedOutput()
	t.Logf("%s", said)
	if err != nil {
		t.Error(err)
	}
	return false
}

// However many wait, and in whichever way: a few threads are in C.
func TestAThousandWaitersHoldFewThreads(t *testing.T) {
	if !alone(t) {
		return
	}
	const waiters = 1000
	client := newClient(t, Settings{Project: "proj_c", Region: "us-east-1"}, WithCredentials(hangingSource(t)))
	cache, err := NewCredentialsCache(WithCredentials(hangingSource(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	tokens, err := NewBearerTokenCache(0, Settings{Region: "us-east-1"}, WithCredentials(hangingSource(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer tokens.Close()
	ways := []func(context.Context) error{
		func(ctx context.Context) error { _, err := client.Prepare(ctx, chatRequest(plainChat)); return err },
		func(ctx context.Context) error { _, err := client.Send(ctx, chatRequest(plainChat), nil); return err },
		func(ctx context.Context) error { _, err := client.Verify(ctx, nil); return err },
		func(ctx context.Context) error { _, err := cache.Credentials(ctx); return err },
		func(ctx context.Context) error { _, err := tokens.Token(ctx); return err },
	}
	before := pprof.Lookup("threadcreate").Count()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	together(waiters, func(i int) {
		if err := ways[i%len(ways)](ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
	more := pprof.Lookup("threadcreate").Count() - before
	if t.Logf("%d threads for %d waiters", more, waiters); more >= 20 {
		t.Error("that is too many")
	}
}

// A gateway whose credentials do not come: its requests end in time, hold no threads, and do not count.
func TestAGatewayWithoutCredentials(t *testing.T) {
	if !alone(t) {
		return
	}
	const requests, limit = 500, 200 * time.Millisecond
	upstream := newServer(t, answerJSON)
	client := newClient(t, Settings{BaseURL: upstream.URL, Auth: "sigv4", Region: "us-east-1", Project: "proj_c"},
		WithCredentials(hangingSource(t)))
	target, _ := url.Parse(upstream.URL)
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: NewTransport(client, nil),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			if errors.Is(err, context.DeadlineExceeded) {
				w.WriteHeader(http.StatusGatewayTimeout)
			}
		},
	}
	var slowest atomic.Int64
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		begun := time.Now()
		proxy.ServeHTTP(w, r.WithContext(ctx))
		for took := int64(time.Since(begun)); ; {
			if most := slowest.Load(); took <= most || slowest.CompareAndSwap(most, took) {
				return
			}
		}
	}))
	defer gateway.Close()
	callers := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: requests}}
	defer callers.CloseIdleConnections()
	before := pprof.Lookup("threadcreate").Count()
	together(requests, func(int) {
		response, err := callers.Do(post(t, context.Background(), gateway.URL, plainChat))
		if err != nil {
			t.Error(err)
			return
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusGatewayTimeout {
			t.Error(response.Status)
		}
	})
	more := pprof.Lookup("threadcreate").Count() - before
	t.Logf("%d requests: the slowest took %s, %d threads more", requests, time.Duration(slowest.Load()), more)
	if more >= 20 || time.Duration(slowest.Load()) > limit+inTime {
		t.Errorf("%d threads, %s", more, time.Duration(slowest.Load()))
	}
	if usage := usageOf(t, client, "proj_c"); usage != (Totals{}) || len(upstream.received()) != 0 {
		t.Errorf("%+v, %d requests sent", usage, len(upstream.received()))
	}
}

func TestReady(t *testing.T) {
	var asked atomic.Int64
	counting := WithCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
		asked.Add(1)
		return someCredentials, nil
	}))
	for name, settings := range map[string]Settings{
		"a Bedrock host": {Project: "proj_c"}, "a region": {Region: "eu-west-1"}, "a policy": {Unattributed: "refuse"},
		"a URL": {BaseURL: "https://bedrock-mantle.us-west-2.api.aws/v1/"},
	} {
		client := newClient(t, settings, counting)
		asked.Store(0)
		for range 2 {
			if err := client.Ready(context.Background()); err != nil || asked.Load() != 1 {
				t.Errorf("%s: %v, asked %d times", name, err, asked.Load())
			}
		}
		usage, err := client.Usage()
		if err != nil || len(usage) != 0 {
			t.Errorf("%s: %+v, %v", name, usage, err)
		}
	}
	if err := newClient(t, failing(ErrNoCredentials)).Ready(context.Background()); !errors.Is(err, ErrNoCredentials) {
		t.Error(err)
	}
	closed := newClient(t, staticKeys)
	_ = closed.Close()
	if err := closed.Ready(context.Background()); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestShutdown(t *testing.T) {
	server := newServer(t, answerStream)
	client := server.signing(t)
	response, err := NewTransport(client, nil).RoundTrip(post(t, context.Background(), server.URL, streamedChat))
	if err != nil {
		t.Fatal(err)
	}
	obeys(t, "Shutdown", client.Shutdown)
	if _, err := client.Prepare(context.Background(), chatRequest(plainChat)); !errors.Is(err, ErrClosed) {
		t.Error("not closed")
	}
	ended := make(chan error)
	go func() { ended <- client.Shutdown(context.Background()) }()
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if usage := usageOf(t, client, "proj_client"); usage != oneCall {
		t.Errorf("%+v", usage)
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if err := client.Shutdown(done); err != nil { // there is nothing to wait for
		t.Error(err)
	}
}

// Credentials that are renewed ahead of time do not hold up a shutdown.
func TestShutdownDuringARenewal(t *testing.T) {
	var asked, passed atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
	client := newClient(t, Set("project", "proj_c"), WithClock(now),
		WithCredentials(CredentialsFunc(func(ctx context.Context) (Credentials, error) {
			if asked.Add(1) > 1 {
				<-ctx.Done()
				return Credentials{}, ctx.Err()
			}
			return Credentials{AccessKeyID: "AKID", SecretAccessKey: secretKey, Expires: now().Add(time.Hour)}, nil
		})))
	prepare := func() bool {
		_, err := client.Prepare(context.Background(), chatRequest(plainChat))
		return err == nil && asked.Load() == 2
	}
	_ = prepare()
	passed.Store(int64(58 * time.Minute))
	eventually(t, "a renewal has begun", prepare)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := client.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// The connection holds the request, and with it the operation of its context, but not the answer.
func TestAForgottenAnswerOfAnOperationCounts(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, textChunks)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	client := server.signing(t)
	base := http.DefaultTransport.(*http.Transport).Clone()
	ctx, cancel := context.WithCancel(WithOperation(context.Background()))
	defer cancel()
	if _, err := NewTransport(client, base).RoundTrip(post(t, ctx, server.URL, streamedChat)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the attempt counts", func() bool {
		return usageOf(t, client, "proj_client") == Totals{Operations: 1, Attempts: 1, IncompleteAttempts: 1}
	})
	if ctx.Err() != nil {
		t.Error("the connection is closed")
	}
}
