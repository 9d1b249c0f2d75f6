// Package intake turns files of users into rows.
//
// A file arrives from an admin centre, an HR system or a script, re-saved by a
// spreadsheet on the way. Package source gives its records: cells with their place.
// [Open] reads as far as the header and decides the columns; [Files.Settings] tells what
// was decided and why, so that a person can check it. [Files.Rows] then streams.
// [TakeSurvey] reads the whole input before that, for what only all rows together say.
// [ReadProtectList] reads a list of users who must not be touched.
//
// # Map
//
// The files, in the order in which to read them:
//
//	several.go options.go errors.go  what a caller gives and gets: one file, or several
//	open.go                        one file
//	text.go                        cells and words: trimmed, compared, empty in all but name
//	alias.go key.go hr.go          the headers that are known, and what the cells below them are
//	list.go                        ids alone, without a header
//	header.go                      finding the header
//	column.go keycolumn.go         header -> columns to read, and which of them name the users
//	rows.go row.go check.go        records -> rows; why a cell names nobody
//	note.go secondheader.go        lines beside the rows; the header again, and that of another table
//	keeps.go                       everybody whom a row that is held back may mean
//	gate.go where.go dategate.go   which rows are held back, and which of them say that somebody stays
//	date.go dateformat.go          what a date is
//	survey.go stay.go tally.go     the survey, and what it counts
//	dateadvice.go                  the --date-format that cells need
//	protect.go                     protect lists
//
// Every physical line of the input ends in exactly one of these: the header, a
// [batch.Skip] (blank, version line, example, second header, footer), a
// [batch.Row], or a [batch.RowError] with the reason. If that cannot be held,
// for example because a quote was left open, reading ends with an [InputError]
// that names the line.
//
// # Columns
//
// A column names users only when its header is exactly one of a list of names,
// after case, blanks and punctuation are taken away. A [property] in brackets is
// preferred to the words around it. No other column is guessed at, read or kept,
// unless the person names it: it may hold a manager's address, or a password.
//
// Two columns of one key are one while their cells are alike or one is empty. A row
// in which they differ names nobody. If they are alike in no row, [TakeSurvey] asks which
// of them to read.
//
// What a recognised column that does not name the users says of them goes with the
// row as [batch.Claim]s, which the directory has to confirm. An empty cell and a
// word for nothing (n/a, -) claim nothing. In a column called ID or user name, a cell
// that is no object id or no user principal name claims nothing either.
// [Options.Ignore] leaves a column out.
//
// An HR column is one whose header is known to be that of statuses which say whether
// somebody works here, or of the dates on which people leave or begin (hr.go).
//
// Words (statuses, values of --where, headers) are compared in one normal form of
// Unicode, without regard to case. Ids and names of people never are.
//
// A row that has more cells than the header is bad, unless those beyond it are empty. One
// with fewer is read where its user is named and no cell can have shifted: those that are
// read are of their columns' kinds, and either the first cell names the user, or they are of
// two kinds. A row with a character that an earlier program has lost is bad: mended
// cells name the wrong person.
//
// The header is the first line that is neither blank nor a note such as version:v1.0, or
// below a title the first of 30 lines in which a column is recognised.
//
// # Keys
//
// Without [Options.Key] a row names its user by object id or user principal
// name, and a file with a column of each by both. With a key, columns of that key
// alone name the users. A column named by [Options.Column] whose header is known to
// hold mail addresses or employee ids needs a key.
//
//	id               object ids; anything else is a bad row
//	upn              user principal names; an object id is a bad row
//	mail             mail addresses
//	employee-id      employee ids, byte for byte: leading zeros count; n/a, 0 and the like are none
//	on-premises-upn  user principal names before synchronisation
//
// For the last three, Row.By and Row.Value say whom the directory has to be
// searched for; it may find none or many.
//
// # Gates
//
// A gate holds a row back: a [batch.RowError] whose outcome is Skipped. First
// comes the shape of the record, then [Options.Where], then [Options.DateGate], and
// the key last, so a row that is held back need not name anybody exactly.
//
// A condition is COLUMN=VALUE. Signs of other comparisons, and two values of one
// column, are an [InputError]. A gate answers for its own column alone: what another
// HR column says of the rows that pass, [TakeSurvey] tells
// ([Stay]), unless [Options.Ignore] leaves that column out.
//
// A date is written as in ISO 8601, such as 2026-12-31. It may have a time. With an offset
// or Z the two are an instant, and count as such. Without one the day alone counts, from
// its beginning to its end in [DateGate.Zone]. Dates of any other kind need
// [DateGate.Format], in the words of strptime:
//
//	%Y 2026   %m 03     %d 09      %H 07   %M 05   %z  +0100, +01:00 or Z
//	%y   26   %b Mar    %a Mon     %I 07   %S 05
//	          %B March  %A Monday  %p AM
//
// with blanks, T, Z and - / . : , between them, as in %d.%m.%Y or %m/%d/%Y %I:%M:%S %p.
// Numbers may have one digit where another does not follow at once. Names are English, in
// any case; a weekday must be that of the day. %y means 1969 to 2068. The format excel is
// the number by which a workbook keeps a day: 46022 and 46022.5 are 2025-12-31. What a
// workbook knows to be a date is read with any format.
//
// An empty cell, a dash, zeros (0000-00-00), n/a, null and the like mean "not
// leaving", and so do the days that programs write for no date: 9999-12-31 and
// whatever is after 2900, 1970-01-01, 1900-01-01, 0001-01-01 and a few more. Any
// other day before 1970 is a bad row, and so is a date that cannot be read.
//
// # Rows that keep somebody
//
// A row that a date gate holds back says that its user stays, also when its date cannot be
// read. So does one that a condition on an HR column holds back when its cell is a word
// for staying, or, beside a condition for people who are gone, an unknown one. Any other
// condition only chooses rows: a row that it holds back says nothing of staying.
//
// A row that says so has [batch.RowError.Keeps], so that a row that lets the same person
// go is found to contradict it. It keeps everybody whom its cells may mean, read
// leniently. If they mean nobody it is a bad row, unless those cells are empty. A record
// whose cells may have shifted keeps everybody whom it names anywhere, if there is a date
// gate or a condition for people who are gone.
//
// # One row
//
// With --where Status=Terminated and a date gate on "Last day", of the file
//
//	userPrincipalName;Status;Last day
//	 Ada@contoso.example;Active;soon
//
// the second line goes this way:
//
//	source                   the line, which is one record: no quote is open
//	Reader.newRow            trimmed, the first is a user principal name: Row.UPN. It names
//	                         somebody, so whyNobody is ""
//	Reader.rule              "Active" is not "Terminated": the row is held back, outcome
//	                         skipped, reason "Status is not Terminated (--where)". Status is
//	                         an HR column and "active" a word for staying: the user stays.
//	                         The date, which could not be read, is not asked for
//	Reader.whomMeant         Keeps: the user principal name Ada@contoso.example
//	refuse                   a [batch.RowError] with Row (UPN taken away), Outcome, Reason, Keeps
//
// Of several reasons the first of this list is told: the number of cells or a quote; bytes
// that are no UTF-8; the first --where that holds the row back, in the order given; the
// date; why the cells name nobody. A record that names nobody may be no row at all, such
// as a footer or the header again: then it is a [batch.Skip].
//
// # What is shown
//
// The columns of the gates are among [Reader.Columns]. Their cells are in no
// reason, but for dates, since the wrong column may have been named. A bad row whose
// cells cannot be trusted to stand in their columns has nil Cells, so that nothing
// made from them is run again. Its Input is empty when showing it could show a cell of
// a column that names nobody.
//
// A quoted cell may hold line breaks; a record may have up to 100 lines and 1 MiB. A
// record that holds what looks like rows of its own has lost a closing quote, and ends
// the reading, since it would pass over people. A second table further down, with the
// columns in another order, ends the reading too: its rows would be read from the wrong
// column.
package intake
