package journal

import (
	"context"

	"offboard/batch"
)

// sqlCountLines counts lines by what is known of their users: in each row of its answer
// a word and the number of lines that it is true of. The word is an outcome, or "refused"
// for a user who was sent, told to wait or refused, and is to be sent again; "" is all lines.
// It reads the marks and the index of duplicates, and of the wide rows of users none.
const sqlCountLines = `
	WITH open AS MATERIALIZED (SELECT DISTINCT seq FROM intents WHERE run = $1 AND step = $2),
	known AS (
		SELECT m.seq, coalesce(m.outcome, CASE WHEN m.doubt = 1 OR o.seq IS NOT NULL THEN 'unsettled'
			WHEN m.sent_at <> 0 THEN 'refused' ELSE 'not_sent' END) AS word
		FROM marks m LEFT JOIN open o ON o.seq = m.seq WHERE m.run = $1 AND m.step = $2 AND m.target = ''
		UNION ALL
		SELECT o.seq, 'unsettled' FROM open o
		WHERE NOT EXISTS (SELECT 1 FROM marks m WHERE m.run = $1 AND m.seq = o.seq AND m.step = $2 AND m.target = ''))
	SELECT word, count(*) FROM (
		SELECT word FROM known
		UNION ALL
		SELECT k.word FROM rows d JOIN known k ON k.seq = d.same WHERE d.run = $1 AND d.same <> 0) AS lines
	GROUP BY word
	UNION ALL
	SELECT '', count(*) FROM rows WHERE run = $1`

// Summary counts the run's lines by outcome. It says what adding up Lines
// would, sooner, and without the check of the file.
func (r *Run) Summary(ctx context.Context) (sum batch.Summary, err error) {
	sum.Counts = map[batch.Outcome]int{}
	err = r.read(ctx, func(t *tx) error {
		type group struct {
			word string
			n    int
		}
		groups, err := list(t, func(g *group) []any { return []any{&g.word, &g.n} }, sqlCountLines, r.id, r.step())
		for _, g := range groups {
			switch g.word {
			case "":
				sum.Lines = g.n
			case "refused":
				sum.Refused = g.n
			case string(batch.NotSent): // counted below, with those of whom nothing is known
			default:
				sum.Counts[batch.Outcome(g.word)] = g.n
			}
		}
		return err
	})
	open := sum.Lines
	for _, n := range sum.Counts {
		open -= n
	}
	if open > 0 {
		sum.Counts[batch.NotSent] = open
	}
	return sum, r.wrap("sum up", err)
}

// Remaining counts the users, not the rows, that a resumed run would send, and those
// that it would only verify. The plan must be sealed.
func (r *Run) Remaining(ctx context.Context) (send, verify int, err error) {
	type users struct{ settled, unverified int } // settled: with the duplicates
	var done users
	err = r.read(ctx, func(t *tx) error {
		done, err = one(t, func(u *users) []any { return []any{&u.settled, &u.unverified} },
			`SELECT (SELECT count(*) FROM rows WHERE run = $1 AND same <> 0) + count(*), count(CASE outcome WHEN 'unverified' THEN 1 END)
			FROM marks WHERE run = $1 AND step = $2 AND target = '' AND outcome IS NOT NULL`, r.id, r.step())
		return err
	})
	return r.Plan().Rows - done.settled, done.unverified, r.wrap("count users left of", err)
}
