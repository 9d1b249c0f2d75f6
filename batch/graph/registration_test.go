package graph

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseRegistration(t *testing.T) {
	dir := t.TempDir()
	pem := filepath.Join(dir, "a.pem") // where the file is, whatever the working directory
	if err := os.WriteFile(pem, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const ids = "AZURE_TENANT_ID=t.example\nAZURE_CLIENT_ID = c\n"
	for _, c := range []struct {
		name, file string
		want       Registration
		err        string
	}{
		{"secret", "# ours\n\n" + ids + "AZURE_CLIENT_SECRET=\"s=3\"\n", Registration{Tenant: "t.example", Client: "c", Secret: Secret{envSecret, "", "s=3"}}, ""},
		{"secret of a command", ids + "AZURE_CLIENT_SECRET_COMMAND=pass show x", Registration{Tenant: "t.example", Client: "c", Secret: Secret{envSecret + asCommand, asCommand, "pass show x"}}, ""},
		{"certificate", ids + "AZURE_CLIENT_CERTIFICATE_PATH=a.pem\nAZURE_CLIENT_CERTIFICATE_PASSWORD=p", Registration{Tenant: "t.example", Client: "c", Certificate: Secret{envCertificate, asFile, pem}, Password: Secret{envPassword, "", "p"}}, ""},
		{"no such certificate", ids + "AZURE_CLIENT_CERTIFICATE_PATH=hush", Registration{Tenant: "t.example", Client: "c", Certificate: Secret{envCertificate, asFile, filepath.Join(dir, "hush") + "\x00"}}, ""},
		{"both", ids + "AZURE_CLIENT_SECRET=hush\nAZURE_CLIENT_CERTIFICATE_PATH=a.pem", Registration{}, "give one of"},
		{"secret twice", ids + "AZURE_CLIENT_SECRET=hush\nAZURE_CLIENT_SECRET_FILE=hush", Registration{}, "are both set"},
		{"a name twice", ids + "AZURE_CLIENT_SECRET=hush\n\nAZURE_CLIENT_SECRET=hush2", Registration{}, "lines 3 and 5 both give AZURE_CLIENT_SECRET"},
		{"neither", ids, Registration{}, "give one of"},
		{"nothing", "", Registration{}, "AZURE_TENANT_ID, AZURE_CLIENT_ID are missing; give one of"},
		{"no tenant", "AZURE_CLIENT_ID=c\nAZURE_CLIENT_SECRET=hush", Registration{}, "AZURE_TENANT_ID is missing"},
		{"no client", "AZURE_TENANT_ID=c.example\nAZURE_CLIENT_SECRET=hush", Registration{}, "AZURE_CLIENT_ID is missing"},
		{"unknown name", ids + "CLIENT_SECRET=hush", Registration{}, "line 3 is no NAME=VALUE"},
		{"no name", ids + "hush", Registration{}, "line 3 is no NAME=VALUE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseRegistration(strings.NewReader(c.file), dir)
			if c.err == "" && (err != nil || got != c.want) {
				t.Errorf("got %#v, error %v", got, err)
			}
			if told := got.Check(); c.name == "no such certificate" && (told == nil || strings.Contains(told.Error(), "hush")) {
				t.Errorf("what stands in the place of a path is shown: %v", told)
			}
			if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "hush")) {
				t.Errorf("got error %v, want %q and no value", err, c.err)
			}
		})
	}
}
