package graph

import (
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

// privately goes where nobody else can read testdata, as keys must be; git keeps no such mode. Everybody
// can read open.pem and open.pfx.
func privately(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join("testdata", f.Name()))
		for name, mode := range map[string]os.FileMode{f.Name(): 0o600, map[string]string{"pair.pem": "open.pem", "openssl3.pfx": "open.pfx"}[f.Name()]: 0o644} {
			if name != "" && err == nil {
				err = errors.Join(os.MkdirAll(filepath.Join(dir, "testdata"), 0o700), os.WriteFile(filepath.Join(dir, "testdata", name), text, mode))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
}

// withAz puts an az on PATH, which gives no token.
func withAz(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// What the environment names is used, or is an error that names what is missing.
// Nothing falls through to another way.
func TestChoose(t *testing.T) {
	privately(t)
	withAz(t)
	const ids = "AZURE_TENANT_ID=contoso.example AZURE_CLIENT_ID=c "
	notPFX := filepath.Join(t.TempDir(), "a.pfx")
	if err := os.WriteFile(notPFX, []byte("\x30\x82nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	hidden := filepath.Join(t.TempDir(), "hidden")
	if err := os.WriteFile(hidden, []byte("hush\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, env string
		way       Way
		want      Way    // "" for an error
		says      string // of the error or the choice
	}{
		{"nothing, at a terminal", "TERMINAL=1", Auto, ByCLI, "since nothing else is set (it may be that of another customer)"},
		{"nothing", "", Auto, "", "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"},
		{"other tools' variables", "AZURE_CONFIG_DIR=/x AZURE_SUBSCRIPTION_ID=1 AZURE_LOCATION=x TERMINAL=1", Auto, ByCLI, ""},
		{"a token", "OFFBOARD_ACCESS_TOKEN=T", Auto, ByToken, "the token in OFFBOARD_ACCESS_TOKEN, which is set"},
		{"a token in a file", "OFFBOARD_ACCESS_TOKEN_FILE=" + hidden, Auto, ByToken, "OFFBOARD_ACCESS_TOKEN_FILE"},
		{"a secret", ids + "AZURE_CLIENT_SECRET=hush", Auto, BySecret, "the secret of AZURE_CLIENT_SECRET, which is set"},
		{"a secret in a file", ids + "AZURE_CLIENT_SECRET_FILE=" + hidden, Auto, BySecret, "AZURE_CLIENT_SECRET_FILE"},
		{"a secret in a file that everybody reads", ids + "AZURE_CLIENT_SECRET_FILE=testdata/open.pem", Auto, "", "everybody on this machine can read testdata/open.pem, and it holds a secret: chmod o= 'testdata/open.pem'"},
		{"a secret in a file that is not there", ids + "AZURE_CLIENT_SECRET_FILE=nowhere", Auto, "", "AZURE_CLIENT_SECRET_FILE holds no path of a file"},
		{"a secret of a command", ids + "AZURE_CLIENT_SECRET_COMMAND=false", Auto, BySecret, "AZURE_CLIENT_SECRET_COMMAND"},
		{"a secret twice", ids + "AZURE_CLIENT_SECRET=hush AZURE_CLIENT_SECRET_COMMAND=hush", Auto, "", "AZURE_CLIENT_SECRET and AZURE_CLIENT_SECRET_COMMAND are both set"},
		{"a token twice", "OFFBOARD_ACCESS_TOKEN=hush OFFBOARD_ACCESS_TOKEN_FILE=hush", Auto, "", "OFFBOARD_ACCESS_TOKEN and OFFBOARD_ACCESS_TOKEN_FILE are both set"},
		{"a certificate", ids + "AZURE_CLIENT_CERTIFICATE_PATH=testdata/pair.pem", Auto, ByCertificate, "the certificate of AZURE_CLIENT_CERTIFICATE_PATH, which is set"},
		{"a certificate of a command", ids + "AZURE_CLIENT_CERTIFICATE_COMMAND=false", Auto, ByCertificate, "AZURE_CLIENT_CERTIFICATE_COMMAND"},
		{"a certificate named beside a secret", ids + "AZURE_CLIENT_SECRET=hush AZURE_CLIENT_CERTIFICATE_PATH=testdata/pair.pem", ByCertificate, ByCertificate, "as --auth says"},
		{"a federated token", ids + "AZURE_FEDERATED_TOKEN_FILE=testdata/federated", Auto, ByWorkload, ""},
		{"App Service", "IDENTITY_ENDPOINT=http://x IDENTITY_HEADER=x AZURE_TENANT_ID=t", Auto, ManagedIdentity, "since IDENTITY_ENDPOINT is set"},
		{"a person", ids + "TERMINAL=1", ByDeviceCode, ByDeviceCode, "device code, as --auth says"},
		{"a person in a browser", ids + "TERMINAL=1", ByBrowser, ByBrowser, "browser"},
		{"a person without a terminal", ids, ByDeviceCode, "", "there is no terminal; without one an app signs in: set AZURE_TENANT_ID"},
		{"a person of no app", "AZURE_TENANT_ID=contoso.example TERMINAL=1", ByBrowser, "", "--auth browser: AZURE_CLIENT_ID is missing"},
		{"a person of no tenant", "AZURE_CLIENT_ID=c TERMINAL=1", ByDeviceCode, "", "--auth device-code: AZURE_TENANT_ID is missing"},
		{"no tenant's name", "AZURE_TENANT_ID=../c AZURE_CLIENT_ID=c AZURE_CLIENT_SECRET=hush", Auto, "", `"../c" is no tenant's id`},
		{"the CLI named", ids, ByCLI, ByCLI, ""},
		{"a managed identity named", "AZURE_CLIENT_ID=c", ManagedIdentity, ManagedIdentity, "AZURE_CLIENT_ID"},
		{"the SDK's own variable", "AZURE_TOKEN_CREDENTIALS=AzureCLICredential", Auto, ByCLI, ""},

		{"ids alone", ids, Auto, "", "AZURE_CLIENT_SECRET"},
		{"a tenant alone", "AZURE_TENANT_ID=t", Auto, "", "--auth cli"},
		{"an app alone", "AZURE_CLIENT_ID=c", Auto, "", "--auth managed-identity"},
		{"a secret alone", "AZURE_CLIENT_SECRET=hush", Auto, "", "AZURE_TENANT_ID, AZURE_CLIENT_ID are missing"},
		{"a certificate alone, that is not there", "AZURE_CLIENT_CERTIFICATE_PATH=testdata/pear.pem", Auto, "", "AZURE_TENANT_ID, AZURE_CLIENT_ID are missing; read certificate: AZURE_CLIENT_CERTIFICATE_PATH: open testdata/pear.pem"},
		{"a secret's file alone, that is not there", "AZURE_CLIENT_ID=c AZURE_CLIENT_SECRET_FILE=testdata/pear", Auto, "", "AZURE_TENANT_ID is missing; AZURE_CLIENT_SECRET_FILE: open testdata/pear"},
		{"a workload alone, without its file", "AZURE_FEDERATED_TOKEN_FILE=testdata/none", Auto, "", "AZURE_TENANT_ID, AZURE_CLIENT_ID are missing; AZURE_FEDERATED_TOKEN_FILE: open testdata/none"},
		{"a secret of a command alone, which is not run", "AZURE_CLIENT_SECRET_COMMAND=false", Auto, "", "AZURE_TENANT_ID, AZURE_CLIENT_ID are missing"},
		{"a certificate named, and nothing set", "", ByCertificate, "", "AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_CERTIFICATE_PATH are missing"},
		{"a workload named, and nothing set", "", ByWorkload, "", "AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE are missing"},
		{"a person, and nothing set", "TERMINAL=1", ByDeviceCode, "", "--auth device-code: AZURE_TENANT_ID, AZURE_CLIENT_ID are missing"},
		{"a bad tenant and no app", "AZURE_TENANT_ID=../c AZURE_CLIENT_SECRET=hush", Auto, "", "and no domain; AZURE_CLIENT_ID is missing"},
		{"a key that everybody can read", ids + "AZURE_CLIENT_CERTIFICATE_PATH=testdata/open.pem", Auto, "", "everybody on this machine can read testdata/open.pem, and it holds a secret: chmod o= 'testdata/open.pem'"},
		{"a PFX that everybody can read", ids + "AZURE_CLIENT_CERTIFICATE_PASSWORD=pw AZURE_CLIENT_CERTIFICATE_PATH=testdata/open.pfx", Auto, "", "everybody on this machine can read testdata/open.pfx"},
		{"nothing at a terminal without az", "TERMINAL=1 PATH=", Auto, "", "the Azure CLI (az) is not installed, or not on PATH"},
		{"the CLI named without az", "PATH=", ByCLI, "", "the Azure CLI (az) is not installed, or not on PATH"},
		{"no app", "AZURE_TENANT_ID=t.example AZURE_CLIENT_SECRET=hush", Auto, "", "AZURE_CLIENT_ID is missing"},
		{"a path mistyped", ids + "AZURE_CLIENT_CERTIFICATE_PATH=testdata/pear.pem", Auto, "", "pear.pem"},
		{"an unreadable PFX", ids + "AZURE_CLIENT_CERTIFICATE_PATH=" + notPFX, Auto, "", "neither PEM nor a PFX"},
		{"a password missing", ids + "AZURE_CLIENT_CERTIFICATE_PATH=testdata/openssl3.pfx", Auto, "", "AZURE_CLIENT_CERTIFICATE_PASSWORD"},
		{"a wrong password", ids + "AZURE_CLIENT_CERTIFICATE_PASSWORD=hush AZURE_CLIENT_CERTIFICATE_PATH=testdata/openssl3.pfx", Auto, "", "does not open it"},
		{"a misspelt secret", ids + "AZURE_CLIENT_SECRT=hush", Auto, "", "AZURE_CLIENT_SECRT is set, and looks like a misspelt AZURE_CLIENT_SECRET"},
		{"a misspelt tenant", "AZURE_TENNANT_ID=t AZURE_CLIENT_ID=c AZURE_CLIENT_SECRET=hush", Auto, "", "misspelt AZURE_TENANT_ID"},
		{"a misspelt tenant and the CLI", "AZURE_TENANTID=t", ByCLI, "", "misspelt AZURE_TENANT_ID"},
		{"letters swapped", "AZURE_TENANT_ID=t AZURE_CLEINT_ID=c AZURE_CLIENT_SECRET=hush", Auto, "", "misspelt AZURE_CLIENT_ID"},
		{"another prefix", "AZRE_CLIENT_ID=c", Auto, "", "misspelt AZURE_CLIENT_ID"},
		{"small letters", "azure_client_id=c", Auto, "", "misspelt AZURE_CLIENT_ID"},
		{"another name", "AZURE_CLIENT_CERT=x", Auto, "", "does not read AZURE_CLIENT_CERT"},
		{"another name beside ids", ids + "AZURE_CERTIFICATE_FILE=x", Auto, "", "does not read AZURE_CERTIFICATE_FILE"},
		{"two ways", ids + "AZURE_CLIENT_SECRET=hush AZURE_FEDERATED_TOKEN_FILE=testdata/pair.pem", Auto, "", "--auth secret or --auth workload"},
		{"two credentials", ids + "AZURE_CLIENT_SECRET=hush AZURE_CLIENT_CERTIFICATE_PATH=testdata/pair.pem", Auto, "", "are both set"},
		{"no such federated token", ids + "AZURE_FEDERATED_TOKEN_FILE=testdata/none", Auto, "", "testdata/none"},
		{"a password of a user", ids + "AZURE_USERNAME=ada AZURE_PASSWORD=hush", Auto, "", "AZURE_USERNAME"},
		{"secret named, and not set", "", BySecret, "", "AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET are missing"},
		{"token named, and not set", "", ByToken, "", "OFFBOARD_ACCESS_TOKEN"},
		{"an empty token", "OFFBOARD_ACCESS_TOKEN=", Auto, "", "OFFBOARD_ACCESS_TOKEN is set and empty"},
		{"an empty token beside a secret", "OFFBOARD_ACCESS_TOKEN= " + ids + "AZURE_CLIENT_SECRET=hush", Auto, "", "OFFBOARD_ACCESS_TOKEN is set and empty"},
		{"an empty token beside what is named", "OFFBOARD_ACCESS_TOKEN= " + ids + "AZURE_CLIENT_SECRET=hush", BySecret, BySecret, ""},
		{"an empty app", "AZURE_CLIENT_ID=", Auto, "", "AZURE_CLIENT_ID is set and empty"},
		{"an empty tenant", "AZURE_TENANT_ID=", Auto, "", "AZURE_TENANT_ID is set and empty"},
		{"an empty secret", "AZURE_CLIENT_SECRET=", Auto, "", "AZURE_CLIENT_SECRET is set and empty"},
		{"an empty app of a managed identity", "IDENTITY_ENDPOINT=http://x IDENTITY_HEADER=x AZURE_CLIENT_ID=", Auto, "", "AZURE_CLIENT_ID is set and empty"},
		{"an empty app of a managed identity named", "AZURE_CLIENT_ID=", ManagedIdentity, "", "AZURE_CLIENT_ID is set and empty"},
		{"an empty secret beside a certificate", ids + "AZURE_CLIENT_SECRET= AZURE_CLIENT_CERTIFICATE_PATH=testdata/pair.pem", Auto, ByCertificate, ""},
		{"an empty app and the CLI", "AZURE_CLIENT_ID=", ByCLI, ByCLI, ""},
		{"a choice of several", "AZURE_TOKEN_CREDENTIALS=prod", Auto, "", "--auth"},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := ParseEnvironment(strings.Fields(c.env))
			if path, set := env["PATH"]; set {
				t.Setenv("PATH", path)
			}
			a, err := env.Authority(Global)
			if err != nil {
				t.Fatal(err)
			}
			at := Place{Authority: a}
			if env["TERMINAL"] != "" {
				at.Tell = func(string) {}
			}
			got, err := env.Choose(c.way, at)
			if c.want != "" && (err != nil || got.Way != c.want || !strings.Contains(got.Words, c.says)) {
				t.Errorf("got %+v, error %v", got, err)
			}
			if c.want == "" && (!errors.Is(err, batch.ErrSignIn) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hush")) {
				t.Errorf("got error %v, want %q and no value", err, c.says)
			}
		})
	}
}

// Certificates as openssl writes them today, with AES and a SHA-256 MAC, and as
// it wrote them.
func TestReadCertificate(t *testing.T) {
	privately(t)
	for file, password := range map[string]string{
		"pair.pem": "", "openssl3.pfx": "pw", "nopassword.pfx": "", "legacy.pfx": "pw",
	} {
		certs, key, err := readCertificate(t.Context(), Secret{how: asFile, said: filepath.Join("testdata", file)}, Plain(password))
		if err != nil || len(certs) != 1 || key == nil || certs[0].Subject.CommonName != "offboard test" {
			t.Errorf("%s: %d certificates, error %v", file, len(certs), err)
		}
	}
	if _, _, err := readCertificate(t.Context(), Secret{how: asFile, said: "testdata/encrypted.pem"}, Plain("pw")); err == nil || !strings.Contains(err.Error(), "openssl pkcs12 -export") {
		t.Errorf("an encrypted key: %v", err)
	}
}

// The same with the openssl of this machine, a chain included.
func TestReadCertificateOfOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("no openssl here")
	}
	dir := t.TempDir()
	for _, args := range []string{
		"req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 9 -subj /CN=root",
		"req -newkey rsa:2048 -nodes -keyout key.pem -out req.pem -subj /CN=leaf",
		"x509 -req -in req.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 9",
		"pkcs12 -export -in cert.pem -inkey key.pem -certfile ca.pem -out a.pfx -passout pass:pw",
	} {
		cmd := exec.Command("openssl", strings.Fields(args)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v\n%s", args, err, out)
		}
	}
	pfx := Secret{how: asFile, said: filepath.Join(dir, "a.pfx")}
	certs, _, err := readCertificate(t.Context(), pfx, Plain("pw"))
	if err != nil || len(certs) != 2 || certs[0].Subject.CommonName != "leaf" {
		t.Fatalf("%d certificates, error %v", len(certs), err)
	}
	reg := Registration{Tenant: "contoso.example", Client: "c", Certificate: pfx, Password: Plain("pw")}
	if _, err := reg.At(Authority{URL: "https://login.example"})(); err != nil {
		t.Error(err)
	}
}

// A certificate whose time is over is not offered.
func TestExpiredCertificate(t *testing.T) {
	privately(t)
	for _, file := range []string{"pair.pem", "openssl3.pfx"} {
		certs, key, err := readCertificate(t.Context(), Secret{how: asFile, said: "testdata/" + file}, Plain("pw"))
		if err != nil {
			t.Fatal(err)
		}
		last := certs[0].NotAfter
		if err := expired("a.pem", certs, key, last); err != nil {
			t.Errorf("%s in its last second: %v", file, err)
		}
		if err := expired("a.pem", certs, key, last.Add(time.Second)); err == nil || !strings.Contains(err.Error(), "the certificate a.pem expired at "+last.UTC().Format(time.RFC3339)) {
			t.Errorf("%s after it: %v", file, err)
		}
	}
}

// A token that says itself that Graph would refuse it is not sent.
func TestTokenCheck(t *testing.T) {
	const global, china = "https://graph.microsoft.com", "https://microsoftgraph.chinacloudapi.cn"
	now := time.Unix(1_800_000_000, 0)
	for _, c := range []struct{ claims, root, says string }{
		{`{}`, global, ""},
		{`{"exp":1800000001,"aud":"https://graph.microsoft.com"}`, global, ""},
		{`{"exp":1800000000,"aud":"https://graph.microsoft.com"}`, global, "OFFBOARD_ACCESS_TOKEN expired at 2027-01-15T08:00:00Z"},
		{`{"exp":1799999999}`, "http://127.0.0.1:80", "expired at 2027-01-15T07:59:59Z"},
		{`{"aud":"https://graph.microsoft.com/"}`, global, ""},
		{`{"aud":"00000003-0000-0000-C000-000000000000"}`, china, ""},
		{`{"aud":"https://microsoftgraph.chinacloudapi.cn"}`, china, ""},
		{`{"aud":"https://management.azure.com"}`, global, "is for https://management.azure.com, not for Microsoft Graph"},
		{`{"aud":"https://graph.microsoft.com.evil.example"}`, global, "not for Microsoft Graph"},
		{`{"aud":""}`, global, "not for Microsoft Graph"},
		{`{"aud":"https://management.azure.com"}`, "http://127.0.0.1:80", ""},
		{`{"aud":"https://management.azure.com"}`, "https://gateway.example", ""},
		{`{"aud":"https://microsoftgraph.chinacloudapi.cn"}`, global, "is for https://microsoftgraph.chinacloudapi.cn (China, operated by 21Vianet), and this run is at https://graph.microsoft.com (Microsoft's global cloud); sign in to the cloud of this run, or name that of the sign-in: --cloud china"},
		{`{"aud":"https://graph.microsoft.us"}`, "https://dod-graph.microsoft.us", "--cloud usgov"},
		{`{"aud":"https://graph.microsoft.us"}`, "http://127.0.0.1:80", "--cloud usgov"},
		{`{"aud":"` + GraphApp + `","iss":"https://login.partner.microsoftonline.cn/t/v2.0"}`, global, "was issued by login.partner.microsoftonline.cn (China"},
		{`{"aud":"` + GraphApp + `","iss":"https://login.microsoftonline.us/t/v2.0"}`, global, "--cloud usgov or --cloud dod"},
		{`{"aud":"` + GraphApp + `","iss":"https://login.microsoftonline.us/t/v2.0"}`, "https://dod-graph.microsoft.us", ""},
		{`{"aud":"` + GraphApp + `","iss":"https://sts.windows.net/t/"}`, "https://graph.microsoft.us", ""},
		{`{"aud":"` + GraphApp + `","iss":"https://sts.windows.net/t/"}`, china, "was issued by sts.windows.net"},
		{`{"aud":"` + GraphApp + `","iss":"https://issuer.example/"}`, china, ""},
		{`{"aud":["a"]}`, global, ""},
		{`{"exp":"soon"}`, global, ""},
		{`opaque`, global, ""},
	} {
		token := "h." + base64.RawURLEncoding.EncodeToString([]byte(c.claims)) + ".s"
		choice, err := ParseEnvironment([]string{envAccessToken + "=" + token}).Choose(Auto, Place{})
		if err != nil {
			t.Fatal(err)
		}
		at, err := ServiceOf("", c.root)
		if err != nil {
			t.Fatal(err)
		}
		err = choice.Check(at, now)
		if c.says == "" && err != nil || c.says != "" && (!errors.Is(err, batch.ErrSignIn) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s at %s: error %v, want %q", c.claims, c.root, err, c.says)
		}
	}
}
