package batch

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"testing"
	"time"
)

func TestQueue(t *testing.T) {
	start := time.Unix(0, 0)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	user := func(seq int) task { return task{Item: Item{User: User{Seq: seq}}} }
	fresh := func(n int) source {
		next := 0
		return untilOver(func() (int, bool, error) { next++; return next, next <= n, nil }, user)
	}
	type step struct {
		at   int
		size int
		want string // Seqs taken
		next string // until the first waiting user
	}
	for _, c := range []struct {
		name    string
		fresh   int
		waiting map[int]int // Seq: due
		steps   []step
	}{
		{"fresh users in order", 5, nil, []step{{0, 2, "[1 2]", "none"}, {0, 2, "[3 4]", "none"}, {0, 2, "[5]", "none"}, {0, 2, "[]", "none"}}},
		{"waiting users before fresh ones", 3, map[int]int{9: 1}, []step{{0, 2, "[1 2]", "1s"}, {1, 2, "[9 3]", "none"}, {1, 1, "[]", "none"}}},
		{"packed with fresh ones", 3, map[int]int{8: 0, 9: 0}, []step{{0, 4, "[8 9 1 2]", "none"}, {0, 4, "[3]", "none"}}},
		{"not before they are due", 0, map[int]int{7: 3, 8: 2, 9: 9}, []step{{0, 9, "[]", "2s"}, {3, 9, "[8 7]", "6s"}, {10, 9, "[9]", "none"}}},
		{"by place when due together", 0, map[int]int{7: 1, 5: 1, 6: 1}, []step{{1, 2, "[5 6]", "0s"}, {1, 2, "[7]", "none"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := queue{fresh: fresh(c.fresh)}
			for seq, due := range c.waiting {
				t := user(seq)
				t.due = at(due)
				q.put(t)
			}
			for _, s := range c.steps {
				n, err := q.ready(at(s.at), s.size)
				if err != nil {
					t.Fatal(err)
				}
				got := []int{}
				for _, tk := range q.take(at(s.at), n) {
					got = append(got, tk.User.Seq)
				}
				next := "none"
				if d, ok := q.nextDue(at(s.at)); ok {
					next = d.String()
				}
				if fmt.Sprint(got) != s.want || next != s.next {
					t.Errorf("at %d s: took %v, next %s; want %s, next %s", s.at, got, next, s.want, s.next)
				}
			}
			if !q.empty() {
				t.Error("the queue is not empty at the end")
			}
		})
	}
}

// What is read ahead comes in order, with the error behind it, and nothing reads on when
// the one who pulls has stopped.
func TestPullAhead(t *testing.T) {
	broken := errors.New("broken")
	ended := false
	numbers := func(most int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			defer func() { ended = true }()
			for i := range most {
				if !yield(i, nil) {
					return
				}
			}
			yield(0, broken)
		}
	}
	next, stop := pullAhead(numbers(3 * pulledAhead))
	for want := range 3 * pulledAhead {
		if got, ok, err := next(); got != want || !ok || err != nil {
			t.Fatalf("got %d, %v, %v; want %d", got, ok, err, want)
		}
	}
	if _, ok, err := next(); ok || err != broken {
		t.Errorf("at the end: %v, %v", ok, err)
	}
	if _, ok, err := next(); ok || err != nil {
		t.Errorf("after the end: %v, %v", ok, err)
	}
	stop()

	ended = false
	next, stop = pullAhead(numbers(math.MaxInt))
	if got, ok, err := next(); got != 0 || !ok || err != nil {
		t.Errorf("got %d, %v, %v", got, ok, err)
	}
	if stop(); !ended {
		t.Error("it is read on after the stop")
	}
}
