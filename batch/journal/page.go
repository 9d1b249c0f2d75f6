package journal

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"

	"offboard/batch"
)

// row is a row of the input as its table has it.
type row struct {
	seq  int
	same int // seq of the row that holds the user; 0: this one
	row  batch.Row
	user batch.User // zero for a duplicate
}

const rowColumns = "r.seq, r.line, r.input, r.cells, r.given_id, r.given_upn, r.same, " +
	"r.id, r.upn, r.type, r.enabled, r.synced, r.privileged, r.before"

func readRow(c *cells) row {
	k := row{seq: c.num()}
	k.row = batch.Row{Line: c.num(), Input: c.text(), Cells: texts(c), ID: c.text(), UPN: c.text()}
	k.same = c.num()
	k.user = batch.User{Seq: k.seq, ID: c.text(), UPN: c.text(), Type: c.text(),
		Enabled: c.flag(), Synced: c.flag(), Privileged: c.flag(), Before: c.time()}
	return k
}

// mark is the last word on a user, or with an Outcome of "" a trial.
type mark struct {
	batch.Record
	doubt bool
}

const markColumns = "m.seq, m.outcome, m.doubt, m.status, m.code, m.message, m.attempts, m.throttles, " +
	"m.sent_at, m.settled_at, m.accepted_at, m.after, m.request_id, m.reason"

func readMark(c *cells) (m mark) {
	m.Seq, m.Outcome, m.doubt = c.num(), outcome(c), c.flag()
	m.Status, m.Code, m.Message, m.Attempts, m.Throttles = c.num(), c.text(), c.text(), c.num(), c.num()
	m.SentAt, m.SettledAt, m.Accepted, m.After = c.time(), c.time(), c.time(), c.time()
	m.RequestID, m.Reason = c.text(), c.text()
	return m
}

// outcome is a word that a user can end with, or "" for a trial. The database
// holds the words too, in its schema, which may be what was damaged.
func outcome(c *cells) batch.Outcome {
	o := batch.Outcome(c.text())
	if o != "" && (o.Open() || !slices.Contains(batch.Outcomes[:], o)) {
		c.err = fmt.Errorf("%w: table marks: no user ends %q", ErrDamaged, o)
	}
	return o
}

// trial is what is known of a user without a record; a zero one if nothing is.
func (m mark) trial() batch.Trial {
	return batch.Trial{Seq: m.Seq, Attempts: m.Attempts, Throttles: m.Throttles, SentAt: m.SentAt, Doubt: m.doubt,
		Status: m.Status, Code: m.Code, Message: m.Message, RequestID: m.RequestID}
}

// openCalls reads the calls that are not over, by number.
func (r *Run) openCalls(ctx context.Context, db asker) (calls []batch.Call, err error) {
	err = each(ctx, db, func(c *cells) error {
		calls = append(calls, batch.Call{No: c.num(), App: c.text(), SentAt: c.time(), Seqs: fromJSON[int](c)})
		return nil
	}, "SELECT no, app, sent_at, seqs FROM calls WHERE run = ? AND over = 0 ORDER BY no", r.id)
	return calls, err
}

// page is some rows in their order, with all that is known of their users.
type page struct {
	rows  []row
	users map[int]row        // rows that hold the users of the page's duplicates
	marks []mark             // of all these
	at    map[int]int        // place in marks, by seq
	calls map[int]batch.Call // the last open call of each user who is in one
}

// pageRows is how many rows a reader holds at a time.
const pageRows = 1000

// pages reads the rows that the rest of a query selects, in order of seq, page
// by page. The rest begins behind "FROM rows r" and ends in conditions, and its
// arguments are given; the file and the plan are checked before.
//
// Between two pages nothing is open: a read transaction held over a whole run
// would keep the write-ahead log from being moved into the file, and let it
// grow without end. The body of the loop may write to the run.
func (r *Run) pages(ctx context.Context, what, rest string, args ...any) iter.Seq2[*page, error] {
	return func(yield func(*page, error) bool) {
		p := &page{users: map[int]row{}, at: map[int]int{}, calls: map[int]batch.Call{}}
		err := r.check(ctx)
		for last, full := 0, true; err == nil && full; full = len(p.rows) == pageRows {
			if err = r.ask(ctx, func(ctx context.Context, t *sql.Tx) error {
				return p.read(ctx, t, r, rest, append(args[:len(args):len(args)], last)...)
			}); err != nil || len(p.rows) == 0 {
				break
			}
			last = p.rows[len(p.rows)-1].seq
			if !yield(p, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, r.wrap("read "+what+" of", err))
		}
	}
}

