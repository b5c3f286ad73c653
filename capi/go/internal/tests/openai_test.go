package tests

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"

	costmark "github.com/costmark/costmark/capi/go"
)

const (
	model     = "openai.gpt-oss-120b"
	accessKey = "AKIDEXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

// connect makes an OpenAI client whose calls costmark attributes, signs and counts.
func connect(t testing.TB, options ...costmark.Option) (openai.Client, *costmark.Client) {
	t.Helper()
	options = append([]costmark.Option{costmark.Config{
		"base_url": emulator.url, "auth": "sigv4", "region": "us-east-1",
		"access_key_id": accessKey, "secret_access_key": secretKey,
	}}, options...)
	return connectWith(t, options...)
}

func connectWith(t testing.TB, options ...costmark.Option) (openai.Client, *costmark.Client) {
	t.Helper()
	client, err := costmark.New(options...)
	if err != nil {
		t.Fatal(err)
	}
	base := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(func() {
		base.CloseIdleConnections()
		_ = client.Close()
	})
	return connectThrough(costmark.NewTransport(client, base)), client
}

func connectThrough(transport http.RoundTripper) openai.Client {
	return openai.NewClient(
		option.WithBaseURL(emulator.url+"/v1"),
		option.WithAPIKey("unused"),
		option.WithHTTPClient(&http.Client{Transport: transport}),
		costmark.JoinRetries(option.WithMiddleware),
	)
}

// counting counts the round trips that an SDK makes.
type counting struct {
	below http.RoundTripper
	trips atomic.Int64
}

func (c *counting) RoundTrip(request *http.Request) (*http.Response, error) {
	c.trips.Add(1)
	return c.below.RoundTrip(request)
}

func chatParams(text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model:    model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)},
	}
}

func responseParams(text string) responses.ResponseNewParams {
	return responses.ResponseNewParams{
		Model: model,
		Input: responses.ResponseNewParamsInputUnion{OfString: openai.String(text)},
	}
}

// ways are the calls of the SDK; each returns the usage that the SDK was shown, if any.
var ways = map[string]func(context.Context, openai.Client, string) (shown costmark.Totals, err error){
	"chat": func(ctx context.Context, sdk openai.Client, text string) (costmark.Totals, error) {
		completion, err := sdk.Chat.Completions.New(ctx, chatParams(text))
		if err != nil {
			return costmark.Totals{}, err
		}
		if completion.Choices[0].Message.Content == "" {
			return costmark.Totals{}, errors.New("no content came")
		}
		return chatUsage(completion.Usage), nil
	},
	"chat, streamed": func(ctx context.Context, sdk openai.Client, text string) (costmark.Totals, error) {
		return streamChat(sdk.Chat.Completions.NewStreaming(ctx, chatParams(text)), false)
	},
	"chat, streamed with usage": func(ctx context.Context, sdk openai.Client, text string) (costmark.Totals, error) {
		params := chatParams(text)
		params.StreamOptions.IncludeUsage = openai.Bool(true)
		return streamChat(sdk.Chat.Completions.NewStreaming(ctx, params), true)
	},
	"responses": func(ctx context.Context, sdk openai.Client, text string) (costmark.Totals, error) {
		response, err := sdk.Responses.New(ctx, responseParams(text))
		if err != nil {
			return costmark.Totals{}, err
		}
		if response.OutputText() == "" {
			return costmark.Totals{}, errors.New("no content came")
		}
		return responseUsage(response.Usage), nil
	},
	"responses, streamed": func(ctx context.Context, sdk openai.Client, text string) (costmark.Totals, error) {
		stream := sdk.Responses.NewStreaming(ctx, responseParams(text))
		defer stream.Close()
		var shown costmark.Totals
		for stream.Next() {
			if event := stream.Current(); event.Type == "response.completed" {
				shown = responseUsage(event.Response.Usage)
			}
		}
		if stream.Err() == nil && shown == (costmark.Totals{}) {
			return shown, errors.New("response.completed did not come")
		}
		return shown, stream.Err()
	},
}

type chatStream interface {
	Next() bool
	Current() openai.ChatCompletionChunk
	Err() error
	Close() error
}

