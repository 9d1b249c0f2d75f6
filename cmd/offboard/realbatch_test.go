package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// odataUser is a user as the OData service tells one.
type odataUser struct {
	UPN     string    `json:"userPrincipalName"`
	Enabled bool      `json:"accountEnabled"`
	Stamp   time.Time `json:"signInSessionsValidFromDateTime"`
}

// An OData service that nobody here wrote reads the batches, finds the users in them, calls the
// action and changes the property; and what it answers is understood. What the report says of
// each user is held against what the service says of it afterwards.
func TestRealBatch(t *testing.T) {
	t.Parallel()
	r := newReal(t)
	people := []string{"busy.bob@contoso.example", "denied.dan@contoso.example", "o'hara@contoso.example", "zoë@contoso.example", "a+b&c=d@contoso.example"}
	for i := range 40 {
		people = append(people, fmt.Sprintf("u%d@contoso.example", i))
	}
	service := r.start("odata.mjs", map[string]any{"users": append(people[:len(people):len(people)], "bystander@contoso.example")})
	plain := fmt.Sprintf("http://127.0.0.1:%d", service.Port)
	dir := t.TempDir()
	file := "upn\n" + strings.Join(append(people, "nobody@contoso.example"), "\n") + "\n"
	r.write(filepath.Join(dir, "in.csv"), []byte(file))
	o := r.gated(&office{t: t, dir: dir, url: plain}, r.authority(0, 3600))

	before := time.Now().Truncate(time.Millisecond)
	code, out := outcome(t, o.run(bySecret, "--steps=disable,revoke", "--outage=20s"))
	if code != 3 || o.gate.said("refused") > 0 {
		t.Errorf("exit code %d, and the gate: %q\n%s", code, o.gate.lines, out)
	}
	outcomes := map[string]string{}
	for _, row := range csvRows(t, filepath.Join(dir, "out", "report.csv")) {
		outcomes[row["input"]] = row["outcome"]
	}
	for _, u := range usersOf(t, plain) {
		want := "verified"
		switch {
		case strings.HasPrefix(u.UPN, "bystander"):
			want = ""
		case strings.HasPrefix(u.UPN, "denied"):
			want = "denied"
		}
		if got := outcomes[u.UPN]; got != want || u.Enabled != (want == "") || u.Stamp.After(before) != (want == "verified") {
			t.Errorf("%s: reported %q, want %q; the service says %+v", u.UPN, got, want, u)
		}
		delete(outcomes, u.UPN)
	}
	if len(outcomes) != 1 || outcomes["nobody@contoso.example"] != "not_found" {
		t.Errorf("of others: %v", outcomes)
	}
	// 46 lookups, 45 of each step and 44 proofs of it at the least, 20 to a batch.
	if n := service.said("batch"); n < 3+3+3 || n > 20 {
		t.Errorf("%d batches: %q", n, service.lines)
	}
	if t.Failed() {
		t.Log(out)
	}
}

// usersOf asks the OData service for all users.
func usersOf(t *testing.T, url string) []odataUser {
	t.Helper()
	resp, err := http.Get(url + "/v1.0/users")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var all struct {
		Value []odataUser `json:"value"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil || len(all.Value) == 0 {
		t.Fatalf("%d users, %v", len(all.Value), err)
	}
	return all.Value
}

// csvRows reads a CSV file with a header.
func csvRows(t *testing.T, file string) []map[string]string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || len(lines) == 0 {
		t.Fatalf("%s: %d lines, %v", file, len(lines), err)
	}
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, cell := range line {
			row[lines[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}
