package batch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// shelves list what users have: replies by user, list and page, in the order in which
// they are asked; the last one stays.
type shelves struct {
	pages map[string][]Reply // "user list page"
	asked map[string]int
}

func (s *shelves) List(ctx context.Context, items []Item) ([]Reply, error) {
	select {
	case <-time.After(10 * time.Millisecond):
	case <-ctx.Done():
		return nil, &CallError{Err: context.Cause(ctx)}
	}
	replies := make([]Reply, len(items))
	for i, it := range items {
		key := strings.TrimSpace(fmt.Sprint(it.User.ID[7:8], " ", it.Step, " ", it.Target.ID))
		n := s.asked[key] // one worker, so no lock
		s.asked[key]++
		replies[i] = Reply{Status: 200}
		if p := s.pages[key]; len(p) > 0 {
			replies[i] = p[min(n, len(p)-1)]
		}
	}
	return replies, nil
}

// page is one page of a list.
func page(more string, targets ...Target) Reply {
	return Reply{Status: 200, Targets: targets, More: more}
}

// planned is the plan of users a, b and c: "a: devices 1; revoke already".
func plannedOf(t *testing.T, steps []Step, s *shelves, change func(*Planner, map[string]User)) (map[string]string, Count, error) {
	s.asked = map[string]int{}
	users := map[string]User{}
	for _, id := range []string{ada, bob, cleo} {
		users[id] = User{ID: id, UPN: id[7:8] + "@x.example", Type: Member, Enabled: true, Licences: "[]", Stamp: time.Now().Add(-time.Hour), PasswordSet: time.Now().Add(-time.Hour)}
	}
	got := map[string]string{}
	p := &Planner{
		Steps: steps, Directory: &phonebook{asked: map[string]int{}, users: users}, Lister: s,
		Reads: openGate{1}, Concurrency: 1, Retry: DefaultRetry, CallTimeout: time.Minute, Outage: time.Hour, Rows: rowsOf(Row{ID: ada}, Row{ID: bob}, Row{ID: cleo}),
		Add: func(_ context.Context, planned []Planned) error {
			for _, pl := range planned {
				var words []string
				for _, tg := range pl.Targets {
					words = append(words, strings.TrimSpace(string(tg.Step)+" "+tg.ID))
				}
				for _, r := range pl.Records {
					if r.Seq != pl.User.Seq || r.SettledAt.IsZero() {
						t.Errorf("a record of a step: %+v", r)
					}
					words = append(words, fmt.Sprint(r.Mark().Step, " ", r.Target, " ", r.Outcome))
				}
				if pl.Record != nil {
					words = append(words, string(pl.Record.Outcome))
				}
				if old, twice := got[pl.User.ID[7:8]]; twice {
					t.Errorf("user %s is planned twice: %s", pl.User.ID, old)
				}
				got[pl.User.ID[7:8]] = strings.Join(words, ", ")
			}
			return nil
		},
	}
	if change != nil {
		change(p, users)
	}
	count, err := p.Plan(t.Context())
	return got, count, err
}

