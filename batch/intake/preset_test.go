package intake

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

// A preset reads the files that it is about, by the column and the gates that are documented.
func TestPreset(t *testing.T) {
	const signin, risky = "id 7c1e000a-52d0-4b6f-9d4f-3a5b0000000a", "id 7c1e000b-52d0-4b6f-9d4f-3a5b0000000b"
	gate := &DateGate{AsOf: time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)}
	template := "version:v1.0\nUser name [userPrincipalName] Required\nExample: chris@contoso.com\na@x\n"
	for _, c := range []struct{ preset, input, columns, rows string }{
		{"entra-bulk", template, "User name [userPrincipalName] Required*", "upn a@x"},
		{"entra-bulk", "Member object ID or user principal name [memberObjectIdOrUpn] Required\na@x\n", "Member object ID or user principal name [memberObjectIdOrUpn] Required*", "upn a@x"},
		{"entra-bulk", "entra_create_template.csv", "User name [userPrincipalName] Required*", "upn cato.vik@contoso.example, invalid, invalid"},
		{"entra-bulk", "entra_bulk_preview.csv", "ObjectId*", "id 7c1e0003-52d0-4b6f-9d4f-3a5b00000003, invalid, invalid"},
		{"entra-users", "entra_export_new.csv", "userPrincipalName mail id*", ""},
		{"entra-users", "entra_export_old.csv", "userPrincipalName mail objectId*", ""},
		{"signins", "entra_signins.csv", "User ID* Username", signin + ", " + signin},
		{"signins", "entra_signins_legacy.csv", "UserPrincipalName*", ""},
		{"riskyusers", "entra_risky_users.csv", "Id* UserPrincipalName", risky},
		{"purview", "purview_hr_connector.csv", "EmailAddress* LastWorkingDate", "skipped"}, // its last day begins
		{"purview", "EmailAddress,ResignationDate,LastWorkingDate\na@x,2026-03-01T00:00:00Z,2026-03-31T00:00:00Z\n", "EmailAddress* LastWorkingDate", "upn a@x"},
		{"purview", "UserPrincipalName,ResignationDate,LastWorkingDate\na@x,2026-03-01T00:00:00Z,2026-05-01T00:00:00Z\n", "UserPrincipalName* LastWorkingDate", "skipped"},
		{"successfactors", "successfactors.csv", "STATUS USERNAME EMAIL*", "mail tove.ulv@contoso.example, skipped"},
		{"bamboohr", "gates_bamboohr.csv", "employeeNumber workEmail* status terminationDate", ""},
		{"bamboohr", "Work Email,Status,Termination Date\na@x,Inactive,2026-03-31\nb@x,Inactive,0000-00-00\nc@x,Active,0000-00-00\nd@x,Inactive,2026-04-01\n", "Work Email* Status Termination Date", "mail a@x, skipped, skipped, skipped"},
	} {
		if strings.HasSuffix(c.input, ".csv") {
			c.input = corpusFile(t, strings.TrimSuffix(c.input, ".csv"))
		}
		opt := Options{Preset: c.preset}
		if _, dates := PresetTerms(c.preset); dates != "" {
			opt.DateGate = gate
		}
		got, columns, settings := presetRows(t, c.input, opt)
		if columns != c.columns || c.rows != "" && got != c.rows {
			t.Errorf("%s: %.60q: columns %s, rows %s; want %s, %s", c.preset, c.input, columns, got, c.columns, c.rows)
		}
		if !strings.Contains(settings, "preset "+c.preset) || strings.Contains(settings, "ResignationDate (") {
			t.Errorf("%s: settings %s", c.preset, settings)
		}
	}
}

