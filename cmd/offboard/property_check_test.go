package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// wrongWrites holds the tenant's own log against the verdict.
func (s *story) wrongWrites(v *verdict, t *graphsim.Tenant, p played) []string {
	var wrong []string
	say := func(format string, a ...any) { wrong = append(wrong, fmt.Sprintf(format, a...)) }
	arrived, executed := map[string]int{}, map[string]int{}
	var kept []string // who was refused with 403 before the run stopped
	for i, e := range t.Log() {
		if e.Method == "GET" {
			continue
		}
		if e.Status == 403 && i < len(p.between) && len(p.codes) > 1 {
			kept = append(kept, e.User) // until it is known whose matter it is; perhaps sent again
		} else {
			arrived[e.User]++
		}
		if e.Executed {
			executed[e.User]++
		}
		if !v.may[e.User] || len(v.refused) > 0 {
			say("a write arrived for %s, who must not be written: %v", e.User, s.spared(s.byID(e.User)))
		}
	}
	for _, id := range kept {
		arrived[id] = max(arrived[id], 1)
	}
	if kinds := s.beyond(len(arrived), s.admins(arrived)); len(kinds) > 0 {
		say("%d users were written, and %d administrators, beyond %v", len(arrived), s.admins(arrived), kinds)
	}
	for _, u := range s.people {
		if state, _ := t.User(u.ID); state.Writes != executed[u.ID] {
			say("%s: %d writes in the directory, and %d in the log", u.ID, state.Writes, executed[u.ID])
		}
	}
	if s.faulty() || len(v.refused) > 0 || s.things.steps != nil {
		return wrong
	}
	for id := range v.may {
		if u := s.byID(id); arrived[id] != 1 || executed[id] == 0 != (u.Denied || u.Type == "nobody") {
			say("%s: %d writes arrived, and %d were executed", id, arrived[id], executed[id])
		}
	}
	if n := t.Stats().Invalid; n > 0 {
		say("%d calls were refused for their shape", n)
	}
	return wrong
}

// admins counts the holders of privileged roles among those who were written.
func (s *story) admins(arrived map[string]int) int {
	n := 0
	for id := range arrived {
		if s.privileged(id) {
			n++
		}
	}
	return n
}

// twisted holds what happened before a run stopped against the truth, and changes
// the verdict to what must come of it after it went on.
func (s *story) twisted(v *verdict, t *graphsim.Tenant, p played) []string {
	w := &s.twist
	if s.mixes() || p.happen && w.mixes {
		v.decided["mixed up"] = slices.ContainsFunc(p.between, func(e graphsim.Event) bool { return e.Fault == graphsim.MixedUp })
		return nil
	}
	if !p.happen {
		return nil
	}
	var wrong []string
	if w.become != nil {
		v.decided["identity"] = true
		for _, e := range p.between {
			if e.Tenant != t.TenantID() || e.App != t.ClientID() || e.SignedIn != s.cfg.SignedIn {
				wrong = append(wrong, fmt.Sprintf("%s %s arrived of somebody else", e.Method, e.User))
			}
		}
		if p.codes[0] != exitSignIn {
			wrong = append(wrong, fmt.Sprintf("exit code %d after the identity changed", p.codes[0]))
		}
		if len(p.codes) == 1 {
			v.refused = append(v.refused, refusal{"identity", []exitCode{exitSignIn}})
		}
	}
	if len(p.codes) == 1 {
		return wrong
	}
	if len(p.codes) == 3 && (p.codes[1] != exitRefused || slices.ContainsFunc(p.asked, func(e graphsim.Event) bool { return e.Method != "GET" })) {
		wrong = append(wrong, fmt.Sprintf("somebody else went on without --as-caller: exit code %d, %v", p.codes[1], p.asked))
	}
	late := []string{"late: list", "late: group", "late: caller"}[w.how]
	if w.how == byCaller && len(p.codes) == 2 {
		return wrong // who goes on is who began
	}
	written := map[string]bool{}
	for _, e := range p.between {
		written[e.User] = written[e.User] || e.Method != "GET"
	}
	for _, id := range w.late {
		if u := s.byID(id); u.Denied && written[id] {
			v.either[id] = batch.Protected // or denied, if that was known already
		}
		if !v.may[id] || written[id] {
			continue
		}
		delete(v.may, id)
		v.decided["late"], v.decided[late] = true, true
		for line, l := range v.lines {
			if l.id == id {
				v.lines[line] = told{batch.Protected, id}
			}
		}
	}
	return wrong
}

