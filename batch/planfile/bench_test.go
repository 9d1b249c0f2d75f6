package planfile

import (
	"bytes"
	"io"
	"testing"

	"offboard/batch"
)

const benchRows = 100_000

func BenchmarkWrite(b *testing.B) {
	h, rows := crowd(benchRows)
	n := 0
	for b.Loop() {
		if _, err := Write(io.Discard, h, rows, pairs[batch.Skip](nil)); err != nil {
			b.Fatal(err)
		}
		n += benchRows
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkRead(b *testing.B) {
	h, rows := crowd(benchRows)
	var file bytes.Buffer
	if _, err := Write(&file, h, rows, pairs[batch.Skip](nil)); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	n := 0
	for b.Loop() {
		_, err := Read(bytes.NewReader(file.Bytes()), Sink{Rows: func([]batch.Planned) error { return nil }})
		if err != nil {
			b.Fatal(err)
		}
		n += benchRows
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}
