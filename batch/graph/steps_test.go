package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

const (
	ada    = "aaaaaaaa-0000-4000-8000-000000000001"
	laptop = "dddddddd-0000-4000-8000-000000000001"
	staff  = "eeeeeeee-0000-4000-8000-000000000001"
	e3     = "33333333-0000-4000-8000-000000000003"
	e5     = "55555555-0000-4000-8000-000000000005"
	plan   = "77777777-0000-4000-8000-000000000007"
)

const bothLicences = `[{"skuId":"` + e3 + `"},{"skuId":"` + e5 + `","disabledPlans":["` + plan + `"]}]`

var allSteps = []batch.Step{
	batch.Disable, batch.Password, batch.Revoke, batch.Invalidate, batch.Devices, batch.Groups, batch.Licences,
	batch.Enable, batch.EnableDevices, batch.JoinGroups, batch.AddLicences,
}

// item is a step at a target of ada.
func item(s batch.Step, target, before string) batch.Item {
	return batch.Item{User: batch.User{Seq: 7, ID: ada}, Step: s, Target: batch.Target{ID: target, Before: before}}
}

// scripted makes a client of all steps for which answer answers, and keeps what was sent.
func scripted(t testing.TB, answer func(call int, r *http.Request) string) (*Client, *[]string) {
	t.Helper()
	var sent []string
	c, err := New(Config{Root: "https://graph.example", Steps: allSteps, Auth: FixedToken("T"), Transport: tripper(func(r *http.Request) (*http.Response, error) {
		var b []byte
		if r.Body != nil {
			b, _ = io.ReadAll(r.Body)
		}
		sent = append(sent, strings.TrimSpace(r.Method+" "+strings.TrimPrefix(r.URL.String(), "https://graph.example")+" "+string(b)))
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer(len(sent), r))), Request: r}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	return c, &sent
}

// one answers the only item of a batch.
func one(status int, body string) string {
	return fmt.Sprintf(`{"responses":[{"id":"1","status":%d,"body":%s}]}`, status, body)
}

func always(s string) func(int, *http.Request) string {
	return func(int, *http.Request) string { return s }
}

// There is a row for each step that there is, and each may be written and shown.
func TestEachStepHasARow(t *testing.T) {
	if ordered := batch.InOrder(allSteps); len(ordered) != len(allSteps) || len(stepCalls) != len(allSteps) {
		t.Errorf("%d steps, %d rows; want %d", len(ordered), len(stepCalls), len(allSteps))
	}
	if !slices.Equal(batch.AllSteps(), batch.InOrder(allSteps)) {
		t.Errorf("the tests of this package are of %v, and there are %v", allSteps, batch.AllSteps())
	}
	for s, call := range stepCalls {
		if !s.Known() || call.write == nil || call.show == nil {
			t.Errorf("the row of %s: %+v", s, call)
		}
	}
}

// The bytes that leave for each step.
func TestStepBytes(t *testing.T) {
	write := func(method, url, body string) string {
		return `{"requests":[{"id":"1","method":"` + method + `","url":"` + url + `","headers":{"Content-Type":"application/json"},"body":` + body + `,"dependsOn":[]}]}`
	}
	remove := `{"requests":[{"id":"1","method":"DELETE","url":"/groups/` + staff + `/members/` + ada + `/$ref","headers":{},"body":null,"dependsOn":[]}]}`
	join := write("POST", "/groups/"+staff+"/members/$ref", `{"@odata.id":"https://graph.example/v1.0/directoryObjects/`+ada+`"}`)
	for _, c := range []struct {
		item    batch.Item
		version string
		want    string
	}{
		{item(batch.Disable, "", ""), "v1.0", write("PATCH", "/users/"+ada, `{"accountEnabled":false}`)},
		{item(batch.Enable, "", ""), "v1.0", write("PATCH", "/users/"+ada, `{"accountEnabled":true}`)},
		{item(batch.Password, "", ""), "v1.0", write("PATCH", "/users/"+ada, `{"passwordProfile":{"forceChangePasswordNextSignIn":true,"password":"PASSWORD"}}`)},
		{item(batch.Revoke, "", ""), "v1.0", write("POST", "/users/"+ada+"/revokeSignInSessions", `{}`)},
		{item(batch.Invalidate, "", ""), "beta", write("POST", "/users/"+ada+"/invalidateAllRefreshTokens", `{}`)},
		{item(batch.Devices, laptop, ""), "v1.0", write("PATCH", "/devices/"+laptop, `{"accountEnabled":false}`)},
		{item(batch.EnableDevices, laptop, ""), "v1.0", write("PATCH", "/devices/"+laptop, `{"accountEnabled":true}`)},
		{item(batch.Groups, staff, ""), "v1.0", remove},
		{item(batch.Licences, staff, ""), "v1.0", remove},
		{item(batch.Licences, "", bothLicences), "v1.0", write("POST", "/users/"+ada+"/assignLicense", `{"addLicenses":[],"removeLicenses":["`+e3+`","`+e5+`"]}`)},
		{item(batch.JoinGroups, staff, ""), "v1.0", join},
		{item(batch.AddLicences, staff, ""), "v1.0", join},
		{item(batch.AddLicences, "", bothLicences), "v1.0", write("POST", "/users/"+ada+"/assignLicense",
			`{"addLicenses":[{"skuId":"`+e3+`","disabledPlans":[]},{"skuId":"`+e5+`","disabledPlans":["`+plan+`"]}],"removeLicenses":[]}`)},
	} {
		client, sent := scripted(t, always(`{"responses":[]}`))
		if _, err := client.Send(t.Context(), []batch.Item{c.item}); err != nil {
			t.Fatal(err)
		}
		got := (*sent)[0]
		if c.item.Step == batch.Password {
			secret := between(got, `"password":"`, `"`)
			got = strings.ReplaceAll(got, secret, "PASSWORD")
		}
		if want := "POST /" + c.version + "/$batch " + c.want; got != want {
			t.Errorf("%s sent\n%s\nwant\n%s", c.item.Step, got, want)
		}
	}
}

// between is the text after one mark and before the next.
func between(s, after, before string) string {
	_, s, _ = strings.Cut(s, after)
	s, _, _ = strings.Cut(s, before)
	return s
}

// What leaves to read back each step, and to list.
func TestReadBytes(t *testing.T) {
	const base = "id,userPrincipalName,userType,externalUserState,creationType,accountEnabled,onPremisesSyncEnabled,signInSessionsValidFromDateTime,mail,employeeId,onPremisesUserPrincipalName"
	const groups = "/memberOf?$select=id,displayName,groupTypes,mailEnabled,securityEnabled,isAssignableToRole,onPremisesSyncEnabled,onPremisesSamAccountName,onPremisesDomainName,membershipRule,assignedLicenses,isManagementRestricted&$top=999"
	const devices = "?$select=id,deviceId,displayName,accountEnabled,operatingSystem,trustType,onPremisesSyncEnabled,isManagementRestricted&$top=999"
	const user = "/users/" + ada
	show, list := (*Client).Show, (*Client).List
	for _, c := range []struct {
		call    func(*Client, context.Context, []batch.Item) ([]batch.Reply, error)
		item    batch.Item
		version string
		url     string
	}{
		{show, item(batch.Revoke, "", ""), "v1.0", user + "?$select=" + base},
		{show, item(batch.Invalidate, "", ""), "beta", user + "?$select=" + base + ",refreshTokensValidFromDateTime"},
		{show, item(batch.Password, "", ""), "v1.0", user + "?$select=id,userPrincipalName,accountEnabled,lastPasswordChangeDateTime"},
		{show, item(batch.Disable, "", ""), "v1.0", user + "?$select=id,accountEnabled"},
		{show, item(batch.Enable, "", ""), "v1.0", user + "?$select=id,accountEnabled"},
		{show, item(batch.Devices, laptop, ""), "v1.0", "/devices/" + laptop + "?$select=id,accountEnabled"},
		{show, item(batch.EnableDevices, laptop, ""), "v1.0", "/devices/" + laptop + "?$select=id,accountEnabled"},
		{show, item(batch.Groups, staff, ""), "v1.0", user + "/memberOf?$select=id&$top=999"},
		{show, item(batch.JoinGroups, staff, ""), "v1.0", user + "/memberOf?$select=id&$top=999"},
		{show, item(batch.Licences, staff, ""), "v1.0", user + "/memberOf?$select=id&$top=999"},
		{show, item(batch.AddLicences, staff, ""), "v1.0", user + "/memberOf?$select=id&$top=999"},
		{show, item(batch.Licences, "", bothLicences), "v1.0", user + "?$select=id,accountEnabled,licenseAssignmentStates"},
		{show, item(batch.AddLicences, "", bothLicences), "v1.0", user + "?$select=id,accountEnabled,licenseAssignmentStates"},
		{list, item(batch.Devices, "", ""), "v1.0", user + "/registeredDevices" + devices},
		{list, item(batch.Groups, "", ""), "v1.0", user + groups},
		{list, item(batch.Devices, "https://graph.example/v1.0/users/"+strings.ToUpper(ada)+"/ownedDevices?$skiptoken=x%20y", ""), "v1.0", user + "/ownedDevices?$skiptoken=x%20y"},
		{list, item(batch.Groups, "https://graph.example/v1.0"+user+"/memberOf?$skiptoken=x", ""), "v1.0", user + "/memberOf?$skiptoken=x"},
	} {
		client, sent := scripted(t, always(`{"responses":[]}`))
		if _, err := c.call(client, t.Context(), []batch.Item{c.item}); err != nil {
			t.Fatal(err)
		}
		want := "POST /" + c.version + `/$batch {"requests":[{"id":"1","method":"GET","url":"` + c.url + `","headers":{"Accept":"application/json"},"body":null,"dependsOn":[]}]}`
		if got := (*sent)[0]; got != want {
			t.Errorf("%s sent\n%s\nwant\n%s", c.item.Step, got, want)
		}
	}
}

// An item that names its user or target by anything but an object id is never sent, nor is
// one whose target is not the step's.
func TestStepsNeverSent(t *testing.T) {
	bad := func(s batch.Step, user, target, before string) batch.Item {
		return batch.Item{User: batch.User{Seq: 7, ID: user, UPN: "ada@contoso.example"}, Step: s, Target: batch.Target{ID: target, Before: before}}
	}
	var items []batch.Item
	for _, s := range []batch.Step{batch.Disable, batch.Enable, batch.Password} {
		items = append(items, bad(s, "", "", ""), bad(s, "../me", "", ""), bad(s, ada, laptop, ""))
	}
	items = append(items, bad(batch.Revoke, ada, laptop, ""), bad(batch.Invalidate, ada, laptop, ""))
	for _, s := range []batch.Step{batch.Devices, batch.EnableDevices} {
		items = append(items, bad(s, ada, "", ""), bad(s, ada, "x", ""), bad(s, ada, laptop+"/x", ""), bad(s, ada, "../users/"+ada, ""))
	}
	for _, s := range []batch.Step{batch.Groups, batch.JoinGroups} {
		items = append(items, bad(s, ada, "", ""), bad(s, ada, "x", ""), bad(s, "", staff, ""), bad(s, ada+"/$ref", staff, ""), bad(s, ada, staff+"/members", ""))
	}
	for _, s := range []batch.Step{batch.Licences, batch.AddLicences} {
		items = append(items, bad(s, "", staff, ""), bad(s, ada, "x", ""), bad(s, "", "", bothLicences),
			bad(s, ada, "", ""), bad(s, ada, "", "[]"), bad(s, ada, "", "null"), bad(s, ada, "", `[{"skuId":"x"}]`), bad(s, ada, "", `[{"skuId":"`+e3+`","disabledPlans":["x"]}]`))
	}
	items = append(items, bad(batch.Whole, ada, "", ""), bad("unknown", ada, "", ""))
	for _, it := range items {
		client, sent := scripted(t, always(`{"responses":[]}`))
		send := map[string]func(context.Context, []batch.Item) ([]batch.Reply, error){"Send": client.Send, "Show": client.Show}
		for name, call := range send {
			if it.Step == batch.Devices || it.Step == batch.EnableDevices {
				it.User.ID = "" // a device needs no user
			}
			replies, err := call(t.Context(), []batch.Item{it})
			if !errors.Is(err, batch.ErrUnsendable) || replies != nil || len(*sent) > 0 {
				t.Errorf("%s %+v: got %v and error %v, and sent %v", name, it, replies, err, *sent)
			}
		}
	}
	client, sent := scripted(t, always(`{"responses":[]}`))
	if _, err := client.Send(t.Context(), []batch.Item{item(batch.Disable, "", ""), item(batch.Enable, "", "")}); !errors.Is(err, batch.ErrUnsendable) {
		t.Errorf("two steps in one call: error %v", err)
	}
	client.steps = []batch.Step{batch.Revoke}
	if _, err := client.Send(t.Context(), []batch.Item{item(batch.Disable, "", "")}); !errors.Is(err, batch.ErrUnsendable) || !strings.Contains(err.Error(), "none of the run's") {
		t.Errorf("a step that the run does not have: error %v", err)
	}
	for _, s := range []batch.Step{batch.Revoke, batch.Licences, batch.Disable} {
		if _, err := client.List(t.Context(), []batch.Item{item(s, "", "")}); !errors.Is(err, batch.ErrUnsendable) {
			t.Errorf("a list for %s: error %v", s, err)
		}
	}
	if len(*sent) > 0 {
		t.Errorf("sent %v", *sent)
	}
}

// Nothing is deleted but a membership, whatever asks for it.
func TestGuard(t *testing.T) {
	tried := map[string]bool{
		"DELETE /groups/" + staff + "/members/" + ada + "/$ref":   true,
		"DELETE /groups/" + staff + "/members/" + ada:             false, // deletes the user
		"DELETE /groups/" + staff + "/members/" + ada + "/":       false,
		"DELETE /groups/" + staff + "/members/" + ada + "/$ref/":  false,
		"DELETE /groups/" + staff + "/members/" + ada + "/$ref?x": false,
		"DELETE /groups/" + staff + "/members/" + ada + "/%24ref": false,
		"DELETE /groups/" + staff + "/members/$ref":               false,
		"DELETE /groups/" + staff + "/members//$ref":              false,
		"DELETE /groups/" + staff + "/members/ada@x.example/$ref": false,
		"DELETE /groups/" + staff + "/owners/" + ada + "/$ref":    false,
		"DELETE /groups/" + staff + "/x/../members/" + ada:        false,
		"DELETE //groups/" + staff + "/members/" + ada + "/$ref":  false,
		"DELETE groups/" + staff + "/members/" + ada + "/$ref":    false,
		"DELETE /groups//members/" + ada + "/$ref":                false,
		"DELETE /groups/" + staff:                                 false,
		"DELETE /users/" + ada:                                    false,
		"DELETE /users/" + ada + "/$ref":                          false,
		"DELETE /devices/" + laptop:                               false,
		"DELETE /directory/deletedItems/" + ada:                   false,
		"DELETE /":                                                false,
		"delete /groups/" + staff + "/members/" + ada + "/$ref":   false,
		"Delete /users/" + ada:                                    false,
		"PUT /users/" + ada:                                       false,
		" /users/" + ada:                                          false,
	}
	for what, want := range tried {
		client, sent := scripted(t, always(one(204, "null")))
		method, url, _ := strings.Cut(what, " ")
		harmless := request{method: "GET", url: "/users/" + ada}
		_, err := client.do(t.Context(), false, []request{harmless, {method: method, url: url}})
		if left := len(*sent) > 0; left != want || errors.Is(err, batch.ErrUnsendable) == want {
			t.Errorf("%s: left %v with error %v, want %v", what, left, err, want)
		}
	}
}

// What an answer shows of each step's target.
func TestShown(t *testing.T) {
	const upper = "AAAAAAAA-0000-4000-8000-000000000001"
	shown := func(id, state string) batch.Reply {
		return batch.Reply{Status: 200, Shown: &batch.Shown{ID: id, State: state}}
	}
	in := func(state string, groups ...string) batch.Reply { // what else a list of memberships shows
		r := shown(ada, state)
		r.Groups = groups
		return r
	}
	has := func(id, state string) batch.Reply { // and what else the user does
		r := shown(id, state)
		r.User = &batch.User{ID: id}
		return r
	}
	no := func(message string) batch.Reply { return batch.Reply{Message: message} }
	notFound := `{"error":{"code":"Request_ResourceNotFound","message":"gone"}}`
	licences := func(entries string) string { return `{"id":"` + upper + `","licenseAssignmentStates":` + entries + `}` }
	direct := func(sku string) string { return `{"skuId":"` + strings.ToUpper(sku) + `","assignedByGroup":null}` }
	byGroup := func(sku string) string { return `{"skuId":"` + sku + `","assignedByGroup":"` + staff + `"}` }
	for _, c := range []struct {
		item   batch.Item
		status int
		body   string
		want   batch.Reply
	}{
		{item(batch.Disable, "", ""), 200, `{"id":"` + upper + `","accountEnabled":false}`, shown(ada, "disabled")},
		{item(batch.Enable, "", ""), 200, `{"id":"` + ada + `","accountEnabled":true}`, shown(ada, "enabled")},
		{item(batch.Disable, "", ""), 200, `{"id":"` + ada + `","accountEnabled":null}`, shown(ada, "")},
		{item(batch.Disable, "", ""), 200, `{"id":"` + ada + `"}`, shown(ada, "")},
		{item(batch.Disable, "", ""), 200, `{"id":"` + laptop + `","accountEnabled":false}`, shown(laptop, "disabled")}, // another one: judged by batch
		{item(batch.Disable, "", ""), 200, `{"accountEnabled":false}`, no("the answer has no object id")},
		{item(batch.Disable, "", ""), 200, `{"id":"me","accountEnabled":false}`, no(`the answer has "me" for an object id, which is a GUID`)},
		{item(batch.Disable, "", ""), 200, `null`, no("the answer has no object id")},
		{item(batch.Disable, "", ""), 404, notFound, batch.Reply{Status: 404, Code: "Request_ResourceNotFound", Message: "gone"}},
		{item(batch.Devices, strings.ToUpper(laptop), ""), 200, `{"id":"` + laptop + `","accountEnabled":false}`, shown(laptop, "disabled")},
		{item(batch.EnableDevices, laptop, ""), 200, `{"id":"` + laptop + `","accountEnabled":null}`, shown(laptop, "")},
		{item(batch.Devices, strings.ToUpper(laptop), ""), 404, notFound, shown(laptop, "gone")},
		{item(batch.Devices, laptop, ""), 404, `{"error":{"code":"ResourceNotFound","message":"no such path"}}`, batch.Reply{Status: 404, Code: "ResourceNotFound", Message: "no such path"}},
		{item(batch.Devices, laptop, ""), 403, `{"error":{"code":"Request_ResourceNotFound","message":"m"}}`, batch.Reply{Status: 403, Code: "Request_ResourceNotFound", Message: "m"}},
		{item(batch.Groups, staff, ""), 200, `{"value":[{"id":"` + laptop + `"},{"id":"` + strings.ToUpper(staff) + `"}]}`, in("there", laptop, staff)},
		{item(batch.Groups, staff, ""), 200, `{"value":[{"id":"` + laptop + `"}]}`, in("gone", laptop)},
		{item(batch.Licences, staff, ""), 200, `{"value":[]}`, shown(ada, "gone")},
		{item(batch.JoinGroups, staff, ""), 200, `{"value":[{"id":"` + staff + `"}]}`, in("there", staff)},
		{item(batch.AddLicences, staff, ""), 200, `{"value":[{"id":"` + staff + `"}]}`, in("there", staff)},
		{item(batch.Groups, staff, ""), 200, `{"value":null}`, no("read list: the answer holds none")},
		{item(batch.Groups, staff, ""), 200, `{}`, no("read list: the answer holds none")},
		{item(batch.Groups, staff, ""), 200, `{"value":[{"id":null}]}`, no("a group of the list has no object id")},
		{item(batch.Groups, staff, ""), 404, notFound, batch.Reply{Status: 404, Code: "Request_ResourceNotFound", Message: "gone"}},
		{item(batch.Licences, "", bothLicences), 200, licences(`[]`), has(ada, "gone")},
		{item(batch.Licences, "", bothLicences), 200, licences(`[` + byGroup(e3) + `,` + direct(plan) + `]`), has(ada, "gone")},
		{item(batch.Licences, "", bothLicences), 200, licences(`[` + byGroup(e3) + `,` + direct(e3) + `]`), has(ada, "there")},
		{item(batch.Licences, "", bothLicences), 200, `{"id":"` + ada + `","accountEnabled":true,"licenseAssignmentStates":[]}`,
			batch.Reply{Status: 200, Shown: &batch.Shown{ID: ada, State: "gone"}, User: &batch.User{ID: ada, Enabled: true}}},
		{item(batch.Licences, "", bothLicences), 200, licences(`null`), has(ada, "")},
		{item(batch.Licences, "", bothLicences), 200, `{"id":"` + ada + `"}`, has(ada, "")},
		{item(batch.Licences, "", bothLicences), 200, `{"id":"` + laptop + `","licenseAssignmentStates":[]}`, has(laptop, "gone")},
		{item(batch.Licences, "", bothLicences), 200, licences(`[{"assignedByGroup":null}]`), no("the answer has a licence with no object id")},
		{item(batch.AddLicences, "", bothLicences), 200, licences(`[` + direct(e3) + `]`), has(ada, "gone")},
		{item(batch.AddLicences, "", bothLicences), 200, licences(`[` + direct(e3) + `,` + byGroup(e5) + `]`), has(ada, "gone")},
		{item(batch.AddLicences, "", bothLicences), 200, licences(`[` + direct(e5) + `,` + direct(e3) + `]`), has(ada, "there")},
		{item(batch.AddLicences, "", bothLicences), 200, licences(`null`), has(ada, "")},
		{item(batch.Password, "", ""), 200, `{"id":"` + upper + `","userPrincipalName":"ada@x","lastPasswordChangeDateTime":"2026-11-22T12:00:00Z"}`,
			batch.Reply{Status: 200, User: &batch.User{ID: ada, UPN: "ada@x", PasswordSet: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}}},
		{item(batch.Password, "", ""), 200, `{"id":"` + ada + `","userPrincipalName":"ada@x","lastPasswordChangeDateTime":null}`, batch.Reply{Status: 200, User: &batch.User{ID: ada, UPN: "ada@x"}}},
	} {
		client, _ := scripted(t, always(one(c.status, c.body)))
		got, err := client.Show(t.Context(), []batch.Item{c.item})
		if err != nil {
			t.Fatal(err)
		}
		c.want.RequestID = "/1"
		if !reflect.DeepEqual(got[0], c.want) {
			t.Errorf("%s, HTTP %d %s: got %+v %+v %+v, want %+v %+v", c.item.Step, c.status, c.body, got[0], got[0].Shown, got[0].User, c.want, c.want.Shown)
		}
	}
}

// A list of memberships that goes on is read to its end, and proves nothing before.
func TestMembershipsOfManyPages(t *testing.T) {
	link := "https://graph.example/v1.0/users/" + ada + "/memberOf?$skiptoken="
	pageOf := func(id, next string) string {
		if next == "" {
			return `{"value":[{"id":"` + id + `"}]}`
		}
		return `{"value":[{"id":"` + id + `"}],"@odata.nextLink":"` + next + `"}`
	}
	for name, c := range map[string]struct {
		pages []string // after the first, of which the next link is link+"2"
		state string
		words string // of the message, when it proves nothing
	}{
		"on the last page":         {[]string{pageOf(laptop, link+"3"), pageOf(staff, "")}, "there", ""},
		"on a page before the end": {[]string{pageOf(staff, link+"3")}, "there", ""},
		"on none":                  {[]string{pageOf(laptop, link+"3"), pageOf(laptop, "")}, "gone", ""},
		"a page that is cut off":   {[]string{`{"value":[`}, "", "the list of the user's groups is not whole"},
		"a page that is none":      {[]string{`{}`}, "", "is not whole"},
		"a page without an id":     {[]string{`{"value":[{}]}`}, "", "no object id"},
		"a link to another host":   {[]string{pageOf(laptop, "https://evil.example/v1.0/users/"+ada+"/memberOf?x")}, "", "leads to https://evil.example"},
		"a link to another user":   {[]string{pageOf(laptop, "https://graph.example/v1.0/users/"+laptop+"/memberOf?x")}, "", "and not to the memberOf of the user"},
		"a link to itself":         {[]string{pageOf(laptop, link+"2")}, "", "names itself"},
	} {
		client, sent := scripted(t, func(call int, r *http.Request) string {
			if call == 1 {
				return one(200, pageOf(laptop, link+"2"))
			}
			return c.pages[min(call-2, len(c.pages)-1)]
		})
		got, err := client.Show(t.Context(), []batch.Item{item(batch.Groups, staff, "")})
		if err != nil {
			t.Fatal(err)
		}
		r := got[0]
		if c.words != "" {
			if r.Status != 0 || r.Shown != nil || r.More != "" || !strings.Contains(r.Message, c.words) {
				t.Errorf("%s: got %+v", name, r)
			}
		} else if r.Status != 200 || r.More != "" || r.Shown == nil || *r.Shown != (batch.Shown{ID: ada, State: c.state}) {
			t.Errorf("%s: got %+v %+v, want %s", name, r, r.Shown, c.state)
		}
		if len(*sent) != 1+len(c.pages) || (*sent)[1] != "GET /v1.0/users/"+ada+"/memberOf?$skiptoken=2" {
			t.Errorf("%s: sent %q", name, *sent)
		}
	}
	for _, next := range []string{"https://evil.example/v1.0/users/" + ada + "/memberOf?x", "https://graph.example/v1.0/users/" + laptop + "/memberOf?x", "https://graph.example/v1.0/me/memberOf"} {
		client, sent := scripted(t, always(one(200, pageOf(staff, next))))
		got, err := client.Show(t.Context(), []batch.Item{item(batch.Groups, staff, "")})
		if err != nil || got[0].Status != 0 || got[0].Shown != nil || len(*sent) != 1 {
			t.Errorf("%s: got %+v and error %v after %d calls", next, got, err, len(*sent))
		}
	}
	client, sent := scripted(t, func(call int, r *http.Request) string {
		if call == 1 {
			return one(200, pageOf(laptop, link+"2"))
		}
		return pageOf(laptop, fmt.Sprint(link, call+1))
	})
	got, err := client.Show(t.Context(), []batch.Item{item(batch.Groups, staff, "")})
	if err != nil || got[0].Status != 0 || len(*sent) != 1+maxPages {
		t.Errorf("a list without an end: got %+v and error %v after %d calls", got, err, len(*sent))
	}
}

// Read-backs of a run that revokes and invalidates go to v1.0 and beta, each to its own.
func TestShowOfManySteps(t *testing.T) {
	answered := func(version string) string {
		return `{"responses":[{"id":"1","status":200,"body":{"id":"` + ada + `","userPrincipalName":"` + version + `","accountEnabled":false}},
			{"id":"2","status":200,"body":{"id":"` + ada + `","userPrincipalName":"` + version + `","accountEnabled":false}}]}`
	}
	client, sent := scripted(t, func(_ int, r *http.Request) string { return answered(strings.Split(r.URL.Path, "/")[1]) })
	items := []batch.Item{item(batch.Invalidate, "", ""), item(batch.Disable, "", ""), item(batch.Invalidate, "", ""), item(batch.Revoke, "", "")}
	got, err := client.Show(t.Context(), items)
	if err != nil || len(got) != 4 || len(*sent) != 2 {
		t.Fatalf("got %+v and error %v after %d calls", got, err, len(*sent))
	}
	for i, want := range []string{"beta", "", "beta", "v1.0"} {
		version := ""
		if got[i].User != nil {
			version = got[i].User.UPN
		}
		if version != want || (want == "") != (got[i].Shown != nil) {
			t.Errorf("item %d: read in %q, want %q: %+v", i, version, want, got[i])
		}
	}
}

// A lookup reads what the steps are planned by, and a run without them no more than before.
func TestLookupFields(t *testing.T) {
	for want, steps := range map[string][]batch.Step{
		"":                                {batch.Revoke},
		",refreshTokensValidFromDateTime": {batch.Revoke, batch.Invalidate},
		",isManagementRestricted,onPremisesSamAccountName,onPremisesDomainName":                                                    {batch.Disable, batch.Revoke, batch.Devices},
		",isManagementRestricted,onPremisesSamAccountName,onPremisesDomainName,lastPasswordChangeDateTime,licenseAssignmentStates": batch.Leaver,
		",refreshTokensValidFromDateTime,isManagementRestricted,onPremisesSamAccountName,onPremisesDomainName":                     {batch.Enable, batch.Invalidate},
		",isManagementRestricted,licenseAssignmentStates,onPremisesSamAccountName,onPremisesDomainName":                            {batch.AddLicences, batch.JoinGroups, batch.EnableDevices},
	} {
		if got := strings.TrimPrefix(lookupFields(steps, slices.Contains(steps, batch.Invalidate)), selected); got != want {
			t.Errorf("%v: got %q, want %q", steps, got, want)
		}
	}
}

// What was not told is neither one thing nor the other.
func TestLookupForSteps(t *testing.T) {
	set := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for body, want := range map[string]batch.User{
		`"accountEnabled":null`:  {},
		`"accountEnabled":true`:  {Enabled: true},
		`"accountEnabled":false`: {Disabled: true},
		``:                       {},
		`"isManagementRestricted":true,"lastPasswordChangeDateTime":"2026-11-22T12:00:00Z"`:                   {Restricted: true, PasswordSet: set},
		`"isManagementRestricted":null,"lastPasswordChangeDateTime":null`:                                     {},
		`"onPremisesSyncEnabled":true,"onPremisesSamAccountName":"ada","onPremisesDomainName":"corp.example"`: {Synced: true, SAM: "ada", Domain: "corp.example"},
		`"onPremisesSyncEnabled":null,"onPremisesSamAccountName":"ada","onPremisesDomainName":"corp.example"`: {},
		`"licenseAssignmentStates":null`: {},
		`"licenseAssignmentStates":[]`:   {Licences: "[]"},
		`"licenseAssignmentStates":[{"skuId":"` + e3 + `","assignedByGroup":"` + staff + `"},{"skuId":"` + strings.ToUpper(e5) + `","assignedByGroup":null,"disabledPlans":["` + plan + `"]}]`: {
			Licences: `[{"skuId":"` + e5 + `","disabledPlans":["` + plan + `"]}]`,
		},
		`"licenseAssignmentStates":[{"skuId":"` + e5 + `","disabledPlans":["` + e5 + `","` + strings.ToUpper(plan) + `","` + e3 + `"]},{"skuId":"` + strings.ToUpper(e3) + `"}]`: { // in whatever order
			Licences: `[{"skuId":"` + e3 + `"},{"skuId":"` + e5 + `","disabledPlans":["` + e3 + `","` + e5 + `","` + plan + `"]}]`,
		},
	} {
		if want.ID = ada; body != "" {
			body = "," + body
		}
		client, _ := answering(t, batch.Revoke, 200, http.Header{}, one(200, `{"id":"`+ada+`"`+body+`}`))
		got, err := client.Lookup(t.Context(), []batch.User{{ID: ada}})
		if err != nil || got[0].User == nil || *got[0].User != want {
			t.Errorf("%s: got %+v %+v and error %v, want %+v", body, got, got[0].User, err, want)
		}
	}
}

// Two answers to one item that are not alike are none, whatever they differ in.
func TestAnsweredTwice(t *testing.T) {
	twice := func(a, b string) string {
		return `{"responses":[{"id":"1","status":200,"body":` + a + `},{"id":"1","status":200,"body":` + b + `}]}`
	}
	device := func(name string) string { return `{"value":[{"id":"` + laptop + `","displayName":"` + name + `"}]}` }
	more := `{"value":[],"@odata.nextLink":"https://graph.example/v1.0/users/` + ada + `/memberOf?x"}`
	state := func(on string) string { return `{"id":"` + ada + `","accountEnabled":` + on + `}` }
	for _, c := range []struct {
		call  func(*Client, context.Context, []batch.Item) ([]batch.Reply, error)
		item  batch.Item
		a, b  string
		alike bool
	}{
		{(*Client).List, item(batch.Devices, "", ""), device("a"), device("a"), true},
		{(*Client).List, item(batch.Devices, "", ""), device("a"), device("b"), false},
		{(*Client).List, item(batch.Groups, "", ""), `{"value":[]}`, more, false},
		{(*Client).Show, item(batch.Disable, "", ""), state("false"), state("false"), true},
		{(*Client).Show, item(batch.Disable, "", ""), state("false"), state("true"), false},
	} {
		client, _ := scripted(t, always(twice(c.a, c.b)))
		got, err := c.call(client, t.Context(), []batch.Item{c.item})
		if err != nil || (got[0].Status == 200) != c.alike || !c.alike && (got[0].Shown != nil || got[0].Targets != nil || got[0].More != "") {
			t.Errorf("%s and %s: got %+v and error %v", c.a, c.b, got, err)
		}
	}
}
