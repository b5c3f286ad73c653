package costmark

/*
#include "bridge.h"
*/
import "C"

// A Route is the path of a bedrock-mantle host that serves a model.
type Route struct {
	Path   string // "/v1", "/openai/v1", "/anthropic/v1"; "none": no path serves it; empty: not written down
	File   string // where that stands: option routes, or the data that ships with costmark
	Line   int    // of the file, from 1
	AsOf   string // "2026-09" or "2026-09-28"; empty when not told
	Source string // empty when not told
}

// Route looks a model up, by its whole id. The zero Route: nothing is written down, or the client is
// closed.
func (c *Client) Route(model string) Route {
	core, err := c.use()
	if err != nil {
		return Route{}
	}
	defer core.release()
	data, length := text(model)
	told := C.costmark_route{struct_size: C.sizeof_costmark_route}
	C.costmark_client_route(core.client, data, length, &told)
	return Route{
		Path:   goString(told.path),
		File:   goString(told.file),
		Line:   int(told.line),
		AsOf:   goString(told.as_of),
		Source: goString(told.source),
	}
}

// CheckProject checks a project id, or a project's ARN that ends in one: letters, digits, '_' and '-', 1 to
// 128 characters, and not "default".
// ErrInvalidProject: the message says what is wrong, and Offset where.
func CheckProject(id string) error {
	data, length := text(id)
	var failure *C.costmark_error
	if status := C.costmark_project_check(data, length, &failure); status != C.COSTMARK_OK {
		return takeError(status, failure)
	}
	return nil
}
