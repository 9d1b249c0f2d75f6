package main

import (
	"context"
	"errors"

	"offboard/batch"
	"offboard/batch/intake"
	"offboard/batch/job"
	"offboard/batch/journal"
	"offboard/batch/planfile"
	"offboard/batch/signature"
)

// exitCode is what the process ends with. The list is part of the command's
// contract: cron jobs and runbooks read it. See exitCodes in topics.go.
type exitCode int

const (
	exitDone    exitCode = 0
	exitError   exitCode = 1
	exitUsage   exitCode = 2
	exitPartial exitCode = 3
	exitRefused exitCode = 4
	exitSignIn  exitCode = 5
	exitStopped exitCode = 6
	exitLocked  exitCode = 7
)

var errSecondSignal = errors.New("stopped at once by a second signal")

// ends maps an error to its exit code and, where there is one, the next step. In it
// {runs}, {approve} and {move} are command lines, and {journal} is the journal's file.
// The first that matches counts.
var ends = []struct {
	is   error
	code exitCode
	next string
}{
	{batch.ErrStopped, exitStopped, ""},
	{job.ErrUnwell, exitSignIn, "do what is said of each trouble, then do the same again"},
	{job.ErrRefused, exitRefused, ""},
	{job.ErrUsage, exitUsage, "offboard --help"},
	{batch.ErrPermission, exitSignIn, "grant it to the app with admin consent, then do the same again; the steps revoke and invalidate need no permission to read with --no-resolve"},
	{batch.ErrBarred, exitSignIn, "mend the way through the proxy as it says, then do the same again; offboard doctor shows what else it bars"},
	{batch.ErrSignIn, exitSignIn, "mend the sign-in as it says, then do the same again; offboard help sign-in lists the ways (--auth)"},
	{batch.ErrNotOffered, exitError, "see whether this tenant and cloud offer the step (--steps, --graph-url), then resume"},
	{batch.ErrOutage, exitStopped, ""},
	{errSecondSignal, exitStopped, ""},
	{context.Canceled, exitStopped, ""},
	{planfile.ErrAltered, exitRefused, ""},
	{planfile.ErrFormat, exitRefused, ""},
	{planfile.ErrNewer, exitRefused, ""},
	{planfile.ErrAge, exitRefused, ""},
	{signature.ErrAltered, exitRefused, ""},
	{signature.ErrUnapproved, exitRefused, "another person whose key is trusted types: {approve}"},
	{journal.ErrLocked, exitLocked, "wait for it, or stop it; a run has one runner at a time"},
	{journal.ErrDisk, exitError, "free space on the journal's disk, and see that its file and directory can be written; then do the same again, and a run goes on where it was"},
	{journal.ErrVersion, exitError, "name another file with --journal, or move this one away: {move}; the runs in it can be read only with the version that made it"},
	{journal.ErrDamaged, exitError, "sqlite3 {journal} .recover > recovered.sql saves what can be read; the tenant knows who was revoked: verify FILE --since DATE reads it back, and run FILE --since DATE revokes the others"},
	{journal.ErrNotJournal, exitError, "name another file with --journal"},
	{job.ErrNoJournal, exitUsage, "name the journal that has the run with --journal PATH; without it that is offboard/journal.db in the user's state directory"},
	{journal.ErrNoRun, exitUsage, "{runs}"},
	{job.ErrNoneToResume, exitDone, "{runs}"},
	{journal.ErrAmbiguous, exitUsage, "give more of the run's name"},
	{intake.ErrInput, exitUsage, ""},
}

// codeOf finds the exit code and the next step for an error. Whatever is joined to
// ErrPartial is more serious.
func codeOf(err error) (exitCode, string) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) == 1 {
		return codeOf(joined.Unwrap()[0]) // errors.Join wraps also what it joins to nil
	}
	switch err {
	case nil:
		return exitDone, ""
	case job.ErrPartial:
		return exitPartial, ""
	}
	if e, ok := errors.AsType[*campaignEnd](err); ok {
		return e.code, e.next
	}
	for _, e := range ends {
		if errors.Is(err, e.is) {
			return e.code, e.next
		}
	}
	return exitError, ""
}
