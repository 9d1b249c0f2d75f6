package job

import (
	"errors"
	"fmt"
	"iter"
	"os"

	"offboard/batch"
	"offboard/batch/planfile"
	"offboard/batch/signature"
)

// PlanShown is a plan file that was read whole and found unaltered, without its rows.
type PlanShown struct {
	Path      string
	File      planfile.File
	Count     batch.Count
	Approvals []signature.Judged // the signatures beside it; without Trusted none of them counts
	Trusted   string             // the file of those who may approve; "" when none was given
}

// isPlan reports whether what is to be shown is a file, and no run.
func (o *ShowOptions) isPlan() bool {
	info, err := os.Stat(o.RunName)
	return o.RunName == "-" || o.RunName != "" && err == nil && info.Mode().IsRegular()
}

// ShowPlan tells what a plan file holds: as strictly as apply reads it, before the first row is
// told. Of its rows it tells those with an outcome that was asked for, or all of them; a row
// that names a user again is none of them.
func ShowPlan(h *Host, o *ShowOptions, tell func(PlanShown, iter.Seq2[batch.Planned, error]) error) error {
	wanted, err := outcomesOf(o.Outcome)
	if err != nil {
		return err
	}
	p := PlanShown{Path: o.RunName, Trusted: o.Trusted}
	if p.File, p.Count, err = h.countPlan(o.RunName); err != nil {
		return err
	}
	signers, err := h.signers(o.Trusted)
	if err != nil {
		return err
	}
	if p.Approvals, err = h.Approvals(o.RunName, signers); err != nil {
		return err
	}
	return tell(p, func(yield func(batch.Planned, error) bool) {
		_, err := h.ReadPlan(o.RunName, planfile.Sink{Rows: func(rows []batch.Planned) error {
			for _, row := range rows {
				outcome := batch.NotSent
				if row.Record != nil {
					outcome = row.Record.Outcome
				}
				if row.DuplicateOf == 0 && (len(wanted) == 0 || wanted[outcome]) && !yield(row, nil) {
					return errEnough
				}
			}
			return nil
		}})
		if err != nil && !errors.Is(err, errEnough) {
			yield(batch.Planned{}, err)
		}
	})
}

// signers reads the file of those who may approve; nil without one.
func (h *Host) signers(name string) (signature.Signers, error) {
	if name == "" {
		return nil, nil
	}
	trusted, err := h.read(name)
	if err != nil {
		return nil, fmt.Errorf("--trusted: %w", err)
	}
	signers, err := signature.ParseSigners(trusted.reader())
	if err != nil {
		return nil, fmt.Errorf("%w: --trusted %s: %w", ErrUsage, name, err)
	}
	return signers, nil
}
