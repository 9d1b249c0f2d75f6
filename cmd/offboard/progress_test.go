package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"offboard/batch"
)

// Without a terminal there is a line every ten seconds, later at longer intervals, and one
// at the end without what is over.
func TestProgress(t *testing.T) {
	for _, c := range []struct {
		name, stage string
		want        []string
	}{
		{"several steps", "writes", []string{
			"about 7 min 30 s left: 1 of 9,000 writes settled, 1 verified, 10.0 writes/s, pace 20/s: because\n",
			"2 of 9,000 writes settled, 2 verified, 10.0 writes/s\n"}},
		{"one step", "", []string{
			"about 7 min 30 s left: 1 of 9,000 settled, 1 verified, 10.0 users/s, pace 20/s: because\n",
			"2 of 9,000 settled, 2 verified, 10.0 users/s\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var buf bytes.Buffer
				p := &progress{w: &buf, stage: c.stage, total: 9000, left: func(int) time.Duration { return 450 * time.Second }}
				tell := func(verified, sent int) {
					p.Running(batch.Progress{Now: time.Now(), Counts: map[batch.Outcome]int{batch.Verified: verified}, Accepted: sent, Pace: batch.Pace{PerSecond: 20, Reason: "because"}})
				}
				tell(0, 0)
				time.Sleep(10 * time.Second)
				tell(1, 100)
				time.Sleep(10*time.Second - time.Millisecond)
				tell(2, 200)
				p.End()
				if got := buf.String(); got != strings.Join(c.want, "") {
					t.Errorf("got  %q\nwant %q", got, strings.Join(c.want, ""))
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		var buf bytes.Buffer
		p := &progress{w: &buf}
		for range 12 * 3600 {
			time.Sleep(time.Second)
			p.Planning(batch.Count{})
		}
		if n := strings.Count(buf.String(), "\n"); n < 80 || n > 120 {
			t.Errorf("%d lines in twelve hours", n)
		}
	})
}

// The block at a terminal has the time left first, and what it waits for in few words. No
// line is wider than the terminal, and from 60 columns on nothing is cut.
func TestBlock(t *testing.T) {
	now := time.Date(2026, 11, 27, 14, 29, 0, 0, time.Local)
	counts := map[batch.Outcome]int{batch.Verified: 41_000, batch.Ineffective: 1_200, batch.Denied: 300, batch.NotFound: 20, batch.GaveUp: 7}
	quota := batch.Pace{PerSecond: 20, Reason: "documented quota: 3,000 writes per 150 s, 2,767 left in it now"}
	refused := &batch.CallError{Err: &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}}
	down := batch.Trouble{What: "answers to revoke calls", Since: now.Add(-2 * time.Minute), Tries: 9, Err: refused, Next: now.Add(20 * time.Second), Until: now.Add(118 * time.Minute)}
	busy := down
	busy.Err = errors.New("every user of a call got: 503 serviceNotAvailable")
	stopped := make(chan struct{})
	close(stopped)
	for _, c := range []struct {
		name    string
		s       batch.Progress
		want    []string
		colours []colour
	}{
		{"going on", batch.Progress{Pace: quota, Proving: 40}, []string{
			"about 47 min 12 s left ███████████████░░░░░░░░░░░░░░░  50 %",
			"42,527 of 84,000 settled, 41,000 verified,",
			"40 awaiting proof",
			"not done: 1,200 ineffective, 20 not_found, 300 denied,",
			"7 gave_up",
			"pace 20/s: documented quota: 3,000 writes per 150 s, 2,767",
			"left in it now"}, []colour{plain, plain, plain, red, red, plain, plain}},
		{"quota", batch.Progress{Pace: batch.Pace{PerSecond: 20, Reason: "used up", Room: now.Add(2 * time.Minute)}}, []string{
			"waiting for the quota, 2 min 0 s"}, []colour{yellow}},
		{"pause", batch.Progress{Pace: batch.Pace{PerSecond: 20, Reason: "paused", Until: now.Add(90 * time.Second)}, Trouble: batch.Trouble{Said: "revoke: HTTP 429"}}, []string{
			"Graph asked to wait: 1 min 30 s, until 14:30:30"}, []colour{yellow}},
		{"outage", batch.Progress{Pace: quota, Trouble: down}, []string{
			"Graph does not answer: connection refused, since 14:27,",
			"next try in 20 s, gives up at 16:27"}, []colour{yellow, yellow}},
		{"errors", batch.Progress{Pace: quota, Trouble: busy}, []string{
			"Graph answers with errors: every user of a call got: 503",
			"serviceNotAvailable, since 14:27, next try in 20 s, gives",
			"up at 16:27"}, []colour{yellow, yellow, yellow}},
		{"stopping", batch.Progress{Pace: quota}, []string{
			"stopping: no new calls; those under way are awaited (stop",
			"again to end at once)"}, []colour{yellow, yellow}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, width := range []int{20, 40, 60, 100, 200} {
				var buf bytes.Buffer
				s := &screen{w: &buf, width: func() int { return width }}
				p := &progress{w: s, screen: s, colours: true, total: 84_000, left: func(int) time.Duration { return 47*time.Minute + 12*time.Second }}
				if c.name == "stopping" {
					p.stop = stopped
				}
				c.s.Counts = counts
				c.s.Now = now
				p.Running(c.s)
				view := p.latest()
				lines := view.block(min(width-1, widest), true)
				for _, l := range lines {
					if columns(l.text) >= width {
						t.Errorf("%d columns: %q has %d", width, l.text, columns(l.text))
					}
				}
				if width < 60 {
					continue
				}
				var got []string
				var painted []colour
				for _, l := range lines[max(0, len(lines)-len(c.want)):] {
					got, painted = append(got, l.text), append(painted, l.colour)
				}
				if !slices.Equal(got, c.want) || !slices.Equal(painted, c.colours) {
					t.Errorf("%d columns: got\n%s\nwant\n%s\ncolours %q", width, strings.Join(got, "\n"), strings.Join(c.want, "\n"), painted)
				}
				for _, l := range view.block(widest, false) {
					if l.colour != plain {
						t.Errorf("without colours %q is painted", l.text)
					}
				}
			}
		})
	}
}

