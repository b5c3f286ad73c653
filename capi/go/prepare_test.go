package costmark

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPrepareAttributesAndSigns(t *testing.T) {
	client := newClient(t, staticKeys, Set("project", "proj_client"))
	request := chatRequest(plainChat)
	prepared, err := client.Prepare(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	if got := prepared.value("Openai-Project"); got != "proj_client" {
		t.Errorf("the project header is %q", got)
	}
	authorization := prepared.value("Authorization")
	if !strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 Credential="+accessKey+"/") ||
		!strings.Contains(authorization, "openai-project") {
		t.Errorf("the authorization is %q", authorization)
	}
	if prepared.BodyChanged || &prepared.Body[0] != &request.Body[0] {
		t.Error("a body that need not change is not the request's own")
	}
	if prepared.Project != "proj_client" || prepared.Source != SourceClient ||
		prepared.API != APIChatCompletions || prepared.Streamed {
		t.Errorf("prepared %+v", prepared)
	}
}

func TestPrepareRewritesTheBodyAndNothingElse(t *testing.T) {
	client := newClient(t, Config{"auth": "none", "carrier": "body"})
	ctx := WithProject(context.Background(), "proj_scope")
	request := chatRequest(`{"stream": true ,"n":1.10}`)
	request.Header.Set("Openai-Project", "")
	request.Project = "proj_call"
	before, header := bytes.Clone(request.Body), request.Header.Clone()
	prepared, err := client.Prepare(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	body := string(prepared.Body)
	if !prepared.BodyChanged || !strings.Contains(body, `"project_id":"proj_call"`) ||
		!strings.Contains(body, `"include_usage":true`) ||
		!strings.HasSuffix(body, `"stream": true ,"n":1.10}`) {
		t.Errorf("the body is %s", body)
	}
	if !slices.Contains(prepared.Remove, "Openai-Project") {
		t.Errorf("to remove: %q", prepared.Remove)
	}
	if !bytes.Equal(before, request.Body) || !maps.EqualFunc(header, request.Header, slices.Equal) {
		t.Error("the request was changed")
	}
	if !prepared.Streamed || prepared.Source != SourceRequest {
		t.Errorf("prepared %+v", prepared)
	}
}

func TestPrepareIsOneCallIntoC(t *testing.T) {
	// What earlier tests forgot makes calls into C when it is found.
	eventually(t, "what earlier tests made is gone", func() bool { return LiveHandles() == 0 })
	for _, carrier := range []string{"header", "body", "body,header"} {
		for _, size := range []int{100, 10 << 10, 100 << 10} {
			client := newClient(t, staticKeys, Config{"project": "proj_client", "carrier": carrier})
			request := chatRequest(chatOf(size))
			ctx := context.Background()
			for range 2 { // memory is there from the second one on
				if _, err := client.Prepare(ctx, request); err != nil {
					t.Fatal(err)
				}
			}
			calls := runtime.NumCgoCall()
			for range 10 {
				if _, err := client.Prepare(ctx, request); err != nil {
					t.Fatal(err)
				}
			}
			if calls = runtime.NumCgoCall() - calls; calls != 10 {
				t.Errorf("carrier %s, %d bytes: %d calls into C for 10 requests", carrier, size, calls)
			}
			allocations := testing.AllocsPerRun(20, func() { _, _ = client.Prepare(ctx, request) })
			if allocations > 2 {
				t.Errorf("carrier %s, %d bytes: %v allocations", carrier, size, allocations)
			}
		}
	}
}

// chatOf is a chat request of many messages, of about a size.
func chatOf(size int) string {
	var body strings.Builder
	body.WriteString(`{"model":"openai.gpt-oss-120b","messages":[{"role":"user","content":"Hi"}`)
	for body.Len() < size {
		body.WriteString(`,{"role":"user","content":"How do I return a pair of \"shoes\"?"}`)
	}
	return body.String() + `]}`
}

func TestPrepareWithMuchToSay(t *testing.T) {
	token := strings.Repeat("t", 20_000)
	client := newClient(t, staticKeys, Config{
		"project": "proj_client", "carrier": "body", "session_token": token,
	})
	request := chatRequest(chatOf(300_000))
	for i := range 200 { // more than the bridge has room for
		request.Header.Set(fmt.Sprintf("X-Amz-Meta-%d", i), strings.Repeat("v", i))
	}
	for range 3 {
		prepared, err := client.Prepare(context.Background(), request)
		if err != nil {
			t.Fatal(err)
		}
		if got := prepared.value("X-Amz-Security-Token"); got != token {
			t.Fatalf("the token has %d bytes", len(got))
		}
		if want := len(request.Body) + len(`"project_id":"proj_client",`); len(prepared.Body) != want {
			t.Fatalf("the body has %d bytes, not %d", len(prepared.Body), want)
		}
		if !strings.Contains(prepared.value("Authorization"), "x-amz-meta-199") {
			t.Fatal("the last header is not signed")
		}
	}
}

func TestWhereTheProjectComesFrom(t *testing.T) {
	ctx := WithProject(context.Background(), "proj_scope")
	inner := WithProject(ctx, "proj_inner")
	for _, test := range []struct {
		name    string
		ctx     context.Context
		options Config
		request *Request
		project string
		source  ProjectSource
	}{
		{"client", context.Background(), Config{"project": "proj_c"}, chatRequest(plainChat), "proj_c", SourceClient},
		{"rule", context.Background(), Config{"project": "proj_c", "rules": "proj_r: api=chat_completions"},
			chatRequest(plainChat), "proj_r", SourceRule},
		{"scope", ctx, Config{"project": "proj_c"}, chatRequest(plainChat), "proj_scope", SourceScope},
		{"inner scope", inner, Config{"project": "proj_c"}, chatRequest(plainChat), "proj_inner", SourceScope},
		{"left scope", WithProject(inner, ""), Config{"project": "proj_c"}, chatRequest(plainChat), "proj_c", SourceClient},
		{"request", ctx, Config{"project": "proj_c"}, func() *Request {
			request := chatRequest(plainChat)
			request.Header["openai-PROJECT"] = []string{"proj_header"}
			return request
		}(), "proj_header", SourceRequest},
		{"nothing", context.Background(), nil, chatRequest(plainChat), "", SourceNone},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := newClient(t, staticKeys, test.options)
			prepared, err := client.Prepare(test.ctx, test.request)
			if err != nil {
				t.Fatal(err)
			}
			if prepared.Project != test.project || prepared.Source != test.source {
				t.Errorf("%q from %v, not %q from %v", prepared.Project, prepared.Source, test.project, test.source)
			}
		})
	}
	if ProjectFrom(inner) != "proj_inner" || ProjectFrom(context.Background()) != "" {
		t.Error("ProjectFrom does not say which scope it is")
	}
}

