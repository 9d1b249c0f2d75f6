package intake

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"offboard/batch"
)

func TestChooseKey(t *testing.T) {
	for _, c := range []struct {
		header      string
		key         batch.Key
		column, say string
	}{
		{"id|UPN", "auto", "", "id@0 upn@1"},
		{"id|UPN|name", batch.ByID, "", "id@0 (upn@1)"},
		{"id|UPN", batch.ByUPN, "", "(id@0) upn@1"},
		{"memberObjectIdOrUpn|name", batch.ByID, "", "id@0"},
		{"memberObjectIdOrUpn|name", batch.ByUPN, "", "upn@0"},
		{"id|UPN|Mail", batch.ByMail, "", "(id@0) (upn@1) mail@2"},
		{"E-mail address|Manager e-mail", batch.ByMail, "", "mail@0"},
		{"id|Work E-Mail [mail] Required", batch.ByMail, "", "(id@0) mail@1"},
		{"employee_id|Manager ID|UPN", batch.ByEmployeeID, "", "employee-id@0 (upn@2)"},
		{"UPN|onPremisesUserPrincipalName", batch.ByOnPremisesUPN, "", "(upn@0) on-premises-upn@1"},
		{"UPN|on-prem UPN", batch.ByOnPremisesUPN, "", "(upn@0) on-premises-upn@1"},
		{"id|UPN|who", batch.ByMail, "who", "(id@0) (upn@1) mail@2"},
		{"id|UPN|who", batch.ByID, "WHO", "(id@0) (upn@1) id@2"},
		{"mail|Work Email|id", batch.ByMail, "mail", "mail@0 (mail@1) (id@2)"},
		{"mail|Work Email|id", batch.ByMail, "", "mail@0 mail@1 (id@2)"}, // one when the cells are alike; see TestTwinColumns
		{"id|objectId", batch.ByID, "", "id@0 id@1"},
		{"UPN|memberObjectIdOrUpn|employeeId", batch.ByID, "", "(upn@0) id@1 (employee-id@2)"},

		{"UPN|Manager email|Personal E-Mail", batch.ByMail, "", `no column surely holds the users' own mail addresses, and those matched may hold private or other people's: choose one with --column NAME; matched: "Manager email", "Personal E-Mail"`},
		{"Manager [mail]|Private [mail]", batch.ByMail, "", `matched: "Manager [mail]", "Private [mail]"`},
		{"Email_-_Primary_Work_or_Primary_Home|CF-LRV-Manager_Email_Id", batch.ByMail, "", `matched: "Email_-_Primary_Work_or_Primary_Home", "CF-LRV-Manager_Email_Id"`},
		{"Manager employee id|n", batch.ByEmployeeID, "", `matched: "Manager employee id"`},
		{"Manager UPN|UPN", batch.ByOnPremisesUPN, "", `matched: "Manager UPN", "UPN"`},
		{"userId|name", batch.ByEmployeeID, "", "no column is known to hold the users' employee ids"},
		{"UPN|name", batch.ByID, "", "no column is known to hold the users' object ids"},
		{"a@contoso.example|hunter2", batch.ByMail, "", "this looks like a row, and the header is missing"},
		{"id|UPN", batch.ByMail, "mail", `no column "mail": name one of those seen with --column NAME`},
		{"id", "phone", "", `--key: no key "phone": use auto, id, upn, mail, employee-id or on-premises-upn`},
		{strings.Repeat("id|", 64) + "mail", batch.ByMail, "", "65 columns would be read, and 64 can be"},
	} {
		got, ok := chosen(Options{Key: c.key, Column: c.column}, strings.Split(c.header, "|"))
		if ok && got != c.say || !ok && !strings.Contains(got, c.say) {
			t.Errorf("choose(%q, %q, %q) = %s, want %s", c.header, c.key, c.column, got, c.say)
		}
		if strings.Contains(got, "hunter2") {
			t.Error(got)
		}
	}
}

// chosen tells the columns that are read, those only kept in brackets, or else
// the error.
func chosen(opt Options, header []string) (string, bool) {
	parsed, err := opt.parse()
	if err != nil {
		return err.Error(), false
	}
	found := chooseColumns(header, parsed)
	if found.bad != nil {
		return found.bad.Error(), false
	}
	var all []string
	for _, c := range found.columns {
		s := fmt.Sprintf("%v@%d", c.key, c.index)
		if !c.names {
			s = "(" + s + ")"
		}
		all = append(all, s)
	}
	return strings.Join(all, " "), true
}

