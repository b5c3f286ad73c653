package main

import (
	"io"
	"net/http"
)

// besideKey is for the function that makes the calls beside an attempt, once.
type besideKey struct{}

// besideTransport makes them between the head of the answer, which was told, and its body.
type besideTransport struct{ http.RoundTripper }

func (t besideTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.RoundTripper.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if calls, has := request.Context().Value(besideKey{}).(func()); has {
		response.Body = besideBody{response.Body, calls}
	}
	return response, nil
}

type besideBody struct {
	io.ReadCloser
	calls func()
}

func (b besideBody) Read(into []byte) (int, error) {
	b.calls()
	return b.ReadCloser.Read(into)
}
