package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
	"offboard/batch/journal"
	"offboard/report"
)

// office is a tenant whose people have things by the rule of graphsim, and the commands
// that work on it.
type office struct {
	t      *testing.T
	tenant *graphsim.Tenant
	dir    string
	people []string // names
	stop   chan struct{}
	mu     sync.Mutex // guards cut while a command works
	cut    int        // stop after so many calls; 0 is never
	kill   func()     // what the cut does instead
	said   hearing
	log    bytes.Buffer      // what --verbose tells
	sees   func(body []byte) // of each call, one at a time; may be nil
	seeing chan struct{}     // holds one while sees works, which may sleep
	since  string            // of each run
	dry    bool
	again  bool   // --include-undone
	quotas string // --quota-file
}

// hearing is a console that keeps what was said, and how the last run ended.
type hearing struct {
	nobody
	mu   sync.Mutex
	said strings.Builder
	end  report.End
	asks bool

	answer error // to a question
}

func (h *hearing) Say(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fmt.Fprintf(&h.said, format+"\n", args...)
}
func (h *hearing) Warn(format string, args ...any) { h.Say(format, args...) }
func (h *hearing) MayAsk() bool                    { return h.asks }
func (h *hearing) Ask(question string) error {
	h.Say("asked: %s", question)
	return h.answer
}
func (h *hearing) Ended(e report.End) error { h.end = e; return nil }

const anybody = "somebody's own token"

func newOffice(t *testing.T, n int, faults ...graphsim.Fault) *office {
	t.Helper()
	return officeOf(t, n, graphsim.Config{NoQuota: true, StaticToken: anybody, Latency: 100 * time.Millisecond, Faults: faults})
}

