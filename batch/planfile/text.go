package planfile

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// unseen are the runes that are written as \u and four digits, since raw they
// show nothing, or make the text around them look like something else to the
// person who approves it: control and zero-width characters, line separators,
// turns of direction. The list is part of the format and must not change.
var unseen = [...]struct{ first, last rune }{
	{0, 0x1F}, {0x7F, 0x9F}, {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF},
}

// appendText appends s as a JSON string, the one way in which the format has
// it. A byte that is no UTF-8 becomes U+FFFD.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case ' ' <= r && r < 0x7F:
			b = append(b, byte(r))
		case isUnseen(r):
			const digits = "0123456789abcdef"
			b = append(b, '\\', 'u', digits[r>>12], digits[r>>8&15], digits[r>>4&15], digits[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

func isUnseen(r rune) bool {
	for _, u := range unseen {
		if u.first <= r && r <= u.last {
			return true
		}
	}
	return false
}

// cutText reads a JSON string off the front of b and says how many bytes it
// took; 0 when there is none. It understands what appendText writes and is
// lenient beyond it: the caller must write the text again, and compare.
func cutText(b []byte) (string, int) {
	if len(b) == 0 || b[0] != '"' {
		return "", 0
	}
	start, escaped := 1, false
	var s strings.Builder
	for i := 1; i < len(b); i++ {
		switch {
		case b[i] == '"' && !escaped:
			return string(b[1:i]), i + 1
		case b[i] == '"':
			s.Write(b[start:i])
			return s.String(), i + 1
		case b[i] != '\\':
			continue
		}
		escaped = true
		s.Write(b[start:i])
		r, n := unescape(b[i:])
		if n == 0 {
			return "", 0
		}
		s.WriteRune(r)
		i += n - 1
		start = i + 1
	}
	return "", 0
}

// unescape reads an escape off the front of b; 0 bytes when it is none.
func unescape(b []byte) (rune, int) {
	if len(b) >= 2 && b[1] != 'u' {
		return rune(b[1]), 2
	}
	if len(b) < 6 {
		return 0, 0
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	if err != nil {
		return 0, 0
	}
	return rune(n), 6
}
