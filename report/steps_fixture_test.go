package report

import (
	"slices"
	"time"

	"offboard/batch"
)

// leaverRun is a run with all steps, and leavers are its lines.
func leaverRun() End {
	e := fixtureRun()
	e.Plan.Steps, e.Plan.Rows, e.Plan.Users, e.Plan.Writes = batch.Leaver, 9, 6, 25
	e.Plan.Accounts = batch.Accounts{Synced: 1, Enabled: 5}
	e.Plan.Keep, e.Plan.Dated, e.Plan.SLA = []string{"Last day"}, true, 12*time.Hour
	e.State, e.Reason = "finished", ""
	e.Dir = "out"
	e.Files = []string{"out/report.csv", "out/report.targets.csv", "out/followup.csv"}
	for _, l := range leavers() {
		e.Summary.AddLine(e.Plan.Steps, &l)
		e.Summary.AddInTime(e.Plan, &l)
	}
	return e
}

// wrote is a write of a step, or a target, that ended so.
func wrote(t batch.Target, o batch.Outcome, reason string) batch.Write {
	rec := batch.Record{Step: t.Step, Target: t.ID, Outcome: o, Reason: reason, SettledAt: at(9, 250)}
	switch o {
	case batch.Already, batch.NotPossible, batch.NotSent, batch.Failed, batch.NotFound, batch.Protected: // of these nothing was sent
		return batch.Write{Target: t, Record: rec}
	case batch.Denied:
		rec.Status, rec.Code, rec.Message = 403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."
	case batch.Unsettled:
		rec.SettledAt = time.Time{}
	default:
		rec.Status = 204
	}
	rec.Attempts, rec.SentAt, rec.RequestID = 1, at(1, 5), "5b1e0c5e-8a4e-4b0b-9d5c-0a1b2c3d4e5f/2"
	if o == batch.Verified {
		switch t.Step {
		case batch.Disable, batch.Devices:
			rec.Shown = batch.StateDisabled
		case batch.Groups, batch.Licences:
			rec.Shown = batch.StateGone
		default:
			rec.After = at(1, 0)
		}
	}
	return batch.Write{Target: t, Record: rec}
}

// leaver is a line of a user with these writes, in any order.
func leaver(n int, upn string, writes ...batch.Write) batch.Line {
	slices.SortStableFunc(writes, func(a, b batch.Write) int {
		return slices.Index(batch.Leaver, a.Target.Step) - slices.Index(batch.Leaver, b.Target.Step)
	})
	l := row(n, upn, batch.Worst(writes))
	l.Writes = writes
	return l
}

const (
	inAD   = "the account is mastered on premises, and the next sync enables it again; disable it in Active Directory"
	inADPC = "the device is mastered on premises, and the next sync enables it again; disable the computer in Active Directory"
	retire = "Graph lets no app disable a device with iOS; retire it in Intune"
	ofRule = "a rule decides who is in the group; change the rule, or what of the user it asks for"
)

func leavers() []batch.Line {
	account := batch.Target{Step: batch.Disable}
	password := batch.Target{Step: batch.Password, Before: "2025-11-01T08:00:00Z"}
	sessions := batch.Target{Step: batch.Revoke}
	device := func(n int, name, system string) batch.Target {
		return batch.Target{Step: batch.Devices, ID: id(100 + n), Name: name, Kind: system, Before: batch.StateEnabled}
	}
	group := func(n int, name string) batch.Target {
		return batch.Target{Step: batch.Groups, ID: id(200 + n), Name: name, Kind: "security group", Before: batch.StateThere}
	}
	licences := batch.Target{Step: batch.Licences, Kind: "direct licences", Before: `[{"skuId":"06ebc4ee-1bb5-47dd-8120-11324bc54e06",` +
		`"disabledPlans":["9aaf7827-d63c-4b61-89c3-182f06f82e5c"]},{"skuId":"f30db892-07e9-47e9-837c-80727f46fd3d"}]`}
	urgent := func(more ...batch.Write) []batch.Write {
		return append(more, wrote(account, batch.Verified, ""), wrote(password, batch.Verified, ""), wrote(sessions, batch.Verified, ""))
	}
	ada := leaver(2, "ada@contoso.com", urgent(
		wrote(device(1, "LAP-1", "Windows"), batch.Verified, ""), wrote(device(2, "Ada's phone, old", "iOS"), batch.NotPossible, retire),
		wrote(group(1, "Sales"), batch.Verified, ""), wrote(licences, batch.Verified, ""))...)
	again := ada
	again.Row, again.First = batch.Row{Line: 6, Input: ada.User.ID, Cells: []string{ada.User.ID, ""}}, batch.Place{Line: 2}
	pc := device(3, `=cmd|"/c calc"`, "Windows")
	pc.OnPremises = true
	ben := leaver(3, "ben@contoso.com",
		wrote(account, batch.Ineffective, inAD), wrote(password, batch.NotPossible, "the password is mastered on premises; reset it in Active Directory, twice"),
		wrote(sessions, batch.Verified, ""), wrote(pc, batch.Ineffective, inADPC),
		wrote(group(1, "Sales"), batch.NotPossible, "not tried, since the step disable ended ineffective; another run may change that once the account is disabled"))
	ben.User.Synced, ben.User.SAM, ben.User.Domain = true, "=ben", "corp.contoso.com"
	gone := unnamed(7, "gone@contoso.com", batch.Record{Outcome: batch.NotFound, Reason: "no user has this name"})
	spared := row(8, "root@contoso.com", batch.Record{Outcome: batch.Protected, Reason: "on the protect list"})
	for _, l := range []*batch.Line{&gone, &spared} {
		l.Whole = true
		for _, s := range []batch.Step{batch.Disable, batch.Revoke} {
			l.Writes = append(l.Writes, wrote(batch.Target{Step: s}, l.Record.Outcome, l.Record.Reason))
		}
	}
	lines := []batch.Line{
		ada, ben,
		leaver(4, "cy@contoso.com", wrote(account, batch.Denied, ""), wrote(password, batch.Denied, ""), wrote(sessions, batch.Verified, ""),
			wrote(group(1, "Sales"), batch.Failed, "not tried, since the step disable ended denied; another run may change that once the account is disabled")),
		leaver(5, "dee@contoso.com", urgent(wrote(device(4, "LAP-4", "Windows"), batch.Already, ""), wrote(group(2, "All staff"), batch.NotPossible, ofRule))...),
		again, gone, spared,
		leaver(9, "eli@contoso.com", wrote(account, batch.Verified, ""), wrote(password, batch.Unsettled, "sent, and no answer was seen"),
			wrote(sessions, batch.NotSent, "its turn had not come")),
		leaver(10, "fay@contoso.com", urgent()...),
	}
	for i := range lines {
		lines[i].Row.From = at(0, 0).Truncate(24 * time.Hour).Add(-time.Hour) // the end of 2026-03-01 where the run is
		if i == len(lines)-1 {
			lines[i].Row.From = lines[i].Row.From.Add(-24 * time.Hour)
		}
	}
	return lines
}
