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
		if got := l.Contained(); got != tt.want {
			t.Errorf("%v, %v: %v", tt.whole, tt.writes, got)
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

// Only what a directory on premises is the master of is for its administrators to do.
func TestFollowup(t *testing.T) {
	for _, tt := range []struct {
		u              User
		of             Target
		o              Outcome
		toDo, computer string
	}{
		{User{Synced: true}, Target{Step: Disable}, Ineffective, "disable account", ""},
		{User{Synced: true}, Target{Step: Disable}, Denied, "", ""},
		{User{Synced: true}, Target{Step: Disable}, Already, "", ""},
		{User{Synced: true}, Target{Step: Revoke}, Ineffective, "", ""},
		{User{Synced: true}, Target{Step: Password}, NotPossible, "reset password twice", ""},
		{User{Synced: true, Type: Guest}, Target{Step: Password}, NotPossible, "", ""},
		{User{}, Target{Step: Password}, NotPossible, "", ""},
		{User{}, Target{Step: Devices, OnPremises: true, Name: "LAP-1"}, Ineffective, "disable computer", "LAP-1"},
		{User{Synced: true}, Target{Step: Devices, Name: "phone"}, NotPossible, "", ""},
		{User{Synced: true}, Target{Step: Groups, OnPremises: true}, NotPossible, "", ""},
	} {
		var want []Followup
		if tt.toDo != "" {
			want = []Followup{{tt.toDo, tt.computer}}
		}
		l := Line{User: tt.u, Writes: []Write{{tt.of, Record{Outcome: tt.o}}}}
		if d := cmp.Diff(want, l.Followups(Leaver)); d != "" {
			t.Errorf("%+v, %v, %s: %s", tt.u, tt.of, tt.o, d)
		}
		if tt.of.Step == Disable { // alone it leaves its record to the line
			l = Line{User: tt.u, Record: Record{Outcome: tt.o}}
			if d := cmp.Diff(want, l.Followups([]Step{Disable})); d != "" {
				t.Errorf("alone: %+v, %v, %s: %s", tt.u, tt.of, tt.o, d)
			}
		}
	}
}
