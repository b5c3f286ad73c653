package costmark

/*
#cgo pkg-config: costmark
#cgo CFLAGS: -std=c11

#cgo noescape cmgo_sign
#cgo nocallback cmgo_sign
#cgo noescape cmgo_put_credentials
#cgo nocallback cmgo_put_credentials
#cgo noescape cmgo_bearer_token_new
#cgo nocallback cmgo_bearer_token_new
#cgo nocallback cmgo_response_read
#cgo nocallback cmgo_error_read
#cgo nocallback costmark_error_free
#cgo noescape costmark_json_set
#cgo nocallback costmark_json_set
#cgo noescape costmark_json_remove
#cgo nocallback costmark_json_remove

#include "bridge.h"
*/
import "C"

import "unsafe"

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
	return string(view(s.data, s.len))
}

// view is C's memory, without a copy.
func view(data *C.char, length C.size_t) []byte {
	if data == nil || length == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(data)), int(length))
}

// Version is the version of the C library that is running, such as "0.1.0".
func Version() string {
	return C.GoString(C.costmark_version())
}

// HasFeature tells whether the C library that is running contains a feature, such as "prepare". The
// names are in costmark.h.
func HasFeature(name string) bool {
	data, length := text(name)
	return bool(C.costmark_has_feature(data, length))
}

// LiveHandles is how many handles this process has made of the C library that are not ended, errors
// included. For tests that look for leaks: handles that were forgotten, or that are kept to be used
// again, end when the garbage collector finds them.
func LiveHandles() int {
	return int(C.costmark_live_handles())
}

// copied copies a text that a getter of C has just returned, with its length.
func copied(data *C.char, length *C.size_t) string { return string(view(data, *length)) }
