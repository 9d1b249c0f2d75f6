package batch

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSpare(t *testing.T) {
	since := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	s := Spare{
		IDs:   map[string]string{ada: "protected by line 3 of protect.txt"},
		Names: []string{"breakglass-*@x.example", "Exact@X.example"},
		Roles: map[string]string{bob: "Global Administrator"},
		Since: since,
	}
	strict := s
	strict.Admin = true
	last := Spare{Last: map[string]time.Time{cleo: since}}
	for _, c := range []struct {
		name  string
		spare Spare
		user  User
		from  time.Time
		want  string // outcome and the beginning of the reason
	}{
		{"by id", s, User{ID: ada, UPN: "a@x.example"}, time.Time{}, "protected protected by line 3"},
		{"by id in capitals", s, User{ID: strings.ToUpper(ada)}, time.Time{}, "protected protected by line 3"},
		{"by pattern", s, User{ID: cleo, UPN: "BreakGlass-1@x.Example"}, time.Time{}, "protected protected as breakglass-*@x.example"},
		{"by a name without a pattern", s, User{ID: cleo, UPN: "exact@x.example"}, time.Time{}, "protected protected as Exact@X.example"},
		{"nearly a pattern", s, User{ID: cleo, UPN: "breakglass-1@x.example.evil"}, time.Time{}, ""},
		{"letters that only look alike", s, User{ID: cleo, UPN: "brea\u212aglass-1@x.example"}, time.Time{}, ""},
		{"an admin", s, User{ID: bob}, time.Time{}, ""},
		{"an admin, with --protect-privileged", strict, User{ID: bob}, time.Time{}, "protected holds the role Global Administrator"},
		{"protected counts before already", s, User{ID: ada, Stamp: since.Add(time.Hour)}, time.Time{}, "protected protected by"},
		{"revoked since", s, User{ID: cleo, Stamp: since.Add(time.Second)}, time.Time{}, "already revoked since 2026-11-22T12:00:00Z"},
		{"revoked at that very second", s, User{ID: cleo, Stamp: since}, time.Time{}, ""},
		{"revoked before", s, User{ID: cleo, Stamp: since.Add(-time.Second)}, time.Time{}, ""},
		{"a stamp that nobody set", s, User{ID: cleo}, time.Time{}, ""},
		{"a guest's stamp says nothing", s, User{ID: cleo, Type: "Guest", Stamp: since.Add(time.Hour)}, time.Time{}, ""},
		{"an unreadable pattern fails closed", Spare{Names: []string{"["}}, User{ID: cleo, UPN: "c@x.example"}, time.Time{}, "protected protected as ["},
		{"nothing to spare", Spare{}, User{ID: cleo, Stamp: since}, time.Time{}, ""},
		{"nobody known", Spare{IDs: map[string]string{ada: "x"}}, User{UPN: "a@x.example"}, time.Time{}, ""},
		{"revoked since, and since the date let the row through", s, User{ID: cleo, Stamp: since.Add(time.Hour)}, since.Add(time.Minute), "already revoked since 2026-11-22T12:01:00Z, from when"},
		{"revoked since, before the date let the row through", s, User{ID: cleo, Stamp: since.Add(time.Hour)}, since.Add(time.Hour), ""},
		{"a date before --since", s, User{ID: cleo, Stamp: since.Add(time.Second)}, since.AddDate(0, 0, -1), "already revoked since 2026-11-22T12:00:00Z"},
		{"a date without --since", Spare{}, User{ID: cleo, Stamp: since}, since.Add(-time.Hour), ""},
		{"the stamp that the last run saw", last, User{ID: cleo, Stamp: since}, time.Time{}, "already the last run ended in success"},
		{"a later one", last, User{ID: cleo, Stamp: since.Add(time.Hour)}, time.Time{}, "already the last run ended in success"},
		{"an earlier one: restored, or another user", last, User{ID: cleo, Stamp: since.Add(-time.Second)}, time.Time{}, ""},
		{"no stamp any more", last, User{ID: cleo}, time.Time{}, ""},
		{"a stamp from the future", s, User{ID: cleo, Stamp: since.AddDate(73, 0, 0)}, time.Time{}, ""},
		{"a stamp from the future, in the last run", last, User{ID: cleo, Stamp: since.AddDate(73, 0, 0)}, time.Time{}, ""},
		{"not in the last run", last, User{ID: bob, Stamp: since}, time.Time{}, ""},
		{"a guest in the last run", last, User{ID: cleo, UPN: "c#EXT#@x.example", Type: "Guest", Stamp: since}, time.Time{}, ""},
		{"in the last run, before the date let the row through", last, User{ID: cleo, Stamp: since}, since.Add(time.Hour), ""},
	} {
		c.user.AsOf = since.Add(2 * time.Hour)
		rec, ok := c.spare.record(c.user, c.from)
		got := ""
		if ok {
			got = string(rec.Outcome) + " " + rec.Reason
		}
		if got != c.want && (c.want == "" || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		if rec.Outcome == Already && !rec.After.Equal(c.user.Stamp) {
			t.Errorf("%s: the stamp is %v", c.name, rec.After)
		}
	}
}

// Whoever is spared is no user of the plan, by whatever form the rows name them,
// and is counted as ended.
func TestPlanSpares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &phonebook{asked: map[string]int{}, users: map[string]User{
			"alias@x.example": {ID: strings.ToUpper(ada), UPN: "alias@x.example"}, ada: {ID: ada, UPN: "Alias@x.example"},
			bob: {ID: bob, UPN: "bob@x.example", Synced: true, Enabled: true}, cleo: {ID: cleo, UPN: "cleo@x.example", Type: "Guest"},
		}}
		rows := func(yield func(Row, error) bool) {
			_ = yield(Row{Line: 2, UPN: "alias@x.example"}, nil) && yield(Row{Line: 3, ID: ada}, nil) &&
				yield(Row{Line: 4}, &RowError{Row: Row{Line: 4}, Outcome: Skipped, Reason: "not yet"}) &&
				yield(Row{Line: 5, ID: bob}, nil) && yield(Row{Line: 6, ID: cleo}, nil)
		}
		got := map[int]string{}
		p := Planner{
			Directory: book, Reads: openGate{1}, Concurrency: 1, Retry: DefaultRetry, CallTimeout: time.Minute, Rows: withSeqs(rows),
			Spare: Spare{IDs: map[string]string{ada: "kept"}, Roles: map[string]string{bob: "Global Administrator"}},
			Add: func(_ context.Context, planned []Planned) error {
				for _, pl := range planned {
					switch {
					case pl.Record != nil:
						got[pl.Row.Line] = string(pl.Record.Outcome) + " " + pl.Record.Reason
					case pl.DuplicateOf > 0:
						got[pl.Row.Line] = "same as " + strconv.Itoa(pl.DuplicateOf)
					default:
						got[pl.Row.Line] = fmt.Sprintf("%s privileged %v", pl.User.UPN, pl.User.Privileged)
					}
				}
				return nil
			},
		}
		count, err := p.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// All rows went in one call, so the order of their places is that of the file.
		want := map[int]string{2: "protected kept", 3: "same as 1", 4: "skipped not yet", 5: "bob@x.example privileged true", 6: "cleo@x.example privileged false"}
		if !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if count.Users != 2 || count.Synced != 1 || count.Enabled != 1 || count.External != 1 || count.Privileged != 1 || count.Ended[Protected] != 1 ||
			count.Ended[Skipped] != 1 || !slices.Equal(count.Admins, []string{"bob@x.example (Global Administrator)"}) {
			t.Errorf("counted %+v", count)
		}
	})
}

