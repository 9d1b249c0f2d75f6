package batch

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestContained(t *testing.T) {
	w := func(s Step, o Outcome) Write { return Write{Target{Step: s}, Record{Step: s, Outcome: o}} }
	for _, tt := range []struct {
		whole  bool
		writes []Write
		want   bool
	}{
		{false, []Write{w(Disable, Verified), w(Revoke, Already), w(Devices, Verified)}, true},
		{false, []Write{w(Disable, Verified), w(Revoke, Already), w(Devices, Accepted)}, false}, // nobody looked
		{false, []Write{w(Disable, Verified), w(Revoke, Verified), w(Groups, Denied), w(Licences, NotSent)}, true},
		{false, []Write{w(Disable, Verified), w(Revoke, Verified), w(Devices, Verified), w(Devices, NotPossible)}, false},
		{false, []Write{w(Disable, Ineffective), w(Revoke, Verified)}, false},
		{false, []Write{w(Disable, Verified), w(Revoke, NotSent)}, false},
		{false, []Write{w(Disable, Verified), w(Password, Skipped)}, false},
		{true, []Write{w(Disable, Protected)}, false},
		{true, nil, false},
		{false, nil, true}, // of listed steps, a user who has nothing
	} {
		l := Line{Whole: tt.whole, Writes: tt.writes}
		if got := l.Contained(Leaver); got != tt.want {
			t.Errorf("%v, %v: %v", tt.whole, tt.writes, got)
		}
	}
	// What was so before the run may come back with the next sync.
	for _, w := range []Write{w(Disable, Already), {Target{Step: Devices, OnPremises: true}, Record{Step: Devices, Outcome: Already}}} {
		if l := (Line{User: User{Synced: true}, Writes: []Write{w, {Target{Step: Revoke}, Record{Outcome: Already}}}}); l.Contained(Leaver) {
			t.Errorf("%v of a synced user counts as contained", w)
		}
	}
}

// Each licence of one call is a thing of its own, with the value that it had.
func TestThings(t *testing.T) {
	rec := Record{Outcome: Verified, Shown: StateGone}
	two := `[{"skuId":"A","disabledPlans":["p","q"]},{"skuId":"B"}]`
	for _, tt := range []struct {
		of   Target
		want []Target
	}{
		{Target{Step: Licences, Kind: "direct licences", Before: two}, []Target{
			{Step: Licences, ID: "A", Kind: "direct licence without the service plans p q", Before: StateThere},
			{Step: Licences, ID: "B", Kind: "direct licence", Before: StateThere}}},
		{Target{Step: AddLicences, Before: two}, []Target{
			{Step: AddLicences, ID: "A", Kind: "direct licence without the service plans p q", Before: StateGone},
			{Step: AddLicences, ID: "B", Kind: "direct licence", Before: StateGone}}},
		{Target{Step: Licences, ID: "group", Before: StateThere}, []Target{{Step: Licences, ID: "group", Before: StateThere}}},
		{Target{Step: Licences}, []Target{{Step: Licences}}},
		{Target{Step: Password, Before: "[]"}, []Target{{Step: Password, Before: "[]"}}},
	} {
		var got []Target
		for _, w := range (Write{tt.of, rec}).Things() {
			if got = append(got, w.Target); w.Record != rec {
				t.Errorf("%v: the record is %v", tt.of, w.Record)
			}
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Error(d)
		}
	}
}

// What is left for others is told with where it is done. What was so before the run is
// left, too, where a directory on premises decides whether it stays.
func TestFollowup(t *testing.T) {
	synced, cloud := User{Synced: true}, User{}
	of := func(s Step, change func(*Target)) Target {
		g := Target{Step: s, ID: "id"}
		if change != nil {
			change(&g)
		}
		return g
	}
	onPremises := func(g *Target) { g.OnPremises = true }
	kind := func(k string) func(*Target) { return func(g *Target) { g.Kind = k } }
	for _, tt := range []struct {
		u           User
		of          Target
		o           Outcome
		why         string
		where, toDo string
	}{
		{synced, Target{Step: Disable}, Ineffective, "", InAD, "disable account"},
		{synced, Target{Step: Disable}, Denied, "", "", ""},
		{synced, Target{Step: Disable}, Already, "", InAD, "check that the account is disabled"},
		{cloud, Target{Step: Disable}, Already, "", "", ""},
		{synced, Target{Step: Revoke}, Ineffective, "", "", ""},
		{synced, Target{Step: Revoke}, Already, "", "", ""},
		{synced, Target{Step: Password}, NotPossible, "", InAD, "reset password twice"},
		{User{Synced: true, Type: Guest}, Target{Step: Password}, NotPossible, "", "", ""},
		{cloud, Target{Step: Password}, NotPossible, "", "", ""},
		{cloud, of(Devices, onPremises), Ineffective, "", InAD, "disable computer"},
		{cloud, of(Devices, onPremises), Already, "", InAD, "check that the computer is disabled"},
		{cloud, of(Devices, nil), Already, "", "", ""},
		{cloud, of(Devices, kind("iOS")), NotPossible, "", InIntune, "retire device"},
		{cloud, of(Devices, nil), Denied, "", "", ""},
		{cloud, of(Devices, nil), Skipped, whyRegistered, InEntra, "disable the device if nobody else uses it"},
		{cloud, of(Devices, nil), Skipped, "since the plan was made the device has left the user's", "", ""},
		{cloud, of(Groups, onPremises), NotPossible, "", InAD, "remove from group"},
		{cloud, of(Licences, onPremises), NotPossible, "", InAD, "remove from group"},
		{cloud, of(Groups, kind(DistributionList)), NotPossible, "", InExchange, "remove from group"},
		{cloud, of(Groups, kind(MailSecurityGroup)), NotPossible, "", InExchange, "remove from group"},
		{cloud, of(Groups, kind("security group")), NotPossible, whyDynamic, InEntra, "change the rule of the group, or what of the user it asks for"},
		{cloud, of(Groups, kind("security group")), NotPossible, "not tried, since the step disable ended ineffective", "", ""},
		{cloud, of(Groups, nil), Denied, "", "", ""},
	} {
		var want []Followup
		if tt.toDo != "" {
			want = []Followup{{tt.where, tt.toDo, tt.of}}
		}
		l := Line{User: tt.u, Writes: []Write{{tt.of, Record{Outcome: tt.o, Reason: tt.why}}}}
		if d := cmp.Diff(want, l.Followups(Leaver)); d != "" {
			t.Errorf("%+v, %v, %s: %s", tt.u, tt.of, tt.o, d)
		}
		if tt.of.Step == Disable { // alone it leaves its record to the line
			l = Line{User: tt.u, Record: Record{Step: Disable, Outcome: tt.o}, Whole: tt.o == Already}
			if d := cmp.Diff(want, l.Followups([]Step{Disable})); d != "" {
				t.Errorf("alone: %+v, %v, %s: %s", tt.u, tt.of, tt.o, d)
			}
		}
	}
}