func officeOf(t *testing.T, n int, c graphsim.Config) *office {
	t.Helper()
	o := &office{t: t, dir: t.TempDir(), seeing: make(chan struct{}, 1), tenant: graphsim.New(c)}
	file := "upn\n"
	for i := range n {
		upn := fmt.Sprintf("person%d@contoso.example", i+1)
		if i%10 == 9 {
			upn = fmt.Sprintf("guest%d#EXT#@contoso.example", i+1)
		}
		o.people = append(o.people, upn)
		file += upn + "\n"
		if err := o.tenant.Seed("", graphsim.User{UPN: upn, Enabled: true, Stamp: graphsim.SeedStamp}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(o.dir, "in.csv"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return o
}

// RoundTrip carries the calls of offboard, and stops it after so many.
func (o *office) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		o.seeing <- struct{}{}
		if o.sees != nil {
			o.sees(body)
		}
		<-o.seeing
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := o.tenant.RoundTrip(r)
	if r.URL.Path == "/v1.0/$batch" {
		o.mu.Lock()
		o.cut--
		last := o.cut == 0
		o.mu.Unlock()
		switch {
		case last && o.kill != nil:
			if o.kill(); r.Context().Err() != nil { // the answer is lost
				return nil, r.Context().Err()
			}
		case last:
			close(o.stop)
		}
	}
	return resp, err
}

// host is a process of its own.
func (o *office) host() *Host {
	o.stop = make(chan struct{})
	o.said.said.Reset()
	o.said.end = report.End{}
	return &Host{
		Console: &o.said, Log: slog.New(slog.NewTextHandler(&o.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Network: o, Journal: filepath.Join(o.dir, "journal.db"), Began: time.Now(), Stop: o.stop,
		Getenv: func(string) string { return "" },
		Environ: func() []string {
			return []string{"AZURE_TENANT_ID=" + graphsim.DefaultTenantID, "AZURE_CLIENT_ID=" + graphsim.DefaultClientID, "AZURE_CLIENT_SECRET=s"}
		},
	}
}

func (o *office) connection() Connection {
	return Connection{Auth: "auto", Concurrency: 8, QuotaShare: 1, QuotaFile: o.quotas}
}

func (o *office) execution() Execution {
	return Execution{VerifyTimeout: 2 * time.Minute, Patience: Patience{Outage: time.Hour},
		Reporting: Reporting{ReportDir: filepath.Join(o.dir, "report")}}
}

func none() *int { return new(int) }

func (o *office) run(steps ...string) error {
	ctx, cancel := context.WithCancel(o.t.Context())
	defer cancel()
	if o.cut > 0 {
		o.kill = cancel
	}
	defer func() { o.kill = nil }()
	return o.runIn(ctx, steps...)
}

func (o *office) runIn(ctx context.Context, steps ...string) error {
	return Run(ctx, o.host(), &RunOptions{
		Planning:   o.planning(steps...),
		Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}, DryRun: o.dry,
	})
}

func (o *office) planning(steps ...string) Planning {
	return Planning{File: []string{filepath.Join(o.dir, "in.csv")}, Selection: Selection{Key: "auto", TimeZone: localZone}, Steps: steps,
		PlanGuards: PlanGuards{Order: "danger", Since: o.since, Undone: Undone{o.again}, Guards: Guards{MaxUsers: none(), MaxPercent: none(), MaxPrivileged: none()}}}
}

func (o *office) undo(change func(*UndoOptions)) error {
	u := &UndoOptions{Guards: Guards{MaxPercent: none()}, Connection: o.connection(), Execution: o.execution(), Yes: true}
	if change != nil {
		change(u)
	}
	if u.RunName == "" {
		u.RunName = o.first()
	}
	return Undo(o.t.Context(), o.host(), u)
}

// runs are the names of the runs in the journal, the first one first.
func (o *office) runs() (names []string) {
	o.look(func(s *journal.Store) {
		runs, err := s.Runs(context.Background(), journal.Filter{})
		if err != nil {
			o.t.Fatal(err)
		}
		for _, r := range slices.Backward(runs) {
			names = append(names, r.Plan().Run)
		}
	})
	return names
}

func (o *office) first() string { return o.runs()[0] }

func (o *office) look(f func(*journal.Store)) {
	s, err := journal.OpenToRead(o.t.Context(), filepath.Join(o.dir, "journal.db"))
	if err != nil {
		o.t.Fatal(err)
	}
	defer s.Close()
	f(s)
}

// lines are those of a run, by user principal name.
func (o *office) lines(run string) map[string]batch.Line {
	all := map[string]batch.Line{}
	o.look(func(s *journal.Store) {
		r, err := s.Run(o.t.Context(), run)
		if err != nil {
			o.t.Fatal(err)
		}
		for l, err := range r.Lines(o.t.Context()) {
			if err != nil {
				o.t.Fatal(err)
			}
			all[l.User.UPN] = l
		}
	})
	return all
}

// somebody changes something in the tenant, and is not offboard.
func (o *office) somebody(method, path, body string) {
	o.t.Helper()
	r, err := http.NewRequest(method, "https://graph.microsoft.com/v1.0"+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+anybody)
	r.Header.Set("Content-Type", "application/json")
	resp, err := o.tenant.RoundTrip(r)
	if err != nil {
		o.t.Fatal(err)
	}
	if said, _ := io.ReadAll(resp.Body); resp.StatusCode >= 300 {
		o.t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, said)
	}
}

// truth is the tenant's state when no sync is due any more.
func (o *office) truth() graphsim.State {
	time.Sleep(time.Hour)
	return o.tenant.State()
}

// kept leaves out of a difference what nothing can take back.
func kept(diff []string) []string {
	return slices.DeleteFunc(diff, func(line string) bool {
		return strings.Contains(line, "ValidFromDateTime:") || strings.Contains(line, "lastPasswordChangeDateTime:")
	})
}

// finishes wants a command to finish, with users who are no success or without.
func (o *office) finishes(err error) {
	o.t.Helper()
	if err != nil && !errors.Is(err, ErrPartial) {
		o.t.Fatalf("%v\n%s", err, o.said.said.String())
	}
}

// tookBack wants an undo that left nothing but what Active Directory gives back: before the
// next sync that may be some.
func (o *office) tookBack(err error) {
	o.t.Helper()
	sum := o.said.end.Summary
	if err != nil && (!errors.Is(err, ErrPartial) || sum.CountOf(batch.Failure) != sum.Counts[batch.NotPossible]) {
		o.t.Fatalf("%v: %v\n%s", err, sum.Counts, o.said.said.String())
	}
}

// inOffice plays in virtual time.
func inOffice(t *testing.T, n int, play func(*office)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { play(newOffice(t, n)) })
}

// After a run of all steps and its undo, the tenant is as it was, but for sessions and
// passwords, which the plan of the undo names. A second undo finds nothing.
func TestUndoBringsBackTheTenant(t *testing.T) {
	inOffice(t, 60, func(o *office) {
		before := o.truth()
		o.finishes(o.run("leaver"))
		after := o.truth()
		for what, least := range map[string]int{"user person": 40, "device ": 30, "group ": 60, "licence ": 30} {
			n := 0
			for _, line := range kept(before.Diff(after)) {
				if strings.Contains(line, what) {
					n++
				}
			}
			if n < least {
				t.Errorf("the run changed %d of %q, want %d or more", n, what, least)
			}
		}
		if err := o.undo(nil); err != nil {
			t.Fatalf("%v\n%s", err, o.said.said.String())
		}
		if diff := kept(before.Diff(o.truth())); len(diff) > 0 {
			t.Errorf("after the undo %d things differ from before:\n%s", len(diff), strings.Join(diff, "\n"))
		}
		named := map[string]bool{}
		for _, s := range o.said.end.Plan.Settings {
			if s.Name == "not undone" {
				named[s.Value[strings.LastIndex(s.Value, " ")+1:]] = true
			}
		}
		if !named["revoke"] || !named["password"] || named["groups"] {
			t.Errorf("not undone are said to be %v", named)
		}
		for i, holds := range []bool{false, true} { // what the run did does not hold any more, and what the undo did holds
			_, failing, err := Verify(o.t.Context(), o.host(), &VerifyOptions{What: []string{o.runs()[i]}, Selection: Selection{Key: "auto", TimeZone: localZone}, Connection: o.connection()})
			if err != nil || (len(failing) == 0) != holds {
				t.Errorf("verify %s: %v, and %d do not hold", o.runs()[i], err, len(failing))
			}
		}
		writes := o.tenant.Stats().Writes
		if err := o.undo(func(u *UndoOptions) { one := 1; u.MaxUsers = &one }); err != nil || o.tenant.Stats().Writes != writes || !strings.Contains(o.said.said.String(), "nothing to undo: ") {
			t.Errorf("the second undo: %v, and %d writes\n%s", err, o.tenant.Stats().Writes-writes, o.said.said.String())
		}
		said := o.said.said.String()
		if by := "it was taken back by undo " + o.runs()[1] + " (all of it) on "; strings.Count(said, "nothing to undo") != 1 || !strings.Contains(said, "(passwords stay replaced: ") || !strings.Contains(said, "synced from Active Directory: person") || !strings.HasPrefix(said, "sign-in ") || !strings.Contains(said, by) || len(o.runs()) != 2 {
			t.Errorf("the second undo said, and the runs are %v:\n%s", o.runs(), said)
		}
	})
}

// What the run changed and Graph cannot give back is a target of the undo that fails, with
// who can: in rows, counts, followup.csv and the error. Of whom sessions alone ended, a row
// says so, and that is no failure.
func TestUndoTellsWhatItCannotGiveBack(t *testing.T) {
	inOffice(t, 60, func(o *office) {
		before := o.truth()
		o.finishes(o.run("emergency")) // the next sync is half an hour away
		did := o.lines(o.first())
		for _, steps := range [][]string{nil, {"disable"}, nil} { // all, and a part: again and again
			for _, dry := range []bool{true, false} {
				if err := o.undo(func(u *UndoOptions) { u.Steps, u.DryRun = steps, dry }); !errors.Is(err, ErrPartial) {
					t.Fatalf("of %v, dry %v: %v\n%s", steps, dry, err, o.said.said.String())
				}
			}
			runs := o.runs()
			back := o.lines(runs[len(runs)-1])
			followup, err := os.ReadFile(filepath.Join(o.dir, "report", "followup.csv"))
			if err != nil {
				t.Fatal(err)
			}
			synced, computers, sessions := 0, 0, 0
			for upn, l := range did {
				for _, w := range l.Writes {
					if w.Record.Outcome != batch.Ineffective || w.Target.Step == batch.Revoke || steps != nil && w.Target.Step == batch.Devices {
						continue
					}
					undo, toDo := w.Target.Step.Undo(), "ad,enable account,"+upn+","
					if synced++; undo == batch.EnableDevices {
						computers++
						toDo = "ad,enable computer," + upn + ","
					}
					b := back[upn]
					i := slices.IndexFunc(b.Writes, func(w2 batch.Write) bool { return w2.Target.Step == undo && w2.Target.ID == w.Target.ID })
					if i < 0 || b.Writes[i].Record.Outcome != batch.NotPossible || !strings.Contains(b.Writes[i].Record.Reason, "Active Directory") || b.Record.Outcome != batch.NotPossible {
						t.Errorf("%s of %s: %+v", undo, upn, b)
					}
					if !bytes.Contains(followup, []byte(toDo)) {
						t.Errorf("followup.csv has no %q:\n%s", toDo, followup)
					}
				}
				changed := slices.ContainsFunc(l.Writes, func(w batch.Write) bool { _, _, ok := w.Undo(l.User); return ok })
				if b, revoked := back[upn], slices.ContainsFunc(l.Writes, func(w batch.Write) bool { return w.Record.Changed() }); steps == nil && revoked && !changed {
					if sessions++; b.Record.Outcome != batch.Skipped || !strings.Contains(b.Record.Reason, "sign in again") {
						t.Errorf("%s, whose sessions alone ended: %+v", upn, b.Record)
					}
				}
			}
			if sum := o.said.end.Summary; synced == 0 || steps == nil && (computers == 0 || sessions == 0) || sum.Counts[batch.NotPossible] == 0 || sum.CountOf(batch.Failure) != sum.Counts[batch.NotPossible] {
				t.Errorf("of %v: %d synced, %d computers, %d sessions, %v", steps, synced, computers, sessions, sum.Counts)
			}
			if said := o.said.said.String(); !strings.Contains(said, "the report says who can") || strings.Contains(said, "the same again") {
				t.Errorf("of %v:\n%s", steps, said)
			}
		}
		if diff := kept(before.Diff(o.truth())); len(diff) > 0 { // the sync enabled them
			t.Errorf("%d things differ:\n%s", len(diff), strings.Join(diff, "\n"))
		}
		if err := o.undo(nil); err != nil || !strings.Contains(o.said.said.String(), "nothing to undo") {
			t.Errorf("after the sync: %v\n%s", err, o.said.said.String())
		}
	})
}

// What somebody changed since the run is left alone, and so is everything that the run
// did not change itself.
func TestUndoLeavesWhatChangedSince(t *testing.T) {
	inOffice(t, 40, func(o *office) {
		o.finishes(o.run("disable", "devices", "groups", "licences"))
		account, device, group, licence, gone := "", "", "", "", ""
		var deviceID, groupID, sku string
		users := o.lines(o.first())
		for _, upn := range o.people { // each change is at a user of its own
			for _, w := range users[upn].Writes {
				switch {
				case w.Record.Outcome != batch.Verified:
				case w.Target.Step == batch.Devices && device == "":
					device, deviceID = upn, w.Target.ID
				case w.Target.Step == batch.Groups && group == "" && upn != device:
					group, groupID = upn, w.Target.ID
				case w.Target.Step == batch.Licences && w.Target.ID == "" && licence == "" && upn != device && upn != group:
					licence = upn
					sku = w.Target.Before[strings.Index(w.Target.Before, `"skuId":"`)+9:][:36]
				case w.Target.Step == batch.Disable && account == "" && licence != "" && upn != licence:
					account = upn
				case w.Target.Step == batch.Disable && gone == "" && account != "" && upn != account:
					gone = upn
				}
			}
		}
		if gone == "" || device == "" || group == "" || licence == "" {
			t.Fatal("nobody has what this is about")
		}
		o.somebody("PATCH", "/users/"+users[account].User.ID, `{"accountEnabled":true}`)
		o.somebody("PATCH", "/devices/"+deviceID, `{"accountEnabled":true}`)
		o.somebody("POST", "/groups/"+groupID+"/members/$ref", `{"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/`+users[group].User.ID+`"}`)
		plan := "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
		o.somebody("POST", "/users/"+users[licence].User.ID+"/assignLicense", `{"addLicenses":[{"skuId":"`+sku+`","disabledPlans":["`+plan+`"]}],"removeLicenses":[]}`)
		o.tenant.Remove(gone)
		at := len(o.tenant.Log())

		err := o.undo(nil)
		if !errors.Is(err, ErrPartial) {
			t.Fatalf("%v\n%s", err, o.said.said.String())
		}
		ours := map[string]bool{} // what the run changed
		for _, l := range users {
			for _, w := range l.Writes {
				if w.Record.Outcome == batch.Verified {
					id := w.Target.ID
					if id == "" {
						id = l.User.ID
					}
					ours[id] = true
				}
			}
		}
		for _, e := range o.tenant.Log()[at:] {
			if e.Method == "GET" {
				continue
			}
			target := e.Target
			if strings.HasPrefix(target, "+") || target == "" {
				target = e.User
			}
			switch {
			case !ours[strings.ToLower(target)]:
				t.Errorf("%s %s: the run did not change that", e.Method, e.Path)
			case e.User == users[account].User.ID && e.Action == "enable", e.Target == deviceID, e.Target == groupID && e.User == users[group].User.ID, e.User == users[licence].User.ID && strings.Contains(e.Target, sku), e.User == users[gone].User.ID:
				t.Errorf("%s %s: somebody changed that since", e.Method, e.Path)
			}
		}
		if got := o.tenant.State()["user "+licence+" licence "+sku]; !strings.Contains(got, plan) {
			t.Errorf("the licence that somebody gave back is %q now", got)
		}
		back := o.lines(o.runs()[1])
		if got := back[gone].Record.Outcome; back[gone].User.ID != "" && got != batch.NotFound {
			t.Errorf("a user who is no more ended %s", got)
		}
		for upn, step := range map[string]batch.Step{account: batch.Enable, device: batch.EnableDevices, group: batch.JoinGroups} {
			found := false
			for _, w := range back[upn].Writes {
				found = found || w.Target.Step == step && w.Record.Outcome == batch.Already
			}
			if !found {
				t.Errorf("no write of the step %s of %s ended already: %+v", step, upn, back[upn].Writes)
			}
		}
	})
}

// An undo that was stopped goes on, by the same command or by resume, and takes nothing
// back twice. Meanwhile nobody goes on with the run that is taken back.
func TestUndoGoesOn(t *testing.T) {
	for _, resume := range []bool{false, true} {
		inOffice(t, 40, func(o *office) {
			before := o.truth()
			o.finishes(o.run("leaver"))
			at := len(o.tenant.Log())
			o.cut = 22
			if err := o.undo(nil); !errors.Is(err, batch.ErrStopped) {
				t.Fatalf("the first half: %v", err)
			}
			if left := kept(before.Diff(o.truth())); len(left) == 0 {
				t.Fatal("nothing is left to go on with")
			}
			name, err := o.runs()[1], error(nil)
			o.kill, o.cut = func() {
				h := o.host()
				if err := Resume(o.t.Context(), h, &ResumeOptions{RunName: o.first(), Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}}); !errors.Is(err, ErrNoneToResume) {
					t.Errorf("a run that is being undone went on: %v", err)
				}
				o.look(func(s *journal.Store) {
					r, err := s.Run(o.t.Context(), o.first())
					if err != nil {
						t.Fatal(err)
					}
					if by, err := r.Held(); by == nil || err != nil {
						t.Errorf("a run that is being undone can be worked on by others (%v)", err)
					}
				})
			}, 3
			if resume {
				err = Resume(o.t.Context(), o.host(), &ResumeOptions{RunName: name, Guards: Guards{MaxPercent: none()}, Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}})
			} else {
				err = o.undo(nil)
			}
			if o.tookBack(err); len(o.runs()) != 2 {
				t.Fatalf("the runs are %v\n%s", o.runs(), o.said.said.String())
			}
			if diff := kept(before.Diff(o.truth())); len(diff) > 0 {
				t.Errorf("after the undo %d things differ from before:\n%s", len(diff), strings.Join(diff, "\n"))
			}
			times := map[string]int{}
			for _, e := range o.tenant.Log()[at:] {
				if what := e.Action + " " + e.User + " " + e.Target; e.Method != "GET" {
					if times[what]++; times[what] > 1 {
						t.Errorf("taken back twice: %s", what)
					}
				}
			}
		})
	}
}

