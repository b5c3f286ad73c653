package costmark

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestRoutes(t *testing.T) {
	client := newClient(t, staticKeys)
	known := client.Route("openai.gpt-5.4")
	if known.Path != "/openai/v1" || known.File == "" || known.Line == 0 || known.AsOf == "" {
		t.Errorf("%+v", known)
	}
	if unknown := client.Route("no.such-model"); unknown != (Route{}) {
		t.Errorf("%+v", unknown)
	}
	if client.Route("") != (Route{}) {
		t.Error("a model without a name has a route")
	}
	_ = client.Close()
	if client.Route("openai.gpt-5.4") != (Route{}) {
		t.Error("a closed client answers")
	}
}

func TestRoutesOfAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "routes")
	if err := os.WriteFile(file, []byte("no.such-model /anthropic/v1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	client := newClient(t, staticKeys, Set("routes", file))
	if route := client.Route("no.such-model"); route.Path != "/anthropic/v1" || route.File != file || route.Line != 1 {
		t.Errorf("%+v", route)
	}
}

func TestCheckProject(t *testing.T) {
	for id, offset := range map[string]int64{"": -1, "default": -1, "not a project": 3, strings.Repeat("x", 129): -1} {
		err := CheckProject(id)
		var typed *Error
		if !errors.Is(err, ErrInvalidProject) || !errors.As(err, &typed) || (offset >= 0 && typed.Offset != offset) {
			t.Errorf("%q: %#v", id, err)
		}
	}
	for _, id := range []string{"proj_abc", "x", strings.Repeat("x", 128)} {
		if err := CheckProject(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestUsageIsSummedAndCanBeReset(t *testing.T) {
	server := newServer(t, answerJSON)
	client := server.signing(t)
	transport := NewTransport(client, nil)
	for _, model := range []string{"b", "a", "a"} {
		for _, project := range []string{"proj_z", "proj_y"} {
			ctx := WithProject(context.Background(), project)
			do(t, transport, post(t, ctx, server.URL, `{"model":"`+model+`","messages":[]}`))
		}
	}
	usage, err := client.Usage()
	if err != nil || !slices.IsSortedFunc(usage, func(a, b Totals) int {
		return strings.Compare(a.Project+"\x00"+a.Model, b.Project+"\x00"+b.Model)
	}) {
		t.Fatal(usage, err)
	}
	for _, project := range []string{"proj_z", "proj_y"} {
		want := Totals{Project: project, Operations: 3, Attempts: 3, InputTokens: 21, OutputTokens: 9}
		if sum := usage.Project(project); sum != want {
			t.Errorf("%+v", sum)
		}
	}
	client.ResetUsage()
	if usage, err := client.Usage(); err != nil || len(usage) != 0 {
		t.Error(usage, err)
	}
	_ = client.Close()
	client.ResetUsage()
}

func TestARequestWhoseBodyIsAStream(t *testing.T) {
	request := chatRequest("")
	request.BodyIsStream = true
	for carrier, want := range map[string]error{"body": ErrBodyNeeded, "header": nil} {
		client := newClient(t, Config{
			"auth": "none", "project": "proj_c", "carrier": carrier, "base_url": "https://gateway.example.com",
		})
		request.URL = "https://gateway.example.com/v1/files"
		request.Header = http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}
		if carrier == "body" {
			request.URL = "https://gateway.example.com/v1/chat/completions"
			request.Header = http.Header{"Content-Type": {"application/json"}}
		}
		if _, err := client.Prepare(context.Background(), request); !errors.Is(err, want) {
			t.Errorf("%s: %v", carrier, err)
		}
	}
	signing := newClient(t, staticKeys, Set("project", "proj_c"))
	request.URL = "https://" + testHost + "/v1/files"
	if _, err := signing.Prepare(context.Background(), request); !errors.Is(err, ErrBodyNeeded) {
		t.Error("a signature without the body:", err)
	}
}

// Begin and prepare, sent, head, feed, finish, free: none of them twice.
func TestARoundTripIsSixCallsIntoC(t *testing.T) {
	eventually(t, "what earlier tests made is gone", func() bool { return LiveHandles() == 0 })
	base := roundTripper(func(request *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: 200, ContentLength: -1, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(strings.NewReader(chatAnswer)),
		}, nil
	})
	upload := func() *http.Request {
		request, _ := http.NewRequest("POST", "https://gateway.example.com/v1/files",
			struct{ io.Reader }{strings.NewReader("content")})
		request.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		return request
	}
	signing := newClient(t, staticKeys, Set("project", "proj_c"))
	plain := newClient(t, Config{"auth": "none", "project": "proj_c"})
	for name, test := range map[string]struct {
		client  *Client
		request func() *http.Request
	}{
		"signed": {signing, func() *http.Request { return post(t, context.Background(), "https://"+testHost, plainChat) }},
		"upload": {plain, upload},
	} {
		transport := NewTransport(test.client, base)
		for i := range 3 {
			request := test.request()
			calls := runtime.NumCgoCall()
			response, err := transport.RoundTrip(request)
			if err != nil {
				t.Fatal(name, err)
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			if calls = runtime.NumCgoCall() - calls; i > 0 && calls != 6 {
				t.Errorf("%s: %d calls into C", name, calls)
			}
		}
	}
}
