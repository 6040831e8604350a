import Foundation
import TributaryClient
import TributaryProtocol
import TributaryRedis

/// What README.md shows as Swift, so that it compiles; `ReadmeTests` compares the two.
enum ReadmeExample {
    static func read(from hub: String) async throws {
        // README: read
        let client = try TributaryClient(url: hub, channels: [.chat, .jobs])
        client.on(MessageNew.self) { message in
            print(message.userID, message.content.text, message.isReplay ? "(missed)" : "")
        }
        client.on(JobProgress.self) { job in
            print(job.data.id, job.progress)
        }
        client.onError { error in
            print(error)
        }
        // Reconnects by itself; returns when the task is cancelled, or the hub wants it gone.
        try await client.run()
        // end
    }

    static func publish(through redis: String) async throws {
        // README: publish
        let publisher = try TributaryPublisher(.redis(redis))
        try await publisher.publish(TypingStart(userID: "ada"))
        try await publisher.publish(EventName("deploy.done"), json: #"{"commit":"4f2a"}"#, on: .jobs)
        await publisher.shutdown()
        // end
    }
}