// terminal keeps what a terminal shows of text and of the orders that a screen gives.
type terminal struct {
	rows [][]rune
	at   int // the row
	col  int
	wide int
}

func (m *terminal) Write(p []byte) (int, error) {
	s := string(p)
	for s != "" {
		for len(m.rows) <= m.at {
			m.rows = append(m.rows, nil)
		}
		order := func(o string) (is bool) { s, is = strings.CutPrefix(s, o); return is }
		switch {
		case order("\x1b[A"):
			m.at = max(0, m.at-1)
		case order("\x1b[J"):
			m.rows = m.rows[:m.at+1]
			m.rows[m.at] = m.rows[m.at][:min(m.col, len(m.rows[m.at]))]
		case order("\x1b[K"):
			m.rows[m.at] = m.rows[m.at][:min(m.col, len(m.rows[m.at]))]
		case order("\r"):
			m.col = 0
		case order("\n"):
			m.at, m.col = m.at+1, 0
		default:
			r, n := utf8.DecodeRuneInString(s)
			s = s[n:]
			if m.col == m.wide {
				m.at, m.col = m.at+1, 0
				m.rows = append(m.rows, nil)
			}
			m.rows[m.at] = append(m.rows[m.at][:m.col], r)
			m.col++
		}
	}
	return len(p), nil
}

// narrow wraps what is shown, as terminals do that become narrower.
func (m *terminal) narrow(wide int) {
	var all [][]rune
	for _, row := range m.rows {
		for len(row) > wide {
			all, row = append(all, row[:wide]), row[wide:]
		}
		all = append(all, row)
	}
	m.rows, m.at, m.wide = all, len(all)-1, wide
}

func (m *terminal) text() (lines []string) {
	for _, row := range m.rows {
		lines = append(lines, string(row))
	}
	return lines
}

