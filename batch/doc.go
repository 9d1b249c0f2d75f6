// Package batch is the engine of offboard: the words, the rules, and the loop
// that moves users through Microsoft Graph. It imports nothing of this module,
// does no I/O and knows no SDK; what it needs of the world it names as an
// interface ([Sender], [Directory], [Journal], [Gate]).
//
// # A run
//
//	read -> resolve -> guard -> plan -> revoke -> verify -> report
//	rows    users     refuse   durable  writes    reads     files
//	                  whole
//
// [Planner] resolves, [Spare] and [Limits] guard, [Runner] revokes and verifies.
// A run writes one thing, the journal; every report and exit code is a fold over it.
// Only [Progress], which is told meanwhile, is counted on the way.
//
// # Words
//
//	row      a line of the input
//	user     what a good row names, once resolved: one directory object
//	chunk    up to 20 users sent together
//	call     one HTTP round trip carrying a chunk
//	reply    what Graph said of one user in one call
//	attempt  a call that left for this user and ended neither in a throttle nor
//	         within an outage of everybody
//	trial    what is known of a user who was sent: attempts, throttles, the last reply
//	verdict  what a reply leads to: an outcome, or wait and again
//	outcome  how a user ended; a closed list, see [Outcome]
//	record   the latest word on one user; final, except an unverified one whose
//	         read-back is to come
//	plan     what a run set out to do
//	journal  where plan, intents and records are durable
//	pace     users a second, and why
//	lane     one kind of call with the users who wait for it
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
//	outcome.go record.go        how a user ended
//	journal.go                  what is made durable: calls, trials, records
//	reply.go callerror.go       what Graph said of one user, and of a call that brought no replies
//	errors.go words.go          the errors that end a run; counts and spans as people read them
//	retry.go                    a reply and a trial -> a verdict
//	match.go                    an answer and a row -> the user, or why it is another
//	proof.go                    a stamp that was read back -> proven or not, and why
//	guard.go spare.go clock.go  limits, users who are left alone, and this machine's clock
//	deadline.go stopped.go timing.go  when a run stops by itself or is asked to, and how long it took
//
// Planning:
//
//	planner.go    rows -> users of the plan, through one lane of lookups
//	unresolved.go the same without a directory
//	duplicate.go  rows that name one person twice
//	contradiction.go  rows that let a person go whom other rows keep
//	asker.go      reads that concern no single user, such as the members of a group
//
// Sending and proving:
//
//	sender.go gate.go feedback.go what the loop asks of Graph and of the pace
//	runner.go     the users of a plan -> records, through a lane of writes for each app
//	readback.go   the lane that reads stamps back
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
// Workers only make calls. The gate and the number of workers hold calls back. Users
// are pulled one chunk at a time, in the order of sending, which the journal makes:
// holders of privileged roles first, unless [Plan.InOrder]. Rules are pure functions of
// what they are given, time and chance included.
//
// # The life of an answer
//
// loop.answered takes a call that has ended. Each of its users gets a [Reply]: the own
// one, or what answer.said makes of the call's error. Of the own replies:
//
//	status               class      trial            the user                     the run ends with
//	2xx                  accepted   +1 attempt       is read back, or has ended   -
//	429                  throttled  +1 throttle      waits as Graph says          -
//	401                  stale      +1 attempt (2)   again, with a new token      ErrSignIn, 5 calls in a row
//	408 424 5xx 0 (1)    transient  +1 attempt (2)   again                        ErrOutage
//	400 403 404 other    final      +1 attempt       has ended (3)                ErrPermission or ErrNotOffered,
//	                                                                              the first 3 calls alike
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
//	ErrUnreadable             lost     +1 attempt (2) again in half a call         ErrOutage
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
// are enough. A fate "lost", or a transient reply other than 409, leaves [Trial.Doubt]:
// Graph may have acted.
//
// # Invariants
//
//  1. A user's failure is a record; an error ends the run. Refusals end a
//     run only when they met users without roles, and one user's trouble is told of
//     that user alone. (TestRunSettles,
//     TestDeniedHoldersAreNoVerdict, TestOnePoisonsACall, TestOutageInsideAnswers)
//  2. Every line of the input ends in exactly one record or is named as
//     skipped. After a crash, users sent and unanswered are unsettled, never
//     not_sent, and resume sends them again; users whose call never left, or was
//     refused, are not_sent. (TestTorture, TestHowACallEnds, TestHowFarACallGets)
//  3. A report says nothing that the journal does not. (testdata/scripts/run.txtar)
//  4. Only the loop's goroutine writes records, touches counts and tells progress.
//     (the race detector, in every test)
//  5. No goroutine outlives Run. Every wait ends when the context does; only
//     durable writes ignore it. (TestCancelLeavesDoubt; synctest fails on leaks)
//  6. Replies already received are recorded, also while the run is being
//     cancelled, and only a hard stop cuts calls under way short.
//     (TestStopAwaitsAnswers, TestJournalFailureEndsTheRun,
//     TestRefusedCallCutsNoOtherShort)
//  7. At most workers x 20 users are sent twice across a crash and resume; none
//     across a soft stop. (TestTorture, TestTermAndResume)
//  8. Only graph knows the SDK, only intake gocsv, only throttle the limiter,
//     only journal SQL. (TestArrows)
//  9. No retry below [RetryPolicy]: not in the SDK, not in the transport.
//     (TestNothingBelowRetries)
//  10. No write before the plan is durable, and its intent; no write at all when
//     the guard refuses, and never one to a user that it spares, in runs that are
//     resumed or applied as well. (the fake tenant of every runner test;
//     TestNobodyElseIsTouched, TestKilledBeforeRefused, TestResumeAsksTheGuards,
//     TestApplyAsksTheGuards)
//  11. Secrets and tokens are in no log, report, journal, error or process
//     argument. (TestNoSecretIsTold)
//  12. Proof is about the very user: an answer about another one is trouble.
//     (TestJudge, TestMixedUpReadBack)
package batch
