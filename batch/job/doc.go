// Package job is one tenant's job, from the sign-in to the report. The rooms of the
// house meet here and nowhere else: intake reads the rows, graph signs in and looks
// users up, throttle paces, journal keeps, package batch decides, report tells.
//
// # The commands
//
// [Run], [MakePlan], [Approve], [Apply], [Resume], [Verify], [Runs],
// [Show], [History], [Report] and [Prune] are the commands of the same names. They are given a [Host], which is the process and the
// person before it, and their options, and they end in an error that says which kind of
// end it was.
//
// # How it is read
//
//	host.go        what a job has of its process, and how it talks to a person
//	options.go     what a person may choose
//	refusal.go     a refusal with all its reasons
//
//	files.go       input files, each of them read once
//	connect.go     sign-in: the apps of a run, and their tenant
//	identity.go    who signed in, held against what was said
//	permission.go  what the token lacks is told before anything is sent
//	clock.go       this machine's clock, held against Graph's
//	simulated.go   a simulated tenant, made from the input
//
//	guards.go      who is left alone, and what refuses a plan
//	protect.go, lists.go, directory.go, since.go, stay.go, planguards.go, again.go
//
//	run.go         run: plans and carries out
//	plan.go        planning, which run and plan share
//	approve.go     approve: signs a plan file
//	apply.go       apply: holds a plan file against the directory as it is now
//	drift.go
//	resume.go      resume: which run goes on, and with what
//	carryout.go    revokes, proves and ends a run
//	others.go      what other runs on the same journal send
//	ending.go      what is told of a run at its end, or any time later
//	look.go        runs, show, history and report: what the journal has
//	prune.go       runs prune: which old runs go
//	verify.go      verify: reads stamps, and believes no report
package job
