// Package intake turns files of users into rows.
//
// Package source gives the records of a file of any format: cells with their place. [Open]
// reads as far as the header and decides the columns; [Files.Settings] tells what was decided
// and why. [Files.Rows] then streams. [TakeSurvey] reads the whole input before that, for what
// only all rows together say. [ReadProtectList] reads a list of users who must not be touched.
//
// The files, in the order in which to read them:
//
//	several.go options.go errors.go     what a caller gives and gets
//	open.go header.go list.go           one file: its header, or ids alone without one
//	text.go words.go alias.go key.go hr.go  how text is compared; the headers and words that are known
//	column.go keycolumn.go preset.go    header -> columns to read, and which of them name the users
//	decide.go                           the cells, where they say otherwise than the header
//	rows.go row.go                      records -> rows
//	check.go form.go lookalike.go       what a cell names, or why it names nobody
//	note.go secondheader.go             lines beside the rows; the header again, or another table's
//	gate.go where.go dategate.go        which rows are held back, and which say that somebody stays
//	date.go dateformat.go dateadvice.go what a date is, and the --date-format that dates need
//	keeps.go cameback.go                whom a row that is held back means; who came back
//	survey.go stay.go tally.go          the survey
//	gateadvice.go                       the flags that choose those who leave
//	preview.go protect.go               what check shows; protect lists
//
// Every line of the input ends in exactly one of these: the header, a [batch.Skip], a
// [batch.Row], or a [batch.RowError] with the reason. If that cannot be held, reading ends
// with an [InputError] that names the line: a quote was left open, a record holds what looks
// like rows, or a second table has its columns in another order.
//
// # Columns
//
// A column names users only when its header is exactly one of words.csv, after case, blanks and
// punctuation are taken away, or when the person or a preset names it. No other column is read
// or kept: it may hold a manager's address, or a password. Two columns of one key must agree.
// Any other column that says who the users are goes with the row as [batch.Claim]s, which the
// directory has to confirm.
//
// Words (statuses, values of --where, headers) are compared in one normal form of Unicode,
// without regard to case. Ids and names of people never are.
//
// # Keys
//
// Without [Options.Key] a row names its user by object id or user principal name, and a file
// with a column of each by both. With a key, columns of that key alone name the users. For mail,
// employee-id and on-premises-upn, Row.By and Row.Value say whom the directory has to be
// searched for; it may find none or many.
//
// # Gates
//
// A gate holds a row back: a [batch.RowError] whose outcome is Skipped. [Options.Where] is
// asked first, then [Options.DateGate]. A row that a date gate holds back says that its user
// stays, also when its date cannot be read; one that a condition holds back says so where HR
// writes it. Such a row has [batch.RowError.Keeps]: everybody whom its cells may mean, so that
// a row that lets the same person go is found to contradict it.
//
// # Dates
//
// A date is written as in ISO 8601, such as 2026-12-31, with a time or without. With an offset
// or Z it is an instant, unless it is midnight, since programs write a day so. Without one the
// day alone counts, in [DateGate.Zone]; so it is with an instant that is midnight there. Dates
// of any other kind need [DateGate.Format], in the words of strptime:
//
//	%Y 2026   %m 03     %d 09      %H 07   %M 05   %z  +0100, +01:00 or Z
//	%y   26   %b Mar    %a Mon     %I 07   %S 05
//	          %B March  %A Monday  %p AM
//
// with blanks, T, Z and - / . : , between them. Numbers may have one digit where another does
// not follow at once. Names are English, in any case; a weekday must be that of the day. %y
// means 2000 to 2068, and other years are no date: 99 may be 9999. The format excel is the number by which a workbook keeps a day.
//
// An empty cell, a dash, zeros, n/a and the like mean "not leaving", and so do the days that
// programs write for no date (date.go). Any other day before 1970 is a bad row, and so is a
// date that cannot be read.
//
// # What is shown
//
// Reasons hold no cell of a gate's column but a date, since the wrong column may have been
// named. A bad row whose cells cannot be trusted to stand in their columns has nil Cells, so
// that nothing made from them is run again. Its Input is empty when showing it could show a
// cell of a column that names nobody.
package intake
