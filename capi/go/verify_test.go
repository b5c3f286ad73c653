package costmark

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// knowing answers for one project alone, as an endpoint does that reads it.
func knowing(project string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Openai-Project") == project {
			answerJSON(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Request-Id", "req_17")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"error":{"code":"not_found_error","type":"invalid_request_error",`+
			`"message":"Project '`+r.Header.Get("Openai-Project")+`' not found","param":null}}`)
	}
}

func (s *server) verifying(t testing.TB, options ...Option) *Client {
	return s.signing(t, append([]Option{Config{"carrier": "header", "base_url": s.URL + "/v1"}}, options...)...)
}

func TestVerify(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   Verdict
	}{
		{"honored", knowing("proj_client"), VerdictHonored},
		{"ignored", answerJSON, VerdictNotHonored},
		{"failing", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, VerdictUnknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, test.answer)
			client := server.verifying(t)
			before := time.Now().Truncate(time.Second)
			found, err := client.Verify(context.Background(), &VerifyRequest{
				Model: "openai.gpt-oss-120b", Header: http.Header{"X-Gateway": {"yes"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if found.Verdict != test.want || found.Reason == "" || found.Carrier != "header" ||
				found.Project != "proj_client" || found.Model != "openai.gpt-oss-120b" ||
				!strings.HasPrefix(found.Endpoint, server.URL) || found.CheckedAt.Before(before) {
				t.Errorf("%+v", found)
			}
			if found.Retryable != (test.want == VerdictUnknown) {
				t.Errorf("retryable: %v", found.Retryable)
			}
			received := server.received()
			if len(found.Probes) == 0 || len(received) != len(found.Probes) {
				t.Fatalf("%d probes, %d requests", len(found.Probes), len(received))
			}
			for i, probe := range found.Probes {
				if probe.Project == "" || probe.Finding == "" || !strings.HasPrefix(probe.Request, "POST "+server.URL) ||
					received[i].Header.Get("X-Gateway") != "yes" {
					t.Errorf("%+v", probe)
				}
			}
			if first := found.Probes[0]; test.want == VerdictHonored &&
				(first.HTTPStatus != 404 || first.Code != "not_found_error" || first.RequestID != "req_17") {
				t.Errorf("%+v", first)
			}
		})
	}
}

func TestAProofIsKept(t *testing.T) {
	server := newServer(t, knowing("proj_scope"))
	client := server.verifying(t)
	ctx := WithProject(context.Background(), "proj_scope")
	request := &VerifyRequest{Model: "openai.gpt-oss-120b"}
	for _, requests := range []int{2, 2} {
		found, err := client.Verify(ctx, request)
		if err != nil || found.Verdict != VerdictHonored || found.Project != "proj_scope" {
			t.Fatalf("%+v %v", found, err)
		}
		if got := len(server.received()); got != requests {
			t.Errorf("%d requests", got)
		}
	}
	request.Force = true
	if _, err := client.Verify(ctx, request); err != nil {
		t.Error(err)
	}
	if got := len(server.received()); got != 4 {
		t.Errorf("%d requests", got)
	}
}

func TestVerifyThatCannotBe(t *testing.T) {
	silent := newServer(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	client := silent.verifying(t)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	found, err := client.Verify(ctx, nil)
	if err != nil || found.Verdict != VerdictUnknown || !found.Retryable {
		t.Errorf("%+v %v", found, err)
	}
	<-ctx.Done()
	if _, err := client.Verify(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if _, err := client.Verify(context.Background(), &VerifyRequest{Timeout: -1}); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
	without := newClient(t, Config{"base_url": silent.URL, "auth": "none"})
	if _, err := without.Verify(context.Background(), nil); !errors.Is(err, ErrUnattributed) {
		t.Error(err)
	}
	_ = client.Close()
	if _, err := client.Verify(context.Background(), nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestOptionVerify(t *testing.T) {
	ignoring := newServer(t, answerJSON)
	client := ignoring.verifying(t, Config{"verify": "true"})
	_, err := NewTransport(client, nil).RoundTrip(post(t, context.Background(), ignoring.URL, plainChat))
	if !errors.Is(err, ErrUnattributed) {
		t.Error(err)
	}
	reading := newServer(t, knowing("proj_client"))
	client = reading.verifying(t, Config{"verify": "true"})
	transport := NewTransport(client, nil)
	for range 2 {
		do(t, transport, post(t, context.Background(), reading.URL, plainChat))
	}
	if got := reading.received(); len(got) != 4 { // two of them the proof
		t.Errorf("%d requests", len(got))
	}
}

func TestVerdicts(t *testing.T) {
	for verdict, name := range map[Verdict]string{
		VerdictHonored: "honored", VerdictNotHonored: "not_honored", VerdictUnknown: "unknown", 17: "unknown",
	} {
		if verdict.String() != name {
			t.Error(verdict)
		}
	}
}
