// Package graphsim is a Microsoft Entra tenant in memory: its users, the part
// of Microsoft Graph that revokes their sessions and reads them, and the token
// endpoint that lets an app sign in.
//
// It exists to prove a client right, so it is as strict as Graph and imports
// nothing of this module: it cannot share a mistake with the client it tests.
// What it answers follows Microsoft's documentation, published metadata,
// recorded traffic and issue threads. Where those are silent it takes the
// stricter reading, and a comment says so.
//
// # Basics
//
// [New] makes a [Tenant] from a [Config], [Tenant.Add] puts users into it. A
// Tenant is an [net/http.Handler], to be served on a loopback socket, and an
// [net/http.RoundTripper], which needs no socket and therefore runs in a
// testing/synctest bubble: it owns no goroutine, and whatever it waits for ends
// with the request's context.
//
//	tenant := graphsim.New(graphsim.Config{StaticToken: "secret"})
//	tenant.Add(graphsim.User{UPN: "anna@contoso.com", Enabled: true})
//	client := &http.Client{Transport: tenant}
//
// It answers, below /v1.0 and /beta and under any host name:
//
//	POST /$batch
//	POST /users/{key}/revokeSignInSessions
//	POST /users/{key}/invalidateAllRefreshTokens   (beta only)
//	GET  /users/{key}?$select=...
//	GET  /users?$filter=property eq 'value'        ($select, $top, $count)
//	GET  /users?$filter=startswith(userPrincipalName,'value')   ($select, $top), page by page
//	GET  /users/$count                             (with ConsistencyLevel: eventual)
//	GET  /organization
//	GET  /groups/{id}/transitiveMembers/microsoft.graph.user
//	     (with ConsistencyLevel: eventual and $count=true; $select, $top)
//	GET  /roleManagement/directory/roleAssignments   ($expand=principal)
//	GET  /roleManagement/directory/roleDefinitions   ($select)
//
// and, for signing in with a secret or an assertion, /common/discovery/instance,
// /{tenant}/v2.0/.well-known/openid-configuration and /{tenant}/oauth2/v2.0/token.
// A key is an object id or a user principal name, percent-encoded; or either
// of them quoted, as in users('key'), with every apostrophe in it doubled.
//
// # How strict
//
// A batch that Graph would refuse is refused whole with 400 and nothing runs:
// more than 20 items, ids that are missing, not strings or equal but for case,
// a POST without Content-Type or with body null, an absolute URL. [Stats] counts
// such calls as Invalid; a correct client has none. Each item is then judged on
// its own, and the replies come back in an order of their own.
//
// A raw "#" in an item's URL cuts it short, so that it may name another user;
// the tenant does what it is told, as Graph would.
//
// Quotas count every item, refused ones included; see [Quota], and
// [DefaultQuotas] for the published limits. A guest answers 200 and its stamp
// moves although nothing is revoked, since a guest's sessions live in the home
// tenant.
//
// A revocation moves the stamp that its page names and no other:
// revokeSignInSessions signInSessionsValidFromDateTime, invalidateAllRefreshTokens
// refreshTokensValidFromDateTime; see [Config.Invalidates]. A v1.0 $select of the
// latter is refused, since v1.0 users do not have it.
//
// # Truth
//
// [Tenant.Log] has one [Event] per item: whether it was executed, and what was
// answered, with status 0 when the answer never reached the client. A test
// compares what the client claims with it. [Config.LogTo] writes the same for
// revocations as JSON lines, for tests whose client is another process. Over a
// socket the tenant also serves /_sim/log, /_sim/stats and /_sim/users/{key}.
// [Stats] and [Tenant.User] count at all times, also under [Config.NoLog].
//
// # Faults
//
//	kind               strikes  executed   the client sees
//	LostAnswer         call     yes        a broken connection
//	DropBefore         call     no         a broken connection
//	Truncated          call     yes        200, then JSON that breaks off
//	HTML503            call     no         503 with an HTML page; Retry-After in half of them
//	Outer429           call     no         429 with Retry-After
//	Expired401         call     no         401; the token is dead from then on
//	Item429            item     no         429, Retry-After "0.249" or "2.128"
//	Item401            item     no         401; the token stays valid
//	Item500            item     no         500
//	Item503            item     no         503; Retry-After in half of them
//	Conflict409        item     no         409 Directory_ConcurrencyViolation
//	BadGateway502Item  item     half       502; the log knows which half
//	Item504            item     yes        504
//	MissingItem        reply    as usual   no reply with this id
//	NullBody           reply    yes        a success with body null, without headers
//	DuplicateItem      reply    as usual   the reply twice
//	ForeignItem        reply    as usual   a second reply, 200, with an id never asked for
//	NumericHeader      reply    as usual   a header whose value is a number
//	MixedUp            reply    as usual   another read's answer (reads only)
//
// Kinds that strike a call are drawn once per call, the others once per item;
// the first fault in the list that strikes wins. Those that strike a reply need
// a batch; a call made directly suffers the others only. "As usual" means
// whatever the item would have been answered, a 404 for example.
//
// # Fault scripts
//
// [ParseFaults] reads a script. One fault a line, a kind and its conditions;
// "#" begins a comment:
//
//	# the third call is executed, but its answer is lost
//	LostAnswer  from=3 to=3
//	Item429     rate=0.05 only=write
//	Item504     times=2 match=anna@contoso.com
//
// rate is the chance, and without it the fault strikes always; from and to are
// the numbers of the first and last call, counted from 1 over all calls to Graph
// (reads as well, signing in not); times is how often at most; match is one user
// by object id, UPN or key as sent; only is write or read. The same as JSON:
//
//	[{"kind": "LostAnswer", "from": 3, "to": 3},
//	 {"kind": "Item429", "rate": 0.05, "only": "write"}]
//
// # Caveats
//
// Not simulated, and answered with 501: dependsOn, lists of users without
// $filter and their pages after the first, other reads of groups and roles.
// Answered with 405: changing users. Answered with 400: /me, and properties
// beyond those of [User].
//
// A delegated token ([Config.SignedIn]) may do what its scopes allow; that its
// user needs a role as well is not simulated.
//
// The signature of an assertion is not checked. Tokens are unsigned.
//
// Executed items are logged when their answer leaves. A tenant that is itself
// killed in between loses those lines together with its state.
//
// Over a socket, net/http repeats a direct GET by itself when a reused
// connection breaks; count calls, not intentions.
//
// What a fault keeps from being executed does not use up quota either.
package graphsim
