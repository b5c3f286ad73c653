package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	costmark "github.com/costmark/costmark/capi/go"
)

// sends are the calls that Send is tried with: a path, and a body whose question is still open.
var sends = map[string]struct {
	path, body string
	streamed   bool
}{
	"chat":                {"/v1/chat/completions", `{"model":%q,"messages":[{"role":"user","content":%q}]}`, false},
	"chat, streamed":      {"/v1/chat/completions", `{"model":%q,"messages":[{"role":"user","content":%q}],"stream":true}`, true},
	"responses":           {"/v1/responses", `{"model":%q,"input":%q}`, false},
	"responses, streamed": {"/v1/responses", `{"model":%q,"input":%q,"stream":true}`, true},
}

func sendClient(t testing.TB, options ...costmark.Option) *costmark.Client {
	t.Helper()
	client, err := costmark.New(append([]costmark.Option{costmark.Config{
		"base_url": emulator.url, "auth": "sigv4", "region": "us-east-1",
		"access_key_id": accessKey, "secret_access_key": secretKey,
	}}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// send sends one call, streamed to where it says if it streams, and returns what came.
func send(ctx context.Context, client *costmark.Client, name, question string) (*costmark.Response, string, error) {
	call := sends[name]
	request := &costmark.Request{
		Method: "POST", URL: emulator.url + call.path, Header: http.Header{"Content-Type": {"application/json"}},
		Body: fmt.Appendf(nil, call.body, model, question),
	}
	if !call.streamed {
		response, err := client.Send(ctx, request, nil)
		if err != nil {
			return response, "", err
		}
		return response, string(response.Body), nil
	}
	var got bytes.Buffer
	response, err := client.Send(ctx, request, &costmark.SendOptions{To: &got})
	return response, got.String(), err
}

// complete tells what is missing in what came.
func complete(name, came string) error {
	switch {
	case name == "chat, streamed" && !strings.HasSuffix(came, "data: [DONE]\n\n"):
		return errors.New("the stream has no end: " + came)
	case name == "chat, streamed" && strings.Contains(came, `"usage":{`):
		return errors.New("a chunk came that was not asked for: " + came)
	case name == "responses, streamed" && !strings.Contains(came, "response.completed"):
		return errors.New("the stream has no end: " + came)
	case !sends[name].streamed && !json.Valid([]byte(came)):
		return errors.New("no JSON: " + came)
	}
	return nil
}

func TestSendEveryWayUnderThreeProjects(t *testing.T) {
	fresh(t)
	client := sendClient(t)
	for name := range sends {
		for i, project := range projects {
			t.Run(name+"/"+project, func(t *testing.T) {
				ctx := costmark.WithProject(context.Background(), project)
				before, _ := client.Usage()
				response, came, err := send(ctx, client, name, strings.Repeat("How do I return shoes? ", i+1))
				if err == nil {
					err = complete(name, came)
				}
				if err != nil {
					t.Fatal(err)
				}
				after, _ := client.Usage()
				usage := response.Answer.Usage
				if response.Answer.Project != project || response.Attempts != 1 || usage.InputTokens == 0 ||
					usage.InputTokens != after.Project(project).InputTokens-before.Project(project).InputTokens ||
					usage.OutputTokens != after.Project(project).OutputTokens-before.Project(project).OutputTokens {
					t.Errorf("%+v", response)
				}
			})
		}
	}
	agree(t, client)
}

func TestSendTwoHundredAtOnce(t *testing.T) {
	fresh(t)
	client := sendClient(t)
	var names []string
	for name := range sends {
		names = append(names, name)
	}
	var wait sync.WaitGroup
	for i := range 200 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			ctx := costmark.WithProject(context.Background(), projects[i%len(projects)])
			name := names[i%len(names)]
			_, came, err := send(ctx, client, name, fmt.Sprint("Question ", i))
			if err == nil {
				err = complete(name, came)
			}
			if err != nil {
				t.Error(err)
			}
		}()
	}
	wait.Wait()
	var operations uint64
	for _, sum := range agree(t, client) {
		operations += sum.Operations
	}
	if operations != 200 {
		t.Errorf("%d operations", operations)
	}
}

func TestSendRetriesWhatFails(t *testing.T) {
	fresh(t)
	client := sendClient(t, costmark.Set("project", projects[0]))
	fault(t, map[string]any{"kind": "status", "status": 503, "count": 2, "retry_after": 0})
	response, _, err := send(context.Background(), client, "chat", "Hello")
	if err != nil || response.Attempts != 3 {
		t.Fatalf("%+v %v", response, err)
	}
	if got := statuses(t); got != "[503 503 200]" {
		t.Error(got)
	}
	usage, _ := client.Usage()
	if sum := usage.Project(projects[0]); sum.Operations != 1 || sum.Attempts != 3 || sum.FailedAttempts != 2 ||
		sum.InputTokens != charged(t)[projects[0]].InputTokens {
		t.Errorf("%+v", sum)
	}
}

func TestSendRepeatsWhatIsRefused(t *testing.T) {
	fresh(t)
	expired, good := issued(t, 1), issued(t, 3600)
	time.Sleep(1100 * time.Millisecond) // the emulator's clock is the machine's
	for name, option := range map[string]costmark.Option{
		"expired credentials": func() costmark.Option {
			var asked atomic.Int64
			return costmark.WithCredentials(costmark.CredentialsFunc(func(context.Context) (costmark.Credentials, error) {
				if asked.Add(1) == 1 {
					return expired, nil // without telling when they expire
				}
				return good, nil
			}))
		}(),
		"a wrong clock": costmark.WithClock(func() time.Time { return time.Now().Add(time.Hour) }),
	} {
		t.Run(name, func(t *testing.T) {
			ask(t, "DELETE", "/_emulator/requests", nil, nil)
			client := sendClient(t, costmark.Set("project", projects[2]), option)
			for _, attempts := range []int{2, 1} {
				response, _, err := send(context.Background(), client, "responses, streamed", "Hello")
				if err != nil || response.Attempts != attempts {
					t.Fatalf("%+v %v", response, err)
				}
			}
			if got := statuses(t); got != "[401 200 200]" && got != "[403 200 200]" {
				t.Error(got)
			}
		})
	}
}

// pieceFunc takes the pieces of an answer.
type pieceFunc func(piece []byte) error

func (f pieceFunc) Write(piece []byte) (int, error) { return len(piece), f(piece) }

func TestSendIsCancelledInTheMiddle(t *testing.T) {
	fresh(t)
	client := sendClient(t, costmark.Set("project", projects[1]))
	fault(t, map[string]any{"kind": "slow", "delay_s": 0.05})
	ctx, cancel := context.WithCancel(context.Background())
	request := &costmark.Request{
		Method: "POST", URL: emulator.url + "/v1/chat/completions", Header: http.Header{"Content-Type": {"application/json"}},
		Body: fmt.Appendf(nil, sends["chat, streamed"].body, model, "Tell me everything about shoes."),
	}
	begin := time.Now()
	response, err := client.Send(ctx, request, &costmark.SendOptions{To: pieceFunc(func([]byte) error {
		cancel()
		return nil
	})})
	if !errors.Is(err, context.Canceled) || response.Status != 200 || time.Since(begin) > 5*time.Second {
		t.Errorf("%+v %v", response, err)
	}
	usage, _ := client.Usage()
	if sum := usage.Project(projects[1]); sum.Operations != 1 || sum.IncompleteAttempts != 1 || sum.FailedAttempts != 0 {
		t.Errorf("%+v", sum)
	}
}

func TestSendThatBreaksOff(t *testing.T) {
	fresh(t)
	client := sendClient(t, costmark.Set("project", projects[1]))
	fault(t, map[string]any{"kind": "drop_stream", "after_events": 2})
	_, _, err := send(context.Background(), client, "chat, streamed", "Hello")
	if !errors.Is(err, costmark.ErrTransport) {
		t.Error(err)
	}
	usage, _ := client.Usage()
	if sum := usage.Project(projects[1]); sum.Attempts != 1 || sum.IncompleteAttempts != 1 {
		t.Errorf("%+v", sum)
	}
}

func TestSendErrorsOfTheService(t *testing.T) {
	fresh(t)
	client := sendClient(t, costmark.Set("project", "proj_unknown"))
	response, _, err := send(context.Background(), client, "chat", "Hello")
	var typed *costmark.Error
	if !errors.Is(err, costmark.ErrService) || !errors.As(err, &typed) || typed.HTTPStatus != 404 ||
		!strings.Contains(string(response.Body), "proj_unknown") {
		t.Errorf("%+v %v", response, err)
	}
}
