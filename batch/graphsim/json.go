package graphsim

import (
	"encoding/json"
	"net/http"
)

// appendString adds a JSON string. Replies are written by hand, since a run at
// full speed reads a hundred thousand of them a second; only text that needs
// escaping goes through encoding/json.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string always marshals
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func appendNullable(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendString(b, s)
}

// jsonReply is an answer outside of Graph's own path: sign-in and bookkeeping.
func jsonReply(status int, v any) *reply {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"encode reply"}`)
	}
	return &reply{status: status, header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, body: body}
}
