package signature

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// needs skips a test where programs of OpenSSH are missing, but not in continuous
// integration, which has them.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing: install openssh-client", p)
			}
			t.Skipf("%s is missing: install openssh-client to run this test", p)
		}
	}
}

// does runs a program and returns what it writes to standard output.
func does(t *testing.T, stdin []byte, name string, args ...string) []byte {
	t.Helper()
	out, err := try(stdin, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// try gives the standard output, or after a failure both outputs.
func try(stdin []byte, name string, args ...string) ([]byte, error) {
	var out, errs bytes.Buffer
	c := exec.Command(name, args...)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(stdin), &out, &errs
	c.Env = append(os.Environ(), "SSH_ASKPASS_REQUIRE=never")
	if err := c.Run(); err != nil {
		return append(out.Bytes(), errs.Bytes()...), err
	}
	return out.Bytes(), nil
}

// newKey makes a key with ssh-keygen and returns its file.
func newKey(t *testing.T, kind, passphrase string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "id_"+kind)
	args := []string{"-q", "-t", kind, "-a", "1", "-N", passphrase, "-C", "ada@laptop", "-f", file}
	if kind == "rsa" {
		args = append(args, "-b", "1024") // quicker to make
	}
	does(t, nil, "ssh-keygen", args...)
	return file
}

// newAgent starts an ssh agent and returns its socket.
func newAgent(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	out := string(does(t, nil, "ssh-agent", "-s", "-a", socket))
	_, after, _ := strings.Cut(out, "SSH_AGENT_PID=")
	pid, _, _ := strings.Cut(after, ";")
	t.Cleanup(func() {
		cmd := exec.Command("ssh-agent", "-k")
		cmd.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket, "SSH_AGENT_PID="+pid)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("end the agent: %v: %s", err, out)
		}
		os.RemoveAll(dir)
	})
	return socket
}

// inNewAgent adds the key to an agent of its own.
func inNewAgent(t *testing.T, file, passphrase string) string {
	t.Helper()
	socket := newAgent(t)
	open := file + ".open"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(open, text, 0o600); err != nil {
		t.Fatal(err)
	}
	does(t, nil, "ssh-keygen", "-q", "-p", "-a", "1", "-P", passphrase, "-N", "", "-f", open)
	does(t, nil, "env", "SSH_AUTH_SOCK="+socket, "ssh-add", "-q", open)
	if err := os.Remove(open); err != nil {
		t.Fatal(err)
	}
	return socket
}

func unasked(t *testing.T) func(string) ([]byte, error) {
	return func(prompt string) ([]byte, error) {
		t.Errorf("asked for %q", prompt)
		return nil, os.ErrInvalid
	}
}

