package trace

import "testing"

// What looks like a secret is one, and a path, an address, a name or a filter is none.
func TestKind(t *testing.T) {
	for value, want := range map[string]string{
		"xY18Q~abcdefghijklmnopqrstuvwxyz01234":              "a client secret",
		"./xY18Q~abcdefghijklmnopqrstuvwxyz01234":            "a client secret",
		"eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2ln":                "a token",
		"-----BEGIN PRIVATE KEY-----\nMIIE":                  "a private key or certificate",
		"https://user:password@host":                         "a user and password in an address",
		"https://token@host/x":                               "a user and password in an address",
		"postgres://ada:pw@db.example/offboard":              "a user and password in an address",
		"postgresql://ada:p/w@x@db.example/offboard":         "a user and password in an address",
		"postgres://db.example/offboard?user=a&password=pw":  "a password or key in an address",
		"postgres://db/x?sslmode=require&ssl%70assword=pw":   "a password or key in an address",
		"https://x.blob.core.windows.net/c?sv=1&sig=abc%2B":  "a password or key in an address",
		"host=db dbname=x password=pw":                       "a password in an address",
		"Password=pw;Server=db":                              "a password in an address",
		"postgres://ada@db.example/offboard?sslmode=require": "",
		"https://graph.example:8080/users/ada@contoso.com":   "",
		"/etc/offboard/app.env":                              "",
		`C:\Users\ada\leavers 2026.csv`:                      "",
		"ada@contoso.com":                                    "",
		"Password=changed":                                   "",
		"postgres://db/x?password=":                          "",
	} {
		if got := Kind(value); got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
	}
}

// An address is shown with what people know it by.
func TestAddress(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://ada:SECRET@db.example:5432/offboard?sslmode=require&password=SECRET": "postgres://ada@db.example:5432/offboard?sslmode=require",
		"postgres:///offboard?host=/run/x&user=ada":                                      "postgres:///offboard?host=%2Frun%2Fx&user=ada",
		"postgres:SECRET":             "(an address that is not shown)",
		"postgres://ada@db/offboard":  "postgres://ada@db/offboard",
		"https://SECRET@host/x":       "https://host/x",
		"postgres://ada:SEC RET@db/x": "(an address that is not shown)",
	} {
		if got := Address(address); got != want {
			t.Errorf("%q is shown as %q, want %q", address, got, want)
		}
	}
}

// What another program says is shown without what it calls a secret, and else as it is.
func TestSaid(t *testing.T) {
	for text, want := range map[string]string{
		"curl: (22) https://vault/?api-version=7&sig=hunter2/hunter2 password hunter4-pw": "curl: (22) https://vault/?api-version=7&sig=REDACTED password REDACTED",
		"login with Password=hunter2; host=db":                                            "login with Password=REDACTED; host=db",
		`{"client_secret": "hunter2", "user": "ada"}`:                                     `{"client_secret": "REDACTED", "user": "ada"}`,
		"AccountKey=hunter2== and access_key: 'hunter3'":                                  "AccountKey=REDACTED and access_key: 'REDACTED'",
		"token hunter2hunter is not valid":                                                "token REDACTED is not valid",
		"the password is wrong, and no secret was found":                                  "the password is wrong, and no secret was found",
		"vault: no secret named offboard/app: token expired.":                             "vault: no secret named offboard/app: token expired.",
	} {
		if got := Said(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}
