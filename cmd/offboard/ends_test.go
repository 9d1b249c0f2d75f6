package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch/graphsim"
)

// stand is the whole command, from its arguments to its exit code, against a
// tenant whose answers a test may change on the way.
type stand struct {
	tenant *graphsim.Tenant
	answer func(r *http.Request, body []byte) *http.Response // nil: as the tenant does

	mu    sync.Mutex
	calls int // that carried writes
}

func (s *stand) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	s.mu.Lock()
	if bytes.Contains(body, []byte(`"method":"POST"`)) {
		s.calls++
	}
	s.mu.Unlock()
	if s.answer != nil {
		if resp := s.answer(r, body); resp != nil {
			time.Sleep(50 * time.Millisecond)
			return resp, nil
		}
	}
	return s.tenant.RoundTrip(r)
}

// says is an answer with this body.
func says(r *http.Request, status int, body string, header ...string) *http.Response {
	resp := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
	for i := 0; i < len(header); i += 2 {
		resp.Header.Set(header[i], header[i+1])
	}
	return resp
}

// everyWrite answers each item of a batch of writes alike, and leaves other calls alone.
func everyWrite(item string) func(*http.Request, []byte) *http.Response {
	return func(r *http.Request, body []byte) *http.Response {
		var b struct {
			Requests []struct{ ID, Method string }
		}
		if json.Unmarshal(body, &b) != nil || len(b.Requests) == 0 || b.Requests[0].Method != "POST" {
			return nil
		}
		var items []string
		for _, q := range b.Requests {
			items = append(items, fmt.Sprintf(`{"id":"%s",%s}`, q.ID, item))
		}
		return says(r, 200, `{"responses":[`+strings.Join(items, ",")+`]}`)
	}
}

