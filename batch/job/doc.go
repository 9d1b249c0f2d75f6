// Package job is one tenant's job, from the sign-in to the report. The rooms of the
// house meet here and nowhere else: intake reads the rows, graph signs in and looks
// users up, throttle paces, journal keeps, package batch decides, report tells.
//
// [Run], [Check], [MakePlan], [Apply], [Resume], [Verify], [Doctor], [Approve], [Prune] and those of
// look.go are the commands of the same names. They are given a [Host], which is the
// process and the person before it, and their options. They end in an error that says
// which kind of end it was.
//
// # The life of a run
//
//  1. [Planning.ready] reads the input and surveys it, opens the journal, makes the report
//     directory and prepares the sign-in. What is wrong so far is one [Refusal].
//  2. It signs in ([job.enterPrepared]) and holds the tenant against what was named.
//  3. [Run] locks the input and looks for a run on it to go on with ([job.goOn]).
//  4. [Planning.find] asks the guards who is left alone, creates the run in the journal,
//     looks everybody up, and holds the counts against the limits. Nothing goes on
//     beyond a refusal: a run that was never sealed is discarded.
//  5. [job.begin] seals the plan. It asks only then, so that a person who stops at the
//     question can resume.
//  6. [job.carryOut] revokes and proves, and [job.finish] ends: report files and their seal,
//     the end in the journal, end block.
//
// A resume begins at 2 with the plan of the journal, asks the guards again
// ([job.guardAgain]), and goes on at 6. An apply has a plan file in place of 1 and
// holds every user against it in 4 (drift.go).
//
// # How it is read
//
//	host.go        what a job has of its process, and how it talks to a person
//	options.go     what a person may choose; selection.go and age.go read some of it
//	refusal.go     a refusal with all its reasons
//	next.go        the commands that people are told to type
//
//	files.go       input files, each of them read once
//	connect.go     sign-in: the apps of a run, and their tenant
//	identity.go    the tenant that a sign-in leads to, held against what was said
//	caller.go      another app or user goes on with a plan; operator.go names who runs this
//	permission.go  what the token lacks is told before anything is sent
//	watched.go     what is seen of every call: the log, and this machine's clock against Graph's
//	simulated.go   a simulated tenant, made from the input
//
//	guards.go      who is left alone, and what refuses a plan
//	protect.go     --protect and --protect-group; lists.go sees that a list has changed
//	directory.go   the reads of groups and roles
//	since.go       --since; planguards.go has what is asked at planning alone
//	stay.go        people who stay by the file
//	check.go       check: what would be read of files, without the directory
//	again.go       the guards of a run that goes on
//
//	campaign.go    runs of several tenants started together: what is kept of them
//	member.go      a tenant of one, and what may be done of it now; whose.go rows of one file for all
//	standing.go    how the tenants stand by the journal
//	shared.go      what the jobs of one process share: the journal, and the quotas of their apps
//	job.go         the job: what every command opens, locks and takes back
//	pace.go        quotas and gates; others.go is what other runs and processes on the journal send
//	plan.go        planning, which run and plan share
//	run.go         run: plans and carries out; the dry run
//	makeplan.go    plan: writes a plan file; newfile.go refuses a name that is taken
//	approve.go     approve: signs a plan file
//	apply.go       apply: a plan file, its approvals, and that it is carried out once
//	undo.go        undo: a plan made from the records of another run
//	drift.go       a plan file's users held against the directory as it is now
//	resume.go      resume: which run goes on, and with what
//	submit.go      a run for a worker to plan; slice.go carries it out by and by, for an engine
//	approverun.go  signatures of a planned run
//	carryout.go    revokes, proves and ends a run; stream.go tells its lines as they settle
//	reportdir.go   where the report goes, and the key that signs it
//	ending.go      what is told of a run at its end, or any time later
//	look.go        the commands that look back
//	prune.go       old runs are deleted
//	doctor.go      doctor: whether a run would go well; doctor_machine.go, doctor_network.go, doctor_signin.go
//	               and doctor_tenant.go have what it looks at
//	verify.go      verify: reads stamps, and believes no report
package job