// wrongEnd holds the exit code against the verdict.
func (s *story) wrongEnd(v *verdict, code exitCode) []string {
	fits := []exitCode{exitDone}
	for _, l := range v.lines {
		if l.outcome.Kind() == batch.Failure {
			fits[0] = exitPartial
		}
	}
	loose := s.things.steps != nil && (len(v.refused) == 0 || len(v.refused) == 1 && s.guard.dryRun)
	if loose {
		// What becomes of each write, wrongSteps says. A run whose groups or licences wait for a
		// proof that does not come stops, resumable.
		fits = []exitCode{exitDone, exitPartial, exitSignIn, exitStopped}
	}
	for i, r := range v.refused {
		if i == 0 && !loose {
			fits = nil
		}
		fits = append(fits, r.codes...)
	}
	switch {
	case slices.Contains(fits, code):
		return nil
	case s.faulty() && (len(v.refused) == 0 || len(v.refused) == 1 && s.guard.dryRun), s.faulty() && code != exitDone && code != exitPartial:
		return nil // the faults may have ended it, and the writes are what counts
	}
	return []string{fmt.Sprintf("exit code %d, want one of %v; refused for %v", code, fits, v.refused)}
}

// readReport reads report.csv by line of the input; without one there are none.
func readReport(dir string) (map[int]told, []string) {
	f, err := os.Open(filepath.Join(dir, "report.csv"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, []string{err.Error()}
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, []string{err.Error()}
	}
	var wrong []string
	lines := map[int]told{}
	for _, r := range rows[1:] {
		line, err := strconv.Atoi(r[0])
		if _, twice := lines[line]; twice || err != nil {
			wrong = append(wrong, fmt.Sprintf("line %s is in the report twice", r[0]))
		}
		lines[line] = told{batch.Outcome(r[5]), r[2]}
	}
	return lines, wrong
}

// wrongLines holds the report against the verdict and the log.
func (s *story) wrongLines(v *verdict, t *graphsim.Tenant, lines map[int]told) []string {
	rehearsed := s.guard.dryRun && len(v.refused) == 1
	if lines == nil && (len(v.refused) > 0 && !rehearsed || s.faulty()) || s.guard.noReads {
		return nil
	}
	var wrong []string
	say := func(format string, a ...any) { wrong = append(wrong, fmt.Sprintf(format, a...)) }
	if len(lines) != len(v.lines) {
		say("the report has %d lines, and the file %d rows", len(lines), len(v.lines))
	}
	for no, want := range v.lines {
		got := lines[no]
		if u, _ := t.User(got.id); u.Writes == 0 && slices.Contains(accepted, got.outcome) {
			say("line %d is %s, and the user was never written", no, got.outcome)
		}
		if s.things.steps != nil && (v.may[want.id] || slices.Contains(s.twist.late, want.id)) {
			continue // its writes are told one by one, and this is the worst of them
		}
		if s.faulty() && slices.Contains(disturbed, got.outcome) || s.mixes() && slices.Contains(mistaken, got.outcome) {
			continue
		}
		if s.faulty() && want.outcome == batch.Ambiguous && (got.outcome == batch.Skipped || got.outcome == batch.Invalid) {
			continue // the row that lets the person go was not found to do so
		}
		if u := s.byID(want.id); s.faulty() && got.outcome == batch.Already && u.Stamp.After(s.guard.since) {
			continue // the row with a later moment was not found to be about the same person
		}
		if or := v.either[want.id]; or != "" && got.outcome == or {
			continue
		}
		if got.outcome != want.outcome || want.id != "" && got.id != want.id {
			say("line %d is %v, want %v", no, got, want)
		}
	}
	return wrong
}

// accepted are the outcomes that only a 2xx leads to.
var accepted = []batch.Outcome{batch.Verified, batch.Revoked, batch.Unverified, batch.Ineffective}

// disturbed are how rows may end beside the truth when faults strike.
var disturbed = []batch.Outcome{batch.GaveUp, batch.Failed, batch.Unverified, batch.NotSent, batch.Unsettled}

// mistaken are how rows may end when lookups are mixed up: an empty list of hits
// does not show whose it is.
var mistaken = []batch.Outcome{batch.Invalid, batch.NotFound, batch.Ambiguous}
