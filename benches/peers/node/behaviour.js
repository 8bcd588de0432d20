// What `cors` under Express and `@fastify/cors` answer to the questions of `../src/bin/behaviour.rs`, in its words: prints a
// Markdown table. The requests go to servers on the loopback interface.
'use strict'

const http = require('node:http')
const cors = require('cors')
const express = require('express')
const fastifyCors = require('@fastify/cors')
const fastify = require('fastify')

const APP = 'https://app.example.com'
const REJECTED = 'https://evil.example.net'
// Says that the application was reached.
const SERVED = 'x-served'

function options (maxAge) {
  // A list of one, as the Rust programs have it: a string alone is sent to every origin.
  const policy = { origin: [APP], methods: ['GET', 'PUT'], allowedHeaders: ['x-token'], credentials: true }
  return maxAge === undefined ? policy : { ...policy, maxAge }
}

async function listenExpress (maxAge) {
  const app = express()
  app.use(cors(options(maxAge)))
  app.use((request, response) => response.vary('Accept-Encoding').set(SERVED, 'true').send('served'))
  const server = http.createServer(app)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: server.address().port, close: () => new Promise((resolve) => server.close(resolve)) }
}

async function listenFastify (maxAge) {
  const app = fastify()
  await app.register(fastifyCors, options(maxAge))
  const served = async (request, reply) => {
    const varied = reply.getHeader('vary')
    reply.header('vary', varied ? `${varied}, Accept-Encoding` : 'Accept-Encoding').header(SERVED, 'true')
    return 'served'
  }
  app.route({ method: ['GET', 'OPTIONS'], url: '/', handler: served })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: app.server.address().port, close: () => app.close() }
}

function ask (port, { method, headers }) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, method, agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve(response))
      response.on('error', reject)
    })
    request.on('error', reject)
    for (const [name, values] of Object.entries(headers)) request.setHeader(name, values)
    request.end()
  })
}

function values (response, name) {
  const found = []
  for (let at = 0; at < response.rawHeaders.length; at += 2) {
    if (response.rawHeaders[at].toLowerCase() === name) found.push(response.rawHeaders[at + 1])
  }
  return found
}

const names = (response, header) => values(response, header).join(',').split(',').map((name) => name.trim().toLowerCase())
const isServed = (response) => values(response, SERVED).length > 0
const yesOrNo = (is) => (is ? 'yes' : 'no')

function statusAndHeaders (response) {
  const prefix = 'access-control-'
  const sent = Object.keys(response.headers).filter((name) => name.startsWith(prefix))
  const rest = sent.map((name) => name.slice(prefix.length)).sort().join(', ')
  return `${response.statusCode}: ${rest || 'none'}`
}

function rejectedGet (response) {
  const credentials = values(response, 'access-control-allow-credentials').length > 0
  return `${isServed(response) ? 'served' : 'blocked'}, ${response.statusCode}${credentials ? ', with Allow-Credentials' : ''}`
}

const reaches = (response) => `${yesOrNo(isServed(response))}, ${response.statusCode}`

function keepsVary (response) {
  const lines = values(response, 'vary').join('`, `')
  return `${yesOrNo(names(response, 'vary').includes('accept-encoding'))}: \`${lines}\``
}

const variesOnOrigin = (response) => yesOrNo(names(response, 'vary').includes('origin'))

function grantedTo (response) {
  const granted = values(response, 'access-control-allow-origin')
  return `${response.statusCode}: ${granted.length === 0 ? 'rejected' : `allowed \`${granted.join('`, `')}\``}`
}

const maxAge = (response) => values(response, 'access-control-max-age').join(', ') || 'none'

const get = (headers) => ({ method: 'GET', headers })
const plainOptions = (headers) => ({ method: 'OPTIONS', headers })
const preflight = (origin, method, header) => plainOptions({
  Origin: origin,
  'Access-Control-Request-Method': method,
  'Access-Control-Request-Headers': header
})

// Each row: what is asked, the request, what its answer means, and how long preflights are said to be valid.
const questions = [
  ['Preflight of a rejected origin: status and `Access-Control-` headers', preflight(REJECTED, 'PUT', 'x-token'), statusAndHeaders, 600],
  ['GET of a rejected origin', get({ Origin: REJECTED }), rejectedGet, 600],
  ['OPTIONS without `Origin` reaches the application', plainOptions({}), reaches, 600],
  ['OPTIONS with an allowed `Origin` and no `Access-Control-Request-Method` reaches it', plainOptions({ Origin: APP }), reaches, 600],
  ['The application\'s `Vary: Accept-Encoding` stays on a GET of an allowed origin', get({ Origin: APP }), keepsVary, 600],
  ['`Vary: Origin` on a GET without `Origin`', get({}), variesOnOrigin, 600],
  ['GET with two `Origin` lines, an allowed and a rejected one', get({ Origin: [APP, REJECTED] }), grantedTo, 600],
  ['GET with two `Origin` lines, a rejected and an allowed one', get({ Origin: [REJECTED, APP] }), grantedTo, 600],
  ['Preflight for a method that is not allowed', preflight(APP, 'DELETE', 'x-token'), grantedTo, 600],
  ['Preflight for a header that is not allowed', preflight(APP, 'PUT', 'x-other'), grantedTo, 600],
  ['Preflight that is allowed', preflight(APP, 'PUT', 'x-token'), grantedTo, 600],
  ['Its `Access-Control-Max-Age`, of 600 configured', preflight(APP, 'PUT', 'x-token'), maxAge, 600],
  ['Its `Access-Control-Max-Age`, with nothing configured', preflight(APP, 'PUT', 'x-token'), maxAge, undefined]
]

const compared = [['express cors', listenExpress], ['@fastify/cors', listenFastify]]

async function main () {
  console.log(`| | ${compared.map(([name]) => name).join(' | ')} |\n|---|${'---|'.repeat(compared.length)}`)
  for (const [name, request, meaning, age] of questions) {
    const cells = []
    for (const [, listen] of compared) {
      const server = await listen(age)
      cells.push(meaning(await ask(server.port, request)))
      await server.close()
    }
    console.log(`| ${name} | ${cells.join(' | ')} |`)
  }
}

main()
