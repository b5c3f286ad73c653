//go:build !cgo

package costmark

// The compiler shows this sentence in its error: it has no other way to say it.
const _ int = "costmark calls a C library: build with CGO_ENABLED=1 and a C compiler"
