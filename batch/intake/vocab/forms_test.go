package vocab

import "testing"

func TestNotes(t *testing.T) {
	for in, want := range map[string]string{
		"version:v1.0": "version line", "Version:V1.0,,,": "version line", `"version:v1.0"`: "version line", "\ufeffversion:2": "version line",
		"#TYPE System.Object": "PowerShell type line", "#TYPE": "PowerShell type line",
		"sep=;": "separator line", "sep=,": "separator line",
		"(240 rows affected)": "footer", "5 rows": "footer", "1 record returned.,,": "footer",
		"Total: 240": "end of the list", "Total,240": "end of the list", "TOTAL USERS 9,,": "end of the list",
		"End of report": "end of the list", "--- end of file ---": "end of the list",
		"Page 1 of 2": "footer", "Seite 3": "footer", "1 row in set (0.00 sec)": "footer",
		"-----+---": "line of dashes", "+---+---+": "line of dashes", "|:---|---:|": "line of dashes",
		"\x1a": "end-of-file mark",

		"": "", "version": "", "version:v1.0,a@contoso.example": "", "#type": "", "# a comment": "", "#TYPEWRITER": "",
		"total@contoso.example": "", "Total,a@contoso.example": "", "240": "", "end": "", "Page one": "", "1. a@contoso.example": "", "--": "", "+-+": "", "Confidential": "",
		"5 rows,a@contoso.example": "",
	} {
		got := ""
		if n := NoteOf(in); n != nil {
			got = n.Why
		}
		if got != want {
			t.Errorf("NoteOf(%q) = %q, want %q", in, got, want)
		}
	}
}
