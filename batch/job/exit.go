package job

import (
	"context"
	"errors"

	"offboard/batch"
	"offboard/batch/intake"
	"offboard/batch/journal"
	"offboard/batch/planfile"
	"offboard/batch/signature"
)

// Exit is what a process ends with. The list is part of the contract of the commands: cron jobs and runbooks read it.
type Exit int

// The exit codes; offboard help exit-codes says what each means.
const (
	ExitDone Exit = iota
	ExitError
	ExitUsage
	ExitPartial
	ExitRefused
	ExitSignIn
	ExitStopped
	ExitLocked
)

// ErrSecondSignal is the cause of a context that a second signal ends.
var ErrSecondSignal = errors.New("stopped at once by a second signal")

// End is how a command ends by an error.
type End struct {
	is         error
	Exit       Exit
	Next       string
	InCampaign string // the next step of a tenant of a campaign; "" is the same
}

// endings maps an error to its exit code and, where there is one, the next step; of a tenant of a campaign
// that is another one. In them {runs}, {approve}, {move}, {doctor}, {check}, {go on} and {anew} are command
// lines, {journal} is the journal's file, and {remedy} what the refusal of a sign-in calls for before a command.
// The first that matches counts.
var endings = []End{
	{batch.ErrStopped, ExitStopped, "", "{go on}"},
	{ErrUnwell, ExitSignIn, "do what is said of each trouble, then do the same again", ""},
	{ErrRefused, ExitRefused, "", "{go on}"},
	{ErrUsage, ExitUsage, "offboard --help", "mend what it names, then: {anew}"},
	{batch.ErrPermission, ExitSignIn, "give it what is named, a permission with admin consent, then do the same again; the steps revoke and invalidate need no permission to read with --no-resolve", "this tells what to grant, and how, and goes on once it is granted: {doctor} && {go on}"},
	{batch.ErrBarred, ExitSignIn, "mend the way through the proxy as it says, then do the same again; offboard doctor shows what else it bars", "mend the way through the proxy as it says, then: {go on}"},
	{batch.ErrSignIn, ExitSignIn, "mend the sign-in as it says, then do the same again; offboard help sign-in lists the ways (--auth)", "{remedy}{go on}"},
	{batch.ErrNotOffered, ExitError, "see whether this tenant and cloud offer the step (--steps, --graph-url), then resume", "take the step out below {tenant} in {file} (steps), then: {anew}"},
	{batch.ErrOutage, ExitStopped, "", "{go on}"},
	{ErrSecondSignal, ExitStopped, "", "{go on}"},
	{context.Canceled, ExitStopped, "", "{go on}"},
	{planfile.ErrAltered, ExitRefused, "", ""},
	{planfile.ErrFormat, ExitRefused, "", ""},
	{planfile.ErrNewer, ExitRefused, "", ""},
	{planfile.ErrAge, ExitRefused, "", ""},
	{signature.ErrAltered, ExitRefused, "", ""},
	{signature.ErrUnapproved, ExitRefused, "another person whose key is trusted types: {approve}", ""},
	{journal.ErrLocked, ExitLocked, "wait for it, or stop it; a run has one runner at a time", "wait for {by}, or stop it, then: {go on}"},
	{journal.ErrServer, ExitError, "mend it as it says (offboard help journal tells what the server needs); then do the same again, and a run goes on where it was", "mend it as it says, then: {go on}"},
	{journal.ErrAway, ExitStopped, "", "{go on}"},
	{journal.ErrLost, ExitStopped, "", "{go on}"},
	{journal.ErrDisk, ExitError, "free space on the journal's disk, and see that its file and directory can be written; then do the same again, and a run goes on where it was", "free space on the journal's disk, and see that its file and directory can be written, then: {go on}"},
	{journal.ErrVersion, ExitError, "finish what is open in it with the version that made it; then name another file with --journal, or move this one away: {move}; the runs in it can be read only with that version", ""},
	{journal.ErrDamaged, ExitError, "sqlite3 {journal} .recover > recovered.sql saves what can be read; the tenant knows who was revoked: verify FILE --since DATE reads it back, and run FILE --since DATE revokes the others", ""},
	{journal.ErrNotJournal, ExitError, "name another file with --journal", ""},
	{ErrNoJournal, ExitUsage, "name the journal that has the run with --journal PATH; without it that is offboard/journal.db in the user's state directory", ""},
	{journal.ErrNoRun, ExitUsage, "{runs}", ""},
	{ErrNoneToResume, ExitDone, "{runs}", ""},
	{journal.ErrAmbiguous, ExitUsage, "give more of the run's name", ""},
	{intake.ErrInput, ExitUsage, "", "this tells what is wrong with the file, and begins once it is mended: {check} && {anew}"},
}

// EndOf finds the exit code and the next step for an error. Whatever is joined to ErrPartial is more serious.
func EndOf(err error) End {
	if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) == 1 {
		return EndOf(joined.Unwrap()[0]) // errors.Join wraps also what it joins to nil
	}
	switch err {
	case nil:
		return End{}
	case ErrPartial:
		return End{Exit: ExitPartial}
	}
	said, _ := errors.AsType[*journal.ServerError](err)
	for _, e := range endings {
		if errors.Is(err, e.is) {
			if said != nil && said.Next != "" && (said.Is(e.is) || e.is == journal.ErrServer) {
				e.Next, e.InCampaign = said.Next+"; then do the same again, and a run goes on where it was", said.Next+", then: {go on}"
			}
			return e
		}
	}
	return End{Exit: ExitError, InCampaign: "{go on}"}
}