// A run that was killed halfway is taken back, with the writes whose answers it did not see.
func TestUndoOfAKilledRun(t *testing.T) {
	inDoubt := 0
	for cut := 9; cut <= 19 || inDoubt == 0 && cut <= 27; cut += 2 { // what is under way at a cut is chance
		inOffice(t, 40, func(o *office) {
			before := o.truth()
			o.cut = cut
			if err := o.run("leaver"); err == nil {
				o.t.Fatal("the run was not killed")
			}
			doubt := 0
			for _, l := range o.lines(o.first()) {
				for _, w := range l.Writes {
					if _, _, ok := w.Undo(l.User); ok && w.Record.Outcome == batch.Unsettled {
						doubt++
					}
				}
			}
			inDoubt += doubt
			o.tookBack(o.undo(nil))
			if said := strings.Contains(o.said.said.String()+fmt.Sprint(o.said.end.Plan.Settings), "in doubt"); said != (doubt > 0) {
				o.t.Errorf("%d writes were in doubt, and that this is so is said: %v", doubt, said)
			}
			if diff := kept(before.Diff(o.truth())); len(diff) > 0 {
				o.t.Errorf("after the undo %d things differ from before:\n%s", len(diff), strings.Join(diff, "\n"))
			}
		})
	}
	if inDoubt == 0 {
		t.Error("no write was in doubt")
	}
}

