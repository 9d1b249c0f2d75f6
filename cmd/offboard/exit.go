package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"

	"offboard/batch/job"

	"offboard/batch"
	"offboard/batch/intake"
	"offboard/batch/journal"
	"offboard/batch/planfile"
)

// exitCode is what the process ends with. The list is part of the command's
// contract: cron jobs and runbooks read it.
type exitCode int

const (
	exitDone     exitCode = 0
	exitError    exitCode = 1
	exitUsage    exitCode = 2
	exitPartial  exitCode = 3
	exitRefused  exitCode = 4
	exitSignIn   exitCode = 5
	exitUnended  exitCode = 6
	exitLocked   exitCode = 7
	exitCodeHelp          = `Exit codes:
  0  every user ended in success, or was left alone on purpose; also: nothing to do
  1  the run could not go on
  2  usage, or the input as a whole cannot be read
  3  finished, or rehearsed; some users did not, or would not, end in success
  4  refused by a guard or by the person asked; nothing was written, or nothing more of a run that was to go on
  5  sign-in or permission
  6  stopped before the end; the command that goes on is printed: resume, or the same again if nothing was planned yet
  7  locked: somebody else works on this run or input; who and since when is printed`
)

var errSecondSignal = errors.New("stopped at once by a second signal")

// listRuns is a next step; fail makes a whole command line of it.
const listRuns = "offboard runs"

// approveIt is the next step when approvals are missing; fail makes a whole command
// line of it.
const approveIt = "another person whose key is trusted types: "

// readBack is the next step when the journal is damaged; fail says before it how
// to save what can be read.
const readBack = "the tenant knows who was revoked: verify FILE --since DATE reads it back, and run FILE --since DATE revokes the others"

// ends maps an error to its exit code and, where there is one, the next step.
// The first that matches counts.
var ends = []struct {
	is   error
	code exitCode
	hint string
}{
	{job.ErrPartial, exitPartial, ""},
	{job.ErrRefused, exitRefused, ""},
	{job.ErrUsage, exitUsage, "offboard --help"},
	{batch.ErrPermission, exitSignIn, "grant it to the app with admin consent, then do the same again; --no-resolve needs no permission to read"},
	{batch.ErrSignIn, exitSignIn, "mend the sign-in as it says, then do the same again; offboard run --help lists the ways (--auth)"},
	{batch.ErrNotOffered, exitError, "see whether this tenant and cloud offer the action (--action, --graph-url), then resume"},
	{batch.ErrStopped, exitUnended, ""},
	{batch.ErrOutage, exitUnended, ""},
	{errSecondSignal, exitUnended, ""},
	{context.Canceled, exitUnended, ""},
	{planfile.ErrAltered, exitRefused, ""},
	{planfile.ErrFormat, exitRefused, ""},
	{planfile.ErrNewer, exitRefused, ""},
	{planfile.ErrAge, exitRefused, "plan again, or allow an older one with --max-age"},
	{planfile.ErrUnapproved, exitRefused, approveIt},
	{journal.ErrLocked, exitLocked, "wait for it, or stop it; a run has one runner at a time"},
	{journal.ErrDisk, exitError, "free space on the journal's disk, and see that its file and directory can be written; then do the same again, and a run goes on where it was"},
	{journal.ErrNewer, exitError, "use the offboard that wrote it, or name another journal with --journal"},
	{journal.ErrDamaged, exitError, readBack},
	{journal.ErrNotJournal, exitError, "name another file with --journal"},
	{job.ErrNoJournal, exitUsage, "name the journal that has the run with --journal PATH; without it that is offboard/journal.db in the user's state directory"},
	{journal.ErrNoRun, exitUsage, listRuns},
	{job.ErrNoneToResume, exitDone, listRuns},
	{journal.ErrAmbiguous, exitUsage, "give more of the run's name"},
}

// codeOf finds the exit code and the hint for an error.
func codeOf(err error) (exitCode, string) {
	if err == nil {
		return exitDone, ""
	}
	for _, e := range ends {
		if errors.Is(err, e.is) {
			return e.code, e.hint
		}
	}
	if _, ok := errors.AsType[*intake.OptionError](err); ok {
		return exitUsage, ""
	}
	if _, ok := errors.AsType[*intake.InputError](err); ok {
		return exitUsage, ""
	}
	return exitError, ""
}

// messages are the lines that tell an error: one, so that no text in it can look like
// another message, or one for each of several reasons and then one for what else the
// error says.
func messages(err error) []string {
	lines := []string{err.Error()}
	if r, ok := errors.AsType[*job.Refusal](err); ok && len(r.Reasons()) > 1 {
		lines = []string{r.Head() + ":"}
		for _, why := range r.Reasons() {
			lines = append(lines, "  - "+why)
		}
		if around := strings.Trim(strings.Replace(err.Error(), r.Error(), "", 1), "\n; "); around != "" {
			lines = append(lines, around)
		}
	}
	for i, line := range lines {
		lines[i] = strings.Join(strings.Split(line, "\n"), "; ")
	}
	return lines
}

// fail tells the error and its next step, and gives the exit code.
func (c *command) fail(err error) exitCode {
	code, hint := codeOf(err)
	if hint == listRuns {
		hint = c.Typed("runs")
	}
	if hint == approveIt {
		hint += c.approveLine(c.cli.Apply.File)
	}
	if hint == readBack {
		if path, err := c.journalPath(); err == nil {
			hint = "sqlite3 " + quoted(path, runtime.GOOS) + " .recover > recovered.sql saves what can be read; " + readBack
		}
	}
	if err == nil || errors.Is(err, job.ErrPartial) {
		return code // the end block has said it
	}
	if lifted := c.lifted(err); lifted != "" {
		hint = lifted
	}
	if code == exitUnended && !c.host.Told {
		undone := "nothing was planned or written"
		if c.host.Earlier {
			undone = "nothing more was written"
		}
		hint = cmp.Or(c.host.GoesOn, undone+"; run it again: "+c.shell(c.args...))
	}
	c.document(err, hint, code)
	if c.cli.LogFormat == "json" {
		level := slog.LevelError
		if code == exitDone {
			level = slog.LevelInfo
		}
		c.log.Log(context.Background(), level, err.Error(), "exit", int(code), "next", hint)
		return code
	}
	for _, line := range messages(err) {
		fmt.Fprintf(c.stderr, "offboard: %s\n", line)
	}
	if hint != "" {
		fmt.Fprintf(c.stderr, "offboard: next: %s\n", hint)
	}
	return code
}
