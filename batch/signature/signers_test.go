package signature

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// Lines of people whose keys come of their letters.
var (
	trustedAda = "ada@contoso.com " + publicOf("a") + " ada@laptop\n"
	trustedBob = "bob@contoso.com " + publicOf("b") + "\n"
)

// publicOf is a public key as a .pub file has it, without the comment.
func publicOf(letter string) string {
	return strings.TrimSuffix(string(ssh.MarshalAuthorizedKey(person(letter[0]).PublicKey())), "\n")
}

func signersOf(t *testing.T, text string) Signers {
	t.Helper()
	all, err := ParseSigners(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return all
}

// TestSigners holds what each line of allowed_signers lets a key do, an hour after
// noon UTC, in a zone that is two hours ahead.
func TestSigners(t *testing.T) {
	local := time.Local
	time.Local = time.FixedZone("", 2*60*60)
	defer func() { time.Local = local }()
	key := publicOf("a")
	for _, c := range []struct{ line, person, why string }{
		{"ada@contoso.com " + key, "ada@contoso.com", ""},
		{"  Ada@Contoso.COM\t" + key + " any comment, with \"quotes and options\"", "ada@contoso.com", ""},
		{"# a comment\n\nada " + key + "\r", "ada", ""},
		{`ada namespaces="offboard-plan" ` + key, "ada", ""},
		{`ada NameSpaces="git,offboard-plan" ` + key, "ada", ""},
		{`ada namespaces="git,file" ` + key, "ada", `may sign for the namespaces ["git" "file"] alone`},
		{`ada valid-after="20261122130000Z" ` + key, "ada", ""},
		{`ada valid-after="20261122130001Z" ` + key, "ada", "valid after 2026-11-22T13:00:01Z"},
		{`ada valid-before="20261122130000Z" ` + key, "ada", ""},
		{`ada valid-before="20261122125959Z" ` + key, "ada", "was valid before 2026-11-22T12:59:59Z"},
		{`ada valid-before="202611221300Z" ` + key, "ada", ""},
		{`ada valid-before="20261122Z" ` + key, "ada", "was valid before 2026-11-22T00:00:00Z"},
		{`ada valid-before="202611221459" ` + key, "ada", "was valid before 2026-11-22T14:59:00+02:00"},
		{`ada valid-before="202611221500" ` + key, "ada", ""},
		{`ada valid-after="20261122" ` + key, "ada", ""},
		{`ada valid-after="20261123" ` + key, "ada", "valid after 2026-11-23T00:00:00+02:00"},
		{`ada namespaces="offboard-plan",valid-after="20261101",valid-before="20261201Z" ` + key, "ada", ""},
		{`ada valid-before="20261101" ` + key + "\nada " + key, "ada", ""},
		{"bob " + publicOf("b"), "", "not in the allowed_signers file"},
	} {
		who, why := signersOf(t, c.line).person(person('a').PublicKey(), PlanNamespace, noon.Add(time.Hour))
		if who != c.person || (why == "") != (c.why == "") || !strings.Contains(why, c.why) {
			t.Errorf("%s: %q may not since %q, want %q and %q", c.line, who, why, c.person, c.why)
		}
	}
}

// TestSignersRefused holds that what is not supported is refused, and never ignored.
func TestSignersRefused(t *testing.T) {
	key := publicOf("a")
	cert := &ssh.Certificate{Key: person('b').PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{"ada"}}
	if err := cert.SignCert(rand.Reader, person('a')); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, want string }{
		{"", "names no key"},
		{"# ada\n", "names no key"},
		{"ada", "PRINCIPAL [OPTIONS] TYPE KEY"},
		{key, "PRINCIPAL [OPTIONS] TYPE KEY"},
		{"*@contoso.com " + key, "patterns and lists"},
		{"ada,bob " + key, "patterns and lists"},
		{"!ada " + key, "patterns and lists"},
		{`"ada" ` + key, "patterns and lists"},
		{"ada cert-authority " + key, "the option cert-authority is not supported"},
		{`ada cert-authority,namespaces="x" ` + key, "the option cert-authority is not supported"},
		{`ada command="true" ` + key, "the option command is not supported"},
		{"ada no-touch-required " + key, "the option no-touch-required is not supported"},
		{"ada namespaces=offboard-plan " + key, "are not written as"},
		{"ada namespaces " + key, "none, or a pattern"},
		{`ada namespaces="" ` + key, "none, or a pattern"},
		{`ada namespaces="offboard-*" ` + key, "none, or a pattern"},
		{`ada namespaces="a",namespaces="b" ` + key, "stands there twice"},
		{`ada namespaces="a" namespaces="b" ` + key, "PRINCIPAL [OPTIONS] TYPE KEY"},
		{`ada valid-after="2026-11-22" ` + key, "the time"},
		{`ada valid-after="202611" ` + key, "the time"},
		{`ada valid-after="20261322" ` + key, "the time"},
		{`ada valid-after="20261122z" ` + key, "the time"},
		{`ada valid-before ` + key, "the time"},
		{`ada valid-after="20261122",valid-before="20261122" ` + key, "valid-after is not before valid-before"},
		{"ada " + key[:len(key)-4], "the ssh-ed25519 key of ada is damaged"},
		{"ada " + strings.Replace(key, "ssh-ed25519", "ssh-rsa", 1), "the ssh-rsa key of ada is damaged"},
		{"ada " + strings.Replace(key, "ssh-ed25519", "ssh-dss", 1), "type ssh-dss may not sign"},
		{"ada " + string(ssh.MarshalAuthorizedKey(cert)), "a certificate"},
		{"\ufeffada@contoso.com " + key, "line 1: the name \"\\ufeffada@contoso.com\" has a character beyond ASCII"},
		{"adae\u0301 " + key, "beyond ASCII"},
		{"ada@contoso.com\u200b " + key, "beyond ASCII"},
		{"ada " + key + "\nbob " + key, "line 2: the key of bob is that of ada already"},
		{"ada " + publicOf("b") + "\n*@x " + key, "line 2: "},
		{strings.Repeat("a", 1<<17), "line 1: "},
	} {
		if all, err := ParseSigners(strings.NewReader(c.line)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.100s: %v, error %v, want %q", c.line, all, err, c.want)
		}
	}
}

