//go:build !cgo

package costmark

// The error that this line makes is meant to be read.
const _ = "costmark calls a C library: build with CGO_ENABLED=1 and a C compiler" + cgo
