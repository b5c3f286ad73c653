//go:build cgo

package costmark

import (
	"context"
	"sync"
)

type (
	scopeKey struct{}
	jointKey struct{}
)

// WithProject returns a context whose calls run under a project: a scope. The innermost one counts.
// What a request itself names comes before it, the rules and the default of the client after it. The
// empty project leaves the scope. The id, or the name with Settings.Lock, is checked when a request is
// prepared.
func WithProject(ctx context.Context, project string) context.Context {
	return context.WithValue(notNil(ctx), scopeKey{}, project)
}

// notNil is a context in place of nil, which has no place in an error here.
func notNil(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

// ProjectFrom is the project of the innermost scope; empty outside of scopes.
func ProjectFrom(ctx context.Context) string {
	project, _ := notNil(ctx).Value(scopeKey{}).(string)
	return project
}

// WithOperation returns a context all of whose requests through Transports are attempts of one
// operation: for programs that repeat by themselves. For SDKs see JoinRetries.
func WithOperation(ctx context.Context) context.Context {
	return withJoint(notNil(ctx), new(joint))
}

func withJoint(ctx context.Context, j *joint) context.Context {
	return context.WithValue(ctx, jointKey{}, j)
}

func jointOf(ctx context.Context) *joint {
	j, _ := ctx.Value(jointKey{}).(*joint)
	return j
}

// joint makes round trips attempts of one operation. Those that follow each other take turns with one
// handle of C's; one that starts while another is open gets a handle beside that one's.
type joint struct {
	mu         sync.Mutex
	operations []*Operation // that have begun, of each client
}

// take finds a handle that no attempt has; else a new one, and the one that it is beside of, if there is
// any. The caller holds the lock.
func (j *joint) take(core *core) (taken, beside *Operation) {
	for _, each := range j.operations {
		if each.core != core {
			continue
		}
		if !each.state.busy {
			each.state.busy = true
			return each, nil
		}
		beside = each
	}
	return newOperation(core), beside
}

// keep keeps a new operation, which has begun. The caller holds the lock.
func (j *joint) keep(o *Operation) {
	o.state.busy = true
	j.operations = append(j.operations, o)
}

// give takes a handle back from the attempt that had it.
func (j *joint) give(o *Operation) {
	j.mu.Lock()
	defer j.mu.Unlock()
	o.state.busy = false
}
