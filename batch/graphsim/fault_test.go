package graphsim

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Every fault, as the client sees it in a batch of one, and as the log has it.
func TestFaults(t *testing.T) {
	tests := map[FaultKind]struct {
		executed bool
		logged   int // status in the log
		outer    int // outer status; 0 when the connection breaks
		item     int // status of the item; 0 when there is no such reply
		see      func(a answered, r itemReply) bool
	}{
		LostAnswer: {true, 0, 0, 0, nil},
		DropBefore: {false, 0, 0, 0, nil},
		Truncated:  {true, 0, 0, 0, nil},
		HTML503: {false, 503, 503, 0, func(a answered, _ itemReply) bool {
			return strings.HasPrefix(a.header.Get("Content-Type"), "text/html") && strings.HasPrefix(string(a.body), "<!DOCTYPE")
		}},
		Outer429: {false, 429, 429, 0, func(a answered, _ itemReply) bool { return a.header.Get("Retry-After") != "" }},
		Expired401: {false, 401, 401, 0, func(a answered, _ itemReply) bool {
			return errorOf(a.body).Code == "InvalidAuthenticationToken" && a.header.Get("WWW-Authenticate") != ""
		}},
		Item429: {false, 429, 200, 429, func(_ answered, r itemReply) bool {
			return r.header("retry-after") == "0.249" || r.header("retry-after") == "2.128"
		}},
		Item401:     {false, 401, 200, 401, codeIs("InvalidAuthenticationToken")},
		Item500:     {false, 500, 200, 500, codeIs("Service_InternalServerError")},
		Item503:     {false, 503, 200, 503, nil},
		Conflict409: {false, 409, 200, 409, codeIs("Directory_ConcurrencyViolation")},
		Item504:     {true, 504, 200, 504, nil},
		MissingItem: {true, 0, 200, 0, func(a answered, _ itemReply) bool { return string(a.body) == `{"responses":[]}` }},
		NullBody: {true, 200, 200, 200, func(_ answered, r itemReply) bool {
			return string(r.Body) == "null" && r.Headers == nil
		}},
		DuplicateItem: {true, 200, 200, 200, func(a answered, _ itemReply) bool {
			return strings.Count(string(a.body), `"id":"0","status":200`) == 2
		}},
		ForeignItem: {true, 200, 200, 200, func(a answered, _ itemReply) bool {
			return strings.Count(string(a.body), `"status":200`) == 2 && strings.Count(string(a.body), `"id":"0"`) == 1
		}},
		NumericHeader: {true, 200, 200, 200, func(_ answered, r itemReply) bool { return r.Headers["x-ms-resource-unit"] == 1.0 }},
	}
	for _, kind := range FaultKinds() {
		if kind == BadGateway502Item || kind == MixedUp {
			continue // TestBadGateway, TestMixedUp
		}
		tt, ok := tests[kind]
		if !ok {
			t.Errorf("%s has no test", kind)
		}
		t.Run(string(kind), func(t *testing.T) {
			tenant := newTenant(t, Config{Faults: []Fault{{Kind: kind, Times: 1}}})
			a, err := do(t, tenant, request(t, "POST", "https://graph.microsoft.com/v1.0/$batch", revokeAll("anna@contoso.com")))
			if (err != nil) != (tt.outer == 0) {
				t.Fatalf("outer %d, error %v; want %d", a.status, err, tt.outer)
			}
			var r itemReply
			if err == nil && a.status == 200 {
				for _, r = range listReplies(t, a) {
					if r.ID == "0" {
						break
					}
				}
			}
			if err == nil && (a.status != tt.outer || r.Status != tt.item || tt.see != nil && !tt.see(a, r)) {
				t.Errorf("outer %d %v, item %+v: %s", a.status, a.header, r, a.body)
			}
			e := tenant.Log()[0]
			if e.Executed != tt.executed || e.Status != tt.logged || e.Fault != kind || e.User != "aaaaaaaa-0000-0000-0000-000000000001" {
				t.Errorf("log: %+v", e)
			}
			u := user(t, tenant, "anna@contoso.com")
			if u.Writes == 1 != tt.executed || u.Refused == 1 == tt.executed || u.Stamp.Year() > 2000 != tt.executed {
				t.Errorf("user: %+v", u)
			}

			// Struck once; the next call is as usual, but for a dead token.
			a, err = do(t, tenant, request(t, "POST", "https://graph.microsoft.com/v1.0/$batch", revokeAll("anna@contoso.com")))
			if want := map[bool]int{true: 401, false: 200}[kind == Expired401]; err != nil || a.status != want {
				t.Errorf("the next call: %d, %v", a.status, err)
			}
		})
	}
}

