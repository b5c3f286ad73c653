//go:build cgo

package costmark

import (
	"net/http"
)

type signedKey struct{}

// refuseRedirect refuses to follow a redirect of a signed request: neither the authorisation nor the
// body was meant for where it points to.
func refuseRedirect(request *http.Request) error {
	before := request.Response
	if before == nil || before.Request == nil || before.Request.Context().Value(signedKey{}) == nil {
		return nil
	}
	return redirected(request)
}

func redirected(request *http.Request) *Error {
	err := refusal(ErrEndpointMismatch, "the endpoint redirects to %s, and a signed request does not "+
		"follow; use that URL in the first place if it is the right one",
		request.URL.Scheme+"://"+request.URL.Host+request.URL.EscapedPath())
	if request.Response != nil {
		err.HTTPStatus = request.Response.StatusCode
	}
	return err
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}
