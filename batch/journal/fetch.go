package journal

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"offboard/batch"
)

// row is a row of the input as its table has it.
type row struct {
	seq  int
	row  batch.Row
	user batch.User // but for a duplicate, the one that it names
	same int        // seq of the row that holds the user; 0: this one
}

// call is a call as its table has it.
type call struct {
	batch.Call // with the users while it is open
	users      int
	over       int64
	open       bool
}

// page is what the journal knows of some rows, each list ordered by seq.
type page struct {
	rows    []row
	records []batch.Record
	trials  []batch.Trial
	calls   map[int]batch.Call // the last open call of each user who is in one
	settled []uint8            // by seq: not 0 for who surely has a record
	orphans map[int]bool       // as in the census
}

// read reads all that there is on the rows given, in one read transaction.
// Each of them has to be there.
func (p *page) read(ctx context.Context, t asker, run int64, seqs []int) error {
	p.rows, p.records, p.trials = p.rows[:0], p.records[:0], p.trials[:0]
	if err := p.readRows(ctx, t, run, seqs); err != nil {
		return err
	}
	users := seqs
	if away := p.usersElsewhere(); len(away) > 0 {
		if err := p.readRows(ctx, t, run, away); err != nil {
			return err
		}
		slices.SortFunc(p.rows, func(a, b row) int { return a.seq - b.seq })
		users = make([]int, len(p.rows))
		for i := range p.rows {
			users[i] = p.rows[i].seq
		}
	}
	for _, read := range []func(context.Context, asker, int64, []int) error{p.readRecords, p.readTrials, p.readOpen} {
		if err := read(ctx, t, run, users); err != nil {
			return err
		}
	}
	for i := range p.rows {
		if seq := p.rows[i].seq; p.rows[i].same == 0 && seq < len(p.settled) && p.settled[seq] != 0 && p.record(seq) == nil {
			return fmt.Errorf("%w: table records, row %d: it is missing", ErrDamaged, seq)
		}
	}
	return nil
}

// usersElsewhere are the rows that hold the users of duplicates on this page,
// and are not on it.
func (p *page) usersElsewhere() (seqs []int) {
	for i := range p.rows {
		if same := p.rows[i].same; same != 0 && p.row(same) == nil {
			seqs = append(seqs, same)
		}
	}
	slices.Sort(seqs)
	return slices.Compact(seqs)
}

func (p *page) readRows(ctx context.Context, t asker, run int64, seqs []int) error {
	last := 0 // of those read
	err := readOf(ctx, t, rowsTable, run, seqs, func(c *cells) error {
		k, err := readRow(c)
		if want := seqs[last]; k.seq != want {
			return fmt.Errorf("%w: table rows, row %d: it is missing", ErrDamaged, want)
		}
		if p.orphans[k.seq] {
			k.same = 0
		}
		p.rows, last = append(p.rows, k), last+1
		return err
	})
	if err == nil && last < len(seqs) {
		err = fmt.Errorf("%w: table rows, row %d: it is missing", ErrDamaged, seqs[last])
	}
	return err
}

func (p *page) readRecords(ctx context.Context, t asker, run int64, seqs []int) error {
	return readOf(ctx, t, recordsTable, run, seqs, func(c *cells) error {
		p.records = append(p.records, readRecord(c))
		return nil
	})
}

func (p *page) readTrials(ctx context.Context, t asker, run int64, seqs []int) error {
	return readOf(ctx, t, trialsTable, run, seqs, func(c *cells) error {
		p.trials = append(p.trials, readTrial(c))
		return nil
	})
}

// readOf calls f with what a table has on some users, whose seqs ascend, and on
// nobody else.
func readOf(ctx context.Context, t asker, of *table, run int64, seqs []int, f func(*cells) error) error {
	rest, args, err := of.of(run, seqs)
	if err != nil {
		return err
	}
	return of.each(ctx, t, func(c *cells) error {
		key, _ := c.vals[of.keys-1].(int64)
		for len(seqs) > 0 && seqs[0] < int(key) {
			seqs = seqs[1:]
		}
		if len(seqs) == 0 || seqs[0] != int(key) {
			return nil
		}
		return f(c)
	}, rest, args...)
}

