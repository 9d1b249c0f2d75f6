package graph

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"offboard/batch"
)

const rootURL = "https://graph.example/v1.0"

func TestListDevices(t *testing.T) {
	const page1 = `{"value":[
		{"@odata.type":"#microsoft.graph.device","id":"DDDDDDDD-0000-4000-8000-000000000001","deviceId":"x","displayName":"LAPTOP","accountEnabled":true,"operatingSystem":"Windows","trustType":"AzureAd","onPremisesSyncEnabled":null,"isManagementRestricted":true},
		{"@odata.type":"#microsoft.graph.device","id":"dddddddd-0000-4000-8000-000000000002","accountEnabled":false,"operatingSystem":"iOS","trustType":"Workplace"},
		{"@odata.type":"#microsoft.graph.device","id":"dddddddd-0000-4000-8000-000000000003","accountEnabled":null,"displayName":null,"operatingSystem":null,"trustType":null},
		{"id":"dddddddd-0000-4000-8000-000000000004","accountEnabled":true,"trustType":"ServerAd"},
		{"@odata.type":"#microsoft.graph.endpoint","id":"no GUID"},
		{"@odata.type":"#microsoft.graph.device","id":"dddddddd-0000-4000-8000-000000000005","onPremisesSyncEnabled":true}`
	device := func(n, name, kind, before string, onPremises, restricted bool) batch.Target {
		return batch.Target{Step: batch.Devices, ID: "dddddddd-0000-4000-8000-00000000000" + n, Name: name, Kind: kind, Before: before, OnPremises: onPremises, Restricted: restricted}
	}
	want := []batch.Target{
		device("1", "LAPTOP", "Windows", "enabled", false, true), device("2", "", "iOS", "disabled", false, false), device("3", "", "", "", false, false),
		device("4", "", "", "enabled", true, false), device("5", "", "", "", true, false),
	}
	registered, owned := rootURL+"/users/"+ada+"/registeredDevices?$skiptoken=2", rootURL+"/users/"+ada+"/ownedDevices"
	for _, c := range []struct{ from, next, more string }{
		{"", registered, registered},
		{"", "", owned + deviceFields},
		{registered, "", owned + deviceFields},
		{owned + deviceFields, owned + "?$skiptoken=2", owned + "?$skiptoken=2"},
		{owned + "?$skiptoken=2", "", ""},
	} {
		body := page1 + `]}`
		if c.next != "" {
			body = page1 + `],"@odata.nextLink":"` + c.next + `"}`
		}
		for i := range want {
			want[i].RegisteredOnly = !strings.HasPrefix(c.from, owned)
		}
		client, _ := scripted(t, always(one(200, body)))
		got, err := client.List(t.Context(), []batch.Item{item(batch.Devices, c.from, "")})
		if err != nil || !reflect.DeepEqual(got[0].Targets, want) || got[0].More != c.more || got[0].Status != 200 {
			t.Errorf("from %q: got %+v and error %v, want %+v and then %q", c.from, got, err, want, c.more)
		}
	}
}

func TestListGroups(t *testing.T) {
	const body = `{"value":[
		{"@odata.type":"#microsoft.graph.directoryRole","id":"eeeeeeee-0000-4000-8000-000000000009","displayName":"Global Administrator"},
		{"@odata.type":"#microsoft.graph.administrativeUnit","id":"eeeeeeee-0000-4000-8000-000000000008"},
		{"@odata.type":"#microsoft.graph.group","id":"EEEEEEEE-0000-4000-8000-000000000001","displayName":"Staff","groupTypes":[],"mailEnabled":false,"securityEnabled":true,"isAssignableToRole":null,"onPremisesSyncEnabled":null,"membershipRule":null,"assignedLicenses":[],"isManagementRestricted":null},
		{"@odata.type":"#microsoft.graph.group","id":"eeeeeeee-0000-4000-8000-000000000002","groupTypes":["Unified","DynamicMembership"],"mailEnabled":true,"securityEnabled":true,"membershipRule":"x"},
		{"@odata.type":"#microsoft.graph.group","id":"eeeeeeee-0000-4000-8000-000000000003","groupTypes":[],"mailEnabled":true,"securityEnabled":false,"onPremisesSamAccountName":"once"},
		{"@odata.type":"#microsoft.graph.group","id":"eeeeeeee-0000-4000-8000-000000000004","groupTypes":[],"mailEnabled":true,"securityEnabled":true,"onPremisesSyncEnabled":true,"onPremisesSamAccountName":"four","onPremisesDomainName":"corp.example"},
		{"@odata.type":"#microsoft.graph.group","id":"eeeeeeee-0000-4000-8000-000000000005","groupTypes":[],"mailEnabled":false,"securityEnabled":true,"isAssignableToRole":true,"assignedLicenses":[{"skuId":"x","disabledPlans":[]}],"isManagementRestricted":true},
		{"@odata.type":"#microsoft.graph.group","id":"eeeeeeee-0000-4000-8000-000000000006","groupTypes":null,"mailEnabled":null,"membershipRule":"x"}
	]}`
	group := func(n, kind string, t batch.Target) batch.Target {
		t.Step, t.ID, t.Kind, t.Before = batch.Groups, "eeeeeeee-0000-4000-8000-00000000000"+n, kind, "there"
		return t
	}
	want := []batch.Target{
		group("1", "security group", batch.Target{Name: "Staff"}),
		group("2", "Microsoft 365 group", batch.Target{Dynamic: true}),
		group("3", "distribution list", batch.Target{MailOnly: true}),
		group("4", "mail-enabled security group", batch.Target{MailOnly: true, OnPremises: true, SAM: "four", Domain: "corp.example"}),
		group("5", batch.RoleAssignable, batch.Target{GivesLicences: true, Restricted: true}),
		group("6", "", batch.Target{Dynamic: true}),
	}
	client, _ := scripted(t, always(one(200, body)))
	got, err := client.List(t.Context(), []batch.Item{item(batch.Groups, "", "")})
	if err != nil || !reflect.DeepEqual(got[0].Targets, want) || got[0].More != "" || got[0].Status != 200 {
		t.Errorf("got %+v and error %v, want %+v", got, err, want)
	}
	link := rootURL + "/users/" + strings.ToUpper(ada) + "/memberOf?$skiptoken=2"
	client, _ = scripted(t, always(one(200, `{"value":[],"@odata.nextLink":"`+link+`"}`)))
	if got, err := client.List(t.Context(), []batch.Item{item(batch.Groups, "", "")}); err != nil || got[0].More != link || got[0].Targets != nil {
		t.Errorf("an empty page: got %+v and error %v", got, err)
	}
}

