package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"offboard/batch/durable"
	"offboard/batch/trace"
)

// Secret is a secret of the environment: the value of a variable, what the file has that
// NAME_FILE names, or what the command of NAME_COMMAND prints. The zero value is none. No
// method and no error of it gives any part of the value.
type Secret struct {
	Variable string // that has it
	how      string // the end of its name
	said     string // the value, the file or the command
}

// The ends of the names of a secret's variables.
const (
	asFile    = "_FILE"
	asCommand = "_COMMAND"
)

// Plain is a secret that is at hand.
func Plain(value string) Secret { return Secret{said: value} }

// String hides the secret.
func (s Secret) String() string { return "(a secret)" }

// GoString hides the secret.
func (s Secret) GoString() string { return s.String() }

func filesOf(secrets ...Secret) (paths []string) {
	for _, s := range secrets {
		if s.how == asFile {
			paths = append(paths, strings.TrimSpace(s.said))
		}
	}
	return paths
}

func (s Secret) set() bool { return s.said != "" }

// secretNames are the variables of one secret.
func secretNames(name string) []string {
	switch name {
	case envCertificate: // which is a file, and no text that a variable could hold
		return []string{envCertificate, envCertificateCommand}
	case envFederatedTokenFile: // as Kubernetes sets it
		return []string{envFederatedTokenFile}
	}
	return []string{name, name + asFile, name + asCommand}
}

// secret finds the one variable that has a secret. Two are an error.
func (e Environment) secret(name string) (found Secret, err error) {
	for _, variable := range secretNames(name) {
		if strings.TrimSpace(e[variable]) == "" {
			continue
		}
		if found.set() {
			return Secret{}, fmt.Errorf("%s and %s are both set; unset the one that is not meant", found.Variable, variable)
		}
		found = Secret{Variable: variable, said: e[variable]}
		switch {
		case strings.HasSuffix(variable, asCommand):
			found.how = asCommand
		case variable != name || name == envCertificate:
			found.how = asFile
		}
	}
	return found, nil
}

// read gives the secret, without the line end of a file or of what a command prints. It is one
// line of characters that can be seen.
func (s Secret) read(ctx context.Context) (string, error) {
	text, err := s.said, error(nil)
	if !s.set() {
		return "", nil
	}
	switch s.how {
	case asFile:
		text, err = durable.ReadSecret(strings.TrimSpace(s.said))
		if err = asPath(s.Variable, strings.TrimSpace(s.said), err); err != nil {
			return "", err
		}
	case asCommand:
		if text, err = s.run(ctx); err != nil {
			return "", err
		}
	}
	if s.how != "" {
		text = strings.TrimRight(text, "\r\n")
	}
	if err := alone(s.Variable, text); err != nil {
		return "", err
	}
	return text, nil
}

// asPath names the variable in an error of its file, and the file if that can be one.
func asPath(variable, path string, err error) error {
	switch {
	case err == nil:
		return nil
	case !durable.IsPath(path):
		return fmt.Errorf("%s holds no path of a file that exists; its value is not shown, since it may be what the file is to hold", variable)
	}
	return fmt.Errorf("%s: %w", variable, err)
}

// alone refuses what is no secret as it stands: the service would say that it is wrong, and
// not why.
func alone(variable, text string) error {
	why := ""
	switch lines := strings.Count(text, "\n") + 1; {
	case strings.TrimSpace(text) == "":
		return fmt.Errorf("%s gives nothing", variable)
	case strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"), strings.Contains(text, "\x00"):
		why = "is in UTF-16, as PowerShell writes it, or has a NUL; save it as UTF-8"
	case strings.HasPrefix(text, "\ufeff"):
		why = "begins with a byte order mark; save it as UTF-8 without one"
	case lines > 1:
		why = fmt.Sprintf("has %d lines; give the secret alone, on one line", lines)
	case strings.TrimSpace(text) != text:
		why = "begins or ends with a blank or a line end; take that off"
	case !utf8.ValidString(text):
		why = "is not in UTF-8; save it as that"
	default:
		if at := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }); at >= 0 {
			why = fmt.Sprintf("has a character that cannot be seen, at byte %d; take it out", at+1)
		}
	}
	if why == "" {
		return nil
	}
	return fmt.Errorf("the secret of %s %s", variable, why)
}

// commandTimeout is how long a command may take that prints a secret.
const commandTimeout = 20 * time.Second

// run has the shell carry out the command. Its arguments may hold secrets, so an error
// names the variable and has what the command wrote to stderr, never what it printed.
func (s Secret) run(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	var out, said limited
	cmd := shell(ctx, s.said)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &said, time.Second
	err := cmd.Run()
	words := trace.Said(strings.Join(strings.Fields(said.held.String()), " "), pieces(out.held.String())...)
	exit, failed := errors.AsType[*exec.ExitError](err)
	if failed && (exit.ExitCode() == 127 || exit.ExitCode() == 126) || !strings.ContainsAny(strings.TrimSpace(s.said), " \t") && !isProgram(s.said) {
		words = "" // the shell's, which repeats the command: that may be the secret itself
	}
	if words != "" {
		words = ": " + words
	}
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return "", fmt.Errorf("the command in %s did not end within %v%s; run it by hand to see what it waits for", s.Variable, commandTimeout, words)
	case out.full:
		return "", fmt.Errorf("the command in %s prints more than %d bytes, which is no secret", s.Variable, durable.MostSecret)
	case failed:
		return "", fmt.Errorf("the command in %s failed (%s)%s; run it by hand to see why", s.Variable, exit.ProcessState, words)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay): // a child process keeps the pipe open; the command itself ended well
		return "", fmt.Errorf("the command in %s cannot be run%s; run it by hand to see why", s.Variable, words) // err would quote it
	}
	return out.held.String(), nil
}

// pieces are what a text is made of: its lines, and the words in them that are long enough
// to be told from others.
func pieces(text string) (all []string) {
	for line := range strings.Lines(text) {
		all = append(all, strings.TrimSpace(line))
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("\"'`,;=", r) }) {
			if len(word) >= 6 {
				all = append(all, word)
			}
		}
	}
	return all
}

func isProgram(name string) bool {
	_, err := exec.LookPath(strings.TrimSpace(name))
	return err == nil
}

// limited is a buffer that holds as much as a secret may have.
type limited struct {
	held bytes.Buffer // not embedded, since its ReadFrom knows no limit
	full bool
}

var errLong = errors.New("too long")

func (b *limited) Write(p []byte) (int, error) {
	if b.held.Len()+len(p) > durable.MostSecret {
		b.full = true
		return 0, errLong
	}
	return b.held.Write(p)
}