func TestCheckMail(t *testing.T) {
	for in, want := range map[string]string{
		"jo@contoso.example":                          "",
		"Jo.O'Brien+x@CONTOSO.example":                "",
		"a/b%c|d@contoso.example":                     "",
		"åse@contoso.example":                         "",
		"jo@contoso":                                  "",
		"jo":                                          "not a mail address: there is no @",
		"@contoso.example":                            "not a mail address: nothing stands before the @",
		"jo@":                                         "not a mail address: nothing stands after the @",
		"a@b@contoso.example":                         "not a mail address: there is more than one @",
		"j?@contoso.example":                          whyLost,
		"j\ufffd@contoso.example":                     whyLost,
		"jo smith@contoso.example":                    whyBlank,
		"j\u00a0o@contoso.example":                    whyBlank,
		"j\u200bo@contoso.example":                    whyUnseen,
		"j\to@contoso.example":                        whyControl,
		"Jo <jo@contoso.example>":                     whyDisplay,
		"mailto:jo@contoso.example":                   "holds a character that no mail address has",
		"a@contoso.example;b@contoso.example":         "holds a character that no mail address has",
		"j☺@contoso.example":                          "holds a character that no mail address has",
		"'+jo@contoso.example":                        whyEscaped,
		"=jo@contoso.example":                         whyFormula,
		"jo@cöntoso.example":                          whyDomain,
		"jo@contoso..example":                         whyDomain,
		"3f2504e0-4f89-41d3-9a0c-0305e82c3301":        whyKeyIsID,
		strings.Repeat("a", 240) + "@contoso.example": "",
		strings.Repeat("a", 241) + "@contoso.example": whyMailLong,
	} {
		if got := checkCell(batch.ByMail, in); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("checkMail(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCheckEmployeeID(t *testing.T) {
	for in, want := range map[string]string{
		"00042": "", "42": "", "E-42/7": "", "a b": "", "who?": "", "-42": "", "'42": "", "Å42": "", "1E5": "", "@x": "", "0-1": "", "nil7": "",
		strings.Repeat("9", 16): "",
		strings.Repeat("å", 16): "",
		strings.Repeat("9", 17): whyIDLong,
		"4\ufffd2":              whyLost,
		"4\n2":                  whyControl,
		"4\u200d2":              whyUnseen,
		"=\"00042\"":            whyFormula,
		"'-42":                  whyEscaped,
		"1.23457E+15":           whyScientific,
		"1,23457e+15":           whyScientific,
		"N/A":                   whyNoneID,
		"#N/A":                  whyNoneID,
		"null":                  whyNoneID,
		"-":                     whyNoneID,
		"0":                     whyNoneID,
		"00000":                 whyNoneID,
	} {
		if got := checkCell(batch.ByEmployeeID, in); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("checkEmployeeID(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestKeyRows holds whom a row names under each key, or why nobody.
func TestKeyRows(t *testing.T) {
	const g = "3F2504E0-4f89-41d3-9a0c-0305e82c3301"
	for _, c := range []struct {
		key         batch.Key
		input, want string
	}{
		{"", "id,upn\n" + g + ",a@x\n", "id " + strings.ToLower(g) + " upn a@x"},
		{"auto", "id,upn\n" + g + ",a@x\n", "id " + strings.ToLower(g) + " upn a@x"},
		{batch.ByID, "id,upn\n" + g + ",b?d\n", `column "upn": ` + whyLost},
		{batch.ByID, "id,upn\n" + g + ",n/a\n", "id " + strings.ToLower(g)},
		{batch.ByID, "id,upn\na@x,a@x\n", whyKeyNotID},
		{batch.ByID, "memberObjectIdOrUpn\na@x\n", whyKeyNotID},
		{batch.ByID, "id,upn\n,a@x\n", `no value in column "id"`},
		{batch.ByUPN, "id,upn\nx,a@x\n", "upn a@x"},
		{batch.ByUPN, "memberObjectIdOrUpn\n" + g + "\n", whyKeyIsID},
		{batch.ByMail, "id,mail\n" + g + ",\u00a0A@x \n", "mail A@x"},
		{batch.ByMail, "mail\n" + g + "\n", whyKeyIsID},
		{batch.ByMail, "id,mail\n" + g + ",\n", `no value in column "mail"`},
		{batch.ByEmployeeID, "employeeId\n\u200b 00042\u00a0\n", "employee-id 00042"},
		{batch.ByEmployeeID, "employeeId,upn\nLabel,a@x\n", "employee-id Label"},
		{batch.ByOnPremisesUPN, "on-premises upn\na@x.local\n", "on-premises-upn a@x.local"},
		{batch.ByOnPremisesUPN, "onPremisesUpn\nDOM\\a\n", whySlash},
	} {
		good, bad := read(t, c.input, Options{Key: c.key})
		got := ""
		switch {
		case len(good) == 1 && good[0].By != "":
			got = fmt.Sprint(good[0].By, " ", good[0].Value)
			if good[0].ID+good[0].UPN != "" || good[0].Input != good[0].Value {
				t.Errorf("%+v", good[0])
			}
		case len(good) == 1:
			got = strings.TrimSpace(strings.Replace("id "+good[0].ID+" upn "+good[0].UPN, "id  upn", "upn", 1))
			got = strings.TrimSuffix(got, " upn")
		case len(bad) == 1:
			got = bad[0].Reason
			if bad[0].Outcome != "" || bad[0].Row.ID+bad[0].Row.UPN+string(bad[0].Row.By)+bad[0].Row.Value != "" {
				t.Errorf("%+v", bad[0])
			}
		}
		if got != c.want {
			t.Errorf("%s, %q: %s, want %s", c.key, c.input, got, c.want)
		}
	}
}

// TestKeyRecords holds what becomes of lines that are no rows where any text
// can be a key, as TestRecords does for the others.
func TestKeyRecords(t *testing.T) {
	for _, c := range []struct {
		name        string
		key         batch.Key
		input, want string
	}{
		{"version line below", batch.ByEmployeeID, "employeeId\n1\nversion:v1.0\nEmployee ID\n2\n", "+2 ~3 ~4 +5"},
		{"version line, then a row", batch.ByEmployeeID, "employeeId\n1\nversion:v1.0\n2\n", "+2 ~3 !4"},
		{"header again, by another name", batch.ByEmployeeID, "n,employeeId\nName,Personnel Number\nx,1\n", "~2 +3"},
		{"header again, of mail", batch.ByMail, "n,mail\nx,a@x\nName,E-mail\n", "+2 ~3"},
		{"columns swapped", batch.ByEmployeeID, "name,employeeId\nx,1\nemployeeId,name\n", "+2 !3"},
		{"alias of another kind", batch.ByEmployeeID, "employeeId,n\n1,x\nUPN,x\n", "+2 !3"},
		{"footer", batch.ByEmployeeID, "employeeId,n\n1,x\nTotal,2\n(2 rows)\n", "+2 ~3 ~4"},
		{"example", batch.ByEmployeeID, "employeeId,n\nExample: 4711,x\n1,x\n", "~2 +3"},
		{"open quote", batch.ByEmployeeID, "employeeId,n\n1,\"x\n2,x\n3,\"x\"\n", "!2"},
		{"open quote, closed in good order", batch.ByEmployeeID, "employeeId,n\n1,\"x\n2,5\"\n", "!2"},
		{"lines in a cell", batch.ByEmployeeID, "employeeId,n\n1,\"Street 1\n10115 Berlin, Germany\"\n", "+2"},
		{"words in a cell", batch.ByEmployeeID, "employeeId,n\n1,\"Street\nBerlin, Germany\"\n", "+2"},
		{"a number in a cell", batch.ByEmployeeID, "employeeId,n\n1,\"Berlin\n10115\"\n", "+2"},
		{"open quote of mail", batch.ByMail, "mail,n\na/b@x,\"x\nc/d@x,5\"\n", "!2"},
	} {
		if got := shape(t, c.input, Options{Key: c.key}); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestOptionError(t *testing.T) {
	for _, c := range []struct {
		opt  Options
		want string
	}{
		{Options{Key: "x"}, "--key: no key"},
		{Options{Where: []string{"a=b", "c"}}, `--where: "c" is not COLUMN=VALUE`},
		{Options{Where: []string{" = b"}}, `--where: " = b" is not COLUMN=VALUE`},
		{Options{DateGate: &DateGate{AsOf: noon}}, "date gate: no column"},
		{Options{DateGate: &DateGate{Column: "a"}}, "--as-of: no time"},
		{Options{DateGate: &DateGate{Column: "a", AsOf: noon, Format: "x"}}, `--date-format: "x": unknown "x"`},
	} {
		_, err := open(text("upn,a\n"), c.opt)
		if e, ok := errors.AsType[*InputError](err); !ok || e.Option == "" || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.opt, err, c.want)
		}
	}
}

// Without a header columns are called by their numbers, and an employee id may be the same.
func TestNumberOfColumnIsEmployeeID(t *testing.T) {
	good, bad := read(t, "1,Ann\n2,Bob\n", Options{NoHeader: true, Column: "1", Key: batch.ByEmployeeID})
	if len(good) != 2 || len(bad) > 0 || good[1].Value != "2" {
		t.Errorf("%+v, %v", good, bad)
	}
}
