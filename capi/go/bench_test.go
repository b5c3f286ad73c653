package costmark

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

func BenchmarkPrepare(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"1KB", 1 << 10}, {"10KB", 10 << 10}, {"100KB", 100 << 10}} {
		for _, carrier := range []string{"header", "body"} {
			b.Run(size.name+"/"+carrier, func(b *testing.B) {
				client := newClient(b, staticKeys, Config{"project": "proj_client", "carrier": carrier})
				request, ctx := chatRequest(chatOf(size.bytes)), context.Background()
				b.SetBytes(int64(len(request.Body)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := client.Prepare(ctx, request); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// What a transport adds to a round trip that costs nothing itself.
func BenchmarkRoundTrip(b *testing.B) {
	body := chatOf(10 << 10)
	base := roundTripper(func(request *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, request.Body)
		return &http.Response{
			StatusCode: 200, ContentLength: int64(len(chatAnswer)),
			Header: http.Header{"Content-Type": {"application/json"}},
			Body:   io.NopCloser(strings.NewReader(chatAnswer)),
		}, nil
	})
	client := newClient(b, staticKeys, Set("project", "proj_client"))
	for _, way := range []struct {
		name      string
		transport http.RoundTripper
	}{{"bare", base}, {"costmark", NewTransport(client, base)}} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(each *testing.PB) {
				for each.Next() {
					request := post(b, context.Background(), "https://"+testHost, body)
					response, err := way.transport.RoundTrip(request)
					if err != nil {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
				}
			})
		})
	}
}
