package batch

import "strings"

// SameValue reports whether two values of a key name the same.
func SameValue(k Key, a, b string) bool { return compared(k, a) == compared(k, b) }

// compared is a key's value in the form in which such values are compared. An
// employee id is the company's own, and stays as it is: only the company can say
// what another case means.
func compared(k Key, value string) string {
	if k == ByEmployeeID {
		return value
	}
	return LowerASCII(value)
}

// sameUPN compares names as LowerASCII has them.
func sameUPN(a, b string) bool { return LowerASCII(a) == LowerASCII(b) }

// LowerASCII is the form in which names are compared: without regard to the case
// of ASCII letters. Unicode folding would make one of letters that only look
// alike, and so of two people.
func LowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// IsGUID reports whether s has the form of an object id, a tenant id or an app id:
// 8-4-4-4-12 hexadecimal digits of either case.
func IsGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return true
}
