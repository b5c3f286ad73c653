module github.com/costmark/costmark/capi/go/bench

go 1.24

require github.com/costmark/costmark/capi/go v0.0.0

require (
	github.com/aws/aws-sdk-go-v2 v1.47.7
	github.com/aws/smithy-go v1.28.8 // indirect
)

replace github.com/costmark/costmark/capi/go => ../
