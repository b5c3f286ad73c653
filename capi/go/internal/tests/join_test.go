package tests

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	costmark "github.com/costmark/costmark/capi/go"
)

const completion = `{"id":"chatcmpl-1","object":"chat.completion","model":"m","choices":[{"index":0,` +
	`"finish_reason":"stop","message":{"role":"assistant","content":"Yes."}}],` +
	`"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}`

// joined is an SDK whose server answers with statuses, one after the other, then with 200.
type joined struct {
	sdk    openai.Client
	client *costmark.Client
	url    string
	http   *http.Client

	mu        sync.Mutex
	exchanges []costmark.Exchange
}

func join(t *testing.T, answer http.HandlerFunc, options ...option.RequestOption) *joined {
	t.Helper()
	j := joinWithout(t, answer)
	j.sdk = openai.NewClient(append([]option.RequestOption{
		option.WithBaseURL(j.url + "/v1"),
		option.WithAPIKey("unused"),
		option.WithHTTPClient(j.http),
		costmark.JoinRetries(option.WithMiddleware),
	}, options...)...)
	return j
}

// joinWithout leaves the SDK to the test.
func joinWithout(t *testing.T, answer http.HandlerFunc) *joined {
	t.Helper()
	server := httptest.NewServer(answer)
	client, err := costmark.New(costmark.Config{
		"base_url": server.URL, "auth": "sigv4", "region": "us-east-1", "project": "proj_joined",
		"access_key_id": accessKey, "secret_access_key": secretKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	base := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(func() {
		base.CloseIdleConnections()
		_ = client.Close()
		server.Close()
	})
	j := &joined{client: client}
	transport := costmark.NewTransport(client, base, costmark.OnExchange(func(ended costmark.Exchange) {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.exchanges = append(j.exchanges, ended)
	}))
	j.url, j.http = server.URL, &http.Client{Transport: transport}
	return j
}

// told is which attempt of which operation, counted from 0, each exchange was.
func (j *joined) told() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	number := make(map[string]int)
	var all []string
	for _, each := range j.exchanges {
		id := each.Answer.Operation
		if _, known := number[id]; !known {
			number[id] = len(number)
		}
		all = append(all, fmt.Sprintf("%d.%d:%d", number[id], each.Answer.Attempt, each.Answer.HTTPStatus))
	}
	return fmt.Sprint(all)
}

func (j *joined) totals(t *testing.T) costmark.Totals {
	t.Helper()
	usage, err := j.client.Usage()
	if err != nil {
		t.Fatal(err)
	}
	return usage.Project("proj_joined")
}

// failing answers with statuses first.
func failing(statuses ...int) http.HandlerFunc {
	var at atomic.Int64
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After-Ms", "1")
		if i := int(at.Add(1)) - 1; i < len(statuses) {
			w.WriteHeader(statuses[i])
			return
		}
		_, _ = io.WriteString(w, completion)
	}
}

func TestWhatTheSDKRepeatsIsOneOperation(t *testing.T) {
	j := join(t, failing(500, 500))
	for range 2 {
		if _, err := j.sdk.Chat.Completions.New(context.Background(), chatParams("Hello")); err != nil {
			t.Fatal(err)
		}
	}
	if got := j.told(); got != "[0.1:500 0.2:500 0.3:200 1.1:200]" {
		t.Error(got)
	}
	if sum := j.totals(t); sum.Operations != 2 || sum.Attempts != 4 || sum.FailedAttempts != 2 {
		t.Errorf("%+v", sum)
	}
}

func TestACallersCountDecidesNothing(t *testing.T) {
	j := join(t, failing(500))
	_, err := j.sdk.Chat.Completions.New(context.Background(), chatParams("Hello"),
		option.WithHeader("X-Stainless-Retry-Count", "7"))
	if err != nil {
		t.Fatal(err)
	}
	if got := j.told(); got != "[0.1:500 0.2:200]" {
		t.Error(got)
	}
}

