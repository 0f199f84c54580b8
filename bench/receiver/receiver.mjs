// LiveKit's own receiver of webhooks, as its documents show it: checks the signature and answers. It stores nothing.
import express from 'express'
import { WebhookReceiver } from 'livekit-server-sdk'

const receiver = new WebhookReceiver(process.env.KEY, process.env.SECRET)
const app = express()
app.use(express.raw({ type: ['application/webhook+json', 'application/json'] }))
app.post('/webhooks/livekit', async (request, response) => {
  try {
    await receiver.receive(request.body.toString(), request.get('Authorization'))
    response.status(200).send()
  } catch {
    response.status(401).send()
  }
})
app.listen(process.env.PORT, '127.0.0.1')
