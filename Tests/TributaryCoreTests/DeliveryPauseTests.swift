import NIOCore
import NIOEmbedded
import Testing
import TributaryProtocol

@testable import TributaryCore

struct DeliveryPauseTests {
    private let eventLoop = EmbeddedEventLoop()
    private let topic = Topic(channel: .chat, project: .default)

    @Test(arguments: [
        (TimeAmount.microseconds(5), TimeAmount.zero), (.microseconds(999), .zero),
        (.milliseconds(1), .milliseconds(1)), (.microseconds(1_700), .microseconds(1_700)),
        (.milliseconds(2), .milliseconds(2)), (.seconds(1), .milliseconds(2)),
    ])
    func `a batch waits as long as the one before it took, and not for long`(_ took: TimeAmount, _ expected: TimeAmount)
    {
        var pause = DeliveryPause()
        let began = NIODeadline.uptimeNanoseconds(1_000_000_000)
        #expect(pause.end(at: began) == nil)
        pause.delivered(from: began, to: began + took)
        #expect(pause.end(at: began + took) == (expected == .zero ? nil : began + took + expected))
        #expect(pause.end(at: began + took + expected) == nil)
    }

    @Test func `what is published behind a costly batch is one batch`() throws {
        let cost = TimeAmount.milliseconds(5)
        let (relay, receiver) = try start(each: cost)
        let end = eventLoop.now + cost
        try publish("1", through: relay)
        eventLoop.run()
        #expect(receiver.batches == [["1"]])
        eventLoop.advanceTime(to: end)
        try publish("2", through: relay)
        eventLoop.run()
        try publish("3", through: relay)
        eventLoop.advanceTime(to: end + DeliveryPause.longest - .nanoseconds(1))
        #expect(receiver.batches == [["1"]])
        eventLoop.advanceTime(to: end + DeliveryPause.longest)
        #expect(receiver.batches == [["1"], ["2", "3"]])
    }

    @Test func `behind a batch that cost little nothing waits`() throws {
        let (relay, receiver) = try start(each: .zero)
        for text in ["1", "2"] {
            try publish(text, through: relay)
            eventLoop.run()
        }
        #expect(receiver.batches == [["1"], ["2"]])
    }

    private func start(each cost: TimeAmount) throws -> (MemoryRelay, Receiver) {
        let relay = MemoryRelay(eventLoop: eventLoop)
        let receiver = Receiver(eventLoop: eventLoop, cost: cost)
        relay.attach(receiver)
        try relay.subscribe(to: [topic]).wait()
        return (relay, receiver)
    }

    private func publish(_ text: String, through relay: MemoryRelay) throws {
        try relay.send(ByteBuffer(string: text), to: topic)
    }
}

/// Keeps what it hears, batch by batch, and takes its time for each. `@unchecked Sendable`: the test's thread owns it.
private final class Receiver: RelayReceiver, @unchecked Sendable {
    private let eventLoop: EmbeddedEventLoop
    private let cost: TimeAmount
    private var batch: [String] = []
    private(set) var batches: [[String]] = []

    init(eventLoop: EmbeddedEventLoop, cost: TimeAmount) {
        self.eventLoop = eventLoop
        self.cost = cost
    }

    func relayReceived(_ payload: UnsafeRawBufferPointer, on topic: Topic) {
        batch.append(String(decoding: payload, as: UTF8.self))
    }

    func relayFinishedBatch() {
        batches.append(batch)
        batch = []
        eventLoop.advanceTime(by: cost)
    }

    func relayHeard(_ message: ByteBuffer) {}
    func relayRejected(_ reason: Envelope.Rejection, on topic: Topic) {}
    func relayDisconnected() {}
    func relayReconnected() {}
}
