package job

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"offboard/batch/intake"
)

// A file whose column must be told of is served with --key, as a run reads it.
func TestSimulateTakesTheKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mail.csv")
	if err := os.WriteFile(file, []byte("mail\nada@contoso.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	served := errors.New("served")
	for key, want := range map[string]error{"mail": served, "auto": intake.ErrInput} {
		err := Simulate(t.Context(), alone(), &SimulateOptions{Listen: "127.0.0.1:0", File: file, Key: key}, func(addr, token string) error { return served })
		if !errors.Is(err, want) {
			t.Errorf("--key %s: error %v, want %v", key, err, want)
		}
	}
}

// A log that cannot be written makes simulate fail: a test that compares with it must not
// take a part of it for the whole.
func TestSimulateLogThatCannotBeWritten(t *testing.T) {
	const full = "/dev/full" // every write to it fails
	if _, err := os.Stat(full); err != nil {
		t.Skip(err)
	}
	for log, want := range map[string]string{full: "write log: ", t.TempDir() + "/log": ""} {
		stop := make(chan struct{})
		host := alone()
		host.Stop = stop
		err := Simulate(t.Context(), host, &SimulateOptions{Listen: "127.0.0.1:0", Log: log}, func(addr, token string) (err error) {
			defer close(stop)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+"/v1.0/users/ada@contoso.example/revokeSignInSessions", http.NoBody)
			if err != nil {
				return err
			}
			req.Header.Set("Authorization", "Bearer "+token)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusNotFound {
				t.Errorf("got HTTP %d", resp.StatusCode)
			}
			return nil
		})
		if (err != nil) != (want != "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", log, err, want)
		}
	}
}
