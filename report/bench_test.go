package report

import (
	"testing"

	"offboard/batch"
)

// BenchmarkWrite renders the three files in one pass, to disk.
func BenchmarkWrite(b *testing.B) {
	lines := fixture()
	b.ReportAllocs()
	source := func(yield func(batch.Line, error) bool) {
		for i := range b.N {
			if !yield(lines[i%len(lines)], nil) {
				return
			}
		}
	}
	e := fixtureRun()
	if _, err := Write(b.TempDir(), &e, source, Seal{}); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkWriteSuccess is the usual run: nearly everybody ends in success.
func BenchmarkWriteSuccess(b *testing.B) {
	line := fixture()[0]
	source := func(yield func(batch.Line, error) bool) {
		for range b.N {
			if !yield(line, nil) {
				return
			}
		}
	}
	e := fixtureRun()
	if _, err := Write(b.TempDir(), &e, source, Seal{}); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