func streamChat(stream chatStream, asked bool) (shown costmark.Totals, err error) {
	defer stream.Close()
	var content strings.Builder
	for stream.Next() {
		chunk := stream.Current()
		if len(chunk.Choices) == 0 {
			if !asked {
				return shown, errors.New("a chunk came that was not asked for: " + chunk.RawJSON())
			}
			shown = chatUsage(chunk.Usage)
			continue
		}
		content.WriteString(chunk.Choices[0].Delta.Content)
	}
	if stream.Err() == nil && content.Len() == 0 {
		return shown, errors.New("no content came")
	}
	return shown, stream.Err()
}

func chatUsage(usage openai.CompletionUsage) costmark.Totals {
	return costmark.Totals{
		InputTokens:       uint64(usage.PromptTokens),
		CachedInputTokens: uint64(usage.PromptTokensDetails.CachedTokens),
		OutputTokens:      uint64(usage.CompletionTokens),
		ReasoningTokens:   uint64(usage.CompletionTokensDetails.ReasoningTokens),
	}
}

func responseUsage(usage responses.ResponseUsage) costmark.Totals {
	return costmark.Totals{
		InputTokens:       uint64(usage.InputTokens),
		CachedInputTokens: uint64(usage.InputTokensDetails.CachedTokens),
		OutputTokens:      uint64(usage.OutputTokens),
		ReasoningTokens:   uint64(usage.OutputTokensDetails.ReasoningTokens),
	}
}

// charged sums what the emulator recorded, by project, in the shape of the counters.
func charged(t testing.TB) map[string]costmark.Totals {
	t.Helper()
	sums := make(map[string]costmark.Totals)
	for _, each := range records(t) {
		sum := sums[each.Project]
		sum.Operations++
		sum.Attempts++
		sum.InputTokens += each.InputTokens
		sum.CachedInputTokens += each.CachedInputTokens
		sum.OutputTokens += each.OutputTokens
		sum.ReasoningTokens += each.ReasoningTokens
		sums[each.Project] = sum
	}
	return sums
}

// agree fails unless the counters and the emulator's records are the same, to the token.
func agree(t testing.TB, client *costmark.Client) map[string]costmark.Totals {
	t.Helper()
	report, err := client.Usage()
	if err != nil {
		t.Fatal(err)
	}
	counted := make(map[string]costmark.Totals)
	for _, each := range report {
		sum := report.Project(each.Project)
		sum.Project = ""
		counted[each.Project] = sum
	}
	emulated := charged(t)
	if len(counted) != len(emulated) {
		t.Errorf("projects: counted %v, emulated %v", counted, emulated)
	}
	for project, sum := range emulated {
		if counted[project] != sum {
			t.Errorf("%s: counted %+v, emulated %+v", project, counted[project], sum)
		}
	}
	return counted
}

func TestEveryWayUnderThreeProjects(t *testing.T) {
	fresh(t)
	sdk, client := connect(t)
	var calls, shownInput uint64
	for name, call := range ways {
		for i, project := range projects {
			t.Run(name+"/"+project, func(t *testing.T) {
				ctx := costmark.WithProject(context.Background(), project)
				text := strings.Repeat("How do I return a pair of shoes? ", i+1)
				before, _ := client.Usage()
				shown, err := call(ctx, sdk, text)
				if err != nil {
					t.Fatal(err)
				}
				after, _ := client.Usage()
				if input := after.Project(project).InputTokens - before.Project(project).InputTokens; input == 0 ||
					(shown.InputTokens != 0 && shown.InputTokens != input) {
					t.Errorf("counted %d, and the SDK was shown %+v", input, shown)
				}
				calls++
				shownInput += shown.InputTokens
			})
		}
	}
	var operations uint64
	for _, sum := range agree(t, client) {
		operations += sum.Operations
	}
	if operations != calls || calls != uint64(len(ways)*len(projects)) || shownInput == 0 {
		t.Errorf("%d operations for %d calls", operations, calls)
	}
	for _, each := range records(t) {
		if each.AccessKeyID != accessKey || each.Outcome != "completed" {
			t.Errorf("%+v", each)
		}
	}
}