func codeIs(code string) func(answered, itemReply) bool {
	return func(_ answered, r itemReply) bool { return r.code() == code }
}

func TestBadGateway(t *testing.T) {
	tenant := newTenant(t, Config{NoQuota: true, Faults: []Fault{{Kind: BadGateway502Item}}})
	keys := many(t, tenant, 20)
	for range 10 {
		for id, r := range replies(t, postBatch(t, tenant, revokeAll(keys...))) {
			if r.Status != 502 || r.code() != "BadGateway" {
				t.Fatalf("%s: %+v", id, r)
			}
		}
	}
	executed := 0
	for _, e := range tenant.Log() {
		if e.Executed {
			executed++
		}
	}
	if executed < 60 || executed > 140 || executed != tenant.Stats().Writes {
		t.Errorf("%d of 200 executed, stats %+v; want about half", executed, tenant.Stats())
	}
}

func TestDroppedConnections(t *testing.T) {
	body := revokeAll("anna@contoso.com", "bob@contoso.com")
	for _, kind := range []FaultKind{LostAnswer, DropBefore, Truncated} {
		tenant := newTenant(t, Config{Faults: []Fault{{Kind: kind}}})
		server := httptest.NewServer(tenant)
		t.Cleanup(server.Close)
		for _, over := range []struct {
			name, root string
			rt         http.RoundTripper
		}{{"in process", "https://graph.microsoft.com", tenant}, {"over a socket", server.URL, server.Client().Transport}} {
			t.Run(fmt.Sprint(kind, " ", over.name), func(t *testing.T) {
				a, err := do(t, over.rt, request(t, "POST", over.root+"/v1.0/$batch", body))
				if err == nil {
					t.Fatalf("got a whole answer: %s", a.body)
				}
				if kind == Truncated {
					if a.status != 200 || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(string(a.body), `{`) || strings.HasSuffix(string(a.body), "]}") {
						t.Errorf("got %d %q, %v", a.status, a.body, err)
					}
					return
				}
				var op *net.OpError
				if over.name == "in process" && !errors.As(err, &op) {
					t.Errorf("got %T %v", err, err)
				}
			})
		}
	}
}

func TestFaultConditions(t *testing.T) {
	tests := map[string]struct {
		fault Fault
		want  string // per call: w or r struck, . not; calls alternate write anna, read anna, write bob
	}{
		"always":     {Fault{}, "wrw wrw"},
		"times":      {Fault{Times: 2}, "wr. ..."},
		"only write": {Fault{Only: "write"}, "w.w w.w"},
		"only read":  {Fault{Only: "read"}, ".r. .r."},
		"by UPN":     {Fault{Match: "ANNA@contoso.com"}, "wr. wr."},
		"by id":      {Fault{Match: "AAAAAAAA-0000-0000-0000-000000000001"}, "wr. wr."},
		"all":        {Fault{Match: "bob@contoso.com", Only: "write", Times: 1}, "..w ..."},
	}
	for name, tt := range tests {
		for _, kind := range []FaultKind{Item500, Outer429} {
			t.Run(fmt.Sprint(name, " ", kind), func(t *testing.T) {
				tt.fault.Kind = kind
				tenant := newTenant(t, Config{Faults: []Fault{tt.fault}})
				var got string
				for round := range 2 {
					if round > 0 {
						got += " "
					}
					for _, item := range []string{
						revokeItem("w", "/users/aaaaaaaa-0000-0000-0000-000000000001/revokeSignInSessions"),
						readItem("r", "/users/anna@contoso.com"),
						revokeItem("w", "/users/bob@contoso.com/revokeSignInSessions"),
					} {
						a := postBatch(t, tenant, batchOf(item))
						if strings.Contains(string(a.body), `"error"`) {
							got += item[7:8]
						} else {
							got += "."
						}
					}
				}
				if got != tt.want {
					t.Errorf("struck %q, want %q", got, tt.want)
				}
			})
		}
	}
}