func TestAnotherRoute(t *testing.T) {
	request := chatRequest(`{"model":"openai.gpt-5.4","input":"Hi"}`)
	request.URL = "https://" + testHost + "/v1/responses?x=%2F"
	for route, want := range map[string]string{
		"keep": request.URL, "auto": "https://" + testHost + "/openai/v1/responses?x=%2F",
	} {
		client := newClient(t, staticKeys, Config{"project": "proj_c", "route": route})
		prepared, err := client.Prepare(context.Background(), request)
		if err != nil {
			t.Fatal(err)
		}
		if prepared.URL != want || (route == "keep") != (prepared.Hint != "") {
			t.Errorf("%s: %q, %q", route, prepared.URL, prepared.Hint)
		}
	}
}

func TestErrorsAreTyped(t *testing.T) {
	conflicting := chatRequest(plainChat)
	conflicting.Header.Set("OpenAI-Project", "proj_other")
	elsewhere := chatRequest(plainChat)
	elsewhere.URL = "https://api.example.com/v1/chat/completions"
	notAllowed := chatRequest(plainChat)
	notAllowed.Project = "proj_other"
	noURL := chatRequest(plainChat)
	noURL.URL = "nonsense"
	for _, test := range []struct {
		name    string
		options Config
		request *Request
		code    Code
		offset  int64
	}{
		{"unattributed", Config{"unattributed": "refuse"}, chatRequest(plainChat), ErrUnattributed, -1},
		{"conflict", Config{"project": "proj_c", "conflict": "refuse"}, conflicting, ErrConflict, -1},
		{"not allowed", Config{"project": "proj_c", "allowed_projects": "proj_c*"}, notAllowed, ErrProjectNotAllowed, -1},
		{"json", Config{"project": "proj_c"}, chatRequest(`{"model" "x"}`), ErrInvalidJSON, 9},
		{"elsewhere", Config{"project": "proj_c", "base_url": "https://" + testHost}, elsewhere,
			ErrEndpointMismatch, -1},
		{"url", Config{"project": "proj_c"}, noURL, ErrInvalidURL, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := newClient(t, staticKeys, test.options)
			for name, call := range map[string]func() error{
				"Prepare": func() error {
					prepared, err := client.Prepare(context.Background(), test.request)
					if prepared != nil {
						t.Error("an error came with something prepared")
					}
					return err
				},
				"Begin": func() error {
					operation, err := client.Begin(context.Background(), test.request)
					if operation != nil {
						t.Error("an error came with an operation")
					}
					return err
				},
			} {
				err := call()
				if !errors.Is(err, test.code) || errors.Is(err, ErrInternal) {
					t.Errorf("%s: %v is not %v", name, err, test.code)
				}
				var typed *Error
				if !errors.As(err, &typed) || typed.Message == "" || typed.Retryable {
					t.Fatalf("%s: %#v", name, err)
				}
				if test.offset != 0 && typed.Offset != test.offset {
					t.Errorf("%s: the offset is %d, not %d", name, typed.Offset, test.offset)
				}
				if !strings.HasPrefix(err.Error(), "costmark: "+test.code.String()+": ") {
					t.Errorf("%s: %v", name, err)
				}
			}
			if usage, _ := client.Usage(); len(usage) != 0 {
				t.Errorf("what was refused is counted: %v", usage)
			}
		})
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, options := range []Option{
		Set("no_such_option", "x"), Set("", "x"), Set("auth", "maybe"), Config{"chain_memory": "-1"},
		Config{"project": "not a project"}, Config{"secret_access_key": secretKey},
		WithCredentials(nil), WithBearerToken(nil), WithLogger(nil), Set("project", "a\x00b"),
	} {
		client, err := New(options)
		if client != nil || err == nil {
			t.Errorf("%v made a client", options)
		}
		var typed *Error
		if !errors.As(err, &typed) {
			t.Errorf("%v is not typed", err)
		} else if strings.Contains(err.Error(), secretKey) {
			t.Errorf("%v shows a secret", err)
		}
	}
	table := Options()
	names := make([]string, len(table))
	for i, option := range table {
		names[i] = option.Name
		if option.Description == "" {
			t.Errorf("option %s is not described", option.Name)
		}
	}
	if !slices.IsSorted(names) || !slices.Contains(names, "allowed_projects") {
		t.Errorf("the options are %q", names)
	}
	at := slices.Index(names, "auth")
	if !slices.Contains(table[at].Choices, "sigv4") || table[at].Type != OptionChoice || table[at].Default != "auto" {
		t.Errorf("%+v", table[at])
	}
}

