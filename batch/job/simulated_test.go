package job

import (
	"net/http"
	"os"
	"strings"
	"testing"
)

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
		err := Simulate(t.Context(), host, SimulateOptions{Listen: "127.0.0.1:0", Log: log}, func(addr, token string) {
			defer close(stop)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+"/v1.0/users/ada@contoso.example/revokeSignInSessions", http.NoBody)
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Authorization", "Bearer "+token)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusNotFound {
				t.Errorf("got HTTP %d", resp.StatusCode)
			}
		})
		if (err != nil) != (want != "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", log, err, want)
		}
	}
}
