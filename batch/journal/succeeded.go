package journal

import (
	"context"
	"strings"

	"offboard/batch"
)

// Succeeded is a user for whom a step of a run ended in success.
type Succeeded struct {
	ID, UPN string // of the user, in lower case; ID is "" where nobody looked it up
	Step    batch.Step
	Device  string // of the step devices, which has one for each device; "" of other steps
}

// sqlReliedOn is whether people count on the run for a user: a write to them may have
// arrived, or none of all their writes was refused or left out, so that the run found them
// as it wants them.
const sqlReliedOn = `(EXISTS (SELECT 1 FROM marks a WHERE a.run = r.run AND a.seq = r.seq
		AND (a.doubt = 1 OR a.outcome IN ('verified', 'revoked', 'accepted', 'unverified', 'ineffective')))
	OR (SELECT count(*) FROM marks a WHERE a.run = r.run AND a.seq = r.seq AND a.outcome IN ('already', 'skipped', 'not_possible'))
		= $3 + (SELECT count(*) FROM targets t WHERE t.run = r.run AND t.seq = r.seq))`

// Succeeded reads for whom the steps of a run ended in success, or may have arrived, at one
// target or more, or had nothing to do: a user who was in no group is kept out of all of
// them. It leaves out users to whom no write arrived, and for whom one was refused or not
// sent: nobody counts on the run for them. It reads no other column, and does not check the
// plan.
func (r *Run) Succeeded(ctx context.Context, steps []batch.Step) ([]Succeeded, error) {
	var all []Succeeded
	for _, s := range steps {
		const from = `FROM rows r LEFT JOIN marks m ON m.run = r.run AND m.seq = r.seq AND m.step = $2 AND (m.doubt = 1 OR m.outcome IN ('verified', 'revoked', 'accepted', 'already', 'unverified'))
			WHERE r.run = $1 AND r.same = 0 AND (m.seq IS NOT NULL`
		query := "SELECT lower(r.id), lower(r.upn), $2, '' " + from
		switch {
		case s == batch.Devices:
			query = "SELECT lower(r.id), lower(r.upn), $2, coalesce(m.target, '') " + from
		case s.Listed():
			query = strings.Replace(query, "SELECT", "SELECT DISTINCT", 1)
		}
		if s.Listed() {
			query += ` OR NOT EXISTS (SELECT 1 FROM targets t WHERE t.run = r.run AND t.seq = r.seq AND t.step = $2)
			AND NOT EXISTS (SELECT 1 FROM marks w WHERE w.run = r.run AND w.seq = r.seq AND w.step = '')`
		}
		some, err := ask(ctx, r, "read successes of", func(k *Succeeded) []any { return []any{&k.ID, &k.UPN, &k.Step, &k.Device} }, query+") AND "+sqlReliedOn, s, implicit(r.Plan()))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// Touched reads the users with whom a run did something, or may have, or, if it takes none
// back, who were as it wanted them: their object ids in lower case.
func (r *Run) Touched(ctx context.Context) ([]string, error) {
	return ask(ctx, r, "read users of", alone[string], `SELECT DISTINCT lower(r.id) FROM marks m JOIN rows r ON r.run = m.run AND r.seq = m.seq
		WHERE m.run = $1 AND r.id <> '' AND (m.sent_at <> 0 AND m.outcome IS DISTINCT FROM 'denied' OR m.outcome = 'already' AND $2 = 1)`, r.Plan().Undoes == "")
}
