package planfile

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

var board = Trusted{
	public(person('a')): "ada",
	public(person('b')): "bob",
	public(person('B')): "bob", // his other key
}

func TestRequire(t *testing.T) {
	cases := []struct {
		signed string // one letter a key
		n      int
		want   string // "": enough
	}{
		{"", 0, ""},
		{"", 1, "it needs 1 of different trusted people, and has 0"},
		{"a", 1, ""},
		{"a", 2, "it needs 2 of different trusted people, and has 1: ada"},
		{"aa", 2, "it needs 2 of different trusted people, and has 1: ada"},
		{"bB", 2, "it needs 2 of different trusted people, and has 1: bob"},
		{"ab", 2, ""},
		{"abab", 2, ""},
		{"abB", 3, "it needs 3 of different trusted people, and has 2: ada, bob"},
		{"x", 1, `has 0; not trusted: "x" (key `},
		{"xyz", 1, `has 0; not trusted: "x" (key `},
		{"xa", 1, ""},
		{"xa", 2, `has 1: ada; not trusted: "x" (key `},
	}
	for _, c := range cases {
		file, _ := written(t, tiny())
		file = approved(t, file, strings.Split(c.signed, "")[:len(c.signed)]...)
		_, f, err := reread(file)
		if err != nil || len(f.Approvals) != len(c.signed) {
			t.Fatalf("%s: %+v, error %v", c.signed, f, err)
		}
		told(t, c.signed, board.Require(f, c.n), ErrUnapproved, c.want)
	}
}

func TestApprovals(t *testing.T) {
	file, plain := written(t, tiny())
	_, f, err := reread(approved(t, file, "ada", "xerxes", "a second time", "bob", "Bob"))
	if err != nil || f.Digest != plain {
		t.Fatalf("digest %s, was %s, error %v", f.Digest, plain, err)
	}
	all, err := board.Approvals(f)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, j := range all {
		counts := ""
		if j.Counts {
			counts = " counts"
		}
		got = append(got, j.Name+": "+j.Signer+counts)
	}
	want := []string{"ada: ada counts", "xerxes: ", "a second time: ada", "bob: bob counts", "Bob: bob"}
	if !slices.Equal(got, want) {
		t.Errorf("judged %q, want %q", got, want)
	}
	f.Approvals[1].Time = noon.Add(time.Hour)
	if _, err := board.Approvals(f); !errors.Is(err, ErrAltered) {
		t.Errorf("an altered approval of an unknown key: %v", err)
	}
	if err := board.Require(f, 1); !errors.Is(err, ErrAltered) {
		t.Errorf("an altered approval of an unknown key: %v", err)
	}
}

// TestApprovalIsOfOnePlan: nothing that was signed can be put to other use.
func TestApprovalIsOfOnePlan(t *testing.T) {
	file, d := written(t, tiny())
	other := tiny()
	other.rows[0].User.UPN = "b@x"
	otherFile, _ := written(t, other)
	a, err := Approve(d, person('a'), "ada", noon.Add(time.Microsecond))
	if err != nil || a.check(d) != nil || a.Time != noon {
		t.Fatal(a, err)
	}
	if _, err := AddApproval(io.Discard, bytes.NewReader(otherFile), a); err == nil {
		t.Error("added to another plan")
	}
	moved := bytes.Replace(otherFile, []byte("\"approvals\":[\n"), approvalsOf(t, file, "ada"), 1)
	if _, _, err := reread(moved); !errors.Is(err, ErrAltered) || !strings.Contains(err.Error(), "approval 1") {
		t.Errorf("moved to another plan: %v", err)
	}
	for name, change := range map[string]func(*Approval){
		"key":             func(a *Approval) { a.Key = person('b').Public().(ed25519.PublicKey) },
		"no key":          func(a *Approval) { a.Key = nil },
		"short key":       func(a *Approval) { a.Key = a.Key[:31] },
		"name":            func(a *Approval) { a.Name = "Ada" },
		"time":            func(a *Approval) { a.Time = a.Time.Add(time.Millisecond) },
		"no signature":    func(a *Approval) { a.Signature = nil },
		"other signature": func(a *Approval) { a.Signature = ed25519.Sign(person('a'), []byte(d.String())) },
		"other domain": func(a *Approval) {
			a.Signature = ed25519.Sign(person('a'), bytes.Replace(a.message(d), []byte("v1"), []byte("v2"), 1))
		},
	} {
		b := a
		change(&b)
		if b.check(d) == nil {
			t.Errorf("%s: good", name)
		}
		if _, err := AddApproval(io.Discard, bytes.NewReader(file), b); err == nil {
			t.Errorf("%s: added", name)
		}
	}
}

