package journal

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// refusals are what a server refuses, by the beginnings of its own words on that, which have five characters, or by
// ours where there is no server to say one. What is ErrAway may pass by itself, and is waited for; all else is a person's
// to mend. Neither text has a name or a secret: histories of an engine have them.
var refusals = []struct {
	states     string
	kind       error
	what, next string
}{
	{"28P01", ErrServer, "the server takes another password of this role", "give the role's present password by PGPASSWORD, PGPASSFILE or OFFBOARD_JOURNAL"},
	{"28", ErrServer, "the server does not let this role in from this machine", "see that the role exists and has LOGIN, and that pg_hba.conf lets it in from this machine; where it misses encryption, add sslmode=verify-full to the URL"},
	{"3D000", ErrServer, "the server has no such database", "correct the name of the database in the URL, or have it made"},
	{"42501", ErrServer, "this role lacks a right there", "have the owner of the tables give it the rights that offboard help journal lists"},
	{"25006", ErrServer, "the server takes no writes of this role", "name the primary server (target_session_attrs=read-write finds it among several hosts of the URL), and see that default_transaction_read_only is off for this role and database"},
	{"57014", ErrServer, "the server ended a statement before its end", "raise the statement_timeout of this role"},
	{"TLS", ErrServer, "there is no TLS connection with the server", "see that the server has ssl = on and a certificate of the host's name in the URL, by a CA that sslrootcert names; and where it asks for one of this machine, give sslcert and sslkey"},
	{"53100 58030", ErrDisk, "that is the server's disk", "free space on the server's disk, and see in the server's log what it says of it"},
	{"XX00 42P01 42703", ErrDamaged, "a table or a column of it is gone, or cannot be read", ""},

	{"53300", ErrAway, "the server has as many connections as it takes", "end other sessions, or raise max_connections"},
	{"53", ErrAway, "the server lacks memory, or something else", "see in the server's log what it lacks"},
	{"57P", ErrAway, "the server is being started or stopped, or has ended the session", "see that the server runs"},
	{"25P03 25P04 40001 40P01 55P03", ErrAway, "the server has ended the transaction", "see that others do not hold the tables locked"},
	{"host", ErrAway, "the host of the URL is not known", "correct the host in the URL, or mend the name service"},
	{"refused", ErrAway, "nothing listens there", "see that the server runs, at the host and the port of the URL"},
	{"08 gone", ErrAway, "there is no connection to the server", "see that the server runs, and that nothing on the way to its port bars this machine"},
}

// ServerError is what the server of a journal refused, in words. It is ErrServer, ErrDisk or ErrDamaged; or ErrAway, of
// what may pass by itself.
type ServerError struct {
	What string // has no names and no secrets
	Next string // what a person does about it; "" is what helps against all of its kind
	kind error
	err  error
}

// Error has the server's own words at its end.
func (e *ServerError) Error() string {
	if e.kind == ErrAway {
		return fmt.Sprintf("%s: %v", e.What, e.err)
	}
	return fmt.Sprintf("%v: %s: %v", e.kind, e.What, e.err)
}

// Is makes a ServerError one of its kind.
func (e *ServerError) Is(target error) bool { return target == e.kind }

// Unwrap gives the driver's error.
func (e *ServerError) Unwrap() error { return e.err }

// inWords makes an error a *ServerError, if it is about the server.
func inWords(err error) error {
	if _, is := errors.AsType[*ServerError](err); is || err == nil {
		return err
	}
	state := stateOf(err)
	for _, r := range refusals {
		if slices.ContainsFunc(strings.Fields(r.states), func(s string) bool { return strings.HasPrefix(state, s) }) {
			return &ServerError{r.what, r.next, r.kind, err}
		}
	}
	return err
}

// away reports whether an error says that the server, or the way to it, is gone for now.
func away(err error) bool {
	e, is := errors.AsType[*ServerError](inWords(err))
	return is && e.kind == ErrAway
}

// stateOf is the server's own word on an error, or ours; "" for none.
func stateOf(err error) string {
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pe.Code
	}
	op, _ := errors.AsType[*net.OpError](err)
	_, unproven := errors.AsType[*tls.CertificateVerificationError](err)
	_, unnamed := errors.AsType[*net.DNSError](err)
	_, network := errors.AsType[net.Error](err)
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	switch {
	case errors.Is(err, ErrLost):
	case unproven, op != nil && op.Op == "remote error", connecting && strings.Contains(err.Error(), "server refused TLS connection"): // remote: of TLS
		return "TLS"
	case unnamed:
		return "host"
	case op != nil && op.Op == "dial" && (errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist)):
		return "refused"
	case network, connecting, slices.ContainsFunc([]error{driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone, pgconn.ErrConnClosed, io.EOF, io.ErrUnexpectedEOF, context.DeadlineExceeded, errGhost},
		func(gone error) bool { return errors.Is(err, gone) }):
		return "gone"
	}
	return ""
}
