package graph

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"offboard/batch"
)

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answering makes a client whose every call gets the same answer, and keeps the last request.
func answering(t testing.TB, action batch.Step, status int, header http.Header, body string) (*Client, *string) {
	t.Helper()
	var sent string
	c, err := New(Config{Root: "https://graph.example", Steps: []batch.Step{action}, Auth: FixedToken("T"), Transport: tripper(func(r *http.Request) (*http.Response, error) {
		var b []byte
		if r.Body != nil { // a read has none
			var err error
			if b, err = io.ReadAll(r.Body); err != nil {
				return nil, err
			}
		}
		sent = r.Method + " " + r.URL.String() + " " + r.Header.Get("Authorization") + "\n" + string(b)
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	return c, &sent
}

// The bytes that leave, for every shape of key. No key may reach another path.
func TestRequestBytes(t *testing.T) {
	const id = "87d349ed-44d7-43e1-9a83-5f2406dee5bd"
	revoke := func(path string) string {
		return `POST https://graph.example/v1.0/$batch Bearer T` + "\n" +
			`{"requests":[{"id":"1","method":"POST","url":"/users` + path + `/revokeSignInSessions","headers":{"Content-Type":"application/json"},"body":{},"dependsOn":[]}]}`
	}
	for _, c := range []struct {
		name string
		user batch.User
		want string
	}{
		{"object id", batch.User{ID: id}, revoke("/" + id)},
		{"id before UPN", batch.User{ID: id, UPN: "a@b.example"}, revoke("/" + id)},
		{"UPN", batch.User{UPN: "ada@contoso.example"}, revoke("/ada%40contoso.example")},
		{"guest", batch.User{UPN: "a_b.example#EXT#@contoso.example"}, revoke("/a_b.example%23EXT%23%40contoso.example")},
		{"apostrophe", batch.User{UPN: "o'brien@contoso.example"}, revoke("/o%27brien%40contoso.example")},
		{"plus", batch.User{UPN: "a+b@contoso.example"}, revoke("/a%2Bb%40contoso.example")},
		{"ampersand", batch.User{UPN: "a&b@contoso.example"}, revoke("/a%26b%40contoso.example")},
		{"percent", batch.User{UPN: "a%2fb@contoso.example"}, revoke("/a%252fb%40contoso.example")},
		{"slash", batch.User{UPN: "a/b@contoso.example"}, revoke("/a%2Fb%40contoso.example")},
		{"question mark", batch.User{UPN: "a?b@contoso.example"}, revoke("/a%3Fb%40contoso.example")},
		{"dots", batch.User{UPN: "../me@contoso.example"}, revoke("/..%2Fme%40contoso.example")},
		{"leading dollar", batch.User{UPN: "$a@contoso.example"}, revoke("('%24a%40contoso.example')")},
		{"leading dollar and apostrophe", batch.User{UPN: "$o'b@contoso.example"}, revoke("('%24o%27%27b%40contoso.example')")},
		{"a name that the SDK would turn into /me", batch.User{UPN: "me-token-to-replace@contoso.example"}, revoke("/me-token-to-replace%40contoso.example")},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, sent := answering(t, batch.Revoke, 200, http.Header{}, `{"responses":[]}`)
			if _, err := client.Send(context.Background(), batch.Items(batch.Revoke, c.user)); err != nil {
				t.Fatal(err)
			}
			if *sent != c.want {
				t.Errorf("sent\n%s\nwant\n%s", *sent, c.want)
			}
		})
	}
}

func TestRequestBytesOfOtherCalls(t *testing.T) {
	users := []batch.User{{UPN: "o'b@contoso.example"}}
	client, sent := answering(t, batch.Invalidate, 200, http.Header{}, `{"responses":[]}`)
	if _, err := client.Send(context.Background(), batch.Items(batch.Invalidate, users...)); err != nil {
		t.Fatal(err)
	}
	want := `POST https://graph.example/beta/$batch Bearer T` + "\n" +
		`{"requests":[{"id":"1","method":"POST","url":"/users/o%27b%40contoso.example/invalidateAllRefreshTokens","headers":{"Content-Type":"application/json"},"body":{},"dependsOn":[]}]}`
	if *sent != want {
		t.Errorf("invalidate sent\n%s\nwant\n%s", *sent, want)
	}
	for action, want := range map[batch.Step][2]string{batch.Revoke: {"v1.0", ""}, batch.Invalidate: {"beta", ",refreshTokensValidFromDateTime"}} {
		client, sent := answering(t, action, 200, http.Header{}, `{"responses":[]}`)
		fields := "id,userPrincipalName,userType,externalUserState,creationType,accountEnabled,onPremisesSyncEnabled,signInSessionsValidFromDateTime,mail,employeeId,onPremisesUserPrincipalName" + want[1]
		for path, user := range map[string]batch.User{
			"/users/o%27b%40contoso.example?$select=" + fields:                 users[0],
			"/users?$filter=mail%20eq%20%27a%27&$select=" + fields + "&$top=5": {By: batch.ByMail, Value: "a"},
		} {
			if _, err := client.Lookup(context.Background(), []batch.User{user}); err != nil {
				t.Fatal(err)
			}
			want := "POST https://graph.example/" + want[0] + "/$batch Bearer T\n" +
				`{"requests":[{"id":"1","method":"GET","url":"` + path + `","headers":{"Accept":"application/json"},"body":null,"dependsOn":[]}]}`
			if *sent != want {
				t.Errorf("the lookup of a run that does %s sent\n%s\nwant\n%s", action, *sent, want)
			}
		}
	}
}
