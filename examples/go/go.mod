module github.com/costmark/costmark/examples/go

go 1.24

require github.com/costmark/costmark/capi/go v0.0.0

replace github.com/costmark/costmark/capi/go => ../../capi/go
