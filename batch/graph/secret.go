package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"offboard/batch/durable"
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

// read gives the secret, without the line end of a file or of what a command prints.
func (s Secret) read(ctx context.Context) (string, error) {
	text, err := s.said, error(nil)
	switch s.how {
	case asFile:
		if text, err = durable.ReadSecret(strings.TrimSpace(s.said)); err != nil {
			return "", fmt.Errorf("%s: %w", s.Variable, err)
		}
	case asCommand:
		if text, err = s.run(ctx); err != nil {
			return "", err
		}
	}
	if s.how != "" {
		if text = strings.TrimRight(text, "\r\n"); text == "" {
			return "", fmt.Errorf("%s gives nothing", s.Variable)
		}
	}
	return text, nil
}

// commandTimeout is how long a command may take that prints a secret.
const commandTimeout = 20 * time.Second

// run has the shell carry out the command. Its arguments may hold secrets, so an error
// names the variable and has what the command wrote to stderr, never what it printed.
func (s Secret) run(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	var out, said brief
	cmd := shell(ctx, s.said)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &said, time.Second
	err := cmd.Run()
	words := strings.Join(strings.Fields(said.held.String()), " ")
	if words != "" {
		words = ": " + words
	}
	switch exit, failed := errors.AsType[*exec.ExitError](err); {
	case ctx.Err() == context.DeadlineExceeded:
		return "", fmt.Errorf("the command in %s did not end within %v%s; run it by hand to see what it waits for", s.Variable, commandTimeout, words)
	case out.full:
		return "", fmt.Errorf("the command in %s prints more than %d bytes, which is no secret", s.Variable, durable.MostSecret)
	case failed:
		return "", fmt.Errorf("the command in %s failed (%s)%s; run it by hand to see why", s.Variable, exit.ProcessState, words)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay): // a child that it left behind is none of its own
		return "", fmt.Errorf("the command in %s cannot be run%s; run it by hand to see why", s.Variable, words) // err would quote it
	}
	return out.held.String(), nil
}

// brief is a buffer that holds as much as a secret may have.
type brief struct {
	held bytes.Buffer // not embedded, since its ReadFrom knows no limit
	full bool
}

var errLong = errors.New("too long")

func (b *brief) Write(p []byte) (int, error) {
	if b.held.Len()+len(p) > durable.MostSecret {
		b.full = true
		return 0, errLong
	}
	return b.held.Write(p)
}
