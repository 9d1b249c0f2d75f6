// A real OData service, @odata/server, with users as Microsoft Graph has them, and its own
// $batch in JSON:
//
//   node odata.mjs CONFIG.json
//
// Reading the batch, finding the user, the action and the properties, and each reply with its id
// and status are @odata/server's. What stands here is the users, and what two kinds of URL that
// Graph takes are in OData 4.0, which is what @odata/server reads: keys stand in parentheses
// there, and a bound action has its namespace.
import { readFileSync } from 'node:fs'
import library from '@odata/server'
import express from 'express'

const { CustomError, Edm, ODataController, ODataServer, odata } = library
const config = JSON.parse(readFileSync(process.argv[2]))
process.stdin.on('end', process.exit).resume() // the test is over, however it ended

class User {
  revokeSignInSessions(bound) { // what @odata/server binds is a copy
    const user = find(bound.id)
    const failure = failures[user.userPrincipalName.split('.')[0]]
    if (failure && user.failures++ < failure.times) throw Object.assign(new CustomError(failure.says), failure)
    user.signInSessionsValidFromDateTime = new Date().toISOString()
    return true
  }
}

// What the action answers to users whose names begin so, before it works.
const failures = {
  busy: { statusCode: 503, says: 'Come back later.', times: 1 },
  denied: { statusCode: 403, says: 'Not this one.', times: Infinity },
}

class Organization {}

const property = (of, type, ...names) => names.forEach((name) => type(of.prototype, name))
Edm.Key(Organization.prototype, 'id')
property(Organization, Edm.String, 'id', 'displayName')
Edm.Key(User.prototype, 'id')
property(User, Edm.String, 'id', 'userPrincipalName', 'userType', 'externalUserState', 'creationType', 'mail', 'employeeId', 'onPremisesUserPrincipalName')
property(User, Edm.Boolean, 'accountEnabled', 'onPremisesSyncEnabled')
property(User, Edm.String, 'signInSessionsValidFromDateTime')
Edm.Action(User.prototype, 'revokeSignInSessions')
Edm.ReturnType(Edm.Boolean)(User.prototype, 'revokeSignInSessions')
odata.result(User.prototype, 'revokeSignInSessions', 0)
odata.namespace('microsoft.graph')(User)

const users = config.users.map((upn, i) => Object.assign(new User(), {
  id: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`, userPrincipalName: upn, userType: 'Member',
  accountEnabled: true, signInSessionsValidFromDateTime: '2020-01-01T00:00:00Z', failures: 0,
}))
const find = (key) => users.find((user) => user.id === key || user.userPrincipalName === key)

class Users extends ODataController {
  find() { return users }
  findOne(key) { return find(key) }
  update(key, changes) { Object.assign(find(key), changes) }
}
odata.GET(Users.prototype, 'find')
odata.GET(Users.prototype, 'findOne')
odata.key()(Users.prototype, 'findOne', 0)
odata.PATCH(Users.prototype, 'update')
odata.key()(Users.prototype, 'update', 0)
odata.body(Users.prototype, 'update', 1)
odata.type(User)(Users)

class Organizations extends ODataController {
  find() { return [Object.assign(new Organization(), { id: config.tenant, displayName: 'Contoso' })] }
}
odata.GET(Organizations.prototype, 'find')
odata.type(Organization)(Organizations)

class Graph extends ODataServer {}
odata.namespace('microsoft.graph')(Graph)
odata.controller(Users, 'users', User)(Graph)
odata.controller(Organizations, 'organization', Organization)(Graph)

const inOData40 = (url) => url
  .replace(/^\/users\/([^/?]+)/, (_, key) => `/users('${decodeURIComponent(key).replaceAll("'", "''")}')`)
  .replace(/\/(?=revokeSignInSessions$)/, '/microsoft.graph.')

const app = express()
app.use(express.json())
app.post('/v1.0/\\$batch', (req, _, next) => {
  console.log('batch', req.body.requests.length)
  for (const item of req.body.requests) {
    item.url = inOData40(item.url)
    if (item.body === null) delete item.body // the same (OData JSON Format 4.01, 19.1), and refused here
  }
  next()
})
app.use('/v1.0/roleManagement', (_, res) => res.json({ value: [] })) // nobody holds a role here
app.use('/v1.0', Graph.create())
const server = app.listen(config.port, '127.0.0.1', () => console.log('ready', server.address().port))
