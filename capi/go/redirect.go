//go:build cgo

package costmark

import (
	"context"
	"net/http"
)

type redirectKey struct{}

// redirect is what an answer tells the request that follows it.
type redirect struct {
	authorized bool   // by us: do not follow
	joint      *joint // of the attempt
}

// redirectOf is what the answer before a request tells; nil, when it follows none of ours.
func redirectOf(request *http.Request) *redirect {
	if request.Response == nil || request.Response.Request == nil {
		return nil
	}
	before, _ := request.Response.Request.Context().Value(redirectKey{}).(*redirect)
	return before
}

// tellNext has the answer of an attempt tell the request that may follow.
func (x *exchange) tellNext(response *http.Response) {
	if response.StatusCode < http.StatusMultipleChoices || response.StatusCode >= http.StatusBadRequest {
		return
	}
	if x.joint == nil && !x.prepared.Authorized {
		x.joint = new(joint)
		x.joint.keep(x.operation)
	}
	told := &redirect{authorized: x.prepared.Authorized, joint: x.joint}
	response.Request =
		x.incoming.WithContext(context.WithValue(x.incoming.Context(), redirectKey{}, told))
}

// refuseRedirect is for requests that follow an authorized one, or would be authorized: neither the
// authorization nor the body was meant for where the redirect points to.
func refuseRedirect(request *http.Request) *Error {
	err := refusal(ErrEndpointMismatch, "the endpoint redirects to %s, and an authorized request does not "+
		"follow; use that URL in the first place if it is the right one",
		request.URL.Scheme+"://"+request.URL.Host+request.URL.EscapedPath())
	err.HTTPStatus = request.Response.StatusCode
	return err
}