// Lists are read whole, each thing once, and what cannot be listed fails that step of that
// user alone.
func TestPlanLists(t *testing.T) {
	d := func(ids ...string) (all []Target) {
		for _, id := range ids {
			all = append(all, Target{Step: Devices, ID: id, Kind: "Windows", Before: StateEnabled})
		}
		return all
	}
	g := func(id string) Target { return Target{Step: Groups, ID: id} }
	for _, c := range []struct {
		name   string
		steps  []Step
		pages  map[string][]Reply
		change func(*Planner, map[string]User)
		want   map[string]string
		writes int
	}{
		{"nothing listed", []Step{Disable, Devices}, nil, nil, map[string]string{"a": "", "b": "", "c": ""}, 3},
		{"three pages, and a device on two of them", []Step{Devices}, map[string][]Reply{
			"a devices": {page("2", d("1", "2")...)}, "a devices 2": {page("3", d("2", "3")...)}, "a devices 3": {page("", d("1")...)}, "b devices": {page("", d("9")...)}}, nil,
			map[string]string{"a": "devices 1, devices 2, devices 3", "b": "devices 9", "c": ""}, 4},
		{"both lists of one user", []Step{Devices, Groups}, map[string][]Reply{"a devices": {page("", d("1")...)}, "a groups": {page("", g("x"))}}, nil,
			map[string]string{"a": "devices 1, groups x", "b": "", "c": ""}, 2},
		{"licences read the groups", []Step{Licences}, map[string][]Reply{"b groups": {page("", g("x"), Target{Step: Groups, ID: "l", GivesLicences: true})}}, nil,
			map[string]string{"a": "", "b": "licences l", "c": ""}, 1},
		{"links that lead to one another", []Step{Disable, Devices}, map[string][]Reply{"b devices": {page("2", d("1")...)}, "b devices 2": {page("3")}, "b devices 3": {page("2")}}, nil,
			map[string]string{"a": "", "b": "devices, devices  gave_up", "c": ""}, 3},
		{"a list that is refused for one user", []Step{Disable, Devices, Groups}, map[string][]Reply{"b devices": {{Status: 403}}, "b groups": {page("", g("x"))}, "a devices": {page("", d("1")...)}}, nil,
			map[string]string{"a": "devices 1", "b": "devices, groups x, devices  denied", "c": ""}, 5},
		{"a second page that is refused", []Step{Disable, Devices}, map[string][]Reply{"b devices": {page("2", d("1")...)}, "b devices 2": {{Status: 404}}}, nil,
			map[string]string{"a": "", "b": "devices, devices  failed", "c": ""}, 3},
		{"trouble that ends", []Step{Devices}, map[string][]Reply{"a devices": {{Status: 503}, {Status: 429, RetryAfter: time.Second}, {}, page("", d("1")...)}}, nil,
			map[string]string{"a": "devices 1", "b": "", "c": ""}, 1},
		{"trouble that lasts", []Step{Devices}, map[string][]Reply{"a devices": {{Status: 503}}}, nil,
			map[string]string{"a": "devices, devices  gave_up", "b": "", "c": ""}, 0},
		{"users who ended are not listed", []Step{Devices}, map[string][]Reply{"a devices": {page("", d("1")...)}, "b devices": {page("", d("2")...)}}, func(p *Planner, _ map[string]User) {
			p.Spare.IDs = map[string]string{ada: "kept"}
		}, map[string]string{"a": "protected", "b": "devices 2", "c": ""}, 1},
		{"--since proves the revocation alone", []Step{Disable, Revoke, Devices}, map[string][]Reply{"a devices": {page("", d("1")...)}}, func(p *Planner, users map[string]User) {
			p.Spare.Since = time.Now().Add(-2 * time.Hour)
			u := users[bob]
			u.Stamp = u.Stamp.Add(-2 * time.Hour)
			users[bob] = u
		}, map[string]string{"a": "devices 1, revoke  already", "b": "", "c": "revoke  already"}, 3 + 1 + 1},
		{"--since with a date on the row proves nothing", []Step{Disable, Revoke}, nil, func(p *Planner, _ map[string]User) {
			p.Spare.Since = time.Now().Add(-2 * time.Hour)
			p.Rows = rowsOf(Row{ID: ada, From: time.Now().Add(-90 * time.Minute)}, Row{ID: bob})
		}, map[string]string{"a": "", "b": "revoke  already"}, 3},
		{"--since with the one step revoke ends the user", []Step{Revoke}, nil, func(p *Planner, _ map[string]User) { p.Spare.Since = time.Now().Add(-2 * time.Hour) },
			map[string]string{"a": "already", "b": "already", "c": "already"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, count, err := plannedOf(t, c.steps, &shelves{pages: c.pages}, c.change)
				if err != nil || !maps.Equal(got, c.want) || count.Writes != c.writes {
					t.Errorf("planned %v, %d writes, error %v;\nwant %v, %d writes", got, count.Writes, err, c.want, c.writes)
				}
			})
		})
	}
}

