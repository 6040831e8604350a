import { useState } from 'react'
import { useEvent, useStatus, useTributary } from './tributary-react.js'

export function Messages({ project, user }) {
  const hub = useTributary({ url: 'http://localhost:8080', user, project, channels: ['chat'] })
  const status = useStatus(hub)
  const [messages, setMessages] = useState([])
  useEvent(hub, 'message.new', message => setMessages(all => [...all, message]))
  return (
    <>
      <p>{status.state}</p>
      <ul>{messages.map(message => <li key={message.messageId}>{message.content.text}</li>)}</ul>
    </>
  )
}
