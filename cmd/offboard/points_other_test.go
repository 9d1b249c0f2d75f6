//go:build !linux

package main

// kernelPoints need a kernel that kills at a change in a directory or a pipe.
var kernelPoints map[string]func() error
