package journal

import (
	"context"

	"offboard/batch"
)

// ToDo is what a resume has to do, of so many writes to send and to verify, which Remaining
// gives.
func (r *Run) ToDo(ctx context.Context, send, verify int) (d batch.ToDo, err error) {
	plan := r.Plan()
	if !batch.Several(plan.Steps) {
		for _, s := range plan.Steps {
			if send > 0 {
				d.Send(s, true)
			}
			if verify > 0 {
				d.Prove(s, true)
			}
		}
		return d, nil
	}
	err = r.read(ctx, func(t *tx) error {
		const notWhole = "NOT EXISTS (SELECT 1 FROM marks w WHERE w.run = $1 AND w.seq = x.seq AND w.step = '' AND w.target = '')"
		const open = notWhole + ` AND NOT EXISTS (SELECT 1 FROM marks m WHERE m.run = $1 AND m.seq = x.seq AND m.step = $2 AND m.outcome IS NOT NULL AND m.target = `
		for _, s := range plan.Steps {
			if send == 0 {
				break
			}
			for _, direct := range []bool{true, false} {
				query := "SELECT EXISTS (SELECT 1 FROM targets x WHERE run = $1 AND step = $2 AND (target = '') = ($3 = 1) AND " + open + "x.target))"
				if !s.Listed() {
					query = "SELECT $3 = 1 AND EXISTS (SELECT 1 FROM rows x WHERE run = $1 AND same = 0 AND " + open + "''))"
				}
				n, err := number(t, query, r.id, s, direct)
				if err != nil {
					return err
				}
				if n > 0 {
					d.Send(s, direct)
				}
			}
		}
		if verify == 0 {
			return nil
		}
		type proof struct {
			step   batch.Step
			direct bool
		}
		all, err := list(t, func(p *proof) []any { return []any{&p.step, &p.direct} },
			"SELECT DISTINCT step, target = '' FROM marks x WHERE run = $1 AND outcome = 'unverified' AND step <> '' AND "+notWhole, r.id)
		for _, p := range all {
			d.Prove(p.step, p.direct)
		}
		return err
	})
	return d, r.wrap("find what is left of", err)
}
