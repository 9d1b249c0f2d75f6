package journal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"offboard/batch"
)

// sqlCountLines counts lines by what is known of their users: in each row of its answer
// a word, the number of lines that it is true of, and of them those that name a user again. The word is an outcome, or "refused"
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
	SELECT word, count(*), CAST(sum(again) AS BIGINT) FROM (
		SELECT word, 0 AS again FROM known
		UNION ALL
		SELECT k.word, 1 FROM rows d JOIN known k ON k.seq = d.same WHERE d.run = $1 AND d.same <> 0) AS lines
	GROUP BY word
	UNION ALL
	SELECT '', count(*), (SELECT count(*) FROM rows WHERE run = $1 AND same <> 0) FROM rows WHERE run = $1`

// Summary counts the run's lines by outcome. It says what adding up Lines
// would, sooner, and without the check of the file.
func (r *Run) Summary(ctx context.Context) (batch.Summary, error) {
	if batch.Several(r.Plan().Steps) {
		return r.addUp(ctx)
	}
	type group struct {
		word     string
		n, again int
	}
	groups, err := ask(ctx, r, "sum up", func(g *group) []any { return []any{&g.word, &g.n, &g.again} }, sqlCountLines, r.step())
	sum := batch.Summary{Counts: map[batch.Outcome]int{}}
	ended, again := 0, 0
	for _, g := range groups {
		switch g.word {
		case "":
			sum.Lines = g.n
			again += g.again
		case "refused":
			sum.Refused = g.n
		case string(batch.NotSent): // counted below, with those of whom nothing is known
		default:
			sum.Counts[batch.Outcome(g.word)] = g.n
			ended += g.n
			if g.again > 0 {
				sum.AddAgain(batch.Outcome(g.word), g.again)
				again -= g.again
			}
		}
	}
	if open := sum.Lines - ended; open > 0 {
		sum.Counts[batch.NotSent] = open
		if again > 0 {
			sum.AddAgain(batch.NotSent, again)
		}
	}
	contains := batch.Contains(r.Plan().Steps)
	if err != nil || r.Plan().SLA == 0 && !contains {
		return sum, err
	}
	for l, err := range r.uncheckedLines(ctx, "lines", "") {
		if err != nil {
			return sum, err
		}
		if sum.AddInTime(r.Plan(), &l.Line); contains {
			sum.AddContained(r.Plan().Steps, &l.Line)
		}
	}
	return sum, nil
}

// Concerned counts the users who were sent, and those who are still to be sent. Of a run
// with several steps it counts all who did not end as a whole, as the plan's users are
// counted: what a user is to have may be done already.
func (r *Run) Concerned(ctx context.Context) (users int, err error) {
	return first(ask(ctx, r, "count users of", alone[int], `SELECT count(*) FROM rows x WHERE run = $1 AND same = 0 AND NOT EXISTS
		(SELECT 1 FROM marks w WHERE w.run = $1 AND w.seq = x.seq AND w.step = $2 AND w.target = '' AND w.outcome IS NOT NULL AND w.sent_at = 0)`, r.step()))
}

// Idle counts, of a run whose steps are all listed, the Concerned users to whom nothing was
// done, and nothing is to be.
func (r *Run) Idle(ctx context.Context) (users int, err error) {
	return first(ask(ctx, r, "count idle users of", alone[int], `SELECT count(*) FROM rows x WHERE run = $1 AND same = 0 AND NOT EXISTS
		(SELECT 1 FROM marks w WHERE w.run = $1 AND w.seq = x.seq AND w.step = '' AND w.target = '' AND w.outcome IS NOT NULL) AND NOT EXISTS
		(SELECT 1 FROM targets t LEFT JOIN marks m ON m.run = t.run AND m.seq = t.seq AND m.step = t.step AND m.target = t.target
		WHERE t.run = $1 AND t.seq = x.seq AND (m.outcome IS NULL OR m.sent_at <> 0))`))
}

// addUp counts the lines of a run with several steps, whose worst outcome only the
// writes of a user together show.
func (r *Run) addUp(ctx context.Context) (sum batch.Summary, err error) {
	sum.Counts = map[batch.Outcome]int{}
	for l, err := range r.uncheckedLines(ctx, "lines", "") {
		if err != nil {
			return sum, err
		}
		sum.AddLine(r.Plan().Steps, &l.Line)
		sum.AddInTime(r.Plan(), &l.Line)
		if l.Record.Outcome == batch.NotSent && !l.Record.SentAt.IsZero() {
			sum.Refused++
		}
	}
	return sum, nil
}

// Remaining counts the writes that a resumed run would send, and those that it would only
// verify: of a run with one step, its users. The plan must be sealed. A record that is of
// no write in the plan would hide one that is open: Remaining fails with ErrDamaged then.
func (r *Run) Remaining(ctx context.Context) (send, verify int, err error) {
	if plan := r.Plan(); batch.Several(plan.Steps) {
		type counts struct{ users, targets, settled, planned, unverified int }
		const notWhole = "NOT EXISTS (SELECT 1 FROM marks w WHERE w.run = $1 AND w.seq = x.seq AND w.step = '' AND w.target = '')"
		n, err := first(ask(ctx, r, "count writes left of", func(n *counts) []any {
			return []any{&n.users, &n.targets, &n.settled, &n.planned, &n.unverified}
		}, `SELECT (SELECT count(*) FROM rows x WHERE run = $1 AND same = 0 AND `+notWhole+`),
			(SELECT count(*) FROM targets x WHERE run = $1 AND `+notWhole+`),
			count(*), count(CASE WHEN target = '' AND EXISTS (SELECT 1 FROM rows u WHERE u.run = $1 AND u.seq = x.seq AND u.same = 0)
				OR EXISTS (SELECT 1 FROM targets t WHERE t.run = $1 AND t.seq = x.seq AND t.step = x.step AND t.target = x.target) THEN 1 END),
			count(CASE outcome WHEN 'unverified' THEN 1 END)
			FROM marks x WHERE run = $1 AND step <> '' AND outcome IS NOT NULL AND `+notWhole))
		return n.users*implicit(plan) + n.targets - n.settled, n.unverified, cmp.Or(err, r.astray(n.settled-n.planned))
	}
	type users struct{ same, settled, unverified, strays int }
	n, err := first(ask(ctx, r, "count users left of", func(u *users) []any { return []any{&u.same, &u.settled, &u.unverified, &u.strays} },
		`SELECT (SELECT count(*) FROM rows WHERE run = $1 AND same <> 0), count(*), count(CASE outcome WHEN 'unverified' THEN 1 END),
		count(CASE WHEN seq NOT BETWEEN 1 AND (SELECT max(seq) FROM rows WHERE run = $1) OR seq IN (SELECT seq FROM rows WHERE run = $1 AND same <> 0) THEN 1 END)
		FROM marks WHERE run = $1 AND step = $2 AND target = '' AND outcome IS NOT NULL`, r.step()))
	return r.Plan().Rows - n.same - n.settled, n.unverified, cmp.Or(err, r.astray(n.strays))
}

// astray is the error of a run with records that are of no write in its plan, or nil.
func (r *Run) astray(records int) error {
	if records == 0 {
		return nil
	}
	return r.wrap("count what is left of", fmt.Errorf("%w: %d records are of no write in the plan", ErrDamaged, records))
}

// AddWaits keeps what a session's calls waited for. It ignores cancellation.
func (r *Run) AddWaits(ctx context.Context, w batch.Waits) error {
	return r.note(ctx, "waits", `INSERT INTO waits (run, no, paused, quota, learned, rate, interruptions)
		VALUES ($1, (SELECT count(*) + 1 FROM waits WHERE run = $1), $2, $3, $4, $5, $6)`, w.Paused, w.Quota, w.Learned, w.Rate, w.Interruptions)
}

// Timing tells how long the users took who were sent and settled so far: until the last
// of the writes of each that were.
func (r *Run) Timing(ctx context.Context) (timing batch.Timing, err error) {
	var settled []int // in ms since 1970: a third of the memory that times take
	err = r.read(ctx, func(t *tx) error {
		timing, err = first(list(t, func(g *batch.Timing) []any {
			w := &g.Waits
			return []any{&g.Started, &g.Refused, &g.Users, &w.Paused, &w.Quota, &w.Learned, &w.Rate}
		}, `SELECT (SELECT min(sent_at) FROM calls WHERE run = $1), (SELECT CAST(sum(throttles) AS BIGINT) FROM marks WHERE run = $1),
			(SELECT max(seq) FROM marks WHERE run = $1), CAST(sum(paused) AS BIGINT), CAST(sum(quota) AS BIGINT), CAST(sum(learned) AS BIGINT), CAST(sum(rate) AS BIGINT) FROM waits WHERE run = $1`, r.id))
		if err != nil {
			return err
		}
		sessions, err := list(t, alone[[]batch.Interruption], "SELECT interruptions FROM waits WHERE run = $1 ORDER BY no", r.id)
		if timing.Waits.Interruptions = slices.Concat(sessions...); err == nil {
			settled, err = appendList(make([]int, 0, timing.Users), t, alone[int], `SELECT max(settled_at) FROM marks
				WHERE run = $1 AND outcome IS NOT NULL AND sent_at <> 0 AND settled_at <> 0 GROUP BY seq`, r.id)
		}
		return err
	})
	slices.Sort(settled)
	if timing.Users = len(settled); timing.Users > 0 {
		// Each is the first whose place is no less than the share of all.
		after := func(percent int) time.Duration {
			return time.UnixMilli(int64(settled[(timing.Users*percent+99)/100-1])).Sub(timing.Started)
		}
		timing.Median, timing.P95, timing.Last = after(50), after(95), after(100)
	}
	return timing, r.wrap("read timing of", err)
}

// FirstSuccess is the server's Date of the first 2xx to a step that moves stamps: when the
// run began by the clock that sets them. It is zero for a run without any.
func (r *Run) FirstSuccess(ctx context.Context) (time.Time, error) {
	return first(ask(ctx, r, "read the first success of", alone[time.Time],
		"SELECT min(accepted_at) FROM marks WHERE run = $1 AND step IN ($2, $3) AND accepted_at <> 0", batch.Revoke, batch.Invalidate))
}
