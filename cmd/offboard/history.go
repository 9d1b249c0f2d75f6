package main

import (
	"cmp"
	"context"
	"fmt"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/journal"
)

type historyCmd struct {
	User string `arg:"" help:"An object id, a user principal name, or a cell of an input, in capitals or not."`
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
	type mention = *journal.Mention
	line := func(m mention) *batch.Line { return &m.Line }
	mentions := func(yield func(mention, error) bool) {
		for m, err := range store.History(ctx, h.User) {
			if !yield(&m, err) {
				return
			}
		}
	}
	return list(c, mentions, "no run names "+h.User,
		column[mention]{"RUN", "run", func(m mention) any { return m.Plan.Run }},
		column[mention]{"STATE", "state", func(m mention) any { return m.State }},
		column[mention]{"CREATED", "created_at", func(m mention) any { return m.Plan.Created }},
		column[mention]{"TENANT", "", func(m mention) any { return cmp.Or(m.Plan.Tenant, "unknown") }},
		column[mention]{"", "tenant", func(m mention) any { return m.Plan.Tenant }},
		column[mention]{"CLOUD", "cloud", func(m mention) any { return m.Plan.Cloud }},
		column[mention]{"", "simulated", func(m mention) any { return m.Plan.Cloud == job.Simulated }},
		column[mention]{"ACTION", "action", func(m mention) any { return m.Plan.Action }},
		column[mention]{"LINE", "line", func(m mention) any { return m.Line.Row.Line }},
		column[mention]{"", "input", func(m mention) any { return m.Line.Row.Input }},
		reported("", "user_id", line),
		reported("", "user_principal_name", line),
		reported("OUTCOME", "outcome", line),
		reported("SENT AT", "sent_at", line),
		reported("VALID FROM AFTER", "valid_from_after", line),
		reported("REASON", "reason", line),
	)
}
