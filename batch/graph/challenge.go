package graph

import (
	"encoding/base64"
	"regexp"
)

// This file reads the WWW-Authenticate header with which Graph refuses a token.

// challengeHeader is where a challenge stands that was taken off.
const challengeHeader = "X-Offboard-Challenge"

var errorParameters = regexp.MustCompile(`(?i)\berror(_?description)?="([^"]*)"`)

// challengeError is why Graph refused a token, as the challenge says it. It is for
// answers whose body does not say.
func challengeError(challenge string) (code, message string) {
	for _, m := range errorParameters.FindAllStringSubmatch(challenge, -1) {
		if m[1] == "" {
			code = m[2]
		} else {
			message = m[2]
		}
	}
	return code, message
}

var claimsParameter = regexp.MustCompile(`(?i)\bclaims="([^"]*)"`)

// challenge gives the claims that a WWW-Authenticate header asks for, decoded.
func challenge(header string) string {
	m := claimsParameter.FindStringSubmatch(header)
	if m == nil {
		return ""
	}
	b, err := base64.StdEncoding.DecodeString(m[1])
	if err != nil {
		return ""
	}
	return string(b)
}
