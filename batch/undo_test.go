package batch

import (
	"strings"
	"testing"
	"time"
)

// A step that can be taken back knows what does so, and that step knows what it takes back.
func TestUndoes(t *testing.T) {
	for _, c := range []struct{ step, undo Step }{{Disable, Enable}, {Devices, EnableDevices}, {Groups, JoinGroups}, {Licences, AddLicences}, {Revoke, ""}, {Invalidate, ""}, {Password, ""}} {
		if c.step.Undo() != c.undo || c.undo.Undoes() != map[bool]Step{true: c.step}[c.undo != ""] {
			t.Errorf("%s is undone by %q, which undoes %q", c.step, c.step.Undo(), c.undo.Undoes())
		}
	}
	if s := Whole.Undoes(); s != "" {
		t.Errorf("users as a whole undo %s", s)
	}
}

// Only what the run changed, or may have changed, is taken back, and only where it is
// known to have been otherwise before.
func TestUndoOfAWrite(t *testing.T) {
	const licences = `[{"skuId":"06ebc4ee-1bb5-47dd-8120-11324bc54e06","disabledPlans":["b"]}]`
	was := User{Enabled: true}
	account := Target{Step: Disable}
	device := Target{Step: Devices, ID: "d", Name: "laptop", Kind: "Windows", Before: StateEnabled}
	group := Target{Step: Groups, ID: "g", Before: StateThere}
	direct := Target{Step: Licences, Before: licences}
	by := Target{Step: Licences, ID: "g", Before: StateThere}
	for _, c := range []struct {
		target  Target
		outcome Outcome
		doubt   bool
		user    User
		want    Target // without a step there is none
		why     string
	}{
		{account, Verified, false, was, Target{Step: Enable, Before: StateDisabled}, ""},
		{account, Accepted, false, was, Target{Step: Enable, Before: StateDisabled}, ""},
		{account, Unverified, false, was, Target{Step: Enable, Before: StateDisabled}, ""},
		{account, Unsettled, true, was, Target{Step: Enable, Before: StateDisabled}, ""},
		{account, GaveUp, true, was, Target{Step: Enable, Before: StateDisabled}, ""},
		{account, Unsettled, false, was, Target{}, ""},
		{account, Verified, true, User{}, Target{Step: Enable, Before: StateDisabled, Unknown: true}, ""},
		{account, Already, false, was, Target{}, ""},
		{account, Already, true, was, Target{}, ""},
		{account, Denied, false, was, Target{}, ""},
		{account, Failed, false, was, Target{}, ""},
		{account, GaveUp, false, was, Target{}, ""},
		{account, NotSent, false, was, Target{}, ""},
		{account, NotPossible, false, was, Target{}, ""},
		{account, Protected, false, was, Target{}, ""},
		{account, Denied, true, was, Target{Step: Enable, Before: StateDisabled}, ""}, // of a call before
		{account, Failed, true, was, Target{Step: Enable, Before: StateDisabled}, ""},
		{account, Protected, true, was, Target{Step: Enable, Before: StateDisabled}, ""},
		{account, Ineffective, true, was, Target{Step: Enable, Before: StateDisabled}, ""},
		{account, Unsettled, true, User{Enabled: true, Synced: true}, Target{Step: Enable, Before: StateDisabled}, ""},
		{Target{Step: Devices, ID: "d", Before: StateEnabled, OnPremises: true}, GaveUp, true, was, Target{Step: EnableDevices, ID: "d", Before: StateDisabled, OnPremises: true}, ""},
		{device, Verified, true, was, Target{Step: EnableDevices, ID: "d", Name: "laptop", Kind: "Windows", Before: StateDisabled}, ""},
		{Target{Step: Devices, ID: "d"}, Verified, true, was, Target{Step: EnableDevices, ID: "d", Before: StateDisabled, Unknown: true}, ""},
		{group, Verified, true, was, Target{Step: JoinGroups, ID: "g", Before: StateGone}, ""},
		{direct, Verified, true, was, Target{Step: AddLicences, Before: licences}, ""},
		{Target{Step: Licences}, Verified, true, was, Target{Step: AddLicences}, ""}, // whose planning fails
		{by, Verified, true, was, Target{Step: AddLicences, ID: "g", Before: StateGone}, ""},
		{Target{Step: Revoke}, Revoked, true, was, Target{}, "sessions"},
		{Target{Step: Revoke}, Ineffective, true, was, Target{}, ""},
		{Target{Step: Password}, Verified, true, was, Target{}, "help desk"},
		{Target{Step: Password}, Denied, false, was, Target{}, ""},
	} {
		w := Write{c.target, Record{Step: c.target.Step, Target: c.target.ID, Outcome: c.outcome, Doubt: c.doubt, SentAt: time.Now()}}
		got, why, ok := w.Undo(c.user)
		if ok != (c.want.Step != "") || ok && got != c.want || (why == "") != (c.why == "") || !strings.Contains(why, c.why) {
			t.Errorf("%s %s: got %+v %v %q, want %+v %q", c.target.Step, c.outcome, got, ok, why, c.want, c.why)
		}
	}
}