// An undo is guarded as any run, and asks before its first write.
func TestUndoIsGuarded(t *testing.T) {
	inOffice(t, 20, func(o *office) {
		if err := o.tenant.Assign("fe930be7-5e62-47db-91af-98c3a49a38b1", o.people[0]); err != nil { // User Administrator
			t.Fatal(err)
		}
		o.finishes(o.run("devices", "groups"))
		held := o.people[1]
		list := filepath.Join(o.dir, "list.txt")
		if err := os.WriteFile(list, []byte(held+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		few := 1
		after := o.truth()
		for _, c := range []struct {
			change func(*UndoOptions)
			words  string // "" is a dry run
		}{
			{func(u *UndoOptions) { u.MaxUsers = &few }, "--max-users is 1"},
			{func(u *UndoOptions) { u.MaxPercent = &few }, "--max-percent is 1"},
			{func(u *UndoOptions) { u.ProtectPrivileged, u.MaxUsers = true, &few }, "--max-users is 1"},
			{func(u *UndoOptions) { u.Yes = false }, "there is no terminal to ask at"},
			{func(u *UndoOptions) { u.DryRun, u.Yes = true, false }, ""},
		} {
			err := o.undo(c.change)
			if c.words == "" {
				if err != nil {
					t.Errorf("dry run: %v", err)
				}
			} else if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), c.words) {
				t.Errorf("got %v, want a refusal with %q", err, c.words)
			}
			if diff := after.Diff(o.truth()); len(diff) > 0 {
				t.Fatalf("%q: something was written: %v", c.words, diff)
			}
		}
		o.said.asks = true
		if err := o.undo(func(u *UndoOptions) { u.Yes, u.Protect, u.ProtectPrivileged = false, []string{list}, true }); err != nil {
			t.Fatalf("%v\n%s", err, o.said.said.String())
		}
		if want := "asked: Take back what run " + o.first() + " did to "; !strings.Contains(o.said.said.String(), want) {
			t.Errorf("%q was not asked:\n%s", want, o.said.said.String())
		}
		runs := o.runs()
		back := o.lines(runs[len(runs)-1])
		for i, upn := range o.people {
			switch l := back[upn]; {
			case i < 2 && l.Record.Outcome != batch.Protected:
				t.Errorf("%s ended %s, want protected", upn, l.Record.Outcome)
			case i >= 2 && l.User.ID != "" && l.Record.Outcome != batch.Verified:
				t.Errorf("%s ended %s (%s)", upn, l.Record.Outcome, l.Record.Reason)
			}
		}
		for _, what := range after.Diff(o.truth()) {
			if strings.Contains(what, "user "+o.people[0]+" ") || strings.Contains(what, "user "+held+" ") {
				t.Errorf("somebody protected was touched: %s", what)
			}
		}
	})
}

