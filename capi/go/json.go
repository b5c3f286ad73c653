package costmark

/*
#include "bridge.h"
*/
import "C"

// SetJSON returns a JSON object with a member set, everything else byte for byte as it was. The path
// is names from the root, separated by dots, such as "stream_options.include_usage"; a backslash
// keeps the next character literal. Parents that are not there are made. The value is one complete
// JSON text. strict accepts exactly the texts of RFC 8259; without it an edit checks no more than it has
// to, and never turns invalid text into valid text or valid into invalid.
//
// ErrInvalidJSON: fix the text at the error's Offset.
func SetJSON(object []byte, path string, value []byte, strict bool) ([]byte, error) {
	bound := C.costmark_json_set_bound(C.size_t(len(object)), C.size_t(len(path)), C.size_t(len(value)))
	if uint64(bound) > 1<<62 {
		return nil, refusal(ErrOutOfMemory, "the edited text would be larger than any memory")
	}
	var pins pins
	defer pins.Unpin()
	edit := editOf(&pins, object, path, strict)
	edit.value = pins.bytes(value)
	edited := make([]byte, int(bound))
	var length C.size_t
	var failure *C.costmark_error
	status := C.costmark_json_set(&edit, chars(edited), C.size_t(len(edited)), &length, &failure)
	if status != C.COSTMARK_OK {
		return nil, takeError(status, failure)
	}
	return edited[:length:length], nil
}

// RemoveJSON returns a JSON object without a member; one that is not there is not an error. The rest is
// as with SetJSON.
func RemoveJSON(object []byte, path string, strict bool) ([]byte, error) {
	var pins pins
	defer pins.Unpin()
	edit := editOf(&pins, object, path, strict)
	edited := make([]byte, len(object))
	var length C.size_t
	var failure *C.costmark_error
	status := C.costmark_json_remove(&edit, chars(edited), C.size_t(len(edited)), &length, &failure)
	if status != C.COSTMARK_OK {
		return nil, takeError(status, failure)
	}
	return edited[:length:length], nil
}

func editOf(pins *pins, object []byte, path string, strict bool) C.costmark_json_edit {
	edit := C.costmark_json_edit{
		struct_size: C.sizeof_costmark_json_edit, json: pins.bytes(object), path: pins.text(path),
	}
	if strict {
		edit.strict = 1
	}
	return edit
}
