package graph

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"offboard/batch"
	"offboard/batch/graphsim"
)

func TestOrganization(t *testing.T) {
	tenant := graphsim.New(graphsim.Config{StaticToken: "T", Domain: "contoso.example"})
	client, err := New(Config{Root: "https://graph.microsoft.com", Steps: []batch.Step{batch.Revoke}, Auth: FixedToken("T"), Transport: tenant})
	if err != nil {
		t.Fatal(err)
	}
	o, err := client.Organization(t.Context())
	if want := (Organization{tenant.TenantID(), "Contoso", "contoso.example"}); err != nil || o != want || o.String() != "Contoso (contoso.example)" {
		t.Errorf("got %+v (%s), error %v", o, o, err)
	}
}

func TestTenantInformation(t *testing.T) {
	const id = "8f4c2f6e-0000-4000-8000-000000000001"
	client, err := New(Config{Root: "https://graph.microsoft.com", Steps: []batch.Step{batch.Revoke}, Auth: FixedToken("T"), Transport: tripper(func(r *http.Request) (*http.Response, error) {
		if want := "/v1.0/tenantRelationships/findTenantInformationByTenantId(tenantId='" + id + "')"; r.URL.Path != want {
			t.Errorf("asked for %s", r.URL.Path)
		}
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
			Body: readerOf(`{"tenantId":"` + id + `","displayName":"Contoso","federationBrandName":null,"defaultDomainName":"contoso.com"}`)}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	if o, err := client.Information(t.Context(), id); err != nil || o.ID != id || o.String() != "Contoso (contoso.com)" {
		t.Errorf("got %+v, error %v", o, err)
	}
	if _, err := client.Information(t.Context(), "x')/users"); err == nil {
		t.Error("a tenant id that is none was sent")
	}
}

// A 2xx that does not say what a tenant is called is unreadable, as every other one is.
func TestTenantNamesThatCannotBeRead(t *testing.T) {
	const id = "8f4c2f6e-0000-4000-8000-000000000001"
	for name, c := range map[string]struct {
		body string
		ask  func(*Client, context.Context) (Organization, error)
	}{
		"no organization":            {`{"value":[]}`, (*Client).Organization},
		"two organizations":          {`{"value":[{"id":"` + id + `"},{"id":"` + id + `"}]}`, (*Client).Organization},
		"an odd organization":        {`{"value":[{"id":7}]}`, (*Client).Organization},
		"an organization without id": {`{"value":[{}]}`, (*Client).Organization},
		"information is no object":   {`[]`, func(c *Client, ctx context.Context) (Organization, error) { return c.Information(ctx, id) }},
		"information without id":     {`{}`, func(c *Client, ctx context.Context) (Organization, error) { return c.Information(ctx, id) }},
	} {
		client, _ := answering(t, batch.Revoke, 200, http.Header{"Content-Type": {"application/json"}}, c.body)
		if o, err := c.ask(client, t.Context()); !errors.Is(err, batch.ErrUnreadable) {
			t.Errorf("%s: got %+v, error %v", name, o, err)
		}
	}
}
