// A real authorization server, oidc-provider, where Microsoft Entra has its endpoints:
//
//   node authority.mjs CONFIG.json
//
// Every check of a secret, an assertion and its signature is oidc-provider's. What stands
// here is its configuration, the claims that Entra puts into a token, and Entra's paths.
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { Provider, errors } from 'oidc-provider'

const config = JSON.parse(readFileSync(process.argv[2]))
process.stdin.on('end', process.exit).resume() // the test is over, however it ended
const { tenant } = config
const pem = readFileSync(config.tls)
const resource = 'https://' + config.graph
const scope = `${resource}/.default`
const jwk = (pem) => createPrivateKey(pem).export({ format: 'jwk' })

// The keys of the certificates that an app has registered. oidc-provider knows keys alone.
const keys = (files) => files.map((file) => ({ ...new X509Certificate(readFileSync(file)).publicKey.export({ format: 'jwk' }), use: 'sig' }))

const path = new RegExp(`^/(?:${tenant}|${config.domain.replaceAll('.', '\\.')})(?:/v2\\.0)?(/(?:\\.well-known|oauth2|discovery)/.*)$`, 'i')

const server = createServer({ key: pem, cert: pem })
await new Promise((listening) => server.listen(config.port, config.address ?? '127.0.0.1', listening))
const host = config.host ?? `127.0.0.1:${server.address().port}`

const provider = new Provider(`https://${host}/${tenant}/v2.0`, {
  clients: config.apps.map((app) => ({
    client_id: app.id,
    grant_types: ['client_credentials'], response_types: [], redirect_uris: [],
    ...(app.secret
      ? { token_endpoint_auth_method: 'client_secret_post', client_secret: app.secret }
      : { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: keys(app.certificates) } }),
  })),
  clientAuthMethods: ['client_secret_post', 'private_key_jwt'],
  enabledJWA: { clientAuthSigningAlgValues: ['PS256', 'RS256'] },
  jwks: { keys: [{ ...jwk(pem), use: 'sig', alg: 'RS256' }] }, // the same after a restart
  routes: { token: '/oauth2/v2.0/token', jwks: '/discovery/v2.0/keys', authorization: '/oauth2/v2.0/authorize' },
  scopes: ['openid', 'offline_access', 'profile', scope],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx) => /(\S+)\/\.default/.exec(ctx.oidc.params.scope)?.[1], // as Entra has it
      getResourceServerInfo: (_, asked) => {
        if (asked !== resource) throw new errors.InvalidTarget(`AADSTS500011: The resource principal named ${asked} was not found in the tenant.`)
        return { scope, audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: config.seconds, jwt: { sign: { alg: 'RS256' } } }
      },
    },
  },
  extraTokenClaims: (_, token) => ({ tid: tenant, appid: token.clientId, idtyp: 'app', roles: config.roles }),
})
provider.on('grant.success', (ctx) => console.log('token', ctx.oidc.client.clientId))
provider.on('grant.error', (_, err) => console.log('refused', err.error, err.error_detail ?? err.error_description))
provider.on('server_error', (_, err) => console.error(err))

const answer = provider.callback()
server.on('request', (req, res) => {
  const found = path.exec(req.url)
  if (found) { // oidc-provider takes what originalUrl has before url for its own prefix
    req.url = found[1]
    req.originalUrl = `/${tenant}${found[1]}`
    return answer(req, res)
  }
  const discovery = req.url.startsWith('/common/discovery/instance')
  res.writeHead(discovery ? 200 : 400, { 'Content-Type': 'application/json' })
  res.end(JSON.stringify(discovery
    ? {
        tenant_discovery_endpoint: `https://${host}/${tenant}/v2.0/.well-known/openid-configuration`,
        metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
      }
    : { error: 'invalid_tenant', error_description: 'AADSTS90002: Tenant not found.' }))
})
console.log('ready', server.address().port)