func TestPrepareRespectsTheContext(t *testing.T) {
	client := newClient(t, staticKeys, Set("project", "proj_c"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := client.Prepare(ctx, chatRequest(plainChat)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := client.Begin(ctx, chatRequest(plainChat)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestSignKnowsTheVector(t *testing.T) {
	// AWS's "get-vanilla", with the hash of the empty body among the signed headers.
	headers, err := Sign(&SignRequest{
		Method: "GET", URL: "https://example.amazonaws.com/", Region: "us-east-1", Service: "service",
		Credentials: Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: secretKey},
		Time:        time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	fields := http.Header{}
	for _, field := range headers {
		fields.Set(field.Name, field.Value)
	}
	if fields.Get("X-Amz-Date") != "20150830T123600Z" ||
		!strings.HasPrefix(fields.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,") {
		t.Error(fields)
	}
	for _, bad := range []*SignRequest{
		{Method: "GET", URL: "https://example.com/", Region: "us-east-1", Service: "service"},
		{Method: "GET", URL: "nonsense", Region: "us-east-1", Service: "service",
			Credentials: Credentials{AccessKeyID: "a", SecretAccessKey: "b"}},
		{Method: "GET", URL: "https://example.com/", Region: "us-east-1", Service: "service",
			Credentials: Credentials{AccessKeyID: "a", SecretAccessKey: "b", Expires: time.Unix(1, 0)}},
	} {
		if headers, err := Sign(bad); err == nil || headers != nil {
			t.Errorf("%+v was signed", bad)
		}
	}
}

func TestEditJSON(t *testing.T) {
	edited, err := SetJSON([]byte(`{"a": 1 , "b":2.50}`), "c.d", []byte(`"x"`), true)
	if err != nil || !strings.Contains(string(edited), `"a": 1 , "b":2.50`) || !strings.Contains(string(edited), `"c":{"d":"x"}`) {
		t.Errorf("%s, %v", edited, err)
	}
	edited, err = RemoveJSON([]byte(`{"a": 1 , "b":2.50, "a":3}`), "a", false)
	if err != nil || strings.Contains(string(edited), `"a"`) || !strings.Contains(string(edited), `"b":2.50`) {
		t.Errorf("%s, %v", edited, err)
	}
	for _, bad := range []string{"", "[]", `{"a":`, "nul"} {
		if _, err := SetJSON([]byte(bad), "a", []byte("1"), false); !errors.Is(err, ErrInvalidJSON) {
			t.Errorf("%q: %v", bad, err)
		}
		if _, err := RemoveJSON([]byte(bad), "a", false); !errors.Is(err, ErrInvalidJSON) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := SetJSON([]byte("{}"), "", []byte("1"), false); err == nil {
		t.Error("an empty path was taken")
	}
}

func TestWhatIsRunning(t *testing.T) {
	if Version() == "" || !HasFeature("operation") || HasFeature("") || HasFeature("telepathy") {
		t.Error(Version())
	}
	if ErrUnattributed.String() != "unattributed" || Code(999).String() != "unknown" {
		t.Error(ErrUnattributed, Code(999))
	}
	if SourceScope.String() != "scope" || APIResponses.String() != "responses" ||
		OutcomeIncomplete.String() != "incomplete" {
		t.Error(SourceScope, APIResponses, OutcomeIncomplete)
	}
}
