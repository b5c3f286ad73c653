//go:build costmark_static

package costmark

// The tag costmark_static links the archive, libcostmark.a, into the program.

// #cgo pkg-config: costmark-static
import "C"
