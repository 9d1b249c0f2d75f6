package signature

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"offboard/batch/durable"
)

// Key is a private key that signs, from a file or the agent.
type Key = ssh.Signer

// OpenKey makes a private key ready to sign. The file is a private key that OpenSSH
// can read, or the .pub file of a key whose private half the ssh agent holds, such
// as one in a FIDO token. The socket is the agent's (SSH_AUTH_SOCK); "" means that
// there is none.
//
// A key with a passphrase is taken from the agent if that has it; otherwise
// passphrase is asked for it, and what it returns is overwritten with zeros. No
// error holds any part of the file or of the passphrase.
func OpenKey(file, socket string, passphrase func(prompt string) ([]byte, error)) (Key, error) {
	f, err := durable.Open(file)
	if err != nil {
		return nil, err // names the file
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	key, err := openKey(text, file, socket, passphrase)
	if err == nil {
		err = acceptable(key.PublicKey().Type())
	}
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", file, err)
	}
	return key, nil
}

func openKey(text []byte, file, socket string, passphrase func(prompt string) ([]byte, error)) (ssh.Signer, error) {
	if public, _, _, _, err := ssh.ParseAuthorizedKey(text); err == nil {
		if err := acceptable(public.Type()); err != nil {
			return nil, err
		}
		return inAgent(socket, public)
	}
	key, err := ssh.ParsePrivateKey(text)
	missing, locked := errors.AsType[*ssh.PassphraseMissingError](err)
	switch {
	case err == nil:
		return key, nil
	case !locked:
		return nil, errors.New("it is no private key that can be read here: OpenSSH's own format is read, with a passphrase or without (ssh-keygen -t ed25519 -f FILE makes one, ssh-keygen -p -f FILE converts one); of a key in a FIDO token, name the .pub file and add the key to the ssh agent")
	case missing.PublicKey != nil:
		if key, err := inAgent(socket, missing.PublicKey); err == nil {
			return key, nil
		}
	}
	secret, err := passphrase("Passphrase of " + file + ": ")
	if err != nil {
		return nil, fmt.Errorf("it has a passphrase, which could not be asked for: %w; add the key to the ssh agent with: ssh-add %s", err, file)
	}
	defer clear(secret)
	if key, err = ssh.ParsePrivateKeyWithPassphrase(text, secret); err != nil {
		return nil, errors.New("the passphrase is wrong, or the key is of a kind that the ssh agent alone can use; add it with ssh-add, and name the .pub file")
	}
	return key, nil
}

// inAgent is the key whose private half the ssh agent holds.
func inAgent(socket string, public ssh.PublicKey) (ssh.Signer, error) {
	if socket == "" {
		return nil, errors.New("only the public half is here, and no ssh agent is running (SSH_AUTH_SOCK is not set)")
	}
	held := false
	err := withAgent(socket, func(a agent.ExtendedAgent) error {
		keys, err := a.List()
		held = slices.ContainsFunc(keys, func(k *agent.Key) bool { return bytes.Equal(k.Blob, public.Marshal()) })
		return err
	})
	if err == nil && !held {
		err = errors.New("only the public half is here, and the ssh agent does not hold the private half; add it with: ssh-add FILE")
	}
	return agentKey{socket, public}, err
}

// agentKey signs through the agent. It connects for each signature, so that there is
// nothing to close.
type agentKey struct {
	socket string
	public ssh.PublicKey
}

func (k agentKey) PublicKey() ssh.PublicKey { return k.public }

func (k agentKey) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return k.SignWithAlgorithm(rand, data, k.public.Type())
}

// SignWithAlgorithm is asked with rsa-sha2-512 for RSA keys; other keys have one
// algorithm.
func (k agentKey) SignWithAlgorithm(_ io.Reader, data []byte, algorithm string) (s *ssh.Signature, err error) {
	var flags agent.SignatureFlags
	if algorithm == ssh.KeyAlgoRSASHA512 {
		flags = agent.SignatureFlagRsaSha512
	}
	err = withAgent(k.socket, func(a agent.ExtendedAgent) error {
		s, err = a.SignWithFlags(k.public, data, flags)
		return err
	})
	return s, err
}

// agentPatience is how long the ssh agent may take: a key in a FIDO token waits for a
// touch.
var agentPatience = time.Minute // shorter in a test

func withAgent(socket string, use func(agent.ExtendedAgent) error) error {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return fmt.Errorf("reach the ssh agent (SSH_AUTH_SOCK): %w", err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(agentPatience)); err != nil {
		return fmt.Errorf("reach the ssh agent (SSH_AUTH_SOCK): %w", err)
	}
	if err := use(agent.NewClient(conn)); err != nil {
		return fmt.Errorf("ask the ssh agent: %w", err)
	}
	return nil
}
