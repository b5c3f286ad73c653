package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	costmark "github.com/costmark/costmark/capi/go"
)

// It runs until it is told to stop (SIGINT or SIGTERM); then it ends the calls that are open, and prints
// what was used.
//
//	export GATEWAY_UPSTREAM=http://127.0.0.1:8080        # the emulator, or Bedrock's URL
//	export GATEWAY_TENANTS=key-of-a=proj_a,key-of-b=proj_b
//	export AWS_REGION=us-east-1                          # and credentials, wherever the AWS SDKs look
//	go run .
//	curl -H 'Authorization: Bearer key-of-a' -H 'Content-Type: application/json' \
//	  -d '{"model":"openai.gpt-oss-20b","messages":[{"role":"user","content":"Hello"}]}' \
//	  http://127.0.0.1:8000/v1/chat/completions
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	upstream, err := url.Parse(os.Getenv("GATEWAY_UPSTREAM"))
	if err != nil {
		return err
	}
	client, err := costmark.New(Policies(upstream.String()))
	if err != nil {
		return err
	}
	gateway := NewGateway(client, upstream, tenants(os.Getenv("GATEWAY_TENANTS")), time.Minute)
	address := os.Getenv("GATEWAY_LISTEN")
	if address == "" {
		address = "127.0.0.1:8000"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	server := &http.Server{Handler: gateway, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	return gateway.stop(server)
}

// stop ends the calls that are open, and then the client, so that the last answers are counted.
func (g *Gateway) stop(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return err
	}
	if err := g.client.Shutdown(ctx); err != nil {
		return err
	}
	return g.Report(os.Stdout)
}

// tenants reads KEY=PROJECT,KEY=PROJECT.
func tenants(text string) map[string]string {
	projects := make(map[string]string)
	for _, tenant := range strings.Split(text, ",") {
		if key, project, has := strings.Cut(tenant, "="); has {
			projects[key] = project
		}
	}
	return projects
}
