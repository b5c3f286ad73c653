package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	costmark "github.com/costmark/costmark/capi/go"
)

// Unless the option max_attempts says otherwise.
const defaultAttempts = 3

// Between attempts, where the answer asks for no pause.
const pauseOfLoop = 5 * time.Millisecond

var endOfEvent = []byte("\n\n")

// answer is what the caller of an attempt was given.
type answer struct {
	status int // 0: there was none
	header http.Header
	passed []byte
	cut    bool // it broke off
}

// call makes the attempts of a call, one after the other, as a program does that repeats by itself.
func (r *run) call(index int) error {
	before, _ := r.printed()
	var last *answer
	for number := 1; ; number++ {
		answer, err := r.attempt(index, number)
		var refused *costmark.Error
		if errors.As(err, &refused) {
			if last == nil {
				r.error("error", refused, object{"call": index, "at": "send"})
				return nil
			}
			break // the answer at hand is the result
		}
		if err != nil {
			return err
		}
		last = answer
		if !r.repeats(index, number, answer) {
			break
		}
		time.Sleep(answer.pause())
	}
	passed := base64.StdEncoding.EncodeToString(last.passed)
	r.print("result", object{"call": index, "status": last.status, "passed": passed})
	if r.Calls[index].Host.Does == "drop" {
		return r.collect(before)
	}
	return nil
}

// repeats tells whether the host makes another attempt after an answer.
func (r *run) repeats(index, number int, last *answer) bool {
	switch host := r.Calls[index].Host; host.Does {
	case "repeat":
		return number <= host.Retries && last.isBusy()
	case "follow":
		return r.ended.Attempt < r.maxAttempts() && (last.isBusy() || last.cut && !last.wasShown())
	}
	return false
}

func (r *run) maxAttempts() int {
	if given, err := strconv.Atoi(r.Client.Options["max_attempts"]); err == nil {
		return given
	}
	return defaultAttempts
}

// isBusy tells of a status that may be another one the next time.
func (a *answer) isBusy() bool {
	return slices.Contains([]int{0, 408, 409, 429}, a.status) || a.status >= 500
}

// wasShown tells whether the caller has seen something of the answer: those of errors are held back.
func (a *answer) wasShown() bool { return a.status < 300 && len(a.passed) > 0 }

func (a *answer) pause() time.Duration {
	if pause, err := strconv.Atoi(a.header.Get("Retry-After-Ms")); err == nil {
		return time.Duration(pause) * time.Millisecond
	}
	if pause, err := strconv.Atoi(a.header.Get("Retry-After")); err == nil {
		return time.Duration(pause) * time.Second
	}
	return pauseOfLoop
}

// attempt makes one. The error is one of before anything was sent.
func (r *run) attempt(index, number int) (*answer, error) {
	ctx, err := r.contextOf(index, number)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request, err := r.request(ctx, index, number)
	if err != nil {
		return nil, err
	}
	response, err := r.http.Do(request)
	var refused *costmark.Error
	if errors.As(err, &refused) {
		return nil, err
	}
	if err != nil {
		return &answer{}, nil
	}
	got := &answer{status: response.StatusCode, header: response.Header}
	host := r.Calls[index].Host
	if host.Does == "drop" && host.At == "head" {
		return got, nil
	}
	got.read(response.Body, host)
	if host.Does == "drop" {
		return got, nil
	}
	if host.Does == "cancel" {
		cancel()
	}
	return got, response.Body.Close()
}

// read reads a body to its end. A host that leaves reads one event after the other, as whole as the server
// sent it, though more may have come already.
func (a *answer) read(body io.Reader, host host) {
	piece := make([]byte, 32<<10)
	leaves := host.Does == "cancel" || host.Does == "drop"
	if leaves {
		piece = piece[:1]
	}
	for {
		n, err := body.Read(piece)
		a.passed = append(a.passed, piece[:n]...)
		if err != nil {
			a.cut = !errors.Is(err, io.EOF)
			return
		}
		if leaves && len(a.passed) >= host.AfterBytes && bytes.HasSuffix(a.passed, endOfEvent) {
			return
		}
	}
}

// contextOf is the context of an attempt: its operation, its scope, its labels, and the calls beside it.
func (r *run) contextOf(index, number int) (context.Context, error) {
	call := r.Calls[index]
	ctx, begun := r.joints[index]
	if !begun {
		ctx = r.begin(index)
		r.joints[index] = ctx
	}
	if call.Request.Scope != "" && !call.isRebuilt(number) {
		ctx = costmark.WithProject(ctx, call.Request.Scope)
	}
	if number == 1 {
		ctx = context.WithValue(ctx, besideKey{}, sync.OnceFunc(func() { r.callsBeside(index) }))
	}
	if call.Request.OverrideBudgets {
		ctx = costmark.OverrideBudgets(ctx)
	}
	if call.isRebuilt(number) || len(call.Request.Labels) == 0 {
		return ctx, nil
	}
	return costmark.WithLabels(ctx, call.Request.Labels)
}

func (r *run) begin(index int) context.Context {
	switch call := r.Calls[index]; {
	case call.Beside != nil:
		return r.joints[*call.Beside]
	case call.Host.Does == "drop":
		// The connection holds on to the context, and that to its operation.
		return context.Background()
	}
	return costmark.WithOperation(context.Background())
}

// isRebuilt tells of a request that is made anew: it names neither project nor scope again.
func (c call) isRebuilt(number int) bool { return number > 1 && c.Host.CounterHeader != "" }

func (r *run) request(ctx context.Context, index, number int) (*http.Request, error) {
	call := r.Calls[index]
	url := r.origin + "/" + r.Name + "." + way + "/" + strconv.Itoa(index) + call.Request.Path
	var body io.Reader
	if call.Request.Method != http.MethodGet {
		body = strings.NewReader(call.Request.Body)
	}
	made, err := http.NewRequestWithContext(ctx, call.Request.Method, url, body)
	if err != nil {
		return nil, err
	}
	for _, field := range call.Request.Headers {
		made.Header[field[0]] = append(made.Header[field[0]], field[1])
	}
	if call.takesGzip() { // net/http asks for it by itself, and takes it off then
		made.Header.Del("Accept-Encoding")
	}
	if call.Request.Project != "" && !call.isRebuilt(number) {
		made.Header.Add(call.projectHeader(), call.Request.Project)
	}
	if call.Host.CounterHeader != "" {
		made.Header.Set(call.Host.CounterHeader, strconv.Itoa(number-1))
	}
	return made, nil
}

// callsBeside makes the calls that are beside another one.
func (r *run) callsBeside(index int) {
	for i := range r.Calls {
		if beside := r.Calls[i].Beside; beside != nil && *beside == index {
			if err := r.call(i); err != nil {
				r.fail(fmt.Errorf("call %d: %w", i, err))
			}
		}
	}
}
