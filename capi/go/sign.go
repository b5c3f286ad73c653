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
	signing, _ := signers.Get().(*signer)
	if signing == nil {
		var err error
		if signing, err = newSigner(); err != nil {
			return nil, err
		}
	}
	defer signing.done()
	return signing.sign(request)
}

// signer keeps the memory of C for signing, and the key that was derived last.
type signer struct {
	signature *C.costmark_signature
	work      workspace
}

var signers sync.Pool

func newSigner() (*signer, error) {
	var signature *C.costmark_signature
	var failure *C.costmark_error
	if status := C.costmark_signature_new(&signature, &failure); status != C.COSTMARK_OK {
		return nil, takeError(status, failure)
	}
	signing := &signer{signature: signature}
	runtime.AddCleanup(signing, freeSignature, signature)
	return signing, nil
}

func freeSignature(signature *C.costmark_signature) { C.costmark_signature_free(signature) }

func (s *signer) done() {
	s.work.forget()
	signers.Put(s)
}

func (s *signer) sign(request *SignRequest) ([]Header, error) {
	work := &s.work
	credentials := &request.Credentials
	for _, text := range [...]string{
		request.Method, request.URL, request.Region, request.Service,
		credentials.AccessKeyID, credentials.SecretAccessKey, credentials.SessionToken,
	} {
		work.add(text)
	}
	work.addHeader(request.Header)
	var expires, at int64
	if !credentials.Expires.IsZero() {
		expires = credentials.Expires.Unix()
	}
	if !request.Time.IsZero() {
		at = request.Time.Unix()
	}
	for room := headerRoom; ; room = int(work.result.used) {
		if cap(work.arena) < room {
			work.arena = make([]byte, room)
		}
		work.arena = work.arena[:cap(work.arena)]
		texts := chars(work.text)
		C.cmgo_sign(s.signature, texts, unsafe.SliceData(work.lengths), C.size_t(len(work.lengths)),
			chars(request.Body), C.size_t(len(request.Body)), C.int64_t(expires), C.int64_t(at),
			chars(work.arena), C.size_t(len(work.arena)), &work.result)
		if work.result.status != C.COSTMARK_OK {
			err := takeError(work.result.status, work.result.error)
			work.result.error = nil
			return nil, err
		}
		if !bool(work.result.too_small) {
			break
		}
	}
	in := reader{append([]byte(nil), work.arena[:work.result.used]...)}
	headers := make([]Header, 0, int(work.result.set_count))
	for range int(work.result.set_count) {
		headers = append(headers, Header{in.name(), in.text()})
	}
	runtime.KeepAlive(s)
	return headers, nil
}
