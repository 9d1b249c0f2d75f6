package journal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// OnServer reports whether a journal is named by the URL of a database of PostgreSQL. Any
// other name is that of a file.
func OnServer(path string) bool {
	switch scheme, _, _ := strings.Cut(path, "://"); strings.ToLower(scheme) { // RFC 3986, 3.1
	case "postgres", "postgresql":
		return scheme != path
	}
	return false
}

// CheckURL refuses the URL of a database with blanks or quotes around it, as they are pasted with it: with them it
// would be the name of a file.
func CheckURL(path string) error {
	bare := strings.Trim(path, " \t\r\n\"`<>\u201c\u201d")
	if strings.HasPrefix(bare, "'") {
		bare = strings.Trim(bare, "' ")
	}
	if bare == path || !OnServer(bare) {
		return nil
	}
	shown, _ := Shown(bare)
	return fmt.Errorf("the journal's URL has blanks or quotes around it; give it without them: %s", shown)
}

// secretOptions are the options of a URL that hold a secret.
var secretOptions = []string{"password", "sslpassword"}

// Shown is the name of a journal as it may be told and kept, and whether that leaves a
// secret out: of a URL its password. Of one that cannot be read nothing is shown.
func Shown(path string) (shown string, secret bool) {
	if !OnServer(path) {
		return path, false
	}
	u := read(path)
	if u == nil {
		return "postgres://...", true
	}
	if _, secret = u.User.Password(); secret {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	for _, name := range secretOptions {
		if q.Has(name) {
			secret = true
			q.Del(name)
		}
	}
	if secret {
		u.RawQuery = q.Encode()
	}
	return u.String(), secret
}

// read is the URL; nil for one that cannot be read, or whose password may end elsewhere than it
// seems, since not all that is special in it is encoded.
func read(path string) *url.URL {
	u, err := url.Parse(path)
	if err != nil || strings.Contains(path, "@") != (u.User != nil) || strings.Count(path, "@") > 1 {
		return nil
	}
	return u
}

// sessionName is what the server calls the sessions of a Store, whose own name follows. By it they are
// found when the process is put out, so that no option of the URL takes its place.
const sessionName = "offboard "

// serverOf reads the URL. A connection that would go over a network without TLS, or to a
// server whose certificate and name nobody checks, is refused: what the journal holds are
// the names of people, and what it says decides who is sent. All sessions of a Store have its name.
func serverOf(path, store string) (*pgx.ConnConfig, error) {
	if read(path) == nil {
		return nil, errors.New("the URL cannot be read; write what is special in its user, password or options as %40 and so on")
	}
	_, rest, _ := strings.Cut(path, "://") // pgx takes a scheme in capitals for words of another form
	cfg, err := pgx.ParseConfig("postgres://" + rest)
	if bad, ok := errors.AsType[*pgconn.ParseConfigError](err); ok { // which quotes the URL
		err = errors.New("an option of the URL or a variable PG... is wrong")
		if why := errors.Unwrap(bad); why != nil {
			err = fmt.Errorf("%w: %w", err, why)
		}
	}
	if err != nil {
		return nil, err
	}
	ways := append([]*pgconn.FallbackConfig{{Host: cfg.Host, TLSConfig: cfg.TLSConfig}}, cfg.Fallbacks...)
	for _, way := range ways {
		if t := way.TLSConfig; !onThisMachine(way.Host) && (t == nil || t.InsecureSkipVerify) {
			return nil, fmt.Errorf("%s would not have to prove who it is; add sslmode=verify-full to the URL, and sslrootcert=FILE for a CA of your own", way.Host)
		}
	}
	for name, value := range map[string]string{
		// A session whose machine is gone ends soon, and its locks with it.
		"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3",
		"enable_seqscan": "off", "enable_bitmapscan": "off", "jit": "off", // see text
	} {
		if cfg.RuntimeParams[name] == "" {
			cfg.RuntimeParams[name] = value
		}
	}
	cfg.RuntimeParams["application_name"] = sessionName + store
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 10 * time.Second
	}
	dial := cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		return &patientConn{Conn: c}, err
	}
	return cfg, nil
}

// onThisMachine reports whether a connection to the host leaves no machine.
func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || ip != nil && ip.IsLoopback()
}

// answerWithin is how long any one answer of the server is waited for.
const answerWithin = time.Minute

// patientConn ends a read that the server does not answer. A server that hangs, or whose
// machine is gone, would hold a commit up for ever.
type patientConn struct {
	net.Conn
	mu  sync.Mutex
	set bool // the driver has a deadline of its own
}

func (c *patientConn) SetDeadline(at time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set = !at.IsZero()
	return c.Conn.SetDeadline(at)
}

func (c *patientConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	if !c.set {
		_ = c.Conn.SetReadDeadline(time.Now().Add(answerWithin))
	}
	c.mu.Unlock()
	return c.Conn.Read(p)
}
