package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"runtime"
	"sync"
)

// A Client attributes, signs, sends and accounts for requests to one endpoint. It is safe for use by
// many goroutines at once. It does no I/O except for credentials, for Verify, and in Send. While it
// fetches credentials it has one goroutine for that.
type Client struct {
	core *core
}

// New makes a client. What the options leave open is read from the environment.
//
// Errors: ErrInvalidOption, ErrInvalidProject, ErrProjectNotAllowed, ErrEndpointMismatch; fix the option
// that the message names. What can be known before the first request is an error here: a project that
// allowed_projects does not allow, a pattern that no project fits, auth=sigv4 without a region.
func New(options ...Option) (*Client, error) {
	building, err := configure(options)
	if err != nil {
		return nil, err
	}
	defer building.free()
	var failure *C.costmark_error
	core := &core{
		hooks: building.hooks, ended: make(chan struct{}), verifying: newSlots(),
		readyURL: building.readyURL(),
	}
	core.end = core.free
	if status := C.costmark_client_new(building.config, &core.client, &failure); status != 0 {
		return nil, takeError(status, failure)
	}
	client := &Client{core}
	runtime.AddCleanup(client, closeForgotten, core)
	return client, nil
}

// Close ends the client and frees what it holds. Calls that are running finish as if nothing had
// happened, and answers that are still being read are counted to their end; calls made later return
// ErrClosed. It does not wait, may be called from anywhere, and does nothing the second time. A
// client that is forgotten is closed by the garbage collector, some time.
func (c *Client) Close() error {
	if c != nil && c.core != nil {
		c.core.close()
	}
	return nil
}

// Shutdown closes the client and waits until the running calls have returned and the open answers have
// been read or closed: then all of them are counted. It does not wait for credentials that are renewed
// ahead of time. When the context is done, it returns the context's error; the client is closed all the
// same. Shut the HTTP server down first: it is what lets calls end.
func (c *Client) Shutdown(ctx context.Context) error {
	if c == nil || c.core == nil {
		return errNoClient
	}
	if ctx == nil {
		return checkContext(ctx)
	}
	c.core.close()
	c.core.fetches.stopRenewal()
	select {
	case <-c.core.ended:
		return nil
	default:
	}
	select {
	case <-c.core.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errNoClient = notMade("Client", "New")

// use makes a call a user of the client's core, until release.
func (c *Client) use() (*core, error) {
	if c == nil || c.core == nil {
		return nil, errNoClient
	}
	core := c.core
	entered := core.enter()
	runtime.KeepAlive(c)
	if !entered {
		return nil, ErrClosed
	}
	return core, nil
}

// enter does the same, and lends the call memory; leave undoes both.
func (c *Client) enter() (*core, *workspace, error) {
	core, err := c.use()
	if err != nil {
		return nil, nil, err
	}
	work, err := core.borrow()
	if err != nil {
		core.release()
		return nil, nil, err
	}
	return core, work, nil
}

func (c *core) leave(work *workspace) {
	c.give(work)
	c.release()
}

func closeForgotten(core *core) { core.close() }

// core is the C client and those who use it: calls, and answers that are being read.
type core struct {
	users
	client *C.costmark_client
	hooks  *hooks

	ended chan struct{}
	// The counters when the last user left; set before ended is closed.
	final         UsageReport
	finalRequests RequestCounts

	fetches   fetches
	verifying slots
	readyURL  string // of a request to the client's endpoint

	mu   sync.Mutex
	idle []*workspace
}

// free runs once: when the client is closed and the last user has left.
func (c *core) free() {
	c.final, c.finalRequests, _ = readUsage(c.client)
	for _, work := range c.idle {
		work.free()
	}
	c.idle = nil
	C.costmark_client_release(c.client)
	close(c.ended)
}

// borrow hands out memory to prepare a request with; give takes it back.
func (c *core) borrow() (*workspace, error) {
	c.mu.Lock()
	if last := len(c.idle) - 1; last >= 0 {
		work := c.idle[last]
		c.idle = c.idle[:last]
		c.mu.Unlock()
		return work, nil
	}
	c.mu.Unlock()
	return newWorkspace()
}

func (c *core) give(work *workspace) {
	if work.forget() {
		c.mu.Lock()
		if len(c.idle) < 2*runtime.GOMAXPROCS(0) {
			c.idle = append(c.idle, work)
			work = nil
		}
		c.mu.Unlock()
	}
	if work != nil {
		work.free()
	}
}