func TestFaultRate(t *testing.T) {
	tenant := newTenant(t, Config{NoQuota: true, Faults: []Fault{{Kind: Item500, Rate: 0.1}, {Kind: HTML503, Rate: 0.2}}})
	keys := many(t, tenant, 20)
	struckCalls := 0
	for range 200 {
		if a := postBatch(t, tenant, revokeAll(keys...)); a.status == 503 {
			struckCalls++
		}
	}
	struckItems := 0
	for _, e := range tenant.Log() {
		if e.Fault == Item500 {
			struckItems++
		}
	}
	items := 20 * (200 - struckCalls)
	if struckCalls < 20 || struckCalls > 60 || struckItems < items/14 || struckItems > items/7 {
		t.Errorf("%d of 200 calls, %d of %d items struck", struckCalls, struckItems, items)
	}
	if EveryFault(0) != nil || len(EveryFault(0.5)) != len(FaultKinds())-1 {
		t.Error("EveryFault must name every kind but MixedUp once, and none at zero")
	}
}

func TestDirectCallsSufferToo(t *testing.T) {
	for kind, want := range map[FaultKind]int{Item429: 429, Item504: 504, BadGateway502Item: 502, HTML503: 503, MissingItem: 200, NullBody: 200} {
		tenant := newTenant(t, Config{Faults: []Fault{{Kind: kind}}})
		a := get(t, tenant, "/v1.0/users/anna@contoso.com")
		if a.status != want || kind == Item429 && a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v", kind, a.status, a.header)
		}
		if e := tenant.Log()[0]; (e.Fault == kind) != (want != 200) || e.Status != want {
			t.Errorf("%s: log %+v", kind, e)
		}
	}
}

func TestNullBodySparesRefusals(t *testing.T) {
	tenant := newTenant(t, Config{Faults: []Fault{{Kind: NullBody, Times: 1}}})
	r := replies(t, postBatch(t, tenant, revokeAll("nobody@contoso.com", "anna@contoso.com")))
	if r["0"].code() != "Request_ResourceNotFound" || string(r["1"].Body) != "null" {
		t.Errorf("%+v", r)
	}
}

func TestSetFaults(t *testing.T) {
	tenant := newTenant(t, Config{Faults: []Fault{{Kind: Item500}}})
	if err := tenant.SetFaults(); err != nil {
		t.Fatal(err)
	}
	if r := replies(t, postBatch(t, tenant, revokeAll("anna@contoso.com"))); r["0"].Status != 200 {
		t.Errorf("%+v", r)
	}
	if tenant.SetFaults(Fault{Kind: "Flood"}) == nil {
		t.Error("an unknown kind is accepted")
	}
}

// Two reads of a call change answers, whole; writes are left alone, and so is a
// read that has nobody to change with.
func TestMixedUp(t *testing.T) {
	tenant := newTenant(t, Config{Faults: []Fault{{Kind: MixedUp, Match: "anna@contoso.com"}}})
	r := replies(t, postBatch(t, tenant, batchOf(
		readItem("anna", "/users/anna@contoso.com"), readItem("nobody", "/users/nobody@contoso.com"),
		revokeItem("write", "/users/anna@contoso.com/revokeSignInSessions"))))
	if r["anna"].code() != "Request_ResourceNotFound" || r["nobody"].Status != 200 || !strings.Contains(string(r["nobody"].Body), "anna@contoso.com") || r["write"].Status != 200 {
		t.Errorf("%+v", r)
	}
	for _, e := range tenant.Log() {
		mixed := e.Method == "GET"
		if (e.Fault == MixedUp) != mixed || mixed && (e.User == "nobody@contoso.com") != (e.Status == 200) {
			t.Errorf("log: %+v", e)
		}
	}
	r = replies(t, postBatch(t, tenant, batchOf(readItem("anna", "/users/anna@contoso.com"), revokeItem("write", "/users/bob@contoso.com/revokeSignInSessions"))))
	if !strings.Contains(string(r["anna"].Body), "anna@contoso.com") {
		t.Errorf("alone: %+v", r)
	}
}