// What cannot be undone is refused, or said to be nothing, before anybody signs in.
func TestNothingToUndo(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		o.finishes(o.run("revoke"))
		calls := o.tenant.Stats().Calls
		if err := o.undo(nil); err != nil || !strings.Contains(o.said.said.String(), "nothing to undo") || !strings.Contains(o.said.said.String(), "3 writes of the step revoke") {
			t.Errorf("%v\n%s", err, o.said.said.String())
		}
		o.finishes(o.run("groups"))
		if err := o.undo(func(u *UndoOptions) { u.RunName = o.runs()[1] }); err != nil {
			t.Errorf("%v\n%s", err, o.said.said.String())
		}
		calls2 := o.tenant.Stats().Calls
		if err := o.undo(func(u *UndoOptions) { u.RunName = o.runs()[2] }); !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), "takes back run") {
			t.Errorf("an undo was undone: %v", err)
		}
		if err := o.undo(func(u *UndoOptions) { u.RunName = "none" }); !errors.Is(err, journal.ErrNoRun) {
			t.Errorf("a run that is none: %v", err)
		}
		if calls == 0 || o.tenant.Stats().Calls != calls2 {
			t.Error("somebody signed in")
		}
	})
}

// A run that is taken back before its end is not gone on with any more, by resume or by the
// same command, which plans anew.
func TestUndoEndsTheRun(t *testing.T) {
	inOffice(t, 20, func(o *office) {
		o.again = true
		resume := func(run string) error {
			return Resume(o.t.Context(), o.host(), &ResumeOptions{RunName: run, Guards: Guards{MaxPercent: none()}, Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}})
		}
		before := o.truth()
		o.cut = 6
		if err := o.run("disable", "devices"); err == nil {
			t.Fatal("it was not killed")
		}
		o.said.asks = true // and says no
		o.said.answer = batch.ErrStopped
		if err := o.undo(func(u *UndoOptions) { u.Yes = false }); !errors.Is(err, batch.ErrStopped) {
			t.Fatal(err)
		}
		o.said.asks, o.said.answer = false, nil
		if err := resume(o.first()); err != nil && !errors.Is(err, ErrPartial) {
			t.Fatalf("nothing is taken back yet: %v", err)
		}
		o.tookBack(o.undo(nil))
		if diff := kept(before.Diff(o.truth())); len(diff) > 0 {
			t.Errorf("after the undo %d things differ from before:\n%s", len(diff), strings.Join(diff, "\n"))
		}

		o.cut = 6
		if err := o.run("disable", "devices", "revoke"); err == nil {
			t.Fatal("it was not killed")
		}
		runs := o.runs()
		killed := runs[len(runs)-1]
		o.tookBack(o.undo(func(u *UndoOptions) { u.RunName = killed }))
		runs = o.runs()
		by := "taken back by run " + runs[len(runs)-1]
		if err := resume(killed); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), by) {
			t.Errorf("resume: %v", err)
		}
		if diff := kept(before.Diff(o.truth())); len(diff) > 0 {
			t.Errorf("%d things differ from before:\n%s", len(diff), strings.Join(diff, "\n"))
		}
		o.finishes(o.run("disable", "devices", "revoke"))
		if said := o.said.said.String(); o.said.end.Plan.Run == killed || !strings.Contains(said, "planning anew: run "+killed) || !strings.Contains(said, by) {
			t.Errorf("the same command went on with %s:\n%s", o.said.end.Plan.Run, said)
		}
	})
}

