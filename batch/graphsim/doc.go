// Package graphsim is a Microsoft Entra tenant in memory: its users with their devices,
// groups and licences, the part of Microsoft Graph that contains a user and undoes it, and
// the token endpoint that lets an app sign in.
//
// It exists to prove a client right, so it is as strict as Graph and imports
// nothing of this module: it cannot share a mistake with the client it tests.
// What it answers follows Microsoft's documentation, published metadata,
// recorded traffic and issue threads. Where those are silent it takes the
// stricter reading, and a comment says so.
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
//	PATCH /users/{key}                             (accountEnabled, passwordProfile)
//	POST /users/{key}/assignLicense
//	GET  /users/{key}/registeredDevices, /users/{key}/ownedDevices   ($select, $top), page by page
//	GET  /users/{key}/memberOf                     ($select, $top), page by page
//	GET, PATCH /devices/{object id}                ($select; accountEnabled)
//	POST /groups/{id}/members/$ref
//	DELETE /groups/{id}/members/{key}/$ref
//	DELETE /groups/{id}/members/{key}, /users/{key}   which delete the user
//	GET  /subscribedSkus, /domains
//	GET  /users/{key}?$select=...
//	GET  /users?$filter=property eq 'value'        ($select, $top, $count)
//	GET  /users?$filter=startswith(userPrincipalName,'value')   ($select, $top), page by page
//	GET  /users/$count                             (with ConsistencyLevel: eventual)
//	GET  /organization
//	GET  /groups/{id}/transitiveMembers/microsoft.graph.user
//	     (with ConsistencyLevel: eventual and $count=true; $select, $top)
//	GET  /roleManagement/directory/roleAssignments   ($expand=principal or roleDefinition, $filter=principalId eq)
//	GET  /roleManagement/directory/roleDefinitions   ($select)
//
// and, for signing in with a secret or an assertion,
// /{tenant}/v2.0/.well-known/openid-configuration and /{tenant}/oauth2/v2.0/token.
// A key is an object id or a user principal name, percent-encoded; or either
// of them quoted, as in users('key'), with every apostrophe in it doubled.
//
// # The files
//
//	tenant.go                 what a tenant can be told to be
//	user.go, directory.go     a user and its stamps; adding and finding users
//	account.go                accountEnabled, passwords, and whose role suffices for whom
//	things.go                 what a user has besides; values that reads show later, or a sync undoes
//	devices.go, licences.go   devices; licences
//	groups.go, membership.go  groups and roles; who is in a group
//	seed.go, rule.go          people made from the rows of a file, for a rehearsal; what they have
//	http.go, call.go          the way in: a socket or none; one call to Graph, from token to answer
//	batch.go                  the form of a $batch, and of its answer
//	endpoints.go              the table of what is answered, a row for each request
//	route.go, query.go        what a path and its options ask for
//	kind.go                   the properties of things, as $select chooses them
//	perform.go, reads.go      what becomes of one request; the bodies of reads
//	failure.go                refusals in Graph's words
//	header.go, guid.go        values of headers; object ids
//	quota.go, counter.go      limits, and four ways of counting
//	fault.go                  trouble on demand
//	signin.go, token.go       the token endpoint; what a token allows
//	log.go, state.go          the truth, to compare a client's claims with: what was done, and how all is
//
// # The journey of a call
//
//  1. ServeHTTP or RoundTrip hands it to serve, which reads the body and tells Graph from
//     the token endpoint (login).
//  2. graph numbers the call and looks at its token; a bad token is a 401.
//  3. Half of the latency passes.
//  4. parse reads what is asked for: parseBatch the form of a batch, route each path.
//     A batch of a wrong form ends here, with 400.
//  5. runCall draws a fault of the whole call and runs each item (runItem), which may be
//     struck by that fault or one of its own: verdicts says what comes of it.
//  6. obey takes the item's cost from the quotas; carryOut checks its permission and hands
//     it to the function in its row of endpoints, which reads the directory or revokes.
//  7. The other half of the latency passes. A caller that left meanwhile gets no answer,
//     and what was executed stays.
//  8. answer makes the reply, spoiled as the fault says, and logItems notes the truth
//     before it leaves.
//
// # How strict
//
// A batch that Graph would refuse is refused whole with 400 and nothing runs:
// more than 20 items, ids that are missing, not strings or equal but for case,
// a POST without Content-Type or with body null, an absolute URL. [Stats] counts
// such calls as Invalid; a correct client has none. Each item is then judged on
// its own, and the replies come back in an order of their own.
//
// Quotas count refused items too, but for [TokenBucket]; what a fault keeps from being
// executed uses up nothing. See [Quota], and [DefaultQuotas] for the published limits.
//
// A revocation moves the stamp that its page names and no other:
// revokeSignInSessions signInSessionsValidFromDateTime, invalidateAllRefreshTokens
// refreshTokensValidFromDateTime; see [Config.Invalidates]. A v1.0 $select of the
// latter is refused, since v1.0 users do not have it. A guest answers 200 and its
// stamp moves although nothing is revoked, since a guest's sessions live in the
// home tenant.
//
// What an app may do follows from two things: the permissions of its token
// ([Config.Roles]) and the directory roles that it holds itself ([Config.AppRoles]). It
// needs no role for an ordinary user, but for a password. By default it is a User
// Administrator and has [DefaultRoles], so that a rehearsal shows both: most users can be
// changed, and admin...@, holders of high roles and members of role-assignable groups are
// refused. No role reaches what is in a restricted unit.
//
// A synced user or device may be disabled, and the next sync undoes it
// ([Config.SyncEvery]). A password is checked and then forgotten; lastPasswordChangeDateTime
// moves.
//
// # Caveats
//
// Not simulated, and answered with 501: dependsOn, lists of users without
// $filter, pages after the first of a list with eq, other reads of groups and roles.
// Answered with 400: /me, other paths (such as
// findTenantInformationByTenantId), and properties beyond those of [User].
//
// A delegated token ([Config.SignedIn]) may do what its scopes allow; that its user
// needs a role as well is not simulated. The signature of an assertion is not checked.
// Tokens are unsigned.
//
// Executed items are logged when their answer leaves. A tenant that is itself
// killed in between loses those lines together with its state. Over a socket,
// net/http repeats a direct GET by itself when a reused connection breaks; count
// calls, not intentions.
package graphsim
