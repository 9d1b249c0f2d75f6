// Package graph speaks to Microsoft Graph. It is the only package that knows
// the Graph SDK and azidentity; everything it says to the rest of offboard is a
// [batch.Reply] or a [batch.CallError].
//
// A [Client] turns up to 20 items into one JSON batch. What it says for each step stands
// in one table, stepCalls: the request that writes, the one that reads back, the one that
// lists. The items are written here, and sent as one SDK BatchRequest. Invalidating is
// written and read in beta, all else in v1.0. The answer is read here, item by item: the SDK's own
// reader fails the whole call for one odd item (a body that is no object, a header that
// is a number), and does not notice items that are missing, foreign or answered twice.
//
// A user who is named by mail, employee id or on-premises name is looked up in
// the same batches by $filter; the reply lists everybody found, and choosing is
// batch's.
//
// Nothing is deleted but a membership: one guard looks at every item before its batch
// leaves (mayLeave). A new password is drawn for its item, leaves, and is kept nowhere;
// what a service repeats of it is left out (hide).
//
// [Client.CountUsers], [Client.Members], [Client.Named], [Client.RoleHolders] and
// [Client.Roles] read what the guards need, one page a call. A link to a next page
// is followed below the client's own root only. [Client.Organization] and
// [Client.Information] read the name of a tenant.
//
// # The files
//
//	client.go                    the client
//	transport.go                 what carries its calls and those of a sign-in, in order
//	steps.go, item.go            what each step says; an item of a batch, and what may leave
//	session.go, account.go, password.go, devices.go, groups.go, licences.go   the steps, by what they are at
//	find.go                      looking a user up, by key or by a property
//	call.go, answer.go, user.go  the answer to a call, to an item, and what it says of a user
//	page.go, lists.go, roles.go  reads of many: page by page; users; roles and who holds them (devices and groups with their steps)
//	organization.go              what a tenant is called
//	environment.go, choice.go, misspelt.go   the variables; the way to sign in that they name; slips
//	secret.go, shell_*.go        what a variable, a file or a command has; the shell that runs one
//	registration.go, certificate.go, person.go   an app's credential; a person at the terminal
//	signin.go, aadsts.go, aadsts.csv   how a sign-in ended; the codes of the sign-in service, with the next step
//	auth.go, challenge.go        handing out tokens; why Graph refused one
//	tokens.go, identity.go, permission.go   what a token says; whose it is; what it allows
//	cloud.go, root.go, authority.go   Microsoft's clouds, and whose a token is; service roots; where to sign in
//	duties.go, self.go           permissions and directory roles that a sign-in is given, and what it has of them
//	knock.go                     the way to a host, before a token is sent there
//	proxy.go, ca.go              what may stand between this machine and Microsoft; CAs of a file
//
// # What is switched off, and why
//
//   - kiota's RetryHandler: it would retry 429, 503 and 504 by itself, asleep
//     for minutes, where nobody counts. All waiting is decided by batch.
//   - kiota's CompressionHandler: a retried body went out as plain JSON
//     labelled gzip, and Graph refused the call.
//   - kiota's retry after a claims challenge: the challenge is taken off the
//     response and answered by the next token instead.
//   - azidentity's retries, for the same reason, and its default chain: a sign-in
//     that is set by halves fell through to somebody else's login. [Environment]
//     chooses one way, or says what is missing.
//   - redirects: a batch is never redirected, and a token must not follow one.
//   - the client capability cp1: an app-only run can dead-lock on a challenge
//     that its cached token cannot answer (elastic/elasticsearch#142848).
//
// # How far a call got
//
// Every error of a call is a [batch.CallError] or one of these sentinels; most are both.
//
//	what came                                      the error                       did Graph act?
//	no token, and waiting does not help            ErrSignIn                       no
//	no token; it may come later                    ErrNotSent                      no
//	the call would have been wrong to make         ErrUnsendable                   no
//	no connection, or stopped before it was sent   ErrNotSent                      no
//	a certificate that is not trusted              ErrNotSent, ErrNotGraph *       no
//	a proxy that refuses the way, with 4xx         ErrNotSent, ErrNotGraph *       no
//	HTTP 408 or 5xx, but 501 and 505               CallError with its Status       not known
//	any other refusal of the call                  CallError with its Status       no
//	a 2xx with a web page                          CallError, ErrNotGraph *        not known
//	a 2xx that is cut off or cannot be read        ErrUnreadable                   not known
//	no answer, though the call was sent            CallError without Status        not known
//
// * Only until Graph has given a first good answer. After that the error is without
// ErrNotGraph, and is taken for trouble that may pass.
//
// # Caveats
//
// A reply's Date is that of the call as a whole. Graph streams batch answers,
// so an item may have been executed some seconds after it.
package graph
