package main

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch/graphsim"
	"offboard/batch/job"
	"offboard/batch/journal"
)

// microsoft is Microsoft on this machine: a proxy brings calls of any host to a server whose
// certificate has Microsoft's names, so that the program runs with real names, sockets and TLS.
type microsoft struct {
	proxy, ca string // the proxy's address, and a file with the CA
}

// newMicrosoft serves with a certificate that is valid until a time. Its proxy wants a password if
// there is one.
func newMicrosoft(t *testing.T, dir string, until time.Time, password string, handler http.Handler) microsoft {
	t.Helper()
	ca, caKey := certify(t, &x509.Certificate{Subject: pkix.Name{Organization: []string{"Acme Proxy"}}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, nil, until)
	leaf, key := certify(t, &x509.Certificate{DNSNames: []string{"graph.microsoft.com", "login.microsoftonline.com"}}, ca, caKey, until)
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pass, _ := proxyAuth(r); pass != password {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		there, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		here, buffer, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		fmt.Fprint(here, "HTTP/1.1 200 OK\r\n\r\n")
		var both sync.WaitGroup
		both.Go(func() { tunnel(there, buffer) })
		both.Go(func() { tunnel(here, there) })
		both.Wait()
	}))
	t.Cleanup(proxy.Close)
	file := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return microsoft{strings.TrimPrefix(proxy.URL, "http://"), file}
}

func tunnel(to net.Conn, from io.Reader) {
	_, _ = io.Copy(to, from) // until one of them hangs up
	_ = to.Close()
}

func proxyAuth(r *http.Request) (user, password string, ok bool) {
	return (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
}

// certify makes a certificate, issued by itself if there is no issuer.
func certify(t *testing.T, c, issuer *x509.Certificate, by *ecdsa.PrivateKey, until time.Time) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(1), until.Add(-48*time.Hour), until
	if issuer == nil {
		issuer, by = c, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, c, issuer, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return made, key
}

// bearer is a token with these claims.
func bearer(format string, args ...any) string {
	return "h." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, format, args...)) + ".hush"
}

// patient is one case of the doctor's.
type patient struct {
	name   string
	cfg    graphsim.Config
	args   string
	env    string                                            // instead of the secret of an app
	az     string                                            // the token that the Azure CLI gives
	answer func(w http.ResponseWriter, r *http.Request) bool // instead of the tenant, if it is true
	expose func(t *testing.T, o *office, m microsoft) string // what is set besides
	ends   time.Duration                                     // of the server's certificate, from now
	ill    string                                            // what is in trouble, with blanks between
	says   []string                                          // words of what was seen in trouble, the remedy or its commands
	notes  []string                                          // words of all that is said
}

// answers in place of the tenant on paths that hold a text.
func answers(path string, status int, contentType, body string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.Host+r.URL.Path, path) {
			return false
		}
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the caller may have left
		return true
	}
}

func entra(code int, text string) func(http.ResponseWriter, *http.Request) bool {
	return answers("/oauth2/v2.0/token", 401, "application/json", fmt.Sprintf(`{"error":"invalid_client","error_description":"AADSTS%d: %s Trace ID: 1\r\nmore","error_codes":[%[1]d]}`, code, text))
}

var (
	least    = []string{"User.RevokeSessions.All", "User.Read.All", "RoleManagement.Read.Directory"}
	withSKUs = append(graphsim.DefaultRoles(), "Organization.Read.All", "Directory.Read.All")
)

const anotherApp, thirdApp = "8f4c2f6e-0000-4000-8000-0000000000a2", "8f4c2f6e-0000-4000-8000-0000000000a3"

