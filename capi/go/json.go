package costmark

/*
#include "bridge.h"
*/
import "C"

// JSONFlags say how an edit reads its text.
type JSONFlags uint32

// JSONStrict lets exactly the texts of RFC 8259 pass. Without it an edit checks no more than it has
// to, and never turns invalid text into valid text or valid into invalid.
const JSONStrict JSONFlags = 0x1

// SetJSON returns a JSON object with a member set, everything else byte for byte as it was. The path
// is names from the root, separated by dots, such as "stream_options.include_usage"; a backslash
// keeps the next character literal. Parents that are not there are made. The value is one complete
// JSON text.
//
// ErrInvalidJSON: fix the text at the error's Offset.
func SetJSON(object []byte, path string, value []byte, flags JSONFlags) ([]byte, error) {
	bound := C.costmark_json_set_bound(C.size_t(len(object)), C.size_t(len(path)), C.size_t(len(value)))
	if uint64(bound) > 1<<62 {
		return nil, refusal(ErrOutOfMemory, "the edited text would be larger than any memory")
	}
	edited := make([]byte, int(bound))
	pathData, pathLength := text(path)
	var length C.size_t
	var failure *C.costmark_error
	status := C.costmark_json_set(chars(object), C.size_t(len(object)), pathData, pathLength,
		chars(value), C.size_t(len(value)), C.uint32_t(flags), chars(edited), C.size_t(len(edited)),
		&length, &failure)
	if status != C.COSTMARK_OK {
		return nil, takeError(status, failure)
	}
	return edited[:length:length], nil
}

// RemoveJSON returns a JSON object without a member; one that is not there is no error. The rest is
// as with SetJSON.
func RemoveJSON(object []byte, path string, flags JSONFlags) ([]byte, error) {
	edited := make([]byte, len(object))
	pathData, pathLength := text(path)
	var length C.size_t
	var failure *C.costmark_error
	status := C.costmark_json_remove(chars(object), C.size_t(len(object)), pathData, pathLength,
		C.uint32_t(flags), chars(edited), C.size_t(len(edited)), &length, &failure)
	if status != C.COSTMARK_OK {
		return nil, takeError(status, failure)
	}
	return edited[:length:length], nil
}
