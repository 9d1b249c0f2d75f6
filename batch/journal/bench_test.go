package journal

import (
	"context"
	goflag "flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"offboard/batch"
)

// fill plans n realistic users: one column of UPNs, resolved.
func fill(tb testing.TB, r *Run, n int) {
	tb.Helper()
	const group = 2000
	rows := make([]batch.Planned, 0, group)
	for seq := 1; seq <= n; seq++ {
		rows = append(rows, realistic(seq))
		if len(rows) == group || seq == n {
			if err := r.AddRows(tb.Context(), rows); err != nil {
				tb.Fatal(err)
			}
			rows = rows[:0]
		}
	}
}

var bench0 = time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC)

func realistic(seq int) batch.Planned {
	upn := fmt.Sprintf("givenname.familyname%06d@contoso.example", seq)
	return batch.Planned{
		Row: batch.Row{Line: seq + 1, Input: upn, Cells: []string{upn}},
		User: batch.User{Seq: seq, ID: guid(seq), UPN: upn, Type: "Member", Enabled: true,
			Stamp: bench0.Add(-time.Duration(seq) * time.Minute)},
	}
}

func guid(n int) string {
	x := uint64(n) * 0x9e3779b97f4a7c15
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(x), uint16(x>>32), uint16(x>>48)&0xfff, n&0xfff, x&0xffffffffffff)
}

func settled(seq, call int, o batch.Outcome) batch.Record {
	at := bench0.Add(time.Duration(call) * 100 * time.Millisecond)
	rec := batch.Record{Seq: seq, Outcome: o, Status: 200, Attempts: 1,
		SentAt: at, SettledAt: at.Add(1234 * time.Millisecond), Accepted: at.Truncate(time.Second),
		RequestID: fmt.Sprintf("%s/%d", guid(call), seq%20+1)}
	if o == batch.Verified {
		rec.After = at.Truncate(time.Second)
	}
	return rec
}

// settleAll writes as the runner does: groups of four calls, each entry ending
// the calls of the one before and intending its own.
func settleAll(tb testing.TB, r *Run, n int, o batch.Outcome) {
	tb.Helper()
	var e batch.Entry
	call := 0
	for seq := 1; seq <= n; {
		next := batch.Entry{}
		for range 4 {
			call++
			c := batch.Call{No: call, SentAt: bench0.Add(time.Duration(call) * 100 * time.Millisecond)}
			for ; len(c.Seqs) < 20 && seq <= n; seq++ {
				c.Seqs = append(c.Seqs, seq)
				next.Records = append(next.Records, settled(seq, call, o))
			}
			e.Calls = append(e.Calls, c)
			next.Over = append(next.Over, call)
			if seq > n {
				break
			}
		}
		if err := r.Write(tb.Context(), e); err != nil {
			tb.Fatal(err)
		}
		e = next
	}
	if err := r.Write(tb.Context(), e); err != nil {
		tb.Fatal(err)
	}
}

func benchRun(b *testing.B, n int) *Run {
	b.Helper()
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "journal.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	r, err := s.Create(b.Context(), batch.Plan{Run: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	fill(b, r, n)
	if n > 0 {
		seal(b, r, n)
	}
	return r
}

func seal(tb testing.TB, r *Run, n int) {
	tb.Helper()
	p := r.Plan()
	p.Rows, p.Users = n, n
	if err := r.Seal(tb.Context(), p); err != nil {
		tb.Fatal(err)
	}
	if err := r.SetState(tb.Context(), Running, ""); err != nil {
		tb.Fatal(err)
	}
}

func rate(b *testing.B, n int) {
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

const benchUsers = 100_000

func BenchmarkAddRows(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		r := benchRun(b, 0)
		b.StartTimer()
		fill(b, r, benchUsers)
	}
	rate(b, benchUsers)
}

func BenchmarkWrite(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		r := benchRun(b, benchUsers)
		b.StartTimer()
		settleAll(b, r, benchUsers, batch.Unverified)
	}
	rate(b, benchUsers)
}

