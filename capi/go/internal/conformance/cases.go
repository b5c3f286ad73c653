package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// The way in which this runner runs a case.
const way = "go"

type testCase struct {
	Name   string
	Ways   []string
	Client clientOf
	Calls  []call
}

type clientOf struct {
	Options     map[string]string
	Environment map[string]string
	Credentials []keys
	Tokens      []token
	HostAPIKey  string `json:"host_api_key"`
}

// keys are what a callback returns, or the name of the code that it fails with.
type keys struct {
	AccessKeyID     string `json:"access_key_id"`
	SecretAccessKey string `json:"secret_access_key"`
	SessionToken    string `json:"session_token"`
	ExpiresIn       *int64 `json:"expires_in"`
	Error           string
}

type token struct {
	Token string
	Error string
}

type call struct {
	Request request
	Host    host
	Beside  *int
}

type request struct {
	Method       string
	Path         string
	Headers      [][2]string
	Body         string
	Project      string
	Scope        string
	BodyIsStream bool `json:"body_is_stream"`
	Labels       map[string]string
	// The call is sent whatever budgets say.
	OverrideBudgets bool `json:"override_budgets"`
}

type host struct {
	Does          string
	At            string
	Retries       int
	AfterBytes    int    `json:"after_bytes"`
	CounterHeader string `json:"counter_header"`
}

func readCases(path string) ([]testCase, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct{ Cases []testCase }
	// A process remembers the ids of responses: they name the way.
	if err := json.Unmarshal(bytes.ReplaceAll(text, []byte("{way}"), []byte(way)), &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file.Cases, nil
}

// obstacle is why a case cannot be run; nil: it can.
func (c *testCase) obstacle() error {
	doesAs := "operation"
	if slices.ContainsFunc(c.Calls, call.takesGzip) {
		doesAs = "send" // net/http takes an encoding off that it has asked for
	}
	if !slices.Contains(c.Ways, doesAs) {
		return errors.New("net/http takes encodings off an answer")
	}
	for i := range c.Calls {
		given := len(c.Client.Credentials) + len(c.Client.Tokens)
		if c.Calls[i].Host.Does == "once" && given > 0 {
			return errors.New("the Transport itself resends once after a refusal")
		}
		if err := c.Calls[i].obstacle(); err != nil {
			return err
		}
	}
	return nil
}

func (c call) obstacle() error {
	switch {
	case c.Host.Does == "observe":
		return errors.New("the Transport prepares every request")
	case c.Host.Does == "twice":
		return errors.New("a round trip that begins while another is open is an attempt beside it")
	case c.Host.Does == "drop" && c.Host.At != "head" && c.Host.At != "body":
		return errors.New("the Transport sends what it has prepared")
	case c.Request.BodyIsStream:
		return errors.New("the Transport reads a body whose bytes are needed")
	}
	return nil
}

func (c call) takesGzip() bool { return c.has("Accept-Encoding") }

func (c call) has(header string) bool {
	return slices.ContainsFunc(c.Request.Headers, func(field [2]string) bool {
		return strings.EqualFold(field[0], header)
	})
}

// projectHeader is what a request of net/http names its own project with: it has no argument for it.
func (c call) projectHeader() string {
	if strings.Contains(c.Request.Path, "/messages") {
		return "Anthropic-Workspace-Id"
	}
	return "OpenAI-Project"
}