// A block takes the place of the one before, whatever its size was and however the
// terminal was wrapped meanwhile, and never a line of anything else.
func TestScreen(t *testing.T) {
	m := &terminal{wide: 60}
	s := &screen{w: m, width: func() int { return m.wide }}
	block := func(lines ...string) {
		var all []painted
		for _, l := range lines {
			all = append(all, painted{l, plain})
		}
		s.draw(all)
	}
	fmt.Fprintln(s, "before")
	block("one", strings.Repeat("x", 59), "three")
	block("a", "b")
	fmt.Fprintln(s, "between")
	block(strings.Repeat("y", 59), strings.Repeat("z", 41))
	m.narrow(20)
	block("narrow")
	fmt.Fprintln(s, "after")
	if got, want := m.text(), []string{"before", "between", "after"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	block("last")
	if got := m.text(); !slices.Equal(got, []string{"before", "between", "after", "last"}) {
		t.Errorf("got %q", got)
	}
}

func TestWidths(t *testing.T) {
	if got := cut("日本語のエラー", 7); got != "日本語…" || columns(got) != 7 {
		t.Errorf("cut to %q", got)
	}
	if got := wrapped("ab cd efghijkl m n o p", 5, 3); !slices.Equal(got, []string{"ab cd", "efgh…", "m n …"}) {
		t.Errorf("wrapped to %q", got)
	}
}

// A line with a label hangs beside it, and nothing of it is lost.
func TestHung(t *testing.T) {
	for _, tt := range []struct{ say, want string }{
		{"users    3,601 to send, in the order of the file", "users    3,601 to send, in the\n         order of the file"},
		{"         2 more rows name one of them again and again", "         2 more rows name one of\n         them again and again"},
		{"users    3 to send", "users    3 to send"},
		{"note     to go on with it: offboard resume 20261127-033307-b14c", "note     to go on with it: offboard resume 20261127-033307-b14c"},
		{"a longer sentence that is no line with a label at all", "a longer sentence that is no line with a label at all"},
		{"input    /a/path/that/is/longer/than/one/line.csv, 3 rows", "input    /a/path/that/is/longer/than/one/line.csv, 3 rows"},
	} {
		if got := strings.Join(hung(tt.say, 35), "\n"); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// The end block is wrapped at words below its columns; commands and long words stay whole.
func TestFlowed(t *testing.T) {
	for _, c := range []struct {
		line string
		want []string
	}{
		{"       1  devices   the device is mastered on premises, and comes back", []string{
			"       1  devices   the device is",
			"                    mastered on",
			"                    premises, and comes",
			"                    back"}},
		{"Note: access tokens already issued work until they expire", []string{"Note: access tokens already issued work", "until they expire"}},
		{"          bo@contoso.com, disable: the reason is long", []string{"          bo@contoso.com, disable: the", "          reason is long"}},
		{"retry.csv holds those that another run may change, to run again: ./ob run retry.csv", nil},
		{"Resume with: ./ob resume 20261126-234340-9e39 --journal j.db", nil},
		{"Report    /a/directory/with/a/name/that/is/longer/than/this: report.html", nil},
		{"Revoke the sessions of 40 users now, and of no others? [y/N]", []string{"Revoke the sessions of 40 users now, and", "of no others? [y/N]"}},
		{"exit 3", nil},
	} {
		want := c.want
		if want == nil {
			want = []string{c.line}
		}
		if got := flowed(c.line, 40); !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// Where what is left can leave at once, the time left is not unknown.
func TestTimeLeftAtTheEnd(t *testing.T) {
	for _, c := range []struct {
		name string
		s    batch.Progress
		want string
	}{
		{"all may leave", batch.Progress{Accepted: 60, Counts: map[batch.Outcome]int{batch.Verified: 60}}, "seconds left: 60 of 100 writes for 3 people settled, 60 verified, 6.0 writes/s"},
		{"some were refused", batch.Progress{Accepted: 60, Waiting: 2, Counts: map[batch.Outcome]int{batch.Verified: 60}}, "60 of 100 writes for 3 people settled, 60 verified, 2 to be sent again, 6.0 writes/s"},
		{"proofs are awaited", batch.Progress{Accepted: 100, Proving: 40, Counts: map[batch.Outcome]int{batch.Verified: 60}}, "all sent: 60 of 100 writes for 3 people settled, 60 verified, 40 awaiting proof, 10.0 writes/s"},
		{"nothing was accepted", batch.Progress{}, "0 of 100 writes for 3 people settled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var buf bytes.Buffer
				p := &progress{w: &buf, stage: "writes for 3 people", total: 100, left: func(int) time.Duration { return 0 }}
				p.Running(batch.Progress{Now: time.Now()})
				time.Sleep(10 * time.Second)
				c.s.Now = time.Now()
				p.Running(c.s)
				if got := buf.String(); got != c.want+"\n" {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			})
		})
	}
}