// BenchmarkWriteTurn writes as a run's loop does when calls are quick: a turn
// ends one call of 20 users, with their records, and intends the next. With
// -benchtime=5000x every user has its turn once.
func BenchmarkWriteTurn(b *testing.B) {
	r := benchRun(b, benchUsers)
	const width = 8 // calls under way
	turns := make([]time.Duration, 0, b.N)
	entry := func(no int) batch.Entry {
		c := batch.Call{No: no, SentAt: bench0.Add(time.Duration(no) * 100 * time.Millisecond)}
		for k := range 20 {
			c.Seqs = append(c.Seqs, ((no-1)*20+k)%benchUsers+1)
		}
		e := batch.Entry{Calls: []batch.Call{c}}
		if over := no - width; over > 0 {
			e.Over = []int{over}
			for k := range 20 {
				e.Records = append(e.Records, settled(((over-1)*20+k)%benchUsers+1, over, batch.Unverified))
			}
		}
		return e
	}
	no := 0
	for ; no < width; no++ {
		if err := r.Write(b.Context(), entry(no+1)); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		no++
		e := entry(no)
		start := time.Now()
		if err := r.Write(b.Context(), e); err != nil {
			b.Fatal(err)
		}
		turns = append(turns, time.Since(start))
	}
	slices.Sort(turns)
	for name, at := range map[string]int{"p50-us": 50, "p99-us": 99} {
		b.ReportMetric(float64(turns[len(turns)*at/100].Microseconds()), name)
	}
	rate(b, 20)
}

func BenchmarkRead(b *testing.B) {
	r := benchRun(b, benchUsers)
	ctx := b.Context()
	b.Run("Pending", func(b *testing.B) {
		for b.Loop() {
			count(b, r.Pending(ctx), benchUsers)
		}
		rate(b, benchUsers)
	})
	settleAll(b, r, benchUsers, batch.Unverified)
	must(b, r.SetState(ctx, Running, ""))
	b.Run("Unproven", func(b *testing.B) {
		for b.Loop() {
			count(b, r.Unproven(ctx), benchUsers)
		}
		rate(b, benchUsers)
	})
	b.Run("Lines", func(b *testing.B) {
		for b.Loop() {
			count(b, r.Lines(ctx), benchUsers)
		}
		rate(b, benchUsers)
	})
	b.Run("Summary", func(b *testing.B) {
		for b.Loop() {
			if _, err := r.Summary(ctx); err != nil {
				b.Fatal(err)
			}
		}
		rate(b, benchUsers)
	})
	b.Run("PendingNone", func(b *testing.B) {
		for b.Loop() {
			count(b, r.Pending(ctx), 0)
		}
		rate(b, benchUsers)
	})
}

func count[T any](tb testing.TB, seq func(func(T, error) bool), want int) {
	tb.Helper()
	n := 0
	for _, err := range seq {
		if err != nil {
			tb.Fatal(err)
		}
		n++
	}
	if n != want {
		tb.Fatalf("%d rows, want %d", n, want)
	}
}

// BenchmarkSize plans, sends and verifies, and tells what a user takes in the
// file.
func BenchmarkSize(b *testing.B) {
	for b.Loop() {
		r := benchRun(b, benchUsers)
		settleAll(b, r, benchUsers, batch.Unverified)
		for seq := 1; seq <= benchUsers; seq += 100 {
			var e batch.Entry
			for i := range 100 {
				e.Records = append(e.Records, settled(seq+i, (seq+i-1)/20+1, batch.Verified))
			}
			if err := r.Write(context.Background(), e); err != nil {
				b.Fatal(err)
			}
		}
		path := r.s.path
		if err := r.s.Close(); err != nil {
			b.Fatal(err)
		}
		fi, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(fi.Size())/benchUsers, "bytes/user")
		if keep := os.Getenv("KEEP_JOURNAL"); keep != "" {
			os.Rename(path, keep)
		}
	}
}

var firstUsers = goflag.Int("users", benchUsers, "BenchmarkFirst: how many users the run has, a third of them settled")

// BenchmarkFirst opens a journal and waits for the first pending user, as a
// resume does, and tells how much of that are the checks, one by one.
func BenchmarkFirst(b *testing.B) {
	n := *firstUsers
	r := benchRun(b, n)
	settleAll(b, r, n/3, batch.Unverified)
	path := r.s.path
	if err := r.s.Close(); err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	took := func(name string, f func() error) {
		start := time.Now()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(start).Milliseconds()), name)
	}
	for b.Loop() {
		s, err := Open(ctx, path)
		if err != nil {
			b.Fatal(err)
		}
		if r, err = s.Run(ctx, ""); err != nil {
			b.Fatal(err)
		}
		took("quick-ms", func() error { return s.read(ctx, s.check) })
		took("digest-ms", func() error { return r.read(ctx, r.checkPlan) })
		took("both-ms", func() error { return r.check(ctx) })
		took("left-ms", func() error { _, _, err := r.Remaining(ctx); return err })
		took("first-ms", func() error {
			for _, err := range r.Pending(ctx) {
				return err
			}
			return nil
		})
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
