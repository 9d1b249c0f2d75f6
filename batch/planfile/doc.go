// Package planfile is a plan as a file: what is to be done to which users, so that
// one person can make it, others can read and approve it, and a run can
// be made of it later, without the CSV and without a doubt that it is the same.
//
//	rows --Write--> plan.json --AddApproval--> plan.json --Read--> journal
//	                   |             ^             |
//	                 Digest ----> Approve      CheckAge, Refusals,
//	                                           Require, Drift
//
// # Format
//
// A plan is one JSON document, in lines, so that it streams both ways: first
// what is known of the whole, then a line for each row and each skipped line of
// the input, then the digest, then the approvals. Shortened:
//
//	{"offboard_plan":1,
//	"plan":{"created":"2026-11-22T12:00:00.000Z","input":"leavers.csv",...,"rows":3,"users":1},
//	"options":[{"name":"--verify-timeout","value":"2m0s"}],
//	"guards":[{"name":"users","limit":"500","counted":"1"}],
//	"rows":[
//	{"seq":1,"line":2,"input":"ada@contoso.com",...,"user":{"id":"...","upn":"ada@contoso.com","type":"Member","enabled":true}},
//	{"seq":2,"line":3,"input":"ada",...,"record":{"outcome":"invalid","reason":"not a user principal name: there is no @"}},
//	{"seq":3,"line":5,"input":"ADA@contoso.com",...,"same":1}
//	],
//	"skips":[
//	{"line":4,"reason":"blank"}
//	],
//	"sha256":"5d00355a189fe29e9aec4feeecbfc8ef232226b63664543d27526c118d8be614",
//	"approvals":[
//	{"key_id":"a3c7...","public_key":"rwaj...","name":"ada","time":"2026-11-22T12:05:00.000Z","signature":"2cwZ..."}
//	]}
//
// testdata/plan.json is a whole one. A row has the user who will be sent, or
// the record with which it ended, or the number of the row that holds its user.
//
// # One spelling
//
// A plan has exactly one spelling, and a file with any other is refused: a
// reader writes again what it has read, and compares.
//
//   - UTF-8, lines that end in LF, the last one too; no blanks but in texts.
//   - Keys in the order of form.go, each at most once. One whose value is zero
//     (empty text, 0, false, an unknown time, an empty list or object) is left out.
//   - Numbers are whole and decimal. Times are UTC with three digits of a second.
//   - In texts, quotes and backslashes stand behind a backslash. Characters that
//     show nothing, or that change how those around them look, are \u and four
//     small hexadecimal digits (see unseen in text.go). All others are raw.
//
// So a file that was changed in any byte does not parse, or is in no plan's
// spelling, or has another digest than it says, or an approval whose signature
// is wrong.
//
// # Digest
//
// The digest is the SHA-256 of all bytes before its own line. An approval does
// not change it: it is the name of what is approved.
//
// The digest is no protection against a forger, who writes a new one under a new
// plan. Approvals are: [Trusted.Require] wants so many of different people whose
// keys one knows from elsewhere.
//
// # Approvals
//
// A signature is Ed25519 over five lines:
//
//	offboard plan approval v1
//	DIGEST, in 64 hexadecimal digits
//	KEY ID, as in the file
//	TIME, as in the file
//	NAME, as in the file, with its quotes
//
// Each approval carries its public key, so that every signature is checked, also
// of people whom nobody here knows. Their approvals are shown, and count for
// nothing.
//
// # Caveats
//
// Approvals can be taken out of a file, or put in twice, by anybody. Neither
// makes an approval that was not given: a person counts once.
//
// The times of a plan and of an approval are the word of the people who made them.
//
// A plan can be carried out more than once. A program that must not do so has to
// keep the digests of those that were.
//
// A plan holds names of people, and cells of the input; keep it as private as
// the CSV. The file is not ours to make: give [Write] a new file of mode 0600 in
// the same directory, and rename it when Write and Sync have returned nil.
package planfile
