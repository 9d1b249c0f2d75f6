package journal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"offboard/batch"
	"offboard/batch/journal/pgtest"
)

// session is one of the superuser, or of whom the URL names, which ends with the test.
func session(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	must(t, err)
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func execute(t *testing.T, c *pgx.Conn, text string) {
	t.Helper()
	_, err := c.Exec(t.Context(), text)
	must(t, err)
}

// saysInWords holds an error of a server against its kind and its words. None has a password.
func saysInWords(t *testing.T, err error, kind error, what string) {
	t.Helper()
	e, is := errors.AsType[*ServerError](err)
	text := fmt.Sprint(err)
	if !is || !e.Is(kind) || away(err) != (kind == ErrAway) || !strings.Contains(e.What, what) || !strings.Contains(text, what) || e.Next == "" {
		t.Errorf("%v, want %v with %q, and a next step", err, kind, what)
	}
	if strings.Contains(text, "w0rd") {
		t.Errorf("%v has a password", err)
	}
}

// TestServerWords has a server refuse what it may: to open a journal, or to write to it.
func TestServerWords(t *testing.T) {
	t.Parallel()
	pg := pgtest.Shared(t)
	schema := pg.Schema(t)
	create(t, openAt(t, pg.URL(schema)), batch.Plan{Run: "r"})
	pg.Exec(t, strings.ReplaceAll(`CREATE ROLE @_look LOGIN PASSWORD 'w0rd'; CREATE ROLE @_out PASSWORD 'w0rd'; CREATE ROLE @_slow LOGIN PASSWORD 'w0rd';
		CREATE ROLE @_two LOGIN CONNECTION LIMIT 2 PASSWORD 'w0rd'; CREATE ROLE @_read LOGIN PASSWORD 'w0rd';
		ALTER ROLE @_read SET default_transaction_read_only = on; ALTER ROLE @_slow SET statement_timeout = '50ms';
		GRANT USAGE ON SCHEMA @ TO @_look, @_slow, @_two, @_read; GRANT SELECT ON ALL TABLES IN SCHEMA @ TO @_look;
		GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA @ TO @_slow, @_two, @_read`, "@", schema))
	at := func(role, password string, change func(u *url.URL)) string {
		u, err := url.Parse(pg.TCP(schema))
		must(t, err)
		u.User = url.UserPassword(role, password)
		change(u)
		return u.String()
	}
	as := func(role string) string { return at(schema+role, "w0rd", func(*url.URL) {}) }
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, nobody.Close())

	for name, c := range map[string]struct {
		url    string
		kind   error
		what   string
		before func(t *testing.T)
	}{
		"another password": {at("postgres", "w0rd", func(*url.URL) {}), ErrServer, "another password", nil},
		"no password":      {pg.TCP(schema), ErrServer, "another password", nil},
		"no such role":     {strings.Replace(pg.URL(schema), "user=postgres", "user=none", 1), ErrServer, "does not let this role in", nil},
		"no LOGIN":         {as("_out"), ErrServer, "does not let this role in", nil},
		"no database":      {at("postgres", pgtest.Password, func(u *url.URL) { u.Path = "/none" }), ErrServer, "no such database", nil},
		"no TLS":           {at("postgres", pgtest.Password, func(u *url.URL) { u.RawQuery += "&sslmode=verify-full" }), ErrServer, "no TLS connection", nil},
		"no right":         {as("_look"), ErrServer, "lacks a right", nil},
		"read-only":        {as("_read"), ErrServer, "takes no writes", nil},
		"no host":          {at("u", "w0rd", func(u *url.URL) { u.Host, u.RawQuery = "nowhere.invalid:1", "sslmode=verify-full" }), ErrAway, "host of the URL", nil},
		"no server":        {at("u", "w0rd", func(u *url.URL) { u.Host = nobody.Addr().String() }), ErrAway, "nothing listens", nil},
		"no socket":        {"postgres:///d?host=" + t.TempDir(), ErrAway, "nothing listens", nil},
		"too little time": {as("_slow"), ErrServer, "ended a statement", func(t *testing.T) {
			execute(t, session(t, pg.URL(schema)), "BEGIN; LOCK TABLE runs IN EXCLUSIVE MODE")
		}},
		"too many connections": {as("_two"), ErrAway, "as many connections", func(t *testing.T) {
			session(t, as("_two"))
			session(t, as("_two"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.before != nil {
				c.before(t)
			}
			s, err := Open(t.Context(), c.url)
			if err == nil {
				defer s.Close()
				_, err = s.Create(t.Context(), batch.Plan{Run: "another"})
			} else if !errors.Is(err, ErrServer) {
				t.Errorf("to open it: %v", err)
			}
			saysInWords(t, err, c.kind, c.what)
		})
	}
	for state, kind := range map[string]error{"53100": ErrDisk, "53200": ErrAway, "57P01": ErrAway, "57P03": ErrAway, "08006": ErrAway, "40P01": ErrAway} {
		if e, is := errors.AsType[*ServerError](inWords(&pgconn.PgError{Code: state})); !is || !e.Is(kind) || e.Next == "" {
			t.Errorf("%s is %v, want %v", state, e, kind)
		}
	}
}

// TestServerRefusesOnTheWay takes from a run under way what it needs. That ends what is written, with words, and is not waited for. The
// same Store writes again once it is mended, with a password that was changed, too.
func TestServerRefusesOnTheWay(t *testing.T) {
	t.Parallel()
	pg := pgtest.Shared(t)
	role := pg.Schema(t) + "_run"
	pg.Exec(t, "CREATE ROLE "+role+" LOGIN PASSWORD 'first w0rd'")
	pg.Exec(t, "CREATE DATABASE "+role+" OWNER "+role)
	passfile := t.TempDir() + "/pgpass"
	password := func(is string) {
		must(t, os.WriteFile(passfile, fmt.Appendf(nil, "127.0.0.1:*:*:*:%s\n", is), 0o600))
	}
	password("first w0rd")
	s := openAt(t, fmt.Sprintf("postgres://%s@127.0.0.1:%d/%[1]s?passfile=%[3]s", role, pg.Port, passfile))
	s.Wait(Patience{Most: time.Minute})
	r, _ := sending(t, s, 9)
	there := session(t, strings.Replace(pg.URL(""), "/postgres?", "/"+role+"?", 1))
	cut := fmt.Sprintf("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '%s'", role)
	no := 0
	write := func() error {
		no++
		return r.Write(t.Context(), batch.Entry{Calls: []batch.Call{{No: no, SentAt: at(no), Seqs: []int{no}}}})
	}
	must(t, write())
	for _, c := range []struct {
		wrong, what, right string
		mend               func()
	}{
		{"ALTER ROLE @ PASSWORD 'next w0rd'", "another password", "SELECT", func() { password("next w0rd") }},
		{"REVOKE INSERT ON calls FROM @", "lacks a right", "GRANT INSERT ON calls TO @", func() {}},
		{"ALTER ROLE @ SET default_transaction_read_only = on", "takes no writes", "ALTER ROLE @ RESET default_transaction_read_only", func() { execute(t, there, cut) }},
		{"ALTER ROLE @ NOLOGIN", "does not let this role in", "ALTER ROLE @ LOGIN", func() {}},
	} {
		execute(t, there, strings.ReplaceAll(c.wrong, "@", role))
		execute(t, there, cut)
		saysInWords(t, write(), ErrServer, c.what)
		no--
		execute(t, there, strings.ReplaceAll(c.right, "@", role))
		c.mend()
		must(t, write())
	}
	must(t, there.Close(t.Context()))
	pg.Exec(t, "DROP DATABASE "+role+" WITH (FORCE)")
	saysInWords(t, write(), ErrServer, "no such database")
}
