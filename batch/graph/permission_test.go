package graph

import (
	"encoding/base64"
	"testing"
)

// What a token says of its permissions is held against what is needed; one that
// says nothing is let through.
func TestLacks(t *testing.T) {
	for claims, want := range map[string][2]bool{ // whether it lacks what revoking needs, and what reading needs
		`{"roles":["User.RevokeSessions.All","User.Read.All"]}`:         {false, false},
		`{"roles":["User.RevokeSessions.All"]}`:                         {false, true},
		`{"roles":["User.Read.All"]}`:                                   {true, false},
		`{"roles":["User.ReadWrite.All"]}`:                              {false, false},
		`{"roles":["Directory.ReadWrite.All"]}`:                         {false, false},
		`{"roles":["Directory.Read.All","Mail.Send"]}`:                  {true, false},
		`{"scp":"openid profile Directory.AccessAsUser.All"}`:           {false, false},
		`{"scp":"openid profile User.Read"}`:                            {true, true},
		`{"scp":"user.revokesessions.all user.read.all","roles":["x"]}`: {false, false},
		`{"scp":"User.RevokeSessions.AllThings"}`:                       {true, true},
		`{"roles":[],"scp":""}`:                                         {false, false},
		`{"tid":"t"}`:                                                   {false, false},
		`{"roles":"User.Read.All"}`:                                     {false, false}, // no list: not readable
		`no JSON`:                                                       {false, false},
	} {
		id := identify("h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s")
		if got := [2]bool{id.Lacks(NeedRevoke), id.Lacks(NeedRead)}; got != want {
			t.Errorf("%s: lacks %v, want %v (%q)", claims, got, want, id.Can)
		}
	}
	if id := identify("opaque"); id.Lacks(NeedRevoke) || id.Lacks(NeedRead) {
		t.Error("an opaque token is refused")
	}
}
