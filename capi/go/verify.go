package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"net/http"
	"runtime"
	"time"
)

// A Verdict says whether an endpoint reads the project of requests.
type Verdict int32

// The verdicts.
const (
	VerdictHonoured    Verdict = 0 // the impossible project was refused, the real one passed
	VerdictNotHonoured Verdict = 1 // the impossible project was served: the name is ignored
	VerdictUnknown     Verdict = 2 // neither was shown; the reason says why
)

// String is the name of a verdict, such as "not_honoured".
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
// exchange; one that is cancelled is noticed before the first.
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
	core, work, err := c.enter()
	if err != nil {
		return nil, err
	}
	defer core.leave(work)
	project := request.Project
	if project == "" {
		project = ProjectFrom(ctx)
	}
	work.add(project)
	work.add(request.Model)
	work.add(request.URL)
	work.addHeader(request.Header)
	var verification *C.costmark_verification
	err = work.repeat(ctx, core.hooks, func() (C.costmark_status, *C.costmark_error) {
		var failure *C.costmark_error
		texts, lengths := work.texts()
		status := C.cmgo_verify(core.client, work.handle, texts, lengths, C.size_t(len(work.lengths)),
			C.costmark_api(request.API), C.bool(request.Force), timeoutOf(ctx, request.Timeout),
			&verification, &failure)
		return status, failure
	})
	if err != nil {
		return nil, err
	}
	defer C.costmark_verification_free(verification)
	return readVerification(verification)
}

// MayVerify tells whether preparing a request to a URL may block for a proof, because option verify asks
// for one and there is none yet.
func (c *Client) MayVerify(url string) bool {
	core := c.core
	entered := core.enter()
	runtime.KeepAlive(c)
	if !entered {
		return false
	}
	defer core.release()
	data, length := text(url)
	return bool(C.costmark_client_may_verify(core.client, data, length))
}

func readVerification(from *C.costmark_verification) (*Verification, error) {
	var length C.size_t
	found := &Verification{
		Verdict:   Verdict(C.costmark_verification_verdict(from)),
		Retryable: bool(C.costmark_verification_retryable(from)),
		CheckedAt: timeFrom(C.costmark_verification_checked_unix_s(from)),
	}
	found.Reason = copied(C.costmark_verification_reason(from, &length), &length)
	found.Endpoint = copied(C.costmark_verification_endpoint(from, &length), &length)
	found.Carrier = copied(C.costmark_verification_carrier(from, &length), &length)
	found.Project = copied(C.costmark_verification_project(from, &length), &length)
	found.Model = copied(C.costmark_verification_model(from, &length), &length)
	for i := range C.costmark_verification_probe_count(from) {
		probe := C.costmark_probe{struct_size: C.sizeof_costmark_probe}
		var failure *C.costmark_error
		if status := C.costmark_verification_probe(from, i, &probe, &failure); status != C.COSTMARK_OK {
			return nil, takeError(status, failure)
		}
		found.Probes = append(found.Probes, Probe{
			Project:    goString(probe.project),
			Request:    goString(probe.request),
			Code:       goString(probe.code),
			RequestID:  goString(probe.request_id),
			Finding:    goString(probe.finding),
			HTTPStatus: int(probe.http_status),
		})
	}
	return found, nil
}
