package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"offboard/batch"
	"offboard/batch/job"
)

// verifyCmd asks the directory, and believes no report.
type verifyCmd struct{ job.VerifyOptions }

// Run reads the stamps and tells which do not hold.
func (v *verifyCmd) Run(ctx context.Context, c *command) error {
	checked, failing, err := job.Verify(ctx, c.host, &v.VerifyOptions)
	if err == nil {
		err = c.proofs(checked, failing)
	}
	if err == nil && len(failing) > 0 {
		err = job.ErrPartial
	}
	return err
}

// proofs tells how many users hold, and by name who does not.
func (c *command) proofs(checked int, failing []*job.Proof) error {
	holds := checked - len(failing)
	if c.cli.Output == "json" {
		return json.NewEncoder(c.stdout).Encode(map[string]any{"checked": checked, "holds": holds, "failing": append([]*job.Proof{}, failing...)})
	}
	if _, err := fmt.Fprintf(c.stdout, "%s of %s hold\n", batch.Thousands(holds), batch.Thousands(checked)); err != nil || len(failing) == 0 {
		return err
	}
	type proof = *job.Proof
	return table(c.stdout, all(failing), "", []column[proof]{
		{"LINE", "", func(p proof) any { return p.Line }},
		{"INPUT", "", func(p proof) any { return p.Input }},
		{"STAMP", "", stamp},
		{"REASON", "", func(p proof) any { return p.Reason }},
	})
}

// stamp is what the directory has of a user.
func stamp(p *job.Proof) any {
	if p.Stamp.IsZero() {
		return "none"
	}
	return p.Stamp.UTC().Format(time.RFC3339)
}
