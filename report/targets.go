package report

import (
	"bufio"
	"slices"

	"offboard/batch"
)

// whose is how many of the first columns say of which row and user something is.
const whose = 4

// someCSV writes a file that has no header where it has no records, so that it is left out.
func someCSV(w *bufio.Writer, header ...string) func(cells []string) error {
	write, begun := csvRecords(w), false
	return func(cells []string) error {
		if !begun {
			begun = true
			if err := write(header); err != nil {
				return err
			}
		}
		return write(cells)
	}
}

// targetsCSV writes report.targets.csv: a record for each thing that a listed step writes
// to. A user whom several rows name stands there once, by the first of them.
func targetsCSV(w *bufio.Writer, p batch.Plan) sink {
	write := someCSV(w, slices.Concat(headerOf(columns[:whose]), []string{"step"}, headerOf(writeColumns))...)
	var of []string
	return func(l *batch.Line, known []string) error {
		if l.First != 0 {
			return nil
		}
		for i := range l.Writes {
			if !l.Writes[i].Target.Step.Listed() {
				continue
			}
			for _, thing := range l.Writes[i].Things() {
				of = cells(of, writeColumns, &thing)
				if err := write(slices.Concat(known[:whose], []string{string(thing.Target.Step)}, of)); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// followupCSV writes followup.csv: what is left for others to do, a record for each thing.
// The first column says where, so that each of them picks their own. target is the device
// or group that it is done to; without one it is the user.
func followupCSV(w *bufio.Writer, p batch.Plan) sink {
	write := someCSV(w, "where", "to_do", "user_principal_name", "user_id", "sam_account_name", "domain",
		"target", "target_id", "target_sam_account_name", "target_domain")
	return func(l *batch.Line, _ []string) error {
		if l.First != 0 {
			return nil
		}
		for _, f := range l.Followups(p.Steps) {
			if err := write([]string{f.Where, f.ToDo, l.User.UPN, l.User.ID, l.User.SAM, l.User.Domain, f.Target.Name, f.Target.ID, f.Target.SAM, f.Target.Domain}); err != nil {
				return err
			}
		}
		return nil
	}
}
