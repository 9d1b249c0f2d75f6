// Package pgtest starts a PostgreSQL for tests, on a Unix socket and a loopback port.
package pgtest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Password is that of the role postgres, where it comes by TCP.
const Password = "q7 %/Zx"

// Server is one PostgreSQL, with a directory of its own. It ends with the process of the test.
type Server struct {
	Port int
	bin  string
	data string
	wait func() error
	hold *os.File // the server ends when it is closed
}

var (
	shared  sync.Mutex
	one     *Server
	schemas atomic.Int32
)

// Shared is the one server of the process, which no test stops.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if one == nil {
		one = start(t)
	}
	return one
}

// Own is a server of the test alone, which it may kill.
func Own(t testing.TB) *Server {
	t.Helper()
	s := start(t)
	t.Cleanup(func() { s.hold.Close(); _ = s.wait() })
	return s
}

// programs is the directory of PostgreSQL's programs. Without them the test is skipped; with
// CI=true it fails.
func programs(t testing.TB) string {
	t.Helper()
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.Reverse(dirs)
	for _, dir := range append(dirs, filepath.SplitList(os.Getenv("PATH"))...) {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("PostgreSQL is not installed (Debian's package postgresql)")
	}
	t.Skip("PostgreSQL is not installed (Debian's package postgresql): the journal on a server is not tested")
	return ""
}

func start(t testing.TB) *Server {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the tests start PostgreSQL on a Unix socket")
	}
	s := &Server{bin: programs(t)}
	base := ""
	if fi, err := os.Stat("/dev/shm"); err == nil && fi.IsDir() {
		base = "/dev/shm"
	}
	dir, err := os.MkdirTemp(base, "pg")
	must(t, err)
	s.data = filepath.Join(dir, "data")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s.Port = l.Addr().(*net.TCPAddr).Port
	must(t, l.Close())
	must(t, os.WriteFile(dir+"/password", []byte(Password), 0o644))
	if uid, gid, other := unprivileged(t); other {
		must(t, os.Chown(dir, uid, gid))
	}
	cmd := s.command(t, filepath.Join(s.bin, "initdb"), "--no-sync", "--no-locale", "-E", "UTF8", "-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile="+dir+"/password", "-D", s.data)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	s.Launch(t)
	return s
}

// unprivileged is whom PostgreSQL runs as where this is root, whom it refuses.
func unprivileged(t testing.TB) (uid, gid int, other bool) {
	t.Helper()
	if os.Geteuid() != 0 {
		return 0, 0, false
	}
	text, err := os.ReadFile("/etc/passwd")
	must(t, err)
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(line, ":"); f[0] == "postgres" || f[0] == "nobody" {
			uid, _ = strconv.Atoi(f[2])
			gid, _ = strconv.Atoi(f[3])
			if f[0] == "postgres" {
				break
			}
		}
	}
	return uid, gid, true
}

func (s *Server) command(t testing.TB, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	demote(t, cmd)
	return cmd
}

// Launch starts the server, and waits until it answers.
func (s *Server) Launch(t testing.TB) {
	t.Helper()
	// However the test ends, its end of the pipe is closed then.
	const script = `"$0" -D "$1" -p "$2" -k "$1" -c listen_addresses=127.0.0.1 -c max_connections=200 & p=$!; read -r word; kill -QUIT $p; wait; [ "$word" ] || rm -rf "${1%/data}"`
	cmd := s.command(t, "sh", "-c", script, filepath.Join(s.bin, "postgres"), s.data, strconv.Itoa(s.Port))
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	r, w, err := os.Pipe()
	must(t, err)
	cmd.Stdin = r
	must(t, cmd.Start())
	must(t, r.Close())
	s.hold = w
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	s.wait = func() error { return <-ended }
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := pgx.Connect(context.Background(), s.URL(""))
		if err == nil {
			must(t, c.Close(context.Background()))
			return
		}
		if time.Now().After(until) {
			t.Fatalf("PostgreSQL does not start: %v", err)
		}
	}
}

// Kill kills the server and all its sessions, as kill -9 does. Launch starts it again.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.data, "postmaster.pid"))
	must(t, err)
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	must(t, err)
	p, err := os.FindProcess(pid)
	must(t, err)
	must(t, p.Kill())
	fmt.Fprintln(s.hold, "keep")
	s.hold.Close()
	_ = s.wait()
}

// URL is that of a schema, by the socket; "" is the usual one.
func (s *Server) URL(schema string) string {
	q := url.Values{"host": {s.data}, "port": {strconv.Itoa(s.Port)}, "user": {"postgres"}}
	if schema != "" {
		q.Set("search_path", schema)
	}
	return "postgres:///postgres?" + q.Encode()
}

// Socket is the server's own, where nobody needs a password.
func (s *Server) Socket() string { return filepath.Join(s.data, ".s.PGSQL."+strconv.Itoa(s.Port)) }

// TCP is the URL of a schema by the loopback port, without the password.
func (s *Server) TCP(schema string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?search_path=%s", s.Port, schema)
}

// Exec executes statements, as the superuser.
func (s *Server) Exec(t testing.TB, text string) {
	t.Helper()
	c, err := pgx.Connect(context.Background(), s.URL(""))
	must(t, err)
	defer c.Close(context.Background())
	_, err = c.Exec(context.Background(), text)
	must(t, err)
}

// Schema makes an empty schema, and gives its name.
func (s *Server) Schema(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("t%d", schemas.Add(1))
	s.Exec(t, "CREATE SCHEMA "+name)
	return name
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
