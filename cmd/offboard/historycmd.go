package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"offboard/batch/job"

	"offboard/batch/journal"
	"offboard/report"
)

type historyCmd struct {
	User string `arg:"" help:"An object id, a user principal name, or a cell of an input, in capitals or not."`
}

// Help ends the command's help.
func (historyCmd) Help() string {
	return "The newest run comes first. Runs that were pruned are not in the journal any more.\n\n" + noGraph
}

// Run lists every line that named the user.
func (h historyCmd) Run(ctx context.Context, c *command) error {
	if h.User == "" {
		return fmt.Errorf("%w: name a user: an object id, a user principal name, or a cell of an input", job.ErrUsage)
	}
	if err := c.host.FindJournal(); err != nil {
		return err
	}
	store, err := c.host.ReadJournal(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	history := store.History(ctx, h.User)
	if c.cli.Output == "json" {
		return historyJSON(c, history)
	}
	return historyText(c, h.User, history)
}

func historyText(c *command, user string, history iter.Seq2[journal.Mention, error]) error {
	var t *table
	for m, err := range history {
		if err == nil && t == nil {
			t, err = newTable(c.stdout, "RUN", "STATE", "CREATED", "TENANT", "CLOUD", "ACTION", "LINE", "OUTCOME", "SENT AT", "VALID FROM AFTER", "REASON")
		}
		if err != nil {
			return err
		}
		p := m.Plan
		about := []string{p.Run, string(m.State), p.Created.Local().Format(time.DateTime), cmp.Or(p.Tenant, "unknown"), p.Cloud, string(p.Action)}
		if err := t.add(append(about, report.Cells(&m.Line, "line", "outcome", "sent_at", "valid_from_after", "reason")...)...); err != nil {
			return err
		}
	}
	if t == nil {
		_, err := fmt.Fprintln(c.stdout, printable("no run names "+user))
		return err
	}
	return t.end()
}

// mention is a line of the history; what is not known is null.
type mention struct {
	Run       string    `json:"run"`
	State     string    `json:"state"`
	Created   time.Time `json:"created_at"`
	Tenant    string    `json:"tenant"`
	Cloud     string    `json:"cloud"`
	Simulated bool      `json:"simulated"`
	Action    string    `json:"action"`
	Line      int       `json:"line"`
	Input     string    `json:"input"`
	UserID    *string   `json:"user_id"`
	UPN       *string   `json:"user_principal_name"`
	Outcome   string    `json:"outcome"`
	SentAt    *string   `json:"sent_at"`
	After     *string   `json:"valid_from_after"`
	Reason    *string   `json:"reason"`
}

// historyJSON writes one list, as the lines come.
func historyJSON(c *command, history iter.Seq2[journal.Mention, error]) error {
	sep := "[\n"
	for m, err := range history {
		if err != nil {
			return err
		}
		text, err := json.Marshal(mentionOf(m))
		if err == nil {
			_, err = fmt.Fprintf(c.stdout, "%s%s\n", sep, text)
		}
		if err != nil {
			return err
		}
		sep = ","
	}
	if sep != "," {
		_, err := fmt.Fprintln(c.stdout, "[]")
		return err
	}
	_, err := fmt.Fprintln(c.stdout, "]")
	return err
}

func mentionOf(m journal.Mention) mention {
	p, l := m.Plan, m.Line
	known := make([]*string, 5)
	for i, text := range report.Cells(&l, "user_id", "user_principal_name", "sent_at", "valid_from_after", "reason") {
		if text != "" {
			known[i] = &text
		}
	}
	return mention{
		Run: p.Run, State: string(m.State), Created: p.Created, Tenant: p.Tenant,
		Cloud: p.Cloud, Simulated: p.Cloud == job.Simulated, Action: string(p.Action),
		Line: l.Row.Line, Input: l.Row.Input, UserID: known[0], UPN: known[1],
		Outcome: string(l.Record.Outcome), SentAt: known[2], After: known[3], Reason: known[4],
	}
}
