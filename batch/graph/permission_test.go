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
