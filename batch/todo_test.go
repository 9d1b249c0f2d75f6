package batch

import (
	"slices"
	"testing"
)

// What is done, or cannot be done, takes no permission. A group that gives licences takes
// those of groups, and what must not be repeated blindly is read even without proof.
func TestToDo(t *testing.T) {
	for _, c := range []struct {
		name         string
		steps        []Step
		users        int
		kinds        map[Kinds]int
		sent         []Step
		read, proven []Step // without and with proof
	}{
		{"one step", []Step{Revoke}, 2, nil, []Step{Revoke}, nil, []Step{Revoke}},
		{"nobody", []Step{Revoke}, 0, nil, nil, nil, nil},
		{"some disabled", []Step{Disable, Revoke}, 2, map[Kinds]int{{Step: Disable, Outcome: Already}: 1}, []Step{Disable, Revoke}, nil, []Step{Disable, Revoke}},
		{"all disabled", []Step{Disable, Revoke}, 2, map[Kinds]int{{Step: Disable, Outcome: Already}: 2}, []Step{Revoke}, nil, []Step{Revoke}},
		{"phones", []Step{Devices}, 2, map[Kinds]int{{Step: Devices, Outcome: NotPossible}: 3}, nil, nil, nil},
		{"devices", []Step{Devices}, 2, map[Kinds]int{{Step: Devices, Kind: "Windows"}: 3}, []Step{Devices}, []Step{Devices}, []Step{Devices}},
		{"direct", []Step{Licences}, 1, map[Kinds]int{{Step: Licences, Kind: DirectLicences}: 1, {Step: Licences, Outcome: NotPossible}: 1}, []Step{Licences}, []Step{Licences}, []Step{Licences}},
		{"from a group", []Step{Licences}, 1, map[Kinds]int{{Step: Licences, Kind: "security group"}: 1}, []Step{Groups}, []Step{Groups}, []Step{Groups}},
		{"both, back", []Step{AddLicences}, 1, map[Kinds]int{{Step: AddLicences}: 1, {Step: AddLicences, Kind: DirectLicences}: 1}, []Step{JoinGroups, AddLicences}, []Step{JoinGroups, AddLicences}, []Step{JoinGroups, AddLicences}},
	} {
		d := Count{Users: c.users, Kinds: c.kinds}.ToDo(c.steps)
		if got := d.Sent; !slices.Equal(got, c.sent) {
			t.Errorf("%s: sent are %v, want %v", c.name, got, c.sent)
		}
		if got := d.Read(false); !slices.Equal(got, c.read) {
			t.Errorf("%s: read are %v, want %v", c.name, got, c.read)
		}
		if got := d.Read(true); !slices.Equal(got, c.proven) {
			t.Errorf("%s: read as proof are %v, want %v", c.name, got, c.proven)
		}
	}
	d := ToDo{}
	d.Prove(Licences, false)
	d.Prove(Disable, true)
	if got := d.Read(false); !slices.Equal(got, []Step{Disable, Groups}) || d.Sent != nil {
		t.Errorf("to be proven are %v, and sent %v", got, d.Sent)
	}
}
