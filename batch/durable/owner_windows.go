package durable

// GroupReads says nothing of a file here: who reads it stands in its access list, which is not read.
func GroupReads(string) bool { return false }
