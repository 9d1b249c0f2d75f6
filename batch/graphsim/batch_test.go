package graphsim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestBatchRefusedWhole(t *testing.T) {
	good := revokeItem("good", "/users/anna@contoso.com/revokeSignInSessions")
	post := func(rest string) string {
		return batchOf(good, `{"id":"1","method":"POST","url":"/users/anna@contoso.com/revokeSignInSessions"`+rest+`}`)
	}
	tests := map[string]struct{ body, text string }{
		"no JSON":               {`{"requests":[`, "Invalid batch payload format."},
		"trailing text":         {batchOf(good) + "x", "Invalid batch payload format."},
		"no UTF-8":              {batchOf(strings.Replace(good, "good", "\xff", 1)), "Invalid batch payload format."},
		"an array":              {`[]`, "Invalid batch payload format."},
		"no requests":           {`{}`, "Invalid batch payload format."},
		"requests in capitals":  {strings.Replace(batchOf(good), "requests", "Requests", 1), "Invalid batch payload format."},
		"more beside requests":  {`{"requests":[` + good + `],"x":1}`, "Invalid batch payload format."},
		"no item":               {`{"requests":[]}`, "Invalid batch payload format."},
		"21 items":              {revokeAll(slices.Repeat([]string{"anna@contoso.com"}, 21)...), "exceeds the limit"},
		"id missing":            {batchOf(good, `{"method":"GET","url":"/users/a@b"}`), "'id'"},
		"id a number":           {batchOf(good, `{"id":1,"method":"GET","url":"/users/a@b"}`), "'id'"},
		"id empty":              {batchOf(good, `{"id":"","method":"GET","url":"/users/a@b"}`), "'id'"},
		"id in capitals":        {batchOf(good, `{"ID":"1","method":"GET","url":"/users/a@b"}`), "unknown member"},
		"ids equal":             {batchOf(good, good), "unique"},
		"ids equal but case":    {batchOf(good, strings.Replace(good, "good", "GOOD", 1)), "unique"},
		"method missing":        {batchOf(good, `{"id":"1","url":"/users/a@b"}`), "'method'"},
		"method unknown":        {batchOf(good, `{"id":"1","method":"get","url":"/users/a@b"}`), "method 'get'"},
		"url missing":           {batchOf(good, `{"id":"1","method":"GET"}`), "'url'"},
		"url absolute":          {batchOf(good, readItem("1", "https://graph.microsoft.com/v1.0/users/a@b")), "relative"},
		"url without scheme":    {batchOf(good, readItem("1", "//graph.microsoft.com/v1.0/users/a@b")), "relative"},
		"a batch inside":        {batchOf(good, revokeItem("1", "/$batch")), "nested"},
		"a batch inside, coded": {batchOf(good, revokeItem("1", "/%24batch")), "nested"},
		"unknown member":        {batchOf(good, `{"id":"1","method":"GET","url":"/users/a@b","x":1}`), "unknown member"},
		"write without both":    {post(``), "Write request id : 1 does not contain Content-Type header or body."},
		"write without body":    {post(`,"headers":{"Content-Type":"application/json"}`), "does not contain Content-Type header or body."},
		"write with null body":  {post(`,"headers":{"Content-Type":"application/json"},"body":null`), "does not contain Content-Type header or body."},
		"the SDK's empty write": {post(`,"headers":{},"body":null`), "does not contain Content-Type header or body."},
		"write without type":    {post(`,"headers":{},"body":{}`), "Write request with id '1' does not contain a Content-Type header."},
		"read with body only":   {batchOf(good, `{"id":"1","method":"GET","url":"/users/a@b","body":{}}`), "Content-Type header."},
		"body an array":         {post(`,"headers":{"Content-Type":"application/json"},"body":[]`), "no JSON object"},
		"body text as object":   {post(`,"headers":{"Content-Type":"text/plain"},"body":{}`), "base64url"},
		"headers an array":      {post(`,"headers":[],"body":{}`), "'headers'"},
		"header a number":       {post(`,"headers":{"Content-Type":1},"body":{}`), "'headers'"},
		"header twice":          {post(`,"headers":{"Content-Type":"application/json","content-type":"application/json"},"body":{}`), "stands twice"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tenant := newTenant(t, Config{})
			a := postBatch(t, tenant, tt.body)
			e := errorOf(a.body)
			if a.status != 400 || e.Code != "BadRequest" || !strings.Contains(e.Message, tt.text) {
				t.Errorf("got %d %s, want 400 with %q", a.status, a.body, tt.text)
			}
			if s := tenant.Stats(); s.Invalid != 1 || s.Writes+s.RefusedWrites+s.Reads+s.RefusedReads != 0 {
				t.Errorf("something ran, or the call was not counted as invalid: %+v", s)
			}
		})
	}
}

func postBatch(t *testing.T, tenant *Tenant, body string) answered {
	t.Helper()
	return post(t, tenant, "/v1.0/$batch", body)
}

