package main

import (
	"cmp"
	"errors"

	"offboard/batch/job"
	"offboard/batch/journal"
)

// exitCode is what the process ends with. See exitCodes in topics.go.
type exitCode = job.Exit

const (
	exitDone    = job.ExitDone
	exitError   = job.ExitError
	exitUsage   = job.ExitUsage
	exitPartial = job.ExitPartial
	exitRefused = job.ExitRefused
	exitSignIn  = job.ExitSignIn
	exitStopped = job.ExitStopped
	exitLocked  = job.ExitLocked
)

// onServer are next steps where the journal is on a server.
var onServer = []struct {
	is   error
	next string
}{
	{journal.ErrVersion, "finish what is open in it with the version that made it; then name another schema with --journal (search_path=NAME in its URL); the runs in this one can be read only with that version"},
	{journal.ErrNotJournal, "name an empty schema with --journal (search_path=NAME in its URL)"},
	{journal.ErrDamaged, "restore the database from its backup; the tenant knows who was revoked: verify FILE --since DATE reads it back, and run FILE --since DATE revokes the others"},
}

// codeOf finds the exit code and the next step for an error.
func codeOf(err error) (exitCode, string) {
	code, next, _ := endOf(err)
	return code, next
}

// endOf gives the next step of a tenant of a campaign, too.
func endOf(err error) (code exitCode, next, inCampaign string) {
	if e, ok := errors.AsType[*campaignEnd](err); ok {
		return e.code, e.next, ""
	}
	e := job.EndOf(err)
	return e.Exit, e.Next, cmp.Or(e.InCampaign, e.Next)
}
