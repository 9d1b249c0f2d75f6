// A bearer check by jose before a service: what passes has a signed token of the authority
// for Microsoft Graph that has not expired. All else is answered as Graph does.
//
//   node gate.mjs CONFIG.json
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:https'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const config = JSON.parse(readFileSync(process.argv[2]))
process.stdin.on('end', process.exit).resume() // the test is over, however it ended
const pem = readFileSync(config.tls)
const keys = createRemoteJWKSet(new URL(`https://${config.authority}/${config.tenant}/discovery/v2.0/keys`))
const rules = { issuer: `https://${config.authority}/${config.tenant}/v2.0`, audience: `https://${config.graph}`, requiredClaims: ['tid', 'appid', 'roles'] }

const server = createServer({ key: pem, cert: pem }, async (req, res) => {
  const [, token] = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '') ?? []
  try {
    await jwtVerify(token ?? '', keys, rules)
  } catch (err) {
    console.log('refused', err.code)
    res.writeHead(401, { 'Content-Type': 'application/json', 'WWW-Authenticate': 'Bearer realm=""' })
    return res.end(JSON.stringify({ error: { code: 'InvalidAuthenticationToken', message: err.message } }))
  }
  const headers = { ...req.headers, authorization: `Bearer ${config.inner}` }
  const inner = request(`${config.behind}${req.url}`, { method: req.method, headers }, (got) => {
    res.writeHead(got.statusCode, got.headers)
    got.pipe(res)
  })
  inner.on('error', () => res.destroy())
  req.pipe(inner)
})
server.listen(config.port, config.address ?? '127.0.0.1', () => console.log('ready', server.address().port))
