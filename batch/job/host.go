package job

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/batch/planfile"
	"offboard/batch/trace"
	"offboard/report"
)

// The ways in which a command ends, beside those of the rooms below.
var (
	ErrRefused      = errors.New("refused")
	ErrPartial      = errors.New("some users did not end in success")
	ErrUsage        = errors.New("usage")
	ErrNoJournal    = errors.New("there is no journal")
	ErrNoneToResume = errors.New("nothing to resume")
)

// Host is the process that jobs run in.
type Host struct {
	Console
	Version   string
	Journal   string                              // the file that was named; "" for the user's own
	Getenv    func(string) string                 // one variable
	Environ   func() []string                     // all variables
	Network   http.RoundTripper                   // nil is the real one
	Stop      <-chan struct{}                     // closed when no new call may be made
	Log       *slog.Logger                        // of every call
	Files     Files                               // what was read
	Began     time.Time                           // when --deadline began to count
	Earlier   bool                                // a run goes on: sessions before this one may have written
	GoesOn    string                              // the command that goes on with the run, once there is one that can be resumed
	Told      bool                                // what goes on with what was stopped has been said
	Stream    func(batch.Plan, *batch.Line) error // is told each line as it settles, from another goroutine; nil is not asked for
	Unread    bool                                // nobody takes what Stream was told: it may never return
	cas       *x509.CertPool                      // that https connections trust; nil are this machine's
	caFile    string                              // the file that some of them are from
	traceFile string
	trace     *trace.Log                  // of --debug-http; nil without
	Shared    *Shared                     // with the other jobs of the process; nil for one alone
	Member    journal.Membership          // what the runs are of; zero outside of a campaign
	Begin     func(question string) error // is asked in place of a person before the first write; nil asks the person
	sign      signer                      // of the report; nil without --sign-key
	signKey   string                      // the file of its key
	doubt     string                      // of the tenant, which a person is to see before anything is sent; --yes says nothing of it
}

// Console is how a job talks to the person who runs it.
type Console interface {
	// Say tells something, as one line.
	Say(format string, args ...any)
	// Warn tells of something that failed, also where the person asked for quiet.
	Warn(format string, args ...any)
	// MayAsk reports whether somebody can be asked.
	MayAsk() bool
	// AskAtTerminal is called when standard input was read as a file: questions are
	// asked at the terminal then, if there is one.
	AskAtTerminal()
	// Ask returns nil for yes. Any other answer is ErrRefused, and a signal at the
	// question batch.ErrStopped.
	Ask(question string) error
	// Passphrase asks for the passphrase of a key.
	Passphrase(prompt string) ([]byte, error)
	// Progress tells how far a stage is. Total is how many there are to send, and
	// left how long so many of them will take; planning has neither. The stage of a run
	// is "writes" where these are not as many as its users, and else "".
	Progress(stage string, total int, left func(n int) time.Duration) Progress
	// Typed is a command line that does the same wherever it is pasted.
	Typed(words ...string) string
	// Pasted is a command line of another program, quoted for the shell.
	Pasted(words ...string) string
	// Flags are the flags with this tag that were given.
	Flags(tag string) []batch.Flag
	// Keep sets the flags that the run was begun with and that are not given anew.
	Keep(run batch.Plan) error
	// About tells the run that the command works on, as soon as it is known; before that
	// the tenant, in a plan that has nothing else.
	About(batch.Plan)
	// Planned tells what planning found.
	Planned(batch.Plan, batch.Count)
	// PlanFile tells what a plan file holds, and what its rows count.
	PlanFile(name string, file planfile.File, count batch.Count)
	// Ended tells how a run ended.
	Ended(report.End) error
	// Rehearsed tells how a dry run ended, and which lines a run would not revoke; with Stream
	// it is given all of them.
	Rehearsed(end report.End, lines iter.Seq2[batch.Line, error]) error
}

// Progress is told how far a stage is, from one goroutine.
type Progress interface {
	Planning(batch.Count)
	Running(batch.Progress)
	Waits(batch.Trouble)
	End()
}

// Next is what a person does after a stop: the command that goes on with the run, or
// the same again, which is given; "" when that has been said.
func (h *Host) Next(again string) string {
	switch {
	case h.Told:
		return ""
	case h.GoesOn != "":
		return h.GoesOn
	case h.Earlier:
		return nothingMore + "; run it again: " + again
	}
	return "nothing was planned or written; run it again: " + again
}

// MustAsk makes sure, before any work is done, that somebody can be asked or that
// --yes was given. The refusal says what was not done, and how else to begin.
func (h *Host) MustAsk(yes bool, undone, instead string) error {
	if yes || h.MayAsk() {
		return nil
	}
	return refused(undone, batch.Finding{Name: "--yes", Lift: "--yes", Refusal: "there is no terminal to ask at; " + instead})
}

// Confirm lets a person decide, who has seen the counts. A yes is no answer to files that
// were written meanwhile, and --yes is none to a tenant in doubt.
func (h *Host) Confirm(yes bool, question string) error {
	if yes && h.doubt == "" {
		return nil
	}
	if !h.MayAsk() {
		return fmt.Errorf("%w: there is no terminal to ask at; give --yes when the counts above are as they should be", ErrRefused)
	}
	if h.doubt != "" {
		h.Say("note     %s", h.doubt)
	}
	if err := h.Ask(question); err != nil {
		return fmt.Errorf("%w; %s", err, h.unwritten())
	}
	return h.Files.unchanged(h.unwritten()) // the answer may have taken long
}

// JournalPath is the file that was named, or the user's own.
func (h *Host) JournalPath() (string, error) {
	if h.Journal != "" {
		if err := journal.CheckURL(h.Journal); err != nil {
			return "", fmt.Errorf("%w: %w", ErrUsage, err)
		}
		return h.Journal, nil
	}
	path, err := journal.DefaultPath(h.Getenv, runtime.GOOS)
	if err != nil {
		err = fmt.Errorf("%w: %w; say where the journal is with --journal PATH", ErrUsage, err)
	}
	return path, err
}

// opener opens a journal in one of the ways that there are.
type opener func(ctx context.Context, path string) (*journal.Store, error)

// newJournal opens a journal to write to, and makes it where there is none.
func newJournal(ctx context.Context, path string) (*journal.Store, error) {
	if !journal.OnServer(path) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("make the journal's directory: %w", err)
		}
	}
	return journal.Open(ctx, path)
}

// openJournal opens the journal. If it must be there and is not, that is ErrNoJournal.
func (h *Host) openJournal(ctx context.Context, open opener, must bool) (*journal.Store, error) {
	path, err := h.JournalPath()
	if err != nil {
		return nil, err
	}
	if must {
		there, err := journal.Exists(ctx, path)
		if err != nil {
			return nil, err
		}
		if !there {
			shown, _ := journal.Shown(path)
			return nil, fmt.Errorf("%w at %s", ErrNoJournal, shown)
		}
	}
	store, err := open(ctx, path)
	if err == nil {
		h.waitFor(store, lookTime)
	}
	return store, err
}

// waitFor says how long the journal's database is waited for.
func (h *Host) waitFor(store *journal.Store, most time.Duration) {
	store.Wait(journal.Patience{Most: most, Stop: h.Stop, Say: h.Warn})
}

// How long a command that only looks waits for the journal's database, and a campaign. A run waits as
// long as for Graph.
const lookTime, campaignTime = 15 * time.Second, 2 * time.Hour