func TestTwoHundredAtOnce(t *testing.T) {
	fresh(t)
	sdk, client := connect(t)
	var names []string
	for name := range ways {
		names = append(names, name)
	}
	var wait sync.WaitGroup
	for i := range 200 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			ctx := costmark.WithProject(context.Background(), projects[i%len(projects)])
			if _, err := ways[names[i%len(names)]](ctx, sdk, fmt.Sprint("Question ", i)); err != nil {
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

func TestRetriesAreAttemptsOfOneOperation(t *testing.T) {
	fresh(t)
	sdk, client := connect(t, costmark.Set("project", projects[0]))
	fault(t, map[string]any{"kind": "status", "status": 503, "count": 2, "retry_after": 0})
	if _, err := ways["chat"](context.Background(), sdk, "Hello"); err != nil {
		t.Fatal(err)
	}
	usage, _ := client.Usage()
	sum := usage.Project(projects[0])
	if sum.Operations != 1 || sum.Attempts != 3 || sum.FailedAttempts != 2 || sum.InputTokens == 0 {
		t.Errorf("%+v", sum)
	}
	if charged := charged(t)[projects[0]]; charged.InputTokens != sum.InputTokens || charged.Operations != 1 {
		t.Errorf("emulated %+v", charged)
	}
	for _, request := range requests(t) {
		if len(request.header("authorization")) != 1 || len(request.header("x-amz-date")) != 1 {
			t.Errorf("%v", request.Headers)
		}
		if request.Status != 200 && request.Status != 503 {
			t.Errorf("status %d: a retry was not signed for itself", request.Status)
		}
	}
}

func TestRefusalsReachTheCallerAtOnce(t *testing.T) {
	fresh(t)
	_, client := connect(t, costmark.Set("unattributed", "refuse"))
	transport := &counting{below: costmark.NewTransport(client, nil)}
	_, err := ways["chat"](context.Background(), connectThrough(transport), "Hello")
	var typed *costmark.Error
	if !errors.Is(err, costmark.ErrUnattributed) || !errors.As(err, &typed) {
		t.Errorf("%v", err)
	}
	if trips := transport.trips.Load(); trips != 1 {
		t.Errorf("the SDK has tried %d times", trips)
	}
	if got := requests(t); len(got) != 0 {
		t.Errorf("%d requests were sent", len(got))
	}
	if usage, _ := client.Usage(); len(usage) != 0 {
		t.Errorf("%v", usage)
	}
}

func TestErrorsOfTheServiceStayTheSDKs(t *testing.T) {
	fresh(t)
	sdk, client := connect(t, costmark.Set("project", projects[1]))
	fault(t, map[string]any{"kind": "status", "status": 400})
	_, err := ways["chat"](context.Background(), sdk, "Hello")
	var typed *openai.Error
	if !errors.As(err, &typed) || typed.StatusCode != 400 {
		t.Fatalf("%v", err)
	}
	if strings.Contains(string(typed.DumpRequest(true)), "AWS4-HMAC-SHA256") {
		t.Error("the SDK's error shows the signature")
	}
	if usage, _ := client.Usage(); usage.Project(projects[1]).FailedAttempts != 1 {
		t.Errorf("%+v", usage)
	}
}

func TestTheProjectOfTheSDKCountsAsTheRequests(t *testing.T) {
	fresh(t)
	sdk, client := connect(t, costmark.Set("project", projects[0]))
	ctx := costmark.WithProject(context.Background(), projects[1])
	_, err := sdk.Chat.Completions.New(ctx, chatParams("Hello"), option.WithHeader("OpenAI-Project", projects[2]))
	if err != nil {
		t.Fatal(err)
	}
	if counted := agree(t, client); counted[projects[2]].Operations != 1 {
		t.Errorf("%v", counted)
	}
}

func TestCancelledInTheMiddle(t *testing.T) {
	fresh(t)
	for _, closing := range []bool{false, true} {
		sdk, client := connect(t, costmark.Set("project", projects[0]))
		fault(t, map[string]any{"kind": "slow", "delay_s": 0.05})
		ctx, cancel := context.WithCancel(context.Background())
		stream := sdk.Chat.Completions.NewStreaming(ctx, chatParams("Tell me everything about shoes."))
		if !stream.Next() {
			t.Fatal(stream.Err())
		}
		if closing {
			_ = stream.Close()
		}
		cancel()
		for stream.Next() {
		}
		_ = stream.Close()
		usage, _ := client.Usage()
		sum := usage.Project(projects[0])
		if sum.Operations != 1 || sum.Attempts != 1 || sum.IncompleteAttempts != 1 || sum.FailedAttempts != 0 {
			t.Errorf("closing %v: %+v", closing, sum)
		}
	}
}

func TestDroppedInTheMiddle(t *testing.T) {
	fresh(t)
	sdk, client := connect(t, costmark.Set("project", projects[0]))
	fault(t, map[string]any{"kind": "drop_stream", "after_events": 2})
	if _, err := ways["chat, streamed"](context.Background(), sdk, "Hello"); err == nil {
		t.Error("the SDK did not notice")
	}
	usage, _ := client.Usage()
	if sum := usage.Project(projects[0]); sum.Attempts != 1 || sum.IncompleteAttempts != 1 {
		t.Errorf("%+v", sum)
	}
}

// issued takes temporary credentials from the emulator.
func issued(t testing.TB, lifeSeconds int) costmark.Credentials {
	t.Helper()
	var document struct{ AccessKeyId, SecretAccessKey, SessionToken, AccountId string }
	ask(t, "POST", fmt.Sprint("/_emulator/credentials?life_s=", lifeSeconds), nil, &document)
	return costmark.Credentials{
		AccessKeyID: document.AccessKeyId, SecretAccessKey: document.SecretAccessKey,
		SessionToken: document.SessionToken, AccountID: document.AccountId,
	}
}

// connectAs connects with what a function says are the credentials.
func connectAs(t testing.TB, provider costmark.CredentialsFunc, options ...costmark.Option) (openai.Client, *costmark.Client) {
	t.Helper()
	return connectWith(t, append([]costmark.Option{
		costmark.Config{"base_url": emulator.url, "auth": "sigv4", "region": "us-east-1", "project": projects[0]},
		costmark.WithCredentials(provider),
	}, options...)...)
}

// statuses are those of the requests that came.
func statuses(t testing.TB) string {
	t.Helper()
	var found []int
	for _, each := range requests(t) {
		found = append(found, each.Status)
	}
	return fmt.Sprint(found)
}

func TestExpiredCredentialsAreReplacedUnderTheSDK(t *testing.T) {
	fresh(t)
	expired := issued(t, 1)
	good := issued(t, 3600)
	time.Sleep(1100 * time.Millisecond) // the emulator's clock is the machine's
	for _, way := range []string{"chat", "chat, streamed", "responses", "responses, streamed"} {
		t.Run(way, func(t *testing.T) {
			ask(t, "DELETE", "/_emulator/usage", nil, nil)
			ask(t, "DELETE", "/_emulator/requests", nil, nil)
			var asked atomic.Int64
			sdk, client := connectAs(t, func(context.Context) (costmark.Credentials, error) {
				if asked.Add(1) == 1 {
					return expired, nil // without telling when they expire
				}
				return good, nil
			})
			if _, err := ways[way](context.Background(), sdk, "Hello"); err != nil {
				t.Fatal(err)
			}
			if got := statuses(t); got != "[401 200]" && got != "[403 200]" {
				t.Error(got)
			}
			usage, _ := client.Usage()
			sum, emulated := usage.Project(projects[0]), charged(t)[projects[0]]
			if sum.Operations != 1 || sum.Attempts != 2 || sum.FailedAttempts != 1 || sum.InputTokens == 0 ||
				sum.InputTokens != emulated.InputTokens || sum.OutputTokens != emulated.OutputTokens {
				t.Errorf("counted %+v, emulated %+v", sum, emulated)
			}
			if _, err := ways[way](context.Background(), sdk, "Hello"); err != nil || asked.Load() != 2 {
				t.Errorf("asked %d times, %v", asked.Load(), err)
			}
		})
	}
}

func TestCredentialsThatStayWrong(t *testing.T) {
	fresh(t)
	sdk, client := connectAs(t, func(context.Context) (costmark.Credentials, error) {
		return costmark.Credentials{AccessKeyID: "AKIDWRONG", SecretAccessKey: "wrong"}, nil
	})
	_, err := ways["chat"](context.Background(), sdk, "Hello")
	var typed *openai.Error
	if !errors.As(err, &typed) || (typed.StatusCode != 401 && typed.StatusCode != 403) || typed.Message == "" {
		t.Errorf("%v", err)
	}
	if got := requests(t); len(got) != 1 {
		t.Errorf("%d requests", len(got))
	}
	if usage, _ := client.Usage(); usage.Project(projects[0]).Operations != 1 || usage.Project(projects[0]).FailedAttempts != 1 {
		t.Errorf("%+v", usage)
	}
}

func TestAWrongClockIsLearnedUnderTheSDK(t *testing.T) {
	for _, wrong := range []time.Duration{time.Hour, -time.Hour} {
		fresh(t)
		sdk, client := connect(t, costmark.Set("project", projects[0]),
			costmark.WithClock(func() time.Time { return time.Now().Add(wrong) }))
		for range 2 {
			if _, err := ways["chat"](context.Background(), sdk, "Hello"); err != nil {
				t.Fatal(wrong, err)
			}
		}
		if got := statuses(t); got != "[401 200 200]" && got != "[403 200 200]" {
			t.Error(wrong, got)
		}
		if usage, _ := client.Usage(); usage.Project(projects[0]).Operations != 2 || usage.Project(projects[0]).Attempts != 3 {
			t.Errorf("%+v", usage)
		}
	}
}

func TestEventsAreTheRecords(t *testing.T) {
	fresh(t)
	var mu sync.Mutex
	sums := make(map[string]costmark.Totals)
	sdk, client := connect(t, costmark.WithUsage(func(event costmark.Answer) {
		mu.Lock()
		defer mu.Unlock()
		sum := sums[event.Project]
		sum.Operations++
		sum.Attempts++
		sum.InputTokens += event.Usage.InputTokens
		sum.CachedInputTokens += event.Usage.CachedInputTokens
		sum.OutputTokens += event.Usage.OutputTokens
		sum.ReasoningTokens += event.Usage.ReasoningTokens
		sums[event.Project] = sum
		if event.Model == "" || event.ResponseID == "" || event.HTTPStatus != 200 || event.Attempt != 1 {
			t.Errorf("%+v", event)
		}
	}))
	for _, call := range ways {
		for _, project := range projects {
			if _, err := call(costmark.WithProject(context.Background(), project), sdk, "Hello"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if counted := agree(t, client); !maps.Equal(sums, counted) {
		t.Errorf("told %v, counted %v", sums, counted)
	}
}

func TestTheEmulatorIsVerified(t *testing.T) {
	fresh(t)
	_, client := connect(t, costmark.Config{"base_url": emulator.url + "/v1", "project": projects[0]})
	found, err := client.Verify(context.Background(), &costmark.VerifyRequest{Model: model})
	if err != nil || found.Verdict != costmark.VerdictHonored || len(found.Probes) < 2 {
		t.Errorf("%+v %v", found, err)
	}
}

func TestABearerTokenOfOurOwn(t *testing.T) {
	fresh(t)
	cache, err := costmark.NewBearerTokenCache(time.Hour, costmark.Config{
		"access_key_id": accessKey, "secret_access_key": secretKey, "region": "us-east-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	sdk, client := connectWith(t, costmark.Config{"base_url": emulator.url, "auth": "bearer", "project": projects[1]},
		costmark.WithBearerToken(cache))
	if _, err := ways["chat"](context.Background(), sdk, "Hello"); err != nil {
		t.Fatal(err)
	}
	agree(t, client)
}

func TestABearerToken(t *testing.T) {
	fresh(t)
	sdk, client := connectWith(t,
		costmark.Config{"base_url": emulator.url, "auth": "bearer", "project": projects[1]},
		costmark.WithBearerToken(costmark.BearerTokenFunc(func(context.Context) (string, error) { return bearerToken, nil })))
	if _, err := ways["responses, streamed"](context.Background(), sdk, "Hello"); err != nil {
		t.Fatal(err)
	}
	agree(t, client)
}

const bearerToken = "ABSKEXAMPLE"

// The emulator checks signatures with botocore's implementation.
func TestPathsAndQueriesAreSignedAsTheyAreSent(t *testing.T) {
	fresh(t)
	_, client := connect(t, costmark.Set("project", projects[0]))
	web := &http.Client{Transport: costmark.NewTransport(client, nil)}
	for _, path := range []string{
		"/v1/models", "/v1/models?limit=2&after=b&after=a&empty=&alone", "/v1/responses/resp_a%20b",
		"/v1/responses/resp%2Fslash?stream=false", "/v1/responses/ü~(x)*'", "/v1//models/../models",
		"/v1/models?q=%C3%BC+plus%20space",
	} {
		response, err := web.Get(emulator.url + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
}

func TestAModelOfAnotherRouteIsMoved(t *testing.T) {
	fresh(t)
	sdk, client := connect(t, costmark.Config{"project": projects[0], "endpoint": "mantle", "route": "auto"})
	params := responseParams("Hello")
	params.Model = "openai.gpt-5.4"
	if _, err := sdk.Responses.New(context.Background(), params); err != nil {
		t.Fatal(err)
	}
	if got := requests(t); len(got) != 1 || got[0].Path != "/openai/v1/responses" {
		t.Errorf("%v", got)
	}
	agree(t, client)
}