// What Sign makes ssh-keygen accepts, and what ssh-keygen makes Verify accepts,
// whatever the kind of key and wherever its private half is.
func TestSignaturesAreThoseOfOpenSSH(t *testing.T) {
	t.Parallel()
	needs(t, "ssh-keygen", "ssh-agent", "ssh-add")
	text := []byte("a plan\n")
	for _, kind := range []string{"ed25519", "ecdsa", "rsa"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			plain, locked := newKey(t, kind, ""), newKey(t, kind, "correct horse")
			socket := inNewAgent(t, locked, "correct horse")
			asked := func(prompt string) ([]byte, error) {
				if prompt != "Passphrase of "+locked+": " {
					t.Errorf("asked for %q", prompt)
				}
				return []byte("correct horse"), nil
			}
			for _, c := range []struct {
				name, file, socket string
				passphrase         func(string) ([]byte, error)
			}{
				{"without a passphrase", plain, "", unasked(t)},
				{"passphrase", locked, "", asked},
				{"agent", locked, socket, unasked(t)},
				{"public file and agent", locked + ".pub", socket, unasked(t)},
			} {
				key, err := OpenKey(c.file, c.socket, c.passphrase)
				if err != nil {
					t.Fatalf("%s: %v", c.name, err)
				}
				sig, err := Sign(key, PlanNamespace, bytes.NewReader(text))
				if err != nil {
					t.Fatalf("%s: %v", c.name, err)
				}
				file := filepath.Join(t.TempDir(), "sig")
				if err := os.WriteFile(file, sig, 0o600); err != nil {
					t.Fatal(err)
				}
				does(t, text, "ssh-keygen", "-Y", "check-novalidate", "-n", PlanNamespace, "-s", file)
				if made, err := verify(sig, PlanNamespace, bytes.NewReader(text)); err != nil || !equal(made, key.PublicKey()) {
					t.Errorf("%s: our own signature: %v", c.name, err)
				}
			}
			theirs := does(t, text, "ssh-keygen", "-q", "-Y", "sign", "-n", PlanNamespace, "-f", plain)
			if _, err := verify(theirs, PlanNamespace, bytes.NewReader(text)); err != nil {
				t.Error(err)
			}
			if _, err := verify(theirs, ReportNamespace, bytes.NewReader(text)); err == nil || !strings.Contains(err.Error(), `made for the namespace "offboard-plan"`) {
				t.Errorf("in another namespace: %v", err)
			}
			if _, err := verify(theirs, PlanNamespace, strings.NewReader("a plan\n\n")); err == nil {
				t.Error("another text passes")
			}
			for i := range theirs {
				altered := bytes.Clone(theirs)
				altered[i] ^= 1 << (i % 8)
				if _, err := verify(altered, PlanNamespace, bytes.NewReader(text)); err == nil {
					t.Errorf("byte %d altered passes:\n%s", i, altered)
				}
			}
		})
	}
}

// A key that cannot sign says what would help, and nothing that is secret.
func TestKeysThatDoNotOpen(t *testing.T) {
	t.Parallel()
	needs(t, "ssh-keygen", "ssh-agent")
	key, locked := newKey(t, "ed25519", ""), newKey(t, "ecdsa", "correct horse")
	does(t, nil, "ssh-keygen", "-q", "-s", key, "-I", "id", "-n", "ada", locked+".pub")
	old := newKey(t, "rsa", "correct horse")
	does(t, nil, "ssh-keygen", "-q", "-p", "-m", "PKCS8", "-P", "correct horse", "-N", "correct horse", "-f", old)
	noKey := filepath.Join(t.TempDir(), "leavers.csv")
	if err := os.WriteFile(noKey, []byte("upn\nsecret@contoso.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := newAgent(t)
	says := func(passphrase string) func(string) ([]byte, error) {
		return func(string) ([]byte, error) { return []byte(passphrase), nil }
	}
	for _, c := range []struct {
		name, file, socket, want string
		passphrase               func(string) ([]byte, error)
	}{
		{"no file", key + ".gone", "", "no such file", unasked(t)},
		{"no key", noKey, "", "ssh-keygen -t ed25519", unasked(t)},
		{"public half without an agent", key + ".pub", "", "SSH_AUTH_SOCK is not set", unasked(t)},
		{"public half, an agent without the key", key + ".pub", empty, "ssh-add", unasked(t)},
		{"an agent that is gone", key + ".pub", empty + "x", "reach the ssh agent", unasked(t)},
		{"certificate", strings.TrimSuffix(locked, ".pub") + "-cert.pub", empty, "certificate", unasked(t)},
		{"wrong passphrase", locked, empty, "the passphrase is wrong", says("battery staple")},
		{"passphrase in PKCS#8", old, "", "ssh-keygen -p -f FILE converts one", unasked(t)},
		{"nobody to ask", locked, "", "ssh-add " + locked, func(string) ([]byte, error) { return nil, os.ErrClosed }},
	} {
		_, err := OpenKey(c.file, c.socket, c.passphrase)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) {
			t.Errorf("%s: %v, want it to name the file and %q", c.name, err, c.want)
			continue
		}
		for _, secret := range []string{"correct horse", "battery staple", "secret@"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error holds a secret: %v", c.name, err)
			}
		}
	}
}

