//go:build tools

// Package tools names the program that go.mod and go.sum pin: the host of Python programs, from the last version of
// the SDK module that still held it.
package tools

import _ "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python"
