package job

import (
	"iter"
	"log/slog"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/batch/planfile"
	"offboard/report"
)

// nobody is a console at which nobody sits, and that keeps nothing of what it is told.
type nobody struct{}

func (nobody) Warn(string, ...any)                                      {}
func (nobody) Say(string, ...any)                                       {}
func (nobody) MayAsk() bool                                             { return false }
func (nobody) AskAtTerminal()                                           {}
func (nobody) Ask(string) error                                         { return ErrRefused }
func (nobody) Passphrase(string) ([]byte, error)                        { return nil, ErrRefused }
func (nobody) Progress(string, int, func(int) time.Duration) Progress   { return unseen{} }
func (nobody) Pasted(words ...string) string                            { return strings.Join(words, " ") }
func (nobody) Typed(words ...string) string                             { return strings.Join(words, " ") }
func (nobody) Flags(string) []batch.Flag                                { return nil }
func (nobody) Keep(batch.Plan) error                                    { return nil }
func (nobody) About(batch.Plan)                                         {}
func (nobody) Planned(batch.Plan, batch.Count)                          {}
func (nobody) PlanFile(string, planfile.File, batch.Count)              {}
func (nobody) Ended(report.End) error                                   { return nil }
func (nobody) Rehearsed(report.End, iter.Seq2[batch.Line, error]) error { return nil }

// unseen is progress that nobody sees.
type unseen struct{}

func (unseen) Planning(batch.Count)   {}
func (unseen) Running(batch.Progress) {}
func (unseen) Waits(batch.Trouble)    {}
func (unseen) End()                   {}

// paces is a console that keeps why the pace was what it was.
type paces struct {
	nobody
	said strings.Builder
}

func (p *paces) Progress(string, int, func(int) time.Duration) Progress { return p }
func (p *paces) Planning(batch.Count)                                   {}
func (p *paces) Running(s batch.Progress)                               { p.said.WriteString(s.Pace.Reason + "\n") }
func (p *paces) Waits(batch.Trouble)                                    {}
func (p *paces) End()                                                   {}

// alone is a process without a person.
func alone() *Host {
	return &Host{Console: nobody{}, Log: slog.New(slog.DiscardHandler), Getenv: func(string) string { return "" }}
}

// newJob is a job that is signed in.
func newJob(conn Connection, exe Execution, t *tenant, store *journal.Store) (*job, error) {
	j := alone().newJob(&conn, &exe)
	j.tenant, j.store = t, store
	return j, j.pace()
}
