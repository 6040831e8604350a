// A plain Node hub: Redis on one side, event streams on the other, and the newest events for those who come back.
//
//   node hub.js PORT REDIS_PORT [--coalesce]
//
// GET /stream?project_id=P&channels=chat,jobs  what is published on `chat:P` and `jobs:P`: {"event":…,"data":…}
//
// One write per event and stream; with --coalesce one write per stream for all that came with one read of the socket.
'use strict'

const http = require('node:http')
const { createClient } = require('redis')

const [port, redisPort] = process.argv.slice(2, 4).map(Number)
const coalesces = process.argv.includes('--coalesce')
const KEPT = 200
// A reader that is further behind is cut off.
const MAXIMUM_PENDING = 16 << 20

const redis = createClient({ socket: { host: '127.0.0.1', port: redisPort } })
const projects = new Map()

class Project {
  streams = new Set()
  log = []
  sequence = 0
  frames = []

  // All streams of a project have the same channels here.
  constructor(name, channels) {
    const topics = channels.split(',').map(channel => `${channel}:${name}`)
    this.subscribed = redis.subscribe(topics, message => this.receive(message))
  }

  receive(message) {
    const { event, data } = JSON.parse(message)
    const id = ++this.sequence
    const frame = `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
    this.log.push({ id, frame })
    if (this.log.length > 2 * KEPT) this.log = this.log.slice(-KEPT)
    const isFirst = this.frames.push(frame) === 1
    if (!coalesces) this.flush()
    else if (isFirst) setImmediate(() => this.flush())
  }

  flush() {
    const frames = Buffer.from(this.frames.join(''))
    this.frames = []
    for (const stream of this.streams) {
      if (stream.writableLength > MAXIMUM_PENDING) stream.destroy()
      else stream.write(frames)
    }
  }

  add(stream, lastID) {
    const missed = lastID ? this.log.slice(-KEPT).filter(({ id }) => id > lastID) : []
    // What is about to be flushed reaches it in that way.
    const pending = this.sequence - this.frames.length
    stream.write(': hello\n\n' + missed.filter(({ id }) => id <= pending).map(({ frame }) => frame).join(''))
    this.streams.add(stream)
    stream.on('close', () => this.streams.delete(stream))
  }
}

function projectNamed(name, channels) {
  if (!projects.has(name)) projects.set(name, new Project(name, channels))
  return projects.get(name)
}

const server = http.createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://hub')
  if (pathname !== '/stream') return response.writeHead(404).end()
  const project = projectNamed(searchParams.get('project_id') ?? 'default', searchParams.get('channels') ?? 'chat')
  await project.subscribed
  // The end of the connection is the end of the stream: no chunks.
  response.useChunkedEncodingByDefault = false
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache',
    Connection: 'close',
  })
  request.socket.setNoDelay(true)
  project.add(response, Number(request.headers['last-event-id'] ?? searchParams.get('last_event_id')))
})

redis.on('error', error => {
  console.error(error.message)
  process.exit(1)
})
redis.connect().then(() => server.listen({ port, host: '127.0.0.1', backlog: 4096 }))