// presetRows are what the rows name, and by what; the columns, with a * behind those that name
// users; and the settings.
func presetRows(t *testing.T, input string, opt Options) (rows, columns, settings string) {
	t.Helper()
	r, err := open(text(input), opt)
	if err != nil {
		t.Errorf("%s: %v", opt.Preset, err)
		return "", "", ""
	}
	var all, names []string
	for row, err := range r.Rows() {
		switch bad, is := err.(*batch.RowError); {
		case is && bad.Outcome == batch.Skipped:
			all = append(all, "skipped")
		case is:
			all = append(all, "invalid")
		case err != nil:
			t.Fatal(err)
		case row.ID != "":
			all = append(all, "id "+row.ID)
		case row.UPN != "":
			all = append(all, "upn "+row.UPN)
		default:
			all = append(all, fmt.Sprint(row.By, " ", row.Value))
		}
	}
	for _, c := range r.columns {
		if c.names {
			c.name += "*"
		}
		names = append(names, c.name)
	}
	return strings.Join(all, ", "), strings.Join(names, " "), fmt.Sprint(r.settings)
}

// What the person says comes before a preset, and the settings say so. A file that is not the
// preset's is refused.
func TestPresetAndFlags(t *testing.T) {
	gate := &DateGate{AsOf: time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)}
	other := &DateGate{Column: "ResignationDate", AsOf: gate.AsOf}
	purview := "EmailAddress,UPN,ResignationDate,LastWorkingDate\na@x,b@x,2026-03-01,2026-05-01\n"
	bamboo := "workEmail,status,terminationDate,City\na@x,Left,2026-03-01,Oslo\n"
	for _, c := range []struct {
		input string
		opt   Options
		want  string // columns, rows and what the settings say; or the error
	}{
		{purview, Options{Preset: "purview", DateGate: other, Key: batch.ByMail}, "EmailAddress* UPN ResignationDate|mail a@x|--key, in place of preset purview"},
		{purview, Options{Preset: "purview", DateGate: other, Column: "UPN"}, "EmailAddress UPN* ResignationDate|upn b@x|--date-column, in place of preset purview: a row"},
		{purview, Options{Preset: "purview", DateGate: gate, Column: "UPN"}, "EmailAddress UPN* LastWorkingDate|skipped|--column, in place of preset purview"},
		{bamboo, Options{Preset: "bamboohr", DateGate: gate}, "workEmail* status terminationDate|skipped|preset bamboohr: other rows"},
		{bamboo, Options{Preset: "bamboohr", DateGate: gate, Where: []string{"Status=left"}}, "workEmail* status terminationDate|mail a@x|--where: other rows"},
		{bamboo, Options{Preset: "bamboohr", DateGate: gate, Where: []string{"City=Bergen"}}, "workEmail* status terminationDate City|skipped|preset bamboohr: other rows"},

		{purview, Options{Preset: "purview"}, "purview has a column of last days, and no date gate"},
		{purview, Options{Preset: "Purview"}, `--preset: no preset "Purview": use entra-bulk, entra-users, signins, riskyusers, purview, successfactors, bamboohr`},
		{purview, Options{Preset: "entra-users"}, `no column "id": name one of those seen with --column NAME, or leave --preset entra-users out; columns seen: "EmailAddress"`},
		{"workEmail,terminationDate\na@x,\n", Options{Preset: "bamboohr", DateGate: gate}, `no column "status": name one of those seen with --where COLUMN=VALUE, and leave --preset out`},
		{"workEmail,status\na@x,\n", Options{Preset: "bamboohr", DateGate: gate}, `no column "terminationDate": name one`},
		{"a@x\n", Options{Preset: "signins"}, "the header is missing"},
		{"id,ID\n,\n", Options{Preset: "riskyusers"}, `more than one column "`},
	} {
		r, err := open(text(c.input), c.opt)
		got := fmt.Sprint(err)
		if err == nil {
			r.src.Close()
			rows, columns, settings := presetRows(t, c.input, c.opt)
			want := c.want[strings.LastIndex(c.want, "|")+1:]
			if got = columns + "|" + rows + "|" + want; !strings.Contains(settings, want) {
				got = columns + "|" + rows + "|" + settings
			}
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%+v: got %s, want %s", c.opt, got, c.want)
		}
	}
}
