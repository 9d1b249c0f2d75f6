package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/job"
)

// verifyCmd asks the directory, and believes no report.
type verifyCmd struct{ job.VerifyOptions }

// Help ends the command's help.
func (verifyCmd) Help() string {
	return "Graph permissions: User.Read.All.\n\n" + strings.Replace(exitCodeHelp,
		"every user ended in success, or was left alone on purpose; also: nothing to do", "every stamp holds", 1)
}

// Run reads the stamps and tells which do not hold.
func (v *verifyCmd) Run(ctx context.Context, c *command) error {
	all, failing, err := job.Verify(ctx, c.host, &v.VerifyOptions)
	if err != nil {
		return err
	}
	if err := tellProofs(c, all, failing); err != nil {
		return err
	}
	if len(failing) > 0 {
		return job.ErrPartial
	}
	return nil
}

// tellProofs writes who holds, and by name who does not.
func tellProofs(c *command, all int, failing []*job.Proof) error {
	if c.cli.Output == "json" {
		return json.NewEncoder(c.stdout).Encode(map[string]any{"checked": all, "holds": all - len(failing), "failing": append([]*job.Proof{}, failing...)})
	}
	if _, err := fmt.Fprintf(c.stdout, "%s of %s hold\n", batch.Thousands(all-len(failing)), batch.Thousands(all)); err != nil || len(failing) == 0 {
		return err
	}
	t, err := newTable(c.stdout, "LINE", "INPUT", "STAMP", "REASON")
	for _, k := range failing {
		if err != nil {
			return err
		}
		stamp := "none"
		if !k.Stamp.IsZero() {
			stamp = k.Stamp.UTC().Format(time.RFC3339)
		}
		err = t.add(strconv.Itoa(k.Line), k.Input, stamp, k.Reason)
	}
	if err != nil {
		return err
	}
	return t.end()
}
