package costmark_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	costmark "github.com/costmark/costmark/capi/go"
)

// endpoint stands for the service: it tells what it was sent, and reports usage.
func endpoint() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		fmt.Println(strings.TrimSpace(r.URL.Path + " " + scheme))
		fmt.Printf("%s\n", body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"chatcmpl-1","model":"openai.gpt-oss-20b","choices":[],`+
			`"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}`)
	}))
}

func Example() {
	endpoint := endpoint()
	defer endpoint.Close()
	client, err := costmark.New(costmark.Config{
		"base_url":          endpoint.URL,
		"auth":              "sigv4",
		"region":            "us-east-1",
		"access_key_id":     "AKIDEXAMPLE",
		"secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	web := &http.Client{Transport: costmark.NewTransport(client, nil)}
	ctx := costmark.WithProject(context.Background(), "proj_research")
	request, _ := http.NewRequestWithContext(ctx, "POST", endpoint.URL+"/v1/chat/completions",
		strings.NewReader(`{"model": "openai.gpt-oss-20b", "messages": []}`))
	request.Header.Set("Content-Type", "application/json")
	response, err := web.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()

	usage, err := client.Usage()
	if err != nil {
		log.Fatal(err)
	}
	sum := usage.Project("proj_research")
	fmt.Printf("%d operation, %d tokens in, %d out\n", sum.Operations, sum.InputTokens, sum.OutputTokens)
	// Output:
	// /v1/chat/completions AWS4-HMAC-SHA256
	// {"project_id":"proj_research","model": "openai.gpt-oss-20b", "messages": []}
	// 1 operation, 7 tokens in, 3 out
}

func ExampleClient_Prepare() {
	client, err := costmark.New(costmark.Config{
		"project":           "proj_abc123",
		"access_key_id":     "AKIDEXAMPLE",
		"secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	prepared, err := client.Prepare(context.Background(), &costmark.Request{
		Method: "POST",
		URL:    "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions",
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   []byte(`{"model": "openai.gpt-oss-20b", "messages": []}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, field := range prepared.Set {
		fmt.Println("set", field.Name)
	}
	fmt.Println(prepared.Project, "from", prepared.Source)
	// Output:
	// set Openai-Project
	// set Authorization
	// set X-Amz-Date
	// set X-Amz-Content-Sha256
	// proj_abc123 from client
}

func ExampleClient_Begin() {
	client, err := costmark.New(costmark.Config{"auth": "none", "project": "proj_abc123"})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	operation, err := client.Begin(context.Background(), &costmark.Request{
		Method: "POST",
		URL:    "https://gateway.example.com/v1/responses",
		Body:   []byte(`{"model": "openai.gpt-oss-20b", "input": "Hello"}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer operation.Close()
	prepared, err := operation.Prepare(context.Background(), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", prepared.Body)
	// The program sends what is prepared by its own means.
	operation.Sent()
	// What it gets:
	operation.Head(200, http.Header{"Content-Type": {"application/json"}}, false)
	operation.Feed([]byte(`{"id": "resp_1", "status": "completed", "usage": {"input_tokens": 7,`))
	operation.Feed([]byte(` "output_tokens": 3}}`))
	_, next := operation.Finish()
	answer := operation.Answer()
	fmt.Println(answer.ResponseID, answer.Outcome, answer.Usage.InputTokens, answer.Usage.OutputTokens)
	fmt.Println(next.Step, next.Reason)
	// Output:
	// {"project_id":"proj_abc123","model": "openai.gpt-oss-20b", "input": "Hello"}
	// resp_1 ok 7 3
	// done answered
}

func ExampleClient_Send() {
	endpoint := endpoint()
	defer endpoint.Close()
	client, err := costmark.New(costmark.Config{"base_url": endpoint.URL, "project": "proj_abc123"})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	response, err := client.Send(ctx, &costmark.Request{
		Method: "POST",
		URL:    endpoint.URL + "/v1/chat/completions",
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   []byte(`{"model": "openai.gpt-oss-20b", "messages": []}`),
	}, &costmark.SendOptions{To: os.Stdout})
	switch {
	case errors.Is(err, context.Canceled): // the caller gave up
	case errors.Is(err, costmark.ErrService): // see response.Status and response.Body
	case err != nil:
		log.Fatal(err)
	}
	usage := response.Answer.Usage
	fmt.Printf("\n%d attempt, %d tokens in, %d out\n", response.Attempts, usage.InputTokens, usage.OutputTokens)
	// Output:
	// /v1/chat/completions
	// {"project_id":"proj_abc123","model": "openai.gpt-oss-20b", "messages": []}
	// {"id":"chatcmpl-1","model":"openai.gpt-oss-20b","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}
	// 1 attempt, 7 tokens in, 3 out
}

func ExampleClient_Verify() {
	// This endpoint serves whatever a request names.
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"chatcmpl-1","model":"openai.gpt-oss-20b","choices":[]}`)
	}))
	defer endpoint.Close()
	client, err := costmark.New(costmark.Config{"base_url": endpoint.URL + "/v1", "project": "proj_abc123"})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	found, err := client.Verify(context.Background(), &costmark.VerifyRequest{Model: "openai.gpt-oss-20b"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Verdict)
	// Output: not_honored
}

func ExampleWithUsage() {
	endpoint := endpoint()
	defer endpoint.Close()
	client, err := costmark.New(costmark.Config{"base_url": endpoint.URL, "project": "proj_abc123"},
		costmark.WithUsage(func(event costmark.Answer) {
			fmt.Println(event.Project, event.Model, event.Outcome, event.Usage.InputTokens, event.Usage.OutputTokens)
		}))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	web := &http.Client{Transport: costmark.NewTransport(client, nil)}
	response, err := web.Post(endpoint.URL+"/v1/chat/completions", "application/json",
		strings.NewReader(`{"model": "openai.gpt-oss-20b", "messages": []}`))
	if err != nil {
		log.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	// Output:
	// /v1/chat/completions
	// {"project_id":"proj_abc123","model": "openai.gpt-oss-20b", "messages": []}
	// proj_abc123 openai.gpt-oss-20b ok 7 3
}

func ExampleBearerTokenCache() {
	tokens, err := costmark.NewBearerTokenCache(time.Hour, costmark.Config{
		"region":            "us-east-1",
		"access_key_id":     "AKIDEXAMPLE",
		"secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	})
	if err != nil {
		log.Fatal(err)
	}
	defer tokens.Close()
	token, err := tokens.Token(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.Text[:16])
	// Output: bedrock-api-key-
}

func ExamplePresign() {
	url, err := costmark.Presign(&costmark.SignRequest{
		Method:  "GET",
		URL:     "https://bedrock.us-east-1.amazonaws.com/foundation-models",
		Region:  "us-east-1",
		Service: "bedrock",
		Credentials: costmark.Credentials{
			AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		},
		Time: time.Date(2026, 3, 1, 12, 30, 45, 0, time.UTC),
	}, 15*time.Minute)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.ReplaceAll(url[:strings.Index(url, "&X-Amz-Signature=")], "&", "\n&"))
	// Output:
	// https://bedrock.us-east-1.amazonaws.com/foundation-models?X-Amz-Algorithm=AWS4-HMAC-SHA256
	// &X-Amz-Credential=AKIDEXAMPLE%2F20260301%2Fus-east-1%2Fbedrock%2Faws4_request
	// &X-Amz-Date=20260301T123045Z
	// &X-Amz-Expires=900
	// &X-Amz-SignedHeaders=host
}

func ExampleError() {
	client, err := costmark.New(costmark.Config{"auth": "none", "unattributed": "refuse"})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	_, err = client.Begin(context.Background(), &costmark.Request{
		Method: "POST",
		URL:    "https://gateway.example.com/v1/responses",
		Body:   []byte(`{"model": "openai.gpt-oss-20b", "input": "Hello"}`),
	})
	var refused *costmark.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Code.String(), refused.Retryable)
	}
	fmt.Println(errors.Is(err, costmark.ErrUnattributed))
	// Output:
	// unattributed false
	// true
}

func ExampleWithCredentials() {
	vault := costmark.CredentialsFunc(func(ctx context.Context) (costmark.Credentials, error) {
		return costmark.Credentials{}, errors.New("the vault is sealed")
	})
	client, err := costmark.New(costmark.Set("project", "proj_abc123"), costmark.WithCredentials(vault))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	_, err = client.Prepare(context.Background(), &costmark.Request{
		Method: "POST",
		URL:    "https://bedrock-mantle.us-east-1.api.aws/v1/responses",
		Body:   []byte(`{"model": "openai.gpt-oss-20b", "input": "Hello"}`),
	})
	fmt.Println(errors.Unwrap(err))
	// Output: the vault is sealed
}

func ExampleSetJSON() {
	body, err := costmark.SetJSON([]byte(`{"stream": true, "top_p": 0.50}`), "stream_options.include_usage",
		[]byte("true"), false)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", body)
	// Output: {"stream_options":{"include_usage":true},"stream": true, "top_p": 0.50}
}
