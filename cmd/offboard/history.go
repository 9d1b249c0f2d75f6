package main

import (
	"cmp"
	"context"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/journal"
)

// historyCmd tells what became of a user.
type historyCmd struct{ job.HistoryOptions }

// Run lists every line that named the user.
func (h *historyCmd) Run(ctx context.Context, c *command) error {
	type mention = *journal.Mention
	line := func(m mention) *batch.Line { return &m.Line }
	return list(c, job.History(ctx, c.host, &h.HistoryOptions), "no run names "+h.User,
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
