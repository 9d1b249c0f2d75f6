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
	write := someCSV(w, slices.Concat(headerOf(columns[:whose]), []string{"step"}, headerOf(writeColumns), []string{"file"})...)
	var of []string
	return func(l *batch.Line, known []string) error {
		if l.First.Line != 0 {
			return nil
		}
		for i := range l.Writes {
			if !l.Writes[i].Target.Step.Listed() {
				continue
			}
			for _, thing := range l.Writes[i].Things() {
				of = cells(of, writeColumns, &thing)
				if err := write(slices.Concat(known[:whose], []string{string(thing.Target.Step)}, of, []string{l.Row.File})); err != nil {
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
	write := someCSV(w, headerOf(followupColumns)...)
	var of []string
	return func(l *batch.Line, _ []string) error {
		if l.First.Line != 0 {
			return nil
		}
		for _, f := range l.Followups(p.Steps) {
			of = cells(of, followupColumns, &followup{l.User, f})
			if err := write(of); err != nil {
				return err
			}
		}
		return nil
	}
}

// followup is one thing that is left for others.
type followup struct {
	user batch.User
	todo batch.Followup
}

var followupColumns = []column[followup]{
	{"where", knownText, "where it is to be done, and so by whom", "", func(f *followup) string { return f.todo.Where }},
	{"to_do", knownText, "what is to be done", "", func(f *followup) string { return f.todo.ToDo }},
	{"user_principal_name", text, "user principal name of the user", "", func(f *followup) string { return f.user.UPN }},
	{"user_id", text, "object id of the user", "", func(f *followup) string { return f.user.ID }},
	{"sam_account_name", text, "onPremisesSamAccountName of the user", "the user is not synced", func(f *followup) string { return f.user.SAM }},
	{"domain", text, "onPremisesDomainName of the user", "the user is not synced", func(f *followup) string { return f.user.Domain }},
	{"target", text, "displayName of the device or group that it is done to", "it is done to the user", func(f *followup) string { return f.todo.Target.Name }},
	{"target_id", text, "object id of the device or group", "it is done to the user", func(f *followup) string { return f.todo.Target.ID }},
	{"target_sam_account_name", text, "onPremisesSamAccountName of the group", "it is no synced group", func(f *followup) string { return f.todo.Target.SAM }},
	{"target_domain", text, "onPremisesDomainName of the group", "it is no synced group", func(f *followup) string { return f.todo.Target.Domain }},
}
