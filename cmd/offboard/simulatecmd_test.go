package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// With -o json a simulated tenant says where it is as one document, which programs read
// while it serves.
func TestSimulateTellsWhereItIsAsJSON(t *testing.T) {
	stop := make(chan struct{})
	close(stop)
	var out, errs bytes.Buffer
	code := execute(t.Context(), world{
		args: []string{"simulate", "--listen=127.0.0.1:0", "-o", "json"}, stdin: strings.NewReader(""), stdout: &out, stderr: &errs,
		getenv: os.Getenv, environ: os.Environ, stop: stop,
	})
	var where map[string]string
	err := json.Unmarshal(out.Bytes(), &where)
	if code != exitDone || err != nil || !strings.HasPrefix(where["graph_url"], "http://127.0.0.1:") || where["access_token"] == "" {
		t.Errorf("exit code %d, error %v, %s%s", code, err, out.String(), errs.String())
	}
}
