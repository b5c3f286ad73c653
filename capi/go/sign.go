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
	in, err := signing.sign(request, 0)
	if err != nil {
		return nil, err
	}
	headers := make([]Header, 0, int(signing.work.result.set_count))
	for range int(signing.work.result.set_count) {
		headers = append(headers, Header{in.name(), in.text()})
	}
	return headers, nil
}

// Presign signs into the query of a URL, and returns that: whoever has it may send this request, and no
// other, until it expires, after 1 second to 7 days, or the credentials do. Do not log it. Of the
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
	in, err := signing.sign(request, life)
	if err != nil {
		return "", err
	}
	return in.text(), nil
}

// signer keeps the memory of C for signing, and the key that was derived last.
type signer struct {
	signature *C.costmark_signature
	work      workspace
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
	signing := &signer{signature: signature}
	runtime.AddCleanup(signing, freeSignature, signature)
	return signing, nil
}

func freeSignature(signature *C.costmark_signature) { C.costmark_signature_free(signature) }

func (s *signer) done() {
	s.work.forget()
	signers.Put(s)
}

// sign signs the header, or, for a life, the URL, and returns what C wrote.
func (s *signer) sign(request *SignRequest, life time.Duration) (reader, error) {
	work := &s.work
	credentials := &request.Credentials
	for _, text := range [...]string{
		request.Method, request.URL, request.Region, request.Service,
		credentials.AccessKeyID, credentials.SecretAccessKey, credentials.SessionToken,
	} {
		work.add(text)
	}
	work.addHeader(request.Header)
	for room := headerRoom; ; room = int(work.result.used) {
		if cap(work.arena) < room {
			work.arena = make([]byte, room)
		}
		work.arena = work.arena[:cap(work.arena)]
		texts := chars(work.text)
		C.cmgo_sign(s.signature, texts, unsafe.SliceData(work.lengths), C.size_t(len(work.lengths)),
			chars(request.Body), C.size_t(len(request.Body)), unixSeconds(credentials.Expires),
			unixSeconds(request.Time), C.int64_t(life/time.Second), chars(work.arena),
			C.size_t(len(work.arena)), &work.result)
		if work.result.status != C.COSTMARK_OK {
			err := takeError(work.result.status, work.result.error)
			work.result.error = nil
			return reader{}, err
		}
		if !bool(work.result.too_small) {
			break
		}
	}
	runtime.KeepAlive(s)
	return reader{append([]byte(nil), work.arena[:work.result.used]...)}, nil
}
