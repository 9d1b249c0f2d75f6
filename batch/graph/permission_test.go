package graph

import (
	"encoding/base64"
	"testing"

	"offboard/batch"
)

// What a token says of its permissions is held against what is needed; one that
// says nothing is let through.
func TestLacks(t *testing.T) {
	for claims, want := range map[string][3]bool{ // whether it lacks what revoking needs, what reading needs, and what invalidating needs
		`{"roles":["User.RevokeSessions.All","User.Read.All"]}`:         {false, false, false},
		`{"roles":["User.RevokeSessions.All"]}`:                         {false, true, false},
		`{"roles":["User.Read.All"]}`:                                   {true, false, true},
		`{"roles":["User.ReadWrite.All"]}`:                              {false, false, true},
		`{"roles":["Directory.ReadWrite.All"]}`:                         {false, false, true},
		`{"roles":["Directory.Read.All","Mail.Send"]}`:                  {true, false, true},
		`{"oid":"o","scp":"openid profile Directory.AccessAsUser.All"}`: {false, false, false},
		`{"scp":"openid profile User.Read"}`:                            {true, true, true},
		`{"scp":"user.revokesessions.all user.read.all","roles":["x"]}`: {false, false, false},
		`{"scp":"User.RevokeSessions.AllThings"}`:                       {true, true, true},
		`{"roles":[],"scp":""}`:                                         {false, false, false},
		`{"roles":["Directory.AccessAsUser.All"]}`:                      {true, true, true}, // an app of its own has no user
		`{"scp":"Directory.ReadWrite.All","oid":"o"}`:                   {false, false, false},
		`{"tid":"t"}`:               {false, false, false},
		`{"roles":"User.Read.All"}`: {false, false, false}, // no list: not readable
		`no JSON`:                   {false, false, false},
	} {
		id := identify("h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s")
		if got := [3]bool{id.Lacks(NeedTo(batch.Revoke)), id.Lacks(NeedRead), id.Lacks(NeedTo(batch.Invalidate))}; got != want {
			t.Errorf("%s: lacks %v, want %v (%q)", claims, got, want, id.Can)
		}
	}
	if id := identify("opaque"); id.Lacks(NeedTo(batch.Revoke)) || id.Lacks(NeedRead) {
		t.Error("an opaque token is refused")
	}
}

// The least permission of each step is the one that package batch names for it, and any
// of the list is enough.
func TestNeedOfEachStep(t *testing.T) {
	for _, s := range allSteps {
		for what, need := range map[string]Need{s.Needs(): NeedTo(s), s.Reads(): NeedList(s)} {
			if len(need.Permissions) == 0 || need.Permissions[0] != what || need.Do == "" {
				t.Errorf("%s: got %+v, want %s first", s, need, what)
			}
			for _, p := range need.Permissions {
				if app, user := (Identity{Can: "x " + p}), (Identity{Can: p, User: "u"}); app.Lacks(need) || user.Lacks(need) {
					t.Errorf("%s: %s is not enough", s, p)
				}
			}
			if app, user := (Identity{Can: "Directory.AccessAsUser.All"}), (Identity{Can: "Directory.AccessAsUser.All", User: "u"}); !app.Lacks(need) || user.Lacks(need) {
				t.Errorf("%s: what a user's sign-in may do is for a user's sign-in", s)
			}
			if (Identity{Can: "User.Read"}).Lacks(need) != true {
				t.Errorf("%s: User.Read is enough", s)
			}
		}
	}
	for _, c := range []struct {
		need Need
		can  string
	}{
		{NeedTo(batch.Disable), "User.RevokeSessions.All User.Read.All"},
		{NeedTo(batch.Password), "User.EnableDisableAccount.All"},
		{NeedTo(batch.Devices), "Device.Read.All"},
		{NeedTo(batch.Groups), "GroupMember.Read.All Directory.Read.All"},
		{NeedTo(batch.Licences), "LicenseAssignment.Read.All"},
		{NeedList(batch.Devices), "User.Read.All"},
		{NeedList(batch.Groups), "User.Read.All"},
	} {
		if !(Identity{Can: c.can}).Lacks(c.need) {
			t.Errorf("to %s, %s is enough", c.need.Do, c.can)
		}
	}
}