// readOpen reads the calls that are not over, if anybody here may be in one.
func (p *page) readOpen(ctx context.Context, t asker, run int64, users []int) error {
	clear(p.calls)
	if len(p.records) == len(users) {
		return nil
	}
	tally, _, _, err := readTally(ctx, t, run, nil)
	if err != nil || tally.of[countOpen] == (total{}) {
		return err
	}
	if p.calls == nil {
		p.calls = map[int]batch.Call{}
	}
	var found total
	err = callsTable.each(ctx, t, func(c *cells) error {
		k, err := readCall(c)
		for _, seq := range k.Seqs {
			p.calls[seq] = k.Call
		}
		found[0]++
		found[1] += k.No
		return err
	}, ofRun+" AND over = 0 ORDER BY no", run)
	if err != nil {
		return err
	}
	return tally.wantOnly(countOpen, found)
}

func (p *page) row(seq int) *row {
	return find(p.rows, seq, func(k *row) int { return k.seq })
}

func (p *page) record(seq int) *batch.Record {
	return find(p.records, seq, func(k *batch.Record) int { return k.Seq })
}

// trial is a zero one for who has none.
func (p *page) trial(seq int) (t batch.Trial) {
	if k := find(p.trials, seq, func(k *batch.Trial) int { return k.Seq }); k != nil {
		t = *k
	}
	return t
}

// find looks for what is of a seq in a list ordered by it; nil when there is
// none. Mostly no seq is left out of the list.
func find[T any](list []T, seq int, of func(*T) int) *T {
	if len(list) == 0 {
		return nil
	}
	i := seq - of(&list[0])
	if i < 0 || i >= len(list) || of(&list[i]) != seq {
		i = sort.Search(len(list), func(i int) bool { return of(&list[i]) >= seq })
	}
	if i == len(list) || of(&list[i]) != seq {
		return nil
	}
	return &list[i]
}

// readRow reads a row of the input, from its seq on.
func readRow(c *cells) (row, error) {
	k := row{seq: c.num()}
	k.row = batch.Row{Line: c.num(), Input: c.text()}
	list, id, upn := c.take(), c.take(), c.take()
	k.row.ID, k.row.UPN = unpack(id, batch.LowerASCII(k.row.Input), ""), unpack(upn, "", k.row.Input)
	k.same = c.num()
	id, upn = c.take(), c.take()
	k.user = batch.User{Seq: k.seq, ID: unpack(id, k.row.ID, ""), UPN: unpack(upn, k.row.UPN, k.row.Input), Type: c.text(),
		Enabled: c.flag(), Synced: c.flag(), Before: c.time(), Privileged: c.flag()}
	var err error
	k.row.Cells, err = unpackCells(list, &k.row)
	return k, err
}

func readRecord(c *cells) batch.Record {
	return batch.Record{Seq: c.num(), Outcome: batch.Outcome(c.text()), Status: c.num(), Code: c.text(), Message: c.text(),
		Attempts: c.num(), Throttles: c.num(), SentAt: c.time(), SettledAt: c.time(),
		Accepted: c.time(), After: c.time(), RequestID: c.text(), Reason: c.text()}
}

func readTrial(c *cells) batch.Trial {
	return batch.Trial{Seq: c.num(), Attempts: c.num(), Throttles: c.num(), SentAt: c.time(), Doubt: c.flag(),
		Status: c.num(), Code: c.text(), Message: c.text(), RequestID: c.text()}
}

func readCall(c *cells) (call, error) {
	k := call{Call: batch.Call{No: c.num(), App: c.text(), SentAt: c.time()}, users: c.num(), over: c.num64()}
	k.open = k.over == 0
	list := c.text()
	if !k.open {
		return k, nil
	}
	var err error
	k.Seqs, err = fromJSON[int](list)
	return k, err
}
