package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// A simulated tenant says where it is before it serves: to people with the command of a
// run, which takes the same --key, and with -o json as one document.
func TestSimulateTellsWhereItIs(t *testing.T) {
	stop := make(chan struct{})
	close(stop)
	tell := func(args ...string) []byte {
		t.Helper()
		var out, errs bytes.Buffer
		code := execute(t.Context(), world{
			args: append([]string{"simulate", "--listen=127.0.0.1:0"}, args...), stdin: strings.NewReader(""), stdout: &out, stderr: &errs,
			getenv: os.Getenv, environ: os.Environ, stop: stop,
		})
		if code != exitDone {
			t.Errorf("exit code %d\n%s", code, errs.String())
		}
		return out.Bytes()
	}
	var where map[string]string
	doc := tell("-o", "json")
	if err := json.Unmarshal(doc, &where); err != nil || !strings.HasPrefix(where["graph_url"], "http://127.0.0.1:") || where["access_token"] == "" {
		t.Errorf("error %v, %s", err, doc)
	}
	if text := tell("--key", "mail"); !bytes.Contains(text, []byte("/v1.0 --key mail")) {
		t.Errorf("a run would not take the key: %s", text)
	}
}
