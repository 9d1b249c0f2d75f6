package main

import "os"

// onlyOurs says nothing of a file here: other users cannot write in a user's profile
// unless they were let in.
func onlyOurs(*os.File) error { return nil }