// Of two rows of one person the later date counts, whichever comes first: a stamp
// from before says nothing of the time until then.
func TestPlanHeedsTheLatestDate(t *testing.T) {
	day := func(n int) time.Time { return time.Date(1999, 11, n, 0, 0, 0, 0, time.UTC) } // the test's clock begins in 2000
	for _, c := range []struct {
		name  string
		froms []time.Time // of the rows of bob
		users int
	}{
		{"early, late", []time.Time{day(1), day(20)}, 1},
		{"late, early", []time.Time{day(20), day(1)}, 1},
		{"both early", []time.Time{day(1), day(2)}, 0},
		{"early, late, early", []time.Time{day(1), day(20), day(2)}, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			book := &phonebook{asked: map[string]int{}, users: map[string]User{bob: {ID: bob, UPN: "bob@x.example", Stamp: day(10)}}}
			var lines []string
			p := Planner{
				Directory: book, Reads: openGate{1}, Concurrency: 1, Retry: DefaultRetry, CallTimeout: time.Minute, Spare: Spare{Since: day(1)},
				Rows: withSeqs(func(yield func(Row, error) bool) {
					for i, from := range c.froms {
						if !yield(Row{Line: i + 2, ID: bob, From: from}, nil) {
							return
						}
					}
				}),
				Add: func(_ context.Context, planned []Planned) error {
					for _, pl := range planned {
						switch {
						case pl.Record != nil:
							lines = append(lines, fmt.Sprint(pl.User.Seq, " ", pl.Record.Outcome))
						case pl.DuplicateOf > 0:
							lines = append(lines, fmt.Sprint(pl.User.Seq, " as ", pl.DuplicateOf))
						default:
							lines = append(lines, fmt.Sprint(pl.User.Seq, " sent"))
						}
					}
					return nil
				},
			}
			count, err := p.Plan(t.Context())
			slices.Sort(lines)
			ends := "1 already"
			if c.users > 0 {
				ends = "1 sent"
			}
			want := []string{ends, "2 as 1", "3 as 1"}[:len(c.froms)]
			if err != nil || count.Users != c.users || count.Ended[Already] != 1-c.users || !slices.Equal(lines, want) {
				t.Errorf("%s: %v, %d users, %v, error %v; want %v", c.name, lines, count.Users, count.Ended, err, want)
			}
		})
	}
}

