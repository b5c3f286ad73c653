package costmark

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
)

// told keeps the exchanges of a transport.
type told struct {
	mu   sync.Mutex
	seen []Exchange
}

func (t *told) option() TransportOption {
	return OnExchange(func(ended Exchange) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.seen = append(t.seen, ended)
	})
}

func (t *told) all() []Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Exchange(nil), t.seen...)
}

func TestRoundTripsAreOperationsOfTheirOwn(t *testing.T) {
	server := newServer(t, answerJSON)
	client := server.signing(t)
	var exchanges told
	transport := NewTransport(client, nil, exchanges.option())
	for range 2 {
		do(t, transport, post(t, context.Background(), server.URL, plainChat))
	}
	got := exchanges.all()
	if got[0].Answer.Operation == got[1].Answer.Operation || got[1].Answer.Attempt != 1 {
		t.Errorf("%+v", got)
	}
}

// Attempts of one operation that are open at once have handles of their own, and one id.
func TestAttemptsBesideEachOther(t *testing.T) {
	for _, count := range []int{2, 20} {
		arrived := make(chan struct{}, count)
		release := make(chan struct{})
		server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			arrived <- struct{}{}
			<-release
			answerJSON(w, r)
		})
		client := server.signing(t)
		var exchanges told
		base := http.DefaultTransport.(*http.Transport).Clone()
		transport := NewTransport(client, base, exchanges.option())
		ctx := WithOperation(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			together(count, func(int) { do(t, transport, post(t, ctx, server.URL, plainChat)) })
		}()
		for range count {
			<-arrived
		}
		close(release)
		<-done
		// The next one is alone.
		do(t, transport, post(t, ctx, server.URL, plainChat))
		base.CloseIdleConnections()
		attempts := make(map[int]bool)
		concurrent := 0
		for _, each := range exchanges.all() {
			attempts[each.Answer.Attempt] = true
			if each.Answer.Operation != exchanges.all()[0].Answer.Operation {
				t.Errorf("%d at once: another operation: %+v", count, each.Answer)
			}
			if each.Answer.Concurrent {
				concurrent++
			}
		}
		if len(attempts) != count+1 || !attempts[1] || !attempts[count+1] || concurrent < count-1 {
			t.Errorf("%d at once: attempts %v, %d of them concurrent", count, attempts, concurrent)
		}
		if usage := usageOf(t, client, "proj_client"); usage.Operations != 1 || usage.Attempts != uint64(count+1) {
			t.Errorf("%d at once: %+v", count, usage)
		}
	}
}

// An answer that was not closed is open, and what is read of it later does not mix with other attempts.
func TestAnAnswerThatIsReadLate(t *testing.T) {
	server := newServer(t, answerStream)
	client := server.signing(t)
	transport := NewTransport(client, nil)
	ctx := WithOperation(context.Background())
	first, err := transport.RoundTrip(post(t, ctx, server.URL, streamedChat))
	if err != nil {
		t.Fatal(err)
	}
	_, body := do(t, transport, post(t, ctx, server.URL, streamedChat))
	late, err := io.ReadAll(first.Body)
	if err != nil || string(late) != textChunks+doneChunk || body != textChunks+doneChunk {
		t.Errorf("%v: %s", err, late)
	}
	_ = first.Body.Close()
	// Closed again while another attempt has its handle.
	second, err := transport.RoundTrip(post(t, ctx, server.URL, streamedChat))
	if err != nil {
		t.Fatal(err)
	}
	_ = first.Body.Close()
	if _, err := io.Copy(io.Discard, second.Body); err != nil {
		t.Error(err)
	}
	_ = second.Body.Close()
	want := Totals{Operations: 1, Attempts: 3, InputTokens: 21, OutputTokens: 9}
	if usage := usageOf(t, client, "proj_client"); usage != want {
		t.Errorf("%+v", usage)
	}
}

func TestTwoClientsInOneContext(t *testing.T) {
	server := newServer(t, answerJSON)
	ctx := WithOperation(context.Background())
	for range 2 {
		client := server.signing(t)
		do(t, NewTransport(client, nil), post(t, ctx, server.URL, plainChat))
		if usage := usageOf(t, client, "proj_client"); usage != oneCall {
			t.Errorf("%+v", usage)
		}
	}
}

func TestAClosedClientInAContextOfAnOperation(t *testing.T) {
	server := newServer(t, answerJSON)
	client := server.signing(t)
	ctx := WithOperation(context.Background())
	do(t, NewTransport(client, nil), post(t, ctx, server.URL, plainChat))
	_ = client.Close()
	if usage := usageOf(t, client, "proj_client"); usage != oneCall { // does not wait for the context
		t.Errorf("%+v", usage)
	}
	if _, err := NewTransport(client, nil).RoundTrip(post(t, ctx, server.URL, plainChat)); err != ErrClosed {
		t.Error(err)
	}
}
