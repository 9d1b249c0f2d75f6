// Package intake turns a CSV file of users into rows.
//
// A file arrives from an admin centre, an HR system or a script, re-saved by a
// spreadsheet on the way. [Open] reads as far as the header and decides the
// encoding, the delimiter and the columns; [Reader.Settings] tells what was
// decided and why, so that a person can check it. [Reader.Rows] then streams:
//
//	bytes -> text -> lines -> records -> cells -> rows
//	decode   lines   feed     gocsv     cell
//
// Every physical line of the input ends in exactly one of these: the header, a
// [batch.Skip] (blank, version line, example, second header, footer), a
// [batch.Row], or a [batch.RowError] with the reason. If that cannot be held,
// say because a quote was left open, reading ends with an [InputError] that
// names the line.
//
// # Rules
//
// A column names users only when its header is exactly one of a list of names,
// after case, blanks and punctuation are taken away and a [property] in
// brackets has been preferred to the words around it. No other column is
// guessed at, read or kept: it may hold a manager's address, or a password.
// Two columns of one kind are a question to the person ([HeaderError]).
//
// A row that has more or fewer cells than the header is bad, and so is one
// with a character that an earlier program has lost: shifted and mended cells
// name the wrong person.
//
// # Caveats
//
// A bad row whose cells cannot be trusted to stand in their columns has nil
// Cells, so that nothing made from them is run again. Its Input is empty when
// showing it could show a cell of a column that is not ours.
//
// A quoted cell may hold line breaks; a record may have up to 100 lines and
// 1 MiB. A record that holds what looks like rows of its own has lost a closing
// quote, and ends the reading: better no run than one that silently passes
// over people.
//
// A second table further down, with the columns in another order, ends the
// reading too: the rows below it would be read from the wrong column.
package intake
