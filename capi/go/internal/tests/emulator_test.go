// Package tests runs the official openai-go against the emulator, which counts for itself. It is a
// module of its own, so that users of costmark do not have the SDK among their dependencies.
package tests

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	costmark "github.com/costmark/costmark/capi/go"
)

var projects = []string{"proj_gotests1", "proj_gotests2", "proj_gotests3"}

var emulator struct {
	url     string
	whyNone string
}

// TestMain starts the emulator with the Python that TEST_PYTHON names, which must be able to import
// costmark with its extra "emulator". Without the variable the tests are skipped.
func TestMain(m *testing.M) {
	for _, setting := range os.Environ() {
		name, _, _ := strings.Cut(setting, "=")
		for _, prefix := range []string{"AWS_", "OPENAI_"} {
			if strings.HasPrefix(name, prefix) {
				_ = os.Unsetenv(name)
			}
		}
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	python := os.Getenv("TEST_PYTHON")
	if python == "" {
		emulator.whyNone = "TEST_PYTHON names no Python that has costmark[emulator]"
		return m.Run()
	}
	arguments := []string{"-m", "costmark.emulator", "--port", "0", "--show-prompts"}
	for _, project := range projects {
		arguments = append(arguments, "--project", project)
	}
	command := exec.Command(python, arguments...)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the emulator does not start:", err)
		return 1
	}
	defer func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	}()
	line, err := bufio.NewReader(output).ReadString('\n')
	url, said := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !said {
		fmt.Fprintf(os.Stderr, "the emulator said %q (%v) and not where it listens\n", line, err)
		return 1
	}
	emulator.url = url
	before := runtime.NumGoroutine()
	if code := m.Run(); code != 0 {
		return code
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	for range 200 {
		runtime.GC()
		if runtime.NumGoroutine() <= before && costmark.LiveHandles() == 0 {
			return 0
		}
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Fprintf(os.Stderr, "%d goroutines and %d handles of C are left over\n",
		runtime.NumGoroutine()-before, costmark.LiveHandles())
	return 1
}

// record is what the emulator has to say about one inference request.
type record struct {
	Project           string `json:"project"`
	API               string `json:"api"`
	Streamed          bool   `json:"streamed"`
	Outcome           string `json:"outcome"`
	SignedBy          string `json:"signed_by"`
	AccessKeyID       string `json:"access_key_id"`
	InputTokens       uint64 `json:"input_tokens"`
	CachedInputTokens uint64 `json:"cached_input_tokens"`
	OutputTokens      uint64 `json:"output_tokens"`
	ReasoningTokens   uint64 `json:"reasoning_tokens"`
}

// fresh makes the emulator forget what came before, or skips the test.
func fresh(t testing.TB) {
	t.Helper()
	if emulator.url == "" {
		t.Skip(emulator.whyNone)
	}
	ask(t, "POST", "/_emulator/reset", nil, nil)
}

func records(t testing.TB) []record {
	t.Helper()
	var found []record
	ask(t, "GET", "/_emulator/usage", nil, &found)
	return found
}

func fault(t testing.TB, members map[string]any) {
	t.Helper()
	ask(t, "POST", "/_emulator/faults", members, nil)
}

// sent is a request as it came.
type sent struct {
	Path    string      `json:"path"`
	Headers [][2]string `json:"headers"`
	Body    string      `json:"body"`
	Status  int         `json:"status"`
}

func (s sent) header(name string) []string {
	var values []string
	for _, field := range s.Headers {
		if strings.EqualFold(field[0], name) {
			values = append(values, field[1])
		}
	}
	return values
}

func requests(t testing.TB) []sent {
	t.Helper()
	var found []sent
	ask(t, "GET", "/_emulator/requests", nil, &found)
	return found
}

func ask(t testing.TB, method, path string, question, answer any) {
	t.Helper()
	var body io.Reader
	if question != nil {
		text, err := json.Marshal(question)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, emulator.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 400 {
		t.Fatalf("%s %s: %s %v %s", method, path, response.Status, err, text)
	}
	if answer != nil {
		if err := json.Unmarshal(text, answer); err != nil {
			t.Fatal(err)
		}
	}
}
