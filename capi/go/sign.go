package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"net/http"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// A SignRequest is a request to sign with AWS Signature Version 4.
type SignRequest struct {
	Method      string // such as "POST"
	URL         string // absolute, http or https, percent-encoded
	Region      string // such as "us-east-1"
	Service     string // the signing name, such as "bedrock-mantle"
	Credentials Credentials
	Header      http.Header // to sign besides host and x-amz-...; what no SDK signs is skipped
	Body        []byte
	Time        time.Time // zero: now
}

// Sign signs a request and returns the headers to set: authorization, x-amz-date,
// x-amz-content-sha256, and x-amz-security-token where there is a session token. Do not log them.
//
// Errors: ErrInvalidURL, ErrNoCredentials (a required field is empty, or not printable),
// ErrExpiredCredentials.
func Sign(request *SignRequest) ([]Header, error) {
	signing, err := borrowSigner()
	if err != nil {
		return nil, err
	}
	defer signing.done()
	signed, err := signing.sign(request, 0)
	if err != nil {
		return nil, err
	}
	headers := make([]Header, 0, int(signed.header_count))
	for _, field := range unsafe.Slice(signed.headers, int(signed.header_count)) {
		headers = append(headers, Header{canonicalName(viewOf(field.name)), goString(field.value)})
	}
	return headers, nil
}

// Presign signs into the query of a URL, and returns that: everyone who has it may send this request, and
// no other, until it expires, after 1 second to 7 days, or the credentials do. Do not log it. Of the
// request's header, what is signed must be sent with the URL.
//
// Errors: those of Sign, and ErrInvalidArgument for another life.
func Presign(request *SignRequest, life time.Duration) (string, error) {
	if life < time.Second {
		return "", refusal(ErrInvalidArgument, "the life of a presigned URL is %s; it must be from "+
			"1 second to 7 days", life)
	}
	signing, err := borrowSigner()
	if err != nil {
		return "", err
	}
	defer signing.done()
	signed, err := signing.sign(request, life)
	if err != nil {
		return "", err
	}
	return goString(signed.url), nil
}

// signer keeps the memory of C for signing, and the key that was derived last.
type signer struct {
	signature *C.costmark_signature
}

var signers sync.Pool

func borrowSigner() (*signer, error) {
	if signing, _ := signers.Get().(*signer); signing != nil {
		return signing, nil
	}
	return newSigner()
}

func newSigner() (*signer, error) {
	var signature *C.costmark_signature
	var failure *C.costmark_error
	if status := C.costmark_signature_new(&signature, &failure); status != C.COSTMARK_OK {
		return nil, takeError(status, failure)
	}
	signing := &signer{signature}
	runtime.AddCleanup(signing, freeSignature, signature)
	return signing, nil
}

func freeSignature(signature *C.costmark_signature) { C.costmark_signature_free(signature) }

func (s *signer) done() { signers.Put(s) }

// sign signs the header, or, for a life, the URL. What it returns is good until the signer is used again.
func (s *signer) sign(request *SignRequest, life time.Duration) (C.costmark_signature_view, error) {
	if request == nil {
		return C.costmark_signature_view{}, refusal(ErrInvalidArgument, "the request is nil")
	}
	var pins pins
	defer pins.Unpin()
	credentials := pins.credentials(&request.Credentials)
	pins.Pin(&credentials)
	from := C.costmark_sign_request{
		struct_size: C.sizeof_costmark_sign_request,
		method:      pins.text(request.Method),
		url:         pins.text(request.URL),
		region:      pins.text(request.Region),
		service:     pins.text(request.Service),
		credentials: &credentials,
		body:        pins.bytes(request.Body),
		time_unix_s: unixSeconds(request.Time),
	}
	from.headers, from.header_count = pins.headers(request.Header)
	var failure *C.costmark_error
	var status C.costmark_status
	if life == 0 {
		status = C.costmark_signature_sign(s.signature, &from, &failure)
	} else {
		status = C.costmark_signature_presign(s.signature, &from, C.int64_t(life/time.Second), &failure)
	}
	if status != C.COSTMARK_OK {
		return C.costmark_signature_view{}, takeError(status, failure)
	}
	view := C.costmark_signature_view{struct_size: C.sizeof_costmark_signature_view}
	C.costmark_signature_read(s.signature, &view)
	runtime.KeepAlive(request)
	return view, nil
}
