// Package signature signs and checks files as "ssh-keygen -Y" does: plans that people
// approve, and reports that an auditor checks. It imports nothing of this module but
// the words of package batch.
//
//	sign.go        a key and a text -> an armored signature; whether one fits a text
//	privatekey.go  a key file, a passphrase or the ssh agent -> a key
//	signers.go     an allowed_signers file: whose key may sign what, and when
//	approvals.go   the signatures beside a plan -> who approved it
//
// A signature counts after three checks: matchesBytes, that it is one of these bytes by
// the key in it; isFor, that it was made for this purpose; and acceptable with
// Signers.person, that this key may sign. [Judge] makes all of them.
//
// Where the library (github.com/hiddeco/sshsig) is looser than OpenSSH, this package
// is as strict as OpenSSH.
package signature
