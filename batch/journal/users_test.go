package journal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"offboard/batch"

	"github.com/google/go-cmp/cmp"
)

// The users whom the keys of the guards find are judged as all users would be: however
// their ids and names are spelt, on whatever page they are, sent or not, named by one row
// or by several.
func TestUsersByKeys(t *testing.T) {
	t.Parallel()
	const n = 2*pageRows + 9
	ctx := t.Context()
	r := create(t, openNew(t), batch.Plan{Run: "r"})
	var rows []batch.Planned
	for seq := 1; seq <= n; seq++ {
		p := member(seq)
		switch seq {
		case 5, 6, pageRows + 3:
			p.User.ID, p.User.UPN = strings.ToUpper(p.User.ID), strings.ToUpper(p.User.UPN)
		case 7, 8:
			p.DuplicateOf = 9
		case 9:
			p.User.UPN = "O'Neil|, [x]@contoso.example"
		case 10:
			p.Record = &batch.Record{Seq: seq, Outcome: batch.Skipped}
		case 11:
			p.User.ID, p.User.UPN = "", ""
		}
		rows = append(rows, p)
	}
	must(t, r.AddRows(ctx, rows))
	must(t, r.Seal(ctx, batch.Plan{Run: "r", Rows: n, Users: n - 3}))
	must(t, r.SetState(ctx, Running, ""))
	must(t, r.Write(ctx, batch.Entry{
		Calls:   []batch.Call{{No: 1, SentAt: at(1), Seqs: []int{3, 4, 5}}},
		Trials:  []batch.Trial{{Seq: 12, Doubt: true, SentAt: at(1)}},
		Records: []batch.Record{settled(1, 1, batch.Verified), settled(2, 1, batch.Verified)},
	}))
	concerned, err := r.Concerned(ctx)
	must(t, err)
	send, _, err := r.Remaining(ctx)
	must(t, err)
	if concerned != n-3 || send != n-5 {
		t.Fatalf("%d are concerned, %d to send", concerned, send)
	}
	ids := func(seqs ...int) map[string]string {
		found := map[string]string{}
		for _, seq := range seqs {
			found[guid(seq)] = fmt.Sprint("why ", seq)
		}
		return found
	}
	var many []int
	for seq := 100; seq <= pageRows+200; seq++ {
		many = append(many, seq)
	}
	for _, c := range []struct {
		name                      string
		spare                     batch.Spare
		spared, users, privileged int
	}{
		{"nobody", batch.Spare{}, 0, n - 3, 0},
		{"roles that nobody holds", batch.Spare{Roles: map[string]string{}}, 0, n - 3, 0},
		{"ids", batch.Spare{IDs: ids(1, 3, 5, 9, 10, 11, 12, pageRows+3, n)}, 6, n - 9, 0},
		{"an id of nobody", batch.Spare{IDs: map[string]string{"x' OR 1=1": ""}}, 0, n - 3, 0},
		{"names", batch.Spare{Names: []string{"USER3@contoso.example", "user6@contoso.example", "user2@contoso.example"}}, 2, n - 5, 0},
		{"a pattern", batch.Spare{Names: []string{"user3@*", "user12?@contoso.example", "nobody@x.example"}}, 11, n - 14, 0},
		{"a name that is no pattern to read", batch.Spare{Names: []string{"["}}, n - 5, 2, 0},
		{"holders of roles", batch.Spare{Roles: ids(1, 3, 9, 10, 13)}, 0, n - 3, 4},
		{"holders of roles, who are spared", batch.Spare{Roles: ids(1, 3, 9, 10, 13), Admin: true}, 3, n - 6, 1},
		{"all of them", batch.Spare{IDs: ids(13, 14), Names: []string{"user15@contoso.example"}, Roles: ids(13, 15, 16)}, 3, n - 6, 1},
		{"more than a page of them", batch.Spare{IDs: ids(many...)}, len(many), n - 3 - len(many), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			count, spared, writes, err := c.spare.Again(concerned, r.Users(ctx, c.spare.Keys()))
			must(t, err)
			want, wantSpared, wantWrites, err := c.spare.Again(concerned, r.Users(ctx, nil))
			must(t, err)
			for i := range min(len(spared), len(wantSpared)) {
				spared[i].SettledAt, wantSpared[i].SettledAt = time.Time{}, time.Time{}
			}
			if d := cmp.Diff(want, count) + cmp.Diff(wantSpared, spared); d != "" {
				t.Errorf("by keys (+) and of all users (-):\n%s", d)
			}
			if writes != c.spared || wantWrites != c.spared || len(spared) != c.spared || count.Users != c.users || count.Privileged != c.privileged {
				t.Errorf("%d spared, %d users, %d privileged; want %d, %d, %d", len(spared), count.Users, count.Privileged, c.spared, c.users, c.privileged)
			}
		})
	}
}
