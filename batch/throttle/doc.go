// Package throttle decides when a call may leave.
//
// A [Controller] is a [batch.Gate]: a state machine without a clock, a goroutine or a
// lock. One goroutine asks it, and hands it the time. Make one controller for writes and
// one for reads: Graph meters them apart, and reads must never slow writes. How many
// units reads have depends on the tenant's size, which may become known on the way
// ([Controller.Restate]). A write costs a unit too, so reads leave room for the writes
// that may go ([Controller.KeepFree]).
//
// # Files
//
//	controller.go  the gate: asks every limit, and blames one for a refusal
//	pool.go        a controller for each of several apps, which share the tenant's limits
//	shared.go      what runs in several tenants share: the limits of their app
//	quota.go quotafile.go  what is documented, or stated in a file
//	limit.go       one quota: its log, and what is known of it
//	slidinglog.go  how many users left within a window
//	slowstart.go   few users at first, while others may have used the quota
//	learn.go       a refusal -> a lower limit
//	probe.go budget.go  whether a lower limit came back, and what may be risked to see it
//	bucket.go      a limit that opens little by little
//	pause.go width.go  no call leaves; fewer calls at once
//	keepfree.go others.go  units that writes need; what other runs send
//	pace.go timeleft.go waits.go  what people are told: how fast and why, how long still, what was waited for
//
// learn.go, probe.go and bucket.go are needed only to understand refusals below the
// documented quota.
//
// # Words
//
//	quota         a limit as it is stated: at most so many users in a window
//	limit         a quota with its log and all that is known of it
//	window        the time over which a quota is counted
//	log           the users that left within the last window
//	served        not turned away by Graph; accepted is less: a 2xx
//	met           a limit is met by a refusal that says something of it
//	pause         no call leaves, until the time that Graph named
//	first window  the log does not reach back a window yet: others may have used the quota
//	burst         the users of the first window, who leave in steps
//	ramp          few go at once, since a refusal and the log contradict each other
//	probe         users sent beyond what was learned, to see whether there is room
//	scout         the first probe after a limit was met, one chunk
//	bucket        a limit whose room comes back drop by drop
//	budget        how many users probes may have refused
//
// # The states of a limit
//
//	           limit.learn, limit.meet                  limit.startBucket
//	stated ------------------------------> learned ---------------------------> bucket
//	   ^                                    |   ^                                |  |
//	   |   limit.liftIfWhole, of            |   |           limit.meet           |  |
//	   +----- limit.grow, limit.estimate ---+   +--------------------------------+  |
//	   |                                                                            |
//	   +------------------------- limit.liftIfWhole, of limit.grow -----------------+
//
//	state    it is in it while         how long a call waits
//	stated   learnedLimit is 0         slidingLog.wait for the quota
//	learned  learnedLimit is more      waitLearned for learnedLimit, and waitStated for the quota
//	bucket   and bucket.rate is set    waitLearned for the bucket's pace, and waitStated for the quota
//
// Two things modify a state. In the first window (limit.inFirstWindow) the burst leaves
// in steps (limit.crowded), and a limit that was met is in doubt: limit.speedUp and
// limit.slowDown look for its pace. In a ramp (limit.ramped, until limit.climb) few users
// are under way. In the states learned and bucket limit.waitOrProbe lets probes go.
//
// # Why a sliding log
//
// "3,000 writes per 150 s" does not say how the service counts. It may keep a sliding
// log, a counter that starts anew every 150 s at an unknown moment, or a bucket that
// refills by 20 a second. A schedule with at most 3,000 writes in any 150 s, wherever the
// 150 s begin, is refused by none of the three, and a schedule that breaks this rule is
// refused by the first. So the sliding log is the fastest schedule that is safe without
// knowing: 3,000 users go at once, the next 3,000 as the first leave the window. Over
// time that is the full quota, as fast as a bucket; a full bucket is at most one window
// ahead, once in a run.
//
// When the service counted a write is not known either: some time between the call's
// leaving and its answer. A write therefore counts from admission until one window after
// its answer. That makes a cycle longer by the latency of one call, which is the price of
// never being refused: 2 s in 150 s.
//
// # What others have used
//
// Other apps may have used part of a quota before the run begins, and Graph does not say
// so. The first burst therefore leaves in up to six steps of at least 100 users, each
// when the one before was answered. That costs five round trips, and no more than a sixth
// of the users is refused. Reads leave at once: an app's units are its own and count for
// 10 s, so that a refusal costs 10 s at the most.
//
// A limit that is met while the log does not reach back a window is in doubt: it may be
// lower than stated, or the stated one may be used up. Until the log reaches back a
// window the controller searches, and the documented pace is its first guess. After the
// time that Graph named one chunk goes, then twice what was served, again and again: a
// fixed window that began anew, or users that left a log all together, show within a few
// round trips. Where that is refused, room comes free little by little: a token bucket
// follows it, faster with each call that goes well and slower after each refusal, by what
// was served since the last time that nothing was left. Graph may count refused users
// too; then Retry-After says when nothing was left.
//
// # How a lower limit is learned
//
// Graph may throttle below its documentation. These things follow a 429:
//
//   - A pause until the longest Retry-After, counted from the answer. No call
//     leaves in it, since refused calls count too. Refusals straight after a
//     pause make the pause grow, because Graph has been seen to answer "1" for
//     ever.
//   - An estimate: what was served since one window before the room opens
//     again, that is, Retry-After less the window. For a fixed window this is
//     its beginning and for a sliding log its oldest entry, so the count is the
//     limit itself. The same log is then held to this number.
//   - A ramp, where Graph promised room within seconds while the log has room for
//     thousands: one of the two is wrong. For a window no more users are under way
//     than probes may still have refused; see below.
//   - A scout. Where Graph names a time well before the log has room, one chunk
//     goes at that time. Refused: the log was right. Accepted: more follows,
//     first what a bucket would have gained by now, then half of what was
//     served, again and again. When half of the learned limit went well, a
//     fixed window began anew, and the log forgets what was before. When it ends
//     in a refusal, room opens drop by drop: a bucket. What it gained since the limit was
//     met is a first measure of its pace, which is then kept
//     by a [rate.Limiter], and each refusal measures it again: the bucket was empty at
//     the refusal before and is empty now.
//   - Probes, since the limit may come back: a chunk more than was learned, sent
//     when the log is full and nothing is under way. Each success lets more be
//     at risk at once, so a limit that came back whole is found within a
//     window. It counts as found when it has lasted one.
//
// Probes cost refused writes, and those cost the tenant's other apps. They are paid from
// a budget (see riskShare), so that no more than about 1 % of a run's writes are refused
// besides those that were under way when a limit was first met. When the budget is spent,
// probes come ever more rarely, but never end.
//
// When Graph took most of a call, only the refused users wait: no pause, and no limit
// learned. Busy services refuse some here and there, and behind a limit that is full all
// are refused. A bucket alone is followed so near to what there is that its refusals are
// of a few, and it learns from those too.
//
// Item 429s change the pace; a call refused as a whole (429, 5xx) halves the width as
// well. Latency alone changes neither.
//
// # Several apps
//
// Graph counts the writes of each app registration, and those of the tenant besides.
// [NewPool] makes a controller for each app; they share the tenant's limits, logs and
// all, so three apps reach the tenant's 60 users a second and seven do not overrun it. A
// refusal is for its scope: the app's pauses and teaches the app; the tenant's pauses and
// teaches all apps. Where Graph names no scope, the limit that allows an app least is
// blamed, the tenant's in even parts.
//
// # Several tenants
//
// The runs of a campaign work as one app in many tenants, each in a goroutine of its own.
// [Shared] has the app's limits over all of them: what one run admits counts for the others at
// once, and a refusal of that scope pauses all. The first one there may take what is left; no
// run takes more than its own tenant's quota, so that the others come through.
//
// # Caveats
//
// The estimate knows the calls of this process and what [Controller.Count] told of other
// runs. Another app that eats the same budget looks like a lower limit, which is what it
// is.
//
// Every quota that a controller is given covers each of its calls, so a pause of any
// scope is a pause of the controller.
//
// In a run of a few windows there is no time to find out that a limit came back: a probe
// a window is all that the budget pays for.
//
// What was learned is not kept across runs: a limit that was low an hour ago says little,
// and learning it again costs a step of the first burst.
package throttle
