//go:build cgo

package costmark

import (
	"context"
	"sync/atomic"
)

type (
	scopeKey     struct{}
	operationKey struct{}
)

// WithProject returns a context whose calls run under a project: a scope. The innermost one counts.
// What a request itself names comes before it, the rules and the default of the client after it. The
// empty project leaves the scope. The id is checked when a request is prepared.
func WithProject(ctx context.Context, project string) context.Context {
	return context.WithValue(ctx, scopeKey{}, project)
}

// ProjectFrom is the project of the innermost scope; empty outside of scopes.
func ProjectFrom(ctx context.Context) string {
	project, _ := ctx.Value(scopeKey{}).(string)
	return project
}

// WithOperation returns a context all of whose requests are attempts of one operation, whatever they
// say: for a program that retries by itself. The official openai-go needs it not: its requests say which
// attempt they are.
func WithOperation(ctx context.Context) context.Context {
	return context.WithValue(ctx, operationKey{}, new(operation))
}

// operation counts the attempts of a call of the user. Nil: it is not known to whom they belong.
type operation struct {
	attempts atomic.Uint32
}

func operationOf(ctx context.Context) *operation {
	operation, _ := ctx.Value(operationKey{}).(*operation)
	return operation
}

// begin is which attempt it is that begins now; without an operation, what it says itself.
func (o *operation) begin(itself uint32) uint32 {
	if o == nil {
		return itself
	}
	return o.attempts.Add(1)
}

// giveBack takes back an attempt that was refused before it began.
func (o *operation) giveBack() {
	if o != nil {
		o.attempts.Add(^uint32(0))
	}
}
