package main

import (
	"cmp"
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

// ends maps an error to its exit code and, where there is one, the next step; of a tenant of a campaign
// that is another one. In them {runs}, {approve}, {move}, {doctor}, {check}, {go on} and {anew} are command
// lines, {journal} is the journal's file, and {remedy} what the refusal of a sign-in calls for before a command.
// The first that matches counts.
var ends = []struct {
	is         error
	code       exitCode
	next       string
	inCampaign string // "" is the same; see [member.next]
}{
	{batch.ErrStopped, exitStopped, "", "{go on}"},
	{job.ErrUnwell, exitSignIn, "do what is said of each trouble, then do the same again", ""},
	{job.ErrRefused, exitRefused, "", "{go on}"},
	{job.ErrUsage, exitUsage, "offboard --help", "mend what it names, then: {anew}"},
	{batch.ErrPermission, exitSignIn, "give it what is named, a permission with admin consent, then do the same again; the steps revoke and invalidate need no permission to read with --no-resolve", "this tells what to grant, and how, and goes on once it is granted: {doctor} && {go on}"},
	{batch.ErrBarred, exitSignIn, "mend the way through the proxy as it says, then do the same again; offboard doctor shows what else it bars", "mend the way through the proxy as it says, then: {go on}"},
	{batch.ErrSignIn, exitSignIn, "mend the sign-in as it says, then do the same again; offboard help sign-in lists the ways (--auth)", "{remedy}{go on}"},
	{batch.ErrNotOffered, exitError, "see whether this tenant and cloud offer the step (--steps, --graph-url), then resume", "take the step out below {tenant} in {file} (steps), then: {anew}"},
	{batch.ErrOutage, exitStopped, "", "{go on}"},
	{errSecondSignal, exitStopped, "", "{go on}"},
	{context.Canceled, exitStopped, "", "{go on}"},
	{planfile.ErrAltered, exitRefused, "", ""},
	{planfile.ErrFormat, exitRefused, "", ""},
	{planfile.ErrNewer, exitRefused, "", ""},
	{planfile.ErrAge, exitRefused, "", ""},
	{signature.ErrAltered, exitRefused, "", ""},
	{signature.ErrUnapproved, exitRefused, "another person whose key is trusted types: {approve}", ""},
	{journal.ErrLocked, exitLocked, "wait for it, or stop it; a run has one runner at a time", "wait for {by}, or stop it, then: {go on}"},
	{journal.ErrServer, exitError, "mend it as it says (offboard help journal tells what the server needs); then do the same again, and a run goes on where it was", "mend it as it says, then: {go on}"},
	{journal.ErrAway, exitStopped, "", "{go on}"},
	{journal.ErrLost, exitStopped, "", "{go on}"},
	{journal.ErrDisk, exitError, "free space on the journal's disk, and see that its file and directory can be written; then do the same again, and a run goes on where it was", "free space on the journal's disk, and see that its file and directory can be written, then: {go on}"},
	{journal.ErrVersion, exitError, "name another file with --journal, or move this one away: {move}; the runs in it can be read only with the version that made it", ""},
	{journal.ErrDamaged, exitError, "sqlite3 {journal} .recover > recovered.sql saves what can be read; the tenant knows who was revoked: verify FILE --since DATE reads it back, and run FILE --since DATE revokes the others", ""},
	{journal.ErrNotJournal, exitError, "name another file with --journal", ""},
	{job.ErrNoJournal, exitUsage, "name the journal that has the run with --journal PATH; without it that is offboard/journal.db in the user's state directory", ""},
	{journal.ErrNoRun, exitUsage, "{runs}", ""},
	{job.ErrNoneToResume, exitDone, "{runs}", ""},
	{journal.ErrAmbiguous, exitUsage, "give more of the run's name", ""},
	{intake.ErrInput, exitUsage, "", "this tells what is wrong with the file, and begins once it is mended: {check} && {anew}"},
}

// onServer are next steps where the journal is on a server.
var onServer = []struct {
	is   error
	next string
}{
	{journal.ErrVersion, "name another schema with --journal (search_path=NAME in its URL); the runs in this one can be read only with the version that made it"},
	{journal.ErrNotJournal, "name an empty schema with --journal (search_path=NAME in its URL)"},
	{journal.ErrDamaged, "restore the database from its backup; the tenant knows who was revoked: verify FILE --since DATE reads it back, and run FILE --since DATE revokes the others"},
}

// codeOf finds the exit code and the next step for an error. Whatever is joined to
// ErrPartial is more serious.
func codeOf(err error) (exitCode, string) {
	code, next, _ := endOf(err)
	return code, next
}

// endOf gives the next step of a tenant of a campaign, too.
func endOf(err error) (code exitCode, next, inCampaign string) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) == 1 {
		return endOf(joined.Unwrap()[0]) // errors.Join wraps also what it joins to nil
	}
	switch err {
	case nil:
		return exitDone, "", ""
	case job.ErrPartial:
		return exitPartial, "", ""
	}
	if e, ok := errors.AsType[*campaignEnd](err); ok {
		return e.code, e.next, ""
	}
	said, _ := errors.AsType[*journal.ServerError](err)
	for _, e := range ends {
		if errors.Is(err, e.is) {
			if said != nil && said.Next != "" && (said.Is(e.is) || e.is == journal.ErrServer) {
				return e.code, said.Next + "; then do the same again, and a run goes on where it was", said.Next + ", then: {go on}"
			}
			return e.code, e.next, cmp.Or(e.inCampaign, e.next)
		}
	}
	return exitError, "", "{go on}"
}
