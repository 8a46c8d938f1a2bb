import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const body = '{"result":"v"}'

/** The most that node:http does: the same head as the REST server, no token, nothing read, a constant as the answer. */
const server = createServer((request, response) => {
  request.resume()
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit(0))
