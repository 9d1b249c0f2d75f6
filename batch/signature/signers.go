package signature

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Signers is who may sign, as the allowed_signers file of OpenSSH says it.
type Signers []signer

// signer is one line of the file.
type signer struct {
	person        string // the principal, in lower case
	key           ssh.PublicKey
	namespaces    []string  // nil: all
	after, before time.Time // zero: no limit
}

// ParseSigners reads an allowed_signers file (ssh-keygen(1), "ALLOWED SIGNERS"). It takes
// a part of what ssh-keygen heeds: one plain principal, and the options namespaces,
// valid-after and valid-before. A line that holds anything else, such as a pattern, a
// list of principals or a certificate authority, is an error with its number. It is
// never ignored. The principal is the person, whether in capitals or not. A key belongs
// to one person, and may stand on several lines of that person.
func ParseSigners(r io.Reader) (Signers, error) {
	var all Signers
	no := 0
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		no++
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		s, err := parseSigner(text)
		for _, other := range all {
			if err == nil && equal(s.key, other.key) && s.person != other.person {
				err = fmt.Errorf("the key of %s is that of %s already; a key has one person", s.person, other.person)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", no, err)
		}
		all = append(all, s)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", no+1, err)
	}
	if len(all) == 0 {
		return nil, errors.New("it names no key; add lines such as ada@contoso.com ssh-ed25519 AAAA, with the key of a .pub file")
	}
	return all, nil
}

var (
	// signerForm is: PRINCIPAL [OPTIONS] TYPE KEY. What follows is a comment.
	signerForm = regexp.MustCompile(`^([^\s"*?!,]+)\s+(?:((?:[^\s"]|"[^"]*")+)\s+)?((?:ssh|ecdsa|sk)-\S+)\s+(\S+)`)

	// optionForm is one option, and the comma that follows it.
	optionForm = regexp.MustCompile(`^([A-Za-z-]+)(?:="([^"\\]*)")?(?:,|$)`)
)

func parseSigner(text string) (s signer, err error) {
	m := signerForm.FindStringSubmatch(text)
	if m == nil {
		return s, errors.New("it is not PRINCIPAL [OPTIONS] TYPE KEY, where TYPE and KEY are those of a .pub file and PRINCIPAL is one plain name; patterns and lists of names are not supported, write a line for each key")
	}
	if i := strings.IndexFunc(m[1], func(r rune) bool { return r <= ' ' || r > '~' }); i >= 0 {
		return s, fmt.Errorf("the name %+q has a character beyond ASCII, and could be written in two ways that look alike; write it in ASCII, and save the file without a byte order mark", m[1])
	}
	s.person = strings.ToLower(m[1])
	if err := s.options(m[2]); err != nil {
		return s, err
	}
	if err := acceptable(m[3]); err != nil {
		return s, err
	}
	blob, err := base64.StdEncoding.DecodeString(m[4])
	if err == nil {
		s.key, err = ssh.ParsePublicKey(blob)
	}
	if err != nil || s.key.Type() != m[3] {
		return s, fmt.Errorf("the %s key of %s is damaged; copy its .pub file again", m[3], m[1])
	}
	return s, nil
}

// options reads what stands between the principal and the key. Each option stands
// there once, as OpenSSH wants it.
func (s *signer) options(list string) (err error) {
	seen := map[string]bool{}
	for list != "" && err == nil {
		m := optionForm.FindStringSubmatch(list)
		if m == nil {
			return fmt.Errorf("the options %s are not written as NAME=\"VALUE\", with commas between them", list)
		}
		list = list[len(m[0]):]
		name, value := strings.ToLower(m[1]), m[2]
		switch {
		case seen[name]:
			return fmt.Errorf("the option %s stands there twice", name)
		case name == "valid-after":
			s.after, err = parseTime(value)
		case name == "valid-before":
			s.before, err = parseTime(value)
		case name == "namespaces" && value != "" && !strings.ContainsAny(value, "*?!"):
			s.namespaces = strings.Split(value, ",")
		case name == "namespaces":
			return fmt.Errorf("the namespaces %q are none, or a pattern, which is not supported; name each of them", value)
		default:
			return fmt.Errorf("the option %s is not supported; namespaces, valid-after and valid-before are", name)
		}
		seen[name] = true
	}
	if err == nil && !s.after.IsZero() && !s.before.IsZero() && !s.after.Before(s.before) {
		return errors.New("valid-after is not before valid-before")
	}
	return err
}

// parseTime reads YYYYMMDD[HHMM[SS]][Z]. Without Z it is the time of this machine's
// zone.
func parseTime(s string) (time.Time, error) {
	digits, utc := strings.CutSuffix(s, "Z")
	zone := time.Local
	if utc {
		zone = time.UTC
	}
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(digits) == len(layout) {
			if t, err := time.ParseInLocation(layout, digits, zone); err == nil {
				return t, nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("the time %q is not written as YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with a Z behind it for UTC", s)
}

// person says whose the key is, and why it may not sign for the namespace now; ""
// when it may. The person of a key that is not in the file is "".
func (all Signers) person(key ssh.PublicKey, namespace string, now time.Time) (person, why string) {
	why = "its key is not in the allowed_signers file"
	for _, s := range all {
		if !equal(s.key, key) {
			continue
		}
		person = s.person
		switch {
		case s.namespaces != nil && !slices.Contains(s.namespaces, namespace):
			why = fmt.Sprintf("the key of %s may sign for the namespaces %q alone", person, s.namespaces)
		case !s.after.IsZero() && now.Before(s.after):
			why = fmt.Sprintf("the key of %s is valid after %s", person, s.after.Format(time.RFC3339))
		case !s.before.IsZero() && now.After(s.before):
			why = fmt.Sprintf("the key of %s was valid before %s", person, s.before.Format(time.RFC3339))
		default:
			return person, ""
		}
	}
	return person, why
}

func equal(a, b ssh.PublicKey) bool { return string(a.Marshal()) == string(b.Marshal()) }
