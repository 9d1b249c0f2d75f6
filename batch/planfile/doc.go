// Package planfile is a plan as a file: what is to be done to which users, so that one
// person can make it, others can read and sign it, and a run can be made of it later
// without the CSV.
//
//	rows --Write--> plan.jsonl --Read--> journal
//
// # Format
//
// A plan is JSON Lines. The first line says everything that a person must check of the
// whole; a line follows for each row and for each skipped line of the input; the last
// line counts them. Shortened:
//
//	{"format":"offboard-plan","version":1,"plan":{"created":"2026-11-22T12:00:00Z","input":"leavers.csv",...},"options":[...],"guards":[...]}
//	{"row":{"line":2,"input":"ada@contoso.com",...},"user":{"seq":1,"id":"...","upn":"ada@contoso.com","type":"Member","enabled":true}}
//	{"row":{"line":3,"input":"ada",...},"user":{"seq":2},"record":{"seq":2,"outcome":"invalid","reason":"..."}}
//	{"row":{"line":5,"input":"ADA@contoso.com",...},"user":{"seq":3},"duplicate_of":1}
//	{"skip":{"line":4,"reason":"blank"}}
//	{"end":{"rows":3,"users":1,"skips":1}}
//
// testdata/plan.jsonl is a whole one. A row has the user who will be sent, or the
// record with which it ended, or the number of the row that holds its user. Reading is
// strict: what encoding/json would not write is refused.
//
// # The files
//
//	format.go           the lines of a plan, as Go has them and as they are written
//	file.go, errors.go  what is known of a plan that was read: its digest, its age
//	write.go, read.go   rows -> lines, and back
//	validator.go        what no plan may say, asked when writing and when reading
//	drift.go            in what a user is no longer the one who was planned
//
// # Signatures
//
// The digest of a plan is the SHA-256 of the file, as sha256sum prints it. Nothing in
// the file protects it from people who edit it; signatures beside it do, which package
// signature makes and checks.
//
// The time of a plan is what the machine that made it said. Nothing in a plan keeps it
// from being carried out a second time. A program that must not do so keeps the digests
// of the plans that it carried out.
//
// A plan holds names of people, and cells of the input; keep it as private as the CSV.
package planfile
