package intake

import (
	"testing"

	"offboard/batch"
	"offboard/batch/intake/vocab"
)

// BenchmarkCell is what one good cell costs.
func BenchmarkCell(b *testing.B) {
	for _, c := range []struct {
		name string
		key  batch.Key
		cell string
	}{
		{"upn", batch.ByUPN, "person0000001@contoso.example1"},
		{"mail", batch.ByMail, "person0000001@contoso.example1"},
		{"id", batch.ByID, "0f5bd2a4-3cb0-4b6f-9d4f-000000000001"},
		{"employee id", batch.ByEmployeeID, "0000045"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if checkCell(c.key, c.cell) != "" {
					b.Fatal()
				}
			}
		})
	}
	b.Run("same value", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !batch.SameValue(batch.ByUPN, "person0000001@contoso.example1", "Person0000001@contoso.example1") {
				b.Fatal()
			}
		}
	})
	b.Run("says nothing", func(b *testing.B) {
		for b.Loop() {
			if vocab.SaysNothing("0000045") {
				b.Fatal()
			}
		}
	})
}
