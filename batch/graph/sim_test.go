package graph

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"offboard/batch"
	"offboard/batch/graphsim"
	"offboard/batch/sendertest"
)

// The real client, signed in for real, against the simulated tenant.
func TestClientIsASender(t *testing.T) {
	for _, action := range []batch.Step{batch.Revoke, batch.Invalidate} {
		t.Run(string(action), func(t *testing.T) {
			sendertest.Test(t, func(t *testing.T) sendertest.Tenant { return simulated(t, action) })
		})
	}
}

// secretOf is the credential of an app at an authority that is trusted as it is.
func secretOf(authority, tenant, app, secret string, hc *http.Client) NewCredential {
	return Registration{Tenant: tenant, Client: app, Secret: Plain(secret)}.At(Authority{URL: authority, Own: true, Client: hc})
}

// doing sends everything as one step.
type doing struct {
	batch.Sender
	step batch.Step
}

func (d doing) Send(ctx context.Context, items []batch.Item) ([]batch.Reply, error) {
	items = slices.Clone(items)
	for i := range items {
		items[i].Step = d.step
	}
	return d.Sender.Send(ctx, items)
}

func simulated(t *testing.T, action batch.Step) sendertest.Tenant {
	t.Helper()
	tenant := graphsim.New(graphsim.Config{ClientSecret: "s3cret"})
	var tn sendertest.Tenant
	add := func(u graphsim.User) batch.User {
		u.ID = graphsim.IDFor(u.UPN)
		if err := tenant.Add(u); err != nil {
			t.Fatal(err)
		}
		return batch.User{ID: u.ID}
	}
	for i := range batch.ChunkSize {
		tn.Members = append(tn.Members, add(graphsim.User{UPN: fmt.Sprintf("u%d@contoso.example", i)}))
	}
	tn.Denied = add(graphsim.User{UPN: "admin@contoso.example", Denied: true})
	tn.Missing = batch.User{ID: graphsim.IDFor("nobody@contoso.example")}
	sign := secretOf("https://login.example/", tenant.TenantID(), tenant.ClientID(), "s3cret", &http.Client{Transport: tenant})
	client, err := New(Config{Root: "https://graph.microsoft.com", Steps: []batch.Step{action}, Auth: NewAuth(Global, sign), Transport: tenant})
	if err != nil {
		t.Fatal(err)
	}
	tn.Sender = doing{client, action}
	tn.Writes = func(u batch.User) int {
		s, _ := tenant.User(u.ID)
		return s.Writes
	}
	return tn
}

// Every shape of key reaches its user and nobody else, sent as given.
func TestKeysReachTheirUser(t *testing.T) {
	upns := []string{
		"ada@contoso.example", "o'brien@contoso.example", "$dollar@contoso.example", "$o'b@contoso.example",
		"a+b@contoso.example", "a&b@contoso.example", "a_b.example#EXT#@contoso.example", "a%2fb@contoso.example",
		"a=b@contoso.example", "me-token-to-replace@contoso.example", "a_b.example@contoso.example", "a_b.example",
	}
	tenant := graphsim.New(graphsim.Config{StaticToken: "T"})
	for _, upn := range upns[:len(upns)-1] {
		if err := tenant.Add(graphsim.User{UPN: upn}); err != nil {
			t.Fatal(err)
		}
	}
	client, err := New(Config{Root: "https://graph.microsoft.com", Steps: []batch.Step{batch.Revoke}, Auth: FixedToken("T"), Transport: tenant})
	if err != nil {
		t.Fatal(err)
	}
	for n, upn := range upns {
		before := make(map[string]int)
		for _, other := range upns {
			s, _ := tenant.User(other)
			before[other] = s.Writes
		}
		replies, err := client.Send(t.Context(), batch.Items(batch.Revoke, batch.User{UPN: upn}))
		if err != nil {
			t.Fatal(err)
		}
		want := 200
		if n == len(upns)-1 {
			want = 404
		}
		if replies[0].Status != want {
			t.Errorf("%s: got HTTP %d %s, want %d", upn, replies[0].Status, replies[0].Message, want)
		}
		for _, other := range upns {
			s, _ := tenant.User(other)
			if moved := s.Writes - before[other]; moved != 0 && other != upn {
				t.Errorf("%s: reached %s", upn, other)
			}
		}
		look, err := client.Lookup(t.Context(), []batch.User{{UPN: upn}})
		if err != nil {
			t.Fatal(err)
		}
		if want == 200 && (look[0].User == nil || look[0].User.UPN != upn) {
			t.Errorf("%s: lookup gave %+v", upn, look[0])
		}
	}
}

