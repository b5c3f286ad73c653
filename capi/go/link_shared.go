//go:build !costmark_static

package costmark

// #cgo pkg-config: costmark
import "C"