func TestACallOfItsOwnOptions(t *testing.T) {
	j := join(t, failing(500, 500, 500))
	var wait sync.WaitGroup
	for range 20 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			_, err := j.sdk.Chat.Completions.New(context.Background(), chatParams("Hello"), option.WithMaxRetries(5))
			if err != nil {
				t.Error(err)
			}
		}()
	}
	wait.Wait()
	if sum := j.totals(t); sum.Operations != 20 || sum.Attempts != 23 || sum.FailedAttempts != 3 {
		t.Errorf("%+v", sum)
	}
}

// twice sends a request twice, one after the other, or both at once.
func twice(atOnce bool) option.RequestOption {
	return option.WithMiddleware(func(request *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		other := request.Clone(request.Context())
		other.Body, _ = request.GetBody()
		first, err := next(other)
		if err != nil {
			return nil, err
		}
		if !atOnce {
			_, _ = io.Copy(io.Discard, first.Body)
		}
		second, err := next(request)
		_ = first.Body.Close()
		return second, err
	})
}

func TestAMiddlewareThatSendsTwice(t *testing.T) {
	for _, atOnce := range []bool{false, true} {
		for _, inside := range []bool{false, true} {
			var j *joined
			if inside {
				j = join(t, failing(), twice(atOnce))
			} else {
				j = join(t, failing(), option.WithMiddleware(func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
					return next(r)
				}))
			}
			var options []option.RequestOption
			if !inside {
				options = append(options, twice(atOnce))
			}
			if _, err := j.sdk.Chat.Completions.New(context.Background(), chatParams("Hello"), options...); err != nil {
				t.Fatal(err)
			}
			j.mu.Lock()
			for _, each := range j.exchanges {
				if each.Answer.Operation != j.exchanges[0].Answer.Operation ||
					each.Answer.Concurrent != (atOnce && each.Answer.Attempt == 2) {
					t.Errorf("at once %v, inside %v: %+v", atOnce, inside, each.Answer)
				}
			}
			j.mu.Unlock()
			if sum := j.totals(t); sum.Operations != 1 || sum.Attempts != 2 {
				t.Errorf("at once %v, inside %v: %+v", atOnce, inside, sum)
			}
		}
	}
}

// The pages of a list share their options, and each is an operation.
func TestPagesAreOperations(t *testing.T) {
	var fails atomic.Bool
	j := join(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After-Ms", "1")
		switch after := r.URL.Query().Get("after"); {
		case after == "":
			_, _ = io.WriteString(w, `{"object":"list","has_more":true,"data":[{"id":"a"}]}`)
		case !fails.Swap(true):
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			_, _ = io.WriteString(w, `{"object":"list","has_more":false,"data":[{"id":"b"}]}`)
		}
	})
	pages := j.sdk.Chat.Completions.ListAutoPaging(context.Background(), openai.ChatCompletionListParams{})
	var ids []string
	for pages.Next() {
		ids = append(ids, pages.Current().ID)
	}
	if fmt.Sprint(ids) != "[a b]" || pages.Err() != nil {
		t.Fatal(ids, pages.Err())
	}
	if got := j.told(); got != "[0.1:200 1.1:503 1.2:200]" {
		t.Error(got)
	}
}

func TestAContextOfAnOperationWins(t *testing.T) {
	j := join(t, failing(500))
	ctx := costmark.WithOperation(context.Background())
	for range 2 {
		if _, err := j.sdk.Chat.Completions.New(ctx, chatParams("Hello")); err != nil {
			t.Fatal(err)
		}
	}
	if got := j.told(); got != "[0.1:500 0.2:200 0.3:200]" {
		t.Error(got)
	}
}

func TestWhatIsRefusedIsTriedOnce(t *testing.T) {
	var asked atomic.Int64
	j := join(t, failing(), option.WithMiddleware(func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		asked.Add(1)
		return next(r)
	}))
	_, err := j.sdk.Chat.Completions.New(costmark.WithProject(context.Background(), "not a project"), chatParams("Hello"))
	if !errors.Is(err, costmark.ErrInvalidProject) || asked.Load() != 1 {
		t.Errorf("%v after %d attempts", err, asked.Load())
	}
	if sum := j.totals(t); sum.Attempts != 0 {
		t.Errorf("%+v", sum)
	}
}
