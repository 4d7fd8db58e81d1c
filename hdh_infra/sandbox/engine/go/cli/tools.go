//go:build tools

// Package tools names the program that go.mod and go.sum pin: the Pulumi command line.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