// carry runs the command on so many users, of whom the first ones are denied
// administrators, and gives its exit code, what it said, and its report.
func carry(t *testing.T, cfg graphsim.Config, admins, users int, prepare func(*stand), args ...string) (code exitCode, out, report string, s *stand) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg.NoQuota, cfg.Latency = true, 50*time.Millisecond
		s = &stand{tenant: graphsim.New(cfg)}
		file := "upn\n"
		for i := range users {
			u := graphsim.User{UPN: fmt.Sprintf("user%d@contoso.example", i+1), Enabled: true, Denied: i < admins}
			u.ID = graphsim.IDFor(u.UPN)
			if err := s.tenant.Add(u); err != nil {
				t.Fatal(err)
			}
			if u.Denied {
				if err := s.tenant.Assign(globalAdministrator, u.ID); err != nil {
					t.Fatal(err)
				}
			}
			file += u.UPN + "\n"
		}
		in := filepath.Join(dir, "in.csv")
		if err := os.WriteFile(in, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		prepare(s)
		var said bytes.Buffer
		code = execute(t.Context(), world{
			args: append([]string{"run", in, "--yes", "--max-percent=0", "--max-users=0", "--concurrency=8",
				"--journal=" + dir + "/journal.db", "--report-dir=" + dir + "/report"}, args...),
			stdin: strings.NewReader(""), stdout: &said, stderr: &said, network: s,
			getenv: func(string) string { return "" }, environ: signedIn, width: func() int { return 80 },
		})
		out = said.String()
	})
	lines, err := os.ReadFile(filepath.Join(dir, "report", "report.csv"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return code, out, string(lines), s
}

// The tenant does not offer the action: the run stops after a few calls, with
// Graph's words, and everybody can be sent again. The few users of a small file end
// failed, and nobody is told that there is no such user.
func TestActionNotOffered(t *testing.T) {
	for name, item := range map[string]string{
		"405":              `"status":405,"body":{"error":{"code":"Request_BadRequest","message":"Specified HTTP method is not allowed."}}`,
		"400":              `"status":400,"body":{"error":{"code":"BadRequest","message":"Resource not found for the segment 'revokeSignInSessions'."}}`,
		"404":              `"status":404,"body":{"error":{"code":"Request_ResourceNotFound","message":"Resource does not exist."}}`,
		"404 as a number":  `"status":404,"body":{"error":{"code":404,"message":"Not here."}}`,
		"405 without code": `"status":405,"body":null`,
	} {
		t.Run(name, func(t *testing.T) {
			words := "HTTP " + name[:3]
			offers := func(s *stand) { s.answer = everyWrite(item) }
			code, out, report, s := carry(t, graphsim.Config{}, 0, 400, offers)
			if code != exitError || !strings.Contains(out, "the first 3 revoke calls were all refused alike: "+words) || !strings.Contains(out, "Resume with: offboard resume") || s.calls > 12 ||
				!strings.Contains(out, fmt.Sprintf("nothing was done: %d were sent, and refused", strings.Count(report, "sent, and refused with "))) {
				t.Errorf("exit code %d after %d calls\n%s", code, s.calls, out)
			}
			if n := strings.Count(report, "sent, and refused with "+words); n < 60 || n > 12*20 || strings.Count(report, ",not_sent,") != 400 {
				t.Errorf("%d were sent and refused; the report is\n%.3000s", n, report)
			}
			if strings.Contains(out, "404 404") || strings.Contains(report, "404 404") {
				t.Error("the status stands there twice")
			}
			code, out, report, _ = carry(t, graphsim.Config{}, 0, 30, offers)
			if code != exitPartial || strings.Count(report, ",failed,") != 30 || strings.Contains(out, "no such user") {
				t.Errorf("30 users: exit code %d\n%s\n%.2000s", code, out, report)
			}
		})
	}
}

// A challenge at the first write is told in Graph's words, and blamed on no permission.
func TestChallengeAtTheFirstWrite(t *testing.T) {
	code, out, report, _ := carry(t, graphsim.Config{}, 0, 400, func(s *stand) {
		s.answer = func(r *http.Request, body []byte) *http.Response {
			if !bytes.Contains(body, []byte(`"method":"POST"`)) {
				return nil
			}
			return says(r, 401, ``, "WWW-Authenticate", `Bearer realm="", errorDescription="Continuous access evaluation resulted in challenge", error="insufficient_claims", claims="e30="`)
		}
	})
	if code != exitSignIn || !strings.Contains(out, "HTTP 401 insufficient_claims: Continuous access evaluation resulted in challenge") || strings.Contains(out, "Graph permission") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if strings.Contains(report, ",unsettled,") || strings.Count(report, ",not_sent,") != 400 {
		t.Errorf("the report is\n%.2000s", report)
	}
}

// One token is refused to all the calls under way, and a new one is taken.
func TestOneStaleToken(t *testing.T) {
	stale := ""
	code, out, report, _ := carry(t, graphsim.Config{}, 0, 400, func(s *stand) {
		s.answer = func(r *http.Request, body []byte) *http.Response {
			if !bytes.Contains(body, []byte(`"method":"POST"`)) {
				return nil
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if stale == "" {
				stale = r.Header.Get("Authorization")
			}
			if r.Header.Get("Authorization") != stale {
				return nil
			}
			return says(r, 401, `{"error":{"code":"InvalidAuthenticationToken","message":"Lifetime validation failed, the token is expired."}}`)
		}
	})
	if code != exitDone || strings.Count(report, ",verified,") != 400 {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// Administrators stand first and are denied, all 80 of them: the others are done.
func TestDeniedAdministratorsFirst(t *testing.T) {
	code, out, report, _ := carry(t, graphsim.Config{}, 80, 480, func(*stand) {}, "--max-privileged=0")
	if code != exitPartial || strings.Count(report, ",denied,") != 80 || strings.Count(report, ",verified,") != 400 {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// Nobody is written off in an outage that comes inside of answers.
func TestOutageInsideOfAnswers(t *testing.T) {
	code, out, report, _ := carry(t, graphsim.Config{}, 0, 400, func(s *stand) {
		busy := everyWrite(`"status":503,"body":{"error":{"code":"UnknownError","message":""}}`)
		start := time.Now()
		s.answer = func(r *http.Request, body []byte) *http.Response {
			if time.Since(start) > 30*time.Minute {
				return nil
			}
			return busy(r, body)
		}
	})
	if code != exitDone || strings.Count(report, ",verified,") != 400 || !strings.Contains(out, "HTTP 503 UnknownError") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// One user makes every call that carries it fail, and ends alone.
func TestOneUserPoisonsItsCalls(t *testing.T) {
	poison := graphsim.IDFor("user77@contoso.example")
	for name, c := range map[string]struct {
		answer  func(r *http.Request) *http.Response
		outcome string
	}{
		"refused": {func(r *http.Request) *http.Response {
			return says(r, 400, `{"error":{"code":"BadRequest","message":"Invalid batch payload"}}`)
		}, ",failed,"},
		"garbled": {func(r *http.Request) *http.Response { return says(r, 200, `{"responses":[{"id":"1","status":20`) }, ",gave_up,"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, report, _ := carry(t, graphsim.Config{}, 0, 400, func(s *stand) {
				s.answer = func(r *http.Request, body []byte) *http.Response {
					if !bytes.Contains(body, []byte(poison+"/revokeSignInSessions")) {
						return nil
					}
					return c.answer(r)
				}
			})
			if code != exitPartial || strings.Count(report, ",verified,") != 399 || strings.Count(report, c.outcome) != 1 {
				t.Errorf("exit code %d\n%s", code, out)
			}
			for line := range strings.Lines(report) {
				if strings.Contains(line, c.outcome) && !strings.Contains(line, poison) {
					t.Errorf("somebody else ended so: %s", line)
				}
			}
		})
	}
}

// What the token says of its permissions is looked at before anything is sent, in
// a dry run too; a stronger permission does.
func TestPermissionsOfTheToken(t *testing.T) {
	for _, c := range []struct {
		roles string
		args  string
		code  exitCode
		says  string
	}{
		{"User.Read.All RoleManagement.Read.Directory", "", exitSignIn, "to revoke sessions, the token of app " + graphsim.DefaultClientID + " needs the Graph permission User.RevokeSessions.All, or one of User.ReadWrite.All"},
		{"User.Read.All RoleManagement.Read.Directory", "--dry-run", exitSignIn, "User.RevokeSessions.All"},
		{"User.RevokeSessions.All RoleManagement.Read.Directory", "--dry-run", exitSignIn, "to read users, the token"},
		{"User.ReadWrite.All RoleManagement.Read.Directory", "--steps=invalidate", exitSignIn, "to invalidate refresh tokens, the token of app " + graphsim.DefaultClientID + " needs the Graph permission User.RevokeSessions.All; it has"},
		{"User.RevokeSessions.All", "--no-resolve", exitDone, ""},
		{"User.Read.All RoleManagement.Read.Directory", "--steps=emergency", exitSignIn, "to read devices, the token of app " + graphsim.DefaultClientID + " needs the Graph permission Device.Read.All, or one of Device.ReadWrite.All, Directory.Read.All, Directory.ReadWrite.All; " +
			"to disable accounts, User.EnableDisableAccount.All, or one of User.ReadUpdate.All, User.ReadWrite.All, Directory.ReadWrite.All, AgentIdUser.ReadWrite.All, AgentIdUser.ReadWrite.IdentityParentedBy; " +
			"to revoke sessions, User.RevokeSessions.All, or one of User.ReadWrite.All, Directory.ReadWrite.All, AgentIdUser.ReadWrite.All, AgentIdUser.ReadWrite.IdentityParentedBy; " +
			"to disable devices, Device.ReadWrite.All, or one of Directory.ReadWrite.All; it has User.Read.All RoleManagement.Read.Directory"},
		{"User.ReadWrite.All Directory.Read.All Device.ReadWrite.All RoleManagement.Read.Directory", "--steps=leaver", exitSignIn, "to remove group memberships, the token"},
		{"User.ReadWrite.All Directory.Read.All RoleManagement.Read.Directory", "--steps=licences", exitDone, ""}, // nobody has any, from no group
		{"User.ReadWrite.All RoleManagement.Read.Directory", "", exitDone, ""},
		{"Directory.ReadWrite.All RoleManagement.Read.Directory", "", exitDone, ""},
	} {
		var args []string
		if c.args != "" {
			args = append(args, c.args)
		}
		code, out, _, s := carry(t, graphsim.Config{Roles: strings.Fields(c.roles)}, 0, 10, func(*stand) {}, args...)
		if code != c.code || !strings.Contains(out, c.says) || code == exitSignIn && s.calls > 0 {
			t.Errorf("%s %s: exit code %d after %d calls that write\n%s", c.roles, c.args, code, s.calls, out)
		}
	}
}

// A token that says nothing is let through. When Graph then denies everybody, few
// as they are, the permission is named: on the screen and for each user.
func TestFewDeniedNameThePermission(t *testing.T) {
	s := newScene(t, 10, "User.Read.All", "RoleManagement.Read.Directory")
	code, out := s.offboard(nil, 0, "run", "in.csv", "--yes", "--graph-url", s.url, "--report-dir", "out")
	report, err := os.ReadFile(filepath.Join(s.dir, "out", "report.csv"))
	const words = "the app lacks the Graph permission User.RevokeSessions.All"
	if code != int(exitPartial) || !strings.Contains(out, words) || err != nil || strings.Count(string(report), words) != 10 {
		t.Errorf("exit code %d, error %v\n%s\n%s", code, err, out, report)
	}
}

// A user who signed in and is denied is told of a directory role of theirs and of delegated permissions,
// not of what an app of its own needs: where few or all are denied, or a read is, and in the report.
func TestDeniedUserIsToldOfARole(t *testing.T) {
	const all, reads = "User.Read.All User.RevokeSessions.All User.EnableDisableAccount.All RoleManagement.Read.Directory", "User.Read.All RoleManagement.Read.Directory"
	for _, c := range []struct {
		users       int
		may, scopes string // what Graph lets the user do, and what the token says
		args        string
		code        exitCode
		says        string
	}{
		{3, reads, all, "", exitPartial, "the user who signed in lacks a directory role such as Helpdesk Administrator, or the app the delegated Graph permission User.RevokeSessions.All"},
		{100, reads, all, "", exitSignIn, "the user who signed in lacks a directory role such as Helpdesk Administrator"},
		{100, reads + " Device.Read.All", all + " Device.Read.All Directory.AccessAsUser.All", "--steps=revoke,devices", exitPartial, "the user who signed in lacks a directory role such as Helpdesk Administrator, or the app the delegated Graph permission User.RevokeSessions.All"},
		{3, "User.RevokeSessions.All RoleManagement.Read.Directory", all, "", exitSignIn, "the user who signed in lacks a directory role such as Directory Readers, or the app the delegated Graph permission User.Read.All"},
		{3, "User.Read.All User.RevokeSessions.All", all, "--max-privileged=2", exitSignIn, "RoleManagement.Read.Directory, and the user who signed in a directory role that may read it, such as Directory Readers"},
		{3, all, reads, "", exitSignIn, "needs the delegated Graph permission User.RevokeSessions.All"},
		{3, all, reads + " Device.Read.All", "--steps=devices", exitSignIn, "needs the delegated Graph permission Directory.AccessAsUser.All"},
	} {
		token := bearer(`{"aud":"https://graph.microsoft.com","tid":%q,"appid":%q,"oid":%[1]q,"scp":%[3]q}`, ours.Tenant, ours.App, c.scopes)
		d := newBooth(t, c.users, graphsim.Config{NoQuota: true, StaticToken: token, Roles: strings.Fields(c.may)})
		d.environ = []string{"OFFBOARD_ACCESS_TOKEN=" + token}
		code, out := d.offboard(append([]string{"run", "DIR/in.csv", "--yes", "--column=upn", "--max-users=0", "--max-percent=0", "--tenant=" + ours.Tenant, "--report-dir=DIR/out"}, strings.Fields(c.args)...)...)
		for _, name := range []string{"report.csv", "report.html"} {
			text, _ := os.ReadFile(filepath.Join(d.dir, "out", name)) // not there where nothing began
			if code == exitPartial && !strings.Contains(string(text), c.says) || strings.Contains(string(text), "the app lacks") || strings.Contains(string(text), "Grant the app") {
				t.Errorf("%+v: %s does not tell it, or tells of the app", c, name)
			}
		}
		if code != c.code || !strings.Contains(out, c.says) || strings.Contains(out, "the app lacks") || strings.Contains(out, "to the app") {
			t.Errorf("%+v: exit code %d\n%s", c, code, out)
		}
	}
}

// A role list that cannot be read has a next step, whatever its answer was, and
// the step works.
func TestRoleListThatCannotBeRead(t *testing.T) {
	for name, resp := range map[string]func(*http.Request) *http.Response{
		"403": func(r *http.Request) *http.Response {
			return says(r, 403, `{"error":{"code":"Authorization_RequestDenied"}}`)
		},
		"404":     func(r *http.Request) *http.Response { return says(r, 404, `{"error":{"code":"ResourceNotFound"}}`) },
		"500":     func(r *http.Request) *http.Response { return says(r, 500, `{"error":{"code":"InternalServerError"}}`) },
		"garbled": func(r *http.Request) *http.Response { return says(r, 200, `{"value":[`) },
	} {
		t.Run(name, func(t *testing.T) {
			broken := func(s *stand) {
				s.answer = func(r *http.Request, _ []byte) *http.Response {
					if !strings.Contains(r.URL.Path, "/roleManagement/") {
						return nil
					}
					return resp(r)
				}
			}
			code, out, _, _ := carry(t, graphsim.Config{}, 0, 10, broken)
			if want := map[bool]exitCode{true: exitSignIn, false: exitError}[name == "403"]; code != want || !strings.Contains(out, "or go without with --max-privileged 0") {
				t.Errorf("exit code %d\n%s", code, out)
			}
			if code, out, report, _ := carry(t, graphsim.Config{}, 0, 10, broken, "--max-privileged=0"); code != exitDone || strings.Count(report, ",verified,") != 10 {
				t.Errorf("with --max-privileged 0: exit code %d\n%s", code, out)
			}
		})
	}
}
