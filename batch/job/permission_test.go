package job

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"offboard/batch"
	"offboard/batch/graph"
)

// One refusal names all that is missing, of every app: the first one reads, and all of
// them write. A token that says nothing of its permissions is let through.
func TestMay(t *testing.T) {
	apps := func(can ...string) *tenant {
		t := &tenant{}
		for i, c := range can {
			t.apps = append(t.apps, app{identity: graph.Identity{App: string(rune('a' + i)), Can: c}})
		}
		return t
	}
	const all = "User.ReadWrite.All Device.ReadWrite.All Directory.Read.All GroupMember.ReadWrite.All"
	for _, c := range []struct {
		name        string
		tenant      *tenant
		steps       []batch.Step
		read, write bool
		want        []string // "": nothing is missing
	}{
		{"all", apps(all), batch.Leaver, true, true, nil},
		{"says nothing", apps(""), batch.Leaver, true, true, nil},
		{"reads alone", apps("User.Read.All Directory.Read.All"), batch.Leaver, true, false, nil},
		{"list", apps("User.Read.All"), batch.Leaver, true, false, []string{"to list devices", "to list group memberships"}},
		{"every step", apps("User.Read.All"), batch.Leaver, true, true, []string{"to list devices", "to list group memberships",
			"to disable accounts", "to replace passwords", "to revoke sessions", "to disable devices", "to remove group memberships", "to remove licences"}},
		{"second app reads nothing", apps(all, "User.RevokeSessions.All User.EnableDisableAccount.All Device.ReadWrite.All"), batch.Emergency, true, true, nil},
		{"second app", apps(all, "User.ReadWrite.All"), batch.Emergency, true, true, []string{"to disable devices, the token of app b"}},
		{"both apps", apps("User.ReadWrite.All", "User.ReadWrite.All"), []batch.Step{batch.Devices}, false, true, []string{"the token of app a", "the token of app b"}},
	} {
		err := c.tenant.may(c.steps, c.read, c.write)
		if (err == nil) != (c.want == nil) || err != nil && !errors.Is(err, batch.ErrPermission) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, w := range c.want {
			if strings.Count(err.Error(), w) != 1 {
				t.Errorf("%s: %q is not once in %v", c.name, w, err)
			}
		}
		if err != nil && strings.Count(err.Error(), "to ") != len(c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Licences that come from groups take the permission to leave them.
func TestToWrite(t *testing.T) {
	licences := []batch.Step{batch.Licences}
	for _, c := range []struct {
		kinds map[batch.Kinds]int
		want  []batch.Step
	}{
		{nil, licences},
		{map[batch.Kinds]int{{Step: batch.Licences, Kind: batch.DirectLicences}: 1, {Step: batch.Licences, Outcome: batch.NotPossible}: 1}, licences},
		{map[batch.Kinds]int{{Step: batch.Licences, Kind: "security group"}: 1}, []batch.Step{batch.Groups, batch.Licences}},
		{map[batch.Kinds]int{{Step: batch.Licences}: 1}, []batch.Step{batch.Groups, batch.Licences}},
	} {
		if got := toWrite(licences, batch.Count{Kinds: c.kinds}); !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.kinds, got, c.want)
		}
	}
}