// Of what is to be taken back only that is sent which is still as the run left it.
func TestUndoWhereItIsStillOurs(t *testing.T) {
	const a, b = `{"skuId":"06ebc4ee-1bb5-47dd-8120-11324bc54e06","disabledPlans":["p"]}`, `{"skuId":"b05e124f-c7cc-45a0-a6aa-8cf78c946968"}`
	device, group := Target{Step: EnableDevices, ID: "d"}, Target{Step: JoinGroups, ID: "g"}
	is := func(id, state string) []Target {
		return []Target{{ID: "other", Before: StateEnabled}, {ID: id, Before: state}}
	}
	for _, c := range []struct {
		target Target
		user   User
		lists  lists
		want   Outcome // "" is sent
		before string  // of the target then; "" as it was
	}{
		{Target{Step: Enable}, User{Disabled: true}, lists{}, "", ""},
		{Target{Step: Enable}, User{Enabled: true}, lists{}, Already, ""},
		{Target{Step: Enable}, User{}, lists{}, Failed, ""},
		{Target{Step: Enable}, User{Disabled: true, Synced: true}, lists{}, NotPossible, ""},
		{Target{Step: Enable}, User{Enabled: true, Synced: true}, lists{}, Already, ""},
		{Target{Step: Enable, Unknown: true}, User{Disabled: true}, lists{}, NotPossible, ""},
		{Target{Step: Enable, Unknown: true}, User{Enabled: true}, lists{}, Already, ""},
		{Target{Step: EnableDevices, ID: "d", Unknown: true}, User{}, lists{devices: is("d", StateDisabled)}, NotPossible, ""},
		{device, User{}, lists{devices: []Target{{ID: "d", Before: StateDisabled, OnPremises: true}}}, NotPossible, ""},
		{device, User{}, lists{devices: []Target{{ID: "d", Before: StateEnabled, OnPremises: true}}}, Already, ""},
		{Target{Step: EnableDevices, ID: "d", OnPremises: true}, User{}, lists{devices: is("d", StateDisabled)}, "", ""}, // by now
		{Target{Step: AddLicences}, User{Licences: "[]"}, lists{}, Failed, ""},
		{device, User{}, lists{devices: is("d", StateDisabled)}, "", ""},
		{device, User{}, lists{devices: is("d", StateEnabled)}, Already, ""},
		{device, User{}, lists{devices: is("d", "")}, Failed, ""},
		{device, User{}, lists{devices: is("e", StateDisabled)}, NotFound, ""},
		{device, User{}, lists{noDevices: &Record{Outcome: Denied}}, Denied, ""},
		{group, User{}, lists{groups: is("h", StateThere)}, "", ""},
		{group, User{}, lists{groups: is("g", StateThere)}, Already, ""},
		{group, User{}, lists{noGroups: &Record{Outcome: GaveUp}}, GaveUp, ""},
		{Target{Step: AddLicences, ID: "g"}, User{}, lists{groups: is("g", StateThere)}, Already, ""},
		{Target{Step: AddLicences, ID: "g"}, User{}, lists{groups: is("h", StateThere)}, "", ""},
		{Target{Step: AddLicences, Before: "[" + a + "," + b + "]"}, User{Licences: "[]"}, lists{}, "", "[" + a + "," + b + "]"},
		{Target{Step: AddLicences, Before: "[" + a + "," + b + "]"}, User{Licences: `[{"skuId":"06EBC4EE-1bb5-47dd-8120-11324bc54e06"}]`}, lists{}, "", "[" + b + "]"},
		{Target{Step: AddLicences, Before: "[" + a + "]"}, User{Licences: "[" + b + "," + a + "]"}, lists{}, Already, ""},
		{Target{Step: AddLicences, Before: "[" + a + "]"}, User{}, lists{}, Failed, ""},
	} {
		w := work{}
		w.undo([]Target{c.target}, c.user, c.lists)
		got := Outcome("")
		for _, r := range w.records {
			if got = r.Outcome; r.Step != c.target.Step || r.Target != c.target.ID {
				t.Errorf("%+v: a record of %s %s", c.target, r.Step, r.Target)
			}
		}
		if want := c.before; got != c.want || len(w.targets) != 1 || want != "" && w.targets[0].Before != want {
			t.Errorf("%+v of %+v: got %q and %+v, want %q and %q", c.target, c.user, got, w.targets, c.want, want)
		}
	}
}