func (p *page) read(ctx context.Context, t asker, r *Run, rest string, args ...any) error {
	p.rows, p.marks = p.rows[:0], p.marks[:0]
	clear(p.users)
	clear(p.at)
	clear(p.calls)
	dups := false
	err := each(ctx, t, func(c *cells) error {
		k := readRow(c)
		p.rows, dups = append(p.rows, k), dups || k.same != 0
		return nil
	}, "SELECT "+rowColumns+" FROM rows r "+rest+" AND r.seq > ? ORDER BY r.seq LIMIT ?", append(args, pageRows)...)
	if err != nil || len(p.rows) == 0 {
		return err
	}
	first, last := p.rows[0].seq, p.rows[len(p.rows)-1].seq
	note := func(c *cells) error {
		m := readMark(c)
		p.at[m.Seq], p.marks = len(p.marks), append(p.marks, m)
		return nil
	}
	err = each(ctx, t, note, "SELECT "+markColumns+" FROM marks m WHERE m.run = ? AND m.seq BETWEEN ? AND ? AND m.step = ? AND m.target = ''",
		r.id, first, last, r.step())
	if err != nil {
		return err
	}
	if dups {
		if err := each(ctx, t, func(c *cells) error {
			k := readRow(c)
			p.users[k.seq] = k
			return nil
		}, "SELECT "+rowColumns+" FROM rows d JOIN rows r ON r.run = d.run AND r.seq = d.same WHERE d.run = ? AND d.seq BETWEEN ? AND ? AND d.same <> 0",
			r.id, first, last); err != nil {
			return err
		}
		if err := each(ctx, t, note, "SELECT "+markColumns+" FROM rows d JOIN marks m ON m.run = d.run AND m.seq = d.same "+
			"WHERE d.run = ? AND d.seq BETWEEN ? AND ? AND d.same <> 0 AND m.step = ? AND m.target = ''", r.id, first, last, r.step()); err != nil {
			return err
		}
	}
	calls, err := r.openCalls(ctx, t)
	for _, k := range calls {
		for _, seq := range k.Seqs {
			p.calls[seq] = k
		}
	}
	return err
}

// mark is a zero one for a user of whom nothing is known.
func (p *page) mark(seq int) (m mark) {
	if i, ok := p.at[seq]; ok {
		m = p.marks[i]
	}
	return m
}

// line tells all that is known of a row. The map has the first line of a
// duplicate for each user who has any.
func (p *page) line(own row, first map[int]int) batch.Line {
	holder := own
	if h, ok := p.users[own.same]; ok {
		holder = h
	}
	l := batch.Line{Row: own.row, User: holder.user, First: holder.row.Line}
	if dup, ok := first[holder.seq]; ok && dup < l.First {
		l.First = dup
	}
	if l.First == own.row.Line {
		l.First = 0
	}
	m := p.mark(holder.seq)
	l.Record = m.Record
	if m.Outcome != "" {
		return l
	}
	l.Record.Seq = holder.seq
	call := p.calls[holder.seq]
	if call.No != 0 {
		l.Record.SentAt = call.SentAt
	}
	l.Record.Outcome, l.Record.Reason = soFar(l.Record, call.No, m.doubt)
	return l
}

// firstLines tells of each user who is named by duplicates the first of their
// lines.
func (r *Run) firstLines(ctx context.Context, db asker) (map[int]int, error) {
	first := map[int]int{}
	err := each(ctx, db, func(c *cells) error {
		first[c.num()] = c.num()
		return nil
	}, "SELECT same, min(line) FROM rows WHERE run = ? AND same <> 0 GROUP BY same", r.id)
	return first, err
}