// An undo that goes on is held against the limits as when it was planned: users to whom
// nothing is done do not count.
func TestUndoGoesOnWithinItsLimits(t *testing.T) {
	inOffice(t, 40, func(o *office) {
		o.finishes(o.run("disable", "revoke"))
		users := o.lines(o.first())
		changed := 0
		for i, upn := range o.people {
			if users[upn].Writes[0].Record.Outcome != batch.Verified {
				continue
			}
			if changed++; i < 15 {
				changed--
				o.somebody("PATCH", "/users/"+users[upn].User.ID, `{"accountEnabled":true}`)
			}
		}
		limit := func(u *UndoOptions) { u.MaxUsers, u.Concurrency = &changed, 1 }
		o.cut = 2
		for o.cut < 60 { // until it is stopped after it was planned
			cut := o.cut
			err := o.undo(limit)
			if errors.Is(err, batch.ErrStopped) && len(o.runs()) == 2 {
				break
			}
			if o.cut = cut + 1; !errors.Is(err, batch.ErrStopped) {
				t.Fatalf("the first half: %v", err)
			}
		}
		o.cut = -1
		if o.tookBack(o.undo(limit)); len(o.runs()) != 2 {
			t.Fatalf("the runs are %v", o.runs())
		}
	})
}

// A dry run says of guests that nothing is revoked only where something is to be.
func TestDryRunOfGuests(t *testing.T) {
	for step, want := range map[string]error{"disable": nil, "revoke": ErrPartial} {
		inOffice(t, 10, func(o *office) {
			o.dry = true
			err := o.run(step)
			if !errors.Is(err, want) || want == nil && err != nil {
				t.Errorf("%s: %v\n%s", step, err, o.said.said.String())
			}
			text, readErr := os.ReadFile(filepath.Join(o.dir, "report", "report.csv"))
			if readErr != nil || bytes.Contains(text, []byte("revoke nothing")) != (want != nil) {
				t.Errorf("%s: %v\n%s", step, readErr, text)
			}
		})
	}
}

