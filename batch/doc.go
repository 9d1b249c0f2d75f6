// Package batch is the engine of offboard: the words, the rules, and the loop
// that moves users through Microsoft Graph. It imports nothing of this module,
// does no I/O and knows no SDK; what it needs of the world it names as an
// interface ([Sender], [Directory], [Journal], [Gate]).
//
// # A run
//
//	read -> resolve -> guard -> plan -> steps (each: send, prove) -> report
//	rows    users     refuse   durable  writes and reads             files
//	                  whole
//
// [Planner] resolves and lists, [Spare] and [Limits] guard, [Runner] sends and proves.
// A run writes one thing, the journal; every report and exit code is a fold over it.
// Only [Progress], which is told meanwhile, is counted on the way.
//
// # Words
//
//	row      a line of the input
//	user     what a good row names, once resolved: one directory object
//	step     one thing done to each user: disable, revoke, devices; see [Step]
//	target   what a step writes to: the user, or a device, group or licence of the user
//	write    a step at one target of one user, named by a [Mark]; an [Item] is one request of it
//	list     what a user has, read at planning: devices, groups
//	chunk    up to 20 writes sent together, of one step and as many users
//	call     one HTTP round trip carrying a chunk
//	reply    what Graph said of one target in one call
//	attempt  a call that left for this target and ended neither in a throttle nor
//	         within an outage of everybody
//	trial    what is known of a write that was sent: attempts, throttles, the last reply
//	doubt    a call of the write had no answer, or one that does not tell: Graph may have acted
//	verdict  what a reply leads to: an outcome, or wait and again
//	outcome  how a write ended; a closed list, see [Outcome]. A user's is the worst, see [Worst]
//	record   the latest word on one write; final, except an unverified one whose
//	         read-back is to come, and one that is retracted. It is of the user as a whole
//	         who ended before any step
//	retract  a later read of the run shows a proven write undone: it is read again, and
//	         ends as it was, or failed
//	plan     what a run set out to do
//	journal  where plan, intents and records are durable
//	pace     writes a second, and why
//	lane     one kind of call with the targets that wait for it
//	settled  has a final record
//	pending  has no record
//	soft stop  Runner.Stop is closed, or the deadline has passed: no new calls,
//	           answers are awaited
//	hard stop  the end of Run's ctx: calls under way are cut short
//
// # Files
//
// The words, and the rules about them:
//
//	row.go user.go compare.go   a line of the input, a directory object, and when two names are one person's
//	plan.go count.go summary.go what a run set out to do, what planning found, what a run came to
//	step.go target.go           what a run does to its users, as a table, and what it writes to
//	outcome.go record.go        how a write ended, and a user
//	journal.go                  what is made durable: calls, trials, records
//	reply.go callerror.go       what Graph said of one user, and of a call that brought no replies
//	errors.go words.go          the errors that end a run; counts and spans as people read them
//	retry.go                    a reply and a trial -> a verdict
//	match.go                    an answer and a row -> the user, or why it is another
//	proof.go                    a stamp or a state that was read back -> proven or not, and why
//	work.go                     a user and what was listed -> the targets of the steps, and what need not or cannot be done
//	guard.go spare.go clock.go  limits, users who are left alone, and this machine's clock
//	deadline.go stopped.go timing.go interruption.go  when a run stops by itself or is asked to, how long it took, and what held it up
//
// Planning:
//
//	planner.go    rows -> users of the plan, through one lane of lookups
//	listing.go    users of the plan -> their devices and groups, through a lane for each list
//	unresolved.go the same without a directory
//	duplicate.go  rows that name one person twice
//	contradiction.go  rows that let a person go whom other rows keep
//	asker.go      reads that concern no single user, such as the members of a group
//
// Sending and proving:
//
//	sender.go gate.go feedback.go what the loop asks of Graph and of the pace
//	runner.go     the writes of a plan -> records, through a lane of writes for each step and app
//	feed.go       the order of each user's writes: which may leave, and which waits for what
//	readback.go   the lane that reads back what was accepted
//	retract.go    what was proven, and a later read shows otherwise
//	reread.go     what is read before an unsafe repeat, or before a refusal is believed
//	loop.go       the one goroutine: which calls leave, and what is durable before they do
//	lane.go queue.go  one kind of call, its workers, and the users who wait for it
//	answer.go answered.go  what an answered call says of each of its users, and what follows
//	health.go     whether the service answers, and when a run ends because it does not
//	usertrouble.go  trouble that is one user's own, and no outage
//	probation.go  whether the first calls were refused for a reason that all users share
//	trouble.go    what is waited for, in words
//
// # The loop
//
// One goroutine owns a run. Each turn it forms the calls that the gates and the
// width allow, commits their intents together with everything settled since,
// hands the calls to workers, and waits for an answer, a due time or a stop.
// Workers only make calls. The gate and the number of workers hold calls back. Writes
// are pulled one chunk at a time, in the order of sending, which the journal makes:
// holders of privileged roles first with all urgent steps, unless [Plan.InOrder], then
// the others, a step at a time. Rules are pure functions of what they are given, time
// and chance included.
//
// # The order of a user's writes
//
//   - One write of a user is under way at a time. The next one leaves when the record of
//     the one before is in the same commit, or an earlier one.
//   - While a holder of a privileged role at the head of the plan has an urgent step left,
//     nothing is let in behind, unless that user is in trouble.
//   - A step goes on whatever became of the one before, but for those that name what stops
//     them: these wait for its proof, and end unsent when it did not end in success.
//   - Two writes to things of a user are 400 ms apart where Graph counts them by user.
//   - Where a repeat is not known to be safe, a write in doubt is read before it is sent
//     again. What is so by then is verified; without a doubt it is already, and undo
//     leaves it alone.
//
// # The life of an answer
//
// loop.answered takes a call that has ended. Each of its targets, here "the user", gets a [Reply]: the own
// one, or what answer.said makes of the call's error. Of the own replies:
//
//	status               class      trial            the user                     the run ends with
//	2xx                  accepted   +1 attempt       is read back, or has ended   -
//	429                  throttled  +1 throttle      waits as Graph says          -
//	401                  stale      +1 attempt (2)   again, with a new token      ErrSignIn, 5 calls in a row
//	408 424 5xx 0 (1)    transient  +1 attempt (2)   again                        ErrOutage
//	400 403 404 other    final      +1 attempt       has ended (3) (5)            ErrPermission or ErrNotOffered,
//	                                                                              the first 3 calls alike (7)
//
// and of a call that brought no replies:
//
//	error                     fate     trial          the user                     the run ends with
//	429                       refused  +1 throttle    waits as Graph says          -
//	401                       refused  +1 attempt (2) again, with a new token      ErrSignIn, 5 calls in a row
//	403                       refused  +1 attempt (2) again                        ErrPermission, the first 3 calls
//	400 404 other (4)         refused  +1 attempt (2) again in half a call; alone  the error, 8 calls in a row
//	                                                  the user has failed
//	408 5xx, none arrived     lost     +1 attempt (2) again                        ErrOutage
//	ErrUnreadable             lost     +1 attempt (2) again in half a call (6)     ErrOutage
//	ErrNotSent                unsent   none           again                        ErrOutage
//	ErrUnsendable             unsent   none           in half a call; alone failed -
//	ErrSignIn                 unsent   none           again                        the error, at once
//	ErrNotGraph               as its status                                        the error, at once
//
//	class: classify   fate: fateOf   trial: answer.tried   user: RetryPolicy.Decide,
//	loop.settleUser, Runner.settle   run: loop.health, with answer.life and answer.common
//
// (1) Also 409 with Directory_ConcurrencyViolation; 0 is no answer for this user. 503
// with Request_ThrottledTemporarily is a 429, and 501 and 505 are final. (2) None
// within an outage of everybody. What is tried again ends gave_up after
// RetryPolicy.Attempts. (3) A user whom one app was denied goes to the next app. While
// every first call is refused alike, the users are held back (see probation). (4) See
// CallError.refusedForGood. Where nothing of a lane has gone well yet, 3 calls in a row
// are enough; calls with things of the same users count once. (5) A refusal that may mean
// "done already" (see stepRule.doneWhen) is read back before it is believed. (6) Where a
// repeat is unsafe each is read, and then sent alone. (7) Where a user may have several
// writes, only a 403 ends the run, and only the run of one step: what else is refused has
// failed, and the others go on. A fate "lost", or a transient reply other than 409, leaves [Trial.Doubt]:
// Graph may have acted.
//
// # Invariants
//
//  1. A target's failure is a record; an error ends the run. Refusals end a
//     run only when they met users without roles, and one target's trouble is told of
//     that target alone. (TestRunSettles, TestSteps, TestHalvesOfAStep, TestRefusalsOfOneUser,
//     TestDeniedHoldersAreNoVerdict, TestOnePoisonsACall, TestOutageInsideAnswers)
//  2. Every line of the input ends in exactly one line of the report or is named as
//     skipped, and every write in one record. After a crash, targets sent and unanswered
//     are unsettled, never not_sent, and resume sends them again; targets whose call
//     never left, or was refused, are not_sent. (TestTorture, TestTortureOfSteps, TestHowACallEnds,
//     TestHowFarACallGets, TestStepsGoOn)
//  3. A report says nothing that the journal does not. (testdata/scripts/run.txtar)
//  4. Only the loop's goroutine writes records, touches counts and tells progress.
//     A user has one write under way, and its record is durable before the next one
//     leaves. (the race detector, in every test; the world of TestSteps)
//  5. No goroutine outlives Run. Every wait ends when the context does; only
//     durable writes ignore it. (TestCancelLeavesDoubt; synctest fails on leaks)
//  6. Replies already received are recorded, also while the run is being
//     cancelled, and only a hard stop cuts calls under way short.
//     (TestStopAwaitsAnswers, TestJournalFailureEndsTheRun,
//     TestRefusedCallCutsNoOtherShort, TestAnswersAreKeptWithoutTheJournal)
//  7. At most workers x 20 targets are sent twice across a crash and resume; none
//     across a soft stop. None is sent twice without a read where a repeat is unsafe.
//     (TestTorture, TestTortureOfSteps, TestTermAndResume, TestStepsGoOn)
//  8. Only graph knows the SDK, only intake gocsv, only throttle the limiter,
//     only journal SQL. (TestArrows)
//  9. No retry below [RetryPolicy]: not in the SDK, not in the transport.
//     (TestNothingBelowRetries)
//  10. No write before the plan is durable, and its intent; no write at all when
//     the guard refuses, and never one to a user that it spares, in runs that are
//     resumed or applied as well; no write but those of the plan. (the fake tenant of
//     every runner test, the world of TestSteps;
//     TestNobodyElseIsTouched, TestKilledBeforeRefused, TestResumeAsksTheGuards,
//     TestApplyAsksTheGuards)
//  11. Secrets and tokens are in no log, report, journal, error or process
//     argument. (TestNoSecretIsTold)
//  12. Proof is about the very object written to: an answer about another one is
//     trouble, and a state that is not told is no proof. (TestJudge, TestJudgeState,
//     TestMixedUpReadBack, TestSteps)
package batch