// The passphrase does not stay in memory.
func TestPassphraseIsOverwritten(t *testing.T) {
	t.Parallel()
	needs(t, "ssh-keygen")
	secret := []byte("correct horse")
	if _, err := OpenKey(newKey(t, "ed25519", "correct horse"), "", func(string) ([]byte, error) { return secret, nil }); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(secret, make([]byte, len(secret))) {
		t.Errorf("the passphrase is still there: %q", secret)
	}
}

// TestAllowedSignersAreThoseOfOpenSSH holds each form of a line against ssh-keygen, at
// 13:00 UTC, in a zone that is two hours ahead.
func TestAllowedSignersAreThoseOfOpenSSH(t *testing.T) {
	needs(t, "ssh-keygen", "env")
	local := time.Local
	time.Local = time.FixedZone("", 2*60*60)
	defer func() { time.Local = local }()
	text, dir := []byte("a plan\n"), t.TempDir()
	allowed, signature := filepath.Join(dir, "allowed_signers"), filepath.Join(dir, "sig")
	write := func(name string, b []byte) {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(signature, signed(t, text, "a")[0].Text)
	for _, c := range []struct {
		options string
		ok      bool
	}{
		{"", true},
		{`namespaces="offboard-plan"`, true},
		{`NameSpaces="git,offboard-plan"`, true},
		{`namespaces="git"`, false},
		{`namespaces="offboard-plan2"`, false},
		{`namespaces="git",namespaces="offboard-plan"`, false},
		{`namespaces=offboard-plan`, false},
		{`valid-after="20261122130000Z"`, true},
		{`valid-after="20261122130001Z"`, false},
		{`valid-before="20261122130000Z"`, true},
		{`valid-before="20261122125959Z"`, false},
		{`valid-before="202611221300Z"`, true},
		{`valid-before="202611221259Z"`, false},
		{`valid-before="20261122Z"`, false},
		{`valid-before="20261123Z"`, true},
		{`valid-after="202611221500"`, true},
		{`valid-after="202611221501"`, false},
		{`valid-before="202611221500"`, true},
		{`valid-before="202611221459"`, false},
		{`valid-after="20261122"`, true},
		{`valid-after="20261123"`, false},
		{`valid-before="2026-11-23"`, false},
		{`valid-after="20261120",valid-before="20261130Z",namespaces="offboard-plan"`, true},
		{`valid-after="20261123Z",valid-before="20261122Z"`, false},
		{`command="true"`, false},
		{"cert-authority", false},
	} {
		line := []byte("ada " + c.options + " " + publicOf("a") + " comment\n")
		write(allowed, line)
		out, err := try(text, "env", "TZ=XXX-2", "ssh-keygen", "-Y", "verify", "-Overify-time=20261122130000Z", "-f", allowed, "-I", "ada", "-n", PlanNamespace, "-s", signature)
		if (err == nil) != c.ok {
			t.Errorf("ssh-keygen, %s: %v, want %v\n%s", c.options, err, c.ok, out)
		}
		signers, err := ParseSigners(bytes.NewReader(line))
		_, why := signers.person(person('a').PublicKey(), PlanNamespace, noon.Add(time.Hour))
		if (err == nil && why == "") != c.ok {
			t.Errorf("%s: error %v, %q, want %v", c.options, err, why, c.ok)
		}
	}
}

// An agent that does not answer, as one that was stopped, is given up.
func TestSilentAgent(t *testing.T) {
	defer func(was time.Duration) { agentPatience = was }(agentPatience)
	agentPatience = 50 * time.Millisecond
	dir, err := os.MkdirTemp("", "agent") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	silent, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	public := filepath.Join(dir, "ada.pub")
	if err := os.WriteFile(public, []byte(publicOf("a")), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKey(public, silent.Addr().String(), unasked(t)); err == nil || !strings.Contains(err.Error(), "i/o timeout") {
		t.Errorf("error %v, want that the time is up", err)
	}
}
