package intake

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

// rowsOf writes a file of n rows, and says nothing of its memory.
func rowsOf(n int, header, format string) []byte {
	var b bytes.Buffer
	b.WriteString(header + "\n")
	for i := range n {
		fmt.Fprintf(&b, format+"\n", i)
	}
	return b.Bytes()
}

func BenchmarkRows(b *testing.B) {
	for _, c := range []struct{ name, header, format string }{
		{"one column", "userPrincipalName", "person%07d@contoso.example"},
		{"one column of ids", "id", "0f5bd2a4-3cb0-4b6f-9d4f-00000%07d"},
		{"id and upn of six", "userPrincipalName,displayName,surname,mail,givenName,id", "p@contoso.example,\"Doe, Jo\",Doe,jo@contoso.example,Jo,0f5bd2a4-3cb0-4b6f-9d4f-00000%07d"},
		{"bad rows", "userPrincipalName", "person%07d"},
	} {
		b.Run(c.name, func(b *testing.B) {
			const n = 10000
			input := rowsOf(n, c.header, c.format)
			b.SetBytes(int64(len(input)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := open(text(string(input)), Options{})
				if err != nil {
					b.Fatal(err)
				}
				got := 0
				for range r.Rows() {
					got++
				}
				if got != n || r.err != io.EOF {
					b.Fatal(got, r.err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