func TestBatchAccepted(t *testing.T) {
	const url = `"/users/anna@contoso.com/revokeSignInSessions"`
	for name, item := range map[string]string{
		"as the documentation has it": revokeItem("1", "/users/anna@contoso.com/revokeSignInSessions"),
		"header in lower case":        `{"id":"1","method":"POST","url":` + url + `,"headers":{"content-type":"application/json;charset=utf-8"},"body":{}}`,
		"no dependencies":             `{"id":"1","method":"POST","url":` + url + `,"headers":{"Content-Type":"application/json"},"body":{"x":1},"dependsOn":[]}`,
		"read with null body":         `{"id":"1","method":"GET","url":"/users/anna@contoso.com","headers":{},"body":null}`,
		"id that needs escaping":      `{"id":"\u0031","method":"GET","url":"\/users\/anna@contoso.com"}`,
	} {
		t.Run(name, func(t *testing.T) {
			tenant := newTenant(t, Config{})
			for _, path := range []string{"/v1.0/$batch", "/beta/$batch", "/v1.0/%24batch"} {
				r := replies(t, post(t, tenant, path, batchOf(item)))
				if r["1"].Status != 200 {
					t.Errorf("%s: %+v", path, r)
				}
			}
		})
	}
}

func TestBatchOuterRules(t *testing.T) {
	body := revokeAll("anna@contoso.com")
	tests := map[string]struct {
		method, contentType, encoding, body string
		want                                int
	}{
		"plain":               {"POST", "application/json", "", body, 200},
		"with charset":        {"POST", "application/json; charset=utf-8", "", body, 200},
		"labelled gzip":       {"POST", "application/json", "gzip", body, 415},
		"gzip, not labelled":  {"POST", "application/json", "", "\x1f\x8b\x08", 400},
		"encoding unknown":    {"POST", "application/json", "br", body, 415},
		"no content type":     {"POST", "", "", body, 400},
		"wrong content type":  {"POST", "text/plain", "", body, 400},
		"GET":                 {"GET", "application/json", "", "", 405},
		"PUT":                 {"PUT", "application/json", "", body, 405},
		"larger than allowed": {"POST", "application/json", "", strings.Repeat(" ", maxBody+1), 413},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tenant := newTenant(t, Config{})
			r := request(t, tt.method, "https://graph.microsoft.com/v1.0/$batch", tt.body)
			r.Header.Set("Content-Type", tt.contentType)
			r.Header.Set("Content-Encoding", tt.encoding)
			a, err := do(t, tenant, r)
			if err != nil || a.status != tt.want {
				t.Errorf("got %d %s, %v; want %d", a.status, a.body, err, tt.want)
			}
			if got := tenant.Stats().Writes; got != 0 && tt.want != 200 {
				t.Errorf("%d writes executed", got)
			}
		})
	}
}

func TestDependsOnIsNotSimulated(t *testing.T) {
	tenant := newTenant(t, Config{})
	a := postBatch(t, tenant, batchOf(`{"id":"1","method":"GET","url":"/users/anna@contoso.com","dependsOn":["0"]}`))
	if a.status != 501 {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

func TestBatchAnswer(t *testing.T) {
	tenant := newTenant(t, Config{NoQuota: true})
	keys := many(t, tenant, 20)
	inOrder, bare := 0, 0
	for range 20 {
		r := request(t, "POST", "https://graph.microsoft.com/v1.0/$batch", revokeAll(keys...))
		r.Header.Set("client-request-id", "mine")
		a, err := do(t, tenant, r)
		if err != nil {
			t.Fatal(err)
		}
		if a.header.Get("client-request-id") != "mine" || len(a.header.Get("request-id")) != 36 || a.header.Get("Date") == "" {
			t.Fatalf("outer headers: %v", a.header)
		}
		list := listReplies(t, a)
		if len(list) != 20 {
			t.Fatalf("%d replies", len(list))
		}
		sorted := true
		for i, item := range list {
			sorted = sorted && item.ID == fmt.Sprint(i)
			if item.Status != 200 || string(item.Body) != `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#Edm.Boolean","value":true}` {
				t.Fatalf("reply %+v %s", item, item.Body)
			}
			switch {
			case item.Headers == nil:
				bare++
			case item.header("x-ms-resource-unit") != "1":
				t.Fatalf("headers %v", item.Headers)
			}
		}
		if sorted {
			inOrder++
		}
	}
	if inOrder > 1 {
		t.Errorf("%d of 20 batches came back in order", inOrder)
	}
	if bare == 0 || bare > 60 {
		t.Errorf("%d of 400 replies had no headers, want a few", bare)
	}
}

func TestInnerErrorRepeatsOuterID(t *testing.T) {
	tenant := newTenant(t, Config{})
	a := postBatch(t, tenant, revokeAll("nobody@contoso.com", "admin@contoso.com"))
	for id, r := range replies(t, a) {
		if got := errorOf(r.Body).InnerError["request-id"]; got != a.header.Get("request-id") {
			t.Errorf("item %s: request-id %q, outer %q", id, got, a.header.Get("request-id"))
		}
	}
}

func TestSameSeedSameAnswer(t *testing.T) {
	answer := func() string {
		tenant := newTenant(t, Config{Seed: 7, Faults: EveryFault(0.2)})
		a, err := do(t, tenant, request(t, "POST", "https://graph.microsoft.com/v1.0/$batch", revokeAll(many(t, tenant, 20)...)))
		return fmt.Sprint(a.status, err, len(a.body), a.header.Get("request-id"))
	}
	if a, b := answer(), answer(); a != b {
		t.Errorf("two tenants of one seed differ:\n%s\n%s", a, b)
	}
}
