package job

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
	"offboard/batch/graphsim"
	"offboard/batch/intake"
	"offboard/batch/journal"
)

const (
	adaID     = "1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d"
	graceID   = "2b3c4d5e-6f7a-4b2c-9d3e-4f5a6b7c8d9e"
	foreignID = "3c4d5e6f-7a8b-4c3d-8e4f-5a6b7c8d9e0f" // of another tenant
	noID      = "00000000-0000-0000-0000-000000000000"
)

// namesDirectory holds those who are meant, and whom a wrong encoding, folding
// or truncation of their names would hit instead.
func namesDirectory() []graphsim.User {
	return []graphsim.User{
		{ID: adaID, UPN: "ada@contoso.example", Mail: "ada.lovelace@contoso.example", EmployeeID: "00042", OnPremUPN: "ada@corp.local"},
		{ID: graceID, UPN: "grace@contoso.example", Mail: "grace@contoso.example", EmployeeID: "1001", OnPremUPN: "grace@corp.local"}, // everybody's manager
		{UPN: "eve@contoso.example", Mail: "eve@contoso.example", EmployeeID: "42", OnPremUPN: "ada@contoso.example"},
		{ID: noID, UPN: "zero@contoso.example", EmployeeID: "0"},
		{UPN: "none@contoso.example", EmployeeID: "N/A"},

		{UPN: "ada+x@contoso.example", Mail: "ada+x@contoso.example", OnPremUPN: "ada+x@corp.local"},
		{UPN: "ada x@contoso.example", Mail: "ada x@contoso.example", OnPremUPN: "ada x@corp.local"}, // + read as a blank
		{UPN: "ada_fabrikam.example#EXT#@contoso.example", Mail: "ada@fabrikam.example"},
		{UPN: "ada_fabrikam.example"}, // what stands before a raw #
		{UPN: "gus@contoso.example", Type: "Guest", State: "Accepted"},
		{UPN: "ina@contoso.example", Type: "Guest"},
		{UPN: "$ada@contoso.example"},
		{UPN: "$o'b@contoso.example"},
		{UPN: "o'brien@contoso.example", Mail: "pat.o'brien@contoso.example", OnPremUPN: "o'brien@corp.local"},
		{UPN: "o''brien@contoso.example", Mail: "pat.o''brien@contoso.example"},
		{UPN: "obrien@contoso.example", Mail: "pat.obrien@contoso.example"},
		{UPN: "a&b@contoso.example", Mail: "a&b@contoso.example"},
		{UPN: "a", Mail: "a", EmployeeID: "7"},
		{UPN: "me"},
		{UPN: "me-token-to-replace@contoso.example"},
		{UPN: "mak@contoso.example", Mail: "mak@contoso.example", OnPremUPN: "mak@corp.local"}, // the ASCII twin of a Kelvin sign
		{UPN: "josé@contoso.example", EmployeeID: "A-17"},
		{UPN: "jose@contoso.example"},

		{UPN: "bob@contoso.example", Mail: "carol@contoso.example"}, // an address that she left to him
		{UPN: "carol@contoso.example", Mail: "carol.c@contoso.example"},
		{UPN: "tim@contoso.example", Mail: "team@contoso.example", OnPremUPN: "team@corp.local"},
		{UPN: "tom@contoso.example", Mail: "team@contoso.example", OnPremUPN: "team@corp.local"},
		{UPN: "kim@contoso.example", EmployeeID: "E7a"},
		{UPN: "leo@contoso.example", EmployeeID: "k9"},
		{UPN: "lea@contoso.example", EmployeeID: "K9"},
		{UPN: "max@contoso.example", EmployeeID: "1234567890123456"},
		{UPN: "one@contoso.example", EmployeeID: "1"},
		{UPN: "sql@contoso.example", EmployeeID: "') or (1 eq 1", Mail: "x'or'1'eq'1@contoso.example"},
		{UPN: "top@contoso.example", EmployeeID: "7&$top=999"},
		{UPN: "sam@contoso.example", EmployeeID: "../me", Mail: "s/a%40m@contoso.example"},
	}
}

// nameWire keeps the bodies of the batches on their way to the tenant. It can
// make the tenant misread the lookups.
type nameWire struct {
	tenant *graphsim.Tenant
	row    nameRow
	bodies []string
}

func (w *nameWire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	w.bodies = append(w.bodies, string(body))
	if w.row.reads != "" && bytes.Contains(body, []byte(`"method":"GET"`)) {
		body = bytes.Replace(body, []byte(w.row.sent), []byte(w.row.reads), 1)
	}
	r = r.Clone(r.Context())
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return w.tenant.RoundTrip(r)
}

// carryName does what "offboard run" does, from the file to the reports, with
// the row and somebody else's address beside it. It gives the keys of the users
// in the plan, and the lines of the journal at the end.
func carryName(t *testing.T, dir string, w *nameWire) (keys []string, lines []batch.Line) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, file := t.Context(), nameFiles[w.row.kind]
	path := filepath.Join(dir, "leavers.csv")
	must(os.WriteFile(path, []byte(file.header+",Manager\n"+w.row.cell+",grace@contoso.example\n"), 0o600))
	in, err := readOnce(path, nil, os.Open)
	must(err)
	r := Planning{File: []string{path}, Selection: Selection{Key: file.key}, NoResolve: file.blind}
	opt, err := r.options(time.Now())
	must(err)
	rows, err := intake.Open(inputs{in}.sources(), opt)
	must(err)
	store, err := journal.Open(ctx, filepath.Join(dir, "journal.db"))
	must(err)
	defer store.Close()
	client, err := graph.New(graph.Config{Root: graph.Global.Root, Steps: []batch.Step{batch.Revoke}, Auth: graph.FixedToken("T"), Transport: w})
	must(err)
	id := graph.Identity{Tenant: w.tenant.TenantID(), App: w.tenant.ClientID()}
	j, err := newJob(Connection{Concurrency: 1, QuotaShare: 1}, Execution{Reporting: Reporting{ReportDir: filepath.Join(dir, "report")}}, &tenant{apps: []app{{client, id}}}, store)
	must(err)
	j.in, j.opt, j.plan = inputs{in}, opt, batch.Plan{
		Run: "names", Created: time.Now(), Columns: rows.Columns(), Tenant: id.Tenant, App: id.App, Cloud: Simulated,
		Steps: []batch.Step{batch.Revoke}, Resolve: !file.blind,
	}
	j.run, err = store.Create(ctx, j.plan)
	must(err)
	must(r.lookUpRows(ctx, j, batch.Spare{}))
	must(j.run.Seal(ctx, j.plan))
	for p, err := range j.run.Pending(ctx) {
		must(err)
		keys = append(keys, p.Item.User.Address())
	}
	if err := j.carryOut(ctx, 0, j.count.Users, 0); !errors.Is(err, ErrPartial) {
		must(err)
	}
	for l, err := range j.run.Lines(ctx) {
		must(err)
		lines = append(lines, l)
	}
	return keys, lines
}
