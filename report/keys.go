package report

import "offboard/batch"

// keyMeanings say what each key of run.json means; a test holds them against the document.
var keyMeanings = map[string]string{
	"run":             "the run's name",
	"state":           "planning, planned, running, stopped, finished, refused or dry run",
	"reason":          "why it is in that state",
	"held_by":         "who works on it now",
	"dry_run":         "nothing was written",
	"input":           "the file, or plan file, as it was named",
	"input_sha256":    "digest of its bytes; of several files that of the lines with their digests, in order",
	"inputs":          "of several files each: name, sha256, lines",
	"settings":        "how the input was read, and what was chosen: name, value, why",
	"rows":            "rows that the plan says the input has",
	"sla":             "of a run with --sla: its hours, and how many users were late, in time, and neither",
	"users":           "users whom the plan concerns: those who did not end when it was made",
	"writes":          "writes that the plan sends to them",
	"skipped_lines":   "lines that are no rows",
	"source":          "of an applied plan: the file that it was made from",
	"source_sha256":   "digest of that file",
	"undoes":          "the run that this one takes back",
	"campaign":        "the campaign that the run is of; null for a run of its own",
	"taken_back_by":   "the runs that took this one back: run, part (null: all of it), began_at, state, rows, failure",
	"plan_sha256":     "digest of the plan in the journal, sealed before the first write",
	"approvals":       "of an applied plan: person and key of each",
	"tenant":          "the tenant's id",
	"app":             "the app that signed in, by its client id",
	"cloud":           "the service root, or a simulated tenant",
	"steps":           "what was done to each user, in order",
	"operator":        "who made the plan or applied it: app, user, user_name, os_user, host",
	"version":         "of offboard",
	"created_at":      "when it was planned",
	"sessions":        "each time that it was carried out or resumed: began_at, by",
	"ended_at":        "when it came to its end or stopped",
	"written_at":      "when this document was written",
	"lines":           "rows that the report has: as many as rows, unless records are missing",
	"counts":          "rows by outcome",
	"success":         "rows that are done",
	"neutral":         "rows that were left alone on purpose",
	"failure":         "rows that are not done; the three add up to lines",
	"open":            "those of failure that a resumed run works on",
	"people":          "the same in people, each once: all, success, neutral, failure, open",
	"step_counts":     "users and targets of each step, by outcome",
	"contained":       "users of whom all urgent steps are done, of how many",
	"left_for_others": "what Graph cannot do: step, outcome, reason, targets",
	"accounts":        "users of the plan by kind: external, synced, enabled, privileged, restricted",
	"timing":          "seconds from the first call until half, 95 % and the last were settled, what was waited for, and outages and pauses",
	"report_dir":      "where the report is",
	"files":           "its files",
	"retry":           "the command that runs retry.csv",
	"resume":          "the command that goes on",
}

// Keys are the keys of run.json, in its order, each with what it means. A run has
// those of its own steps alone.
func Keys() (all []Column) {
	for _, m := range document(End{Plan: batch.Plan{Steps: batch.Leaver, SLA: 1}}) {
		all = append(all, Column{File: "run.json", Name: m.key, Meaning: keyMeanings[m.key]})
	}
	return all
}

// Meaning says what an outcome is worth, to somebody who has not read any documentation.
func Meaning(o batch.Outcome) string { return usualMeanings[o] }
