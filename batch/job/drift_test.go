package job

import (
	"fmt"
	"slices"
	"testing"

	"offboard/batch"
)

// A plan that is carried out sends its own targets alone, and of them those that are still
// the user's.
func TestStillListed(t *testing.T) {
	dev := func(id, before string) batch.Target {
		return batch.Target{Step: batch.Devices, ID: id, Kind: "Windows", Before: before}
	}
	group := func(id string) batch.Target {
		return batch.Target{Step: batch.Groups, ID: id, Before: batch.StateThere}
	}
	licenceGroup := func(id string) batch.Target {
		return batch.Target{Step: batch.Licences, ID: id, Before: batch.StateThere}
	}
	licences := func(before string) batch.Target {
		return batch.Target{Step: batch.Licences, Kind: batch.DirectLicences, Before: before}
	}
	rec := func(s batch.Step, id string, o batch.Outcome) batch.Record {
		return batch.Record{Seq: 7, Step: s, Target: id, Outcome: o, Reason: "now " + string(o)}
	}
	for _, c := range []struct {
		name     string
		planned  batch.Planned
		now      batch.Planned
		since    int
		why      string
		outcomes []string
		writes   int
	}{
		{"nothing changed", batch.Planned{Targets: []batch.Target{dev("d", "enabled"), group("g")}}, batch.Planned{Targets: []batch.Target{group("g"), dev("d", "enabled")}}, 0, "", nil, 2},
		{"what came since is not sent", batch.Planned{Targets: []batch.Target{dev("d", "enabled")}}, batch.Planned{Targets: []batch.Target{dev("d", "enabled"), dev("new", "enabled"), group("g")}}, 2, "", []string{"devices new failed", "groups g failed"}, 1},
		{"what came since, and would not be sent", batch.Planned{}, batch.Planned{Targets: []batch.Target{dev("off", "disabled"), dev("phone", "enabled"), group("rule")},
			Records: []batch.Record{rec(batch.Devices, "off", batch.Already), rec(batch.Devices, "phone", batch.NotPossible), rec(batch.Groups, "rule", batch.NotPossible)}}, 1, "", []string{"devices phone failed"}, 0},
		{"direct licences that came since", batch.Planned{}, batch.Planned{Targets: []batch.Target{licences("[1]")}}, 1, "", []string{"licences  failed"}, 0},
		{"a device of somebody else by now", batch.Planned{Targets: []batch.Target{dev("d", "enabled")}}, batch.Planned{}, 0, "", []string{"devices d skipped"}, 0},
		{"a group that was left", batch.Planned{Targets: []batch.Target{group("g"), group("h")}}, batch.Planned{Targets: []batch.Target{group("h")}}, 0, "", []string{"groups g already"}, 1},
		{"a device that was disabled", batch.Planned{Targets: []batch.Target{dev("d", "enabled")}}, batch.Planned{Targets: []batch.Target{dev("d", "disabled")}, Records: []batch.Record{rec(batch.Devices, "d", batch.Already)}}, 0, "", []string{"devices d already"}, 0},
		{"a group of Active Directory by now", batch.Planned{Targets: []batch.Target{group("g")}}, batch.Planned{Targets: []batch.Target{group("g")}, Records: []batch.Record{rec(batch.Groups, "g", batch.NotPossible)}}, 0, "", []string{"groups g not_possible"}, 0},
		{"what ended at planning stays so", batch.Planned{Targets: []batch.Target{dev("d", "")}, Records: []batch.Record{rec(batch.Devices, "d", batch.NotPossible)}}, batch.Planned{}, 0, "", []string{"devices d not_possible"}, 0},
		{"a group that gives licences by now", batch.Planned{Targets: []batch.Target{group("g")}}, batch.Planned{Targets: []batch.Target{licenceGroup("g")}}, 0, "", nil, 1},
		{"a group that gave licences", batch.Planned{Targets: []batch.Target{licenceGroup("g")}}, batch.Planned{Targets: []batch.Target{group("g")}}, 0, "", nil, 1},
		{"a group with a rule by now, listed for another step", batch.Planned{Targets: []batch.Target{group("g")}}, batch.Planned{Targets: []batch.Target{licenceGroup("g")}, Records: []batch.Record{rec(batch.Licences, "g", batch.NotPossible)}}, 0, "", []string{"groups g not_possible"}, 0},
		{"a licence group that was left", batch.Planned{Targets: []batch.Target{licenceGroup("g")}}, batch.Planned{}, 0, "", []string{"licences g already"}, 0},
		{"a device that is enabled again", batch.Planned{Targets: []batch.Target{dev("d", "disabled")}, Records: []batch.Record{rec(batch.Devices, "d", batch.Already)}}, batch.Planned{Targets: []batch.Target{dev("d", "enabled")}}, 0, "d was disabled when the plan was made, and is enabled now", []string{"devices d already"}, 0},
		{"a device that is enabled again, and cannot be disabled", batch.Planned{Targets: []batch.Target{dev("d", "disabled")}, Records: []batch.Record{rec(batch.Devices, "d", batch.Already)}}, batch.Planned{Targets: []batch.Target{dev("d", "enabled")}, Records: []batch.Record{rec(batch.Devices, "d", batch.NotPossible)}}, 0, "d was disabled when the plan was made, and is enabled now", []string{"devices d already"}, 0},
		{"a device that is still disabled", batch.Planned{Targets: []batch.Target{dev("d", "disabled")}, Records: []batch.Record{rec(batch.Devices, "d", batch.Already)}}, batch.Planned{Targets: []batch.Target{dev("d", "disabled")}, Records: []batch.Record{rec(batch.Devices, "d", batch.Already)}}, 0, "", []string{"devices d already"}, 0},
		{"a list that cannot be read", batch.Planned{Targets: []batch.Target{dev("d", "enabled")}}, batch.Planned{Targets: []batch.Target{dev("", "")}, Records: []batch.Record{rec(batch.Devices, "", batch.Denied)}}, 0, "now denied", nil, 1},
		{"the same licences", batch.Planned{Targets: []batch.Target{licences("[1]")}}, batch.Planned{Targets: []batch.Target{licences("[1]")}}, 0, "", nil, 1},
		{"other licences", batch.Planned{Targets: []batch.Target{licences("[1]")}}, batch.Planned{Targets: []batch.Target{licences("[1,2]")}}, 0, "the direct licences are no longer those of the plan", nil, 1},
	} {
		p := c.planned
		p.User.Seq = 7
		since, why := stillListed(&p, c.now)
		var got []string
		for _, r := range p.Records {
			got = append(got, fmt.Sprint(r.Step, " ", r.Target, " ", r.Outcome))
			if r.Seq != 7 {
				t.Errorf("%s: a record of user %d", c.name, r.Seq)
			}
		}
		if since != c.since || why != c.why || !slices.Equal(got, c.outcomes) || p.Writes(nil) != c.writes {
			t.Errorf("%s: %d since, %q, %q, %d writes; want %d, %q, %q, %d", c.name, since, why, got, p.Writes(nil), c.since, c.why, c.outcomes, c.writes)
		}
	}
	// The password's time before is the one of now: it proves the next change.
	p := batch.Planned{Targets: []batch.Target{{Step: batch.Password, Before: "2026-01-01T00:00:00Z"}}}
	stillListed(&p, batch.Planned{Targets: []batch.Target{{Step: batch.Password, Before: "2026-02-02T00:00:00Z"}}})
	if p.Targets[0].Before != "2026-02-02T00:00:00Z" {
		t.Errorf("before is %s", p.Targets[0].Before)
	}
}