// TestJudge holds which signatures count, and why others do not.
func TestJudge(t *testing.T) {
	file := []byte("a plan\n")
	ecKey, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ssh.NewSignerFromKey(ecKey)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(key ssh.Signer, namespace string) File {
		text, err := Sign(key, namespace, bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		return File{Name: namespace + ".sig", Text: text}
	}
	cert := &ssh.Certificate{Key: person('a').PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{"ada"}, ValidBefore: ssh.CertTimeInfinity}
	if err := cert.SignCert(rand.Reader, person('c')); err != nil {
		t.Fatal(err)
	}
	certified, err := ssh.NewCertSigner(cert, person('a'))
	if err != nil {
		t.Fatal(err)
	}
	two := trustedAda + trustedBob
	for _, c := range []struct {
		name       string
		signers    string
		signatures []File
		people     string
		why        string // of one that does not count
	}{
		{"none", two, nil, "", ""},
		{"two people", two, signed(t, file, "ab"), "ada@contoso.com, bob@contoso.com", ""},
		{"a key of nobody", two, signed(t, file, "ac"), "ada@contoso.com", "plan.jsonl.c.sig (key SHA256:"},
		{"twice by one key", two, signed(t, file, "aa"), "ada@contoso.com", "the person has approved the plan already, with plan.jsonl.a.sig"},
		{"two keys of one person", trustedAda + "ADA@contoso.com " + publicOf("b"), signed(t, file, "ab"), "ada@contoso.com", "the person has approved the plan already"},
		{"expired", trustedBob + `ada valid-before="20261101Z" ` + publicOf("a"), signed(t, file, "ab"), "bob@contoso.com", "the key of ada was valid before 2026-11-01T00:00:00Z"},
		{"for another namespace", two, []File{sign(person('a'), ReportNamespace)}, "", `it was made for the namespace "offboard-report"`},
		{"a key that may not sign plans", `ada namespaces="git" ` + publicOf("a"), signed(t, file, "a"), "", `the namespaces ["git"] alone`},
		{"by a certificate", two, []File{sign(certified, PlanNamespace)}, "", "a certificate"},
		{"ecdsa", "eve " + string(ssh.MarshalAuthorizedKey(ec.PublicKey())), []File{sign(ec, PlanNamespace)}, "eve", ""},
	} {
		all, err := judged(file, c.signatures, signersOf(t, c.signers))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if people := peopleOf(all); people != c.people || len(all) != len(c.signatures) {
			t.Errorf("%s: %q approved, want %q; %+v", c.name, people, c.people, all)
		}
		n := len(Approvals(all))
		if err := Require(all, n); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		told(t, c.name, Require(all, n+1), ErrUnapproved, "of different people, and has")
		if c.why != "" {
			told(t, c.name, Require(all, n+1), ErrUnapproved, c.why)
		}
	}
	_, err = judged(append(bytes.Clone(file), ' '), signed(t, file, "a"), nil)
	told(t, "signature of another plan", err, ErrAltered, "plan.jsonl.a.sig: it is no signature of these bytes by the key SHA256:")
}

// TestTrailingBytes: a signature that nothing signs a part of is none.
func TestTrailingBytes(t *testing.T) {
	text := []byte("a plan\n")
	good, err := parseSignature(signed(t, text, "a")[0].Text)
	if err != nil {
		t.Fatal(err)
	}
	good.Signature.Rest = []byte{1}
	if _, err := verify(armored(good.Marshal()), PlanNamespace, bytes.NewReader(text)); err == nil || !strings.Contains(err.Error(), "bytes follow the signature") {
		t.Error(err)
	}
	good.Signature.Rest = nil
	if _, err := verify(armored(append(good.Marshal(), 1)), PlanNamespace, bytes.NewReader(text)); err == nil {
		t.Error("bytes behind the last part pass")
	}
	if _, err := verify(armored(good.Marshal()), PlanNamespace, bytes.NewReader(text)); err != nil {
		t.Error(err)
	}
}

func armored(blob []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "SSH SIGNATURE", Bytes: blob})
}

func peopleOf(all []Judged) string {
	var people []string
	for _, a := range Approvals(all) {
		people = append(people, a.Person)
	}
	return strings.Join(people, ", ")
}
