package intake

import (
	"strings"
	"testing"
)

// A file that names people by mail or employee id alone is told the --key to give.
func TestHeaderSuggestsKey(t *testing.T) {
	for header, want := range map[string]string{
		"Name,Work email":               `give --key mail (column "Work email"), or choose a column`,
		"Employee_ID,Last Day":          `give --key employee-id (column "Employee_ID"), or`,
		"workEmail,employeeNumber,Name": `give --key mail (column "workEmail") or --key employee-id (column "employeeNumber"), or`,
		"Name,Site":                     "no column is known to name users: choose the one that holds object ids or user principal names with --column NAME",
	} {
		_, err := open(text(header+"\n"), Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", header, err, want)
		}
	}
}