var patients = []patient{
	{name: "well", cfg: graphsim.Config{Roles: least}, notes: []string{"calls go to graph.microsoft.com through http://127.0.0.1:", "O=Acme Proxy\\\", which is not Microsoft's usual one", "can read the token",
		"by the secret of AZURE_CLIENT_SECRET", ours.App + " (Offboarding)", "Contoso (contoso.onmicrosoft.com), " + ours.Tenant + ", as AZURE_TENANT_ID says", "all that these steps need: User.RevokeSessions.All",
		"the tenant has 3 users", "the first 3 people of the input found in one batch", "Microsoft's global cloud", "next\": \"offboard run in.csv"}},
	{name: "no permission of the guards", cfg: graphsim.Config{Roles: []string{"User.Read.All", "User.RevokeSessions.All"}}, ill: "permissions", says: []string{"lacks RoleManagement.Read.Directory", "--max-privileged 0"}},
	{name: "guards that need less", args: "--max-privileged 0", cfg: graphsim.Config{Roles: []string{"User.Read.All", "User.RevokeSessions.All"}}},
	{name: "more than is needed", cfg: graphsim.Config{Roles: append([]string{"Directory.ReadWrite.All", "RoleManagement.ReadWrite.Directory"}, least...)}, notes: []string{"and more: Directory.ReadWrite.All, RoleManagement.ReadWrite.Directory; take away"}},
	{name: "a quota in use", cfg: graphsim.Config{Roles: least}, answer: func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/users/$count") {
			w.Header().Set("x-ms-throttle-limit-percentage", "0.85")
		}
		return false
	}, notes: []string{"85 % of a limit is used up"}},
	{name: "one app twice", args: "--app one.env", expose: func(t *testing.T, o *office, _ microsoft) string {
		must(t, os.WriteFile(filepath.Join(o.dir, "one.env"), []byte("AZURE_TENANT_ID="+ours.Tenant+"\nAZURE_CLIENT_ID="+ours.App+"\nAZURE_CLIENT_SECRET=hush\n"), 0o600))
		return ""
	}, ill: "sign-in", says: []string{"is given twice", "correct what is named"}},
	{name: "a user by the Azure CLI", args: "--auth=cli --tenant " + ours.Tenant, env: "-", az: "user", ill: "permissions roles",
		says: []string{"the Azure CLI's login cannot be given more", "Helpdesk Administrator"}},
	{name: "a user by an app", env: "user", args: "--steps devices --tenant " + ours.Tenant, ill: "permissions roles",
		says: []string{"lacks Device.Read.All (to read devices), Directory.AccessAsUser.All (to disable devices)", "951183d1-1a61-466f-a6d1-1fde911bfd95=Scope", "Delegated permissions", "of anybody it needs Cloud Device Administrator"}},
	{name: "an administrator by a group", env: "administrator", args: "--max-privileged 0 --tenant " + ours.Tenant, notes: []string{"holds Privileged Authentication Administrator"}},
	{name: "a machine", env: "-", args: "--tenant " + ours.Tenant, cfg: graphsim.Config{Roles: []string{"User.Read.All", "RoleManagement.Read.Directory"}}, expose: func(t *testing.T, o *office, _ microsoft) string {
		token := o.token("app")
		endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"access_token":%q,"expires_on":"%d","resource":"x","token_type":"Bearer"}`, token, time.Now().Add(time.Hour).Unix())
		}))
		t.Cleanup(endpoint.Close)
		return "IDENTITY_ENDPOINT=" + endpoint.URL + " IDENTITY_HEADER=hush"
	}, ill: "permissions", says: []string{"the managed identity User.RevokeSessions.All", "/servicePrincipals/" + graphsim.IDFor("service principal "+ours.App) + "/appRoleAssignments", "77f3a031-c388-4f99-b373-dc68676a979e"}},
	{name: "revoke alone, without a read", args: "--no-resolve", cfg: graphsim.Config{Roles: []string{"User.RevokeSessions.All"}}, notes: []string{"--no-resolve looks nobody up", "these steps need none"}},
	{name: "an authority of another cloud", env: "AZURE_TENANT_ID=contoso.example AZURE_CLIENT_ID=" + ours.App + " AZURE_CLIENT_SECRET=hush AZURE_AUTHORITY_HOST=https://login.microsoftonline.us", ill: "credential",
		says: []string{"https://login.microsoftonline.us, which signs in to another cloud", "--cloud usgov"}},
	{name: "no permission", cfg: graphsim.Config{Roles: []string{"User.Read.All", "RoleManagement.Read.Directory"}}, ill: "permissions",
		says: []string{"lacks User.RevokeSessions.All (to revoke sessions)", "az ad app permission add --id " + ours.App + " --api 00000003-0000-0000-c000-000000000000 --api-permissions 77f3a031-c388-4f99-b373-dc68676a979e=Role", "az ad app permission admin-consent --id " + ours.App}},
	{name: "no consent in the tenant", cfg: graphsim.Config{Roles: []string{}}, ill: "permissions read batch",
		says: []string{"nobody has consented for this app in the tenant", "https://login.microsoftonline.com/" + ours.Tenant + "/adminconsent?client_id=" + ours.App}},
	{name: "consent refused", answer: entra(65001, "The user or administrator has not consented."), ill: "sign-in",
		says: []string{"AADSTS65001", "adminconsent?client_id=" + ours.App}},
	{name: "expired secret", answer: entra(7000222, "The provided client secret keys for app are expired."), ill: "sign-in",
		says: []string{"AADSTS7000222: the client secret has expired", "make a new one in the app registration", "az ad app credential reset --id " + ours.App + " --append"}},
	{name: "wrong secret", cfg: graphsim.Config{ClientSecret: "another"}, ill: "sign-in",
		says: []string{"AADSTS7000215: the client secret is wrong", "(not its id) in AZURE_CLIENT_SECRET"}},
	{name: "blocked by a policy", answer: entra(53003, "Access has been blocked by Conditional Access policies."), ill: "sign-in",
		says: []string{"Conditional Access blocks this sign-in", "look at the sign-in log"}},
	{name: "no such tenant", env: "AZURE_TENANT_ID=" + otherTenant + " AZURE_CLIENT_ID=" + ours.App + " AZURE_CLIENT_SECRET=hush", ill: "sign-in",
		says: []string{"there is no such tenant in this cloud", "see that AZURE_TENANT_ID is right, and name its cloud with --cloud"}},
	{name: "wrong tenant", args: "--tenant " + otherTenant, env: "token", ill: "tenant",
		says: []string{"the sign-in leads to tenant " + ours.Tenant + ", Contoso", "sign in to the tenant that is meant"}, notes: []string{"nothing renews it"}},
	{name: "a domain of nobody", args: "--tenant nobody.example", env: "token", ill: "tenant", says: []string{"nobody.example", "name the tenant by its id with --tenant"}},
	{name: "no tenant named", env: "token", args: "--key mail --column mail", ill: "tenant", says: []string{"name the tenant with --tenant", "add --tenant " + ours.Tenant}},
	{name: "wrong cloud", env: "OFFBOARD_ACCESS_TOKEN=" + bearer(`{"aud":"https://graph.microsoft.us","tid":%q,"appid":%q,"roles":["User.Read.All"]}`, ours.Tenant, ours.App), args: "--tenant " + ours.Tenant, ill: "credential",
		says: []string{"https://graph.microsoft.us", "--cloud usgov"}},
	{name: "token expired", env: "OFFBOARD_ACCESS_TOKEN=" + bearer(`{"aud":"https://graph.microsoft.com","exp":946684800}`), args: "--tenant " + ours.Tenant, ill: "credential",
		says: []string{"expired at 2000-01-01T00:00:00Z", "get a new one"}},
	{name: "token refused", env: "OFFBOARD_ACCESS_TOKEN=" + bearer(`{"aud":"https://graph.microsoft.com","tid":%q,"appid":%q,"oid":%[1]q,"roles":["User.Read.All","User.RevokeSessions.All","RoleManagement.Read.Directory"]}`, ours.Tenant, ours.App), args: "--tenant " + ours.Tenant, ill: "roles read batch",
		says: []string{"Graph refuses the token", "InvalidAuthenticationToken", "get a new token"}},
	{name: "CLI signed in elsewhere", args: "--auth cli --tenant " + otherTenant, env: "-", az: "app", ill: "tenant",
		says: []string{"leads to tenant " + ours.Tenant, "az login --tenant " + otherTenant}},
	{name: "no CLI", args: "--auth cli --tenant " + ours.Tenant, env: "PATH=/nowhere", ill: "credential", says: []string{"the Azure CLI (az) is not installed", "--auth"}},
	{name: "nothing to sign in with", args: "--tenant " + ours.Tenant, env: "-", ill: "credential", says: []string{"AZURE_CLIENT_SECRET", "offboard help sign-in"}},
	{name: "a certificate that is not there", env: "AZURE_TENANT_ID=" + ours.Tenant + " AZURE_CLIENT_ID=" + ours.App + " AZURE_CLIENT_CERTIFICATE_PATH=nowhere.pem", ill: "credential",
		says: []string{"AZURE_CLIENT_CERTIFICATE_PATH holds no path of a file", "offboard help sign-in"}},
	{name: "clock off", cfg: graphsim.Config{ClockSkew: 20 * time.Minute, Roles: least}, ill: "clock", says: []string{"this machine's clock is ", " behind Microsoft's: tokens", "timedatectl set-ntp true"}},
	{name: "proxy down", expose: func(*testing.T, *office, microsoft) string { return "HTTPS_PROXY=http://ada:hush@127.0.0.1:1" }, ill: "graph authority",
		says: []string{"the proxy does not let calls to graph.microsoft.com through", "connection refused", "HTTPS_PROXY", "NO_PROXY=graph.microsoft.com"}},
	{name: "proxy wants a password", expose: func(t *testing.T, o *office, _ microsoft) string {
		locked := newMicrosoft(t, o.dir, time.Now().Add(time.Hour), "sesame", http.NotFoundHandler())
		return "HTTPS_PROXY=http://ada:hush@" + locked.proxy
	}, ill: "graph authority", says: []string{"the proxy 127.0.0.1:", "does not accept the user and password in HTTPS_PROXY (HTTP 407 Proxy Authentication Required)", "correct them there"}},
	{name: "proxy lets nothing through", expose: func(t *testing.T, _ *office, _ microsoft) string {
		closed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
		t.Cleanup(closed.Close)
		return "HTTPS_PROXY=" + closed.URL
	}, ill: "graph authority", says: []string{"the proxy 127.0.0.1:", "does not let graph.microsoft.com through (HTTP 403 Forbidden)\nhave it allow that host", "NO_PROXY"}},
	{name: "all that is wrong here, and no network", args: "--app half.env --app closed.env --app open.env --protect nowhere.txt --key mail --column mail", env: "AZURE_CLIENT_CERTIFICATE_PATH=./nowhere.pem", expose: func(t *testing.T, o *office, _ microsoft) string {
		for name, text := range map[string]string{"half.env": "AZURE_CLIENT_ID=c\n", "closed.env": "AZURE_TENANT_ID=" + ours.Tenant + "\nAZURE_CLIENT_ID=c\nAZURE_CLIENT_SECRET_FILE=./none\n", "open.env": ""} {
			must(t, os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o600))
		}
		must(t, os.Chmod(filepath.Join(o.dir, "open.env"), 0o604))
		return "HTTPS_PROXY=http://127.0.0.1:1"
	}, ill: "lists credential graph tenant", says: []string{"nowhere.txt", "AZURE_TENANT_ID, AZURE_CLIENT_ID are missing; read certificate: AZURE_CLIENT_CERTIFICATE_PATH: open ./nowhere.pem",
		"half.env: AZURE_TENANT_ID is missing; give one of AZURE_CLIENT_SECRET", "closed.env: AZURE_CLIENT_SECRET_FILE holds no path of a file that exists", "everybody on this machine can read /", "open.env, and it holds a secret: chmod o= ", "name the tenant with --tenant"}},
	{name: "no CLI, and no network", args: "--auth cli --tenant contoso.example", env: "PATH=/nowhere", expose: func(*testing.T, *office, microsoft) string { return "HTTPS_PROXY=http://127.0.0.1:1" },
		ill: "credential graph authority", says: []string{"the Azure CLI (az) is not installed"}},
	{name: "a secret that the group reads", args: "--max-privileged 0", cfg: graphsim.Config{Roles: least}, env: "AZURE_TENANT_ID=" + ours.Tenant + " AZURE_CLIENT_ID=" + ours.App + " AZURE_CLIENT_SECRET_FILE=./secret", expose: func(t *testing.T, o *office, _ microsoft) string {
		must(t, os.WriteFile(filepath.Join(o.dir, "secret"), []byte("hush\n"), 0o600))
		must(t, os.Chmod(filepath.Join(o.dir, "secret"), 0o640))
		return ""
	}, notes: []string{"the group of this user can read ./secret, where a secret is", "chmod g= ./secret"}},
	{name: "two apps, and each in its own trouble", args: "--app two.env --app three.env", cfg: graphsim.Config{Roles: least}, expose: func(t *testing.T, o *office, _ microsoft) string {
		for name, app := range map[string]string{"two": anotherApp, "three": thirdApp} {
			must(t, os.WriteFile(filepath.Join(o.dir, name+".env"), []byte("AZURE_TENANT_ID="+ours.Tenant+"\nAZURE_CLIENT_ID="+app+"\nAZURE_CLIENT_SECRET=hush\n"), 0o600))
		}
		return ""
	}, answer: func(w http.ResponseWriter, r *http.Request) bool {
		code := map[string]int{ours.App: 7000215, anotherApp: 7000222, thirdApp: 700016}[r.FormValue("client_id")]
		return code != 0 && entra(code, "x")(w, r)
	}, ill: "sign-in", says: []string{"AADSTS7000215", "two.env: sign-in failed: AADSTS7000222", "three.env: sign-in failed: AADSTS700016", "az ad app credential reset --id " + ours.App + " --append", "az ad app credential reset --id " + anotherApp + " --append", "/adminconsent?client_id=" + thirdApp}},
	{name: "two apps, and both lack a permission", args: "--app two.env", cfg: graphsim.Config{Roles: []string{"User.Read.All", "RoleManagement.Read.Directory"}}, expose: func(t *testing.T, o *office, _ microsoft) string {
		must(t, os.WriteFile(filepath.Join(o.dir, "two.env"), []byte("AZURE_TENANT_ID="+ours.Tenant+"\nAZURE_CLIENT_ID="+anotherApp+"\nAZURE_CLIENT_SECRET=hush\n"), 0o600))
		return ""
	}, ill: "permissions", says: []string{"az ad app permission admin-consent --id " + ours.App, "az ad app permission admin-consent --id " + anotherApp, "adminconsent?client_id=" + ours.App, "adminconsent?client_id=" + anotherApp}},
	{name: "no address of a proxy", expose: func(*testing.T, *office, microsoft) string { return "HTTPS_PROXY=http://ada:hush@proxy:port" }, ill: "proxy",
		says: []string{"the variable HTTPS_PROXY", "holds no address of a proxy"}},
	{name: "web page instead of Graph", answer: answers("graph.microsoft.com", 200, "text/html", "<html><head><title>Guest WiFi</title></head></html>"), ill: "graph",
		says: []string{`title "Guest WiFi"`, "open https://graph.microsoft.com in a browser"}},
	{name: "unknown CA", args: "--ca-file=", ill: "graph authority", says: []string{"Acme Proxy", "--ca-file FILE.pem", "openssl s_client -showcerts -proxy 127.0.0.1:", " -connect graph.microsoft.com:443 -servername graph.microsoft.com"}},
	{name: "certificate out of its time", ends: -time.Hour, ill: "graph authority", says: []string{"has expired", "timedatectl set-ntp true"}},
	{name: "no such name", args: "--graph-url https://graph.offboard.invalid --tenant " + ours.Tenant, env: "token", expose: func(*testing.T, *office, microsoft) string { return "HTTPS_PROXY=" }, ill: "graph",
		says: []string{"there is no host graph.offboard.invalid", "--graph-url", "nslookup graph.offboard.invalid"}},
	{name: "nobody listens", args: "--graph-url http://127.0.0.1:1 --tenant " + ours.Tenant, env: "token", ill: "graph", says: []string{"127.0.0.1 cannot be reached", "connection refused", "port 1"}},
	{name: "read-only journal", expose: func(t *testing.T, o *office, _ microsoft) string {
		makeJournal(t, o.dir)
		must(t, os.Chmod(filepath.Join(o.dir, "journal.db"), 0o400))
		return ""
	}, ill: "journal", says: []string{"cannot be written", "chmod u+rwX ", "--journal"}},
	{name: "damaged journal", expose: func(t *testing.T, o *office, _ microsoft) string {
		makeJournal(t, o.dir)
		f, err := os.OpenFile(filepath.Join(o.dir, "journal.db"), os.O_RDWR, 0)
		must(t, err)
		_, err = f.WriteAt(make([]byte, 4096), 4096*2)
		must(t, err)
		must(t, f.Close())
		return ""
	}, ill: "journal", says: []string{"journal is damaged", ".recover"}},
	{name: "no journal", expose: func(t *testing.T, o *office, _ microsoft) string {
		must(t, os.WriteFile(filepath.Join(o.dir, "journal.db"), []byte("upn\nkim@contoso.example\n"), 0o600))
		return ""
	}, ill: "journal", says: []string{"not a journal", "name another file with --journal"}},
	{name: "report directory not writable", args: "--report-dir in.csv/out", ill: "report", says: []string{"in.csv/out", "name another directory with --report-dir"}},
	{name: "a list that is not there", args: "--protect nowhere.txt", ill: "lists", says: []string{"nowhere.txt", "offboard help guards"}},
	{name: "rows that cannot be read", args: "bad.csv", expose: func(t *testing.T, o *office, _ microsoft) string {
		must(t, os.WriteFile(filepath.Join(o.dir, "bad.csv"), []byte("upn\nu0@contoso.example\nbob.contoso.example\n"), 0o600))
		return ""
	}, ill: "file", says: []string{"1 of 2 rows", "check bad.csv"}},
	{name: "people of another tenant", args: "others.csv", expose: func(t *testing.T, o *office, _ microsoft) string {
		must(t, os.WriteFile(filepath.Join(o.dir, "others.csv"), []byte("upn\nada@fabrikam.example\n"), 0o600))
		return ""
	}, ill: "batch", says: []string{"nobody is in this tenant", "the tenant belong together"}},
	{name: "no role for administrators", args: "--steps disable", ill: "roles", cfg: graphsim.Config{AppRoles: []string{}},
		says: []string{"no directory role itself", "of administrators, and of members of groups that may hold roles, it needs Privileged Authentication Administrator", `"roleDefinitionId":"7be44c8a-adaf-4e2a-84d6-ab2649e08a13"`, "--protect-privileged"}},
	{name: "a user without a role to read", env: "user", args: "--steps devices --tenant " + ours.Tenant, answer: answers("/users/$count", 403, "application/json", `{"error":{"code":"Authorization_RequestDenied","message":"x"}}`), ill: "permissions roles read",
		says: []string{"has User.Read.All, and a user needs a directory role besides", "Directory Readers"}},
	{name: "a read that Graph does not know", cfg: graphsim.Config{Roles: least}, answer: answers("/users/$count", 400, "application/json", `{"error":{"code":"BadRequest","message":"x"}}`), ill: "read",
		says: []string{"Graph refuses the read", "--graph-url"}},
	{name: "a token that says nothing, and no way to Graph", env: "OFFBOARD_ACCESS_TOKEN=opaque", args: "--tenant " + ours.Tenant, expose: func(*testing.T, *office, microsoft) string { return "HTTPS_PROXY=http://127.0.0.1:1" }, ill: "graph",
		says: []string{"connection refused"}},
	{name: "no role for passwords", args: "--steps password --protect-privileged", ill: "roles", cfg: graphsim.Config{AppRoles: []string{}},
		says: []string{"to replace passwords of anybody it needs User Administrator", `"roleDefinitionId":"fe930be7-5e62-47db-91af-98c3a49a38b1"`}},
	{name: "licence missing", args: "--steps licences", ill: "licences", cfg: graphsim.Config{NoLicences: true, Roles: withSKUs},
		says: []string{"none that anybody could have", "leave licences out of --steps"}},
	{name: "licences that have ended", args: "--steps licences", ill: "licences", cfg: graphsim.Config{Roles: withSKUs},
		answer: answers("/subscribedSkus", 200, "application/json", `{"value":[{"skuPartNumber":"SPE_E5","capabilityStatus":"Suspended","servicePlans":[]}]}`), says: []string{"(SPE_E5 is Suspended)", "Billing"}},
	{name: "licences", args: "--steps licences", cfg: graphsim.Config{Roles: withSKUs}, notes: []string{"the tenant has ENTERPRISEPACK, SPE_E5", "(Entra ID P2)"}},
	{name: "throttled at once", answer: func(w http.ResponseWriter, r *http.Request) bool {
		return r.Header.Get("Authorization") != "" && answers("graph.microsoft.com", 429, "application/json", `{"error":{"code":"TooManyRequests","message":"Please retry again later."}}`)(w, r)
	}, ill: "quota", says: []string{"throttles this sign-in at once", "wait 30 s", "--quota-share"}},
	{name: "Graph in trouble", answer: func(w http.ResponseWriter, r *http.Request) bool {
		return r.Header.Get("Authorization") != "" && answers("graph.microsoft.com", 503, "application/json", `{"error":{"code":"serviceNotAvailable","message":"x"}}`)(w, r)
	}, ill: "roles read batch", says: []string{"Graph is in trouble", "https://status.cloud.microsoft"}},
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func makeJournal(t *testing.T, dir string) {
	t.Helper()
	store, err := journal.Open(t.Context(), filepath.Join(dir, "journal.db"))
	must(t, err)
	must(t, store.Close())
}

// The doctor names each trouble with what mends it, and no other; it exits with 5, tells no secret, and
// leaves no file and no write behind.
func TestDoctorsTroubles(t *testing.T) {
	for _, p := range patients {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.cfg.NoQuota = true
			o := newOffice(t, 3, p.cfg)
			m := newMicrosoft(t, o.dir, time.Now().Add(cmp.Or(p.ends, time.Hour)), "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if p.answer == nil || !p.answer(w, r) {
					o.tenant.ServeHTTP(w, r)
				}
			}))
			o.env = []string{"HTTPS_PROXY=http://" + m.proxy, "NO_PROXY="}
			switch p.env {
			case "-":
			case "":
				o.env = append(o.env, "AZURE_TENANT_ID="+ours.Tenant, "AZURE_CLIENT_ID="+ours.App, "AZURE_CLIENT_SECRET=hush")
			case "token", "user", "administrator":
				o.env = append(o.env, "OFFBOARD_ACCESS_TOKEN="+o.token(map[string]string{"token": "app", "user": "user of the app"}[p.env]))
			default:
				o.env = append(o.env, strings.Fields(p.env)...)
			}
			if p.az != "" {
				path, _ := fakeAz(t, o.token(p.az))
				o.env = append(o.env, path)
			}
			args := append([]string{"doctor", "-o", "json"}, strings.Fields(p.args)...)
			if !strings.Contains(p.args, ".csv ") && !strings.HasSuffix(p.args, ".csv") {
				args = append(args, "in.csv")
			}
			if !strings.Contains(p.args, "--column") {
				args = append(args, "--column=upn")
			}
			args = append(args, "--max-percent=0") // the file has the whole tenant
			if args = slices.DeleteFunc(args, func(a string) bool { return a == "--ca-file=" }); !strings.Contains(p.args, "--ca-file") {
				args = append(args, "--ca-file="+m.ca)
			}
			if p.expose != nil {
				o.env = append(o.env, strings.Fields(p.expose(t, o, m))...)
			}
			before := filesIn(t, o.dir)
			code, out := o.offboard(args...)
			var said struct {
				Findings []job.Diagnosis
				Exit     int
			}
			if err := json.NewDecoder(strings.NewReader(out[max(0, strings.Index(out, "{")):])).Decode(&said); err != nil {
				t.Fatalf("exit code %d, %v\n%s", code, err, out)
			}
			var ill []string
			words := ""
			for _, f := range said.Findings {
				if f.State == job.Trouble {
					ill = append(ill, f.Name)
					words += f.Seen + "\n" + f.Remedy + "\n" + strings.Join(f.Commands, "\n") + "\n"
					if f.Remedy == "" || strings.Contains(f.Seen, "AADSTS") && strings.Contains(f.Remedy, "mend the sign-in") {
						t.Errorf("%s: %s: its remedy is %q", f.Name, f.Seen, f.Remedy)
					}
				}
			}
			want := 5
			if p.ill == "" {
				want = 0
			}
			if got := strings.Join(ill, " "); got != p.ill || code != want || said.Exit != want {
				t.Errorf("exit code %d, and in trouble are %q, want %q\n%s", code, got, p.ill, out)
			}
			for _, w := range p.says {
				if !strings.Contains(words, w) {
					t.Errorf("%q is not told\n%s", w, words)
				}
			}
			for _, w := range p.notes {
				if !strings.Contains(out, w) {
					t.Errorf("%q is not told\n%s", w, out)
				}
			}
			if slices.ContainsFunc([]string{"hush", "sesame", base64.RawURLEncoding.EncodeToString([]byte("graphsim"))}, func(secret string) bool { return strings.Contains(out, secret) }) {
				t.Errorf("a secret is told\n%s", out)
			}
			if after := filesIn(t, o.dir); !slices.Equal(before, after) || o.tenant.Stats().Writes > 0 {
				t.Errorf("it left %v of %v, and made %d writes", after, before, o.tenant.Stats().Writes)
			}
		})
	}
}

// A host that takes the call and never answers is given up after seconds, and a signal ends the
// doctor.
func TestDoctorDoesNotWait(t *testing.T) {
	for _, signal := range []bool{false, true} {
		d := newBooth(t, 1, graphsim.Config{NoQuota: true})
		d.environ = signedIn()
		synctest.Test(t, func(t *testing.T) {
			d.t, d.stop = t, make(chan struct{})
			d.network = tripped(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			})
			if signal {
				time.AfterFunc(5*time.Second, func() { close(d.stop) })
			}
			began := time.Now()
			code, out := d.offboard("doctor", "DIR/in.csv", "--column=upn")
			took := time.Since(began)
			if want := map[bool]exitCode{false: exitSignIn, true: exitStopped}[signal]; code != want || took > 25*time.Second || !signal && !strings.Contains(out, "graph.microsoft.com cannot be reached: no answer within 10s") {
				t.Errorf("exit code %d after %v\n%s", code, took, out)
			}
		})
	}
}

// token is one that the tenant has issued: of an app, or of a user.
func (o *office) token(of string) string {
	o.t.Helper()
	form := strings.NewReader("grant_type=client_credentials&client_id=" + ours.App + "&client_secret=hush&scope=https://graph.microsoft.com/.default")
	if strings.HasPrefix(of, "user") {
		o.tenant.SignInAs(graphsim.Caller{App: map[string]string{"user": "04b07795-8ddb-461a-bbee-02f9e1bf7b46"}[of], User: graphsim.IDFor("u0@contoso.example")})
		o.tenant.Grant("User.Read.All", "RoleManagement.Read.Directory", "openid")
	}
	if of == "" { // who may not read that a group gives the role
		const group = "99999999-0000-4000-8000-000000000009"
		must(o.t, o.tenant.AddGroup(graphsim.Group{ID: group, Members: []string{"u0@contoso.example"}}))
		must(o.t, o.tenant.Assign(graphsim.PrivilegedAuthAdministrator, group))
		o.tenant.SignInAs(graphsim.Caller{User: graphsim.IDFor("u0@contoso.example")})
		o.tenant.Grant("User.Read.All", "User.RevokeSessions.All")
	}
	r, err := http.NewRequest(http.MethodPost, o.url+"/"+ours.Tenant+"/oauth2/v2.0/token", form)
	must(o.t, err)
	resp, err := http.DefaultClient.Do(r)
	must(o.t, err)
	defer resp.Body.Close()
	var given struct {
		Token string `json:"access_token"`
	}
	must(o.t, json.NewDecoder(resp.Body).Decode(&given))
	return given.Token
}

func filesIn(t *testing.T, dir string) (all []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	}))
	return all
}
