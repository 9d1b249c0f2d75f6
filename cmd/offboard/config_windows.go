package main

import "os"

// onlyOurs says nothing of a file here: who can write it stands in its access list, which is not
// read. In a user's profile that is nobody else unless they were let in; a file that --config names
// may be anywhere, so help says it (topics/configuration.txt).
func onlyOurs(*os.File) error { return nil }
