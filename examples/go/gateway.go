// Command gateway sends the calls of tenants to Bedrock, each to the project of its tenant.
//
//	tenant -- key --> gateway -- context with the tenant's project --> costmark --> net/http --> Bedrock
//
// docs/gateways.md explains it, and the same in Python and Rust.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	costmark "github.com/costmark/costmark/capi/go"
)

// A Gateway is an http.Handler: /usage shows the counters, and all else goes to Bedrock.
type Gateway struct {
	client  *costmark.Client
	tenants map[string]string // key: project
	timeout time.Duration     // until an answer begins, with the fetching of credentials
	proxy   httputil.ReverseProxy
}

// Policies are the options of a gateway's client. A caller whose body names another project than its
// own is refused; with conflict=override its own is put in place of that.
func Policies(upstream string) costmark.Settings {
	return costmark.Settings{
		BaseURL:      upstream,
		Conflict:     "refuse",
		Unattributed: "refuse",
	}
}

// NewGateway makes a gateway to an upstream such as https://bedrock-mantle.us-east-1.api.aws.
func NewGateway(
	client *costmark.Client, upstream *url.URL, tenants map[string]string, timeout time.Duration,
) *Gateway {
	return &Gateway{
		client:  client,
		tenants: tenants,
		timeout: timeout,
		proxy: httputil.ReverseProxy{
			Rewrite:       func(r *httputil.ProxyRequest) { rewrite(r, upstream) },
			Transport:     costmark.NewTransport(client, nil, costmark.MaxBody(32<<20)),
			FlushInterval: -1, // streams pass as they come
			ErrorHandler:  explain,
		},
	}
}

func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/usage" {
		if err := g.Report(w); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
		return
	}
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	project, known := g.tenants[key]
	if !known {
		http.Error(w, "unknown key", http.StatusUnauthorized)
		return
	}
	ctx, cancel := context.WithCancelCause(costmark.WithProject(r.Context(), project))
	defer cancel(nil)
	late := time.AfterFunc(g.timeout, func() { cancel(context.DeadlineExceeded) })
	defer late.Stop()
	g.proxy.ServeHTTP(&begun{ResponseWriter: w, late: late}, r.WithContext(ctx))
}

// begun is an answer that is not late any more once it has begun.
type begun struct {
	http.ResponseWriter
	late *time.Timer
}

func (b *begun) WriteHeader(status int) {
	if status >= http.StatusOK {
		b.late.Stop()
	}
	b.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the proxy flush.
func (b *begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// rewrite makes of a tenant's request the one that goes on: without what is the gateway's to say.
func rewrite(r *httputil.ProxyRequest, upstream *url.URL) {
	r.SetURL(upstream)
	r.Out.Header.Del("Authorization") // the tenant's key; costmark signs
	for _, name := range []string{
		"OpenAI-Project", "Anthropic-Workspace-Id", "X-Amzn-Bedrock-ProjectIdentifier",
	} {
		r.Out.Header.Del(name)
	}
}

// explain says which error becomes which status, and what the caller is told. What concerns the gateway
// alone stays here.
func explain(w http.ResponseWriter, r *http.Request, err error) {
	var refused *costmark.Error
	switch {
	case errors.Is(context.Cause(r.Context()), context.DeadlineExceeded):
		http.Error(w, "it took too long", http.StatusGatewayTimeout)
	case errors.Is(err, costmark.ErrBodyTooLarge):
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
	case errors.Is(err, costmark.ErrConflict), errors.Is(err, costmark.ErrProjectNotAllowed),
		errors.Is(err, costmark.ErrUnattributed):
		http.Error(w, err.Error(), http.StatusForbidden)
	case errors.Is(err, costmark.ErrBudgetExceeded):
		http.Error(w, err.Error(), http.StatusTooManyRequests)
	case errors.Is(err, costmark.ErrInvalidJSON), errors.Is(err, costmark.ErrInvalidArgument),
		errors.Is(err, costmark.ErrInvalidURL), errors.Is(err, costmark.ErrInvalidProject):
		http.Error(w, err.Error(), http.StatusBadRequest)
	case errors.As(err, &refused): // credentials, configuration, or a bug
		log.Print(err)
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	default:
		log.Print(err)
		http.Error(w, "Bedrock did not answer", http.StatusBadGateway)
	}
}

// Report writes the counters, a line for each project and model, and what went out with a gap.
func (g *Gateway) Report(to io.Writer) error {
	usage, err := g.client.Usage()
	if err != nil {
		return err
	}
	for _, row := range usage {
		model := row.Model
		if model == "" {
			model = "-"
		}
		fmt.Fprintf(to, "%s %s operations=%d attempts=%d input=%d output=%d\n",
			row.Project, model, row.Operations, row.Attempts, row.InputTokens, row.OutputTokens)
	}
	gaps, err := g.client.Requests()
	if err == nil {
		_, err = fmt.Fprintf(to, "unattributed=%d unrecognized=%d\n", gaps.Unattributed, gaps.Unrecognized)
	}
	return err
}
