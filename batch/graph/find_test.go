package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// The bytes that leave for a lookup by property: whatever the value, it stays
// within its quotes, and the query within its option.
func TestFindBytes(t *testing.T) {
	for _, c := range []struct {
		name  string
		by    batch.Key
		value string
		want  string // property and value as sent
	}{
		{"mail", batch.ByMail, "ada@contoso.example", "mail ada%40contoso.example"},
		{"employee id", batch.ByEmployeeID, "00042", "employeeId 00042"},
		{"on-premises name", batch.ByOnPremisesUPN, "ada@corp.local", "onPremisesUserPrincipalName ada%40corp.local"},
		{"apostrophe", batch.ByMail, "o'brien@x", "mail o%27%27brien%40x"},
		{"a quote that closes", batch.ByMail, "x' or mail ne '", "mail x%27%27%20or%20mail%20ne%20%27%27"},
		{"plus", batch.ByMail, "a+b@x", "mail a%2Bb%40x"},
		{"percent", batch.ByMail, "a%27b@x", "mail a%2527b%40x"},
		{"ampersand and dollar", batch.ByEmployeeID, "1&$top=999", "employeeId 1%26%24top%3D999"},
		{"hash and slash", batch.ByEmployeeID, "7#/me", "employeeId 7%23%2Fme"},
		{"question mark, semicolon", batch.ByEmployeeID, "7?;", "employeeId 7%3F%3B"},
		{"quotation mark and backslash", batch.ByEmployeeID, `"\`, "employeeId %22%5C"},
		{"no-break space", batch.ByEmployeeID, "7\u00a0", "employeeId 7%C2%A0"},
		{"beyond ASCII", batch.ByMail, "żółć@x", "mail %C5%BC%C3%B3%C5%82%C4%87%40x"},
		{"spaces around", batch.ByEmployeeID, " 7 ", "employeeId %207%20"},
		{"unreserved", batch.ByEmployeeID, "A-z_0.9~", "employeeId A-z_0.9~"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, sent := answering(t, batch.Revoke, 200, http.Header{}, `{"responses":[]}`)
			if _, err := client.Lookup(t.Context(), []batch.User{{By: c.by, Value: c.value}}); err != nil {
				t.Fatal(err)
			}
			prop, value, _ := strings.Cut(c.want, " ")
			want := "POST https://graph.example/v1.0/$batch Bearer T\n" +
				`{"requests":[{"id":"1","method":"GET","url":"/users?$filter=` + prop + `%20eq%20%27` + value + `%27&$select=` + selected +
				`&$top=5","headers":{"Accept":"application/json"},"body":null,"dependsOn":[]}]}`
			if *sent != want {
				t.Errorf("sent\n%s\nwant\n%s", *sent, want)
			}
		})
	}
}

// A known object id comes before any property, in lookups and read-backs.
func TestResolvedUserIsReadByID(t *testing.T) {
	client, sent := answering(t, batch.Revoke, 200, http.Header{}, `{"responses":[]}`)
	if _, err := client.Lookup(t.Context(), []batch.User{{ID: "a", By: batch.ByMail, Value: "a@x"}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(*sent, `"/users/a?$select=`) {
		t.Errorf("sent %s", *sent)
	}
}

// What must not be asked or sent, with the reason; one such user keeps the call.
func TestNeverSent(t *testing.T) {
	for _, c := range []struct {
		name string
		send bool
		user batch.User
		text string
	}{
		{"no value", false, batch.User{Seq: 7, By: batch.ByMail}, "user 7 has no mail"},
		{"line break", false, batch.User{Seq: 7, By: batch.ByMail, Value: "a@x\r\n"}, "control character"},
		{"NUL", false, batch.User{Seq: 7, By: batch.ByEmployeeID, Value: "7\x00"}, "control character"},
		{"no UTF-8", false, batch.User{Seq: 7, By: batch.ByEmployeeID, Value: "7\xff"}, "no UTF-8"},
		{"no key", false, batch.User{Seq: 7}, "neither object id nor"},
		{"no key, sent", true, batch.User{Seq: 7}, "neither object id nor"},
		{"by object id, and none", true, batch.User{Seq: 7, By: batch.ByID}, "neither object id nor"},
		{"sent by property", true, batch.User{Seq: 7, By: batch.ByMail, Value: "a@x"}, "not resolved"},
		{"sent by property, with a name beside", true, batch.User{Seq: 7, UPN: "a@x", By: batch.ByEmployeeID, Value: "7"}, "not resolved"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, sent := answering(t, batch.Revoke, 200, http.Header{}, `{"responses":[]}`)
			users := []batch.User{{ID: "a"}, c.user}
			call := client.Lookup
			if c.send {
				call = func(ctx context.Context, users []batch.User) ([]batch.Reply, error) {
					return client.Send(ctx, batch.Items(batch.Revoke, users...))
				}
			}
			replies, err := call(t.Context(), users)
			if !errors.Is(err, batch.ErrUnsendable) || !strings.Contains(err.Error(), c.text) || replies != nil {
				t.Errorf("got %v and error %v, want ErrUnsendable with %q", replies, err, c.text)
			}
			if *sent != "" {
				t.Errorf("sent %s", *sent)
			}
		})
	}
}

// A list of hits is believed whole or not at all, and never read as nobody.
func TestHits(t *testing.T) {
	hit := func(id, mail string) batch.User {
		return batch.User{ID: "0000000" + id + "-0000-4000-8000-000000000000", By: batch.ByMail, Value: mail, Mail: mail}
	}
	none := []batch.User{}
	const noList = "the answer holds no list of hits"
	for _, c := range []struct {
		name, body string
		want       []batch.User // nil: not believed
		message    string
	}{
		{"nobody", `{"value":[]}`, none, ""},
		{"one", `{"value":[{"id":"0000000A-0000-4000-8000-000000000000","mail":"A@x","employeeId":"7"}]}`, []batch.User{{ID: "0000000a-0000-4000-8000-000000000000", By: batch.ByMail, Value: "A@x", Mail: "A@x", EmployeeID: "7"}}, ""},
		{"two", `{"value":[{"id":"0000000a-0000-4000-8000-000000000000","mail":"a@x"},{"id":"0000000b-0000-4000-8000-000000000000","mail":"a@x"}]}`, []batch.User{hit("a", "a@x"), hit("b", "a@x")}, ""},
		{"two and more to come", `{"value":[{"id":"0000000a-0000-4000-8000-000000000000"},{"id":"0000000b-0000-4000-8000-000000000000"}],"@odata.nextLink":"https://graph.example/v1.0/users?x"}`, []batch.User{hit("a", ""), hit("b", "")}, ""},
		{"more than asked for", `{"value":[{"id":"0000000a-0000-4000-8000-000000000000"},{"id":"0000000b-0000-4000-8000-000000000000"},{"id":"0000000c-0000-4000-8000-000000000000"},{"id":"0000000d-0000-4000-8000-000000000000"},{"id":"0000000e-0000-4000-8000-000000000000"},{"id":"0000000f-0000-4000-8000-000000000000"}]}`, []batch.User{hit("a", ""), hit("b", ""), hit("c", ""), hit("d", ""), hit("e", "")}, ""},
		{"one and more to come", `{"value":[{"id":"0000000a-0000-4000-8000-000000000000","mail":"a@x"}],"@odata.nextLink":"https://graph.example/v1.0/users?x"}`, nil, "the list of hits is not whole"},
		{"an empty page and more to come", `{"value":[],"@odata.nextLink":"https://graph.example/v1.0/users?x"}`, nil, "the list of hits is not whole"},
		{"null", `null`, nil, noList},
		{"no list", `{}`, nil, noList},
		{"null list", `{"value":null}`, nil, noList},
		{"a user instead of a list", `{"id":"0000000a-0000-4000-8000-000000000000","mail":"a@x"}`, nil, noList},
		{"a boolean", `{"value":true}`, nil, "cannot be read"},
		{"text", `"x"`, nil, "cannot be read"},
		{"a hit without an id", `{"value":[{"id":"0000000a-0000-4000-8000-000000000000"},{"mail":"a@x"}]}`, nil, "a hit has no object id"},
		{"a hit whose id is a path", `{"value":[{"id":"../me"}]}`, nil, `a hit has "../me" for an object id`},
		{"a null hit", `{"value":[null]}`, nil, "a hit has no object id"},
		{"an odd hit", `{"value":[{"id":7}]}`, nil, "cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, _ := answering(t, batch.Revoke, 200, http.Header{}, `{"responses":[{"id":"1","status":200,"body":`+c.body+`}]}`)
			got, err := client.Lookup(t.Context(), []batch.User{{By: batch.ByMail, Value: "a@x"}})
			if err != nil {
				t.Fatal(err)
			}
			r, status := got[0], 200
			if c.want == nil {
				status = 0
			}
			if r.Status != status || !reflect.DeepEqual(r.Hits, c.want) || r.User != nil {
				t.Errorf("got %+v, want status %d and hits %+v", r, status, c.want)
			}
			if !strings.Contains(r.Message, c.message) {
				t.Errorf("message %q, want %q", r.Message, c.message)
			}
		})
	}
}

func TestHitsAnsweredTwice(t *testing.T) {
	one := `{"id":"1","status":200,"body":{"value":[{"id":"0000000a-0000-4000-8000-000000000000"}]}}`
	for second, want := range map[string]int{one: 200, `{"id":"1","status":200,"body":{"value":[{"id":"0000000a-0000-4000-8000-000000000000"},{"id":"0000000b-0000-4000-8000-000000000000"}]}}`: 0} {
		client, _ := answering(t, batch.Revoke, 200, http.Header{}, `{"responses":[`+one+`,`+second+`]}`)
		got, err := client.Lookup(t.Context(), []batch.User{{By: batch.ByMail, Value: "a@x"}})
		if err != nil || got[0].Status != want || want == 0 && got[0].Hits != nil {
			t.Errorf("%s: got %+v and error %v, want status %d", second, got, err, want)
		}
	}
}

func TestUserAnsweredTwice(t *testing.T) {
	item := func(stamp string) string {
		return `{"id":"1","status":200,"body":{"id":"` + outer + `","signInSessionsValidFromDateTime":"` + stamp + `"}}`
	}
	one := item("2026-11-22T12:00:00Z")
	for second, want := range map[string]int{one: 200, item("2026-11-22T12:00:01Z"): 0} {
		client, _ := answering(t, batch.Revoke, 200, http.Header{}, `{"responses":[`+one+`,`+second+`]}`)
		got, err := client.Lookup(t.Context(), []batch.User{{ID: outer}})
		if err != nil || got[0].Status != want || (got[0].User != nil) != (want == 200) {
			t.Errorf("%s: got %+v and error %v, want status %d", second, got, err, want)
		}
	}
}

// Every value finds its users and nobody else, in one batch with other lookups.
func TestFindsItsUsers(t *testing.T) {
	values := []string{
		"o'brien", "x' or mail ne '", "a+b", "a b", "a%27b", "a&b", "a$b", "a#b", "a/b", `a"b`, `a\b`, "a\u00a0b", "żółć", "007", "7",
	}
	tenant := graphsim.New(graphsim.Config{StaticToken: "T"})
	stamp := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var sought []batch.User
	for i, v := range values {
		upn := fmt.Sprintf("u%d@contoso.example", i)
		if err := tenant.Add(graphsim.User{UPN: upn, Enabled: true, Stamp: stamp, Mail: v, EmployeeID: "e" + v, OnPremUPN: "p" + v}); err != nil {
			t.Fatal(err)
		}
		sought = append(sought, batch.User{By: batch.ByMail, Value: v}, batch.User{By: batch.ByEmployeeID, Value: "e" + v}, batch.User{By: batch.ByOnPremisesUPN, Value: "p" + v}, batch.User{UPN: upn})
	}
	client, err := New(Config{Root: "https://graph.microsoft.com", Steps: []batch.Step{batch.Revoke}, Auth: FixedToken("T"), Transport: tenant})
	if err != nil {
		t.Fatal(err)
	}
	for from := 0; from < len(sought); from += batch.ChunkSize {
		chunk := sought[from:min(from+batch.ChunkSize, len(sought))]
		replies, err := client.Lookup(t.Context(), chunk)
		if err != nil {
			t.Fatal(err)
		}
		for i, u := range chunk {
			n := (from + i) / 4
			upn, v := fmt.Sprintf("u%d@contoso.example", n), values[n]
			want := batch.User{ID: graphsim.IDFor(upn), UPN: upn, Type: "Member", Enabled: true, Stamp: stamp, Mail: v, EmployeeID: "e" + v, OnPremisesUPN: "p" + v}
			if !u.ByProperty() {
				if r := replies[i]; r.Hits != nil || r.User == nil || *r.User != want {
					t.Errorf("%+v: got %+v", u, r)
				}
				continue
			}
			want.By, want.Value = u.By, u.Value
			if r := replies[i]; r.Status != 200 || r.User != nil || !reflect.DeepEqual(r.Hits, []batch.User{want}) {
				t.Errorf("%s %q: got %+v, want %+v", u.By, u.Value, r, want)
			}
		}
	}
	if s := tenant.Stats(); s.Invalid != 0 || s.RefusedReads != 0 {
		t.Errorf("the tenant refused: %+v", s)
	}
}

// Nobody is an empty list, and many are some of them.
func TestFindsNobodyOrMany(t *testing.T) {
	tenant := graphsim.New(graphsim.Config{StaticToken: "T"})
	for i := range 7 {
		if err := tenant.Add(graphsim.User{UPN: fmt.Sprintf("u%d@contoso.example", i), Mail: "shared@contoso.example"}); err != nil {
			t.Fatal(err)
		}
	}
	client, err := New(Config{Root: "https://graph.microsoft.com", Steps: []batch.Step{batch.Revoke}, Auth: FixedToken("T"), Transport: tenant})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.Lookup(t.Context(), []batch.User{{By: batch.ByMail, Value: "nobody@contoso.example"}, {By: batch.ByMail, Value: "Shared@contoso.example"}})
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Status != 200 || got[0].Hits == nil || len(got[0].Hits) != 0 {
		t.Errorf("nobody: got %+v", got[0])
	}
	if got[1].Status != 200 || len(got[1].Hits) != maxHits {
		t.Errorf("many: got %+v", got[1])
	}
}

// Whatever comes back, a reply claims no more than an item for its user said.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"responses":[{"id":"1","status":200,"body":{"value":[{"id":"a","mail":"m"}]}},{"id":"2","status":200,"body":{"id":"b"}},{"id":"3","status":200}]}`))
	f.Add([]byte(`{"responses":[{"id":"1","status":200,"body":null},{"id":"1","status":404,"headers":{"Retry-After":"1"},"body":{"error":{"code":"x"}}}]}`))
	f.Add([]byte(`{"responses":[{"id":1,"status":"200","body":{"value":[],"@odata.nextLink":"x"}}]}`))
	client, _ := answering(f, batch.Revoke, 200, nil, "")
	byMail, errMail := client.lookup(batch.User{By: batch.ByMail, Value: "m"})
	byID, errID := client.lookup(batch.User{ID: "b"})
	if err := errors.Join(errMail, errID); err != nil {
		f.Fatal(err)
	}
	expect := []request{byMail, byID, {}}
	f.Fuzz(func(t *testing.T, body []byte) {
		replies, err := decode(body, expect, meta{requestID: "R"})
		if err != nil {
			if replies != nil {
				t.Error("replies beside an error")
			}
			return
		}
		if len(replies) != len(expect) {
			t.Fatalf("%d replies", len(replies))
		}
		for i, r := range replies {
			ok := r.Status >= 200 && r.Status <= 299
			switch {
			case r.Hits != nil != (ok && i == 0):
				t.Errorf("user %d: hits %v with status %d", i+1, r.Hits, r.Status)
			case r.User != nil && (!ok || i != 1 || r.User.ID == ""):
				t.Errorf("user %d: user %+v with status %d", i+1, r.User, r.Status)
			}
			for _, h := range r.Hits {
				if h.ID == "" || h.By != batch.ByMail {
					t.Errorf("user %d: hit %+v", i+1, h)
				}
			}
		}
	})
}
