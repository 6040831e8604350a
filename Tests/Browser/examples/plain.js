import { connect } from 'http://localhost:8080/client/tributary.js'

const hub = connect({ url: 'http://localhost:8080', user: 'ada', project: 'p1', channels: ['chat', 'jobs'] })

// Ten tabs, one connection: each tab gets every event, once, and what it missed comes first.
hub.on('message.new', (message, event) => {
  console.log(message.userId, message.content.text, event.replayed ? '(missed)' : '')
})
hub.on('job.progress', job => console.log(job.task_type, `${job.progress} %`))
hub.onStatus(status => console.log(status.state))
