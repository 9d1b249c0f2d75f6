package batch

import (
	"container/heap"
	"iter"
	"time"
)

// ChunkSize is how many users travel in one call: the most that Microsoft
// Graph takes in a JSON batch (Microsoft Graph documentation, JSON batching).
const ChunkSize = 20

// task is an item on the way through a lane.
type task struct {
	Item
	trial  Trial
	due    time.Time // not before
	single bool      // in trouble while others were answered: the trouble is this user's own
	alone  bool      // the next call carries no other user: one of those of the last call made it fail
	denied []*lane   // the apps that refused the user with 403
	home   *queue    // where the user waits, when it is not the lane's queue
	hint   string    // added to the reason of a refusal
	reread *reread   // verify: it is read whether a write is done, before it is sent again or its refusal is believed
	until  time.Time // verify: the last moment for proof
	record Record    // verify: what is said if no proof comes
	polls  int       // verify: reads so far

	retraction *retraction // verify: what was proven, and a later read shows otherwise
}

// queue gives the fullest chunk that is due, or how long until one is. Halves of
// calls that failed travel first, as they are. Waiting users come before fresh ones:
// they have been promised a time.
type queue struct {
	halves  []half // in the order in which they are due
	waiting waitHeap
	fresh   source // nil when there are none
	head    []task // pulled from fresh, not yet taken
}

// source gives the next fresh user. When ok is false, more says whether there may be
// one later.
type source func() (t task, ok, more bool, err error)

// half is a part of a call that failed because of one of its users.
type half struct {
	due   time.Time
	tasks []task
}

// ready pulls until size users are due, or none is left to pull.
func (q *queue) ready(now time.Time, size int) (int, error) {
	if q.halved(now) {
		return len(q.halves[0].tasks), nil
	}
	n := q.waiting.due(now, size)
	for n+len(q.head) < size && q.fresh != nil {
		t, ok, more, err := q.fresh()
		if err != nil {
			return 0, err
		}
		if !ok {
			if !more {
				q.fresh = nil
			}
			break
		}
		q.head = append(q.head, t)
	}
	return min(size, n+len(q.head)), nil
}

// take removes size users; call it with what ready gave, at the same time.
func (q *queue) take(now time.Time, size int) []task {
	if q.halved(now) {
		h := q.halves[0]
		q.halves = q.halves[1:]
		return h.tasks
	}
	chunk := make([]task, 0, size)
	for len(chunk) < size && len(q.waiting) > 0 && !q.waiting[0].due.After(now) {
		chunk = append(chunk, *heap.Pop(&q.waiting).(*task))
	}
	n := min(size-len(chunk), len(q.head))
	chunk = append(chunk, q.head[:n]...)
	q.head = q.head[:copy(q.head, q.head[n:])]
	return chunk
}

// halved reports whether the next call is half of one that failed.
func (q *queue) halved(now time.Time) bool { return len(q.halves) > 0 && !q.halves[0].due.After(now) }

// put makes t wait until it is due.
func (q *queue) put(t task) { heap.Push(&q.waiting, &t) }

// split makes two calls of one.
func (q *queue) split(due time.Time, tasks []task) {
	n := len(tasks) / 2
	q.halve(due, tasks[:n:n])
	q.halve(due, tasks[n:])
}

// halve makes a call of the tasks. Due is no earlier than that of the halves before.
func (q *queue) halve(due time.Time, tasks []task) {
	if n := len(q.halves); n > 0 && q.halves[n-1].due.After(due) {
		due = q.halves[n-1].due
	}
	q.halves = append(q.halves, half{due, tasks})
}

// nextDue is how long until the first waiting user is due; ok is false when none waits.
func (q *queue) nextDue(now time.Time) (wait time.Duration, ok bool) {
	if len(q.waiting) > 0 {
		wait, ok = q.waiting[0].due.Sub(now), true
	}
	if len(q.halves) > 0 {
		if d := q.halves[0].due.Sub(now); !ok || d < wait {
			wait, ok = d, true
		}
	}
	return max(0, wait), ok
}

// waitingTasks lists the users who wait until they are due: those put back after an
// answer, and those of halved calls.
func (q *queue) waitingTasks() []task {
	all := make([]task, 0, len(q.waiting))
	for _, t := range q.waiting {
		all = append(all, *t)
	}
	for _, h := range q.halves {
		all = append(all, h.tasks...)
	}
	return all
}

// waitingCount counts them.
func (q *queue) waitingCount() int {
	n := len(q.waiting)
	for _, h := range q.halves {
		n += len(h.tasks)
	}
	return n
}

// empty reports whether no user is left, waiting or fresh.
func (q *queue) empty() bool {
	return len(q.halves) == 0 && len(q.waiting) == 0 && len(q.head) == 0 && q.fresh == nil
}

// waitHeap orders by time due, then by place in the plan. A task is large, so that
// pointers are swapped.
type waitHeap []*task

func (h waitHeap) Len() int { return len(h) }
func (h waitHeap) Less(i, j int) bool {
	if !h[i].due.Equal(h[j].due) {
		return h[i].due.Before(h[j].due)
	}
	return h[i].User.Seq < h[j].User.Seq
}
func (h waitHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *waitHeap) Push(x any)   { *h = append(*h, x.(*task)) }
func (h *waitHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return t
}

// due counts the users due now, up to most.
func (h waitHeap) due(now time.Time, most int) int {
	return h.dueFrom(0, now, most)
}

// dueFrom walks the heap from i, and only into branches whose root is due.
func (h waitHeap) dueFrom(i int, now time.Time, most int) int {
	if most <= 0 || i >= len(h) || h[i].due.After(now) {
		return 0
	}
	n := 1
	n += h.dueFrom(2*i+1, now, most-n)
	if n < most {
		n += h.dueFrom(2*i+2, now, most-n)
	}
	return n
}

// pull turns an iterator around, and joins its error to its values.
func pull[T any](seq iter.Seq2[T, error]) (func() (T, bool, error), func()) {
	next, stop := iter.Pull2(seq)
	return func() (T, bool, error) {
		v, err, ok := next()
		return v, ok && err == nil, err
	}, stop
}

// pulledAhead is how many values pullAhead has ready. The journal reads a thousand users at
// once, and the loop goes on meanwhile.
const pulledAhead = 500

// pullAhead is pull for an iterator that may run in a goroutine of its own, ahead of the
// one that pulls. The stop function waits for that goroutine.
func pullAhead[T any](seq iter.Seq2[T, error]) (next func() (T, bool, error), stop func()) {
	type item struct {
		value T
		err   error
	}
	items, stopped := make(chan item, pulledAhead), make(chan struct{})
	go func() {
		defer close(items)
		for value, err := range seq {
			select {
			case items <- item{value, err}:
			case <-stopped:
				return
			}
		}
	}()
	next = func() (T, bool, error) {
		i, ok := <-items
		return i.value, ok && i.err == nil, i.err
	}
	return next, func() {
		close(stopped)
		for range items { // until the goroutine has ended
		}
	}
}

// untilOver is the source of values that come one after the other until they are over.
func untilOver[T any](next func() (T, bool, error), asTask func(T) task) source {
	return func() (task, bool, bool, error) {
		v, ok, err := next()
		if err != nil || !ok {
			return task{}, false, false, err
		}
		return asTask(v), true, true, nil
	}
}
