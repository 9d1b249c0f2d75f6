package report

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"

	"offboard/batch"
)

// Selected writes one JSON document with two keys: "summary" is what [JSON]
// writes of the whole run, and "lines" a list of the lines given, each as
// report.jsonl has it. The lines are written as they come. After an error the
// document is cut off, and no JSON.
func Selected(w io.Writer, e End, lines iter.Seq2[batch.Line, error]) error {
	var summary bytes.Buffer
	if err := JSON(&summary, e); err != nil {
		return err
	}
	out := bufio.NewWriter(w) // it keeps an error until it is flushed
	fmt.Fprintf(out, `{"summary":%s,"lines":[`+"\n", &summary)
	add, sep := jsonlSink(out, e.Plan), ""
	for l, err := range lines {
		if err != nil {
			return fmt.Errorf("read record: %w", err)
		}
		out.WriteString(sep)
		if err := add(&l); err != nil {
			break
		}
		sep = ","
	}
	out.WriteString("]}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write lines as JSON: %w", err)
	}
	return nil
}
