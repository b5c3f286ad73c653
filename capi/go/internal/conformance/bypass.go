package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	costmark "github.com/costmark/costmark/capi/go"
)

// A bypass is an attempt to get a request past the Transport.
type bypass struct {
	Does    string
	Options map[string]string
	Method  string
	URL     string
	Headers [][2]string
	Body    []byte
	Scope   string
}

// makeAttempts makes one for each line of its input, and prints one line about each.
func makeAttempts(in io.Reader, out io.Writer) error {
	os.Clearenv()
	lines := json.NewDecoder(in)
	for {
		var attempt bypass
		err := lines.Decode(&attempt)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line, err := json.Marshal(attempt.outcome())
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s\n", line); err != nil {
			return err
		}
	}
}

func (b *bypass) outcome() object {
	does, known := waysPast[b.Does]
	if !known {
		return object{"skip": "net/http has no such thing"}
	}
	request, err := b.request()
	if err != nil {
		return object{"skip": err.Error()}
	}
	config := costmark.Config{}
	for name, value := range b.Options {
		config[name] = value
	}
	client, err := costmark.New(config)
	if err != nil {
		return object{"refused": err.Error()}
	}
	defer client.Close()
	host := &pastHost{base: &http.Transport{DisableKeepAlives: true}, request: request}
	does(host)
	host.http.Transport = costmark.NewTransport(client, host.base)
	return host.send()
}

func (b *bypass) request() (*http.Request, error) {
	var body io.Reader
	if len(b.Body) > 0 {
		body = bytes.NewReader(b.Body)
	}
	made, err := http.NewRequest(b.Method, b.URL, body)
	if err != nil {
		return nil, err
	}
	for _, field := range b.Headers {
		made.Header[field[0]] = append(made.Header[field[0]], field[1])
	}
	if b.Scope != "" {
		made = made.WithContext(costmark.WithProject(made.Context(), b.Scope))
	}
	return made, nil
}

// A pastHost makes the request of an attempt, in its own way.
type pastHost struct {
	base    http.RoundTripper
	http    http.Client
	request *http.Request
}

func (h *pastHost) send() object {
	response, err := h.http.Do(h.request)
	var refused *costmark.Error
	if errors.As(err, &refused) {
		return object{"refused": refused.Code.String()}
	}
	if err != nil {
		return object{"failed": err.Error()}
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return object{"status": response.StatusCode}
}

// waysPast are what a host does with the request that it was told to make.
var waysPast = map[string]func(*pastHost){
	"send":    func(*pastHost) {},
	"copy":    func(h *pastHost) { h.request = h.request.Clone(h.request.Context()) },
	"chunked": func(h *pastHost) { h.request.ContentLength, h.request.GetBody = -1, nil },
	"no-length": func(h *pastHost) { // of a body that is there
		h.request.ContentLength = 0
	},
	"trailer": func(h *pastHost) {
		h.request.Trailer = http.Header{"Openai-Project": {"default"}}
		h.request.ContentLength = -1
	},
	// What is sent first is harmless; what GetBody gives is sent after a redirect.
	"get-body": func(h *pastHost) {
		h.request.Body, h.request.ContentLength = io.NopCloser(bytes.NewReader([]byte("{}"))), 2
	},
	"odd-header-name": func(h *pastHost) { h.request.Header["openai-project"] = []string{"default"} },
	"host-field":      func(h *pastHost) { h.request.Host = "unrelated.example" },
	"raw-path":        func(h *pastHost) { h.request.URL.RawPath = "/v1/%63hat/completions" },
	// Opaque is what stands on the request line, and Host where net/http connects to.
	"opaque-path": func(h *pastHost) {
		h.request.URL.Opaque, h.request.URL.Path = h.request.URL.EscapedPath(), "/health"
	},
	"opaque-same-host": func(h *pastHost) {
		h.request.URL.Opaque = "//" + h.request.URL.Host + h.request.URL.EscapedPath()
		h.request.URL.Path = "/health"
	},
	"opaque-other-host": func(h *pastHost) {
		h.request.URL.Opaque = "//unrelated.example" + h.request.URL.EscapedPath()
	},
	"redirect-without-project": func(h *pastHost) {
		h.http.CheckRedirect = func(next *http.Request, _ []*http.Request) error {
			next.Header.Del("Openai-Project")
			return nil
		}
	},
	"below-removes": below(func(request *http.Request) { request.Header.Del("Openai-Project") }),
	"below-replaces": below(func(request *http.Request) {
		request.Header.Set("Openai-Project", "default")
	}),
	"below-path": below(func(request *http.Request) { request.URL.Path = "/v1/responses" }),
	"below-body": below(func(request *http.Request) {
		body := []byte(`{"model":"openai.gpt-oss-120b","messages":[{"role":"user","content":"Hi"}]}`)
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}),
}

// below puts a layer under the Transport that changes what was prepared.
func below(change func(*http.Request)) func(*pastHost) {
	return func(h *pastHost) { h.base = changing{h.base, change} }
}

type changing struct {
	http.RoundTripper
	change func(*http.Request)
}

func (c changing) RoundTrip(request *http.Request) (*http.Response, error) {
	changed := request.Clone(request.Context())
	c.change(changed)
	return c.RoundTripper.RoundTrip(changed)
}