// A run that only disables leaves out the accounts that are disabled, and can be begun.
func TestDisableAlone(t *testing.T) {
	inOffice(t, 40, func(o *office) {
		o.finishes(o.run("disable"))
		already := 0
		for _, l := range o.lines(o.first()) {
			if l.Record.Outcome == batch.Already {
				already++
			}
		}
		if p := o.said.end.Plan; already == 0 || p.Users != 40-already || p.Writes != 40-already {
			t.Errorf("%d of 40 were disabled before, and the plan has %d users and %d writes", already, p.Users, p.Writes)
		}
	})
}

// An account that was enabled since is disabled, whatever its stamp says.
func TestSinceIsAboutSessions(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		time.Sleep(time.Until(graphsim.SeedStamp) + 24*time.Hour)
		o.finishes(o.run("revoke"))
		time.Sleep(time.Hour)
		o.since = "24h"
		if o.finishes(o.run("disable")); o.tenant.State()["user "+o.people[0]+" accountEnabled"] != "false" {
			t.Error("an account is said to be disabled, for its stamp")
		}
	})
}

// What may have been done to people who were protected only when the run went on is taken
// back, too.
func TestUndoOfASparedUser(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		before := o.truth()
		o.sees = func(body []byte) {
			if bytes.Contains(body, []byte(`"accountEnabled":false`)) {
				o.sees, o.cut = nil, 1
			}
		}
		o.cut = -1
		ctx, cancel := context.WithCancel(o.t.Context())
		o.kill = cancel
		if err := o.runIn(ctx, "disable", "revoke"); err == nil {
			t.Fatal("it was not killed")
		}
		list := filepath.Join(o.dir, "kept.txt")
		if err := os.WriteFile(list, []byte(o.people[0]+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		o.finishes(Resume(o.t.Context(), o.host(), &ResumeOptions{RunName: o.first(), Guards: Guards{Protect: []string{list}, MaxPercent: none()}, Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}}))
		if got := o.lines(o.first())[o.people[0]].Writes[0].Record.Outcome; got != batch.Protected {
			t.Fatalf("the one who is spared ended %s", got)
		}
		if diff := kept(before.Diff(o.truth())); len(diff) != 3 {
			t.Fatalf("the run changed %v", diff)
		}
		if err := o.undo(nil); err != nil {
			t.Fatalf("%v\n%s", err, o.said.said.String())
		}
		if diff := kept(before.Diff(o.truth())); len(diff) > 0 {
			t.Errorf("after the undo %d things differ from before:\n%s", len(diff), strings.Join(diff, "\n"))
		}
	})
}