// A list that is refused for all ends the planning with the permission that it takes.
func TestPlanListsRefused(t *testing.T) {
	no := []Reply{{Status: 403, Code: "Authorization_RequestDenied"}}
	for list, needs := range map[Step]string{Devices: "Device.Read.All", Groups: "Directory.Read.All"} {
		synctest.Test(t, func(t *testing.T) {
			s := &shelves{pages: map[string][]Reply{}}
			for _, u := range []string{"a", "b", "c"} {
				s.pages[u+" "+string(list)] = no
			}
			_, _, err := plannedOf(t, []Step{Disable, Devices, Groups}, s, nil)
			if !errors.Is(err, ErrPermission) || !strings.HasSuffix(err.Error(), "the app lacks the Graph permission "+needs) {
				t.Errorf("%s: ended with %v", list, err)
			}
		})
	}
}

// Steps that write to what a list says are not planned without a list: the users would
// look as if they had nothing.
func TestPlanWithoutLists(t *testing.T) {
	for name, change := range map[string]func(*Planner, map[string]User){
		"no lister":    func(p *Planner, _ map[string]User) { p.Lister = nil },
		"no directory": func(p *Planner, _ map[string]User) { p.Directory = nil },
	} {
		synctest.Test(t, func(t *testing.T) {
			if got, _, err := plannedOf(t, []Step{Disable, Groups}, &shelves{}, change); err == nil || len(got) > 0 {
				t.Errorf("%s: planned %v, error %v", name, got, err)
			}
			if got, _, err := plannedOf(t, []Step{Disable, Revoke}, &shelves{}, change); err != nil || len(got) != 3 {
				t.Errorf("%s, and no list needed: planned %v, error %v", name, got, err)
			}
		})
	}
}

// One user's list that Graph never gives delays nobody else, and the plan only for as long
// as its own retries take, which run beside the others.
func TestOneBrokenList(t *testing.T) {
	const users = 1000
	plan := func(t *testing.T, broken string) (took, othersTook time.Duration, n Count, ended Record) {
		book, rows := map[string]User{}, []Row{}
		for i := range users {
			id := fmt.Sprintf("%08x-0000-4000-8000-000000000000", i+1)
			book[id] = User{ID: id, UPN: id[:8] + "@x.example", Type: Member, Enabled: true}
			rows = append(rows, Row{ID: id})
		}
		lists := &aisles{broken: broken}
		began := time.Now()
		p := &Planner{
			Steps: Emergency, Directory: &phonebook{asked: map[string]int{}, users: book}, Lister: lists,
			Reads: openGate{1}, Concurrency: 1, Retry: DefaultRetry, CallTimeout: time.Minute, Outage: time.Hour, Rows: rowsOf(rows...),
			Add: func(_ context.Context, planned []Planned) error {
				for _, pl := range planned {
					for _, r := range pl.Records {
						ended = r
					}
				}
				return nil
			},
		}
		n, err := p.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return time.Since(began), lists.last.Sub(began), n, ended
	}
	synctest.Test(t, func(t *testing.T) {
		healthy, _, n, _ := plan(t, "")
		if n.Users != users || n.Idle != 0 {
			t.Fatalf("%+v", n)
		}
		took, others, n, ended := plan(t, "00000007-0000-4000-8000-000000000000")
		t.Logf("healthy %v, with a broken list %v, all others %v", healthy, took, others)
		if n.Users != users || ended.Step != Devices || ended.Outcome != GaveUp || !strings.Contains(ended.Reason, "10 attempts") {
			t.Errorf("%d users, and the broken one ended %+v", n.Users, ended)
		}
		if most := healthy + time.Second; others > most {
			t.Errorf("all others took %v, want %v", others, most)
		}
		if most := healthy + 35*time.Second; took > most {
			t.Errorf("it took %v, want %v", took, most)
		}
	})
}

// aisles are the lists of many users, each with one device. One user's are never given.
type aisles struct {
	broken string
	last   time.Time // when the last other user was answered
}

func (a *aisles) List(_ context.Context, items []Item) ([]Reply, error) {
	time.Sleep(10 * time.Millisecond)
	replies := make([]Reply, len(items))
	for i, it := range items {
		if it.User.ID == a.broken {
			replies[i] = Reply{Status: 500, Code: "InternalServerError"}
			continue
		}
		a.last = time.Now()
		replies[i] = page("", Target{Step: it.Step, ID: "d" + it.User.ID, Kind: "Windows", Before: StateEnabled})
	}
	return replies, nil
}
