package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A file that is written anew while the run is planned refuses it, be it the input,
// a protect list or a plan; one that was only touched does not.
func TestChangedFilesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, file string
		text       string // what is written in place while users are looked up
		args       []string
		code       int
	}{
		{"input", "in.csv", "upn\nuser9@contoso.example\n", []string{"run", "in.csv"}, 4},
		{"input grows", "in.csv", "upn\nuser0@contoso.example\nuser1@contoso.example\nuser9@contoso.example\n", []string{"run", "in.csv"}, 4},
		{"input touched", "in.csv", "upn\nuser0@contoso.example\nuser1@contoso.example\n", []string{"run", "in.csv"}, 0},
		{"protect list", "vip.txt", "user0@contoso.example\nuser1@contoso.example\n", []string{"run", "in.csv", "--protect", "vip.txt"}, 4},
		{"plan file", "plan.json", "{}", []string{"apply", "plan.json"}, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, 2)
			s.enter("more.csv", members("user", 10))
			if err := os.WriteFile(filepath.Join(s.dir, "vip.txt"), []byte("user5@contoso.example\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			s.planned()
			var once sync.Once
			s.guard(func(_ *http.Request, reads bool) {
				if reads {
					once.Do(func() {
						if err := os.WriteFile(filepath.Join(s.dir, c.file), []byte(c.text), 0o600); err != nil {
							t.Error(err)
						}
					})
				}
			})
			code, out := s.offboard(nil, 0, append(c.args, "--yes", "--graph-url", s.url, "--report-dir", "out")...)
			writes := s.tenant.Stats().Writes
			if c.code == 0 && (code != 0 || writes != 2) {
				t.Errorf("exit code %d, %d writes, want 0 and 2\n%s", code, writes, out)
			}
			if c.code != 0 && (code != c.code || writes != 0 || !strings.Contains(out, "the file changed after it was read; nothing was written")) {
				t.Errorf("exit code %d, %d writes, want %d and none\n%s", code, writes, c.code, out)
			}
		})
	}
}

// Whatever cannot be read as a whole ends with 2, found early or late.
func TestUnreadableInputsEndWith2(t *testing.T) {
	many := "upn\n" + strings.Repeat("user0@contoso.example\n", 100)
	for name, text := range map[string]string{
		"empty": "", "blank": "\n \n", "workbook": "PK\x03\x04\x14\x00", "Windows-1252": "upn\nl\xf6w@contoso.example\nj\xfcrgen@contoso.example\n",
		"NUL": "upn\na@contoso.example\n\x00\x00\x00", "quote in the header": "up\"n,x\n",
		"lost quote, late": many + "\"user1@contoso.example\nuser0@contoso.example\n", "second table, late": many + "user1@contoso.example\nid,upn\n1,2\n",
		"header of services": "Id,Service principal ID\n1,2\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 2)
			if err := os.WriteFile(filepath.Join(s.dir, "in.csv"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, command := range []string{"run", "plan"} {
				args := map[string][]string{"run": {"--yes", "--report-dir", "out"}, "plan": {"-o", "plan.json"}}[command]
				code, out := s.offboard(nil, 0, append([]string{command, "in.csv", "--graph-url", s.url}, args...)...)
				if writes := s.tenant.Stats().Writes; code != 2 || writes != 0 || !strings.Contains(out, "offboard: ") {
					t.Errorf("%s: exit code %d, %d writes, want 2 and none\n%s", command, code, writes, out)
				}
			}
		})
	}
}