// A list that cannot be believed whole is no list, and no link leads to anybody else.
func TestListsNotBelieved(t *testing.T) {
	for body, message := range map[string]string{
		`{"value":[{"@odata.type":"#microsoft.graph.%s","id":"../me"}]}`: `has "../me" for an object id`,
		`{"value":[{"@odata.type":"#microsoft.graph.%s"}]}`:              "no object id",
		`{"value":[7]}`:  "cannot be read",
		`{"value":null}`: "the answer holds none",
		`{}`:             "the answer holds none",
		`null`:           "the answer holds none",
		`{"value":[],"@odata.nextLink":"https://evil.example/v1.0/users/` + ada + `/LIST?x"}`:        "leads to https://evil.example",
		`{"value":[],"@odata.nextLink":"https://graph.example/beta/users/` + ada + `/LIST?x"}`:       "leads out of",
		`{"value":[],"@odata.nextLink":"https://graph.example/v1.0/users/` + laptop + `/LIST?x"}`:    "and not to the LIST of the user",
		`{"value":[],"@odata.nextLink":"https://graph.example/v1.0/users/` + ada + `/manager?x"}`:    "and not to the LIST of the user",
		`{"value":[],"@odata.nextLink":"https://graph.example/v1.0/users/` + ada + `/LIST/../../x"}`: "leads out of",
		`{"value":[],"@odata.nextLink":"https://graph.example/v1.0/users/` + ada + `/LISTQUERY"}`:    "names itself",
		`{"value":[{"id":"` + laptop + `","@odata.type":"#microsoft.graph.%s","displayName":7}]}`:    "cannot be read",
	} {
		for step, names := range map[batch.Step][3]string{batch.Devices: {"device", "registeredDevices", deviceFields}, batch.Groups: {"group", "memberOf", groupFields}} {
			fill := strings.NewReplacer("%s", names[0], "LISTQUERY", names[1]+names[2], "LIST", names[1])
			client, sent := scripted(t, always(one(200, fill.Replace(body))))
			got, err := client.List(t.Context(), []batch.Item{item(step, "", "")})
			if err != nil || got[0].Status != 0 || got[0].Targets != nil || got[0].More != "" || !strings.Contains(got[0].Message, fill.Replace(message)) {
				t.Errorf("%s, %s: got %+v and error %v, want %q", step, body, got, err, message)
			}
			if len(*sent) != 1 {
				t.Errorf("%s: %d calls", body, len(*sent))
			}
		}
	}
	client, _ := scripted(t, always(one(200, `{"value":[{"id":"`+staff+`","displayName":"of what type?"}]}`)))
	if got, err := client.List(t.Context(), []batch.Item{item(batch.Groups, "", "")}); err != nil || got[0].Status != 0 || got[0].Targets != nil {
		t.Errorf("an object without a type: got %+v and error %v", got, err)
	}
}

// A list goes on where the page before said so, if that is a page of this list of this user.
func TestListFromElsewhere(t *testing.T) {
	for _, from := range []string{
		"x", "/users/" + ada + "/memberOf", "https://evil.example/v1.0/users/" + ada + "/memberOf?x", "http://graph.example/v1.0/users/" + ada + "/memberOf?x",
		rootURL + "/users/" + laptop + "/memberOf?x", rootURL + "/users/" + laptop + "/ownedDevices?x", rootURL + "/me/memberOf", rootURL + "/users/" + ada, rootURL + "/users/" + ada + "/manager",
		rootURL + "/users/" + ada + "/memberOf/../../x", "https://user@graph.example/v1.0/users/" + ada + "/memberOf",
	} {
		for _, s := range []batch.Step{batch.Devices, batch.Groups} {
			client, sent := scripted(t, always(`{"responses":[]}`))
			if got, err := client.List(t.Context(), []batch.Item{item(s, from, "")}); !errors.Is(err, batch.ErrUnsendable) || got != nil || len(*sent) > 0 {
				t.Errorf("%s from %s: got %+v and error %v, and sent %v", s, from, got, err, *sent)
			}
		}
	}
	client, sent := scripted(t, always(`{"responses":[]}`))
	nobody := batch.Item{User: batch.User{Seq: 7, UPN: "ada@x"}, Step: batch.Groups}
	if got, err := client.List(t.Context(), []batch.Item{nobody}); !errors.Is(err, batch.ErrUnsendable) || got != nil || len(*sent) > 0 {
		t.Errorf("without an object id: got %+v and error %v", got, err)
	}
}
