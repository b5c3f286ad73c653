// Package bench compares a prepare with what a Go program does without costmark: rewrite the body with
// encoding/json, and sign it with the signer of aws-sdk-go-v2. It is a module of its own, so that
// users of costmark do not have the SDK among their dependencies.
package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	costmark "github.com/costmark/costmark/capi/go"
)

const (
	url     = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions"
	project = "proj_5d5ykleja6cwpirysbb7"
	keyID   = "AKIDEXAMPLE"
	secret  = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

// conversation is a chat request of many short messages, of about a size.
func conversation(size int) []byte {
	var body bytes.Buffer
	body.WriteString(`{"model":"openai.gpt-oss-120b","messages":[`)
	for i := 0; body.Len() < size-100; i++ {
		if i > 0 {
			body.WriteByte(',')
		}
		role := [...]string{"user", "assistant"}[i%2]
		fmt.Fprintf(&body, `{"role":%q,"content":"Message %d: how do I return a pair of shoes that \"pinch\"?"}`,
			role, i)
	}
	body.WriteString(`],"temperature":0.20,"max_tokens":256}`)
	return body.Bytes()
}

func header() http.Header {
	return http.Header{
		"Content-Type": {"application/json"},
		"Accept":       {"application/json"},
		"User-Agent":   {"OpenAI/Go 3.0.0"},
	}
}

var sizes = []struct {
	name  string
	bytes int
}{{"10KB", 10 << 10}, {"100KB", 100 << 10}}

// Each writes the project into the body and signs the result, header ready to be sent.
var ways = []struct {
	name string
	make func(testing.TB) func(body []byte) error
}{
	{"costmark", withCostmark},
	{"sdk-map", withSDK(rewriteMap)},
	{"sdk-rawmessage", withSDK(rewriteRaw)},
}

func withCostmark(t testing.TB) func([]byte) error {
	client, err := costmark.New(costmark.Config{
		"project": project, "carrier": "body", "region": "us-east-1",
		"access_key_id": keyID, "secret_access_key": secret,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	ctx, fields := context.Background(), header()
	return func(body []byte) error {
		_, err := client.Prepare(ctx, &costmark.Request{Method: "POST", URL: url, Header: fields, Body: body})
		return err
	}
}

func withSDK(rewrite func([]byte) ([]byte, error)) func(testing.TB) func([]byte) error {
	return func(t testing.TB) func([]byte) error {
		signer := v4.NewSigner()
		credentials := aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}
		request, err := http.NewRequest("POST", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = header()
		ctx := context.Background()
		return func(body []byte) error {
			rewritten, err := rewrite(body)
			if err != nil {
				return err
			}
			request.ContentLength = int64(len(rewritten))
			hash := sha256.Sum256(rewritten)
			return signer.SignHTTP(ctx, credentials, request, hex.EncodeToString(hash[:]),
				"bedrock-mantle", "us-east-1", time.Now())
		}
	}
}

// rewriteMap is how encoding/json is mostly used; it changes the order of members and, with
// UseNumber, at least not the numbers.
func rewriteMap(body []byte) ([]byte, error) {
	var members map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&members); err != nil {
		return nil, err
	}
	members["project_id"] = project
	return json.Marshal(members)
}

// rewriteRaw leaves alone what it can.
func rewriteRaw(body []byte) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, err
	}
	members["project_id"] = json.RawMessage(`"` + project + `"`)
	return json.Marshal(members)
}

func BenchmarkAttributeAndSign(b *testing.B) {
	for _, size := range sizes {
		body := conversation(size.bytes)
		for _, way := range ways {
			b.Run(size.name+"/"+way.name, func(b *testing.B) {
				run := way.make(b)
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				before, operations := processorTime(b), 0
				for b.Loop() {
					if err := run(body); err != nil {
						b.Fatal(err)
					}
					operations++
				}
				used := processorTime(b) - before
				b.ReportMetric(float64(used.Nanoseconds())/float64(operations), "cpu-ns/op")
			})
		}
	}
}

// processorTime is what the process has used, garbage collection included: on a busy machine it says
// more than the clock.
func processorTime(b testing.TB) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
