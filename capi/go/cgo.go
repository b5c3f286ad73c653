package costmark

/*
#cgo CFLAGS: -std=c11

#cgo noescape costmark_error_read
#cgo nocallback costmark_error_read
#cgo nocallback costmark_error_free
#cgo noescape costmark_signature_read
#cgo nocallback costmark_signature_read
#cgo noescape costmark_json_set
#cgo nocallback costmark_json_set
#cgo noescape costmark_json_remove
#cgo nocallback costmark_json_remove

#include "bridge.h"
*/
import "C"

import (
	"net/http"
	"runtime"
	"unsafe"
)

// A call that takes a client, or ends one, may run callbacks, which may move the goroutine's stack: so
// those are marked neither nocallback nor noescape. The others are both.

// chars is the address of a block of bytes, for the length of a C call; nil when it is empty.
func chars(block []byte) *C.char {
	if len(block) == 0 {
		return nil
	}
	return (*C.char)(unsafe.Pointer(unsafe.SliceData(block)))
}

// text is the address and length of a string, for the length of a C call.
func text(s string) (*C.char, C.size_t) {
	if s == "" {
		return nil, 0
	}
	return (*C.char)(unsafe.Pointer(unsafe.StringData(s))), C.size_t(len(s))
}

// goString copies a text that C owns.
func goString(s C.costmark_str) string {
	return string(viewOf(s))
}

// viewOf is C's memory, without a copy.
func viewOf(s C.costmark_str) []byte { return view(s.data, s.len) }

func view(data *C.char, length C.size_t) []byte {
	if data == nil || length == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(data)), int(length))
}

// pins keeps what a struct in Go's memory points to where it is, for the length of a C call. It is for
// calls that are rare: a prepare passes one block instead.
type pins struct{ runtime.Pinner }

func (p *pins) text(s string) C.costmark_str {
	if s == "" {
		return C.costmark_str{}
	}
	p.Pin(unsafe.StringData(s))
	data, length := text(s)
	return C.costmark_str{data: data, len: length}
}

func (p *pins) bytes(block []byte) C.costmark_str {
	if len(block) == 0 {
		return C.costmark_str{}
	}
	p.Pin(unsafe.SliceData(block))
	return C.costmark_str{data: chars(block), len: C.size_t(len(block))}
}

func (p *pins) headers(header http.Header) (*C.costmark_header, C.size_t) {
	var fields []C.costmark_header
	for name, values := range header {
		for _, value := range values {
			fields = append(fields, C.costmark_header{name: p.text(name), value: p.text(value)})
		}
	}
	if len(fields) == 0 {
		return nil, 0
	}
	p.Pin(unsafe.SliceData(fields))
	return unsafe.SliceData(fields), C.size_t(len(fields))
}

func (p *pins) credentials(from *Credentials) C.costmark_credentials {
	return C.costmark_credentials{
		struct_size:       C.sizeof_costmark_credentials,
		access_key_id:     p.text(from.AccessKeyID),
		secret_access_key: p.text(from.SecretAccessKey),
		session_token:     p.text(from.SessionToken),
		account_id:        p.text(from.AccountID),
		expires_unix_s:    unixSeconds(from.Expires),
	}
}

// Version is the version of the C library that is running, such as "0.1.0".
func Version() string {
	return C.GoString(C.costmark_version())
}

// HasFeature tells whether the C library that is running contains a feature, such as "send". The names
// are in costmark.h.
func HasFeature(name string) bool {
	data, length := text(name)
	return bool(C.costmark_has_feature(data, length))
}

// LiveHandles is how many handles this process has made of the C library that have not ended, errors
// included. For tests that look for leaks: handles that were forgotten, or that are kept to be used
// again, end when the garbage collector finds them.
func LiveHandles() int {
	return int(C.costmark_live_handles())
}