// Guards that are asked again look at the users who are still to be sent, spare
// whom they protect by now, and count whoever was sent or will be.
func TestSpareAgain(t *testing.T) {
	sent := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	lines := []Line{
		{User: User{Seq: 1, ID: ada, UPN: "ada@x.example"}, Record: Record{Seq: 1, Outcome: NotSent}},
		{User: User{Seq: 3, ID: bob, UPN: "bob@x.example"}, Record: Record{Seq: 3, Outcome: Unsettled, SentAt: sent, Attempts: 1}},
		{User: User{Seq: 4, ID: cleo, UPN: "cleo@x.example"}, Record: Record{Seq: 4, Outcome: Verified, SentAt: sent}},
		{User: User{Seq: 5, ID: "d", UPN: "dan@x.example"}, Record: Record{Seq: 5, Outcome: NotSent}},
		{User: User{Seq: 6, ID: "e"}, Record: Record{Seq: 6, Outcome: Skipped}},
		{User: User{Seq: 7, UPN: "me@x.example"}, Record: Record{Seq: 7, Outcome: NotSent}},
	}
	all := func(yield func(Line, error) bool) {
		for _, l := range lines {
			if !yield(l, nil) {
				return
			}
		}
	}
	s := Spare{
		IDs:   map[string]string{ada: "protected by line 1 of new.txt", bob: "member of a group", cleo: "too late"},
		Names: []string{"ME@x.example"},
		Roles: map[string]string{cleo: "Global Administrator", "d": "User Administrator"},
	}
	count, spared, writes, err := s.Again(5, all)
	var got []string
	for _, r := range spared {
		if r.Outcome != Protected || r.SettledAt.IsZero() {
			t.Errorf("%+v", r)
		}
		got = append(got, fmt.Sprint(r.Seq, " ", r.Reason))
	}
	want := []string{"1 protected by line 1 of new.txt", "3 member of a group; sent at 2026-11-22T12:00:00Z, before this was known, and whether that took effect is not known", "7 protected as ME@x.example"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q and error %v, want %q", got, err, want)
	}
	if writes != 3 || count.Users != 2 || count.Privileged != 2 || count.Ended[Protected] != 3 || len(count.Protected) != 3 {
		t.Errorf("counted %+v", count)
	}
	if count, _, _, err := (Spare{}).Again(5, all); err != nil || count.Users != 5 || count.Privileged != 0 {
		t.Errorf("without guards: %+v, error %v", count, err)
	}
}

// Of a user with several writes who is protected only when the run goes on, what was done
// stays as it is, and all that is open ends protected. The limits count users.
func TestSpareAgainWithSteps(t *testing.T) {
	sent := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	write := func(seq int, s Step, target string, o Outcome, at time.Time) Write {
		return Write{Target: Target{Step: s, ID: target}, Record: Record{Seq: seq, Step: s, Target: target, Outcome: o, SentAt: at}}
	}
	never := time.Time{}
	lines := []Line{
		{User: User{Seq: 1, ID: "done"}, Writes: []Write{write(1, Disable, "", Verified, sent), write(1, Devices, "d", Verified, sent)}},
		{User: User{Seq: 2, ID: "half"}, Writes: []Write{write(2, Disable, "", Verified, sent), write(2, Revoke, "", Unsettled, sent), write(2, Devices, "d", NotSent, never), write(2, Devices, "e", NotPossible, never)}},
		{User: User{Seq: 3, ID: "fresh"}, Writes: []Write{write(3, Disable, "", Already, never), write(3, Revoke, "", NotSent, never), write(3, Devices, "d", NotSent, never)}},
		{User: User{Seq: 4, ID: "whole"}, Whole: true, Record: Record{Seq: 4, Outcome: NotFound}, Writes: []Write{write(4, Disable, "", NotFound, never)}},
		{User: User{Seq: 5, ID: "admin"}, Writes: []Write{write(5, Disable, "", NotPossible, never), write(5, Revoke, "", Verified, sent)}},
	}
	s := Spare{IDs: map[string]string{"done": "why", "half": "why", "fresh": "why", "whole": "why"}, Roles: map[string]string{"admin": "Global Administrator"}}
	count, spared, writes, err := s.Again(4, func(yield func(Line, error) bool) {
		for _, l := range lines {
			l.Record = cmp.Or(l.Record, Worst(l.Writes))
			if !yield(l, nil) {
				return
			}
		}
	})
	var got []string
	for _, r := range spared {
		got = append(got, fmt.Sprintf("%d %s %s: %s", r.Seq, r.Step, r.Target, r.Reason))
		if r.Outcome != Protected {
			t.Errorf("%+v", r)
		}
	}
	want := []string{
		"2 revoke : why; sent at 2026-11-22T12:00:00Z, before this was known, and whether that took effect is not known",
		"2 devices d: why",
		"3  : why",
	}
	if err != nil || !slices.Equal(got, want) || writes != 4 {
		t.Errorf("%d writes, error %v, and records\n%q, want\n%q", writes, err, got, want)
	}
	if count.Users != 2 || count.Ended[Protected] != 2 || count.Privileged != 1 {
		t.Errorf("counted %+v", count)
	}
}
