module github.com/costmark/costmark/capi/go

go 1.24