// A licence whose last seat is gone is refused, and ends so; the user's other things are
// brought back all the same.
func TestUndoWithoutASeat(t *testing.T) {
	inOffice(t, 20, func(o *office) {
		before := o.truth()
		o.finishes(o.run("groups", "licences"))
		const sku = "b05e124f-c7cc-45a0-a6aa-8cf78c946968"
		o.tenant.SetSeats(sku, 0)
		if err := o.undo(nil); !errors.Is(err, ErrPartial) {
			t.Fatalf("%v\n%s", err, o.said.said.String())
		}
		without := map[string]bool{}
		for upn, l := range o.lines(o.runs()[1]) {
			for _, w := range l.Writes {
				switch failed := w.Record.Outcome != batch.Verified; {
				case failed && (w.Target.Step != batch.AddLicences || !strings.Contains(w.Target.Before, sku) || w.Record.Outcome != batch.Failed || !strings.Contains(w.Record.Reason, "does not have any available licenses")):
					t.Errorf("%s: %s %s ended %s (%s)", upn, w.Target.Step, w.Target.Name, w.Record.Outcome, w.Record.Reason)
				case failed:
					without[upn] = true
				}
			}
		}
		if len(without) == 0 {
			t.Fatal("nobody went without")
		}
		for _, what := range kept(before.Diff(o.truth())) {
			if words := strings.Fields(what); !without[words[1]] || words[2] != "licence" {
				t.Errorf("differs: %s", what)
			}
		}
	})
}

// In every kind of trouble, too, what the undo says it took back is as it was before the
// run, and whatever differs is told: by the run, or by the undo.
func TestUndoInTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 150, graphsim.EveryFault(0.05)...)
		again := func(do func() error) { // the same command goes on, when a sign-in failed
			err := do()
			for range 5 {
				if errors.Is(err, batch.ErrSignIn) {
					err = do()
				}
			}
			o.finishes(err)
		}
		before := o.truth()
		again(func() error { return o.run("leaver") })
		after := o.truth()
		again(func() error { return o.undo(nil) })
		differs := map[string]bool{}
		for _, line := range kept(before.Diff(o.truth())) {
			what, _, _ := strings.Cut(line, ": ")
			differs[what] = true
		}
		did, back, told, taken := o.lines(o.first()), o.lines(o.runs()[len(o.runs())-1]), map[string]bool{}, 0
		for _, upn := range o.people {
			ends := map[string]batch.Outcome{}
			for _, w := range back[upn].Writes {
				for _, what := range things(upn, w) {
					ends[what] = w.Record.Outcome
				}
			}
			for _, w := range did[upn].Writes {
				for _, what := range things(upn, w) {
					end := ends[what]
					if end == "" && back[upn].Whole {
						end = back[upn].Record.Outcome
					}
					switch {
					case end.Kind() == batch.Success && end != "":
						if taken++; differs[what] {
							t.Errorf("%s is said to be %s, and differs from before", what, end)
						}
					case w.Record.Outcome == batch.Verified && end == "" && before[what] != after[what]:
						t.Errorf("%s was changed, and the undo says nothing of it", what)
					default:
						told[what] = true
					}
				}
			}
		}
		for what := range differs {
			if !told[what] {
				t.Errorf("%s differs, and nothing tells it", what)
			}
		}
		if taken < 300 || len(differs) > taken/10 {
			t.Errorf("%d things were taken back, and %d differ", taken, len(differs))
		}
		t.Logf("%d things were taken back, and %d differ", taken, len(differs))
	})
}

// things are what a write is about, as the state of a tenant calls it.
func things(upn string, w batch.Write) (all []string) {
	switch s := w.Record.Step; {
	case s == batch.Disable, s == batch.Enable:
		return []string{"user " + upn + " accountEnabled"}
	case s == batch.Devices, s == batch.EnableDevices:
		return []string{"device " + w.Target.ID + " accountEnabled"}
	case w.Target.ID != "":
		return []string{"user " + upn + " group " + w.Target.ID}
	case s == batch.Licences, s == batch.AddLicences:
		var of []batch.Licence
		_ = json.Unmarshal([]byte(w.Target.Before), &of) // of none it lists none
		for _, l := range of {
			all = append(all, "user "+upn+" licence "+l.SKU)
		}
	}
	return all
}