// approvalsOf are the lines that open the approvals, with one of each person.
func approvalsOf(t *testing.T, file []byte, names ...string) []byte {
	file = approved(t, file, names...)
	file = file[bytes.Index(file, []byte("\"approvals\"")):]
	return bytes.TrimSuffix(file, []byte("]}\n"))
}

// TestMessage holds the words that are signed, which another program may sign too.
func TestMessage(t *testing.T) {
	a := Approval{Key: person('a').Public().(ed25519.PublicKey), Name: "ada\n\"x\"", Time: noon}
	want := "offboard plan approval v1\n" +
		"ff00000000000000000000000000000000000000000000000000000000000000\n" +
		"a3c761e56d55f45e06a31c3c7e32f79cfba417d3e2e2397767ef5a453f35ffe7\n" +
		"2026-11-22T12:00:00.000Z\n" +
		`"ada\u000a\"x\""` + "\n"
	if got := string(a.message(Digest{0xff})); got != want {
		t.Errorf("message %q, want %q", got, want)
	}
}

// TestMalleable: a signature has one spelling and one value.
func TestMalleable(t *testing.T) {
	file, d := written(t, tiny())
	file = approved(t, file, "ada")
	_, f, err := reread(file)
	if err != nil {
		t.Fatal(err)
	}
	sig := f.Approvals[0].Signature
	text := base64.StdEncoding.EncodeToString(sig)
	for name, other := range map[string]string{
		"last bits": text[:85] + string(text[85]+1) + "==",
		"no ending": strings.TrimRight(text, "="),
		"break":     text[:40] + `\u000a` + text[40:],
		"raw break": text[:40] + "\r" + text[40:],
	} {
		if _, _, err := reread(bytes.Replace(file, []byte(text), []byte(other), 1)); !errors.Is(err, ErrAltered) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// S and S + L sign the same in a lax verifier (RFC 8032, section 5.1.7).
	order := []byte{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10}
	a := f.Approvals[0]
	a.Signature = slices.Clone(sig)
	carry := 0
	for i, b := range order {
		carry += int(a.Signature[32+i]) + int(b)
		a.Signature[32+i], carry = byte(carry), carry>>8
	}
	if a.check(d) == nil {
		t.Error("S + L is good")
	}
}

func TestApproveFails(t *testing.T) {
	if _, err := Approve(Digest{}, nil, "ada", noon); err == nil {
		t.Error("no key")
	}
	if _, err := Approve(Digest{}, person('a'), "\xff", noon); err == nil {
		t.Error("name")
	}
	if _, err := Approve(Digest{}, person('a'), "ada", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)); err == nil {
		t.Error("time")
	}
	file, d := written(t, tiny())
	a, err := Approve(d, person('a'), "ada", noon)
	if err != nil {
		t.Fatal(err)
	}
	full := shortDisk(10)
	if _, err := AddApproval(&full, bytes.NewReader(file), a); !errors.Is(err, errFull) {
		t.Errorf("full disk: %v", err)
	}
	if _, err := AddApproval(io.Discard, bytes.NewReader(file[:len(file)-1]), a); !errors.Is(err, ErrAltered) {
		t.Errorf("altered plan: %v", err)
	}
}

func TestTooManyApprovals(t *testing.T) {
	file, d := written(t, tiny())
	a, err := Approve(d, person('a'), "ada", noon)
	if err != nil {
		t.Fatal(err)
	}
	with := func(n int) []byte {
		var b bytes.Buffer
		b.Write(file[:bytes.Index(file, []byte(`"sha256":`))])
		w := newWriter(&b)
		w.approvals(d, slices.Repeat([]Approval{a}, n))
		w.flush()
		return b.Bytes()
	}
	if _, _, err := reread(with(maxApprovals)); err != nil {
		t.Error(err)
	}
	if _, _, err := reread(with(maxApprovals + 1)); !errors.Is(err, ErrAltered) {
		t.Error(err)
	}
	if _, err := AddApproval(io.Discard, bytes.NewReader(with(maxApprovals)), a); err == nil {
		t.Error("one more was added")
	}
}
