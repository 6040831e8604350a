/// An operation of the hub's hot path, for those who measure what it costs.
public struct Workload: Sendable {
    /// What it does, as a table says it.
    public let name: String
    /// How many operations are a good measurement: enough to outweigh what happens now and then.
    public let repetitions: Int
    private let make: @Sendable () throws -> (Int) -> Void

    /// - Parameter make: makes what the operation needs, and returns what does it so many times.
    init(_ name: String, repetitions: Int, make: @escaping @Sendable () throws -> (Int) -> Void) {
        self.name = name
        self.repetitions = repetitions
        self.make = make
    }

    /// Makes what the operation needs, and does it as often as in a measurement once: what happens only the first time has
    /// happened then.
    ///
    /// - Returns: what does it so many times, on the thread of this call.
    public func prepare() throws -> (Int) -> Void {
        let run = try make()
        run(repetitions)
        return run
    }

    /// All of them, in the order of an event's way: from Redis to a client.
    ///
    /// - Parameter streams: how many there are where one comes and goes.
    public static func all(streams: Int = 100_000) -> [Workload] {
        [
            readMessage, scanEnvelope, scanLoggedEnvelope, encodeFrame, takeIn, takeInAlone, deliver, fallBehind,
            comeAndGo(beside: streams), decodeFrame,
        ]
    }
}

/// Takes what a workload makes; to the compiler it might be needed.
@inline(never)
@_optimize(none)
func use<Value>(_ value: borrowing Value) {}
