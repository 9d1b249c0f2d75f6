package trace

import (
	"encoding/base64"
	"html"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// shortest is how many bytes a secret has that can be taken out of a text: a shorter one
// would show in what is left of the words that it is part of.
const shortest = 6

// layers is how many escapes over each other are looked through.
const layers = 3

// withheld stands for a text that repeats a secret that is shorter.
const withheld = "(not shown: it repeats a secret of few characters)"

// Without is a text without tokens and without the secrets, however it spells them: as they
// are, percent-encoded, as JSON or HTML escape them, up to three times over each other, and in
// base64, alone or with more around them. A text that repeats a secret of fewer than 6 bytes
// is not shown at all. Empty secrets are none.
func Without(text string, secrets ...string) string {
	cut := make([]bool, len(text))
	found, now := false, spelled{[]byte(text), nil}
	for depth := 0; ; depth++ {
		plain := folded(string(now.text))
		for _, s := range secrets {
			for _, needle := range needles(s) {
				for from := 0; ; {
					at := strings.Index(plain[from:], needle)
					if at < 0 {
						break
					}
					if len(s) < shortest {
						return withheld
					}
					found = true
					at += from
					from = at + len(needle)
					for i := now.begin(at); i < now.begin(from); i++ {
						cut[i] = true
					}
				}
			}
		}
		next := now.unescaped(len(text))
		if depth == layers || len(next.text) == len(now.text) {
			break
		}
		now = next
	}
	if !found {
		return unshaped(text)
	}
	var b strings.Builder
	for i := range len(text) {
		if !cut[i] {
			b.WriteByte(text[i])
		} else if i == 0 || !cut[i-1] {
			b.WriteString(redacted)
		}
	}
	return unshaped(b.String())
}

// folded has blanks in the place of plus signs, which stand for them in forms.
func folded(text string) string { return strings.ReplaceAll(text, "+", " ") }

// needles are a secret, and its base64 wherever in a longer text it begins.
func needles(secret string) []string {
	if secret == "" {
		return nil
	}
	all := []string{folded(secret)}
	for was := (spelled{[]byte(secret), nil}); len(all) <= layers; { // what looks like an escape in it is taken off with the others
		is := was.unescaped(len(secret))
		if len(is.text) == len(was.text) {
			break
		}
		all, was = append(all, folded(string(is.text))), is
	}
	if len(secret) < shortest {
		return all
	}
	for before := range 3 {
		code := base64.StdEncoding.EncodeToString([]byte("\x00\x00"[:before] + secret))
		begin := []int{0, 2, 3}[before]
		end := len(code) - []int{0, 3, 2}[(before+len(secret))%3]
		code = code[begin:end]
		all = append(all, folded(code))
		if safe := strings.NewReplacer("+", "-", "/", "_").Replace(code); safe != code {
			all = append(all, safe)
		}
	}
	return all
}

// spelled is a text with where each byte of it began before escapes were taken off; nil is
// where it is.
type spelled struct {
	text []byte
	from []int // one more than bytes
}

func (s spelled) begin(i int) int {
	if s.from == nil {
		return i
	}
	return s.from[i]
}

// unescaped takes one layer of escapes off. Whole is how long the text was at first.
func (s spelled) unescaped(whole int) spelled {
	to := spelled{make([]byte, 0, len(s.text)), make([]int, 0, len(s.text)+1)}
	for i := 0; i < len(s.text); {
		plain, long := unescape(s.text[i:])
		for range len(plain) {
			to.from = append(to.from, s.begin(i))
		}
		to.text = append(to.text, plain...)
		i += long
	}
	to.from = append(to.from, whole)
	return to
}

// unescape gives what a text begins with, and how many bytes spell that.
func unescape(text []byte) (plain []byte, long int) {
	hex := func(from, to int) (rune, bool) {
		if len(text) < to {
			return 0, false
		}
		n, err := strconv.ParseUint(string(text[from:to]), 16, 32)
		return rune(n), err == nil
	}
	switch text[0] {
	case '%':
		if b, ok := hex(1, 3); ok {
			return []byte{byte(b)}, 3
		}
	case '\\':
		if len(text) > 1 && text[1] == 'u' {
			if r, ok := hex(2, 6); ok && utf16.IsSurrogate(r) {
				if low, is := hex(8, 12); is {
					return utf8.AppendRune(nil, utf16.DecodeRune(r, low)), 12
				}
			} else if ok {
				return utf8.AppendRune(nil, r), 6
			}
		}
		if len(text) > 1 {
			if at := strings.IndexByte(`"\/bfnrt`, text[1]); at >= 0 {
				return []byte{"\"\\/\b\f\n\r\t"[at]}, 2
			}
		}
	case '&':
		if end := strings.IndexByte(string(text[:min(len(text), 12)]), ';'); end > 0 {
			if plain := html.UnescapeString(string(text[:end+1])); len(plain) <= end {
				return []byte(plain), end + 1
			}
		}
	}
	return text[:1], 1
}
