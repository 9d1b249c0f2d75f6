// Package intake turns files of users into rows.
//
// Package source gives the records of a file of any format: cells with their place. [Open]
// reads as far as the header and decides the columns; [Files.Settings] tells what was decided
// and why. [Files.Rows] then streams. [TakeSurvey] reads the whole input before that, for what
// only all rows together say. [ReadProtectList] reads a list of users who must not be touched.
// Package dates knows how days are written, and package vocab the words of files.
//
// The files, in the order in which to read them:
//
//	options.go open.go                      what a caller gives and gets; one file
//	header.go column.go decide.go           which columns are read, and which name the users
//	rows.go shifted.go beside.go            records -> rows, and lines that are none
//	check.go form.go keeps.go               what a cell names, why nobody, or whom it may mean
//	gate.go dategate.go                     which rows are held back
//	survey.go stay.go gateadvice.go         what all rows say, and the flags that it takes
//	protect.go                              protect lists
//
// Every line of the input ends in exactly one of these: the header, a [batch.Skip], a
// [batch.Row], or a [batch.RowError] with the reason. If that cannot be held, reading ends
// with an [InputError] that names the line: a quote was left open, a record holds what looks
// like rows, or a second table has its columns in another order.
//
// # Columns and keys
//
// A column names users only when its header is exactly one of vocab/words.csv, in normal form, or
// when the person or a preset names it. No other column is read or kept: it may hold a
// manager's address, or a password. Two columns of one key must agree. Any other column that
// says who the users are goes with the row as [batch.Claim]s, which the directory has to
// confirm. Words are compared in one normal form of Unicode, without regard to case; ids and
// names of people never are.
//
// Without [Options.Key] a row names its user by object id or user principal name, or by both.
// With a key, columns of that key alone name the users. For mail, employee-id and
// on-premises-upn, Row.By and Row.Value say whom the directory has to be searched for.
//
// # Gates and dates
//
// A gate holds a row back: a [batch.RowError] whose outcome is Skipped. [Options.Where] is
// asked first, then [Options.DateGate]. A row that a date gate holds back says that its user
// stays, also when its date cannot be read; one that a condition holds back says so where HR
// writes it. Such a row has [batch.RowError.Keeps]: everybody whom its cells may mean, so that
// a row that lets the same person go is found to contradict it.
//
// A date is written as in ISO 8601, such as 2026-12-31, with a time or without. With an offset
// or Z it is an instant, unless it is midnight, there or in [DateGate.Zone], since programs write
// a day so; else the day counts, in that zone. Other dates need [DateGate.Format], in the words of strptime
// (package dates has them), or excel for the number by which a workbook keeps a day, or epoch. Numbers may
// have one digit where another does not follow at once. Names are English, in any case; a
// weekday must be that of the day; %y means 2000 to 2068, and is no year beyond: 99
// may be 9999.
//
// An empty cell, a dash, zeros, n/a and the like mean "not leaving", and so do the days that
// programs write for no date. Any other day before 1970 is a bad row.
//
// # What is shown
//
// Reasons hold no cell of a gate's column but a date, since the wrong column may have been
// named. A bad row whose cells cannot be trusted to stand in their columns has nil Cells, so
// that nothing made from them is run again. Its Input is empty when showing it could show a
// cell of a column that names nobody.
package intake
