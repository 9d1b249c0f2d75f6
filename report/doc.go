// Package report turns the records of a run into what people and programs
// read: a directory of files, and the block that ends a run on the screen. It knows
// batch.Line and nothing of where lines come from; given the same lines and the same
// [End], it writes the same bytes.
//
//	                +-- report.html    for people: a page that needs nothing outside it
//	lines --+       +-- report.csv     for a spreadsheet, grep and an auditor
//	        |       +-- report.jsonl   the same columns, exact, for programs
//	        |       +-- report.targets.csv each device, group and licence of a user
//	        |       +-- followup.csv       what others are to do
//	        |       +-- retry.csv      what did not succeed, to run again
//	End ----+-Write-+-- run.json           what JSON writes
//	        |       +-- report.sha256.sig  where there is a key
//	        |       +-- report.sha256      the files and their digests: the seal
//	        +--Text------ for the person at the terminal
//	        +--JSON------ for the program that called
//
// # The files, in reading order
//
//	end.go, columns.go         what is told of a run, and of each of its rows
//	dictionary.go              what the columns mean, for people
//	steps.go, targets.go       the steps of a row, and the files about what they write to
//	kept.go                    columns of the input, and how long it took to contain somebody
//	files.go, escape.go        the files that have lines; cells that are no formulas
//	page.go, pagecensus.go     report.html: its table of people, and what is counted on the way
//	pagebody.go, pagewords.go  what the page says; pagechart.go and html/ how it looks
//	campaign.go                the runs of a campaign: how they stand together, and the document
//	campaignpage.go            the page about them
//	write.go, file.go          making the files, in one pass, and their seal
//	aside.go, discard.go       the report of another run, and of one that is pruned
//	json.go, text.go, left.go  the end of a run as JSON and on the screen, and of its steps; name.go who is named there
//
// # The order of writing
//
//  1. [Write] makes the files with lines as drafts, each digested on its way. Nothing in
//     the directory is touched before all of them are on the disk.
//  2. The report of another run is moved aside; an older seal of this run is removed.
//  3. The drafts get their names. Then come run.json and the signature, the journal keeps
//     the digest of the seal, and report.sha256 gets its name last.
//
// # Another file, another column
//
// A column is a line in the table of columns.go: report.csv, report.jsonl and [Selected]
// have it then. A file with lines is a line in the table of files.go and
// its sink: it is digested, listed, moved aside and sealed like the others.
//
// # The page
//
// report.html counts people, each once, and not rows. A person is contained when the
// directory showed all urgent steps done; of a run that only ends sessions, or takes another
// one back, when the outcome is a success. Its text comes after the list of people in the file, so
// that it is written in one pass too, and its memory does not grow with them: times are kept in
// slots, reasons and names up to a number. The list holds at most 200,000 people, and then those
// who are not contained rather than others. A policy in the page lets it load nothing, and run
// and look like its own script and style alone. All text goes in by html/template or, by the
// script, as text.
//
// # One line per row
//
// report.csv and report.jsonl have one line for each row of the input. A
// person whom two rows name has two lines with the same outcome; the reason of
// the second begins with "same user as line 12". Both files are made from one
// table of columns, so a name or a value cannot differ between them.
//
// # Several writes
//
// Where the steps of a run give a user several writes, report.csv has a column for each
// step with the worst outcome of the user in it; "" is that the step had nothing to do.
// contained is yes when the directory showed all urgent steps done, whatever became of the others;
// runs that only end sessions do not have it. report.jsonl has the steps as a list of
// objects, each with its writes. report.targets.csv has a line for each thing that a listed
// step writes to, and a user whom several rows name has it once; target is empty where it is
// the user. The record of the row is that of the worst write. A run of one write a user has
// none of these columns, keys and files, but for followup.csv.
//
// # Values
//
// Times are RFC 3339 in UTC. sent_at and settled_at are this machine's and
// have milliseconds, cut, not rounded; valid_from_before and valid_from_after
// are the directory's stamps and have whole seconds, as Graph gives them.
// Milliseconds always have three digits, so that text sorts as time does.
//
// What is not known is an empty cell in CSV and null in JSON Lines. That holds
// for an unset time, for the status of a user who got no reply, and for empty
// text. Five columns are always known and never null: line, attempts and
// throttles are numbers, zero included, and input and outcome are text, even
// where the input's cell is empty.
//
// # Cells
//
// A report is opened by people with spreadsheets, and what stands in it may be
// an attacker's: a name in the directory, a cell of the input. Text that a
// spreadsheet would run as a formula is written behind an apostrophe, and
// control characters become spaces, so that a record is one line for grep too.
// JSON Lines needs neither and has the text as it is.
//
// # Running again
//
// retry.csv has the input's own columns, as far as they were recognised, objectId with the
// user that the row named, so that a name which is somebody else's by then ends invalid, and
// the cells as they were read, so columns that nobody asked for (a password in
// a bulk template) never get there. Its rows are those that did not succeed and that
// another run may change, the open ones included: not those that ended not_possible or
// ineffective. What was not tried since the step disable ended so, another run may change
// once the account is disabled. A person stands there
// once, by the first row that named them. Without such a row there is no retry.csv.
//
// Two kinds of row come back to be refused rather than guessed at. A key that
// had to be escaped begins with an apostrophe and a sign: a reader must refuse
// it, since it is no longer the name that was read. And a row whose cells do
// not match the columns, or are all blank, is written one cell too wide, with
// what is known of it in the last cell and none in a key's column: readers
// refuse a ragged row, and pass over a blank one.
package report
