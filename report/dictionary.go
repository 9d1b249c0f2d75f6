package report

import (
	"slices"

	"offboard/batch"
)

// Column is a column of the report as people read of it.
type Column struct {
	File    string // the first file that has it: report.jsonl has the columns of report.csv, and those of report.targets.csv within its steps
	Name    string
	Type    string // "text", "number", "time" or "yes or no"
	Meaning string
	Empty   string // when the cell is empty, and the key null; "" is never
}

// types are what the kinds are called.
var types = map[kind]string{text: "text", knownText: "text", number: "number", moment: "time", yesNo: "yes or no", nested: "text", kept: "text"}

// Dictionary has every column that a report can have, in the order of the files. A
// report has the columns of its own steps and options alone.
func Dictionary() []Column {
	return slices.Concat(
		entries(csvName, slices.Concat(columns, optionalColumns())),
		entries(targetsName, writeColumns),
		entries(followupName, followupColumns),
	)
}

// optionalColumns are those that the reports of some plans have.
func optionalColumns() []column[batch.Line] {
	all := []column[batch.Line]{containedColumn}
	for _, s := range batch.AllSteps() {
		all = append(all, stepColumn(s))
	}
	any := batch.Plan{}
	return append(all, enabledAfterColumn(any), afterColumn(any), lateColumn(any), keptColumn(any, "COLUMN"))
}

func entries[of any](file string, columns []column[of]) (all []Column) {
	for _, c := range columns {
		all = append(all, Column{file, c.name, types[c.kind], c.meaning, c.empty})
	}
	return all
}
