package costmark

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testHost  = "bedrock-mantle.us-east-1.api.aws"
	chatURL   = "https://" + testHost + "/v1/chat/completions"
	chatPath  = "/v1/chat/completions"
	accessKey = "AKIDEXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

// TestMain keeps the environment, and what is left of one test, away from the others.
func TestMain(m *testing.M) {
	for _, setting := range os.Environ() {
		name, _, _ := strings.Cut(setting, "=")
		for _, prefix := range []string{"AWS_", "COSTMARK_", "OPENAI_"} {
			if strings.HasPrefix(name, prefix) {
				_ = os.Unsetenv(name)
			}
		}
	}
	before := runtime.NumGoroutine()
	code := m.Run()
	if code == 0 {
		code = leftOver(before)
	}
	os.Exit(code)
}

// leftOver fails a run after which C still holds something for us, or goroutines still run.
func leftOver(goroutines int) int {
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	var held string
	for range 200 {
		runtime.GC()
		held = fmt.Sprintf("%d handles of C, %d of Go, %d goroutines more", LiveHandles(), liveHandles.Load(),
			max(0, runtime.NumGoroutine()-goroutines))
		if held == "0 handles of C, 0 of Go, 0 goroutines more" {
			return 0
		}
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Println("left over:", held)
	stacks := make([]byte, 1<<16)
	fmt.Printf("%s\n", stacks[:runtime.Stack(stacks, true)])
	return 1
}

var staticKeys = Config{"access_key_id": accessKey, "secret_access_key": secretKey}

func newClient(t testing.TB, options ...Option) *Client {
	t.Helper()
	client, err := New(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func chatRequest(body string) *Request {
	return &Request{
		Method: "POST",
		URL:    chatURL,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   []byte(body),
	}
}

// server answers like an endpoint, and keeps what it was sent.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []received
}

type received struct {
	*http.Request
	body string
}

func newServer(t testing.TB, answer http.HandlerFunc) *server {
	t.Helper()
	s := new(server)
	s.Server = httptest.NewServer(s.recording(answer))
	t.Cleanup(s.Close)
	return s
}

func (s *server) recording(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.requests = append(s.requests, received{r, string(body)})
		s.mu.Unlock()
		answer(w, r)
	}
}

func (s *server) received() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.requests...)
}

// signing makes a client that signs what goes to a server.
func (s *server) signing(t testing.TB, options ...Option) *Client {
	t.Helper()
	return newClient(t, append([]Option{staticKeys, Config{
		"base_url": s.URL, "auth": "sigv4", "region": "us-east-1", "project": "proj_client",
	}}, options...)...)
}

const chatAnswer = `{"id":"chatcmpl-1","object":"chat.completion","model":"openai.gpt-oss-120b",` +
	`"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Yes."}}],` +
	`"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}`

func answerJSON(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, chatAnswer)
}

func chunk(rest string) string {
	return `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","model":"openai.gpt-oss-120b",` + rest +
		"}\n\n"
}

var (
	textChunks = chunk(`"choices":[{"index":0,"delta":{"content":"Yes"}}],"usage":null`) +
		chunk(`"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null`)
	usageChunk = chunk(`"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}`)
	doneChunk  = "data: [DONE]\n\n"
	chatStream = textChunks + usageChunk + doneChunk
)

func answerStream(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, chatStream)
}

const (
	plainChat    = `{"model":"openai.gpt-oss-120b","messages":[{"role":"user","content":"Hi"}]}`
	streamedChat = `{"model":"openai.gpt-oss-120b","stream":true,"messages":[{"role":"user","content":"Hi"}]}`
	askingChat   = `{"model":"openai.gpt-oss-120b","stream":true,"stream_options":{"include_usage":true},"messages":[]}`
)

func post(t testing.TB, ctx context.Context, url, body string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, "POST", url+chatPath, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	return request
}

func do(t testing.TB, transport http.RoundTripper, request *http.Request) (*http.Response, string) {
	t.Helper()
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// usageOf is what a project has used, without its name.
func usageOf(t testing.TB, client *Client, project string) Totals {
	t.Helper()
	usage, err := client.Usage()
	if err != nil {
		t.Fatal(err)
	}
	sum := usage.Project(project)
	sum.Project = ""
	return sum
}

// value is what a header field is set to; empty when it is not.
func (p *Prepared) value(name string) string {
	for _, field := range p.Set {
		if field.Name == name {
			return field.Value
		}
	}
	return ""
}

// pieceFunc takes the pieces of an answer, for SendOptions.To.
type pieceFunc func(piece []byte) error

func (f pieceFunc) Write(piece []byte) (int, error) { return len(piece), f(piece) }

// begin begins an operation and prepares its first attempt, which is sent.
func begin(t testing.TB, client *Client, body string) (*Operation, *Prepared) {
	t.Helper()
	operation, err := client.Begin(context.Background(), chatRequest(body))
	if err != nil {
		t.Fatal(err)
	}
	prepared, err := operation.Prepare(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	operation.Sent()
	return operation, prepared
}

// eventually waits for what the garbage collector or another goroutine is about to do.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for range 500 {
		if holds() {
			return
		}
		runtime.GC()
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("still not:", what)
}

// isOneUsage tells whether a usage is what one answer of the test server reports.
func isOneUsage(usage Usage) bool {
	const known = UsageInput | UsageOutput
	return usage.InputTokens == 7 && usage.OutputTokens == 3 && usage.Known&known == known &&
		usage.Known&(UsageCacheWrite|UsageReasoning) == 0 && usage.Flags == 0
}

// oneCall is what one answer of the test server adds to the counters.
var oneCall = Totals{Operations: 1, Attempts: 1, InputTokens: 7, OutputTokens: 3}
