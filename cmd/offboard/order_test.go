package main

import (
	"net/http"
	"testing"

	"offboard/batch/graphsim"
)

// Holders of privileged roles go in the first call, wherever the file has them,
// also of a run that is resumed; --order file leaves them where they are.
func TestOrder(t *testing.T) {
	const last = "user59@contoso.example"
	for _, c := range []struct {
		flags []string
		first bool
	}{{nil, true}, {[]string{"--order", "file"}, false}} {
		s := newSceneOf(t, graphsim.Config{NoQuota: true}, members("user", 60))
		if err := s.tenant.Assign(globalAdministrator, graphsim.IDFor(last)); err != nil {
			t.Fatal(err)
		}
		if code, out := s.offboard(nil, 0, append(s.run(1), c.flags...)...); code != 0 {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		place := 0
		for _, e := range s.tenant.Log() {
			if e.Method != http.MethodPost {
				continue
			}
			if place++; e.User == graphsim.IDFor(last) {
				break
			}
		}
		if first := place <= 20; first != c.first {
			t.Errorf("%v: the holder of a role was number %d of 60", c.flags, place)
		}
	}
}
