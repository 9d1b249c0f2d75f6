package batch

// SameValue reports whether two values of a key name the same.
func SameValue(k Key, a, b string) bool { return a == b || k != ByEmployeeID && sameUPN(a, b) }

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
func sameUPN(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// LowerASCII is the form in which names are compared: without regard to the case
// of ASCII letters. Unicode folding would make one of letters that only look
// alike, and so of two people.
func LowerASCII(s string) string {
	for i := range len(s) {
		if c := s[i]; c < 'A' || c > 'Z' {
			continue
		}
		b := []byte(s)
		for ; i < len(b); i++ {
			b[i] = lower(b[i])
		}
		return string(b)
	}
	return s
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// hex is 1 for the hexadecimal digits of either case.
var hex = func() (t [256]uint8) {
	for _, c := range "0123456789abcdefABCDEF" {
		t[c] = 1
	}
	return t
}()

// IsGUID reports whether s has the form of an object id, a tenant id or an app id:
// 8-4-4-4-12 hexadecimal digits of either case.
func IsGUID(s string) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	digits := uint8(0)
	for i := range len(s) {
		digits += hex[s[i]]
	}
	return digits == 32
}