// A token refused before its time is replaced, once, for the next call.
func TestRefusedTokenIsReplaced(t *testing.T) {
	tenant := graphsim.New(graphsim.Config{Faults: []graphsim.Fault{{Kind: graphsim.Expired401, Times: 1}}})
	if err := tenant.Add(graphsim.User{UPN: "ada@contoso.example"}); err != nil {
		t.Fatal(err)
	}
	auth := NewAuth(Global, secretOf("https://login.example/", tenant.TenantID(), tenant.ClientID(), "s", &http.Client{Transport: tenant}))
	client, err := New(Config{Root: "https://graph.microsoft.com", Steps: []batch.Step{batch.Revoke}, Auth: auth, Transport: tenant})
	if err != nil {
		t.Fatal(err)
	}
	users := []batch.User{{UPN: "ada@contoso.example"}}
	if _, err := client.Send(t.Context(), batch.Items(batch.Revoke, users...)); err == nil {
		t.Fatal("the first call was not refused")
	}
	for range 3 {
		replies, err := client.Send(t.Context(), batch.Items(batch.Revoke, users...))
		if err != nil || replies[0].Status != 200 {
			t.Fatalf("got %+v and error %v", replies, err)
		}
	}
	if n := tenant.Stats().Tokens; n != 2 {
		t.Errorf("%d tokens were issued, want 2", n)
	}
}

func TestIdentity(t *testing.T) {
	tenant := graphsim.New(graphsim.Config{})
	auth := NewAuth(Global, secretOf("https://login.example/", tenant.TenantID(), tenant.ClientID(), "s", &http.Client{Transport: tenant}))
	id, err := auth.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if id.Tenant != tenant.TenantID() || id.App != tenant.ClientID() {
		t.Errorf("got %+v", id)
	}
	if id, err := FixedToken("opaque").Identity(t.Context()); err != nil || id.Tenant != "" {
		t.Errorf("an opaque token gave %+v and error %v", id, err)
	}
}

// Who signed in: a user, whose oid the token has, or an app, whose token has an
// oid as well.
func TestSignedInUser(t *testing.T) {
	const oid = "AAAAAAAA-0000-4000-8000-000000000001"
	for signedIn, want := range map[string]string{"": "", oid: strings.ToLower(oid)} {
		tenant := graphsim.New(graphsim.Config{SignedIn: signedIn})
		auth := NewAuth(Global, secretOf("https://login.example/", tenant.TenantID(), tenant.ClientID(), "s", &http.Client{Transport: tenant}))
		id, err := auth.Identity(t.Context())
		id.Can = "" // TestLacks
		object := cmp.Or(want, graphsim.IDFor("service principal "+tenant.ClientID()))
		if err != nil || id != (Identity{Tenant: tenant.TenantID(), App: tenant.ClientID(), User: want, Object: object, Name: "Offboarding"}) {
			t.Errorf("signed in as %q: got %+v and error %v", signedIn, id, err)
		}
	}
	for claims, want := range map[string]string{
		`{"oid":"o","scp":"User.Read","upn":"ada@x.example"}`:        "o ada@x.example",
		`{"oid":"o","roles":["x"],"upn":"ada@x.example"}`:            "",
		`{"oid":"o","scp":"User.Read"}`:                              "o",
		`{"oid":"o","scp":"User.Read","idtyp":"user","roles":["x"]}`: "o",
		`{"oid":"o","roles":["x"]}`:                                  "",
		`{"oid":"o","idtyp":"app","scp":"x"}`:                        "",
		`{"scp":"User.Read"}`:                                        "",
	} {
		id, err := FixedToken("h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s").Identity(t.Context())
		if err != nil || strings.TrimSpace(id.User+" "+id.UPN) != want {
			t.Errorf("%s: got %+v and error %v", claims, id, err)
		}
	}
}

// The first calls of a process may be made at once: what the SDK makes lazily is
// made before. The race detector is the judge, in a process that has made no
// call yet.
func TestFirstCallsAtOnce(t *testing.T) {
	if os.Getenv("FIRST_CALLS") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFirstCallsAtOnce$")
		cmd.Env = append(os.Environ(), "FIRST_CALLS=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	client, _ := answering(t, batch.Revoke, 200, http.Header{}, "")
	client.http.Transport = tripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"responses":[]}`)), Request: r}, nil
	})
	start := make(chan struct{})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			<-start
			if _, err := client.Send(t.Context(), batch.Items(batch.Revoke, batch.User{ID: "a"})); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
}
