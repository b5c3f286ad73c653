package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"

	costmark "github.com/costmark/costmark/capi/go"
)

// run runs the calls of one case, and prints what came of them.
type run struct {
	*testCase
	lines
	origin      string
	credentials credentials
	tokens      tokens

	client *costmark.Client
	http   *http.Client
	joints map[int]context.Context // of the operation of each call that was begun
	ended  costmark.Answer         // the last attempt that has ended
}

func newRun(of *testCase, origin string, out io.Writer) *run {
	return &run{
		testCase:    of,
		lines:       lines{name: of.Name, out: out},
		origin:      origin,
		credentials: credentials{source[keys]{values: of.Client.Credentials}},
		tokens:      tokens{source[token]{values: of.Client.Tokens}},
		joints:      make(map[int]context.Context),
	}
}

func (r *run) all() error {
	if reason := r.obstacle(); reason != nil {
		r.print("skip", object{"reason": reason.Error()})
		_, err := r.printed()
		return err
	}
	if err := beginAtServer(r.origin, r.Name+"."+way); err != nil {
		return err
	}
	if err := r.makeClient(); err != nil {
		var refused *costmark.Error
		if !errors.As(err, &refused) {
			return err
		}
		r.error("client_error", refused, object{})
		return nil
	}
	defer r.client.Close()
	for i := range r.Calls {
		if r.Calls[i].Beside == nil {
			if err := r.call(i); err != nil {
				return fmt.Errorf("call %d: %w", i, err)
			}
		}
	}
	return r.printEnd()
}

func (r *run) makeClient() (err error) {
	os.Clearenv()
	for name, value := range r.Client.Environment {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	config := costmark.Config{}
	for name, value := range r.Client.Options {
		config[name] = strings.ReplaceAll(value, "{origin}", r.origin)
	}
	options := []costmark.Option{config, costmark.WithUsage(r.row)}
	if len(r.credentials.values) > 0 {
		options = append(options, costmark.WithCredentials(&r.credentials))
	}
	if len(r.tokens.values) > 0 {
		options = append(options, costmark.WithBearerToken(&r.tokens))
	}
	if r.Client.HostAPIKey != "" {
		options = append(options, costmark.WithAPIKey(r.Client.HostAPIKey))
	}
	if r.client, err = costmark.New(options...); err != nil {
		return err
	}
	r.http = r.httpClient()
	return nil
}

func (r *run) httpClient() *http.Client {
	// On a connection that is used again, net/http itself repeats some requests that had no answer.
	below := besideTransport{&http.Transport{DisableKeepAlives: true}}
	ended := costmark.OnExchange(func(ended costmark.Exchange) { r.ended = ended.Answer })
	return &http.Client{
		Transport:     costmark.NewTransport(r.client, below, ended),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (r *run) printEnd() error {
	report, err := r.client.Usage()
	if err != nil {
		return err
	}
	r.counters(report)
	r.print("callbacks", object{
		"credentials": r.credentials.given,
		"tokens":      r.tokens.given,
		"refused":     append([]string{}, r.tokens.refused...),
	})
	_, err = r.printed()
	return err
}

// How long the garbage collector may take to find an answer that was forgotten.
const forgottenTimeout = 10 * time.Second

// collect waits until an answer that was forgotten is reported.
func (r *run) collect(before int) error {
	for end := time.Now().Add(forgottenTimeout); time.Now().Before(end); time.Sleep(time.Millisecond) {
		runtime.GC()
		if rows, err := r.printed(); err != nil || rows > before {
			return err
		}
	}
	return fmt.Errorf("an answer that was forgotten was not reported within %s", forgottenTimeout)
}
