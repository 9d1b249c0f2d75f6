package planfile

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/iotest"
)

// Public keys as OpenSSL 3.0 and OpenSSH 9.2 wrote them.
const (
	sshBob = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIQsm/dvauOzau2YSLyuD8s6m+LmDjB5b6YwHtcSXG42"
	pemBob = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAhCyb929q47Nq7ZhIvK4Pyzqb4uYOMHlvpjAe1xJcbjY=\n-----END PUBLIC KEY-----\n"
	pemAda = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAMuska8ktiNOiGN7UUB2LfxK5fxD669ingpDEudzxJKU=\n-----END PUBLIC KEY-----\n"
	pemRSA = "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALr6l8pgS3oP/xeAlOIWn27+LHddW3bY\nwOzGbd27kgjdw/vHv5Kzhs6iG1CZc1wk03gSBexgRFYysrwUcPXj1uECAwEAAQ==\n-----END PUBLIC KEY-----\n"
)

func TestParseTrusted(t *testing.T) {
	bob := [32]byte([]byte("\x84\x2c\x9b\xf7\x6f\x6a\xe3\xb3\x6a\xed\x98\x48\xbc\xae\x0f\xcb\x3a\x9b\xe2\xe6\x0e\x30\x79\x6f\xa6\x30\x1e\xd7\x12\x5c\x6e\x36"))
	ada := [32]byte([]byte("\x32\xeb\x24\x6b\xc9\x2d\x88\xd3\xa2\x18\xde\xd4\x50\x1d\x8b\x7f\x12\xb9\x7f\x10\xfa\xeb\xd8\xa7\x82\x90\xc4\xb9\xdc\xf1\x24\xa5"))
	cases := []struct {
		name, text string
		want       Trusted
		err        string
	}{
		{"line of a .pub file", sshBob + " bob@contoso.com\n", Trusted{bob: "bob@contoso.com"}, ""},
		{"name of two words", sshBob + "\tBob  B. ", Trusted{bob: "Bob B."}, ""},
		{"allowed signer", "bob@contoso.com " + sshBob + " laptop\r\n", Trusted{bob: "bob@contoso.com"}, ""},
		{"PEM", "# Ada L.\r\n" + strings.ReplaceAll(pemAda, "\n", "\r\n"), Trusted{ada: "Ada L."}, ""},
		{"all", "# the board\n\n" + sshBob + " bob\n\n# ada\n" + pemAda + "\n", Trusted{bob: "bob", ada: "ada"}, ""},
		{"two keys of one person", sshBob + " bob\n# bob\n" + pemAda, Trusted{bob: "bob", ada: "bob"}, ""},

		{"empty", "", nil, "there is no key; add lines"},
		{"comments alone", "# " + sshBob + " bob\n", nil, "there is no key; add lines"},
		{"nameless line", "\n" + sshBob + "\n", nil, "line 2: the key has no name"},
		{"nameless PEM", pemAda, nil, "line 3: the key has no name"},
		{"comment too far off", "# ada\n\n" + pemAda, nil, "line 5: the key has no name"},
		{"comment of the key before", "# bob\n" + pemBob + pemAda, nil, "line 7: the key has no name"},
		{"key twice", sshBob + " bob\n# eve\n" + pemBob, nil, `line 5: the key of "eve" is there already, as that of "bob"`},
		{"name is no UTF-8", sshBob + " b\xff", nil, "line 1: the name"},
		{"option", "restrict " + sshBob + " bob", nil, "line 1: an option or a pattern"},
		{"option with a value", `from="a@b" ` + sshBob + " bob", nil, "line 1: an option or a pattern"},
		{"authority", "*@contoso.com cert-authority " + sshBob, nil, "line 1: an option or a pattern"},
		{"date", "bob@contoso.com valid-before=20200101 " + sshBob, nil, "line 1: an option or a pattern"},
		{"pattern", "*@contoso.com " + sshBob, nil, "line 1: an option or a pattern"},
		{"list", "bob@contoso.com,eve@contoso.com " + sshBob, nil, "line 1: an option or a pattern"},
		{"other type", "ssh-rsa AAAAB3NzaC1yc2E bob", nil, "line 1: this is no ssh-ed25519 key"},
		{"hardware key", "sk-ssh-ed25519@openssh.com AAAA bob", nil, "line 1: this is no ssh-ed25519 key"},
		{"no key", "ssh-ed25519", nil, "line 1: the key itself is missing"},
		{"short key", sshBob[:60] + " bob", nil, "line 1: the ssh-ed25519 key is damaged"},
		{"last bits", sshBob[:len(sshBob)-1] + "7= bob", nil, "line 1: the ssh-ed25519 key is damaged"},
		{"type inside", strings.Replace(sshBob, "AAAAC3NzaC1lZDI1NTE5", "AAAAC3NzaC1lZDI1NTE4", 1) + " bob", nil, "line 1: the ssh-ed25519 key is damaged"},
		{"open PEM", "# ada\n" + pemAda[:60], nil, "the PEM block does not end"},
		{"PEM in PEM", "# ada\n-----BEGIN PUBLIC KEY-----\n# bob\n" + pemBob, nil, "line 4: the PEM block before this one does not end"},
		{"damaged DER", "# ada\n" + strings.Replace(pemAda, "MC", "MD", 1), nil, "line 4: read public key: "},
		{"damaged PEM", "# ada\n" + strings.Replace(pemAda, "MC", "M!", 1), nil, "line 4: the PEM block that ends here is damaged"},
		{"other PEM", "# ada\n" + strings.ReplaceAll(pemAda, "PUBLIC KEY", "CERTIFICATE"), nil, `line 4: the PEM block is a "CERTIFICATE"`},
		{"private key", "# ada\n" + strings.ReplaceAll(pemAda, "PUBLIC", "PRIVATE"), nil, "line 4: a private key does not belong here"},
		{"other key", "# ada\n" + pemRSA, nil, "the public key is no Ed25519 key"},
		{"short PEM key", "# ada\n" + strings.Replace(pemAda, "xJKU=", "", 1), nil, "line 4: "},
		{"anything", "hello", nil, "line 1: this is no ssh-ed25519 key"},
		{"long line", strings.Repeat("a", 1<<20), nil, "line 1: "},
	}
	for _, c := range cases {
		got, err := ParseTrusted(strings.NewReader(c.text))
		switch {
		case c.err == "" && (err != nil || !maps.Equal(got, c.want)):
			t.Errorf("%s: %v, error %v", c.name, got, err)
		case c.err != "" && (err == nil || got != nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: %v, error %v, want %q", c.name, got, err, c.err)
		}
	}
	if _, err := ParseTrusted(iotest.ErrReader(errFull)); !errors.Is(err, errFull) {
		t.Error(err)
	}
}
