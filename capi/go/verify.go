package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"cmp"
	"context"
	"net/http"
	"time"
)

// A Verdict says whether an endpoint reads the project of requests.
type Verdict int32

// The verdicts.
const (
	VerdictUnknown    Verdict = 0 // neither was shown; the reason says why
	VerdictHonored    Verdict = 1 // the impossible project was refused, the real one passed
	VerdictNotHonored Verdict = 2 // the impossible project was served: the name is ignored
)

// String is the name of a verdict, such as "not_honored".
func (v Verdict) String() string { return C.GoString(C.costmark_verdict_name(C.costmark_verdict(v))) }

// A VerifyRequest says what to verify. All of it is optional.
type VerifyRequest struct {
	Project string      // empty: the context's scope, else the client's
	Model   string      // that the endpoint is known to have; empty: option verify_model
	URL     string      // of the API's requests, absolute; empty: of option base_url or the region
	Header  http.Header // what requests carry besides, such as for a gateway
	API     API         // APIOther: what URL and model say, else chat completions
	Force   bool        // even when the answer is known already

	Timeout time.Duration // of each exchange; 0: 20 seconds
}

// A Verification is what was found out.
type Verification struct {
	Verdict   Verdict
	Reason    string // one sentence
	Endpoint  string // the URL that was asked, without its query
	Carrier   string // how the project was named: "header", "workspace", "body" or several
	Project   string // the real one
	Model     string // empty when none was named
	Retryable bool   // an unknown verdict is so only for now
	CheckedAt time.Time
	Probes    []Probe // the exchanges, in the order of time
}

// A Probe is one exchange of a verification.
type Probe struct {
	Project    string // that it named
	Request    string // such as "POST https://host/path"
	Code       string // the error's, such as "not_found_error"; empty without one
	RequestID  string // empty without one
	Finding    string // what it says, in words
	HTTPStatus int    // of the answer; 0: there was none
}

// Verify finds out whether an endpoint reads the project of requests, and does not merely ignore it: a
// request that names a project that cannot exist must fail because of it, and the same one with the real
// project must pass. It blocks for two or three exchanges, the second of which may spend a few tokens of
// the project (and the first, where it is not refused, of the endpoint's default one); they are counted
// like calls of the user. A proof is kept for the life of the client.
//
// A nil request is of the client's own project, endpoint and model. The context's deadline bounds each
// exchange. When the context is done, Verify returns: with what it found until then, or with the context's
// error. An exchange that is still open ends by itself, and counts.
//
// Errors are those of Prepare, for requests that could not be made. What became of those that were made
// is in the result.
func (c *Client) Verify(ctx context.Context, request *VerifyRequest) (*Verification, error) {
	if request == nil {
		request = &VerifyRequest{}
	}
	if request.Timeout < 0 {
		return nil, refusal(ErrInvalidArgument, "Timeout is %s; it may not be negative", request.Timeout)
	}
	if err := checkContext(ctx); err != nil {
		return nil, err
	}
	core, err := c.use()
	if err != nil {
		return nil, err
	}
	defer core.release()
	asked := *request
	asked.Header = request.Header.Clone()
	asked.Project = cmp.Or(request.Project, ProjectFrom(ctx))
	var found *Verification
	var failure error
	verify := func() { found, failure = core.verify(ctx, &asked) }
	if err := core.verifying.within(ctx, &core.users, verify); err != nil {
		return nil, err
	}
	return found, failure
}

func (c *core) verify(ctx context.Context, request *VerifyRequest) (*Verification, error) {
	call := newCall(ctx)
	defer call.delete()
	var pins pins
	defer pins.Unpin()
	from := C.costmark_verify_request{
		struct_size: C.sizeof_costmark_verify_request,
		project:     pins.text(request.Project),
		model:       pins.text(request.Model),
		url:         pins.text(request.URL),
		api:         C.costmark_api(request.API),
	}
	from.headers, from.header_count = pins.headers(request.Header)
	if request.Force {
		from.force = 1
	}
	var verification *C.costmark_verification
	err := call.repeat(ctx, c.hooks, func() (C.costmark_status, *C.costmark_error) {
		var failure *C.costmark_error
		from.timeout_ms = timeoutOf(ctx, request.Timeout)
		status := C.cmgo_verify(c.client, call.handle, &from, &verification, &failure)
		return status, failure
	})
	if err != nil {
		return nil, err
	}
	defer C.costmark_verification_free(verification)
	return readVerification(verification), nil
}

func readVerification(from *C.costmark_verification) *Verification {
	told := C.costmark_verification_view{struct_size: C.sizeof_costmark_verification_view}
	C.costmark_verification_read(from, &told)
	found := &Verification{
		Verdict:   Verdict(told.verdict),
		Reason:    goString(told.reason),
		Endpoint:  goString(told.endpoint),
		Carrier:   goString(told.carrier),
		Project:   goString(told.project),
		Model:     goString(told.model),
		Retryable: told.retryable != 0,
		CheckedAt: timeFrom(told.checked_unix_s),
	}
	for i := range told.probe_count {
		probe := C.costmark_probe{struct_size: C.sizeof_costmark_probe}
		C.costmark_verification_probe(from, i, &probe)
		found.Probes = append(found.Probes, Probe{
			Project:    goString(probe.project),
			Request:    goString(probe.request),
			Code:       goString(probe.code),
			RequestID:  goString(probe.request_id),
			Finding:    goString(probe.finding),
			HTTPStatus: int(probe.http_status),
		})
	}
	return found
}
