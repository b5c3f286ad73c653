package tests

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	anthropic1 "github.com/anthropics/anthropic-sdk-go"
	anthropic1option "github.com/anthropics/anthropic-sdk-go/option"
	anthropic2 "github.com/anthropics/anthropic-sdk-go/v2"
	anthropic2option "github.com/anthropics/anthropic-sdk-go/v2/option"
	openai1 "github.com/openai/openai-go"
	openai1option "github.com/openai/openai-go/option"

	costmark "github.com/costmark/costmark/capi/go"
)

const message = `{"id":"msg_1","type":"message","role":"assistant","model":"m","stop_reason":"end_turn",` +
	`"content":[{"type":"text","text":"Yes."}],"usage":{"input_tokens":7,"output_tokens":3}}`

// otherSDKs make one call each with an SDK of the same family.
var otherSDKs = map[string]func(ctx context.Context, j *joined) error{
	"openai-go 1": func(ctx context.Context, j *joined) error {
		sdk := openai1.NewClient(openai1option.WithBaseURL(j.url+"/v1"), openai1option.WithAPIKey("unused"),
			openai1option.WithHTTPClient(j.http), costmark.JoinRetries(openai1option.WithMiddleware))
		_, err := sdk.Chat.Completions.New(ctx, openai1.ChatCompletionNewParams{
			Model: "m", Messages: []openai1.ChatCompletionMessageParamUnion{openai1.UserMessage("Hello")},
		})
		return err
	},
	"anthropic-sdk-go 1": func(ctx context.Context, j *joined) error {
		sdk := anthropic1.NewClient(anthropic1option.WithBaseURL(j.url), anthropic1option.WithAPIKey("unused"),
			anthropic1option.WithHTTPClient(j.http), costmark.JoinRetries(anthropic1option.WithMiddleware))
		_, err := sdk.Messages.New(ctx, anthropic1.MessageNewParams{
			Model: "m", MaxTokens: 5,
			Messages: []anthropic1.MessageParam{anthropic1.NewUserMessage(anthropic1.NewTextBlock("Hello"))},
		})
		return err
	},
	"anthropic-sdk-go 2": func(ctx context.Context, j *joined) error {
		sdk := anthropic2.NewClient(anthropic2option.WithBaseURL(j.url), anthropic2option.WithAPIKey("unused"),
			anthropic2option.WithHTTPClient(j.http), costmark.JoinRetries(anthropic2option.WithMiddleware))
		_, err := sdk.Messages.New(ctx, anthropic2.MessageNewParams{
			Model: "m", MaxTokens: 5,
			Messages: []anthropic2.MessageParam{anthropic2.NewUserMessage(anthropic2.NewTextBlock("Hello"))},
		})
		return err
	},
}

// failingTwice answers in the API of the request.
func failingTwice() http.HandlerFunc {
	var at atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After-Ms", "1")
		switch {
		case at.Add(1) <= 2:
			w.WriteHeader(http.StatusInternalServerError)
		case r.URL.Path == "/v1/messages":
			_, _ = io.WriteString(w, message)
		default:
			_, _ = io.WriteString(w, completion)
		}
	}
}

func TestWhatOtherSDKsRepeatIsOneOperation(t *testing.T) {
	for name, call := range otherSDKs {
		t.Run(name, func(t *testing.T) {
			j := joinWithout(t, failingTwice())
			for range 2 {
				if err := call(context.Background(), j); err != nil {
					t.Fatal(err)
				}
			}
			if got := j.told(); got != "[0.1:500 0.2:500 0.3:200 1.1:200]" {
				t.Error(got)
			}
			sum := j.totals(t)
			if sum.Operations != 2 || sum.Attempts != 4 || sum.InputTokens != 14 || sum.OutputTokens != 6 {
				t.Errorf("%+v", sum)
			}
		})
	}
}

// What costmark refuses, or a closed client, is not tried again.
func TestWhatIsRefusedIsTriedOnceByOtherSDKs(t *testing.T) {
	for name, call := range otherSDKs {
		t.Run(name, func(t *testing.T) {
			j := joinWithout(t, failingTwice())
			counting := &roundTrips{base: j.http.Transport}
			j.http = &http.Client{Transport: counting}
			err := call(costmark.WithProject(context.Background(), "not a project"), j)
			if !errors.Is(err, costmark.ErrInvalidProject) || counting.count.Load() != 1 {
				t.Errorf("%v after %d attempts", err, counting.count.Load())
			}
			_ = j.client.Close()
			err = call(context.Background(), j)
			if !errors.Is(err, costmark.ErrClosed) || counting.count.Load() != 2 {
				t.Errorf("%v after %d attempts", err, counting.count.Load())
			}
		})
	}
}

// roundTrips counts round trips.
type roundTrips struct {
	base  http.RoundTripper
	count atomic.Int64
}

func (c *roundTrips) RoundTrip(request *http.Request) (*http.Response, error) {
	c.count.Add(1)
	return c.base.RoundTrip(request)
}
