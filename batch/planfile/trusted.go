package planfile

import (
	"bufio"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Trusted is whose approvals count: the name of each public key. Two keys of
// one name are one person's.
type Trusted map[[ed25519.PublicKeySize]byte]string

// Judged is an approval as the trusted set sees it.
type Judged struct {
	Approval
	Signer string // the key's name in the set; "" for a key that is not there
	Counts bool   // a trusted signer's first approval of this plan
}

// Approvals judges all approvals of a plan. A signature that is not one of the
// plan is ErrAltered; an approval by an unknown key is listed and does not count.
func (t Trusted) Approvals(f File) ([]Judged, error) {
	var all []Judged
	seen := make(map[string]bool)
	for i, a := range f.Approvals {
		if err := a.check(f.Digest); err != nil {
			return nil, altered("approval %d: %v", i+1, err)
		}
		j := Judged{Approval: a, Signer: t[[ed25519.PublicKeySize]byte(a.Key)]}
		j.Counts = j.Signer != "" && !seen[j.Signer]
		seen[j.Signer] = true
		all = append(all, j)
	}
	return all, nil
}

// Require is ErrUnapproved unless at least n different trusted signers approved
// the plan, and ErrAltered if a signature is not one of it.
func (t Trusted) Require(f File, n int) error {
	all, err := t.Approvals(f)
	if err != nil {
		return err
	}
	var counted, others []string
	for _, j := range all {
		switch {
		case j.Counts:
			counted = append(counted, j.Signer)
		case j.Signer == "":
			others = append(others, fmt.Sprintf("%q (key %s)", j.Name, shortID(j.Key)))
		}
	}
	if len(counted) >= n {
		return nil
	}
	said := fmt.Sprintf("it needs %d of different trusted people, and has %d", n, len(counted))
	if len(counted) > 0 {
		said += ": " + strings.Join(counted, ", ")
	}
	if len(others) > 0 {
		said += "; not trusted: " + strings.Join(others, ", ")
	}
	return fmt.Errorf("%w: %s", ErrUnapproved, said)
}

// ParseTrusted reads a trusted set. It has, in any mixture and order,
//
//   - lines of OpenSSH: "ssh-ed25519 AAAA... name" (as in a .pub file), or
//     "name ssh-ed25519 AAAA..." with an @ in the name (as in allowed_signers);
//   - PEM blocks of public keys, as "openssl pkey -pubout" writes them. The
//     comment on the line before ("# alice@contoso.com") is the name;
//   - blank lines, and comments that begin with #.
//
// Anything else is an error, above all an option beside a key, since it may
// forbid what would then be allowed here. So is an empty set, a key that is there
// twice, and a key without a name: names tell people apart.
func ParseTrusted(r io.Reader) (Trusted, error) {
	p := trustParser{set: make(Trusted)}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		p.no++
		if err := p.line(lines.Text()); err != nil {
			return nil, fmt.Errorf("read trusted keys: line %d: %w", p.no, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read trusted keys: line %d: %w", p.no+1, err)
	}
	switch {
	case p.block != nil:
		return nil, fmt.Errorf("read trusted keys: line %d: the PEM block does not end", p.no)
	case len(p.set) == 0:
		return nil, errors.New("read trusted keys: there is no key; add lines such as: ssh-ed25519 AAAA... alice@contoso.com")
	}
	return p.set, nil
}

type trustParser struct {
	set   Trusted
	no    int      // of the line
	last  string   // the comment on the line before; "" when it was none
	block []string // lines of an open PEM block; nil: none is open
}

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
)

func (p *trustParser) line(line string) error {
	line = strings.TrimSpace(line)
	comment, isComment := strings.CutPrefix(line, "#")
	switch {
	case p.block != nil && strings.HasPrefix(line, pemBegin):
		return errors.New("the PEM block before this one does not end")
	case p.block != nil:
		p.block = append(p.block, line)
		if !strings.HasPrefix(line, pemEnd) {
			return nil
		}
		text, name := strings.Join(p.block, "\n")+"\n", p.last
		p.block, p.last = nil, ""
		key, err := parsePublic([]byte(text))
		if err != nil {
			return err
		}
		return p.add(key, name)
	case strings.HasPrefix(line, pemBegin):
		p.block = []string{line}
		return nil
	case isComment:
		p.last = strings.TrimSpace(comment)
		return nil
	}
	p.last = ""
	if line == "" {
		return nil
	}
	key, name, err := parseSSH(line)
	if err != nil {
		return err
	}
	return p.add(key, name)
}

func (p *trustParser) add(key ed25519.PublicKey, name string) error {
	k := [ed25519.PublicKeySize]byte(key)
	switch {
	case name == "":
		return errors.New("the key has no name; write whose it is behind an ssh-ed25519 key, or as a comment (# alice) on the line above a PEM block")
	case !utf8.ValidString(name):
		return fmt.Errorf("the name %q is no UTF-8", name)
	case p.set[k] != "":
		return fmt.Errorf("the key of %q is there already, as that of %q", name, p.set[k])
	}
	p.set[k] = name
	return nil
}

// parsePublic reads a PEM block.
func parsePublic(text []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(text)
	switch {
	case block == nil:
		return nil, errors.New("the PEM block that ends here is damaged")
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return nil, errors.New("a private key does not belong here; write its public half with: openssl pkey -in FILE -pubout")
	case block.Type != "PUBLIC KEY":
		return nil, fmt.Errorf("the PEM block is a %.40q, and not a PUBLIC KEY", block.Type)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	public, ok := key.(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("the public key is no Ed25519 key, and only those approve plans")
	}
	return public, nil
}
